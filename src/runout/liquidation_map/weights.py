r"""What of the inferred liquidations is reported: weights by class and population, fitted to what was reported.

Reported dollars of a bucket t are taken as what the filter liquidated, a weight each,

.. math:: y_t \approx \mu_t = b + \sum_k w_k A_{tk}, \qquad w_k \sim \mathrm{Gamma}(\alpha, \alpha / w_0)

with a background b that no level explains (other contracts of the venue, accounts under cross margin), and the prior
mean :math:`w_0` equal for every class and population: dollars reported over dollars inferred, of all classes together.
A weight holds the true share of a class in what is opened, over the share that the filter gives it, and the part of
liquidations that the feed shows: the two cannot be told apart. What follows from it is therefore *reported*
liquidations, a floor of the true ones.

Reports scatter: they come in lumps of u dollars, and what levels explain, and what the background does, come out high
or low as wholes,

.. math:: \mathrm{Var}\, y_t = u \mu_t + (\mu_t - b)^2 / \kappa + b^2 / \kappa_b = u \mu_t + \mu_t^2 / \kappa_t

which is a Poisson number of lumps at a rate that a Gamma(κₜ, κₜ) variable multiplies. Weights stand at the mode of
their logarithms, found by the multiplicative step of Richardson and Lucy for this variance,

.. math:: w_k \leftarrow w_k
    \frac{\alpha + w_k \sum_t A_{tk} y_t / V_t}{\alpha w_k / w_0 + w_k \sum_t A_{tk} \mu_t / V_t}

which keeps them above zero and is expectation–maximisation where κ is infinite; u, κ and κ_b are fitted by likelihood,
in turns with them.

A map drawn before a move cannot hold what opens on the way and is liquidated on the way. :func:`along_ways` scales
weights so that the dollars expected of past ways, each from the map at its start, come to those that were reported.
"""

from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np

from runout.errors import NotEnoughDataError, UsageError
from runout.scores.arrays import FloatArray, IntArray

Side = Literal["long", "short"]
SIDES: Final[tuple[Side, Side]] = ("long", "short")

STRENGTH: Final = 4.0
"""Shape α of the prior: one standard deviation is half of the weight."""
LEAST_BUCKETS: Final = 60
"""Ten days of 4 h: fewer say nothing about eighteen weights."""
COVERAGE: Final = 0.9
_BACKGROUND: Final = 0.05
"""Share of what is reported that the background takes in the prior."""
_TURNS: Final = 12
_SETTLED: Final = 1e-3
_ITERATIONS: Final = 3000


