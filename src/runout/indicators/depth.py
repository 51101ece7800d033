"""Depth of the book within a band, and its withdrawal."""

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators.windows import (
    Floats,
    Times,
    at_least_days,
    floats,
    percentile_rank,
    quotient,
    rows_in_window,
    times,
    trailing_known_time,
)

DAY = NANOSECONDS_PER_DAY
BASE_WINDOW = 30 * DAY
RANK_WINDOW = 365 * DAY
MINIMUM_DAYS, RANK_MINIMUM_DAYS = 20, 60


def depth_state(rows: pl.DataFrame) -> pl.DataFrame:
    r"""Return depth against its own past: withdrawal is the share that is missing of the median of the 30 days before.

    .. math:: \text{withdrawal} = 1 - \frac{D}{\operatorname{median}_{30d} D},\qquad
              \text{imbalance} = \frac{B - A}{B + A}

    Parameters
    ----------
    rows
        ``depth`` rows of one series and band, sorted.

    Returns
    -------
    polars.DataFrame
        ``event_time, known_time, depth_usd, withdrawal, bid_withdrawal, imbalance, depth_percentile``. Positive
        withdrawal: thinner than usual. Null where fewer than 20 of the past 30 days were observed (for the
        rank, 60 of 365), today included.
    """
    t = times(rows)
    bids, asks = floats(rows, "bid_usd"), floats(rows, "ask_usd")
    total = bids + asks
    rank = percentile_rank(total, t, RANK_WINDOW, 1)
    columns = {
        "depth_usd": total,
        "withdrawal": 1 - quotient(total, _usual(total, t)),
        "bid_withdrawal": 1 - quotient(bids, _usual(bids, t)),
        "imbalance": quotient(bids - asks, total),
        "depth_percentile": at_least_days(rank, total, t, RANK_WINDOW, RANK_MINIMUM_DAYS),
    }
    known = trailing_known_time(times(rows, "known_time"), t, RANK_WINDOW)
    return pl.DataFrame({"event_time": t, "known_time": known, **columns}).fill_nan(None)


def _usual(values: Floats, t: Times) -> Floats:
    """Return the median of the observed values of the 30 days before each row, the row itself left out."""
    first = rows_in_window(t, BASE_WINDOW)
    usual = np.array([_median(values[a:i]) for i, a in enumerate(first)], dtype=np.float64)
    return at_least_days(usual, values, t, BASE_WINDOW, MINIMUM_DAYS)


def _median(values: Floats) -> float:
    observed = values[~np.isnan(values)]
    return float(np.median(observed)) if len(observed) else float("nan")
