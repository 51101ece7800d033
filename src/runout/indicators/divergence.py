"""Whether open interest follows price: slopes of both, in standard scores, over a day, a week and a month."""

from typing import Literal

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators.windows import (
    Floats,
    Times,
    at_least_days,
    deviation,
    floats,
    quotient,
    times,
    trailing_known_time,
    value_before,
)

DAY = NANOSECONDS_PER_DAY
WINDOWS = {"1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
SCORE_WINDOW = 365 * DAY
SCORE_MINIMUM_DAYS = 60

Quadrant = Literal[
    "new leverage into a rise", "new leverage into a fall", "positions close into a rise", "deleveraging", "unknown"
]


def divergence(rows: pl.DataFrame, window: int) -> pl.DataFrame:
    r"""Return standardised changes of price and coin open interest, and their difference.

    .. math:: a = \frac{\Delta_w \ln P}{\operatorname{sd}_{365d}},\quad
              b = \frac{\Delta_w \ln N}{\operatorname{sd}_{365d}},\quad D = a - b

    In coins, since dollars move with the price by themselves.

    Parameters
    ----------
    rows
        ``event_time, known_time, open_interest_usd, price``, sorted.
    window
        Nanoseconds.

    Returns
    -------
    polars.DataFrame
        ``event_time, known_time, price_change, coin_change`` (fractions), ``price_score, coin_score, divergence``.
    """
    t = times(rows)
    price = floats(rows, "price")
    coins = quotient(floats(rows, "open_interest_usd"), price)
    price_step, coin_step = (
        np.log(_positive(x)) - np.log(_positive(value_before(x, t, window))) for x in (price, coins)
    )
    a, b = _score(price_step, t), _score(coin_step, t)
    columns = {
        "price_change": np.expm1(price_step),
        "coin_change": np.expm1(coin_step),
        "price_score": a,
        "coin_score": b,
        "divergence": a - b,
    }
    known = trailing_known_time(times(rows, "known_time"), t, SCORE_WINDOW + window)
    return pl.DataFrame({"event_time": t, "known_time": known, **columns}).fill_nan(None)


def quadrant(price_change: float | None, coin_change: float | None) -> Quadrant:
    """Return what price and coin open interest did together; it never says which side opened: both always do."""
    if price_change is None or coin_change is None:
        return "unknown"
    if coin_change >= 0:
        return "new leverage into a rise" if price_change >= 0 else "new leverage into a fall"
    return "positions close into a rise" if price_change >= 0 else "deleveraging"


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)


def _score(steps: Floats, t: Times) -> Floats:
    score = quotient(steps, deviation(steps, t, SCORE_WINDOW, 2))
    return at_least_days(score, steps, t, SCORE_WINDOW, SCORE_MINIMUM_DAYS)