class SideWeights(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Weights of one side.

    Parameters
    ----------
    weight
        Reported dollars for each inferred dollar, shape (classes, populations).
    prior
        Mean of the prior, the same for all.
    told
        Share of the prior's variance that the data took away, shape (classes, populations): 0 where no bucket reached
        the class, or where another class explains the same.
    class_told
        The same of each class as a whole, its populations mixed as the filter liquidated them, shape (classes,).
    covariance
        Of the logarithms of the weights, shape (weights, weights), classes slowest.
    background_usd
        b, dollars of a bucket.
    lump_usd
        u, dollars.
    shape, background_shape
        κ and κ_b: 1/√κ is the relative standard deviation of what is reported of levels, lumps apart.
    buckets
        How many were fitted.
    way_factor
        What :func:`along_ways` multiplied weights and background by; 1 before.
    """

    weight: FloatArray
    prior: float
    told: FloatArray
    class_told: FloatArray
    covariance: FloatArray
    background_usd: float
    lump_usd: float
    shape: float
    background_shape: float
    buckets: int
    way_factor: float = 1.0

    def prior_driven(self) -> tuple[bool, ...]:
        """Return for each class whether the data's share of it is below one half."""
        return tuple((self.class_told < 0.5).tolist())


class _Scatter(NamedTuple):
    """How reports lie around what is expected of them."""

    lump_usd: float
    shape: float
    background_shape: float

    def variance(self, of_levels: FloatArray, background: float) -> FloatArray:
        """Return the variance of each bucket's report."""
        lumps = self.lump_usd * (of_levels + background)
        return lumps + of_levels**2 / self.shape + background**2 / self.background_shape

    def shapes(self, of_levels: FloatArray, background: float) -> FloatArray:
        """Return κ of each bucket."""
        return (of_levels + background) ** 2 / (of_levels**2 / self.shape + background**2 / self.background_shape)


class Weights(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Weights of both sides, and which buckets they were fitted on.

    Parameters
    ----------
    long, short
        Of each side.
    since, until
        UTC ns: start of the first bucket and end of the last.
    """

    long: SideWeights
    short: SideWeights
    since: int
    until: int

    def of(self, side: Side) -> SideWeights:
        """Return the weights of a side."""
        return self.long if side == "long" else self.short


class Band(NamedTuple):
    """A central band of 90% of a reported total."""

    low: FloatArray
    high: FloatArray


def fit(
    inferred_usd: FloatArray, reported_usd: FloatArray, end: IntArray, *, span: int, strength: float = STRENGTH
) -> Weights:
    """Return weights from buckets; the caller passes only those that were known.

    Parameters
    ----------
    inferred_usd
        Dollars that the filter liquidated, shape (buckets, sides, classes, populations), longs first.
    reported_usd
        Dollars reported, shape (buckets, sides); NaN where nothing was published: such a bucket is left out.
    end
        End of each bucket, UTC ns.
    span
        Length of a bucket, ns.
    strength
        Shape α of the prior.

    Raises
    ------
    UsageError
        If shapes do not fit.
    NotEnoughDataError
        If too few buckets, or none with liquidations, are there.

    References
    ----------
    Richardson (1972), J. Opt. Soc. Am. 62, 55; Shepp and Vardi (1982), IEEE Trans. Med. Imaging 1, 113.
    """
    if inferred_usd.ndim != 4 or reported_usd.shape != inferred_usd.shape[:2] or len(end) != len(inferred_usd):
        raise UsageError(
            "expected inferred dollars of shape (buckets, 2, classes, populations), reported (buckets, 2) and ends "
            f"(buckets,), found {inferred_usd.shape}, {reported_usd.shape} and {end.shape}"
        )
    known = np.isfinite(reported_usd).all(axis=1)
    if known.sum() < LEAST_BUCKETS or not (reported_usd[known] > 0.0).any(axis=0).all():
        raise NotEnoughDataError(
            f"expected at least {LEAST_BUCKETS} buckets of reported liquidations, some of each side, found "
            f"{int(known.sum())}; import liquidations of the venue, finer than a day"
        )
    sides = [_fit_side(inferred_usd[known, side], reported_usd[known, side], strength) for side in (0, 1)]
    return Weights(long=sides[0], short=sides[1], since=int(end[known][0]) - span, until=int(end[known][-1]))


def along_ways(weights: Weights, way_usd: FloatArray, reported_usd: FloatArray) -> Weights:
    r"""Return weights of maps that are drawn before the price moves.

    .. math::
        f = \sum_t y_t \Big/ \sum_t \Big(b + \sum_k w_k W_{tk}\Big), \qquad w_k \leftarrow f w_k, \quad b \leftarrow f b

    Parameters
    ----------
    weights
        Of what the filter liquidated within buckets.
    way_usd
        Dollars that the map at each past bucket's start had along the way that the price then went, shape (buckets,
        sides, classes, populations); NaN where there is none.
    reported_usd
        Dollars reported, shape (buckets, sides); NaN where nothing was published.

    Returns
    -------
    Weights
        The same if fewer than :data:`LEAST_BUCKETS` have both. One factor a side: which classes open on the way, four
        hours do not tell.
    """
    known = np.isfinite(reported_usd).all(axis=1) & np.isfinite(way_usd).all(axis=(1, 2, 3))
    if known.sum() < LEAST_BUCKETS:
        return weights
    sides = [_scaled(weights.of(name), way_usd[known, i], reported_usd[known, i]) for i, name in enumerate(SIDES)]
    return msgspec.structs.replace(weights, long=sides[0], short=sides[1])


def _scaled(of: SideWeights, way_usd: FloatArray, reported_usd: FloatArray) -> SideWeights:
    factor = float(reported_usd.sum() / expected_usd(of, way_usd, background=True).sum())
    return msgspec.structs.replace(
        of, weight=of.weight * factor, prior=of.prior * factor, background_usd=of.background_usd * factor,
        way_factor=factor,
    )  # fmt: skip


def expected_usd(of: SideWeights, inferred_usd: FloatArray, *, background: bool = False) -> FloatArray:
    """Return dollars expected to be reported of inferred ones, shape (…, classes, populations).

    With ``background``, those of a whole bucket: what no level explains is added.
    """
    return np.asarray((inferred_usd * of.weight).sum(axis=(-2, -1))) + background * of.background_usd


def band(of: SideWeights, inferred_usd: FloatArray, *, coverage: float = COVERAGE, background: bool = False) -> Band:
    r"""Return the central band of a reported total, by a gamma law of the total's mean and variance.

    .. math:: \mathrm{Var} = u \mu + \mu^2 / \kappa + g^\top \Sigma g, \qquad g_k = w_k A_k

    The last term is what the weights themselves leave open. A band is that of one total, of one pass of the price
    within one bucket: bands of parts do not add up to that of their sum.

    Parameters
    ----------
    of
        Weights of the side.
    inferred_usd
        Shape (…, classes, populations).
    coverage
        Probability inside.
    background
        Whether the total is that of a whole bucket.

    Returns
    -------
    Band
        Shape (…), around the mean; zero where nothing is expected. It covers the scatter of past reports and the
        weights; not a wrong filter, and not that the price may never get there.
    """
    from scipy.special import gammaincinv  # noqa: PLC0415 - a third of a second, only where a band is asked for

    parts = (inferred_usd * of.weight).reshape(*inferred_usd.shape[:-2], -1)
    of_levels, rest = parts.sum(axis=-1), background * of.background_usd
    mean = of_levels + rest
    open_ = np.einsum("...i,ij,...j->...", parts, of.covariance, parts)
    variance = of.lump_usd * mean + of_levels**2 / of.shape + rest**2 / of.background_shape + open_
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = mean**2 / variance
        tails = ((1.0 - coverage) / 2.0, (1.0 + coverage) / 2.0)
        low, high = (np.where(mean > 0.0, gammaincinv(shape, tail) * variance / mean, 0.0) for tail in tails)
    # Of lumps that seldom come the mean lies beyond the tail: a band that does not hold it would help nobody.
    return Band(np.minimum(low, mean), np.maximum(high, mean))


# -- fitting ----------------------------------------------------------------------------------------------------------


def _fit_side(inferred: FloatArray, reported: FloatArray, strength: float) -> SideWeights:
    sizes = inferred.shape[1:]
    exposure = inferred.reshape(len(inferred), -1)
    if not exposure.any():
        raise NotEnoughDataError("expected buckets in which the filter liquidated something, found none")
    prior = float(reported.sum() / exposure.sum())
    column = np.full((len(exposure), 1), _BACKGROUND * reported.mean() / prior)
    exposure = np.hstack([exposure, column])
    weight = np.full(exposure.shape[1], prior)
    scatter = _Scatter(float(reported.mean()) / 1e3, 2.0, 1.0)
    for _ in range(_TURNS):
        scatter = _scattered(exposure[:, :-1] @ weight[:-1], float(weight[-1] * column[0, 0]), reported, scatter)
        before = weight
        weight = _maximised(exposure, reported, weight, prior=prior, strength=strength, scatter=scatter)
        if np.abs(weight / before - 1.0).max() < _SETTLED:
            break
    background = float(weight[-1] * column[0, 0])
    covariance = _covariance(exposure * weight, strength, scatter)[:-1, :-1]
    exposure, weight = exposure[:, :-1], weight[:-1]
    told = 1.0 - np.diag(covariance) * strength
    mixed = _by_class(exposure * weight, covariance, sizes)
    return SideWeights(
        weight=weight.reshape(sizes), prior=prior, told=np.clip(told, 0.0, 1.0).reshape(sizes),
        class_told=np.clip(1.0 - mixed * strength, 0.0, 1.0), covariance=covariance,
        background_usd=background, lump_usd=scatter.lump_usd, shape=scatter.shape,
        background_shape=scatter.background_shape, buckets=len(exposure),
    )  # fmt: skip


def _maximised(
    exposure: FloatArray,
    reported: FloatArray,
    weight: FloatArray,
    *,
    prior: float,
    strength: float,
    scatter: _Scatter,
) -> FloatArray:
    """Return weights at the mode of their logarithms."""
    for _ in range(_ITERATIONS):
        mean = exposure @ weight
        of_background = float(exposure[0, -1] * weight[-1])
        variance = scatter.variance(mean - of_background, of_background)
        drawn = strength + weight * (exposure.T @ (reported / variance))
        renewed = weight * drawn / (strength * weight / prior + weight * (exposure.T @ (mean / variance)))
        settled = np.abs(renewed / weight - 1.0).max() < 1e-7
        weight = renewed
        if settled:
            break
    return weight


def _scattered(of_levels: FloatArray, background: float, reported: FloatArray, first: _Scatter) -> _Scatter:
    """Return (u, κ, κ_b) of highest likelihood: the negative binomial law of lumps, as a density of dollars."""
    from scipy.optimize import minimize  # noqa: PLC0415 - half a second, only where weights are fitted
    from scipy.special import gammaln  # noqa: PLC0415

    mean = of_levels + background

    def deficit(logs: FloatArray) -> float:
        scatter = _Scatter(*np.exp(logs).tolist())
        lump, shape = scatter.lump_usd, scatter.shapes(of_levels, background)
        lumps, rate = reported / lump, mean / lump
        law = gammaln(lumps + shape) - gammaln(lumps + 1.0) - gammaln(shape) + shape * np.log(shape / (shape + rate))
        return -float((law + lumps * np.log(rate / (shape + rate)) - np.log(lump)).sum())

    scale = float(reported.mean())
    bounds = [(np.log(scale * 1e-4), np.log(scale)), *[(np.log(0.05), np.log(1e4))] * 2]
    found = minimize(deficit, np.log(first), method="L-BFGS-B", bounds=bounds)
    return _Scatter(*np.exp(found.x).tolist())


def _covariance(parts: FloatArray, strength: float, scatter: _Scatter) -> FloatArray:
    """Return the covariance of the log-weights: information of the reports plus that of the prior, inverted."""
    mean, background = parts.sum(axis=1), float(parts[0, -1])
    variance = scatter.variance(mean - background, background)
    information = (parts / variance[:, np.newaxis]).T @ parts
    inverse: FloatArray = np.linalg.inv(information + strength * np.eye(parts.shape[1])).astype(np.float64)
    return inverse


def _by_class(parts: FloatArray, covariance: FloatArray, sizes: tuple[int, ...]) -> FloatArray:
    """Return the variance of each class's logarithm over what the prior would leave it, in units of the prior's."""
    classes, populations = sizes
    mixture = parts.sum(axis=0).reshape(sizes)
    total = mixture.sum(axis=1, keepdims=True)
    shares = np.where(total > 0.0, mixture / np.where(total > 0.0, total, 1.0), 1.0 / populations)
    blocks = covariance.reshape(classes, populations, classes, populations)
    posterior: FloatArray = np.einsum("kp,kpkq,kq->k", shares, blocks, shares)
    made: FloatArray = posterior / (shares**2).sum(axis=1)
    return made
