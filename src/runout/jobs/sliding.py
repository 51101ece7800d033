"""Keep what moves of the price would set off: asked once for each four hours that a bulletin is of."""

import os

import polars as pl

from runout.errors import NotEnoughDataError
from runout.jobs.clustering import origin_of, shown_map
from runout.lake import Lake
from runout.version import METHOD_VERSION


def find_slides(lake: Lake, coin: str, at: int) -> int:
    """Find and keep the slides that a bulletin at ``at`` tells of, if they are not held; return how many were added.

    A lake that cannot be written to, or that has no map or no depth, is left as it is.
    """
    origin = origin_of(at)
    held = lake.scan("slides").filter(
        pl.col("coin") == coin, pl.col("event_time") == origin, pl.col("method_version") == METHOD_VERSION
    )
    if held.select(pl.len()).collect().item() or not os.access(lake.root, os.W_OK):
        return 0
    shown = shown_map(lake, coin, at)
    if shown is None:
        return 0
    from runout.jobs.cascading import setting_of, slides  # noqa: PLC0415 - kernels and solver, only where needed

    try:
        setting = setting_of(lake, coin, origin, venue=shown.venue)
    except NotEnoughDataError:
        return 0
    return lake.append("slides", slides(setting, shown.clusters)).added.height
