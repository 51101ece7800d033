"""What takers paid to move the price: the book's impact, seen from the trades instead of from the orders that rest."""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from runout.cascade.depth import REFERENCE_DISTANCE
from runout.errors import NotEnoughDataError

LEAST_BARS: Final = 100
_GROUPS: Final = 20
_SMALLEST: Final = 5
"""Groups of the smallest flows, in which the sign of the return is mostly chance; left out of the exponent."""


class FlowImpact(msgspec.Struct, frozen=True, kw_only=True):
    """How far net taker flow went with the price.

    Parameters
    ----------
    usd_per_percent
        Net dollars that went with a move of 1%: comparable with depth within 1% of one side, on the same venues.
    r_squared
        Share of the squared returns that a straight line in the flow explains.
    exponent
        δ of E[return | flow Q] ∝ Q^δ over the larger flows; 1 is the straight line, ½ the square-root law.
    bars
        How many bars the fit has seen.
    """

    usd_per_percent: float
    r_squared: float
    exponent: float
    bars: int


def flow_impact(net_usd: npt.ArrayLike, log_return: npt.ArrayLike) -> FlowImpact:
    r"""Return the impact of net taker flow: least squares of :math:`r_t = \kappa q_t` through the origin.

    Flow and return share causes (news moves quotes and takers alike) and takers refill each other's books, so κ is no
    pure cost of trading; it is a check on the scale of a depth, not a law.

    Parameters
    ----------
    net_usd
        Taker buys minus taker sells of each bar, shape (bars,), dollars; bars with NaN are left out.
    log_return
        From open to close of the same bars, shape (bars,).

    Raises
    ------
    NotEnoughDataError
        If fewer than 100 bars are known, or flow does not go with the price at all (κ ≤ 0).
    """
    flow, moved = (np.asarray(item, dtype=np.float64) for item in (net_usd, log_return))
    known = np.isfinite(flow) & np.isfinite(moved)
    flow, moved = flow[known], moved[known]
    if len(flow) < LEAST_BARS:
        raise NotEnoughDataError(f"expected at least {LEAST_BARS} bars with flow and return, found {len(flow)}")
    # Sums, not products of vectors: those depend on how many threads a machine gives to them.
    slope = float((flow * moved).sum()) / max(float((flow * flow).sum()), np.finfo(np.float64).tiny)
    if slope <= 0.0:
        raise NotEnoughDataError(f"expected prices that go with net flow, found {slope:.3g} per dollar")
    left = float(((moved - slope * flow) ** 2).sum() / (moved**2).sum())
    return FlowImpact(
        usd_per_percent=REFERENCE_DISTANCE / slope, r_squared=1.0 - left, exponent=_exponent(flow, moved),
        bars=len(flow),
    )  # fmt: skip


def _exponent(flow: npt.NDArray[np.float64], moved: npt.NDArray[np.float64]) -> float:
    size = np.abs(flow)
    groups = np.array_split(np.argsort(size, kind="stable"), _GROUPS)[_SMALLEST:]
    means = np.array([(size[group].mean(), (np.sign(flow[group]) * moved[group]).mean()) for group in groups])
    size_log, moved_log = np.log(means[(means > 0.0).all(axis=1)]).T
    if len(size_log) < 2:
        return float("nan")
    return float(np.polyfit(size_log, moved_log, 1)[0])
