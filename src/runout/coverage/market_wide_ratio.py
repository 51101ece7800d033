r"""How much of the headline total our series hold: the ratio headline ÷ measured as a distribution.

With :math:`y_i = \ln(\text{headline}_i/\text{measured}_i)` of n waves (facts of one wave are averaged first, weak ones
count half), normal with unknown mean and variance, and the conjugate prior of :class:`Prior`, the next log ratio is
Student t:

.. math::
    \kappa_n = \kappa_0 + \sum w_i,\quad \mu_n = \frac{\kappa_0\mu_0 + \sum w_i y_i}{\kappa_n},\quad
    \nu_n = \nu_0 + \sum w_i,

.. math::
    \nu_n s_n^2 = \nu_0 s_0^2 + \sum w_i (y_i - \bar y)^2 + \frac{\kappa_0 \sum w_i}{\kappa_n}(\bar y - \mu_0)^2,
    \qquad y_{n+1} \sim t_{\nu_n}\!\left(\mu_n,\; s_n^2 (1 + 1/\kappa_n)\right).

It is wide without facts, and narrows as they come. Nothing published at or after the moment asked for takes part.

References
----------
Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., section 3.3 (normal data with a conjugate prior).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt

from runout.coverage.market_wide_windows import Pair
from runout.errors import UsageError

Floats = npt.NDArray[np.float64]

_NODES = 200
_BISECTIONS = 60


class Prior(msgspec.Struct, frozen=True, kw_only=True):
    """What is believed of a log ratio before any fact.

    Parameters
    ----------
    location
        μ₀.
    strength
        κ₀: as many observations as the belief about the mean is worth.
    scale
        s₀, standard deviation of a single log ratio.
    degrees_of_freedom
        ν₀: as many observations as the belief about the scale is worth.
    """

    location: float
    strength: float = 1.0
    scale: float = 0.35
    degrees_of_freedom: float = 3.0


WIDE_PRIOR = Prior(location=float(np.log(2.0)))
"""Seven coins on Binance, OKX and Bybit. The whole is at least the part, and a part that holds the largest coins and
venues is hardly a fifth of it: 80% of the prior's predictive lies between 0.9 and 4.5."""
NARROW_PRIOR = Prior(location=float(np.log(5.0)), strength=0.5)
"""Four coins on Binance, whose reported share of the three venues was known to be 25% to 45%: 2 over 0.4, and less
sure."""
BRIDGE_PRIOR = Prior(location=float(np.log(2.5)), strength=0.5)
"""The wide scope over the narrow one, from the same share."""


