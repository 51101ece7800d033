"""Weights: found again where the data tell them, the prior where they do not, bands that hold what they promise."""

import numpy as np
import pytest

from runout.errors import NotEnoughDataError, UsageError
from runout.liquidation_map import weights
from runout.liquidation_map.weights import SIDES, Weights, along_ways, band, expected_usd, fit

SPAN = 4 * 3600 * 10**9
TRUE = np.array([[0.02, 0.01], [0.01, 0.03], [0.005, 0.02]])


def buckets(count: int = 600, seed: int = 3, *, shape: float = 4.0, lump: float = 1e3) -> tuple[np.ndarray, ...]:
    """Return inferred dollars that come in bursts, and reports of them: lumps, whole levels high or low together."""
    rng = np.random.default_rng(seed)
    inferred = rng.gamma(0.3, 3e7, (count, 2, 3, 2))
    inferred[:, :, 2] *= rng.random((count, 2, 1)) < 0.3
    mean = (inferred * TRUE).sum(axis=(2, 3)) * rng.gamma(shape, 1 / shape, (count, 2)) + 5e4
    return inferred, rng.poisson(mean / lump) * lump, SPAN * np.arange(1, count + 1)


def fitted(**wishes: float) -> Weights:
    inferred, reported, end = buckets()
    return fit(inferred, reported, end, span=SPAN, **wishes)


def test_weights_come_back_where_the_data_tell_them():
    found = fitted()
    for side in (found.long, found.short):
        assert np.abs(np.log(side.weight / TRUE)).max() < 0.35
        assert not any(side.prior_driven())
        assert side.shape == pytest.approx(4.0, rel=0.35)


def test_a_class_that_was_never_reached_keeps_the_prior_and_says_so():
    inferred, reported, end = buckets()
    inferred[:, :, 1] = 0.0
    found = fit(inferred, reported, end, span=SPAN).long
    assert found.weight[1] == pytest.approx(found.prior, rel=1e-6)
    assert found.class_told[1] == pytest.approx(0.0, abs=1e-9)
    assert found.prior_driven() == (False, True, False)


def test_two_classes_that_always_go_together_are_not_told_apart():
    inferred, reported, end = buckets()
    inferred[:, :, 1] = inferred[:, :, 0]
    found = fit(inferred, reported, end, span=SPAN).long
    assert found.class_told[:2].max() < 0.9 < found.class_told[2] + 0.3
    assert found.weight[0] + found.weight[1] == pytest.approx(TRUE[0] + TRUE[1], rel=1.0)


def test_weights_stand_at_the_mode():
    inferred, reported, end = buckets()
    found = fit(inferred, reported, end, span=SPAN).long
    exposure = inferred[:, 0].reshape(len(inferred), -1)
    w = found.weight.reshape(-1)
    levels, b = exposure @ w, found.background_usd
    variance = found.lump_usd * (levels + b) + levels**2 / found.shape + b**2 / found.background_shape
    slope = weights.STRENGTH * (1 - w / found.prior) + w * (exposure.T @ ((reported[:, 0] - levels - b) / variance))
    assert np.abs(slope).max() < 1e-3


def test_bands_hold_nine_in_ten_of_what_came_after():
    found = fitted()
    later, reported, _ = buckets(2000, seed=9)
    inside = band(found.long, later[:, 0], background=True)
    share = ((reported[:, 0] >= inside.low) & (reported[:, 0] <= inside.high)).mean()
    assert 0.86 < share < 0.95


def test_a_band_holds_its_mean_and_widens_with_its_coverage():
    found = fitted().long
    part = np.full((3, 2), 1e6)
    narrow, wide = band(found, part, coverage=0.5), band(found, part, coverage=0.95)
    assert wide.low < narrow.low < expected_usd(found, part) < narrow.high < wide.high
    assert band(found, np.zeros((3, 2))).high == 0.0


def test_more_dollars_reported_make_larger_weights_in_the_same_measure():
    inferred, reported, end = buckets()
    once, thrice = fit(inferred, reported, end, span=SPAN), fit(inferred, 3 * reported, end, span=SPAN)
    assert np.allclose(thrice.long.weight / once.long.weight, 3.0, rtol=0.02)


def test_buckets_without_a_report_are_left_out():
    inferred, reported, end = buckets()
    holes = reported.copy()
    holes[100:150] = np.nan
    kept = np.r_[0:100, 150:600]
    found, wanted = (
        fit(inferred, holes, end, span=SPAN),
        fit(inferred[kept], reported[kept], end[kept], span=SPAN),
    )
    assert found.long.buckets == 550
    assert np.array_equal(found.short.weight, wanted.short.weight)


def test_too_little_and_ill_shaped_input_is_refused_in_words():
    inferred, reported, end = buckets(50)
    with pytest.raises(NotEnoughDataError, match="at least 60 buckets"):
        fit(inferred, reported, end, span=SPAN)
    with pytest.raises(UsageError, match="expected inferred dollars of shape"):
        fit(inferred[:, 0], reported, end, span=SPAN)
    inferred, reported, end = buckets(100)
    with pytest.raises(NotEnoughDataError, match="liquidated something"):
        fit(0 * inferred, reported, end, span=SPAN)


def test_along_past_ways_as_much_is_expected_as_was_reported():
    inferred, reported, end = buckets()
    plain = fit(inferred, reported, end, span=SPAN)
    ways = inferred * np.array([0.5, 0.8])[:, np.newaxis, np.newaxis]
    ways[::7] = np.nan
    reported[3] = np.nan
    moved = along_ways(plain, ways, reported)
    known = np.isfinite(reported).all(axis=1) & np.isfinite(ways).all(axis=(1, 2, 3))
    for i, name in enumerate(SIDES):
        before, after = plain.of(name), moved.of(name)
        assert expected_usd(after, ways[known, i], background=True).sum() == pytest.approx(reported[known, i].sum())
        assert after.weight / before.weight == pytest.approx(after.way_factor)
        assert after.background_usd / before.background_usd == pytest.approx(after.way_factor)
    assert moved.long.way_factor > moved.short.way_factor > 1.0


def test_too_few_ways_leave_weights_alone():
    plain, ways = fitted(), np.full((100, 2, 3, 2), np.nan)
    ways[:30] = 1e6
    assert along_ways(plain, ways, np.full((100, 2), 1e5)) is plain
