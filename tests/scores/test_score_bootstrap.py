"""Block bootstrap and the Diebold–Mariano test."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runout.scores import (
    paired_difference,
    resampled_means,
    stationary_blocks,
)


def autoregressive(cases, coefficient, rng):
    shocks = rng.normal(size=cases + 100)
    values = np.zeros(cases + 100)
    for step in range(1, cases + 100):
        values[step] = coefficient * values[step - 1] + shocks[step]
    return values[100:]


@given(st.integers(2, 40), st.floats(1, 40), st.integers(0, 2**32 - 1))
def test_stationary_blocks_stay_within_the_cases(cases, length, seed):
    positions = stationary_blocks(cases, 3, min(length, cases), np.random.default_rng(seed))
    assert positions.shape == (3, cases)
    assert positions.min() >= 0
    assert positions.max() < cases


def test_stationary_blocks_have_the_declared_mean_length():
    positions = stationary_blocks(5000, 40, 12, np.random.default_rng(0))
    breaks = np.mean((np.diff(positions, axis=1) - 1) % 5000 != 0)
    assert 1 / breaks == pytest.approx(12, rel=0.03)


def test_variance_of_resampled_means_is_that_of_politis_and_romano():
    # 1994, lemma 1: (c₀ + 2 Σ (1 − i/n)(1 − p)^i c_i)/n with circular autocovariances c_i.
    values = autoregressive(30, 0.6, np.random.default_rng(5))
    centred, chance = values - values.mean(), 1 / 6
    circular = [np.mean(centred * np.roll(centred, -lag)) for lag in range(30)]
    expected = circular[0] + 2 * sum((1 - i / 30) * (1 - chance) ** i * circular[i] for i in range(1, 30))
    means = resampled_means(values, block_length=6, rng=np.random.default_rng(6), resamples=20_000)
    assert np.var(means) == pytest.approx(expected / 30, rel=0.04)


def test_columns_are_resampled_together():
    values = np.random.default_rng(1).normal(size=(25, 1)) * [1.0, 2.0]
    means = resampled_means(values, block_length=4, rng=np.random.default_rng(2), resamples=50)
    np.testing.assert_allclose(means[:, 1], 2 * means[:, 0], atol=1e-15)


def test_resamples_beyond_one_batch_come_out_whole():
    means = resampled_means(np.ones(700_000), block_length=1, rng=np.random.default_rng(0), resamples=3)
    assert means.tolist() == [1.0, 1.0, 1.0]


def test_intervals_of_dependent_losses_cover_where_single_cases_do_not():
    rng = np.random.default_rng(20)
    covered = {1: 0, 20: 0}
    bound_held = 0
    for _ in range(200):
        difference = 0.3 + autoregressive(300, 0.6, rng)
        for length in covered:
            found = paired_difference(difference, np.zeros(300), block_length=length, rng=rng, resamples=300)
            covered[length] += found.low <= 0.3 <= found.high
        bound_held += found.upper_bound >= 0.3
    assert covered[20] / 200 > 0.8
    assert 0.8 < bound_held / 200 < 0.97
    assert covered[1] / 200 < 0.7


def test_the_better_forecast_has_a_bound_below_zero():
    rng = np.random.default_rng(3)
    common = autoregressive(400, 0.5, rng)
    found = paired_difference(
        common + rng.normal(-0.3, 0.5, 400), common, block_length=10, rng=np.random.default_rng(0), level=0.95
    )
    assert found.mean < 0
    assert found.low < found.mean < found.upper_bound < found.high
    assert found.upper_bound < 0


def test_a_forecast_against_itself_differs_by_nothing():
    losses = np.random.default_rng(0).random(50)
    found = paired_difference(losses, losses, block_length=5, rng=np.random.default_rng(1), resamples=100)
    assert (found.mean, found.low, found.high, found.standard_error) == (0, 0, 0, 0)


def test_the_same_seed_gives_the_same_interval():
    losses = np.random.default_rng(0).random(60)
    first, again, other = (
        paired_difference(losses, losses[::-1], block_length=5, rng=np.random.default_rng(seed), resamples=200)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: resampled_means([1.0, 2.0], block_length=0.5, rng=rng), "block length"),
        (lambda rng: resampled_means([1.0, 2.0], block_length=3, rng=rng), "block length"),
        (lambda rng: resampled_means([1.0, 2.0], block_length=1, rng=rng, resamples=0), "resample"),
        (lambda rng: paired_difference([1.0, 2.0], [1.0, 2.0], block_length=1, rng=rng, level=1.5), "level"),
    ],
)
def test_settings_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))


def test_one_case_cannot_be_resampled_or_compared():
    with pytest.raises(LookupError, match="at least 2 cases"):
        resampled_means([1.0], block_length=1, rng=np.random.default_rng(0))
    with pytest.raises(LookupError, match="at least 2 cases"):
        paired_difference([1.0], [2.0], block_length=1, rng=np.random.default_rng(0))
