"""Dollars: crossed and reported agree in the sum, bands hold what they claim, and far is assumption."""

import numpy as np
import pytest

from runout.errors import NotEnoughDataError, UsageError
from runout.liquidation_map import shipped
from runout.liquidation_map.dollars import SIDES, TESTS, band, fit, shipped_dollars

SPAN = 4 * 3600 * 10**9


def simulated(
    seed: int, count: int = 500, shown: float = 0.04
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return crossed, reported, distance and end: reports by a gamma law around background and what levels say."""
    rng = np.random.default_rng(seed)
    distance = rng.exponential(0.006, (count, 2))
    crossed = 1e9 * distance**1.5 * rng.gamma(2, 0.5, (count, 2))
    mean = 2e5 + shown * crossed
    variance = 1e5 * mean + (0.5 * mean) ** 2
    reported = rng.gamma(mean**2 / variance, variance / mean)
    return crossed, reported, distance, SPAN * np.arange(1, count + 1)


def test_the_share_and_the_background_are_found_and_sums_agree() -> None:
    crossed, reported, distance, end = simulated(1, 4000)
    found = fit(crossed, reported, distance, end, span=SPAN)
    for side, name in enumerate(SIDES):
        of = found.for_side(name)
        assert of.shown == pytest.approx(0.04, rel=0.15)
        assert of.background_usd == pytest.approx(2e5, rel=0.2)
        expected = of.expected_usd(crossed[:, side], background=True)
        assert expected.sum() == pytest.approx(reported[:, side].sum(), rel=1e-6)
    assert (found.buckets, found.since, found.until) == (4000, 0, end[-1])


def test_bands_of_90_hold_90_of_reports_that_were_not_fitted() -> None:
    inside: list[float] = []
    for seed in range(6):
        crossed, reported, distance, end = simulated(seed)
        found = fit(crossed[:250], reported[:250], distance[:250], end[:250], span=SPAN)
        for side, name in enumerate(SIDES):
            low, high = band(found.for_side(name), crossed[250:, side], np.zeros(250), background=True)
            inside.append(float(((reported[250:, side] >= low) & (reported[250:, side] <= high)).mean()))
    assert 0.86 < np.mean(inside) < 0.95


def test_a_band_holds_what_is_expected_and_assumption_widens_it() -> None:
    of = fit(*simulated(2), span=SPAN).long
    inferred = np.geomspace(1.0, 1e9, 50)
    data, far = (band(of, inferred, np.full(50, share)) for share in (0.0, 1.0))
    for low, high in (data, far):
        assert (low <= of.expected_usd(inferred)).all()
        assert (high >= of.expected_usd(inferred)).all()
        assert (low >= 0.0).all()
    assert (far[0][-10:] < data[0][-10:]).all()
    assert (far[1][-10:] > data[1][-10:]).all()
    assert band(of, np.zeros(1), np.ones(1)) == (0.0, 0.0)


def test_the_share_of_assumption_is_by_how_many_ways_went_so_far() -> None:
    crossed, reported, distance, end = simulated(3)
    of = fit(crossed, reported, distance, end, span=SPAN).short
    away = np.array([0.0, 0.01, 0.05, 1.0])
    tests = [(distance[:, 1] >= one).sum() for one in away]
    assert of.assumed(away) == pytest.approx([TESTS / (TESTS + one) for one in tests])
    assert of.assumed(np.array([1.0]))[0] == 1.0


def test_buckets_without_a_report_or_a_map_are_left_out() -> None:
    crossed, reported, distance, end = simulated(4)
    holed, blind = reported.copy(), crossed.copy()
    holed[::7], blind[3::7] = np.nan, np.nan
    kept = np.isfinite(holed).all(axis=1) & np.isfinite(blind).all(axis=1)
    found = fit(blind, holed, distance, end, span=SPAN)
    alone = fit(crossed[kept], reported[kept], distance[kept], end[kept], span=SPAN)
    assert found.long.shown == alone.long.shown
    assert found.buckets == kept.sum()


def test_too_few_reports_or_none_of_a_side_are_not_enough() -> None:
    crossed, reported, distance, end = simulated(5)
    with pytest.raises(NotEnoughDataError, match="at least 60 buckets"):
        fit(crossed[:50], reported[:50], distance[:50], end[:50], span=SPAN)
    with pytest.raises(NotEnoughDataError, match="some of each side"):
        fit(crossed, reported * np.array([1.0, 0.0]), distance, end, span=SPAN)
    with pytest.raises(UsageError, match="shape"):
        fit(crossed, reported[:, :1], distance, end, span=SPAN)


def test_shipped_dollars_are_all_assumption_and_wide() -> None:
    found = shipped_dollars(shipped(), 1e9, 0)
    of = found.long
    assert found.buckets == 0
    assert of.assumed(np.array([0.0, 0.1])).tolist() == [1.0, 1.0]
    low, high = band(of, np.array([1e8]), np.ones(1))
    assert high[0] > 2.0 * of.expected_usd(np.array([1e8]))[0]
    assert low[0] < 0.4 * of.expected_usd(np.array([1e8]))[0]


def test_only_a_level_alone_is_shown_more_fully_by_a_capped_feed() -> None:
    inferred, assumed = np.array([1e7]), np.zeros(1)
    capped, complete = (fit(*simulated(2), span=SPAN, capped=one).long for one in (True, False))
    levels = [band(of, inferred, assumed, part=True) for of in (complete, capped)]
    assert levels[1][0] == levels[0][0]
    assert levels[1][1] > 1.5 * levels[0][1]
    assert band(capped, inferred, assumed) == band(complete, inferred, assumed)
