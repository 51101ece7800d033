"""Track record of a verdict: how often what it warns of followed it, beside how often it follows anyway."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from runout.indicators.windows import Floats, Times
from runout.scores import wilson_interval

LEVEL = 0.9
UNKNOWN = "unknown"


def largest_fall_after(t: Times, close: Floats, low: Floats, horizon: int) -> Floats:
    r"""Return the lowest low of the time after each row over its close, minus one; NaN where it is not over yet.

    .. math:: f_i = \min_{t_i < t_j \le t_i + h} \frac{L_j}{C_i} - 1

    Parameters
    ----------
    t, close, low
        Shape (n,): times (UTC ns, increasing), closes and lows of bars.
    horizon
        Nanoseconds; a row stands exactly at its end, else NaN.
    """
    last = np.searchsorted(t, t + horizon)
    results = np.full(len(t), np.nan)
    for i, end in enumerate(last.tolist()):
        if end < len(t) and t[end] == t[i] + horizon and not np.isnan(low[i + 1 : end + 1]).any():
            results[i] = low[i + 1 : end + 1].min() / close[i] - 1
    return results


def return_after(t: Times, close: Floats, horizon: int) -> Floats:
    """Return the close exactly ``horizon`` later over each close, minus one; NaN where no row stands there.

    Examples
    --------
    >>> return_after(np.array([0, 4, 8]), np.array([10.0, 11.0, 12.0]), 4).round(3).tolist()
    [0.1, 0.091, nan]
    """
    later = t + horizon
    place = np.minimum(np.searchsorted(t, later), max(len(t) - 1, 0))
    return np.where(t[place] == later, close[place] / close - 1, np.nan) if len(t) else close


def track_record(t: Times, verdicts: Sequence[str], outcomes: Floats, horizon: int, known: Times) -> pl.DataFrame:
    r"""Return how often an event had followed each verdict, each time that another case of it was known.

    Cases of one verdict are at least ``horizon`` apart, so that no two share what followed; the base rate is that of
    all moments with a verdict. Both count only what was over by then:

    .. math:: h_v = \frac{\#\{\text{cases of } v \text{ with the event}\}}{\#\{\text{cases of } v\}},\qquad
              b = \frac{\#\{\text{moments with the event}\}}{\#\{\text{moments}\}}

    Parameters
    ----------
    t, known
        Shape (n,): times of the verdicts (UTC ns, increasing), and when each row was known.
    verdicts
        One word a row; ``unknown`` takes part in nothing.
    outcomes
        Shape (n,): 1 where the event followed within ``horizon``, 0 where not, NaN where it is not known yet.
    horizon
        Nanoseconds.

    Returns
    -------
    polars.DataFrame
        ``event_time`` (when the case was over), ``known_time, verdict, cases, hits, base_rate, low, high``; the last
        two are the 90% Wilson interval of hits over cases.
    """
    place = np.searchsorted(t, t + horizon)
    running = np.maximum.accumulate(known) if len(known) else known
    rows: list[tuple[int, int, str, int, int, float, float, float]] = []
    counts: dict[str, tuple[int, int, int]] = {}
    moments, events = 0, 0
    for i, (verdict, outcome) in enumerate(zip(verdicts, outcomes.tolist(), strict=True)):
        if verdict == UNKNOWN or np.isnan(outcome):
            continue
        moments, events = moments + 1, events + int(outcome)
        cases, hits, before = counts.get(verdict, (0, 0, -horizon))
        if t[i] < before + horizon:
            continue
        cases, hits = cases + 1, hits + int(outcome)
        counts[verdict] = (cases, hits, int(t[i]))
        interval = wilson_interval(hits, cases, level=LEVEL)
        over = int(place[i])
        rows.append(
            (int(t[over]), int(running[over]), verdict, cases, hits, events / moments, interval.low, interval.high)
        )
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


_SCHEMA = {
    "event_time": pl.Int64, "known_time": pl.Int64, "verdict": pl.String, "cases": pl.Int64, "hits": pl.Int64,
    "base_rate": pl.Float64, "low": pl.Float64, "high": pl.Float64,
}  # fmt: skip


def slug(verdict: str) -> str:
    """Return a verdict as a part of an indicator's name.

    Examples
    --------
    >>> slug("leverage against spot"), slug("risk-on, Bitcoin leads")
    ('leverage-against-spot', 'risk-on-Bitcoin-leads')
    """
    return verdict.replace(",", "").replace(" ", "-")
