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

from runout.forecast.covariates import FIRST_LAG, PENALTY_LAG, PENALTY_WEEKDAY, Covariates, Sample, covariates_of
from runout.forecast.covariates import sample_of as covariate_sample_of
from runout.forecast.features import LAGS, Evidence
from runout.forecast.laws import ResidualLaw
from runout.forecast.protocol import Predictive, predictive
from runout.forecast.regression import Coefficients, student_ridge
from runout.forecast.structural.ladders import Ladders, Source, ladders_of, within
from runout.forecast.structural.terrain import Terrain, covariates_of_range, covariates_of_sweep, terrain_of
from runout.scores.arrays import FloatArray, IntArray

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


class Structural(msgspec.Struct, frozen=True, kw_only=True):
    """The model; see the module.

    Parameters
    ----------
    name
        In every table.
    source
        What the ladders are made from; None: no ladder, the head sees how far prices went and nothing else.
    """

    name: str = "structural"
    source: Source | None = "volume and open interest"

    def prepared(self, evidence: Evidence) -> Evidence:
        """Return the evidence with the ladders that the model asks for."""
        if self.source is None or (evidence.ladders is not None and evidence.ladders.source == self.source):
            return evidence
        return msgspec.structs.replace(evidence, ladders=ladders_of(evidence.history, self.source))

    def fit(self, evidence: Evidence) -> "StructuralFit":
        """Return both regressions on all finished days, weighted by age."""
        whole = self.prepared(evidence)
        sample = covariate_sample_of(whole.design)
        terrain = terrain_of(whole, self._ladders(whole))
        usable = np.isfinite(terrain.size[sample.rows])
        if usable.sum() < _LEAST_ROWS:
            # Without prices there is no way to speak of: what is left are weekday and lags.
            return _fitted(self, sample, _flat(terrain), sample.rows, np.ones(len(sample.rows), dtype=np.bool_))
        return _fitted(self, sample, terrain, sample.rows[usable], usable)

    def _ladders(self, whole: Evidence) -> Ladders | None:
        return None if self.source is None else whole.ladders


class Scaling(msgspec.Struct, frozen=True, eq=False):
    """Weighted mean and deviation of the covariates of a way."""

    mean: FloatArray
    deviation: FloatArray

    def of(self, covariates: FloatArray) -> FloatArray:
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


