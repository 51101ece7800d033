r"""The structural model: how far prices may go, what rests on the way, what that comes to in dollars.

1. *How far.* The day's size v (:mod:`runout.forecast.structural.terrain`) is a ridge regression on the covariates of
   the statistical models. Each of the last 900 days is a scenario: its ways of all coins together, fall and rise apart,
   times :math:`e^{\hat v - \hat v_j}`. So coins move together as they did, and tails are those that were seen.
2. *What rests there.* Each scenario sweeps the ladders known before the day. What forced trades add to a way is not
   taken apart: it is in the ways of past days.
3. *Dollars.* :math:`\ln L - m = c + w'D + a'(\text{lags}) + b'\ln(\text{swept}) + \sigma\varepsilon`, fitted on the
   ways that past days really went: the head knows the way, only the forecast does not. Lags stand for what the ladder
   misses for weeks on end, feeds among it.

Both regressions carry the mean of their last errors forward (half-life 30 days). The law mixes the head's normal errors
over the scenarios, nine parts to one of Student's t with 5 degrees of freedom.
"""

from typing import Final

import msgspec
import numpy as np

from runout.forecast.covariates import (
    FIRST_LAG,
    PENALTY_LAG,
    PENALTY_WEEKDAY,
    Covariates,
    Sample,
    covariates_of,
    sample_of,
)
from runout.forecast.features import LAGS, Evidence
from runout.forecast.laws import ResidualLaw
from runout.forecast.protocol import Predictive, predictive
from runout.forecast.regression import Coefficients, student_ridge
from runout.forecast.structural.ladders import within
from runout.forecast.structural.terrain import Terrain, covariates_of_sweep, terrain_of
from runout.scores.arrays import BoolArray, FloatArray, IntArray

SCENARIOS: Final = 900
FREEDOM, TAIL_FREEDOM, TAIL_WEIGHT = 200.0, 5.0, 0.1
_PENALTY_SWEPT: Final = 5.0
_INTERCEPT_PENALTY: Final = 1e-6
_RECENT_DAYS: Final = 120
_RECENT_HALF_LIFE_DAYS: Final = 30.0
_RECENT_PRIOR_DAYS: Final = 5.0
_POINTS: Final = 120
_SHIFT: Final = 0.05
_LEAST_ROWS: Final = 200
_PLAIN: Final = FIRST_LAG + len(LAGS)
"""Weekday and lags among the covariates: what the head takes of them."""


class Scaling(msgspec.Struct, frozen=True, eq=False):
    """Weighted mean and deviation of the covariates of a way."""

    mean: FloatArray
    deviation: FloatArray

    def standardised(self, covariates: FloatArray) -> FloatArray:
        """Return standardised covariates; what was not observed stands at its mean."""
        return np.nan_to_num((covariates - self.mean) / self.deviation)


class Scenarios(msgspec.Struct, frozen=True, eq=False):
    """Ways that the day forecast may go.

    Parameters
    ----------
    ways
        Log distance of fall and rise, shape (n, coins, 2).
    weight
        Shape (n,), sums to 1.
    location
        ln L less its level that the head expects of each, shape (n,).
    """

    ways: FloatArray
    weight: FloatArray
    location: FloatArray


