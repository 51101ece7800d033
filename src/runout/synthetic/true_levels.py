"""True liquidation levels of a simulated market: distance and dollars of its accounts, and what venues would report.

Only reports that compare an estimate with the truth read this; nothing that infers does.
"""

from typing import Final

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND
from runout.scores.arrays import FloatArray, IntArray
from runout.synthetic.feeds import MEAN_LIQUIDATION_USD, SPREAD_MINUTES, share_shown
from runout.synthetic.world import VENUES

DIRECTION: Final = (1, -1)
"""Of longs and shorts: a position's side, as the truth numbers it."""


def true_levels(positions: pl.DataFrame, side: int, price: float) -> tuple[FloatArray, FloatArray]:
    """Return log distance and dollars of every position of a side that can be liquidated, at its liquidation price."""
    same_side = positions.filter((pl.col("side") == DIRECTION[side]) & pl.col("liquidation_price").is_not_null())
    level = same_side["liquidation_price"].to_numpy()
    return -DIRECTION[side] * np.log(level / price), same_side["size"].to_numpy() * level


def by_class(distance: FloatArray, weight: FloatArray, classes: tuple[float, ...]) -> FloatArray:
    """Return weight by class of distance, nearest in the logarithm; what lies beyond all of them comes last."""
    logs = np.log(np.asarray(classes))
    cuts = np.concatenate([(logs[1:] + logs[:-1]) / 2.0, [logs[-1] + (logs[-1] - logs[-2]) / 2.0]])
    place: IntArray = np.searchsorted(cuts, np.log(np.maximum(distance, 1e-9)))
    return np.bincount(place, weight, minlength=len(classes) + 1).astype(np.float64)


def would_be_reported(usd: FloatArray) -> FloatArray:
    """Return what the map's venue would be expected to show of dollars closed by force in one go."""
    rate = usd / MEAN_LIQUIDATION_USD / (SPREAD_MINUTES * NANOSECONDS_PER_MINUTE / NANOSECONDS_PER_SECOND)
    return usd * share_shown(VENUES[0].feed, rate)
