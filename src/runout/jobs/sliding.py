"""Keep what moves of the price would set off: asked once for each four hours that a bulletin is of."""

from typing import Literal

import msgspec
import polars as pl

from runout.errors import NotEnoughDataError
from runout.jobs.clustering import mapped_venue, origin_of
from runout.lake import Lake
from runout.version import METHOD_VERSION


class _Kept(msgspec.Struct, frozen=True):
    """A cluster as it was kept."""

    side: Literal["long", "short"]
    low: float
    high: float


def find_slides(lake: Lake, coin: str, at: int) -> int:
    """Find and keep the slides that a bulletin at ``at`` tells of, if they are not held; return how many were added.

    They go through the clusters kept for the same four hours. A lake that cannot be written to, or that holds no such
    clusters or no depth, is left as it is.
    """
    origin = origin_of(at)
    mine = (pl.col("coin") == coin) & (pl.col("event_time") == origin) & (pl.col("method_version") == METHOD_VERSION)
    if lake.scan("slides").filter(mine).select(pl.len()).collect().item() or not lake.writable():
        return 0
    venue = mapped_venue(lake.series("bars", coin, at=origin), coin)
    kept = lake.scan("clusters").filter(mine, pl.col("venue") == (venue or "")).sort("rank").collect()
    if kept.is_empty():
        return 0
    from runout.jobs.cascading import setting_of, slides  # noqa: PLC0415 - kernels and solver, only where needed

    try:
        setting = setting_of(lake, coin, origin, venue=venue)
    except NotEnoughDataError:
        return 0
    through = [_Kept(*row) for row in kept.select("side", "low_price", "high_price").iter_rows()]
    return lake.append("slides", slides(setting, through)).added.height
