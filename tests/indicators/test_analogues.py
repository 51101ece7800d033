"""Analogues: nearest by a plain loop, apart from each other, and only those whose sequel was known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.markets import DAY
from runout.indicators.analogues import APART, frequency, nearest

WEEK = 7 * DAY


def days(n: int = 300, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, [1.0, 10.0, 0.1], (n, 3)), (np.arange(n, dtype=np.int64) + 1) * DAY


def plain(features: np.ndarray, t: np.ndarray, now: int, count: int) -> list[tuple[int, float]]:
    """Return time and distance of the nearest days, one after another."""
    past = [i for i in range(len(t)) if t[i] + WEEK <= t[now] and t[i] <= t[now] - 10 * DAY]
    means = [sum(features[i][k] for i in past) / len(past) for k in range(3)]
    scale = [(sum((features[i][k] - means[k]) ** 2 for i in past) / (len(past) - 1)) ** 0.5 for k in range(3)]
    far = {
        int(t[i]): (sum(((features[i][k] - features[now][k]) / scale[k]) ** 2 for k in range(3)) / 3) ** 0.5
        for i in past
    }
    chosen: list[tuple[int, float]] = []
    for time in sorted(far, key=far.__getitem__):
        if all(abs(time - other) >= 10 * DAY for other, _ in chosen):
            chosen.append((time, far[time]))
    return chosen[:count]


@pytest.mark.parametrize("now", [120, 299])
def test_the_nearest_days_are_those_of_a_plain_loop(now: int) -> None:
    features, t = days()
    found = nearest(features, t, now=now, outcome_known=t + WEEK)
    expected = plain(features, t, now, 12)
    assert [one.time for one in found] == [time for time, _ in expected]
    assert [one.distance for one in found] == pytest.approx([distance for _, distance in expected])


@given(seed=st.integers(0, 50), now=st.integers(60, 299))
def test_analogues_lie_apart_in_the_past_and_later_days_change_none(seed: int, now: int) -> None:
    features, t = days(seed=seed)
    found = nearest(features, t, now=now, outcome_known=t + WEEK)
    times = [*(one.time for one in found), int(t[now])]
    assert all(abs(a - b) >= APART for i, a in enumerate(times) for b in times[:i])
    assert [one.distance for one in found] == sorted(one.distance for one in found)
    changed = features.copy()
    changed[now + 1 :] = 1e6
    assert nearest(changed, t, now=now, outcome_known=t + WEEK) == found
    assert nearest(features[: now + 1], t[: now + 1], now=now, outcome_known=(t + WEEK)[: now + 1]) == found


def test_a_day_whose_sequel_is_not_known_yet_is_nobody_s_analogue() -> None:
    features, t = days()
    features[100] = features[299]
    known = t + WEEK
    assert nearest(features, t, now=299, outcome_known=known)[0].time == t[100]
    known[100] = t[299] + 1
    assert nearest(features, t, now=299, outcome_known=known)[0].time != t[100]


def test_a_scale_common_to_all_days_changes_nothing() -> None:
    features, t = days()
    found = nearest(features, t, now=299, outcome_known=t + WEEK)
    scaled = nearest(features * 1024.0, t, now=299, outcome_known=t + WEEK)
    assert [one.time for one in found] == [one.time for one in scaled]


def test_an_incomplete_present_or_too_short_a_past_has_no_analogues() -> None:
    features, t = days()
    assert nearest(features, t, now=40, outcome_known=t + WEEK) == []
    features[299, 1] = np.nan
    assert nearest(features, t, now=299, outcome_known=t + WEEK) == []
    features[50] = np.nan
    assert t[50] not in {one.time for one in nearest(features, t, now=298, outcome_known=t + WEEK)}


def test_the_share_is_drawn_to_the_base_rate_by_four_days() -> None:
    none = np.zeros(0, dtype=bool)
    assert frequency(none, 0.07) == pytest.approx(0.07)
    assert frequency(np.ones(12, dtype=bool), 0.0) == 12 / 16
    assert frequency(np.array([True] * 3 + [False] * 9), 0.25) == 0.25
