"""CRPS and its relatives."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from runout.scores import (
    crps_ensemble,
    crps_ensemble_above,
    crps_lognormal,
    crps_student_t,
    pit_ensemble,
    pit_lognormal,
    pit_student_t,
    quantile_losses,
)

value = st.floats(-100, 100)
members = st.lists(value, min_size=1, max_size=12)


def integrate_steps(ensemble, observation, lowest):
    """Plain twin: the integrand is constant between neighbouring values."""
    edges = sorted({*ensemble, observation, lowest})
    total = 0.0
    for left, right in pairwise(edges):
        if left >= lowest:
            below = sum(member <= left for member in ensemble) / len(ensemble)
            total += (below - (observation <= left)) ** 2 * (right - left)
    return total


@given(members, value)
def test_crps_is_the_integral_it_is_defined_as(ensemble, observation):
    found = crps_ensemble([ensemble], [observation])[0]
    assert found == pytest.approx(integrate_steps(ensemble, observation, -1000), abs=1e-10)


@given(members, value, value)
def test_threshold_weighted_crps_is_the_integral_above_the_threshold(ensemble, observation, threshold):
    found = crps_ensemble_above([ensemble], [observation], threshold=threshold)[0]
    assert found == pytest.approx(integrate_steps(ensemble, observation, threshold), abs=1e-10)


def test_crps_of_one_member_is_the_absolute_error():
    assert crps_ensemble([[3.0], [5.0]], [1.0, 9.0]).tolist() == [2.0, 4.0]


def test_one_distribution_serves_every_case():
    climatology, observation = np.array([1.0, 2.0, 6.0]), np.array([0.0, 3.0, 10.0])
    np.testing.assert_array_equal(
        crps_ensemble(climatology, observation), crps_ensemble(np.tile(climatology, (3, 1)), observation)
    )


def test_small_scores_of_billions_keep_their_digits():
    ensemble, observation = np.array([[-1.0, 0.5, 2.0]]), np.array([0.25])
    shifted = crps_ensemble(ensemble + 2.0**34, observation + 2.0**34)
    assert shifted[0] == pytest.approx(crps_ensemble(ensemble, observation)[0], rel=1e-12)


@given(members, value, st.floats(0.01, 100))
def test_crps_scales_with_the_unit(ensemble, observation, unit):
    scaled = crps_ensemble(np.array([ensemble]) * unit, np.array([observation]) * unit)[0]
    assert scaled == pytest.approx(unit * crps_ensemble([ensemble], [observation])[0], rel=1e-9, abs=1e-9)


def test_crps_is_twice_the_quantile_loss_over_all_levels():
    ensemble, observation = np.array([1.0, 4.0, 5.0, 11.0]), np.array([3.0])
    levels = (np.arange(4000) + 0.5) / 4000
    quantiles = ensemble[np.minimum((levels * 4).astype(int), 3)]
    losses = [quantile_losses([q], observation, level=level)[0] for q, level in zip(quantiles, levels, strict=True)]
    assert 2 * np.mean(losses) == pytest.approx(crps_ensemble(ensemble, observation)[0], rel=1e-6)


def test_the_quantile_minimises_the_mean_quantile_loss():
    sample = np.random.default_rng(2).lognormal(size=2001)
    mean_loss = {
        level: quantile_losses(np.full(2001, np.quantile(sample, level)), sample, level=0.9).mean()
        for level in (0.8, 0.88, 0.9, 0.92, 0.97)
    }
    assert min(mean_loss, key=mean_loss.get) == 0.9


def crps_by_quadrature(cdf, observation, low, high):
    below, _ = integrate.quad(lambda z: cdf(z) ** 2, low, observation, limit=400, epsabs=1e-11)
    above, _ = integrate.quad(lambda z: (1 - cdf(z)) ** 2, observation, high, limit=400, epsabs=1e-11)
    return below + above


@pytest.mark.parametrize(("observation", "mu", "sigma"), [(1.0, 0.0, 1.0), (0.2, 0.5, 0.3), (6.0, 1.0, 0.8)])
def test_lognormal_closed_form_is_the_integral(observation, mu, sigma):
    expected = crps_by_quadrature(stats.lognorm(sigma, scale=np.exp(mu)).cdf, observation, 0, 400)
    assert crps_lognormal([observation], mu, sigma)[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("observation", "freedom"), [(0.0, 5.0), (2.5, 3.0), (-4.0, 30.0)])
def test_student_t_closed_form_is_the_integral(observation, freedom):
    expected = crps_by_quadrature(stats.t(freedom, loc=0.5, scale=1.5).cdf, observation, -2000, 2000)
    assert crps_student_t([observation], freedom, 0.5, 1.5)[0] == pytest.approx(expected, rel=1e-6)


def test_student_t_becomes_normal_with_many_degrees_of_freedom():
    # CRPS of N(0, 1) at 0 is 2 φ(0) − 1/√π.
    assert crps_student_t([0.0], 1e7, 0.0, 1.0)[0] == pytest.approx(
        2 / np.sqrt(2 * np.pi) - 1 / np.sqrt(np.pi), rel=1e-6
    )


def test_an_observation_outside_the_support_is_scored_as_such():
    mean_plus, at_zero = crps_lognormal([-2.0, 0.0], 0.0, 1.0)
    assert mean_plus == pytest.approx(at_zero + 2.0)
    assert pit_lognormal([-2.0, 0.0], 0.0, 1.0).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("draw", ["lognormal", "student_t", "ensemble", "ensemble with ties"])
def test_pit_of_a_calibrated_forecast_is_uniform(draw):
    rng = np.random.default_rng(8)
    cases = 4000
    if draw == "lognormal":
        uniform = pit_lognormal(rng.lognormal(1, 0.8, cases), 1, 0.8)
    elif draw == "student_t":
        uniform = pit_student_t(2 + 3 * rng.standard_t(4, cases), 4, 2, 3)
    else:
        sample = rng.normal(size=(cases, 10))
        sample = np.round(sample) if draw == "ensemble with ties" else sample
        uniform = pit_ensemble(sample[:, :9], sample[:, 9], rng=rng)
    gap = np.abs(np.sort(uniform) - (np.arange(cases) + 0.5) / cases).max()
    assert gap < 1.63 / np.sqrt(cases)


def test_pit_repeats_with_its_seed():
    ensemble, observation = np.zeros((50, 3)), np.zeros(50)
    first, again = (pit_ensemble(ensemble, observation, rng=np.random.default_rng(3)) for _ in range(2))
    assert first.tobytes() == again.tobytes()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: crps_lognormal([1.0], 0.0, 0.0), "log_deviation above 0"),
        (lambda: crps_student_t([1.0], 1.0, 0.0, 1.0), "above 1"),
        (lambda: crps_student_t([1.0], 3.0, 0.0, -1.0), "scale above 0"),
        (lambda: crps_student_t([1.0, 2.0], 3.0, [0.0], 1.0), "equal length"),
        (lambda: crps_ensemble([[1.0], [2.0]], [1.0]), "equal length"),
        (lambda: crps_ensemble([[[1.0]]], [1.0]), "dimension"),
        (lambda: quantile_losses([1.0], [1.0], level=1.0), "level"),
        (lambda: crps_ensemble_above([[1.0]], [1.0], threshold=float("nan")), "threshold"),
    ],
)
def test_wrong_parameters_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
