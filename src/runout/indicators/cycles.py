"""Price peaks and open-interest peaks: whether leverage left when the price turned."""

from typing import NamedTuple

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators.windows import Floats, Times, floats, times

DAY = NANOSECONDS_PER_DAY
APART = 30 * DAY
DRAWDOWN = 0.07
SEARCH = 14 * DAY
WEEK = 7 * DAY


class Peak(NamedTuple):
    """A price peak and the open interest around it, as far as known.

    Parameters
    ----------
    time, price
        Time (UTC ns) and price of the peak.
    confirmed_time
        When the price had fallen 7% below it without rising above it first: before that nobody knew it was one.
    interest_usd, interest_base
        Open interest at the peak, dollars and coins; None where not observed, as in what follows.
    interest_peak_lag_days
        Days from the price peak to the highest coin open interest within 14 days either side (negative: before).
    price_after_7d, coins_after_7d
        Change of price and of coin open interest over the seven days after (fractions); None where not known yet.
    """

    time: int
    price: float
    confirmed_time: int
    interest_usd: float | None
    interest_base: float | None
    interest_peak_lag_days: float | None
    price_after_7d: float | None
    coins_after_7d: float | None


def peaks(rows: pl.DataFrame) -> list[Peak]:
    """Return confirmed price peaks: highs of 30 days either side from which the price fell by 7% before it rose higher.

    A peak enters once it is confirmed; what was after it enters as far as ``rows`` reach. The list is a function of
    the rows given, so rows known at a moment give the peaks known then. It is not final for 30 days: a higher price
    within them takes a confirmed peak off the list again. Counting what followed the peaks of a later list would leave
    those out, and flatter the count (:func:`runout.indicators.peak_history.peak_history` keeps both moments).

    Parameters
    ----------
    rows
        ``event_time, open_interest_usd, price``, sorted; rows without a price are passed over.
    """
    rows = rows.filter(pl.col("price") > 0)
    t, price, interest = times(rows), floats(rows, "price"), floats(rows, "open_interest_usd")
    results = [(i, _confirmation(price, i)) for i in _local_highs(t, price)]
    return [_peak(i, confirmed, t, price, interest) for i, confirmed in results if confirmed is not None]


def _confirmation(price: Floats, i: int) -> int | None:
    """Return the row at which the fall from row ``i`` was complete; None while it is not, or if a rise came first."""
    left = np.flatnonzero((price[i + 1 :] <= price[i] * (1 - DRAWDOWN)) | (price[i + 1 :] > price[i]))
    first = i + 1 + int(left[0]) if len(left) else None
    return first if first is not None and price[first] < price[i] else None


def _peak(i: int, confirmed: int, t: Times, price: Floats, interest: Floats) -> Peak:
    coins = interest / price
    near = np.flatnonzero((np.abs(t - t[i]) <= SEARCH) & ~np.isnan(coins))
    top = int(near[np.argmax(coins[near])]) if len(near) else None
    week = int(np.searchsorted(t, t[i] + WEEK))
    after = week if week < len(t) and t[week] == t[i] + WEEK else None
    return Peak(
        time=int(t[i]),
        price=float(price[i]),
        confirmed_time=int(t[confirmed]),
        interest_usd=_observed(interest[i]),
        interest_base=_observed(coins[i]),
        interest_peak_lag_days=None if top is None else float((t[top] - t[i]) / DAY),
        price_after_7d=None if after is None else float(price[after] / price[i] - 1),
        coins_after_7d=None if after is None else _observed(coins[after] / coins[i] - 1),
    )


def _observed(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _local_highs(t: Times, price: Floats) -> list[int]:
    highs: list[int] = []
    for i in range(len(t)):
        around = (t >= t[i] - APART) & (t <= t[i] + APART)
        if price[i] == price[around].max() and (not highs or t[i] - t[highs[-1]] > APART):
            highs.append(i)
    return highs
