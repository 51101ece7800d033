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

The ratio may grow with the wave: capped feeds show least where most is liquidated. So the location is a line in the
logarithm of the measured total, :math:`\mu + \beta(\ln m - c)`, with a prior on β too; the equations above are those of
one coefficient, and the scale of the predictive widens with the distance from what was seen. Facts count by their age,
half as much every two years: feeds and venues change.

It is wide without facts, and narrows as they come. Nothing published at or after the moment asked for takes part.

References
----------
Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., sections 3.3 and 14.2 (conjugate
prior for normal data and for a regression).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt

from runout.clock import NANOSECONDS_PER_DAY
from runout.coverage.market_wide_windows import Pair
from runout.errors import UsageError

Floats = npt.NDArray[np.float64]

HALF_LIFE_DAYS = 730.0
"""Age at which a fact counts half."""
_NODES = 200
_BISECTIONS = 60
_BELOW, _ABOVE, _STEP = 8.0, 4.0, 0.02
_KNOWN = 1e9
"""Strength of a belief that no fact moves."""


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
    growth, growth_strength, centre
        β₀, its strength, and c in ln dollars.
    """

    location: float
    strength: float = 1.0
    scale: float = 0.35
    degrees_of_freedom: float = 3.0
    growth: float = 0.0
    growth_strength: float = _KNOWN
    centre: float = 0.0


_GROWTH = 0.1
"""What a capped feed loses more for every e-fold of its total: between none and the 0.13 that four coins on Binance
lost against three venues from 2025-02-20 on, when one of these began to report everything."""
WIDE_PRIOR = Prior(
    location=float(np.log(2.0)), scale=0.4, degrees_of_freedom=6.0, growth=_GROWTH, growth_strength=20.0,
    centre=float(np.log(4e8)),
)  # fmt: skip
"""Seven coins on Binance, OKX and Bybit. The whole is at least the part, and a part that holds the largest coins and
venues is hardly a fifth of it: 80% of the prior's predictive lies between 0.9 and 4.5."""
NARROW_PRIOR = Prior(
    location=float(np.log(6.0)), strength=0.5, scale=0.5, degrees_of_freedom=10.0, growth=_GROWTH, growth_strength=20.0,
    centre=float(np.log(1e8)),
)  # fmt: skip
"""Four coins on Binance, whose reported share of the three venues was known to be 25% to 45%: 2 over a third, and less
sure, since one venue's share changes from wave to wave."""
BRIDGE_PRIOR = Prior(location=float(np.log(2.5)), strength=0.5)
"""The wide scope over the narrow one, from the same share."""


def prior_of(share: float) -> Prior:
    """Return the prior of a scope that is expected to report a share of the whole market's liquidations."""
    return msgspec.structs.replace(
        NARROW_PRIOR, location=float(-np.log(share)), centre=float(np.log(7e8 * share)), strength=3.0
    )


class StudentT(msgspec.Struct, frozen=True):
    """A Student t distribution of a log ratio; the scale is not the standard deviation.

    Parameters
    ----------
    location, scale, degrees_of_freedom
        At the centre.
    growth, centre, widening
        Slope of the location in ln(measured dollars), where that is the centre, and what the squared scale gains with
        the squared distance from it.
    """

    location: float
    scale: float
    degrees_of_freedom: float
    growth: float = 0.0
    centre: float = 0.0
    widening: float = 0.0

    def at(self, log_usd: Floats) -> tuple[Floats, Floats]:
        """Return location and scale for measured totals, ln dollars."""
        away = np.asarray(log_usd, dtype=np.float64) - self.centre
        return self.location + self.growth * away, np.sqrt(self.scale**2 + self.widening * away**2)


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
        """Median ratio at the centre: all terms are symmetric, so the exponential of the sum of their locations."""
        return float(np.exp(sum(term.location for term in self.terms)))

    def median_where(self, headline_usd: float) -> float:
        """Return the median ratio of the measured total whose median headline is so many dollars."""
        slope = sum(term.growth for term in self.terms)
        base = sum(term.location - term.growth * term.centre for term in self.terms)
        return float(headline_usd / np.exp((np.log(headline_usd) - base) / (1.0 + slope)))

    def at(self, measured_usd: float) -> "Coverage":
        """Return the distribution for one measured total, dollars above zero."""
        places = [(term, *term.at(np.log([measured_usd]))) for term in self.terms]
        terms = tuple(StudentT(float(m[0]), float(s[0]), term.degrees_of_freedom) for term, m, s in places)
        return msgspec.structs.replace(self, terms=terms)

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
        requested = np.asarray(probability, dtype=np.float64)
        if not ((requested > 0.0) & (requested < 1.0)).all():
            raise UsageError(f"expected probabilities between 0 and 1, found {probability}")
        return np.exp(_quantile(self.terms, requested))

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
        low, high = self.at(measured_usd).quantile([tail, 1.0 - tail]) * measured_usd
        return float(low), float(high)

    def exceedance(self, measured_usd: npt.ArrayLike, theta: float) -> Floats:
        """Return P(headline ≥ theta) for each measured total, dollars; 0 where nothing was measured."""
        from scipy.special import stdtr  # noqa: PLC0415 - a third of a second, only where a distribution is asked for

        measured = np.asarray(measured_usd, dtype=np.float64)
        positive = np.where(measured > 0.0, measured, 1.0)
        location, scale = self.terms[0].at(np.log(positive))
        shift, weight = _shifts(self.terms)
        standard = (location[..., np.newaxis] + shift - np.log(theta / positive)[..., np.newaxis]) / scale[
            ..., np.newaxis
        ]
        reached = np.asarray(stdtr(self.terms[0].degrees_of_freedom, standard) @ weight, dtype=np.float64)
        return np.where(measured > 0.0, reached, 0.0)

    def samples(self, rng: np.random.Generator, count: int) -> Floats:
        """Return ``count`` independent draws of the ratio."""
        drawn = sum(t.location + t.scale * rng.standard_t(t.degrees_of_freedom, count) for t in self.terms)
        return np.exp(np.asarray(drawn, dtype=np.float64))

    def integrate(self, survival: Callable[[Floats], Floats], theta: float) -> float:
        r"""Return P(headline ≥ theta) where the measured total is itself a distribution.

        .. math:: \Pr(H \ge \theta) = -\int \Pr(r \ge \theta / m \mid m)\, \mathrm{d}\Pr(M \ge m),

        summed over steps of 2% of the measured total M.

        Parameters
        ----------
        survival
            P(M ≥ m) for an array of dollars.
        theta
            Dollars.
        """
        edges = np.log(theta) + np.arange(-_BELOW, _ABOVE, _STEP)
        above = survival(np.exp(edges))
        reached = self.exceedance(np.exp(edges[:-1] + _STEP / 2.0), theta)
        return float(reached @ (above[:-1] - above[1:]) + above[-1])


