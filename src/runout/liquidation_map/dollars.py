r"""Dollars of inferred levels: what a venue's feed reported in the past for each inferred dollar that was crossed.

What was reported of a side in a bucket is set against what the map of the bucket's start had along the way that the
price then went,

.. math:: y_t \approx \mu_t = b + c A_t, \qquad \mathrm{Var}\, y_t = u \mu_t + \sigma^2 \mu_t^2

with a background b that no level explains. The share c holds what the feed leaves out, so dollars are *reported* ones,
a lower bound of those liquidated. b and c maximise the quasi-likelihood of variance ∝ μ, by which reported and expected
agree in the sum; u and σ that of a gamma law, which the band is of.

*Assumption.* A level at distance x was put to the test by the n(x) past ways that went so far. The share
:data:`TESTS` / (TESTS + n) of its dollars is assumption: of the prior of distance, which ways that ended nearer say
nothing of. What the prior's exponents from low to high would make of it widens the band.
"""

import math
from typing import Final

import msgspec
import numpy as np

from runout.errors import NotEnoughDataError, UsageError
from runout.liquidation_map.prior import Prior
from runout.margin.arrays import Side
from runout.scores.arrays import FloatArray, IntArray

SIDES: Final[tuple[Side, Side]] = ("long", "short")
LEAST_BUCKETS: Final = 60
"""Ten days of 4 h."""
TESTS: Final = 10.0
"""Past ways to a distance after which half of a level there is data."""
ASSUMED: Final = 0.75
"""Relative standard deviation of a level that is all assumption: exponents .5 and 1 differ from .75 by a factor 2."""
ALONE: Final = 2.0
"""Dollars that a capped feed shows of a level closed alone, for each that it shows of it within a busy pass: it hides
half of those (1.25 to 3.3, as in ``runout.pipeline.whatif_answers``), and next to nothing of a quiet second."""
_QUANTILE: Final = 1.6449
"""Of the normal law, at 95%."""
_TURNS: Final = 100
_LUMPS: Final = np.geomspace(1e-3, 3.0, 12)
_SPREADS: Final = np.geomspace(0.1, 2.0, 12)