class Fit(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Both regressions, and how the covariates of a way were scaled.

    Parameters
    ----------
    sample
        Covariates of the days fitted on.
    size, head
        Coefficients of the day's size, and of ln dollars.
    scaling
        Of the covariates of a way.
    spread
        Deviation of the head's errors.
    """

    sample: Sample
    size: Coefficients
    head: Coefficients
    scaling: Scaling
    spread: float


class Day(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The day forecast, under a fit: from here scenarios are made, bent to a condition, and turned into a law.

    Parameters
    ----------
    evidence
        All that is known.
    terrain
        Ways of finished days, and the ladder known before this one.
    known
        Covariates of the day.
    fit
        Both regressions.
    head_drift, size_drift
        Mean of the last errors of either regression.
    """

    evidence: Evidence
    terrain: Terrain
    known: Covariates
    fit: Fit
    head_drift: float
    size_drift: float

    @classmethod
    def after(cls, evidence: Evidence) -> "Day":
        """Return the day that ``evidence`` leads up to, fitted on all finished days, weighted by age.

        Raises
        ------
        NotEnoughDataError
            With under a year of days.
        """
        sample, terrain = sample_of(evidence.design), terrain_of(evidence)
        known = covariates_of(evidence.design, sample.scaler)
        with_prices = np.isfinite(terrain.size[sample.rows])
        if with_prices.sum() < _LEAST_ROWS:
            # Without prices there is no way to speak of: what is left are weekday and lags.
            terrain = _flat(terrain)
        else:
            sample = _chosen(sample, with_prices)
        fit = _fitted(sample, terrain)
        drifts = _drifts(fit, terrain, len(evidence.history))
        return cls(
            evidence=evidence, terrain=terrain, known=known, fit=fit, head_drift=drifts[0], size_drift=drifts[1]
        )  # fmt: skip

    def predictive(self, scenarios: Scenarios) -> Predictive:
        """Return the distribution over scenarios; missing covariates widen it by the variance they would have had."""
        return predictive(self.evidence, self.law(scenarios), self.known.missing)

    def scenarios(self) -> Scenarios:
        """Return the ways of past days, scaled to the day forecast."""
        fit, rows = self.fit, self.fit.sample.rows[-SCENARIOS:]
        expected = fit.sample.covariates[-SCENARIOS:] @ fit.size.value[1:]
        today = float(self.known.value @ fit.size.value[1:]) + self.size_drift
        ways = np.stack([self.terrain.fall[rows], self.terrain.rise[rows]], axis=-1)
        ways = ways * np.exp(today - expected)[:, np.newaxis, np.newaxis]
        weight = fit.sample.weight[-SCENARIOS:]
        return self.located(ways, weight / weight.sum())

    def located(self, ways: FloatArray, weight: FloatArray) -> Scenarios:
        """Return scenarios with what the head expects of them.

        Parameters
        ----------
        ways
            Shape (n, coins, 2).
        weight
            Shape (n,), sums to 1.
        """
        plain = np.concatenate([[1.0], self.known.value[:_PLAIN]])
        location = plain @ self.fit.head.value[: 1 + _PLAIN] + self.head_drift
        return Scenarios(ways, weight, location + self._standard(ways) @ self.fit.head.value[1 + _PLAIN :])

    def law(self, scenarios: Scenarios) -> ResidualLaw:
        """Return the law of ln L over scenarios."""
        order = np.argsort(scenarios.location, kind="stable")
        share = np.cumsum(scenarios.weight[order]) - 0.5 * scenarios.weight[order]
        points = np.interp((np.arange(_POINTS) + 0.5) / _POINTS, share, scenarios.location[order])
        error, unknown = self._errors(scenarios)
        spread = float(np.hypot(self.fit.spread, unknown))
        middle, scale = float(points.mean()), float(np.hypot(points.std(), spread))
        return ResidualLaw(
            location=float(self.evidence.design.level[-1]) + middle,
            scale=scale,
            residual=(points - middle) / scale,
            weight=np.full(_POINTS, 1.0 / _POINTS),
            bandwidth=spread / scale,
            tail_weight=TAIL_WEIGHT,
            tail_freedom=TAIL_FREEDOM,
            location_error=float(np.hypot(error, unknown)),
        )

    def _standard(self, ways: FloatArray) -> FloatArray:
        terrain = self.terrain
        swept = covariates_of_sweep(within(terrain.usd, ways), terrain.floor_usd[-1], terrain.level[-1])
        return self.fit.scaling.standardised(swept)

    def _errors(self, scenarios: Scenarios) -> tuple[float, float]:
        """Return the standard error of the location, and the deviation that covariates not observed add."""
        fit = self.fit
        moved = self.located(scenarios.ways * np.exp(_SHIFT), scenarios.weight).location - scenarios.location
        slope = float(scenarios.weight @ moved) / _SHIFT
        row = np.concatenate([[1.0], self.known.value[:_PLAIN], scenarios.weight @ self._standard(scenarios.ways)])
        size = fit.size.error(np.concatenate([[1.0], self.known.value]))
        gone = self.known.unobserved
        of_head = (fit.head.value[1 : 1 + _PLAIN][gone[:_PLAIN]] ** 2).sum()
        unknown = of_head + slope**2 * (fit.size.value[1:][gone] ** 2).sum()
        return float(np.hypot(fit.head.error(row), slope * size)), float(np.sqrt(unknown))


# -- fitting ----------------------------------------------------------------------------------------------------------


def _chosen(sample: Sample, which: BoolArray) -> Sample:
    names = ("rows", "weight", "covariates", "target")
    return msgspec.structs.replace(sample, **{name: getattr(sample, name)[which] for name in names})


def _fitted(sample: Sample, terrain: Terrain) -> Fit:
    intercept = np.ones((len(sample.rows), 1))
    penalty = np.concatenate([[_INTERCEPT_PENALTY], sample.penalty])
    size = _ridge(np.hstack([intercept, sample.covariates]), terrain.size[sample.rows], sample.weight, penalty)
    swept = _past_covariates(terrain, sample.rows)
    scaling = _scaling(swept, sample.weight)
    x = np.hstack([intercept, sample.covariates[:, :_PLAIN], scaling.standardised(swept)])
    penalty = np.concatenate([
        [_INTERCEPT_PENALTY], np.full(FIRST_LAG, PENALTY_WEEKDAY), np.full(len(LAGS), PENALTY_LAG),
        np.full(swept.shape[1], _PENALTY_SWEPT),
    ])  # fmt: skip
    head = _ridge(x, sample.target, sample.weight, penalty)
    spread = float(np.sqrt(np.average((sample.target - x @ head.value) ** 2, weights=sample.weight)))
    return Fit(sample=sample, size=size, head=head, scaling=scaling, spread=spread)


def _ridge(x: FloatArray, target: FloatArray, weight: FloatArray, penalty: FloatArray) -> Coefficients:
    if not target.any():
        return Coefficients(np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1])))
    return student_ridge(x, target, weight, penalty, FREEDOM)


