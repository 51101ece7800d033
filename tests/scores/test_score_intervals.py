"""Intervals of frequencies and coverage of intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from runout.scores import interval_coverage, wilson_interval

counts = st.integers(1, 300).flatmap(lambda cases: st.tuples(st.integers(0, cases), st.just(cases)))


@pytest.mark.parametrize(
    ("events", "cases", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_of_newcombe(events, cases, low, high):
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3.
    found = wilson_interval(events, cases, level=0.95)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(counts, st.floats(0.5, 0.99))
@pytest.mark.parametrize("interval", [wilson_interval])
def test_intervals_hold_the_frequency_and_mirror_with_the_event(interval, count, level):
    events, cases = count
    found, mirrored = interval(events, cases, level=level), interval(cases - events, cases, level=level)
    assert 0 <= found.low <= found.frequency <= found.high <= 1
    assert mirrored.low == pytest.approx(1 - found.high, abs=1e-12)


@pytest.mark.parametrize("interval", [wilson_interval])
def test_without_cases_anything_is_possible(interval):
    found = interval(0, 0)
    assert (found.frequency, found.low, found.high) == (None, 0, 1)


@pytest.mark.parametrize("interval", [wilson_interval])
@pytest.mark.parametrize(("events", "cases", "level"), [(3, 2, 0.9), (-1, 2, 0.9), (1, 2, 1.0), (1, 2, 0.0)])
def test_impossible_counts_and_levels_are_refused(interval, events, cases, level):
    with pytest.raises(ValueError, match="expected"):
        interval(events, cases, level=level)


@pytest.mark.parametrize("interval", [wilson_interval])
def test_mean_coverage_over_frequencies_is_about_the_level(interval):
    cases = 40
    frequency = np.linspace(0.02, 0.98, 97)
    found = [interval(events, cases, level=0.9) for events in range(cases + 1)]
    chance = stats.binom.pmf(np.arange(cases + 1)[:, np.newaxis], cases, frequency)
    held = np.array([(one.low <= frequency) & (frequency <= one.high) for one in found])
    assert (chance * held).sum(axis=0).mean() == pytest.approx(0.9, abs=0.015)


def test_coverage_counts_both_sides_and_takes_the_ends_as_inside():
    found = interval_coverage([0, 0, 0, 0], [1, 1, 1, 3], [0, 1, -5, 4], nominal=0.8)
    assert (found.covered.frequency, found.below, found.above) == (0.5, 1, 1)
    assert found.mean_width == 1.5
    assert found.nominal == 0.8
    assert found.covered.low < 0.5 < found.covered.high


def test_intervals_upside_down_are_refused():
    with pytest.raises(ValueError, match="upside down"):
        interval_coverage([1.0], [0.0], [0.5], nominal=0.8)
