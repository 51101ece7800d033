"""CRPS and its relatives."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from runout.scores import (
    crps_ensemble,
    crps_student_t,
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


def crps_by_quadrature(cdf, observation, low, high):
    below, _ = integrate.quad(lambda z: cdf(z) ** 2, low, observation, limit=400, epsabs=1e-11)
    above, _ = integrate.quad(lambda z: (1 - cdf(z)) ** 2, observation, high, limit=400, epsabs=1e-11)
    return below + above


@pytest.mark.parametrize(("observation", "freedom"), [(0.0, 5.0), (2.5, 3.0), (-4.0, 30.0)])
def test_student_t_closed_form_is_the_integral(observation, freedom):
    expected = crps_by_quadrature(stats.t(freedom, loc=0.5, scale=1.5).cdf, observation, -2000, 2000)
    assert crps_student_t([observation], freedom, 0.5, 1.5)[0] == pytest.approx(expected, rel=1e-6)


def test_student_t_becomes_normal_with_many_degrees_of_freedom():
    # CRPS of N(0, 1) at 0 is 2 φ(0) − 1/√π.
    assert crps_student_t([0.0], 1e7, 0.0, 1.0)[0] == pytest.approx(
        2 / np.sqrt(2 * np.pi) - 1 / np.sqrt(np.pi), rel=1e-6
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: crps_student_t([1.0], 1.0, 0.0, 1.0), "above 1"),
        (lambda: crps_student_t([1.0], 3.0, 0.0, -1.0), "scale above 0"),
        (lambda: crps_student_t([1.0, 2.0], 3.0, [0.0], 1.0), "equal length"),
        (lambda: crps_ensemble([[1.0], [2.0]], [1.0]), "equal length"),
        (lambda: crps_ensemble([[[1.0]]], [1.0]), "dimension"),
    ],
)
def test_wrong_parameters_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
