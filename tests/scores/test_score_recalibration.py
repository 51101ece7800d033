"""Calibration slope and intercept."""

import numpy as np
import pytest

from runout.scores import RecalibrationOutcome, fit_recalibration


def expit(value):
    return 1 / (1 + np.exp(-value))


def simulate(cases, intercept, slope, seed):
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-2, 1.2, size=cases)
    return expit(log_odds), rng.random(cases) < expit(intercept + slope * log_odds)


@pytest.mark.parametrize(("intercept", "slope"), [(0.0, 1.0), (-0.5, 0.6), (0.4, 1.8), (0.3, -0.7)])
def test_the_line_that_made_the_outcomes_is_recovered_within_its_errors(intercept, slope):
    fit = fit_recalibration(*simulate(20_000, intercept, slope, seed=11))
    assert fit.outcome is RecalibrationOutcome.FITTED
    assert abs(fit.intercept - intercept) < 3 * fit.intercept_standard_error
    assert abs(fit.slope - slope) < 3 * fit.slope_standard_error
    assert fit.slope_standard_error < 0.06


def test_two_levels_have_a_closed_form():
    # Said 20% and 80%, happened 40% and 60%: the line through two points on log odds.
    probability = np.repeat([0.2, 0.8], 50)
    outcome = np.concatenate([np.arange(50) < 20, np.arange(50) < 30])
    fit = fit_recalibration(probability, outcome)
    assert fit.slope == pytest.approx(np.log(1.5) / np.log(4))
    assert fit.intercept == pytest.approx(0, abs=1e-12)
    # Var(slope) = (1/Σw₁ + 1/Σw₂)/(x₂ − x₁)² with weights n f (1 − f).
    assert fit.slope_standard_error == pytest.approx((2 / 12) ** 0.5 / (2 * np.log(4)))
    assert fit.intercept_standard_error == pytest.approx((1 / 24) ** 0.5)


def test_standard_errors_tell_how_much_the_slope_varies():
    slopes, errors = [], []
    for seed in range(200):
        fit = fit_recalibration(*simulate(800, 0.0, 1.0, seed))
        slopes.append(fit.slope)
        errors.append(fit.slope_standard_error)
    assert np.mean(errors) == pytest.approx(np.std(slopes), rel=0.15)


@pytest.mark.parametrize(
    ("probability", "outcome", "ending"),
    [
        ([0.1, 0.2, 0.3], [0, 0, 0], RecalibrationOutcome.ONE_CLASS),
        ([0.1, 0.2, 0.3], [1, 1, 1], RecalibrationOutcome.ONE_CLASS),
        ([0.1, 0.1, 0.1], [0, 1, 0], RecalibrationOutcome.CONSTANT_FORECAST),
        ([0.0, 1e-6, 1e-5], [0, 1, 0], RecalibrationOutcome.CONSTANT_FORECAST),
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], RecalibrationOutcome.SEPARATED),
        ([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], RecalibrationOutcome.SEPARATED),
        ([0.1, 0.5, 0.5, 0.9], [0, 0, 1, 1], RecalibrationOutcome.SEPARATED),
        ([0.1, 0.5, 0.5], [0, 0, 1], RecalibrationOutcome.SEPARATED),
    ],
)
def test_where_no_estimate_exists_the_outcome_says_why(probability, outcome, ending):
    fit = fit_recalibration(probability, outcome)
    assert fit.outcome is ending
    assert (fit.intercept, fit.slope, fit.intercept_standard_error, fit.slope_standard_error) == (None,) * 4
    assert (fit.cases, fit.events) == (len(outcome), sum(outcome))


def test_a_single_case_short_of_separation_is_still_fitted():
    probability = np.concatenate([np.linspace(0.01, 0.4, 100), np.linspace(0.6, 0.99, 100)])
    outcome = np.arange(200) >= 100
    assert fit_recalibration(probability, outcome).outcome is RecalibrationOutcome.SEPARATED
    outcome[99:101] = True, False
    fit = fit_recalibration(probability, outcome)
    assert fit.outcome is RecalibrationOutcome.FITTED
    assert fit.slope > 1


def test_certain_forecasts_that_were_wrong_are_fitted_at_the_clip():
    fit = fit_recalibration([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 0, 1, 1, 1])
    assert fit.outcome is RecalibrationOutcome.FITTED
    assert fit.slope == pytest.approx(np.log(3) / np.log(9999))


def test_certain_forecasts_that_were_mostly_wrong_get_a_slope_below_zero():
    fit = fit_recalibration([0.0] * 5 + [1.0] * 5 + [0.5], [1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0])
    assert fit.outcome is RecalibrationOutcome.FITTED
    # Symmetric but for one case in the middle, so close to the log odds of 4 to 1 over the clip's.
    assert fit.slope == pytest.approx(-np.log(4) / np.log(9999), rel=0.05)


@pytest.mark.parametrize("middle", [0.9, 0.99, 0.999])
def test_a_fit_whose_full_steps_overshoot_still_ends_at_the_maximum(middle):
    probability = np.concatenate([np.full(3, 1e-4), [middle], np.full(50, 0.5), np.full(3, 1 - 1e-4)])
    outcome = np.concatenate([np.zeros(4), np.ones(53)])
    fit = fit_recalibration(probability, outcome)
    assert fit.outcome is RecalibrationOutcome.FITTED
    log_odds = np.log(probability / (1 - probability))
    residual = outcome - expit(fit.intercept + fit.slope * log_odds)
    assert np.sum(residual) == pytest.approx(0, abs=1e-8)
    assert np.sum(residual * log_odds) == pytest.approx(0, abs=1e-8)


def test_near_separation_shows_in_the_standard_error_and_then_ends_the_fit():
    near = fit_recalibration([0.3, 0.3 - 1e-5, 0.8], [0, 1, 1])
    assert near.slope_standard_error > 20 * near.slope
    nearer = fit_recalibration([0.3, 0.3 - 1e-12, 0.8], [0, 1, 1])
    assert nearer.outcome is RecalibrationOutcome.NOT_CONVERGED
    assert nearer.slope is None