class StructuralFit(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Parameters: both regressions, how their covariates were scaled, and the days they saw.

    Parameters
    ----------
    model
        What was asked for.
    sample
        Covariates of the days fitted on.
    used
        Which of them have prices.
    rows
        Rows of those.
    size, head
        Coefficients.
    scaling
        Of the covariates of a way.
    spread
        Deviation of the head's errors.
    """

    model: Structural
    sample: Sample
    used: np.ndarray
    rows: IntArray
    size: Coefficients
    head: Coefficients
    scaling: Scaling
    spread: float

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution; missing covariates widen it by the variance they would have had."""
        day = Day.of(self, evidence)
        return predictive(day.evidence, day.law(day.scenarios()), day.known.missing)


class Day(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The day forecast, under a fit: from here scenarios are made, bent to a condition, and turned into a law.

    Parameters
    ----------
    fit
        Parameters.
    evidence
        All that is known, with ladders.
    terrain
        Of it.
    known
        Covariates of the day.
    head_drift, size_drift
        Mean of the last errors of either regression.
    """

    fit: StructuralFit
    evidence: Evidence
    terrain: Terrain
    known: Covariates
    head_drift: float
    size_drift: float

    @classmethod
    def of(cls, fit: StructuralFit, evidence: Evidence) -> "Day":
        """Return the day that ``evidence`` leads up to."""
        whole = fit.model.prepared(evidence)
        ladders = None if fit.model.source is None else whole.ladders
        terrain = terrain_of(whole, ladders)
        if not np.isfinite(terrain.size[fit.rows]).any():
            terrain = _flat(terrain)
        known = covariates_of(whole.design, fit.sample.scaler)
        drifts = _drifts(fit, terrain, len(whole.history))
        return cls(
            fit=fit, evidence=whole, terrain=terrain, known=known, head_drift=drifts[0], size_drift=drifts[1]
        )  # fmt: skip

    def scenarios(self) -> Scenarios:
        """Return the ways of past days, scaled to the day forecast."""
        fit, rows = self.fit, self.fit.rows[-SCENARIOS:]
        expected = fit.sample.covariates[fit.used][-SCENARIOS:] @ fit.size.value[1:]
        today = float(self.known.value @ fit.size.value[1:]) + self.size_drift
        ways = np.stack([self.terrain.fall[rows], self.terrain.rise[rows]], axis=-1)
        ways = ways * np.exp(today - expected)[:, np.newaxis, np.newaxis]
        weight = fit.sample.weight[fit.used][-SCENARIOS:]
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
        return self.fit.scaling.of(_way_covariates(self.terrain, ways))

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


def _fitted(model: Structural, sample: Sample, terrain: Terrain, rows: IntArray, used: np.ndarray) -> StructuralFit:
    weight, z = sample.weight[used], sample.covariates[used]
    item = np.ones((len(rows), 1))
    penalty = np.concatenate([[_INTERCEPT_PENALTY], sample.penalty])
    size = _ridge(np.hstack([item, z]), terrain.size[rows], weight, penalty)
    ways = _past_covariates(terrain, rows)
    scaling = _scaling(ways, weight)
    x = np.hstack([item, z[:, :_PLAIN], scaling.of(ways)])
    penalty = np.concatenate([
        [_INTERCEPT_PENALTY], np.full(FIRST_LAG, PENALTY_WEEKDAY), np.full(len(LAGS), PENALTY_LAG),
        np.full(ways.shape[1], _PENALTY_SWEPT),
    ])  # fmt: skip
    target = sample.target[used]
    head = _ridge(x, target, weight, penalty)
    spread = float(np.sqrt(np.average((target - x @ head.value) ** 2, weights=weight)))
    return StructuralFit(
        model=model, sample=sample, used=used, rows=rows, size=size, head=head, scaling=scaling, spread=spread
    )


def _ridge(x: FloatArray, target: FloatArray, weight: FloatArray, penalty: FloatArray) -> Coefficients:
    if not target.any():
        return Coefficients(np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1])))
    return student_ridge(x, target, weight, penalty, FREEDOM)


def _past_covariates(terrain: Terrain, rows: IntArray) -> FloatArray:
    if terrain.swept is None:
        return covariates_of_range(terrain.fall[rows], terrain.rise[rows], terrain.share[rows])
    return covariates_of_sweep(terrain.swept[rows], terrain.floor_usd[rows], terrain.level[rows])


def _way_covariates(terrain: Terrain, ways: FloatArray) -> FloatArray:
    if terrain.usd is None:
        return covariates_of_range(ways[..., 0], ways[..., 1], terrain.share[-1])
    swept = within(terrain.usd, ways)
    return covariates_of_sweep(swept, terrain.floor_usd[-1], terrain.level[-1])


def _drifts(fit: StructuralFit, terrain: Terrain, days: int) -> tuple[float, float]:
    """Return the decayed mean of the last errors of head and size, drawn to zero by five days of none."""
    rows, used = fit.rows[-_RECENT_DAYS:], fit.used
    age = days - 1 - rows
    weight = 0.5 ** (age / _RECENT_HALF_LIFE_DAYS)
    z = fit.sample.covariates[used][-_RECENT_DAYS:]
    item = np.ones((len(rows), 1))
    x = np.hstack([item, z[:, :_PLAIN], fit.scaling.of(_past_covariates(terrain, rows))])
    errors = (
        fit.sample.target[used][-_RECENT_DAYS:] - x @ fit.head.value,
        terrain.size[rows] - np.hstack([item, z]) @ fit.size.value,
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
