"""A logistic regression for each of eight thresholds of L, on HAR's regressors and the weekday.

Thresholds are quantiles of past L as it stood, not relative to a level: the plain version, which pays for it when a
feed changes. Between thresholds the logit is interpolated in ln θ; beyond them it goes on with the slope that a
logistic law of the same spread has.
"""

import msgspec
import numpy as np

from runout.forecast.features import Evidence
from runout.forecast.laws import Band
from runout.forecast.models.har import regression_rows, regressors
from runout.forecast.protocol import Predictive, predictive, require_autoregressors
from runout.forecast.regression import Coefficients, logistic_ridge
from runout.scores.arrays import FloatArray

QUANTILES = np.array([0.2, 0.4, 0.6, 0.75, 0.85, 0.9, 0.94, 0.97])
_PENALTY = 1.0
_INTERCEPT_PENALTY = 1e-6


class Logistic(msgspec.Struct, frozen=True):
    """The model; see the module."""

    name: str = "logistic"

    def fit(self, evidence: Evidence) -> "LogisticFit":
        """Return one regression a threshold."""
        rows = regression_rows(evidence.design)
        x, target = regressors(evidence.design, rows, weekday=True), evidence.design.log_total[rows]
        mean, deviation = x[:, 1:].mean(axis=0), x[:, 1:].std(axis=0) + 1e-9
        scaled = np.column_stack([np.ones(len(rows)), (x[:, 1:] - mean) / deviation])
        penalty = np.concatenate([[_INTERCEPT_PENALTY], np.full(x.shape[1] - 1, _PENALTY)])
        level = np.quantile(target, QUANTILES)
        fits = tuple(
            logistic_ridge(scaled, (target >= one).astype(np.float64), np.ones(len(rows)), penalty, days=len(rows))
            for one in level
        )
        return LogisticFit(mean, deviation, level, fits, float(target.std()))


class LogisticFit(msgspec.Struct, frozen=True, eq=False):
    """Scaler, thresholds (ln dollars), a regression each, and the deviation of ln L."""

    mean: FloatArray
    deviation: FloatArray
    level: FloatArray
    fits: tuple[Coefficients, ...]
    spread: float

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution through the probabilities at the thresholds."""
        require_autoregressors(evidence)
        x = regressors(evidence.design, np.array([-1]), weekday=True)[0]
        row = np.concatenate([[1.0], (x[1:] - self.mean) / self.deviation])
        logit = np.array([row @ fit.value for fit in self.fits])
        error = np.array([fit.error(row) for fit in self.fits])
        slope = np.pi / (self.spread * np.sqrt(3.0))
        return predictive(evidence, LogitCurve(level=self.level, logit=logit, error=error, slope=float(slope)))


class LogitCurve(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A survival curve through logits at thresholds; not increasing, by running minimum."""

    level: FloatArray
    logit: FloatArray
    error: FloatArray
    slope: float

    @property
    def location(self) -> float:
        """Threshold whose probability is nearest to one half."""
        return float(self.level[np.argmin(np.abs(self.logit))])

    def survival(self, log_usd: FloatArray) -> FloatArray:
        """Return P(ln L ≥ x)."""
        return self._curve(log_usd, 0.0)

    def band(self, log_usd: FloatArray, z: float) -> Band:
        """Return the ends of the band of P(ln L ≥ x)."""
        return self._curve(log_usd, -z), self._curve(log_usd, z)

    def _curve(self, log_usd: FloatArray, z: float) -> FloatArray:
        from scipy.special import expit  # noqa: PLC0415 - a third of a second, only where a forecast is made

        logit = np.minimum.accumulate(self.logit + z * self.error)
        beyond = np.maximum(log_usd - self.level[-1], 0.0) - np.maximum(self.level[0] - log_usd, 0.0)
        return np.asarray(expit(np.interp(log_usd, self.level, logit) - self.slope * beyond), dtype=np.float64)
