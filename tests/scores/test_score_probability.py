"""Brier, skill and logarithmic score."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runout.scores import brier_losses, log_losses, log_score

probability = st.floats(0, 1)


def test_brier_of_the_rain_example_is_the_mean_squared_error():
    # Brier's own two-category form is twice this half.
    losses = brier_losses([0.7, 0.9, 0.8, 0.4, 0.2], [0, 1, 1, 1, 0])
    assert losses.mean() == pytest.approx((0.49 + 0.01 + 0.04 + 0.36 + 0.04) / 5)


def test_climatology_at_five_percent_has_the_published_brier_and_entropy():
    base_rate, outcome = np.full(100, 0.05), np.arange(100) < 5
    assert brier_losses(base_rate, outcome).mean() == pytest.approx(0.0475)
    assert log_score(base_rate, outcome) == pytest.approx(0.1985, abs=5e-5)


def test_a_confident_miss_costs_the_declared_clip_and_not_infinity():
    assert log_losses([0.0], [1])[0] == pytest.approx(-math.log(1e-4))
    assert log_losses([1.0], [0])[0] == pytest.approx(-math.log(1e-4))
    assert log_losses([0.0], [1], clip=0.01)[0] == pytest.approx(-math.log(0.01))


def test_forecasts_beyond_the_clip_cannot_be_told_apart():
    assert log_losses([1e-9], [0])[0] == log_losses([1e-5], [0])[0]


@given(truth=probability, said=probability)
def test_both_scores_are_best_on_average_for_who_says_what_he_believes(truth, said):
    def expected(score, forecast):
        return truth * np.mean(score([forecast], [1])) + (1 - truth) * np.mean(score([forecast], [0]))

    assert expected(brier_losses, truth) <= expected(brier_losses, said) + 1e-15
    believed = min(max(truth, 1e-4), 1 - 1e-4)
    assert expected(log_score, believed) <= expected(log_score, said) + 1e-12


def test_losses_keep_the_order_of_the_cases():
    assert brier_losses([0.0, 0.5, 1.0], [True, True, True]).tolist() == [1.0, 0.25, 0.0]