class SideDollars(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What a side's inferred dollars are worth in reports.

    Parameters
    ----------
    shown
        c, reported for each inferred dollar.
    background_usd
        b, dollars of a bucket.
    lump_usd, spread
        u, dollars, and σ.
    typical_usd
        Mean of what was expected of a bucket, background aside.
    ways
        Log distances that past ways went, ascending: what levels were put to the test by.
    alone
        Shown of a level closed alone, for each dollar shown of it in a pass: :data:`ALONE` of a capped feed, else 1.
    """

    shown: float
    background_usd: float
    lump_usd: float
    spread: float
    typical_usd: float
    ways: FloatArray
    alone: float = 1.0

    def assumed(self, distance: FloatArray) -> FloatArray:
        """Return the share of levels at log distances (0 and more) that is assumption."""
        tests = len(self.ways) - np.searchsorted(self.ways, distance)
        return TESTS / (TESTS + tests.astype(np.float64))

    def expected_usd(self, inferred_usd: FloatArray, *, background: bool = False) -> FloatArray:
        """Return dollars expected to be reported; with ``background`` those of a whole bucket."""
        return self.shown * np.asarray(inferred_usd) + background * self.background_usd


class Dollars(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Both sides.

    Parameters
    ----------
    long, short
        Of each side.
    buckets
        How many were fitted; 0: shipped parameters stand for the venue's own reports.
    since, until
        UTC ns: start of the first bucket and end of the last.
    """

    long: SideDollars
    short: SideDollars
    buckets: int
    since: int
    until: int

    def for_side(self, side: Side) -> SideDollars:
        """Return a side."""
        return self.long if side == "long" else self.short


def fit(
    crossed_usd: FloatArray,
    reported_usd: FloatArray,
    distance: FloatArray,
    end: IntArray,
    *,
    span: int,
    capped: bool = True,
) -> Dollars:
    """Return dollars fitted to buckets; the caller passes only those that were known.

    Parameters
    ----------
    crossed_usd
        Inferred along the way of each bucket by the map of its start, shape (buckets, sides), longs first.
    reported_usd
        Likewise; NaN where nothing was published: such a bucket is left out.
    distance
        Log price that each way went, likewise.
    end
        End of each bucket, UTC ns.
    span
        Length of a bucket, ns.
    capped
        Whether the feed leaves out some of what comes at once.

    Raises
    ------
    UsageError
        If shapes do not fit.
    NotEnoughDataError
        If too few buckets have a report, or a side none.

    References
    ----------
    Wedderburn (1974), Biometrika 61, 439.
    """
    if not crossed_usd.shape == reported_usd.shape == distance.shape == (len(end), 2):
        raise UsageError(
            f"expected arrays of shape (buckets, 2), found {crossed_usd.shape}, {reported_usd.shape}, {distance.shape}"
        )
    known = np.isfinite(reported_usd).all(axis=1) & np.isfinite(crossed_usd).all(axis=1)
    sums = (crossed_usd[known].sum(axis=0) > 0.0) & (reported_usd[known].sum(axis=0) > 0.0)
    if known.sum() < LEAST_BUCKETS or not sums.all():
        raise NotEnoughDataError(
            f"expected at least {LEAST_BUCKETS} buckets of reported liquidations, some of each side, found "
            f"{int(known.sum())}; import liquidations of the venue, finer than a day"
        )
    crossed, reported, away = crossed_usd[known], reported_usd[known], distance[known]
    alone = ALONE if capped else 1.0
    sides = [_fitted(crossed[:, s], reported[:, s], away[:, s], alone) for s in (0, 1)]
    ends = end[known]
    return Dollars(
        long=sides[0], short=sides[1], buckets=len(ends), since=int(ends[0]) - span, until=int(ends[-1])
    )  # fmt: skip


def shipped_dollars(prior: Prior, open_interest_usd: float, at: int) -> Dollars:
    """Return dollars by the prior's feed, for a venue without reports of its own: all of it assumption."""
    feed = prior.feed
    side = SideDollars(
        shown=feed.shown, background_usd=feed.background * open_interest_usd, lump_usd=0.0, spread=feed.spread,
        typical_usd=0.0, ways=np.empty(0), alone=ALONE,
    )  # fmt: skip
    return Dollars(long=side, short=side, buckets=0, since=at, until=at)


def band(
    side_dollars: SideDollars,
    inferred_usd: FloatArray,
    assumed: FloatArray,
    *,
    background: bool = False,
    part: bool = False,
) -> tuple[FloatArray, FloatArray]:
    r"""Return the central band of a reported total: of one pass of the price within one bucket.

    .. math:: \mu\left(1 - \frac{v}{9} \pm 1.645 \frac{\sqrt{v}}{3}\right)^3, \qquad v = \mathrm{Var}\, y / \mu^2

    Parameters
    ----------
    side_dollars
        A side.
    inferred_usd
        Any shape.
    assumed
        Share of them that is assumption, likewise.
    background
        Whether the total is that of a whole bucket.
    part
        Whether it is a level among others of one pass: what varies from pass to pass varies from level to level too, so
        σ² times the typical total is added to the lump; and it may be closed alone, so the high end is of as much more.

    Returns
    -------
    tuple
        Low and high, shapes as given, holding what is expected. They cover the scatter of past reports and the prior's
        exponents; not that the price may never get there. Bands of parts do not add up to that of their sum.

    References
    ----------
    Wilson and Hilferty (1931), Proc. Natl. Acad. Sci. 17, 684: quantiles of the gamma law.
    """
    mean = side_dollars.expected_usd(inferred_usd, background=background)
    low, _ = _ends(side_dollars, mean, side_dollars.expected_usd(inferred_usd) * assumed, part=part)
    most = side_dollars.alone if part else 1.0
    _, high = _ends(side_dollars, most * mean, most * side_dollars.expected_usd(inferred_usd) * assumed, part=part)
    return low, high


def _ends(
    side_dollars: SideDollars, mean: FloatArray, assumed_usd: FloatArray, *, part: bool
) -> tuple[FloatArray, FloatArray]:
    lump = side_dollars.lump_usd + part * side_dollars.spread**2 * side_dollars.typical_usd
    variance = lump * mean + (side_dollars.spread * mean) ** 2 + (ASSUMED * assumed_usd) ** 2
    ratio = np.divide(variance, mean**2, out=np.zeros_like(mean), where=mean > 0.0)
    low, high = (
        mean * np.maximum(1.0 - ratio / 9.0 + end * np.sqrt(ratio) / 3.0, 0.0) ** 3 for end in (-_QUANTILE, _QUANTILE)
    )
    # Of lumps that seldom come the gamma law's tail ends before the mean, and so before a single lump.
    return np.minimum(low, mean), np.maximum(high, mean + _QUANTILE * np.sqrt(variance))


# -- fitting ----------------------------------------------------------------------------------------------------------


def _fitted(crossed: FloatArray, reported: FloatArray, distance: FloatArray, alone: float) -> SideDollars:
    background, shown = 0.3 * reported.mean(), 0.7 * reported.sum() / crossed.sum()
    for _ in range(_TURNS):
        ratio = reported / (background + shown * crossed)
        background, shown = background * ratio.mean(), shown * float((crossed * ratio).sum() / crossed.sum())
    mean = background + shown * crossed
    lump, spread = _scatter(mean, reported)
    return SideDollars(
        shown=shown, background_usd=float(background), lump_usd=lump, spread=spread,
        typical_usd=float(shown * crossed.mean()), ways=np.sort(distance), alone=alone,
    )  # fmt: skip


def _scatter(mean: FloatArray, reported: FloatArray) -> tuple[float, float]:
    """Return (u, σ) of highest likelihood on a grid, by a gamma law of the mean and variance."""
    lump, spread = (item[:, np.newaxis] for item in np.array([(u, s) for u in _LUMPS for s in _SPREADS]).T)
    unit = float(reported.mean())
    variance = lump * unit * mean + (spread * mean) ** 2
    shape, scale = mean**2 / variance, variance / mean
    seen = np.maximum(reported, unit * 1e-4)
    law = (shape - 1.0) * np.log(seen) - seen / scale - _log_gamma(shape) - shape * np.log(scale)
    best = int(np.argmax(law.sum(axis=1)))
    return float(lump[best, 0] * unit), float(spread[best, 0])


def _log_gamma(values: FloatArray) -> FloatArray:
    """Return ln Γ of values above zero, to 1e-10: Stirling's series after seven steps up."""
    up = values + 7.0
    series = (up - 0.5) * np.log(up) - up + 0.5 * math.log(2.0 * math.pi) + 1.0 / (12.0 * up) - 1.0 / (360.0 * up**3)
    steps = np.ones_like(values)
    for i in range(7):
        steps *= values + i
    return series + 1.0 / (1260.0 * up**5) - np.log(steps)
