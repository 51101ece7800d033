"""Totals of capped feeds, against feeds whose every event is known."""

import numpy as np
import pytest

from runout.clock import NANOSECONDS_PER_DAY as DAY
from runout.clock import NANOSECONDS_PER_SECOND as SECOND
from runout.coverage.capture import corrected_totals, largest_of_each_second
from runout.errors import UsageError


def feed(seed: int, *, tail: float = 1.5, days: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Return all events: quiet days, each with forty minutes at up to ten a second."""
    rng = np.random.default_rng(seed)
    rate = 0.02 * np.exp(rng.normal(0.0, 1.0, days * 1440))
    for day in range(days):
        first = day * 1440 + int(rng.integers(0, 1400))
        rate[first : first + 40] += rng.choice([0.0, 0.5, 3.0, 10.0])
    count = rng.poisson(np.repeat(rate, 60))
    second = np.repeat(np.arange(len(count)), count)
    return second * SECOND, 3_000.0 * (1.0 - rng.random(len(second))) ** (-1 / tail)


def days_of(time: np.ndarray, usd: np.ndarray, days: int = 4) -> np.ndarray:
    return np.bincount(time // DAY, usd, minlength=days)


def test_the_largest_of_each_second_tells_the_total_of_the_day() -> None:
    inside, ratio, shown = [], [], []
    for seed in range(10):
        time, usd = feed(seed, tail=1.3 if seed % 2 else 1.6)
        kept = largest_of_each_second(time, usd)
        found = corrected_totals(
            time[kept], usd[kept], since=0, until=4 * DAY, rule="largest", rng=np.random.default_rng(seed)
        )
        true = days_of(time, usd)
        inside += ((found["low_usd"].to_numpy() <= true) & (true <= found["high_usd"].to_numpy())).tolist()
        ratio += (found["total_usd"].to_numpy() / true).tolist()
        shown += (found["reported_usd"].to_numpy() / true).tolist()
    assert np.mean(inside) >= 0.85
    assert np.median(ratio) == pytest.approx(1.0, abs=0.02)
    assert max(ratio) < 1.1
    assert min(ratio) > 0.9
    assert min(shown) < 0.6  # the cap took something that could be missed


def test_one_of_each_second_tells_the_total_while_seconds_are_silent() -> None:
    rng = np.random.default_rng(3)
    count = rng.poisson(0.5, DAY // SECOND)
    second = np.repeat(np.arange(len(count)), count)
    usd = rng.lognormal(8.0, 1.0, len(second)).astype(np.float64)
    shuffled = rng.permutation(len(second))
    _, first = np.unique(second[shuffled], return_index=True)
    kept = np.sort(shuffled[first])
    found = corrected_totals(second[kept] * SECOND, usd[kept], since=0, until=DAY, rule="one", rng=rng)
    reported, total, low, high, saturated = found.select(
        "reported_usd", "total_usd", "low_usd", "high_usd", "saturated_share"
    ).row(0)
    assert reported < 0.85 * usd.sum()
    assert low < usd.sum() < high
    assert total == pytest.approx(usd.sum(), rel=0.02)
    assert saturated == 0.0


def test_minutes_in_which_every_second_reports_are_counted_as_saturated() -> None:
    time = np.arange(120) * SECOND
    found = corrected_totals(time, np.ones(120), since=0, until=DAY, rule="one", rng=np.random.default_rng(0))
    assert found["saturated_share"].to_list() == [1.0]
    assert found["total_usd"][0] > found["reported_usd"][0]


def test_a_feed_without_crowded_seconds_is_left_as_it_is() -> None:
    time, usd = np.arange(0, 86_400, 600) * SECOND, np.full(144, 5.0)
    found = corrected_totals(time, usd, since=0, until=DAY, rule="largest", rng=np.random.default_rng(0))
    assert found["total_usd"][0] == found["low_usd"][0] == found["high_usd"][0] == found["reported_usd"][0] == 720.0


def test_a_silent_feed_has_totals_of_nothing_for_each_period() -> None:
    none = np.zeros(0, dtype=np.int64)
    found = corrected_totals(none, np.zeros(0), since=0, until=2 * DAY, rule="largest", rng=np.random.default_rng(0))
    assert found["total_usd"].to_list() == [0.0, 0.0]
    assert found["event_time"].to_list() == [DAY, 2 * DAY]


def test_the_same_seed_gives_the_same_interval() -> None:
    time, usd = feed(1)
    kept = largest_of_each_second(time, usd)

    def once() -> object:
        rng = np.random.default_rng(9)
        return corrected_totals(time[kept], usd[kept], since=0, until=4 * DAY, rule="largest", rng=rng).to_dict(
            as_series=False
        )

    assert once() == once()


@pytest.mark.parametrize(("time", "usd", "until"), [(DAY + 1, 1.0, DAY), (0, 0.0, DAY), (0, 1.0, DAY + 5), (0, 1.0, 0)])
def test_reports_outside_the_time_or_of_nothing_and_broken_periods_are_refused(
    time: int, usd: float, until: int
) -> None:
    with pytest.raises(UsageError):
        corrected_totals(
            np.array([time]), np.array([usd]), since=0, until=until, rule="largest", rng=np.random.default_rng(0)
        )
