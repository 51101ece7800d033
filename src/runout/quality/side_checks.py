"""Swapped sides: falls liquidate longs. Where they liquidate shorts, the columns are the wrong way round."""

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_HOUR, format_time
from runout.quality.audit_findings import AuditFinding, Times, Values, finding, runs_of
from runout.quality.prices import Prices
from runout.quality.quantity_series import Observed, sides

LEAST_ROWS = 30
BLOCK_ROWS = 90
BLOCK_STEP = 30
LEAST_T = 4.0
"""One-sided chance 3e-5 a block if sides and returns had nothing to do with each other; in truth they go together
strongly, so that a wrong sign of this strength has no innocent explanation."""


def swapped_sides(observed: Observed, prices: Prices) -> list[AuditFinding]:
    """Return stretches in which long liquidations go with rises.

    Spearman's rank correlation of ``(long − short) / (long + short)`` with the log return over the same interval is
    strongly negative where sides are right. It is computed over blocks of 90 rows, half a block apart at most, and a
    block is swapped if the correlation is positive with ``t = r √((n−2)/(1−r²)) > 4``. Single events are summed by
    hour; trailing totals that were taken now and then have no interval of their own and are passed over.
    """
    series = observed.series
    if series.kind != "liquidations" or observed.rows.is_empty():
        return []
    if not series.step and observed.rows["span"].to_numpy().any():
        return []
    step = series.step or NANOSECONDS_PER_HOUR
    summed = observed if series.step else Observed(series, _by_hour(observed.rows))
    long, short = (np.nan_to_num(track.values) for track in sides(summed))
    times = summed.times
    price = prices.close(series.coin, times)
    before = prices.close(series.coin, times - step)
    usable = np.isfinite(price) & np.isfinite(before) & (long + short > 0.0)
    if int(usable.sum()) < LEAST_ROWS:
        return [_untested(observed)]
    times, imbalance = times[usable], ((long - short) / np.where(usable, long + short, 1.0))[usable]
    return _swapped(observed, times, imbalance, np.log(price[usable] / before[usable]))


def rank_correlation(first: Values, second: Values) -> float:
    """Return Spearman's rank correlation; ties take the mean of their ranks.

    Examples
    --------
    >>> round(rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([9.0, 4.0, 1.0])), 6)
    -1.0
    """
    ranks = _ranks(first), _ranks(second)
    spread = float(ranks[0].std() * ranks[1].std())
    return float(((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean())).mean()) / spread if spread else 0.0


def _by_hour(events: pl.DataFrame) -> pl.DataFrame:
    """Return events with the end of their hour as time."""
    hour = NANOSECONDS_PER_HOUR
    return events.with_columns((pl.col("event_time") + hour - 1) // hour * hour).sort("event_time")


def _swapped(observed: Observed, times: Times, imbalance: Values, returns: Values) -> list[AuditFinding]:
    starts = (
        [0] if len(times) <= BLOCK_ROWS else [*range(0, len(times) - BLOCK_ROWS, BLOCK_STEP), len(times) - BLOCK_ROWS]
    )
    blocks = [slice(start, min(start + BLOCK_ROWS, len(times))) for start in starts]
    rho = np.array([rank_correlation(imbalance[b], returns[b]) for b in blocks])
    n = np.array([b.stop - b.start for b in blocks])
    t = rho * np.sqrt((n - 2) / np.maximum(1.0 - rho**2, 1e-12))
    return [
        finding(
            "swapped_sides",
            "error",
            observed.series,
            (int(times[blocks[run.first].start]), int(times[blocks[run.last].stop - 1])),
            statement=f"from {format_time(int(times[blocks[run.first].start]))} to "
            f"{format_time(int(times[blocks[run.last].stop - 1]))} long liquidations go with rises of the price "
            f"(rank correlation {rho[run.first : run.last + 1].max():+.2f}, expected clearly negative): "
            "the sides are swapped",
            remedy="check which side the provider's word means (the order's or the position's) and import again",
            observed=float(rho[run.first : run.last + 1].max()),
            expected=-0.5,
        )
        for run in runs_of(t > LEAST_T)
    ]


def _untested(observed: Observed) -> AuditFinding:
    times = observed.times
    return finding(
        "untested",
        "note",
        observed.series,
        (int(times[0]), int(times[-1])),
        statement=f"swapped sides could not be tested: fewer than {LEAST_ROWS} of its "
        f"{'intervals' if observed.series.step else 'hours'} with liquidations have bars of {observed.series.coin} "
        "beside them",
        remedy="import bars of the coin over the same period",
    )


def _ranks(values: Values) -> Values:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((last - counts + 1 + last) / 2.0)[place]
