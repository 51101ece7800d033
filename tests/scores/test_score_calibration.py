"""Decomposition of the Brier score and the reliability curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runout.scores import brier_score, decompose_brier, reliability_curve

coarse = st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.5, 0.9, 1.0])
case = st.tuples(coarse | st.floats(0, 1), st.booleans())
cases = st.lists(case, min_size=1, max_size=60).map(
    lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True))
)


def pool_adjacent_violators(probability, outcome):
    """Plain twin: blocks of (sum, count), merged while a mean falls."""
    blocks = []
    for value in sorted(set(probability.tolist())):
        chosen = outcome[probability == value]
        blocks.append([float(chosen.sum()), len(chosen), [value]])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, count, values = blocks.pop()
            blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + count, blocks[-1][2] + values]
    return {value: total / count for total, count, values in blocks for value in values}


@given(cases)
def test_the_parts_add_up_to_the_score_exactly_and_none_is_negative(columns):
    probability, outcome = columns
    parts = decompose_brier(probability, outcome)
    assert parts.brier == brier_score(probability, outcome)
    assert abs(parts.miscalibration - parts.discrimination + parts.uncertainty - parts.brier) <= 4e-16
    assert parts.miscalibration >= -1e-15
    assert parts.discrimination >= -1e-15
    assert 0 <= parts.uncertainty <= 0.25


@given(cases)
def test_recalibration_agrees_with_its_plain_twin(columns):
    probability, outcome = columns
    curve = reliability_curve(probability, outcome, rng=np.random.default_rng(0), resamples=1)
    plain = pool_adjacent_violators(probability, outcome)
    assert curve.probability.tolist() == sorted(plain)
    np.testing.assert_allclose(curve.recalibrated, [plain[value] for value in curve.probability], atol=1e-14)
    assert curve.count.sum() == len(outcome)
    assert (np.diff(curve.recalibrated) >= -1e-15).all()


def test_violators_are_pooled_by_hand():
    curve = reliability_curve([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1], rng=np.random.default_rng(0), resamples=1)
    assert curve.recalibrated.tolist() == [0, 0.5, 0.5, 1]
    parts = decompose_brier([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1])
    assert parts.uncertainty == 0.25
    assert parts.discrimination == pytest.approx(0.25 - 0.125)
    assert parts.miscalibration == pytest.approx((0.01 + 0.64 + 0.09 + 0.36) / 4 - 0.125)


def test_equal_forecasts_are_pooled_whatever_the_order_of_their_outcomes():
    assert decompose_brier([0.2, 0.2, 0.7, 0.7], [0, 1, 1, 0]) == decompose_brier([0.2, 0.2, 0.7, 0.7], [1, 0, 0, 1])


@given(cases)
def test_the_base_rate_is_calibrated_and_does_not_discriminate(columns):
    _, outcome = columns
    parts = decompose_brier(np.full(len(outcome), outcome.mean()), outcome)
    assert parts.miscalibration == pytest.approx(0, abs=1e-15)
    assert parts.discrimination == pytest.approx(0, abs=1e-15)


def test_one_class_has_no_uncertainty_and_all_of_the_score_is_miscalibration():
    parts = decompose_brier([0.1, 0.3], [0, 0])
    assert (parts.uncertainty, parts.discrimination, parts.events) == (0, 0, 0)
    assert parts.miscalibration == parts.brier == pytest.approx(0.05)


def test_the_band_holds_a_calibrated_forecast_and_not_a_biased_one():
    rng = np.random.default_rng(4)
    probability = np.round(rng.beta(1, 8, size=4000), 2)
    outcome = rng.random(4000) < probability
    honest = reliability_curve(probability, outcome, rng=np.random.default_rng(5), resamples=200)
    inside = (honest.recalibrated >= honest.band_low) & (honest.recalibrated <= honest.band_high)
    assert np.average(inside, weights=honest.count) > 0.8
    shouting = reliability_curve(np.minimum(2 * probability, 1), outcome, rng=np.random.default_rng(5), resamples=200)
    outside = shouting.recalibrated < shouting.band_low
    assert np.average(outside, weights=shouting.count) > 0.5


def test_the_band_repeats_with_its_seed():
    probability, outcome = np.linspace(0, 1, 40), np.arange(40) % 3 == 0
    first, again, other = (
        reliability_curve(probability, outcome, rng=np.random.default_rng(seed), resamples=50) for seed in (7, 7, 8)
    )
    assert first.band_low.tobytes() == again.band_low.tobytes()
    assert first.band_high.tobytes() == again.band_high.tobytes()
    assert first.band_high.tobytes() != other.band_high.tobytes()


def test_a_band_without_resamples_or_level_is_refused():
    with pytest.raises(ValueError, match="at least 1 resample"):
        reliability_curve([0.5], [1], rng=np.random.default_rng(0), resamples=0)
    with pytest.raises(ValueError, match="level"):
        reliability_curve([0.5], [1], rng=np.random.default_rng(0), level=1.0)
