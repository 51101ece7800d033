"""Price moves and extremes from bars."""

from typing import NamedTuple

import numpy as np
import polars as pl

from runout.indicators.windows import floats, times


class Fall(NamedTuple):
    """The largest fall from a high to a later low.

    Parameters
    ----------
    high, low
        Prices.
    high_time, low_time
        Ends (UTC ns) of the bars that hold them.
    move
        Low over high minus one (fraction, not positive).
    """

    high: float
    high_time: int
    low: float
    low_time: int
    move: float


def largest_fall(bars: pl.DataFrame) -> Fall | None:
    """Return the largest peak-to-trough fall within ``bars``; None without bars.

    A low is compared with the highest price before it: highs of earlier bars and the open of its own, since the order
    of high and low inside one bar is not observed. The true fall can only be larger.

    Parameters
    ----------
    bars
        ``event_time, open, high, low``, sorted.
    """
    if bars.is_empty():
        return None
    highs, lows, opens, ends = floats(bars, "high"), floats(bars, "low"), floats(bars, "open"), times(bars)
    before = np.concatenate([[-np.inf], np.maximum.accumulate(highs)[:-1]])
    peak = np.maximum(before, opens)
    worst = int(np.argmin(lows / peak))
    at_open = opens[worst] >= before[worst]
    high_bar = worst if at_open else int(np.argmax(highs[: worst + 1] == before[worst]))
    return Fall(
        float(peak[worst]),
        int(ends[high_bar]),
        float(lows[worst]),
        int(ends[worst]),
        float(lows[worst] / peak[worst] - 1),
    )


def change(bars: pl.DataFrame, since: int) -> float | None:
    """Return the last close over the close at ``since`` minus one; None where no bar ends exactly then."""
    start = bars.filter(pl.col("event_time") == since)
    if bars.is_empty() or start.is_empty():
        return None
    return float(bars["close"][-1] / start["close"][0] - 1)
