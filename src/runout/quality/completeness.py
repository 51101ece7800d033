"""Is everything there: gaps, late starts, stale tails, padding at the head, an unfinished last bar."""

from datetime import UTC, datetime

import msgspec
import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_SECOND, format_duration, format_time
from runout.quality.audit_findings import AuditFinding, finding, runs_of
from runout.quality.quantity_series import FLOWS, Observed, Track, sides, tracks
from runout.records import Series

STALE_STEPS = 3
"""A feed may be one step late by its schedule and one by a retry; the third missing row is an outage."""
ARCHIVE_AGE_NS = 90 * NANOSECONDS_PER_DAY
"""What has been silent for a quarter is a closed archive, not an outage that someone is about to notice."""
QUIET_ROWS = 3
"""Where zeros are not written, three intervals without a liquidation pass for quiet, more for an outage."""
PADDING_ROWS = 5
"""So many zeros in a row at the head, and more than ever again later: the provider wrote zeros for "not yet"."""
PARTIAL_ROWS = 90
PARTIAL_SHARE = 0.25
"""A last bar below a quarter of the quietest of the 90 before it was cut off rather than quiet."""
_LEAST_ROWS_FOR_PARTIAL = 30


def gaps(observed: Observed, recorded: pl.DataFrame) -> list[AuditFinding]:
    """Return stretches of missing rows; those that the ``gaps`` table records are notes.

    Series without a step have none. Rows whose distance is not a whole number of steps belong to the clock checks.
    A series of funds rests at weekends; a single missing weekday there is a holiday.
    """
    series, times = observed.series, observed.times
    if not series.step or len(times) < 2:
        return []
    missing = (np.diff(times) + series.step // 2) // series.step - 1
    quiet = _may_be_quiet(observed)
    results = [
        _gap(observed, int(times[i]) + series.step, int(times[i + 1]) - series.step, recorded, quiet=quiet)
        for i in np.flatnonzero(missing > 0)
        if not (series.market == "fund" and _is_market_holiday(int(times[i]), int(times[i + 1])))
    ]
    return results if len(results) <= 5 else [_many_gaps(results, int(missing.clip(0).sum()))]


def late_starts(observed: list[Observed]) -> list[AuditFinding]:
    """Return series that begin later than their siblings: a sum over them changes its scope there.

    Siblings are what one would add up: one provider, kind, coin, market, margin, measure and step.
    """
    groups: dict[tuple[str, ...], list[Observed]] = {}
    for item in observed:
        if item.rows.height:
            groups.setdefault(_summed_with(item.series), []).append(item)
    audit_findings: list[AuditFinding] = []
    for group in groups.values():
        first = min(int(entry.times[0]) for entry in group)
        for item in group:
            start = int(item.times[0])
            if item.series.step and start - first > STALE_STEPS * item.series.step:
                audit_findings.append(
                    finding(
                        "late_start",
                        "note",
                        item.series,
                        (first, start),
                        observed=float(start),
                        expected=float(first),
                        statement=f"begins {format_time(start)}, its siblings {format_time(first)}: "
                        "sums over them hold one series less before",
                        remedy="compare totals only over periods in which every part exists",
                    )
                )
    return audit_findings


def stale_tails(observed: list[Observed], newest_known: int) -> list[AuditFinding]:
    """Return series that stopped while siblings went on, and families that stopped as a whole.

    Parameters
    ----------
    observed
        Every series of the lake.
    newest_known
        UTC ns; the newest known time of any row that is not in the future.
    """
    audit_findings: list[AuditFinding] = []
    for name, group in families(observed).items():
        newest = max(_last_known(item) for item in group)
        longest_step = max(item.series.step for item in group)
        if longest_step and newest_known - newest > STALE_STEPS * longest_step:
            audit_findings.append(_stopped_family(name, group, newest, newest_known))
        audit_findings += [
            _stopped_series(item, newest, archive=newest_known - _last_known(item) > ARCHIVE_AGE_NS)
            for item in group
            if item.series.step and newest - _last_known(item) > STALE_STEPS * item.series.step
        ]
    return audit_findings


def padding(observed: Observed) -> list[AuditFinding]:
    """Return a run of zeros at the head of a series, longer than any later run of zeros."""
    quantities = [track.observed() for track in tracks(observed)]
    if not quantities or observed.series.kind in {"funding", "premium", "fund_flows"}:  # zero is a usual value there
        return []
    times = observed.times
    zero = np.ones(len(times), dtype=np.bool_)
    for track in quantities:
        zero &= ~np.isin(times, track.times[track.values != 0.0])
    runs = runs_of(zero)
    if not runs or runs[0].first != 0 or runs[0].last == len(times) - 1:
        return []
    later = max((run.count for run in runs[1:]), default=0)
    if runs[0].count < PADDING_ROWS or runs[0].count <= later:
        return []
    return [
        finding(
            "zero_padding",
            "warning",
            observed.series,
            (int(times[0]), int(times[runs[0].last])),
            observed=float(runs[0].count),
            expected=float(later),
            statement=f"begins with {runs[0].count} rows of zeros; later zeros come at most {later} in a row: "
            "written for 'not yet observed', not for nothing happening",
            remedy="drop the rows before the first real value; zero is a value, null is 'not observed'",
        )
    ]


def partial_last_bar(observed: Observed) -> list[AuditFinding]:
    """Return a last bar that is shorter than its step, or holds far too little for a whole interval."""
    series, rows = observed.series, observed.rows
    if series.kind not in FLOWS or not series.step or rows.is_empty():
        return []
    last = rows.row(-1, named=True)
    if 0 < last["span"] < series.step:
        return [
            _partial(
                observed,
                float(last["span"]),
                float(series.step),
                f"covers {format_duration(last['span'])} of {format_duration(series.step)}",
            )
        ]
    if series.kind == "liquidations":  # a quiet interval without liquidations is nothing unusual
        return []
    quantities = [t.observed() for t in tracks(observed) if t.name != "close"]
    short = [t for t in quantities if _is_cut_off(t)]
    if not short or len(short) < len(quantities):
        return []
    value, least = float(short[0].values[-1]), float(short[0].values[-1 - PARTIAL_ROWS : -1].min())
    return [
        _partial(observed, value, least, f"holds {value:,.6g} {short[0].name}, the quietest before it {least:,.6g}")
    ]


def families(observed: list[Observed]) -> dict[str, list[Observed]]:
    """Return series that have rows, by provider and kind: what comes through one feed starts and stops together."""
    groups: dict[str, list[Observed]] = {}
    for item in observed:
        if item.rows.height:
            groups.setdefault(f"{item.series.provider}/{item.series.kind}/*", []).append(item)
    return groups


def _summed_with(series: Series) -> tuple[str, ...]:
    scope = (series.provider, series.kind, series.coin, series.market, series.margin, series.measure)
    return (*scope, str(series.step))


def _gap(observed: Observed, first: int, last: int, recorded: pl.DataFrame, *, quiet: bool) -> AuditFinding:
    series = observed.series
    count = (last - first) // series.step + 1
    known = recorded.filter(
        (pl.col("series") == series.series)
        & (pl.col("event_time") >= last)
        & (pl.col("event_time") - pl.col("span") <= first)
    )
    reason = f"; recorded as a gap: {known['reason'][0]}" if known.height else ""
    harmless = known.height > 0 or (quiet and count <= QUIET_ROWS)
    if quiet and not known.height:
        reason = "; it has no row of zeros anywhere, so nothing may have been liquidated"
    return finding(
        "gap",
        "note" if harmless else "warning",
        series,
        (first, last),
        observed=0.0,
        expected=float(count),
        statement=f"{count} rows of {format_duration(series.step)} are missing, "
        f"{format_time(first)} to {format_time(last)}{reason}",
        remedy="windows over it are short"
        if harmless
        else "import the period again, or record it in the gaps table with its reason; windows over it are short",
    )


def _may_be_quiet(observed: Observed) -> bool:
    """Whether a missing row may mean zero: liquidations of a provider that writes no row without a liquidation."""
    if observed.series.kind != "liquidations":
        return False
    long, short = sides(observed)
    return bool((np.nan_to_num(long.values) + np.nan_to_num(short.values) > 0.0).all())


def _many_gaps(results: list[AuditFinding], rows: int) -> AuditFinding:
    longest = max(results, key=lambda gap: gap.end_time - gap.start_time)
    return msgspec.structs.replace(
        max(results, key=lambda gap: (gap.severity == "warning", gap.end_time - gap.start_time)),
        severity="warning" if any(gap.severity == "warning" for gap in results) else "note",
        start_time=results[0].start_time,
        end_time=results[-1].end_time,
        expected=float(rows),
        statement=f"{rows} rows are missing in {len(results)} gaps between {format_time(results[0].start_time)} and "
        f"{format_time(results[-1].end_time)}; the longest from {format_time(longest.start_time)} to "
        f"{format_time(longest.end_time)}",
    )


def _is_market_holiday(before: int, after: int) -> bool:
    """Whether only Saturdays, Sundays and at most one weekday lie between two days that are stamped by their end."""
    days = [
        datetime.fromtimestamp(t // NANOSECONDS_PER_SECOND - 1, UTC).weekday()
        for t in range(before + NANOSECONDS_PER_DAY, after, NANOSECONDS_PER_DAY)
    ]
    return sum(day < 5 for day in days) <= 1


def _stopped_family(name: str, group: list[Observed], newest: int, newest_known: int) -> AuditFinding:
    age = newest_known - newest
    coins = sorted({observed.series.coin for observed in group})
    archive = age > ARCHIVE_AGE_NS
    return AuditFinding(
        check="stale_tail",
        severity="note" if archive else "warning",
        series=name if len(group) > 1 else group[0].series.series,
        coin="+".join(coins),
        start_time=newest,
        end_time=newest_known,
        observed=float(newest),
        expected=float(newest_known),
        statement=f"ends {format_time(newest)}, the lake {format_time(newest_known)}: "
        + ("a closed archive" if archive else "the feed has stopped"),
        remedy="nothing reads it as the present; fetch newer rows if there are any"
        if archive
        else "fetch or import newer rows; until then nothing may read its last row as the present",
    )


def _stopped_series(observed: Observed, newest: int, *, archive: bool) -> AuditFinding:
    last = _last_known(observed)
    delisted = "delisted " in observed.series.note
    return finding(
        "stale_tail",
        "note" if archive or delisted else "warning",
        observed.series,
        (int(observed.times[-1]), newest),
        observed=float(last),
        expected=float(newest),
        statement=f"last known {format_time(last)}, while others of {observed.series.provider} go on to "
        f"{format_time(newest)}" + (f": its contract was {observed.series.note}" if delisted else ""),
        remedy="nothing: it has ended"
        if delisted
        else "fetch or import newer rows, or say in the series' note that it was discontinued",
    )


def _partial(observed: Observed, value: float, least: float, words: str) -> AuditFinding:
    return finding(
        "partial_last_bar",
        "warning",
        observed.series,
        (int(observed.times[-1]), int(observed.times[-1])),
        observed=value,
        expected=least,
        statement=f"the last bar {words}: it was taken before its interval ended",
        remedy="import a later edition, or drop the bar: an interval is known only at its end",
    )


def _is_cut_off(track: Track) -> bool:
    before = track.values[-1 - PARTIAL_ROWS : -1]
    return len(before) >= _LEAST_ROWS_FOR_PARTIAL and bool(track.values[-1] < PARTIAL_SHARE * before.min())


def _last_known(observed: Observed) -> int:
    return int(observed.rows["known_time"].to_numpy().max())
