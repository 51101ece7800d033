"""``runout rows``: what a series says, as it was known at a moment. Every finding's evidence names this command."""

import sys
from typing import Annotated

import polars as pl
from cyclopts import Parameter

from runout.cli.configuration import configuration, time_option
from runout.errors import UsageError
from runout.lake import Lake


def rows(
    series: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    at: str | None = None,
    since: str | None = None,
    lake: str | None = None,
) -> None:
    """Print rows of series as CSV, as they were known at a moment.

    Parameters
    ----------
    series
        Identifiers of series of one kind, such as ``coinglass/open_interest/BTC/all/4h``.
    at
        UTC time; rows known later are left out.
    since
        UTC time; rows that speak of earlier moments are left out.
    lake
        Folder of the lake.
    """
    store = Lake.open(lake or configuration().lake)
    known = {one.series: one for one in store.series()}
    missing = [name for name in series if name not in known]
    kinds = {known[name].kind for name in series if name in known}
    if missing or len(kinds) != 1:
        raise UsageError(
            f"expected series of one kind that stand in {store.root}, found {missing or sorted(kinds)}; "
            "list them with `runout series`"
        )
    found = store.as_of(
        kinds.pop(),
        at=time_option(at) if at else None,
        series=series,
        since=time_option(since) if since else None,
    )
    sys.stdout.write(_readable(found).write_csv())


def list_series(*, lake: str | None = None, coin: str | None = None) -> None:
    """List the series of a lake with their scope, as CSV.

    Parameters
    ----------
    lake
        Folder of the lake.
    coin
        Only series of this coin.
    """
    store = Lake.open(lake or configuration().lake)
    table = pl.DataFrame(
        [(one.series, one.kind, one.step_text(), one.scope(), one.note) for one in store.series(coin=coin)],
        schema=["series", "kind", "step", "scope", "note"],
        orient="row",
    )
    sys.stdout.write(table.write_csv())


def flushes(*, at: str | None = None, scope: str | None = None, lake: str | None = None) -> None:
    """List flushes and squeezes as they were known at a moment, as CSV, the latest state of each.

    Parameters
    ----------
    at
        UTC time; what was known later is left out.
    scope
        Only those of this group of liquidation series.
    lake
        Folder of the lake.
    """
    store = Lake.open(lake or configuration().lake)
    found = store.as_of("flushes", at=time_option(at) if at else None, series=[scope] if scope else None)
    latest = found.sort("event_time").unique(["series", "direction", "start_time"], keep="last", maintain_order=True)
    sys.stdout.write(_readable(latest.sort("start_time", "series", "direction")).write_csv())


def _readable(rows: pl.DataFrame) -> pl.DataFrame:
    instants = [name for name in rows.columns if name.endswith("_time")]
    return rows.with_columns(pl.from_epoch(pl.col(name), "ns").dt.to_string("iso:strict") + "Z" for name in instants)
