"""Information gain of a map and lift."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runout.scores import InformationGain, information_gain, lift_at, pool_information_gain

amount = st.floats(0.01, 1e6)
bins = st.lists(st.tuples(amount, amount, amount), min_size=1, max_size=20).map(np.array)


def gain_of(predicted, against, realised, **settings):
    return information_gain(predicted, against, realised, baseline="uniform", **settings).gain_nats_per_usd


@given(bins)
def test_gain_is_the_formula_of_the_methods_notes(table):
    predicted, against, realised = table.T
    expected = sum(
        y * np.log((m / predicted.sum()) / (b / against.sum()))
        for m, b, y in zip(predicted, against, realised, strict=True)
    )
    found = gain_of(predicted, against, realised, floor_share=0)
    assert found == pytest.approx(expected / realised.sum(), rel=1e-9, abs=1e-12)


@given(bins)
def test_a_map_gains_nothing_on_itself_and_swapping_turns_the_sign(table):
    predicted, against, realised = table.T
    assert gain_of(predicted, predicted, realised) == 0
    assert gain_of(predicted, against, realised) == pytest.approx(-gain_of(against, predicted, realised), abs=1e-12)


@given(bins, st.floats(1e-3, 1e9))
def test_only_shares_matter(table, scale):
    predicted, against, realised = table.T
    assert gain_of(predicted * scale, against, realised) == pytest.approx(
        gain_of(predicted, against, realised), rel=1e-6, abs=1e-9
    )


@given(bins)
def test_no_map_beats_the_one_that_knew_what_would_happen(table):
    predicted, against, realised = table.T
    assert (
        gain_of(predicted, against, realised, floor_share=0)
        <= gain_of(realised, against, realised, floor_share=0) + 1e-12
    )


def test_the_floor_bounds_the_loss_from_a_bin_called_empty():
    found = gain_of([1, 0], [1, 1], [0, 5], floor_share=0.01)
    assert found == pytest.approx(np.log(0.005 / 0.5))
    with pytest.raises(ValueError, match="floor_share above 0"):
        gain_of([1, 0], [1, 1], [0, 5], floor_share=0)
    assert gain_of([1, 0], [1, 1], [5, 0], floor_share=0) == pytest.approx(np.log(2))


def test_a_map_without_mass_is_scored_as_an_even_one():
    assert gain_of([0, 0], [1, 3], [1, 0]) == gain_of([7, 7], [1, 3], [1, 0])


def test_a_window_without_liquidations_says_nothing():
    assert information_gain([1, 2], [1, 1], [0, 0], baseline="uniform") == InformationGain("uniform", None, 0.0, 2)


@pytest.mark.parametrize(
    ("arrays", "settings", "message"),
    [
        (([1.0, -1.0], [1.0, 1.0], [1.0, 1.0]), {}, "at least 0 in predicted_usd"),
        (([1.0, 1.0], [1.0, 1.0], [1.0, -1.0]), {}, "at least 0 in realised_usd"),
        (([1.0, 1.0], [1.0], [1.0, 1.0]), {}, "equal length"),
        (([1.0, np.nan], [1.0, 1.0], [1.0, 1.0]), {}, "finite"),
        (([1.0], [1.0], [1.0]), {"floor_share": 1.0}, "floor_share"),
    ],
)
def test_wrong_maps_are_refused(arrays, settings, message):
    with pytest.raises(ValueError, match=message):
        gain_of(*arrays, **settings)


def some_windows(count, seed, mean_gain=0.2):
    rng = np.random.default_rng(seed)
    return [
        InformationGain("uniform", float(gain), float(dollars), 10)
        for gain, dollars in zip(rng.normal(mean_gain, 0.3, count), rng.lognormal(15, 1, count), strict=True)
    ]


def test_pooled_gain_counts_every_dollar_alike():
    windows = [InformationGain("uniform", 1.0, 3e6, 5), InformationGain("uniform", -1.0, 1e6, 5)]
    pooled = pool_information_gain(windows, block_length=1, rng=np.random.default_rng(0), resamples=100)
    assert pooled.gain_nats_per_usd == 0.5
    assert (pooled.low, pooled.high, pooled.realised_usd) == (-1, 1, 4e6)


def test_pooled_gain_has_an_interval_that_repeats_with_its_seed():
    windows = [*some_windows(80, 1), InformationGain("uniform", None, 0.0, 4)]
    first, again = (
        pool_information_gain(windows, block_length=4, rng=np.random.default_rng(2), resamples=300) for _ in range(2)
    )
    assert first == again
    assert 0 < first.low < first.gain_nats_per_usd < first.high
    assert (first.windows, first.windows_without_realised) == (80, 1)


def test_pooling_asks_for_one_baseline_and_two_windows():
    other = InformationGain("volume profile", 0.1, 1.0, 5)
    with pytest.raises(ValueError, match="uniform, volume profile"):
        pool_information_gain([*some_windows(2, 0), other], block_length=1, rng=np.random.default_rng(0))
    with pytest.raises(LookupError, match="at least 2 windows"):
        pool_information_gain(some_windows(1, 0), block_length=1, rng=np.random.default_rng(0))


@given(bins, st.floats(0.01, 1))
def test_lift_is_at_most_one_over_the_share_and_one_for_a_flat_map(table, share):
    predicted, _, realised = table.T
    places = np.ceil(share * len(realised)) / len(realised)
    assert -1e-12 <= lift_at(predicted, realised, share=share) <= 1 / places + 1e-9
    assert lift_at(np.ones(len(realised)), realised, share=share) == pytest.approx(1)
    assert lift_at(predicted, realised, share=1.0) == pytest.approx(1)


def test_lift_of_the_true_ranking_is_the_highest():
    rng = np.random.default_rng(6)
    realised = rng.lognormal(0, 2, 100)
    assert lift_at(realised, realised, share=0.1) > lift_at(rng.permutation(realised), realised, share=0.1)


def test_bins_tied_at_the_edge_share_the_places():
    # One place is left for two tied bins that hold 4 and 0 of 10.
    assert lift_at([9, 5, 5, 1], [5, 4, 0, 1], share=0.5) == pytest.approx((5 + 4 / 2) / 10 / 0.5)


def test_lift_of_nothing_is_none_and_of_no_share_refused():
    assert lift_at([1, 2], [0, 0], share=0.5) is None
    with pytest.raises(ValueError, match="share"):
        lift_at([1, 2], [1, 0], share=0.0)
