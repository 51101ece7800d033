"""A leak is a column that changes when only the future does: make another future, and look."""

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from runout.scores.arrays import FloatArray, IntArray
from studies.map.covariates import FROZEN, Mode
from studies.map.market import Market

_MOVED: Final = ("open", "high", "low", "close")
_ROUNDING: Final = 1e-9


def columns_that_see_later(
    made: Callable[[Market], FloatArray], market: Market, bucket: int, mode: Mode, rng: np.random.Generator
) -> IntArray:
    """Return which columns, up to a bucket, depend on what nobody could know there.

    Parameters
    ----------
    made
        Makes columns of all scored buckets from a market, shape (scored, columns).
    market
        The market as it was.
    bucket
        A scored bucket. What comes after it is made anew, and so are its own liquidations and open interest; if
        frozen, also its own volume, trades and path between open and extremes.
    mode
        Which of the two questions.
    rng
        Makes the other future.

    Returns
    -------
    numpy.ndarray
        Positions of the columns that changed in any bucket up to this one; empty if there is no leak.
    """
    as_it_was = made(market)[: bucket + 1]
    as_it_was_not = made(another_future(market, bucket, mode, rng))[: bucket + 1]
    return np.flatnonzero(~np.isclose(as_it_was, as_it_was_not, rtol=_ROUNDING, atol=_ROUNDING).all(axis=0))


def another_future(market: Market, bucket: int, mode: Mode, rng: np.random.Generator) -> Market:
    """Return a market that agrees with this one in all that is known for a scored bucket, and in nothing later."""
    start = (market.lead + bucket) * market.bars_each
    end = start + market.bars_each
    drift = 1.0 + 0.02 * rng.random(len(market.close) - end)
    changed: dict[str, FloatArray] = {
        name: np.concatenate([getattr(market, name)[:end], getattr(market, name)[end:] * drift]) for name in _MOVED
    }
    unknown = start if mode == FROZEN else end
    factor = 0.5 + rng.random(len(market.close) - unknown)
    for name in ("volume_base", "taker_buy_base", "trades"):
        changed[name] = np.concatenate([getattr(market, name)[:unknown], getattr(market, name)[unknown:] * factor])
    interest = market.open_interest_base.copy()
    interest[start:] *= 1.0 + 0.01 * rng.random(len(interest) - start)
    dollars = market.liquidated_usd.copy()
    dollars[market.lead + bucket :] *= 0.5 + rng.random((market.scored - bucket, 2))
    if mode == FROZEN:
        _flatten(market, changed, slice(start, end))
    return msgspec.structs.replace(market, **changed, open_interest_base=interest, liquidated_usd=dollars)


def _flatten(market: Market, changed: dict[str, FloatArray], bars: slice) -> None:
    """Put the whole range of a bucket into its last bar."""
    first = market.open[bars.start]
    for name in _MOVED:
        changed[name][bars] = first
    changed["low"][bars.stop - 1] = market.low[bars].min()
    changed["high"][bars.stop - 1] = market.high[bars].max()
