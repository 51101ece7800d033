"""``runout collect``, ``runout raw`` and ``runout status``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import Parameter

from runout.cli import screen
from runout.cli.configuration import configuration, lake_address
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_SECOND, format_time
from runout.errors import ExitCode, NotEnoughDataError, UsageError
from runout.version import SCHEMA_VERSION

if TYPE_CHECKING:
    from runout.collect.status import Report

Repeated = Annotated[tuple[str, ...], Parameter(negative="")]
Flag = Annotated[bool, Parameter(negative="")]
_SECONDS_A_DAY = NANOSECONDS_PER_DAY / NANOSECONDS_PER_SECOND


def collect(
    *coins: str,
    venue: Repeated = (),
    kind: Repeated = (),
    only_these_liquidations: Flag = False,
    lake: str | None = None,
    raw: Path | None = None,
    name: str = "main",
    sync: float | None = None,
    deliver: float = 60.0,
    keep_days: float = 0.0,
    keep_replaced: int = 24,
    metrics: int = 0,
    seconds: float | None = None,
) -> int:
    """Record the feeds of venues, and fill the lake with what they say.

    Everything received is kept as it came before anything reads it; what was lost is a gap with its cause. Runs until
    it is interrupted; a restart goes on. `runout status` says how it is.

    Parameters
    ----------
    coins
        Base assets of which bars, open interest, funding and premium are recorded.
    venue
        Venue; may be repeated; all, if not named.
    kind
        Record kind; may be repeated; all that venues stream, if not named.
    only_these_liquidations
        Liquidations of the coins alone; else those of all instruments are recorded.
    lake
        Folder of the lake.
    raw
        Folder of the collectors' raw logs; ``collect`` below the lake, if not named.
    name
        Name of this collector: two on one lake need two names.
    sync
        Seconds after which what was received is forced to the disk; 0: at each write; negative: never by us.
    deliver
        Seconds between deliveries of rows to the tables of the lake; until then they wait in a file beside it.
    keep_days
        Days that the raw log is kept; 0: for ever.
    keep_replaced
        Hours that files of the lake stay after others have replaced them, for those who opened it before.
    metrics
        Port on loopback with figures for Prometheus; 0: none.
    seconds
        End after so many seconds.

    Raises
    ------
    UsageError
        If no coin is named, or an option is not of the expected form.
    """
    if not coins:
        raise UsageError("expected coins such as BTC ETH, found none; name what to record")
    if keep_replaced < 0:
        raise UsageError(f"expected --keep-replaced of 0 hours or more, found {keep_replaced}")
    from runout.cli.backfilling import present_coins  # noqa: PLC0415 - as the following
    from runout.collect.following import Pace  # noqa: PLC0415 - `runout --help` opens no socket
    from runout.collect.supervisor import Scope  # noqa: PLC0415
    from runout.lake.raw_log import Policy  # noqa: PLC0415
    from runout.pipeline.collect import KINDS, Recording, record  # noqa: PLC0415
    from runout.sources.registry import VENUES, venue_of  # noqa: PLC0415

    if unknown := [entry for entry in kind if entry not in KINDS]:
        raise UsageError(f"expected --kind of {', '.join(KINDS)}, found {', '.join(unknown)}")
    root, settings = lake_address(lake), configuration()
    folder = _raw_folder(root, raw)
    for item in venue:
        venue_of(item.lower())
    scope = Scope(
        coins=present_coins(coins),
        kinds=tuple(kind) or KINDS,
        all_liquidations=not only_these_liquidations,
    )
    recording = Recording(
        folder=folder / name,
        state=folder.parent / "state" if raw is None else folder / "state",
        lake=root,
        venues=[entry.lower() for entry in venue] or list(VENUES),
        scope=scope,
        hosts=settings.venue_hosts,
        policy=Policy(sync_seconds=settings.raw_sync if sync is None else sync),
        pace=Pace(deliver_seconds=deliver, keep_seconds=keep_days * _SECONDS_A_DAY, replaced_hours=keep_replaced),
        metrics_port=metrics,
    )
    record(recording, seconds=seconds)
    return ExitCode.DONE


def raw(
    subject: Literal["verify", "replay"],
    /,
    *,
    name: str = "main",
    lake: str | None = None,
    raw: Path | None = None,
    to: str | None = None,
) -> int:
    """Check a raw log, record by record, or make the rows of a lake from it again.

    Parameters
    ----------
    subject
        ``verify``: checksums of records and segments, what was cut off, which segments are absent. ``replay``: rows
        of the whole log, as a collector makes them, into the lake that --to names.
    name
        Name of the collector.
    lake
        Folder of the lake below which the raw log is.
    raw
        Folder of the collectors' raw logs, if elsewhere.
    to
        Lake to fill; the same as --lake, if not named.

    Raises
    ------
    NotEnoughDataError
        If there is no raw log.
    """
    root = lake_address(lake)
    folder = _raw_folder(root, raw) / name
    from runout.lake.raw_segments import verify  # noqa: PLC0415 - as above

    if subject == "replay":
        from runout.lake import Lake  # noqa: PLC0415
        from runout.pipeline.collect import replay  # noqa: PLC0415

        if not list(folder.glob("*.log*")):
            raise NotEnoughDataError(f"no raw log in {folder}; `runout collect` makes one")
        status = replay(folder, Lake(to or root))
        quarantined = sum(feed.quarantined for feed in status.health.feeds.values())
        sys.stdout.write(
            f"{status.read:,} records read, {status.rows:,} rows made, {quarantined:,} frames or rows in quarantine; "
            f"the lake is {to or root}\n"
        )
        return ExitCode.QUARANTINED if quarantined else ExitCode.DONE
    sheet = screen.sheet()
    checked = verify(folder)
    rows = [
        (
            str(item.segment), format_time(item.first) if item.first else "", f"{item.records:,}",
            f"{item.length / 1e6:,.1f} MB", f"{item.stored / 1e6:,.1f} MB",
            "closed" if item.closed else "being written", str(item.torn or ""),
        )
        for item in checked
    ]  # fmt: skip
    sheet.table(("segment", "from", "records", "bytes", "stored", "state", "torn bytes"), rows)
    faults = [(item.segment, fault) for item in checked for fault in item.faults]
    for segment, fault in faults:
        sheet.line(f"segment {segment}: {fault}")
    sheet.line(f"{sum(item.records for item in checked):,} records in {len(checked)} segments, {len(faults)} faults")
    sys.stdout.write(sheet.text())
    return ExitCode.FINDINGS if faults else ExitCode.DONE


def status(
    *,
    name: str | None = None,
    lake: str | None = None,
    raw: Path | None = None,
    format: Literal["text", "json"] = "text",  # noqa: A002 - the public name of the flag
) -> int:
    """Say how collectors are: age, rate and gaps of each feed, and what is wrong.

    Parameters
    ----------
    name
        Name of a collector; all, if not named.
    lake
        Folder of the lake.
    raw
        Folder of the collectors' raw logs, if elsewhere.
    format
        text: a table. json: everything, one object.

    Raises
    ------
    NotEnoughDataError
        If no collector ever ran.
    """
    folder = _raw_folder(lake_address(lake), raw)
    from runout.collect.status import collectors, report  # noqa: PLC0415 - as above

    folders = [folder / name] if name else collectors(folder)
    if not folders:
        raise NotEnoughDataError(f"no collector ran below {folder}; `runout collect` starts one")
    reports = [report(item) for item in folders]
    if format == "json":
        answer = {"schema_version": SCHEMA_VERSION, "collectors": reports}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")
    else:
        sys.stdout.write("\n".join(_status_text(item) for item in reports))
    return ExitCode.FINDINGS if any(item.findings for item in reports) else ExitCode.DONE


def _status_text(report: "Report") -> str:
    sheet = screen.sheet()
    state = "runs" if report.running else "does not run"
    log = report.collector
    parts = [f"{report.name} {state}"]
    if log is not None:
        parts.append(f"{log.appended:,} records received, {log.durable:,} on the disk, {log.dropped:,} dropped")
        parts.append(f"raw log {log.stored_bytes / 1e6:,.0f} MB, {log.free_bytes / 1e9:,.0f} GB free")
    if report.behind_seconds is not None and report.running:
        parts.append(f"rows {report.behind_seconds:.0f} s behind")
    sheet.line("; ".join(parts), bold=True)
    rows = [
        (
            feed.feed, feed.state, _seconds(feed.age_seconds), _figure(feed.rate), _figure(feed.usual),
            f"{feed.rows:,}",
            f"{feed.gaps} ({_seconds(feed.gap_seconds)})" if feed.gaps else "", str(feed.reconnects or ""),
            str(feed.quarantined or ""), _seconds(feed.lag_seconds),
        )
        for feed in report.feeds
    ]  # fmt: skip
    names = ("feed", "state", "age", "a minute", "usually", "rows", "gaps", "reconnects", "quarantined", "lag")
    for width in (10, 7, 4):
        if sheet.fits(names[:width], narrow := [row[:width] for row in rows]) or width == 4:
            sheet.table(names[:width], narrow)
            break
    for finding in report.findings:
        sheet.line(f"{finding.severity}: {finding.about}: {finding.says}")
    for subject, count in list(report.unknown.items())[:10]:
        sheet.line(f"unknown, kept and counted: {subject}, {count:,} times")
    return sheet.text()


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return (
        f"{value:.1f} s"
        if abs(value) < 100
        else f"{value / 60:.0f} min"
        if abs(value) < 6000
        else f"{value / 3600:.0f} h"
    )


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"


def _raw_folder(root: str, raw: Path | None) -> Path:
    if raw is None and "://" in root:
        raise UsageError(f"expected --raw FOLDER for the raw log, as the lake {root} is no local folder")
    return raw or Path(root, "collect")
