"""Keep the clusters of the liquidation map: found once for each four hours that a bulletin asks for."""

import os
from typing import Final

import polars as pl

from runout.clock import NANOSECONDS_PER_HOUR
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.records import KINDS, conform
from runout.version import METHOD_VERSION

VENUE: Final = "binance"
STEP: Final = 4 * NANOSECONDS_PER_HOUR


def origin_of(at: int) -> int:
    """Return the moment whose map a bulletin at ``at`` shows: the last full four hours, UTC ns."""
    return at // STEP * STEP


def newest_moment(lake: Lake, coin: str) -> int | None:
    """Return when the lake's last perpetual bar of a coin was known, UTC ns; None without bars."""
    mine = [one.series for one in lake.series("bars", coin) if one.market == "perpetual" and one.step <= STEP]
    known = lake.scan("bars").filter(pl.col("series").is_in(mine)).select(pl.col("known_time").max())
    return known.collect().item()


def find_missing(lake: Lake, coin: str, at: int) -> int:
    """Find and keep the clusters that a bulletin at ``at`` shows, if they are not held; return how many were added.

    A lake that cannot be written to, or that has not the data of a map, is left as it is.
    """
    origin = origin_of(at)
    held = lake.scan("clusters").filter(
        pl.col("coin") == coin, pl.col("event_time") == origin, pl.col("method_version") == METHOD_VERSION
    )
    if held.select(pl.len()).collect().item() or not os.access(lake.root, os.W_OK):
        return 0
    from runout.jobs.mapping import liquidation_map  # noqa: PLC0415 - the map's kernels, only where one is drawn
    from runout.positions.clusters import table  # noqa: PLC0415

    try:
        made = liquidation_map(lake, coin, origin, venue=VENUE)
    except NotEnoughDataError:
        return 0
    rows = table(made.clusters).with_row_index("rank", 1)
    moment = {"event_time": origin, "known_time": origin}
    named = rows.with_columns(
        pl.lit(coin).alias("coin"), pl.lit(VENUE).alias("venue"), pl.lit(METHOD_VERSION).alias("method_version"),
        *(pl.lit(value, pl.Int64).alias(name) for name, value in moment.items()),
    )  # fmt: skip
    return lake.append("clusters", conform(named, KINDS["clusters"])).added.height
