r"""How much of the reported dollars could be told at all: what lumps leave open, and what venues have in common.

*Lumps.* Were the mean of a bucket known, its report would still be a Poisson number of orders of Pareto size,

.. math:: N \sim \mathrm{Poisson}(n), \qquad P(X > x) = (x_0 / x)^\alpha, \quad x_0 = (\mu / n) (\alpha - 1) / \alpha

and the variance of its logarithm is out of reach of any map.

*Venues.* Three venues see one price. If what they report in the same four hours has one common part, and parts of their
own that are unrelated, the common share of the first one's log variance is :math:`r_{12} r_{13} / r_{23}`
(Spearman's triad). What belongs to the first alone (its lumps, its cap, its own positions) cannot be told from anything
that the venues share.
"""

from typing import Final

import msgspec
import numpy as np

from runout.errors import NotEnoughDataError
from runout.scores import stationary_blocks
from runout.scores.arrays import FloatArray

DRAWS: Final = 60
_RESAMPLES: Final = 2000
_BLOCK: Final = 5.0
_LEAST: Final = 20


class Lumps(msgspec.Struct, frozen=True):
    """What lumps leave open.

    Parameters
    ----------
    tail
        α.
    orders
        Median of n.
    deviation
        Root mean variance of the log report of a bucket whose mean is known.
    reachable
        ``1 − mean variance ÷ variance of the log reports``: the R² of who knows every mean.
    """

    tail: float
    orders: float
    deviation: float
    reachable: float


class Common(msgspec.Struct, frozen=True):
    """What venues have in common.

    Parameters
    ----------
    moments
        Windows in which all three reported.
    share, low, high
        Share of the first venue's log variance that is common, with its 95% interval.
    own_deviation, own_low, own_high
        Standard deviation of the log of what is its own, with its interval.
    """

    moments: int
    share: float
    low: float
    high: float
    own_deviation: float
    own_low: float
    own_high: float


def lumps(
    expected_usd: FloatArray, reported_usd: FloatArray, *, tail: float, orders: FloatArray, rng: np.random.Generator
) -> Lumps:
    """Return how far reports would lie from known means if orders came independently.

    Parameters
    ----------
    expected_usd
        Mean of each bucket, dollars, above 0, shape (n,).
    reported_usd
        What was reported, shape (n,): its log variance is what the reachable share is of.
    tail
        α of the sizes, above 1.
    orders
        Mean number n of reported orders of each bucket, shape (n,).
    rng
        Draws orders.
    """
    scale = expected_usd / orders * (tail - 1.0) / tail
    drawn = np.empty((DRAWS, len(expected_usd)))
    for row in range(DRAWS):
        count = rng.poisson(orders)
        bucket = np.repeat(np.arange(len(count)), count)
        sizes = scale[bucket] * (1.0 - rng.random(len(bucket))) ** (-1.0 / tail)
        drawn[row] = np.bincount(bucket, weights=sizes, minlength=len(count))
    variance = float(np.log(np.maximum(drawn, 1.0)).var(axis=0, ddof=1).mean())
    whole = float(np.log(np.maximum(reported_usd, 1.0)).var())
    return Lumps(tail, float(np.median(orders)), float(np.sqrt(variance)), 1.0 - variance / whole)


def common_to_venues(reported_usd: FloatArray, rng: np.random.Generator) -> Common:
    """Return what three venues' reports of the same windows have in common, as seen from the first.

    Parameters
    ----------
    reported_usd
        Shape (windows, 3), in time order, dollars above 0.
    rng
        Draws blocks of windows.

    Raises
    ------
    NotEnoughDataError
        With fewer than 20 windows.
    """
    if len(reported_usd) < _LEAST:
        raise NotEnoughDataError(f"expected at least {_LEAST} windows of three venues, found {len(reported_usd)}")
    logs = np.log(reported_usd)
    rows = stationary_blocks(len(logs), _RESAMPLES, _BLOCK, rng)
    drawn = np.array([_triad(logs[one]) for one in rows])
    share, own = _triad(logs)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return Common(len(logs), share, float(low[0]), float(high[0]), own, float(low[1]), float(high[1]))


def _triad(logs: FloatArray) -> tuple[float, float]:
    r = np.asarray(np.corrcoef(logs.T), dtype=np.float64).reshape(3, 3)
    share = float(np.clip(r[0, 1] * r[0, 2] / r[1, 2], 0.0, 1.0))
    return share, float(np.sqrt((1.0 - share) * logs[:, 0].var(ddof=1)))
