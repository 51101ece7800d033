"""Depth of the book within a band, and its withdrawal."""

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators.windows import floats, percentile_rank, rows_in_window, times, trailing_known_time

DAY = NANOSECONDS_PER_DAY
BASE_WINDOW = 30 * DAY
RANK_WINDOW = 365 * DAY
MINIMUM_DAYS = 20


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
        withdrawal: thinner than usual. Null below 20 days of history.
    """
    t = times(rows)
    bids, asks = floats(rows, "bid_usd"), floats(rows, "ask_usd")
    total = bids + asks
    step = int(np.median(np.diff(t))) if len(t) > 1 else DAY
    minimum = int(MINIMUM_DAYS * DAY // step)
    columns = {
        "depth_usd": total,
        "withdrawal": 1 - total / _usual(total, t, minimum),
        "bid_withdrawal": 1 - bids / _usual(bids, t, minimum),
        "imbalance": (bids - asks) / np.where(total > 0, total, np.nan),
        "depth_percentile": percentile_rank(total, t, RANK_WINDOW, 3 * minimum),
    }
    known = trailing_known_time(times(rows, "known_time"), t, RANK_WINDOW)
    return pl.DataFrame({"event_time": t, "known_time": known, **columns}).fill_nan(None)


def _usual(values: np.ndarray, t: np.ndarray, minimum: int) -> np.ndarray:
    first = rows_in_window(t, BASE_WINDOW)
    return np.array(
        [np.median(values[a:i]) if i - a >= minimum else np.nan for i, a in enumerate(first)], dtype=np.float64
    )
