"""Ladders that the map has to beat.

The *distance kernel* (how far true levels lie from the price in other worlds) needs all worlds, and is made by
:mod:`studies.truth.kernel`.
"""

from typing import Final

import numpy as np
import polars as pl

from runout.scores.arrays import FloatArray
from runout.synthetic.true_levels import DIRECTION
from studies.truth.ladders import CELL, CELLS, EDGES, histogram

TIERS: Final = -np.log(np.array([0.90, 0.96, 0.98, 0.99]))
"""Of the naive ladder: 10, 25, 50 and 100 times leverage as its published form has them."""


def uniform(reach: float) -> FloatArray:
    """Return the same for each step of log price within a reach."""
    return np.clip(reach - EDGES[:-1], 0.0, CELL).astype(np.float64)


def naive_ladder(bars: pl.DataFrame, price: float) -> FloatArray:
    """Return, by side and cell, what takers bought as longs and sold as shorts at four tiers, unless passed since.

    Parameters
    ----------
    bars
        Of the venue's perpetual up to the moment, in time order.
    price
        At the moment.
    """
    low, high = np.log(bars["low"].to_numpy()), np.log(bars["high"].to_numpy())
    typical = np.log((bars["high"] + bars["low"] + bars["close"]).to_numpy() / 3.0)
    bought = bars["taker_buy_base"].to_numpy()
    added = (bought, bars["volume_base"].to_numpy() - bought)
    furthest = (np.minimum.accumulate(low[::-1])[::-1], np.maximum.accumulate(high[::-1])[::-1])
    # Furthest after each bar, its own not counted: what it opens cannot be taken by its own range.
    after = [np.append(one[1:], limit) for one, limit in zip(furthest, (np.inf, -np.inf), strict=True)]
    found = np.zeros((2, CELLS))
    for side, sign in enumerate(DIRECTION):
        for tier in TIERS.tolist():
            level = typical - sign * tier
            stands = sign * (after[side] - level) > 0.0
            distance = sign * (np.log(price) - level[stands])
            found[side] += histogram(distance, added[side][stands] * np.exp(level[stands]))
    return found
