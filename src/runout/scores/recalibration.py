"""Calibration slope and intercept: the straight line, on log odds, from what was said to what happened."""

from enum import StrEnum
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from runout.scores.arrays import FloatArray, outcomes, probabilities, require_between, require_equal_lengths
from runout.scores.probability import PROBABILITY_CLIP

_MOST_STEPS: Final = 100
_MOST_HALVINGS: Final = 40
_TOLERANCE: Final = 1e-10


class RecalibrationOutcome(StrEnum):
    """How the fit ended. Only ``FITTED`` has estimates."""

    FITTED = "fitted"
    ONE_CLASS = "one class"
    """All or none of the cases are events."""
    CONSTANT_FORECAST = "constant forecast"
    """All forecasts are equal: there is no slope to speak of."""
    SEPARATED = "separated"
    """A threshold parts events from non-events; the best slope is infinite."""
    NOT_CONVERGED = "not converged"
    """All but separated: events and non-events overlap by less than the arithmetic resolves."""


class Recalibration(msgspec.Struct, frozen=True):
    """The fit of ``logit P(event) = intercept + slope · logit(p)``.

    Parameters
    ----------
    outcome
        How the fit ended; the four estimates are None unless it is ``FITTED``.
    intercept
        0 if calibrated; below 0, events are rarer than said (at p = 0.5).
    slope
        1 if calibrated; below 1 the forecasts are too extreme, above 1 too timid, 0 without information.
    intercept_standard_error, slope_standard_error
        From the Fisher information, which takes cases as independent.
    cases, events
        How many cases, and in how many of them the event came.
    """

    outcome: RecalibrationOutcome
    cases: int
    events: int
    intercept: float | None = None
    slope: float | None = None
    intercept_standard_error: float | None = None
    slope_standard_error: float | None = None


class _Step(msgspec.Struct, frozen=True):
    intercept: float
    slope: float
    intercept_standard_error: float
    slope_standard_error: float


def fit_recalibration(
    probability: npt.ArrayLike, outcome: npt.ArrayLike, *, clip: float = PROBABILITY_CLIP
) -> Recalibration:
    """Fit the logistic recalibration of outcomes on forecasts by iteratively reweighted least squares.

    Parameters
    ----------
    probability
        Forecast probabilities, shape (n,), in [0, 1].
    outcome
        Whether the event happened, shape (n,), bool or 0/1.
    clip
        Probabilities are moved into [clip, 1 − clip] before the logit.

    Returns
    -------
    Recalibration
        Where the likelihood has no maximum (one class, constant forecast, complete or quasi-complete separation) the
        outcome says so and the estimates are None: a slope of 10⁸ is not an estimate. Close to separation the fit
        exists and its standard error is huge: read them together. The standard errors take cases
        as independent; with overlapping windows they are too small, by about the square root of the overlap.

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN or out of range, or ``clip`` is not in (0, 0.5).
    NotEnoughDataError
        If there are no cases.

    Notes
    -----
    Leakage: a fit over the scored period diagnoses. To correct forecasts, fit on cases whose outcome was known before
    the origin (:mod:`runout.scores.walk_forward`) and apply to later ones.

    References
    ----------
    Cox (1958), Two further applications of a model for binary regression, Biometrika 45; Albert and Anderson (1984),
    On the existence of maximum likelihood estimates in logistic regression models, Biometrika 71.

    Examples
    --------
    >>> fit = fit_recalibration([0.2] * 5 + [0.8] * 5, [1, 0, 0, 0, 0, 1, 1, 1, 1, 0])
    >>> round(fit.slope, 6), abs(round(fit.intercept, 6))
    (1.0, 0.0)
    """
    require_between("clip", clip, 0, 0.5)
    p, y = probabilities("probability", probability), outcomes("outcome", outcome)
    require_equal_lengths(probability=p, outcome=y)
    clipped = np.clip(p, clip, 1 - clip)
    log_odds = np.log(clipped) - np.log1p(-clipped)
    cases, events = len(y), int(np.count_nonzero(y))
    ending = _without_estimate(log_odds[y], log_odds[~y])
    if ending is not None:
        return Recalibration(ending, cases, events)
    step = _maximise(log_odds, y.astype(np.float64))
    if step is None:
        return Recalibration(RecalibrationOutcome.NOT_CONVERGED, cases, events)
    return Recalibration(
        RecalibrationOutcome.FITTED,
        cases,
        events,
        step.intercept,
        step.slope,
        step.intercept_standard_error,
        step.slope_standard_error,
    )


