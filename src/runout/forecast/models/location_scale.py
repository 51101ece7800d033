r"""Ridge location and scale with the law of past residuals: the first member of the pool.

.. math::
    t_d = \ln L_d - m_d = b_0 + b'z_d + s\, e^{\gamma' g_d} \varepsilon_d

with m the level known before the day, z the covariates, g the weekend, the predicted deviation and the size of the last
week's residuals. The law of ε is nine parts kernel of its past values (bandwidth 0.3) and one part Student t with 5
degrees of freedom, which alone speaks beyond what was seen.
"""

import msgspec
import numpy as np

from runout.forecast.covariates import SATURDAY, SUNDAY, Sample, Scaler, covariates_of, sample_of, training_covariates
from runout.forecast.features import Evidence
from runout.forecast.laws import ResidualLaw
from runout.forecast.protocol import Predictive, predictive
from runout.forecast.regression import Coefficients, student_ridge, student_scale
from runout.scores.arrays import FloatArray

FREEDOM, TAIL_FREEDOM, TAIL_WEIGHT, BANDWIDTH = 30.0, 5.0, 0.1, 0.3
PENALTY_SCALE = 30.0
_INTERCEPT_PENALTY = 1e-6
_RECENT_DAYS = 7
_FIRST_SIZE = 0.4
_SMALL = 0.1


class ScaleFit(msgspec.Struct, frozen=True, eq=False):
    """The regression of ln scale: moments of its covariates, coefficients, overall scale."""

    mean: FloatArray
    deviation: FloatArray
    coefficients: FloatArray
    overall: float

    def of(self, covariates: FloatArray) -> FloatArray:
        """Return the scale for rows of scale covariates, shape (n, 4)."""
        return self.overall * np.exp((covariates - self.mean) / self.deviation @ self.coefficients)


class LocationScale(msgspec.Struct, frozen=True):
    """The model; see the module."""

    name: str = "location-scale"

    def fit(self, evidence: Evidence) -> "LocationScaleFit":
        """Return the fit on all finished days, weighted by age."""
        sample = sample_of(evidence.design)
        x = np.column_stack([np.ones(len(sample.rows)), sample.covariates])
        penalty = np.concatenate([[_INTERCEPT_PENALTY], sample.penalty])
        location = student_ridge(x, sample.target, sample.weight, penalty, FREEDOM)
        residual = sample.target - x @ location.value
        scale, standard = _fit_scale(sample, x @ location.value, residual)
        return LocationScaleFit(sample.scaler, location, scale, standard, sample.weight / sample.weight.sum())


class LocationScaleFit(msgspec.Struct, frozen=True, eq=False):
    """Parameters: scaler, location, scale, and standardised residuals with their weights."""

    scaler: Scaler
    location: Coefficients
    scale: ScaleFit
    residual: FloatArray
    weight: FloatArray

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution; a missing feature adds the variance it would have had to location and law."""
        return predictive(evidence, self.law(evidence), covariates_of(evidence.design, self.scaler).missing)

    def law(self, evidence: Evidence) -> ResidualLaw:
        """Return the law of the day forecast."""
        design = evidence.design
        known = covariates_of(design, self.scaler)
        row = np.concatenate([[1.0], known.value])
        deviation = float(row @ self.location.value)
        unknown = float((self.location.value[1:][known.unobserved] ** 2).sum())
        sized = np.array([[known.value[SATURDAY], known.value[SUNDAY], deviation, self._recent_size(evidence)]])
        return ResidualLaw(
            location=float(design.level[-1]) + deviation,
            scale=float(np.sqrt(self.scale.of(sized)[0] ** 2 + unknown)),
            residual=self.residual,
            weight=self.weight,
            bandwidth=BANDWIDTH,
            tail_weight=TAIL_WEIGHT,
            tail_freedom=TAIL_FREEDOM,
            location_error=float(np.sqrt(self.location.error(row) ** 2 + unknown)),
        )

    def residuals(self, evidence: Evidence, rows: np.ndarray) -> FloatArray:
        """Return ln L less its location for finished days, shape (rows,)."""
        design = evidence.design
        x = np.column_stack([np.ones(len(rows)), training_covariates(design, rows, self.scaler)])
        return design.log_total[rows] - design.level[rows] - x @ self.location.value

    def _recent_size(self, evidence: Evidence) -> float:
        observed = np.flatnonzero(np.isfinite(evidence.design.log_total))[-_RECENT_DAYS:]
        return float(np.log(_SMALL + np.abs(self.residuals(evidence, observed)).mean()))


def _fit_scale(sample: Sample, fitted: FloatArray, residual: FloatArray) -> tuple[ScaleFit, FloatArray]:
    z, weight = sample.covariates, sample.weight
    sized = np.column_stack([z[:, SATURDAY], z[:, SUNDAY], fitted, _preceding_size(np.abs(residual))])
    mean = np.average(sized, axis=0, weights=weight)
    deviation = np.sqrt(np.average((sized - mean) ** 2, axis=0, weights=weight)) + 1e-9
    standard = (sized - mean) / deviation
    size = np.log(np.abs(residual) + _SMALL)
    size = size - np.average(size, weights=weight)
    curvature = (standard * weight[:, np.newaxis]).T @ standard + PENALTY_SCALE * np.eye(4)
    coefficients = np.linalg.solve(curvature, standard.T @ (weight * size))
    even = residual / np.exp(standard @ coefficients)
    overall = student_scale(even, weight, FREEDOM)
    return ScaleFit(mean, deviation, coefficients, overall), even / overall


def _preceding_size(size: FloatArray) -> FloatArray:
    """Return ln of the mean size of the seven rows before each."""
    summed, row = np.concatenate([[0.0], np.cumsum(size)]), np.arange(len(size))
    first = np.maximum(row - _RECENT_DAYS, 0)
    mean = np.where(row > first, (summed[row] - summed[first]) / np.maximum(row - first, 1), _FIRST_SIZE)
    return np.log(_SMALL + mean)
