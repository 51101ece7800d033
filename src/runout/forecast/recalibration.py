"""Recalibration learnt from issued forecasts whose outcomes were known: there to be used, and not used by default.

On 2022 to 2024 it made the pool worse at every setting tried (nine), so the pool goes out as it is.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from runout.forecast.laws import Band, Law
from runout.scores.arrays import FloatArray, outcomes, probabilities, require_equal_lengths

PRIOR_WEIGHT = 20.0
HALF_LIFE_DAYS = 365.0
_CLIP = 1e-5
_STEPS = 8


class Recalibration(msgspec.Struct, frozen=True):
    """``logit q = intercept + slope · logit p`` turns p into q; the slope is above zero, so no order is turned."""

    intercept: float = 0.0
    slope: float = 1.0

    def of(self, probability: npt.ArrayLike) -> FloatArray:
        """Return recalibrated probabilities."""
        p = np.clip(np.asarray(probability, dtype=np.float64), _CLIP, 1.0 - _CLIP)
        return np.asarray(1.0 / (1.0 + np.exp(-self.intercept - self.slope * (np.log(p) - np.log1p(-p)))))


def past_recalibration(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> Recalibration:
    """Return the fit on past forecasts in time order, the last one day old, shrunk towards leaving them as they are.

    Parameters
    ----------
    probability
        As issued, shape (n,). Every outcome must have been known before the forecast that this is applied to.
    outcome
        Whether the event came.
    """
    p, event = probabilities("probability", probability), outcomes("outcome", outcome)
    require_equal_lengths(probability=p, outcome=event)
    clipped = np.clip(p, _CLIP, 1.0 - _CLIP)
    x = np.column_stack([np.ones(len(p)), np.log(clipped) - np.log1p(-clipped)])
    weight = 0.5 ** (np.arange(len(p))[::-1] / HALF_LIFE_DAYS)
    prior, strength = np.array([0.0, 1.0]), PRIOR_WEIGHT / 4.0
    value = prior.copy()
    for _ in range(_STEPS):
        fitted = 1.0 / (1.0 + np.exp(-x @ value))
        curvature = (x * (weight * fitted * (1.0 - fitted) + 1e-9)[:, np.newaxis]).T @ x + strength * np.eye(2)
        value = value + np.linalg.solve(curvature, x.T @ (weight * (event - fitted)) - strength * (value - prior))
    return Recalibration(float(value[0]), max(float(value[1]), 1e-3))


class RecalibratedLaw(msgspec.Struct, frozen=True):
    """A law whose probabilities are recalibrated, at every threshold alike."""

    law: Law
    recalibration: Recalibration

    @property
    def location(self) -> float:
        """Where its mass is, ln dollars."""
        return self.law.location

    def survival(self, log_usd: FloatArray) -> FloatArray:
        """Return P(ln L ≥ x)."""
        return self.recalibration.of(self.law.survival(log_usd))

    def band(self, log_usd: FloatArray, z: float) -> Band:
        """Return the ends of the band of P(ln L ≥ x)."""
        low, high = self.law.band(log_usd, z)
        return self.recalibration.of(low), self.recalibration.of(high)
