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

LEAST_OBSERVED: Final = 30
"""Days below which no frequency is given."""
_REACH, _STEP = 7.0, 0.01


OWN_SHARES: Final = (0.15, 0.05, 0.01)
"""Thresholds of a scope's own: what so large a share of its past year's days reached."""


class HeadlineRatio(Protocol):
    """The distribution of headline over measured total, which may depend on the measured total."""

    def exceedance(self, measured_usd: npt.ArrayLike, theta: float) -> FloatArray:
        """Return P(headline ≥ θ) for each measured total."""
        ...

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
        90% interval of the probability itself: what is uncertain in the model's parameters and its present level, not
        the chance of the day.
    """

    theta_usd: float
    probability: float
    low: float
    high: float


def measured(predictive: Predictive, theta_usd: Sequence[float]) -> tuple[Probability, ...]:
    """Return the chance of each threshold of the measured total."""
    point, (low, high) = predictive.exceedance(theta_usd), predictive.interval(theta_usd)
    return tuple(
        Probability(theta_usd=theta, probability=float(p), low=float(a), high=float(b))
        for theta, p, a, b in zip(theta_usd, point, low, high, strict=True)
    )


def headline(predictive: Predictive, ratio: HeadlineRatio, theta_usd: Sequence[float]) -> tuple[Probability, ...]:
    """Return the chance of each threshold of the headline total, the ratio integrated out.

    Parameters
    ----------
    predictive
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
    # The law is asked once on a grid of measured totals, and every threshold reads the same masses between its points.
    edges = np.arange(np.log(min(theta_usd)) - _REACH, np.log(max(theta_usd)) + _REACH / 2.0, _STEP)
    point, (low, high) = predictive.exceedance(np.exp(edges)), predictive.interval(np.exp(edges), level=LEVEL)
    middles = np.exp(edges[:-1] + _STEP / 2.0)

    def probability(theta: float) -> Probability:
        reached = ratio.exceedance(middles, theta)
        chance, least, most = (
            float(np.clip(reached @ (curve[:-1] - curve[1:]) + curve[-1], 0.0, 1.0)) for curve in (point, low, high)
        )
        return Probability(theta_usd=theta, probability=chance, low=min(least, chance), high=max(most, chance))

    return tuple(probability(theta) for theta in theta_usd)


def own_thresholds(total_usd: FloatArray, *, days: int = 365) -> tuple[float, ...]:
    """Return what 15%, 5% and 1% of the last ``days`` observed totals reached, two digits; none with under 30."""
    observed = total_usd[np.isfinite(total_usd)][-days:]
    if len(observed) < LEAST_OBSERVED:
        return ()
    levels = np.quantile(observed, [1.0 - share for share in OWN_SHARES])
    return tuple(dict.fromkeys(float(f"{level:.1e}") for level in levels))


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
        How many of the last days count.

    Returns
    -------
    float or None
        None with under thirty days.
    """
    observed = total_usd[np.isfinite(total_usd)][-days:]
    if len(observed) < LEAST_OBSERVED:
        return None

    def survival(theta: FloatArray) -> FloatArray:
        return (observed[:, np.newaxis] >= theta).mean(axis=0)

    return float(survival(np.array([theta_usd]))[0]) if ratio is None else ratio.integrate(survival, theta_usd)