def _past_covariates(terrain: Terrain, rows: IntArray) -> FloatArray:
    return covariates_of_sweep(terrain.swept[rows], terrain.floor_usd[rows], terrain.level[rows])


def _drifts(fit: Fit, terrain: Terrain, days: int) -> tuple[float, float]:
    """Return the decayed mean of the last errors of head and size, drawn to zero by five days of none."""
    rows = fit.sample.rows[-_RECENT_DAYS:]
    weight = 0.5 ** ((days - 1 - rows) / _RECENT_HALF_LIFE_DAYS)
    z = fit.sample.covariates[-_RECENT_DAYS:]
    intercept = np.ones((len(rows), 1))
    x = np.hstack([intercept, z[:, :_PLAIN], fit.scaling.standardised(_past_covariates(terrain, rows))])
    errors = (
        fit.sample.target[-_RECENT_DAYS:] - x @ fit.head.value,
        terrain.size[rows] - np.hstack([intercept, z]) @ fit.size.value,
    )
    head, size = (float((weight * error).sum() / (weight.sum() + _RECENT_PRIOR_DAYS)) for error in errors)
    return head, size


def _scaling(values: FloatArray, weight: FloatArray) -> Scaling:
    observed = np.isfinite(values)
    share = weight[:, np.newaxis] * observed
    total = np.maximum(share.sum(axis=0), 1e-9)
    filled = np.where(observed, values, 0.0)
    mean = (share * filled).sum(axis=0) / total
    return Scaling(mean, np.sqrt((share * (filled - mean) ** 2 * observed).sum(axis=0) / total) + 1e-9)


def _flat(terrain: Terrain) -> Terrain:
    """Return a terrain on which nothing moves."""
    still = np.zeros_like(terrain.fall)
    return msgspec.structs.replace(terrain, fall=still, rise=still, size=np.zeros(len(terrain.size)))
