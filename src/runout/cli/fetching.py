"""``runout fetch``."""

import os
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from runout.cli import screen
from runout.cli.configuration import lake_address, time_option
from runout.cli.progress import progress_bar
from runout.clock import now_ns
from runout.errors import ConfigurationError, ExitCode, UsageError
from runout.lake import Lake
from runout.pipeline.fetch import COINGLASS_URL, Access, Fetched, fetch_coinglass
from runout.sources.coinglass.names import parse_step


def fetch(
    provider: Literal["coinglass"],
    /,
    *,
    since: str,
    until: str | None = None,
    coin: Annotated[tuple[str, ...], Parameter(negative="")] = ("BTC",),
    step: str = "4h",
    lake: str | None = None,
    raw: Path | None = None,
) -> int:
    """Fetch a provider's figures over its API into a lake.

    The key is read from RUNOUT_COINGLASS_KEY. Every answer is kept as it came before it is imported. Endpoints that
    the key's plan does not include are named and passed over.

    Parameters
    ----------
    provider
        Who publishes the figures.
    since
        UTC time from which series are asked for.
    until
        UTC time up to which; now, if not named.
    coin
        Base asset; may be repeated.
    step
        Time between rows, such as 1h, 4h or 1d; small plans allow 4h and more.
    lake
        Folder of the lake.
    raw
        Folder that keeps the answers; below the lake, if not named.
    """
    root = lake_address(lake)
    step_ns = parse_step(step)
    if not step_ns:
        raise UsageError(f"expected --step such as 30m, 4h or 1d, found {step!r}")
    begin, end = time_option(since), time_option(until) if until else now_ns()
    if begin >= end:
        raise UsageError(f"expected --since before --until (or before now), found {since!r}")
    if raw is None and "://" in root:
        raise UsageError(f"expected --raw FOLDER to keep the answers in, as the lake {root} is no local folder")
    with progress_bar(f"fetch {provider}") as progress:
        fetched = fetch_coinglass(
            Lake(root),
            _access(),
            coins=[item.upper() for item in coin],
            since=begin,
            until=end,
            step=step_ns,
            raw=raw or Path(root, "raw", provider),
            progress=progress,
        )
    _summary(fetched, root)
    if any(imported.rows_quarantined for imported in fetched.imported):
        return ExitCode.QUARANTINED
    return ExitCode.FINDINGS if any(answer.status != "kept" for answer in fetched.answers) else ExitCode.DONE


def _access() -> Access:
    key = os.environ.get("RUNOUT_COINGLASS_KEY", "").strip()
    if not key:
        raise ConfigurationError(
            "expected a CoinGlass API key in RUNOUT_COINGLASS_KEY, found none; set it and run again"
        )
    return Access(key=key, url=os.environ.get("RUNOUT_COINGLASS_URL", "").strip() or COINGLASS_URL)


def _summary(fetched: Fetched, root: str) -> None:
    console = screen.console()
    counts = {name: sum(item.status == name for item in fetched.answers) for name in ("kept", "refused", "failed")}
    added = sum(imported.rows_added for imported in fetched.imported)
    quarantined = sum(imported.rows_quarantined for imported in fetched.imported)
    console.print(
        f"{counts['kept']} answers kept, {counts['refused']} refused, {counts['failed']} failed; "
        f"{added:,} records new in {root}, {quarantined:,} rows quarantined",
        soft_wrap=True,
        markup=False,
    )
    for answer in fetched.answers:
        if answer.status != "kept":
            console.print(f"{answer.status}: {answer.name}: {answer.detail}", soft_wrap=True, markup=False)
    for note in sorted({note for imported in fetched.imported for note in imported.notes}):
        console.print(f"note: {note}", soft_wrap=True, markup=False)
    for answer in fetched.imported:
        for fault in answer.faults[:3]:
            console.print(f"quarantined from {answer.name}: {fault}", soft_wrap=True, markup=False)
