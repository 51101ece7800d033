"""Price peaks and open-interest peaks: whether leverage left when the price turned."""

from typing import NamedTuple

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators.windows import floats, times

DAY = NANOSECONDS_PER_DAY
APART = 30 * DAY
DRAWDOWN = 0.07
SEARCH = 14 * DAY


class Peak(NamedTuple):
    """A price peak and the open interest around it, as far as known.

    Parameters
    ----------
    time, price
        Time (UTC ns) and price of the peak.
    confirmed_time
        When the price had fallen 7% below it: before that nobody knew it was one.
    interest_usd, interest_base
        Open interest at the peak, dollars and coins.
    interest_peak_lag_days
        Days from the price peak to the highest coin open interest within 14 days either side (negative: before).
    price_after_7d, coins_after_7d
        Change of price and of coin open interest over the seven days after (fractions); None where not known yet.
    """

    time: int
    price: float
    confirmed_time: int
    interest_usd: float
    interest_base: float
    interest_peak_lag_days: float
    price_after_7d: float | None
    coins_after_7d: float | None


def peaks(rows: pl.DataFrame) -> list[Peak]:
    """Return confirmed price peaks: highs of 30 days either side that were followed by a fall of 7%.

    A peak enters once it is confirmed; what was after it enters as far as ``rows`` reach. The list is a function of
    the rows given, so rows known at a moment give the peaks known then.

    Parameters
    ----------
    rows
        ``event_time, open_interest_usd, price``, sorted, evenly spaced.
    """
    t, price = times(rows), floats(rows, "price")
    interest = floats(rows, "open_interest_usd")
    coins = interest / price
    found: list[Peak] = []
    for i in _local_highs(t, price):
        below = np.flatnonzero(price[i + 1 :] <= price[i] * (1 - DRAWDOWN))
        if not len(below):
            continue
        confirmed = i + 1 + int(below[0])
        near = np.flatnonzero((np.abs(t - t[i]) <= SEARCH) & (t <= t[-1]))
        top = near[np.nanargmax(coins[near])] if not np.isnan(coins[near]).all() else i
        week = int(np.searchsorted(t, t[i] + 7 * DAY))
        after = week if week < len(t) and t[week] == t[i] + 7 * DAY else None
        found.append(
            Peak(
                time=int(t[i]),
                price=float(price[i]),
                confirmed_time=int(t[confirmed]),
                interest_usd=float(interest[i]),
                interest_base=float(coins[i]),
                interest_peak_lag_days=float((t[top] - t[i]) / DAY),
                price_after_7d=None if after is None else float(price[after] / price[i] - 1),
                coins_after_7d=None if after is None else float(coins[after] / coins[i] - 1),
            )
        )
    return found


def _local_highs(t: np.ndarray, price: np.ndarray) -> list[int]:
    highs: list[int] = []
    for i in range(len(t)):
        around = (t >= t[i] - APART) & (t <= t[i] + APART)
        if price[i] == price[around].max() and (not highs or t[i] - t[highs[-1]] > APART):
            highs.append(i)
    return highs
