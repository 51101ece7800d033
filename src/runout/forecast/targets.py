"""What is forecast: thresholds on the headline total, on the measured total, and on the share of open interest.

Headline: liquidations of all coins on all venues as the big aggregators report them. Measured: what our series hold.
The ratio of the two is a distribution (:mod:`runout.coverage.market_wide_ratio`), and comes in as a part, so that a
probability of a headline total carries its uncertainty.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from runout.forecast.protocol import LEVEL, Predictive
from runout.scores.arrays import FloatArray

HEADLINE_USD: Final = (0.25e9, 0.5e9, 1e9, 2e9, 5e9)
"""Thresholds of the bulletin."""
DANGER_USD: Final = 1e9
"""The threshold that the danger level speaks of."""
MEASURED_USD: Final = 0.25e9
"""The threshold that scores are quoted at: the highest with enough events, about half of a $1B headline."""
SHARES_OF_INTEREST: Final = (0.002, 0.003, 0.005)
"""Thresholds of L over open interest, which drift with neither prices nor leverage."""

_REACH, _STEP = 6.0, 0.03


class HeadlineRatio(Protocol):
    """The distribution of headline over measured total."""

    def integrate(self, survival: Callable[[FloatArray], FloatArray], theta: float) -> float:
        """Return P(headline ≥ θ) where the measured total has this survival function."""
        ...


class Probability(msgspec.Struct, frozen=True, kw_only=True):
    """The chance of one threshold.

    Parameters
    ----------
    theta_usd
        Threshold, dollars.
    probability
        P(total ≥ θ).
    low, high
        90% interval of the probability itself: parameters and disagreement of the members, not the chance of the day.
    """

    theta_usd: float
    probability: float
    low: float
    high: float


def measured(made: Predictive, theta_usd: Sequence[float]) -> tuple[Probability, ...]:
    """Return the chance of each threshold of the measured total."""
    point, (low, high) = made.exceedance(theta_usd), made.interval(theta_usd)
    return tuple(
        Probability(theta_usd=theta, probability=float(p), low=float(a), high=float(b))
        for theta, p, a, b in zip(theta_usd, point, low, high, strict=True)
    )


def headline(made: Predictive, ratio: HeadlineRatio, theta_usd: Sequence[float]) -> tuple[Probability, ...]:
    """Return the chance of each threshold of the headline total, the ratio integrated out.

    Parameters
    ----------
    made
        The distribution of the measured total.
    ratio
        Headline over measured, as known when the forecast is made; taken as independent of the measured total.
    theta_usd
        Dollars.

    Notes
    -----
    The interval integrates the ends of the measured interval: of the ratio's parameters it knows what its own
    distribution already holds.
    """
    # Evaluated once on a grid and read off it: the law is the dear part, and every threshold asks for it everywhere.
    grid = np.arange(np.log(min(theta_usd)) - _REACH, np.log(max(theta_usd)) + _REACH, _STEP)
    point, (low, high) = made.exceedance(np.exp(grid)), made.interval(np.exp(grid), level=LEVEL)

    def integrated(curve: FloatArray, theta: float) -> float:
        return float(np.clip(ratio.integrate(lambda usd: np.interp(np.log(usd), grid, curve), theta), 0.0, 1.0))

    return tuple(
        Probability(
            theta_usd=theta,
            probability=integrated(point, theta),
            low=integrated(low, theta),
            high=integrated(high, theta),
        )
        for theta in theta_usd
    )


def share_exceedance(made: Predictive, share: npt.ArrayLike) -> FloatArray:
    """Return P(L ≥ q · open interest known at the origin) for each share q; NaN where open interest is not known."""
    wanted = np.atleast_1d(np.asarray(share, dtype=np.float64))
    if not np.isfinite(made.log_interest):
        return np.full(wanted.shape, np.nan)
    return made.exceedance(wanted * np.exp(made.log_interest))


def base_rate(total_usd: FloatArray, ratio: HeadlineRatio | None, theta_usd: float, *, days: int = 365) -> float | None:
    """Return how often the last ``days`` observed days reached θ: what to expect knowing nothing of today.

    Parameters
    ----------
    total_usd
        Measured totals in time order, dollars; NaN where not observed.
    ratio
        Headline over measured, for a base rate of the headline; None for the measured total itself.
    theta_usd
        Dollars.
    days
        How many.

    Returns
    -------
    float or None
        None if no day was observed.
    """
    observed = total_usd[np.isfinite(total_usd)][-days:]
    if not len(observed):
        return None

    def survival(theta: FloatArray) -> FloatArray:
        return (observed[:, np.newaxis] >= theta).mean(axis=0)

    return float(survival(np.array([theta_usd]))[0]) if ratio is None else ratio.integrate(survival, theta_usd)
