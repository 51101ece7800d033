r"""One logistic surface over thresholds: the second member of the pool.

.. math::
    \operatorname{logit} \Pr(t_d \ge \tau) = a_0 + a_1 q + a_2 \bar q^2 + a'z_d + \bar q\,(c_1\, \text{Saturday}_d +
    c_2\, z_{d,\text{lag 1 d}}), \qquad q = (\tau - \bar\tau)/s_\tau

fitted at five thresholds τ at once (weighted quantiles 0.5, 0.65, 0.8, 0.9 and 0.96 of t = ln L − level); q̄ is q within
[−2.5, 3.5]. It makes no assumption on the shape of the distribution where there are data, and one where there are
none: beyond the last threshold the quadratic extrapolates.

References
----------
McCullagh (1980), Regression models for ordinal data, JRSS B 42; Foresi and Peracchi (1995), The conditional
distribution of excess returns, JASA 90 (distribution regression).
"""

import msgspec
import numpy as np

from runout.forecast.covariates import (
    FIRST_LAG,
    PENALTY_WEEKDAY,
    SATURDAY,
    Covariates,
    Scaler,
    covariates_of,
    sample_of,
)
from runout.forecast.features import Evidence
from runout.forecast.laws import Band
from runout.forecast.protocol import Predictive, predictive
from runout.forecast.regression import Coefficients, logistic_ridge
from runout.scores.arrays import FloatArray

QUANTILES = np.array([0.5, 0.65, 0.8, 0.9, 0.96])
_REACH = (-2.5, 3.5)
_SURFACE_PENALTY = (1e-3, 1e-3, 1e-2)


class Thresholds(msgspec.Struct, frozen=True):
    """The model; see the module."""

    name: str = "thresholds"

    def fit(self, evidence: Evidence) -> "ThresholdsFit":
        """Return the fit on all finished days, weighted by age."""
        sample = sample_of(evidence.design)
        tau = _weighted_quantiles(sample.target, sample.weight)
        centre, spread = float(tau.mean()), float(tau.std())
        days = len(sample.rows)
        x = np.vstack([_surface(sample.covariates, np.full(days, q)) for q in (tau - centre) / spread])
        event = np.concatenate([(sample.target >= level).astype(np.float64) for level in tau])
        penalty = np.concatenate([_SURFACE_PENALTY, sample.penalty, [PENALTY_WEEKDAY, PENALTY_WEEKDAY]])
        surface = logistic_ridge(x, event, np.tile(sample.weight, len(tau)), penalty, days=days)
        return ThresholdsFit(sample.scaler, surface, centre, spread)


class ThresholdsFit(msgspec.Struct, frozen=True, eq=False):
    """Parameters: scaler, surface, and centre and spread of its thresholds."""

    scaler: Scaler
    surface: Coefficients
    centre: float
    spread: float

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution; a missing feature flattens it by the variance it would have had."""
        known = covariates_of(evidence.design, self.scaler)
        law = SurfaceLaw(fit=self, covariates=known, level=float(evidence.design.level[-1]))
        return predictive(evidence, law, known.missing)


class SurfaceLaw(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The surface at one day's covariates, made non-increasing by its running minimum."""

    fit: ThresholdsFit
    covariates: Covariates
    level: float

    @property
    def location(self) -> float:
        """Middle of the fitted thresholds, ln dollars."""
        return self.level + self.fit.centre

    def survival(self, log_usd: FloatArray) -> FloatArray:
        """Return P(ln L ≥ x): the least value of the surface at or below x."""
        q = (log_usd - self.level - self.fit.centre) / self.fit.spread
        turns = self._turning_points()
        at_turns = self._probability(turns, 0.0)
        earlier = np.where(turns <= q[:, np.newaxis], at_turns, 1.0).min(axis=1)
        return np.minimum(self._probability(q, 0.0), earlier)

    def band(self, log_usd: FloatArray, z: float) -> Band:
        """Return the ends of the band of P(ln L ≥ x)."""
        q = (log_usd - self.level - self.fit.centre) / self.fit.spread
        return self._probability(q, -z), self._probability(q, z)

    def _probability(self, q: FloatArray, z: float) -> FloatArray:
        from scipy.special import expit  # noqa: PLC0415 - a third of a second, only where a forecast is made

        rows = _surface(np.tile(self.covariates.value, (len(q), 1)), q)
        surface = self.fit.surface
        unknown = self._unknown_variance(q)
        variance = np.einsum("ij,jk,ik->i", rows, surface.covariance, rows) + unknown
        # A logit averaged over a normal of this variance, by the usual approximation (MacKay 1992).
        logit = rows @ surface.value / np.sqrt(1.0 + np.pi * unknown / 8.0)
        return np.asarray(expit(logit + z * np.sqrt(np.maximum(variance, 0.0))), dtype=np.float64)

    def _unknown_variance(self, q: FloatArray) -> FloatArray:
        gone = self.covariates.unobserved
        slope = np.tile(self.fit.surface.value[3 : 3 + len(gone)], (len(q), 1))
        slope[:, FIRST_LAG] += self.fit.surface.value[-1] * np.clip(q, *_REACH)
        return (slope[:, gone] ** 2).sum(axis=1)

    def _turning_points(self) -> FloatArray:
        """Return where the surface may turn up: the ends of q̄, and the vertex of the quadratic between them."""
        value, z = self.fit.surface.value, self.covariates.value
        slope = value[1] + value[-2] * z[SATURDAY] + value[-1] * z[FIRST_LAG]
        vertex = -slope / (2.0 * value[2]) if value[2] else _REACH[0]
        return np.array([*_REACH, float(np.clip(vertex, *_REACH))])


def _surface(z: FloatArray, q: FloatArray) -> FloatArray:
    within = np.clip(q, *_REACH)
    return np.column_stack([np.ones(len(z)), q, within**2, z, z[:, SATURDAY] * within, z[:, FIRST_LAG] * within])


def _weighted_quantiles(values: FloatArray, weight: FloatArray) -> FloatArray:
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    return values[order][np.minimum(np.searchsorted(share, QUANTILES), len(values) - 1)]
