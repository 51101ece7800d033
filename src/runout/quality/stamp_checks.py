"""Shifted stamps: open interest whose dollars over coins are the price of a step later or earlier than it is stamped.

A provider that changes from the end to the start of an interval as its label moves every later row by one step, and
leaves no gap. Where a row gives dollars and coins, their ratio is the price at its true moment.
"""

from typing import Final

import numpy as np

from runout.clock import format_duration, format_time
from runout.quality.audit_findings import AuditFinding, Times, Values, finding, runs_of
from runout.quality.prices import Prices
from runout.quality.quantity_series import Observed, column

BLOCK_ROWS: Final = 72
"""Of five minutes these are six hours: enough that the price of a step away is told from that of the row."""
NEARER: Final = 0.5
"""The price of another moment must be twice as near: medians over a block, of differences that scatter by a tenth."""


def shifted_stamps(observed: Observed, prices: Prices) -> list[AuditFinding]:
    """Return stretches of open interest that are stamped one step early or late.

    Parameters
    ----------
    observed
        A series; only open interest with dollars and coins is judged.
    prices
        Those with a bar at each row, a step before and a step after it are asked.
    """
    series = observed.series
    if series.kind != "open_interest" or not series.step:
        return []
    dollars, coins = (column(observed, name).values for name in ("open_interest_usd", "open_interest_base"))
    times, implied = observed.rows["event_time"].to_numpy(), np.log(dollars / coins)
    beside = [np.log(prices.close(series.coin, times + by * series.step)) for by in (-1, 0, 1)]
    off = np.abs(np.stack(beside) - implied)
    seen = np.isfinite(off).all(axis=0)
    blocks = int(seen.sum()) // BLOCK_ROWS
    if not blocks:
        return []
    starts = np.flatnonzero(seen)[: blocks * BLOCK_ROWS].reshape(blocks, BLOCK_ROWS)
    distance = np.median(off[:, starts], axis=2)
    return [audit_finding for by in (-1, 1) for audit_finding in _stretches(observed, times[starts], distance, by)]


def _stretches(observed: Observed, times: Times, distance: Values, by: int) -> list[AuditFinding]:
    step = format_duration(observed.series.step)
    there, here = distance[1 + by], distance[1]
    return [
        finding(
            "stamp_shift",
            "warning",
            observed.series,
            (int(times[run.first, 0]), int(times[run.last, -1])),
            statement=f"from {format_time(int(times[run.first, 0]))} to {format_time(int(times[run.last, -1]))} "
            f"dollars over coins are the price of {step} {'later' if by > 0 else 'earlier'} (off by "
            f"{there[run.first]:.2%}, that of their stamp by {here[run.first]:.2%}): rows are stamped one step "
            f"{'early' if by > 0 else 'late'}",
            remedy="see whether the provider changed what its stamp means; say it with a second block of the mapping "
            "(since, until, shift), and import into a new lake",
            observed=float(by * observed.series.step),
            expected=0.0,
        )
        for run in runs_of(there < NEARER * here)
    ]
