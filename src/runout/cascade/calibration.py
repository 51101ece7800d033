"""What books and prices of the past say of a market, in the numbers that a cascade takes. Arrays in, numbers out."""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from runout.cascade.arrays import Floats
from runout.cascade.depth import Band
from runout.cascade.ladder import Direction
from runout.errors import NotEnoughDataError
from runout.scores import FrequencyInterval, wilson_interval

EXPONENT: Final = 0.75
"""Cumulative depth grows as distance to this power: 0.776 (bids) and 0.720 (asks) fitted to the ±1% to ±5% bands of
Binance's BTCUSDT perpetual of 2025-05-19 11:07 UTC."""
HALF_LIFE: Final = 1.0
"""Days in which the weight of a squared return falls to one half."""
LEAST_EXTREMES: Final = 100


class Extremes(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """How far prices went within the next 24 h, in units of the volatility that was known at the start.

    Parameters
    ----------
    down, up
        Shape (starts,): largest log-distance below and above the starting price over the volatility then.
    sigma
        Volatility now: standard deviation of a day's log return.
    per_day
        Starts a day: their days overlap, so only one in so many is counted as a case.
    """

    down: Floats
    up: Floats
    sigma: float
    per_day: int

    def along(self, direction: Direction) -> Floats:
        """Return the extremes along a direction."""
        return self.down if direction == "down" else self.up


def side_band(usd: npt.ArrayLike, *, recent: int) -> Band:
    """Return dollars of depth with a band: the median of the last ``recent`` samples; 5% and 95% of all of them.

    Raises
    ------
    NotEnoughDataError
        If there is no sample above 0.
    """
    known = np.asarray(usd, dtype=np.float64)
    known = known[np.isfinite(known) & (known > 0.0)]
    if not len(known):
        raise NotEnoughDataError("expected samples of depth above 0, found none")
    value = float(np.median(known[-recent:]))
    low, high = np.quantile(known, [0.05, 0.95]).tolist()
    return Band(min(low, value), value, max(high, value))


def volatility(close: npt.ArrayLike, per_day: int) -> Floats:
    """Return the standard deviation of a day's log return as known at each close, shape (closes,).

    Squared returns weighted exponentially (:data:`HALF_LIFE`), as RiskMetrics (1996) does; NaN until two days are held.
    """
    logarithm = np.log(np.asarray(close, dtype=np.float64))
    squared = np.diff(logarithm, prepend=logarithm[:1]) ** 2
    keep = 0.5 ** (1.0 / (HALF_LIFE * per_day))
    table = np.empty(len(squared))
    variance = float(np.mean(squared[1 : 2 * per_day + 1])) if len(squared) > 1 else 0.0
    for place, square in enumerate(squared.tolist()):
        variance = keep * variance + (1.0 - keep) * square
        table[place] = variance
    table[: min(2 * per_day, len(table))] = np.nan
    return np.sqrt(table * per_day)


def extremes(
    high: npt.ArrayLike, low: npt.ArrayLike, close: npt.ArrayLike, *, per_day: int, every: int = 1
) -> Extremes:
    """Return the extremes of the 24 h after each close that has a whole day behind it now.

    Parameters
    ----------
    high, low, close
        Shape (bars,), of evenly spaced bars without gaps, dollars.
    per_day
        Bars a day.
    every
        Starts stand this many bars apart.

    Raises
    ------
    NotEnoughDataError
        If fewer than 100 starts have a day behind them.
    """
    top, bottom, last = (np.asarray(item, dtype=np.float64) for item in (high, low, close))
    sigma = volatility(last, per_day)
    starts = np.arange(2 * per_day, len(last) - per_day, every)
    if len(starts) < LEAST_EXTREMES:
        raise NotEnoughDataError(f"expected at least {LEAST_EXTREMES} past days to compare with, found {len(starts)}")
    ahead = np.lib.stride_tricks.sliding_window_view
    lowest, highest = ahead(bottom, per_day).min(axis=1), ahead(top, per_day).max(axis=1)
    down = np.log(last[starts] / lowest[starts + 1]) / sigma[starts]
    up = np.log(highest[starts + 1] / last[starts]) / sigma[starts]
    known = np.isfinite(down) & np.isfinite(up)
    return Extremes(
        down=np.maximum(down[known], 0.0), up=np.maximum(up[known], 0.0), sigma=float(sigma[-1]),
        per_day=max(per_day // every, 1),
    )  # fmt: skip


def chance_of_touching(subject: Extremes, distance: float, direction: Direction) -> FrequencyInterval:
    """Return how often 24 h went a log-distance or farther, volatility for volatility, with a 90% Wilson interval.

    Overlapping days are no independent cases: the interval counts one start a day.
    """
    reached = subject.along(direction) >= distance / subject.sigma
    cases = max(len(reached) // subject.per_day, 1)
    share = float(reached.mean())
    return msgspec.structs.replace(wilson_interval(round(share * cases), cases), frequency=share)