def _without_estimate(event_log_odds: FloatArray, other_log_odds: FloatArray) -> RecalibrationOutcome | None:
    if len(event_log_odds) == 0 or len(other_log_odds) == 0:
        return RecalibrationOutcome.ONE_CLASS
    lowest_event, highest_event = np.min(event_log_odds), np.max(event_log_odds)
    lowest_other, highest_other = np.min(other_log_odds), np.max(other_log_odds)
    if lowest_event == highest_event == lowest_other == highest_other:
        return RecalibrationOutcome.CONSTANT_FORECAST
    # With one predictor the maximum exists exactly where the two ranges overlap in more than a point.
    if highest_other <= lowest_event or highest_event <= lowest_other:
        return RecalibrationOutcome.SEPARATED
    return None


def _maximise(log_odds: FloatArray, event: FloatArray) -> _Step | None:
    # Not from the calibrated (0, 1): certain forecasts that were wrong leave no curvature there to step by.
    base_rate = float(np.mean(event))
    intercept, slope = float(np.log(base_rate / (1 - base_rate))), 0.0
    for _ in range(_MOST_STEPS):
        step = _newton_step(intercept, slope, log_odds, event)
        if step is None:
            return None
        if max(abs(step.intercept), abs(step.slope)) <= _TOLERANCE * (1 + abs(intercept) + abs(slope)):
            return _Step(intercept, slope, step.intercept_standard_error, step.slope_standard_error)
        length = _step_length(intercept, slope, step, log_odds, event)
        intercept, slope = intercept + length * step.intercept, slope + length * step.slope
    return None


def _step_length(intercept: float, slope: float, step: _Step, log_odds: FloatArray, event: FloatArray) -> float:
    """Return the longest of 1, ½, ¼, … that does not lower the likelihood, rounding apart."""
    now = _log_likelihood(intercept, slope, log_odds, event)
    lowest = now - 1e-12 * abs(now)
    for halvings in range(_MOST_HALVINGS):
        length = 0.5**halvings
        if _log_likelihood(intercept + length * step.intercept, slope + length * step.slope, log_odds, event) >= lowest:
            return length
    return 0.0


def _newton_step(intercept: float, slope: float, log_odds: FloatArray, event: FloatArray) -> _Step | None:
    """Return the step and the standard errors here; the predictor is centred, so no matrix needs inverting."""
    fitted = 0.5 * (1 + np.tanh((intercept + slope * log_odds) / 2))
    weight = fitted * (1 - fitted)
    total = float(np.sum(weight))
    if total == 0:
        return None
    centre = float(np.sum(weight * log_odds)) / total
    spread = float(np.sum(weight * (log_odds - centre) ** 2))
    if spread == 0:
        return None
    slope_step = float(np.sum((log_odds - centre) * (event - fitted))) / spread
    intercept_step = float(np.sum(event - fitted)) / total - centre * slope_step
    return _Step(intercept_step, slope_step, (1 / total + centre**2 / spread) ** 0.5, spread**-0.5)


def _log_likelihood(intercept: float, slope: float, log_odds: FloatArray, event: FloatArray) -> float:
    linear = intercept + slope * log_odds
    return float(np.sum(event * linear - np.logaddexp(0, linear)))
