"""Funding: what one side pays the other to hold its position, on one scale over venues."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators.windows import (
    at_least_days,
    floats,
    percentile_rank,
    quotient,
    rows_in_window,
    times,
    trailing_known_time,
)

DAY = NANOSECONDS_PER_DAY
RANK_WINDOW = 365 * DAY
WEEK = 7 * DAY
RANK_MINIMUM_DAYS = 90
STRETCHED, RELAXED = 90.0, 50.0

State = Literal["stretched", "exhausted", "ordinary", "unknown"]


def per_year(rate: float, interval_hours: float) -> float:
    """Return a funding rate as a simple rate per year (fraction).

    Examples
    --------
    >>> round(per_year(0.0001, 8), 4), round(per_year(0.0000125, 1), 4)
    (0.1095, 0.1095)
    """
    if interval_hours <= 0:
        raise ValueError(f"expected a positive funding interval in hours, found {interval_hours}")
    return rate * 365 * 24 / interval_hours


def weighted(rates: Mapping[str, float], open_interest_usd: Mapping[str, float]) -> float | None:
    r"""Return the open-interest-weighted rate over the venues that report both; None where none does.

    .. math:: F = \frac{\sum_v O_v f_v}{\sum_v O_v}
    """
    both = sorted(venue for venue in rates if open_interest_usd.get(venue, 0.0) > 0)
    total = sum(open_interest_usd[venue] for venue in both)
    return sum(open_interest_usd[venue] * rates[venue] for venue in both) / total if both else None


def dispersion(rates: Mapping[str, float]) -> float | None:
    """Return the standard deviation of the venues' yearly rates; None for fewer than three venues."""
    values = [rates[venue] for venue in sorted(rates)]
    return float(np.std(values, ddof=1)) if len(values) >= 3 else None


def funding_state(rows: pl.DataFrame) -> pl.DataFrame:
    """Return yearly funding with its rank in the past year, and the highest rank of the past week.

    Parameters
    ----------
    rows
        ``event_time, known_time, rate, interval_hours``, sorted.

    Returns
    -------
    polars.DataFrame
        ``event_time, known_time, yearly`` (fraction a year), ``yearly_percentile, week_high_percentile``. Ranks need
        values on 90 days of the past 365.
    """
    t = times(rows)
    yearly = quotient(floats(rows, "rate") * 365 * 24, floats(rows, "interval_hours"))
    rank = percentile_rank(yearly, t, RANK_WINDOW, 1)
    rank = at_least_days(rank, yearly, t, RANK_WINDOW, RANK_MINIMUM_DAYS)
    first = rows_in_window(t, WEEK)
    week_high = np.array([_highest(rank[a : i + 1]) for i, a in enumerate(first)], dtype=np.float64)
    known = trailing_known_time(times(rows, "known_time"), t, RANK_WINDOW)
    columns = {"yearly": yearly, "yearly_percentile": rank, "week_high_percentile": week_high}
    return pl.DataFrame({"event_time": t, "known_time": known, **columns}).fill_nan(None)


def classify(percentile: float | None, week_high_percentile: float | None, coin_change_7d: float | None) -> State:
    """Return the state of funding.

    ``stretched``: at or above the 90th percentile of the past year. ``exhausted``: it was within the past week and is
    below the median now while coin open interest fell by less than 3% (or grew): the payment went away, the positions
    did not. Otherwise ``ordinary``; ``unknown`` without a rank.
    """
    if percentile is None or week_high_percentile is None:
        return "unknown"
    if percentile >= STRETCHED:
        return "stretched"
    stayed = coin_change_7d is not None and coin_change_7d > -0.03
    return "exhausted" if week_high_percentile >= STRETCHED and percentile < RELAXED and stayed else "ordinary"


def _highest(values: np.ndarray) -> float:
    observed = values[~np.isnan(values)]
    return float(observed.max()) if len(observed) else float("nan")
