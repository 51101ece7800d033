"""Ladders that the map has to beat, and the richer filter from which the best attempt is learned.

The *distance kernel* (how far true levels lie from the price in other worlds) and what is learned of other worlds need
all worlds, and are made by :mod:`studies.truth.learned`.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from runout.liquidation_map import Bars, Cohorts, advance, start
from runout.liquidation_map.ladder import resting
from runout.scores.arrays import FloatArray
from runout.synthetic.true_levels import DIRECTION
from studies.truth.ladders import CELL, CELLS, EDGES, histogram

RICH: Final = Cohorts(
    distance=(
        0.003, 0.005, 0.0075, 0.01, 0.015, 0.024, 0.033, 0.045, 0.06, 0.075, 0.095, 0.125, 0.155, 0.18, 0.215, 0.29, 0.4
    ),
    share=(1 / 34,) * 17, hazard=(1.0, 1 / 8, 1 / 64, 1 / 256), population=(0.8, 0.15, 0.04, 0.01),
)  # fmt: skip
"""Classes where round leverages are liquidated, further out and denser than the map's own, and slower populations: what
weights are given to them is learned."""
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


def rich_ladders(bars: pl.DataFrame, interest: pl.DataFrame, moments: Sequence[int], *, flat: bool) -> FloatArray:
    """Return coins by moment, side, class and population together, and cell, as :data:`RICH` infers them.

    Parameters
    ----------
    bars
        ``event_time, span, low, high, close, volume_base``.
    interest
        ``event_time, open_interest_base``.
    moments
        Ends of bars, UTC ns, ascending.
    flat
        Whether volume and open interest are constants: the path alone.
    """
    rows = _with_interest(bars, interest, flat=flat)
    ends = rows["event_time"].to_numpy()
    step = int(bars["span"][0])
    state = start(float(rows["close"][0]), float(rows["open_interest_base"][0]), int(ends[0]) - step, step, RICH)
    out = np.zeros((len(moments), 2, len(RICH.distance) * len(RICH.population), CELLS))
    first = 0
    for row, moment in enumerate(moments):
        last = int(np.searchsorted(ends, moment, side="right"))
        advance(state, Bars.of(rows[first:last]))
        first = last
        price = float(rows["close"][last - 1])
        for side, sign in enumerate(DIRECTION):
            edges = price * np.exp(-sign * EDGES)
            coins = resting(state, edges[::-1] if side == 0 else edges)[side]
            ordered = coins[::-1] if side == 0 else coins
            out[row, side] = ordered.reshape(CELLS, -1).T
    return out


def _with_interest(bars: pl.DataFrame, interest: pl.DataFrame, *, flat: bool) -> pl.DataFrame:
    """Return bars with open interest: between two reports along the volume traded, constant outside of them."""
    if flat:
        return bars.with_columns(
            pl.col("volume_base").mean(), open_interest_base=pl.lit(interest["open_interest_base"].mean())
        )
    traded = np.cumsum(bars["volume_base"].to_numpy())
    known = interest.filter(pl.col("event_time").is_in(bars["event_time"].implode())).sort("event_time")
    rows = np.searchsorted(bars["event_time"].to_numpy(), known["event_time"].to_numpy())
    spread = np.interp(traded, traded[rows], known["open_interest_base"].to_numpy())
    return bars.with_columns(open_interest_base=pl.Series(spread))
