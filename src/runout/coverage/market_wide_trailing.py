"""The measured total of the last 24 h, as far as it was known, in the scope of the wide daily series.

Days that are over are cut by the course of the fine series (:mod:`runout.coverage.market_wide_windows`). The day that
is not over has no daily total yet: its part is the fine series times the ratio of both on recent days, which is
uncertain.
"""

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY
from runout.coverage.market_wide_ratio import BRIDGE_PRIOR, StudentT, posterior
from runout.coverage.market_wide_windows import Totals, profiled_total, total_between

DAY = NANOSECONDS_PER_DAY
BRIDGE_DAYS = 60
"""Days from which the ratio of wide to fine is taken: long enough for its scale, short against changes of a feed (that
of 2025-02-20 moved it by a quarter)."""


class Trailing(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars measured in the 24 h to ``end``.

    Parameters
    ----------
    usd
        Estimate, in the scope of the wide series.
    end
        UTC ns, end of the latest interval of the fine series.
    bridged_share
        Share of the estimate that rests on the ratio of wide to fine.
    error
        Student t of ln(total / estimate), around 0; None where nothing was bridged.
    """

    usd: float
    end: int
    bridged_share: float
    error: StudentT | None


def trailing(daily: Totals, fine: Totals, at: int) -> Trailing | None:
    """Return the 24 h before the latest known interval of the fine series; None where they are not covered.

    Parameters
    ----------
    daily
        Totals of UTC days, wide scope.
    fine
        Totals of short intervals, narrower scope, inside the wide one.
    at
        UTC ns; totals known later do not exist.

    Notes
    -----
    With a known part a and a bridged part b·eᶻ, the error of the whole is that of z times b / (a + b): the first order
    of the logarithm, which is exact where nothing or everything is bridged.
    """
    wide, narrow = daily.known_at(at), fine.known_at(at)
    if not len(narrow.end):
        return None
    end = int(narrow.end.max())
    middle = end - 1 - (end - 1) % DAY  # start of the day that holds the last instant
    start = end - DAY
    ratio = bridge(wide, narrow)
    if np.isnan(total_between(wide, middle, middle + DAY)[0]):
        known = profiled_total(wide, narrow, start, middle)[0] if start < middle else 0.0
        bridged = total_between(narrow, max(start, middle), end)[0] * float(np.exp(ratio.location))
    else:
        known, bridged = profiled_total(wide, narrow, start, end)[0], 0.0
    total = known + bridged
    if not total > 0.0:
        return None
    share = bridged / total
    error = StudentT(0.0, ratio.scale * share, ratio.degrees_of_freedom) if share > 0.0 else None
    return Trailing(usd=total, end=end, bridged_share=share, error=error)


def bridge(daily: Totals, fine: Totals) -> StudentT:
    """Return the distribution of ln(wide / fine) of a day, from the latest :data:`BRIDGE_DAYS` days that have both."""
    ratios: list[float] = []
    for whole, end in zip(reversed(daily.usd.tolist()), reversed(daily.end.tolist()), strict=True):
        part, _ = total_between(fine, end - DAY, end)
        if part > 0.0 and whole > 0.0:
            ratios.append(float(np.log(whole / part)))
        if len(ratios) == BRIDGE_DAYS:
            break
    return posterior(ratios, [1.0] * len(ratios), BRIDGE_PRIOR)