class StudentT(msgspec.Struct, frozen=True):
    """A Student t distribution of a log ratio; the scale is not the standard deviation."""

    location: float
    scale: float
    degrees_of_freedom: float


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """The distribution of headline ÷ measured.

    Parameters
    ----------
    terms
        Independent Student t parts that add up to the log ratio: one, or more where the measured total is itself
        estimated through a ratio (see :meth:`times`).
    events
        Names of the waves behind it, in order of their dates; () is the prior alone.
    known_time
        UTC ns: when the latest of its facts was known; 0 without facts.
    """

    terms: tuple[StudentT, ...]
    events: tuple[str, ...] = ()
    known_time: int = 0

    @property
    def median(self) -> float:
        """Median ratio: all terms are symmetric, so it is the exponential of the sum of their locations."""
        return float(np.exp(sum(term.location for term in self.terms)))

    def times(self, *terms: StudentT) -> "Coverage":
        """Return the distribution of this ratio times independent others."""
        return msgspec.structs.replace(self, terms=self.terms + terms)

    def distribution(self, ratio: npt.ArrayLike) -> Floats:
        """Return P(headline ÷ measured ≤ ratio); ratios of zero and below have probability 0."""
        ratios = np.asarray(ratio, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithm = np.where(ratios > 0.0, np.log(ratios), -np.inf)
        return _distribution(self.terms[0], _shifts(self.terms), logarithm)

    def quantile(self, probability: npt.ArrayLike) -> Floats:
        """Return the ratios below which headline ÷ measured lies with these probabilities.

        Parameters
        ----------
        probability
            Each in (0, 1).

        Raises
        ------
        UsageError
            If one is not.
        """
        wanted = np.asarray(probability, dtype=np.float64)
        if not ((wanted > 0.0) & (wanted < 1.0)).all():
            raise UsageError(f"expected probabilities between 0 and 1, found {probability}")
        return np.exp(_quantile(self.terms, wanted))

    def interval(self, measured_usd: float, level: float) -> tuple[float, float]:
        """Return the central interval of the headline total, in dollars, given the measured one.

        Parameters
        ----------
        measured_usd
            Dollars in the measured scope, of the same hours.
        level
            Probability inside, in (0, 1).
        """
        tail = (1.0 - level) / 2.0
        low, high = self.quantile([tail, 1.0 - tail]) * measured_usd
        return float(low), float(high)

    def exceedance(self, measured_usd: npt.ArrayLike, theta: float) -> Floats:
        """Return P(headline ≥ theta) for each measured total, dollars; 0 where nothing was measured."""
        measured = np.asarray(measured_usd, dtype=np.float64)
        with np.errstate(divide="ignore"):
            return 1.0 - self.distribution(np.where(measured > 0.0, theta / measured, np.inf))

    def samples(self, rng: np.random.Generator, count: int) -> Floats:
        """Return ``count`` independent draws of the ratio."""
        drawn = sum(t.location + t.scale * rng.standard_t(t.degrees_of_freedom, count) for t in self.terms)
        return np.exp(np.asarray(drawn, dtype=np.float64))

    def integrate(self, survival: Callable[[Floats], Floats], theta: float) -> float:
        r"""Return P(headline ≥ theta) where the measured total is itself a distribution.

        .. math:: \Pr(H \ge \theta) = \int \Pr(M \ge \theta / r)\, \mathrm{d}F(r),

        by Gauss-Legendre quadrature over the quantiles of the ratio r; the measured total M is taken as independent of
        the ratio.

        Parameters
        ----------
        survival
            P(M ≥ m) for an array of dollars.
        theta
            Dollars.
        """
        probability, weight = _unit_nodes()
        return float(np.sum(weight * survival(theta / self.quantile(probability))))


def fit(pairs: Iterable[Pair], prior: Prior) -> Coverage:
    """Return the predictive distribution of the next ratio, given pairs and a prior.

    Parameters
    ----------
    pairs
        Reported and measured totals of the same hours. Those of one event are averaged (weighted) in the logarithm and
        count once, with the largest of their weights.
    prior
        For the scope of the measured totals.
    """
    ordered = sorted(pairs, key=lambda pair: (pair.date, pair.event, pair.known_time, pair.headline_usd))
    names, values, weights = _waves(ordered)
    return Coverage(
        terms=(posterior(values, weights, prior),),
        events=names,
        known_time=max((pair.known_time for pair in ordered), default=0),
    )


def fit_before(pairs: Iterable[Pair], prior: Prior, at: int) -> Coverage:
    """Return the fit that a reader at ``at`` (UTC ns) could have made: pairs known strictly before."""
    return fit([pair for pair in pairs if pair.known_time < at], prior)


def posterior(values: Sequence[float], weights: Sequence[float], prior: Prior) -> StudentT:
    """Return the predictive Student t of the next value, by the equations of this module."""
    y, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    count = float(w.sum())
    mean = float((w * y).sum() / count) if count else prior.location
    strength = prior.strength + count
    freedom = prior.degrees_of_freedom + count
    squares = (
        prior.degrees_of_freedom * prior.scale**2
        + float((w * (y - mean) ** 2).sum())
        + prior.strength * count / strength * (mean - prior.location) ** 2
    )
    return StudentT(
        location=(prior.strength * prior.location + count * mean) / strength,
        scale=float(np.sqrt(squares / freedom * (1.0 + 1.0 / strength))),
        degrees_of_freedom=freedom,
    )


def _waves(pairs: Sequence[Pair]) -> tuple[tuple[str, ...], list[float], list[float]]:
    grouped: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        grouped[pair.event].append(pair)
    values = [float(np.average([p.log_ratio for p in g], weights=[p.weight for p in g])) for g in grouped.values()]
    return tuple(grouped), values, [max(p.weight for p in g) for g in grouped.values()]


@cache
def _unit_nodes() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1.0) / 2.0, weights / 2.0


def _shifts(terms: tuple[StudentT, ...]) -> tuple[Floats, Floats]:
    """Return what the terms after the first add: quantiles at the nodes of a quadrature, and their weights."""
    if len(terms) == 1:
        return np.zeros(1), np.ones(1)
    probability, weight = _unit_nodes()
    return _quantile(terms[1:], probability), weight


def _distribution(term: StudentT, shifts: tuple[Floats, Floats], logarithm: Floats) -> Floats:
    from scipy.special import stdtr  # noqa: PLC0415 - a third of a second, only where a distribution is asked for

    shift, weight = shifts
    standard = (logarithm[..., np.newaxis] - term.location - shift) / term.scale
    return np.asarray(stdtr(term.degrees_of_freedom, standard) @ weight, dtype=np.float64)


def _quantile(terms: tuple[StudentT, ...], probability: Floats) -> Floats:
    from scipy.special import stdtrit  # noqa: PLC0415

    def alone(term: StudentT, p: Floats) -> Floats:
        return np.asarray(term.location + term.scale * stdtrit(term.degrees_of_freedom, p), dtype=np.float64)

    if len(terms) == 1:
        return alone(terms[0], probability)
    # A sum beyond the parts' quantiles of probability e has some part beyond its own: at most k·e, so these bracket it.
    extreme = np.minimum(probability, 1.0 - probability) / (2.0 * len(terms))
    low = np.sum([alone(term, extreme) for term in terms], axis=0)
    high = np.sum([alone(term, 1.0 - extreme) for term in terms], axis=0)
    shifts = _shifts(terms)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        below = _distribution(terms[0], shifts, middle) < probability
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2.0