def fit(pairs: Iterable[Pair], prior: Prior, at: int | None = None) -> Coverage:
    """Return the predictive distribution of the next ratio, given pairs and a prior.

    Parameters
    ----------
    pairs
        Reported and measured totals of the same hours. Those of one event are averaged (weighted) in the logarithm and
        count once, with the largest of their weights.
    prior
        For the scope of the measured totals.
    at
        UTC ns: when it is looked back from; None: the date of the latest fact.
    """
    ordered = sorted(pairs, key=lambda pair: (pair.date, pair.event, pair.known_time, pair.headline_usd))
    names, values, weights, sizes = _waves(ordered, max((p.date for p in ordered), default=0) if at is None else at)
    return Coverage(
        terms=(posterior(values, weights, prior, sizes),),
        events=names,
        known_time=max((pair.known_time for pair in ordered), default=0),
    )


def fit_before(pairs: Iterable[Pair], prior: Prior, at: int) -> Coverage:
    """Return the fit that a reader at ``at`` (UTC ns) could have made: pairs known strictly before."""
    return fit([pair for pair in pairs if pair.known_time < at], prior, at)


def posterior(values: Sequence[float], weights: Sequence[float], prior: Prior, sizes: Sequence[float] = ()) -> StudentT:
    """Return the predictive Student t of the next value, by the equations of this module.

    Parameters
    ----------
    values, weights
        Log ratios, and as how many observations each counts.
    prior
        What is believed before.
    sizes
        ln of the measured totals; empty: all at the prior's centre.
    """
    y, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    away = np.asarray(sizes, dtype=np.float64) - prior.centre if len(sizes) else np.zeros(len(y))
    design = np.column_stack([np.ones(len(y)), away])
    before, belief = np.diag([prior.strength, prior.growth_strength]), np.array([prior.location, prior.growth])
    spread = np.linalg.inv(before + (design * w[:, np.newaxis]).T @ design)
    mean = spread @ (before @ belief + (design * w[:, np.newaxis]).T @ y)
    freedom = prior.degrees_of_freedom + float(w.sum())
    # Squares about the fit, not differences of large sums: a strong belief would cancel them away.
    moved = mean - belief
    squares = (
        prior.degrees_of_freedom * prior.scale**2 + float(w @ (y - design @ mean) ** 2) + float(moved @ before @ moved)
    )
    scale = squares / freedom
    aside = -float(spread[0, 1] / spread[1, 1])
    return StudentT(
        location=float(mean[0] + mean[1] * aside),
        scale=float(np.sqrt(scale * (1.0 + spread[0, 0] - spread[0, 1] ** 2 / spread[1, 1]))),
        degrees_of_freedom=freedom,
        growth=float(mean[1]),
        centre=prior.centre + aside,
        widening=float(scale * spread[1, 1]),
    )


def _waves(pairs: Sequence[Pair], at: int) -> tuple[tuple[str, ...], list[float], list[float], list[float]]:
    """Return each wave's name, mean log ratio, weight by strength and age, and mean ln of what was measured."""
    grouped: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        grouped[pair.event].append(pair)
    values = [float(np.average([p.log_ratio for p in g], weights=[p.weight for p in g])) for g in grouped.values()]
    sizes = [
        float(np.average(np.log([p.measured_usd for p in g]), weights=[p.weight for p in g])) for g in grouped.values()
    ]
    ages = [max(at - max(p.date for p in g), 0) / NANOSECONDS_PER_DAY for g in grouped.values()]
    weights = [
        max(p.weight for p in g) * 0.5 ** (age / HALF_LIFE_DAYS) for g, age in zip(grouped.values(), ages, strict=True)
    ]
    return tuple(grouped), values, weights, sizes


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
