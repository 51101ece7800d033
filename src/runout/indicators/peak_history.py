"""Price peaks as they became known: what a list of peaks held at any moment of the past."""

from typing import NamedTuple

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators.cycles import APART, DRAWDOWN, SEARCH
from runout.indicators.windows import Floats, Times, floats, times

DAY = NANOSECONDS_PER_DAY
WITHDRAWN = "withdrawn"


class _Known(NamedTuple):
    """A value about the peak at row ``peak`` that was known from row ``row`` on."""

    peak: int
    row: int
    field: str
    value: float


def peak_history(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what was known of each price peak, and from when on.

    A peak is the highest close of 30 days either side from which the price fell by 7% before it rose higher, as in
    :func:`runout.indicators.cycles.peaks`. It enters when the fall confirms it, and is ``withdrawn`` if a higher close
    follows within the 30 days.

    Parameters
    ----------
    rows
        ``event_time, known_time, open_interest_usd, price``, sorted; rows without a price are passed over, and values
        that rest on open interest not observed are absent.

    Returns
    -------
    polars.DataFrame
        ``event_time`` (of the peak), ``known_time, field, value``. Fields: ``price, interest_usd, interest_base`` at
        the peak; ``confirmed_time``; ``coins_at_confirmation`` (change of coin open interest until then, fraction);
        ``low_2d_usd, low_2d_price, low_2d_time`` (the lowest dollar open interest of the two days after);
        ``price_after_7d, coins_after_7d`` (fractions); ``lag_days`` (from the price peak to the highest coin open
        interest within 14 days either side); ``withdrawn``.
    """
    rows = rows.filter(pl.col("price") > 0)
    t, price, interest = times(rows), floats(rows, "price"), floats(rows, "open_interest_usd")
    confirmed, withdrawn = _follow(t, price)
    results = [_Known(i, k, WITHDRAWN, 1.0) for i, k in withdrawn]
    for i, k in confirmed:
        results += _described(i, k, t, price, interest)
    known = np.maximum.accumulate(times(rows, "known_time")) if len(t) else t
    table = [(int(t[f.peak]), int(known[f.row]), f.field, f.value) for f in results]
    schema = {"event_time": pl.Int64, "known_time": pl.Int64, "field": pl.String, "value": pl.Float64}
    return pl.DataFrame(table, schema=schema, orient="row").sort("event_time", "known_time", "field")


def _follow(t: Times, price: Floats) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return (peak, row) pairs: when each was confirmed, and when a confirmed one was withdrawn."""
    waiting: list[int] = []
    recent: list[int] = []
    confirmed: list[tuple[int, int]] = []
    withdrawn: list[tuple[int, int]] = []
    for k, value in enumerate(price.tolist()):
        withdrawn += [(i, k) for i in recent if t[k] <= t[i] + APART and value > price[i]]
        recent = [i for i in recent if t[k] <= t[i] + APART and value <= price[i]]
        waiting = [i for i in waiting if value <= price[i]]
        fallen = [i for i in waiting if value <= price[i] * (1 - DRAWDOWN)]
        confirmed += [(i, k) for i in fallen]
        recent += fallen
        waiting = [i for i in waiting if i not in fallen]
        before = price[np.searchsorted(t, t[k] - APART) : k]
        if not len(before) or value > before.max():
            waiting.append(k)
    return confirmed, withdrawn


def _described(i: int, k: int, t: Times, price: Floats, interest: Floats) -> list[_Known]:
    coins = interest / price
    results = [
        _Known(i, k, "price", float(price[i])),
        _Known(i, k, "interest_usd", float(interest[i])),
        _Known(i, k, "interest_base", float(coins[i])),
        _Known(i, k, "confirmed_time", float(t[k])),
        _Known(i, k, "coins_at_confirmation", float(coins[k] / coins[i] - 1)),
    ]
    two_days, week, fortnight = (int(np.searchsorted(t, t[i] + d)) for d in (2 * DAY, 7 * DAY, SEARCH))
    if two_days < len(t):
        lowest = i + 1 + int(np.argmin(np.nan_to_num(interest[i + 1 : two_days + 1], nan=np.inf)))
        late = max(k, two_days)
        results += [
            _Known(i, late, "low_2d_usd", float(interest[lowest])),
            _Known(i, late, "low_2d_price", float(price[lowest])),
            _Known(i, late, "low_2d_time", float(t[lowest])),
        ]
    if week < len(t) and t[week] == t[i] + 7 * DAY:
        results += [
            _Known(i, max(k, week), "price_after_7d", float(price[week] / price[i] - 1)),
            _Known(i, max(k, week), "coins_after_7d", float(coins[week] / coins[i] - 1)),
        ]
    if fortnight < len(t):
        near = np.flatnonzero((np.abs(t - t[i]) <= SEARCH) & ~np.isnan(coins))
        if len(near):
            top = int(near[np.argmax(coins[near])])
            results.append(_Known(i, max(k, fortnight), "lag_days", float((t[top] - t[i]) / DAY)))
    return [item for item in results if not np.isnan(item.value)]
