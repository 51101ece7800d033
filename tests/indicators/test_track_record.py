"""Track records count only what was over, and no two cases share what followed."""

import numpy as np
import polars as pl
import pytest

from indicators.markets import DAY, interest
from runout.indicators.cycles import peaks
from runout.indicators.peak_history import WITHDRAWN, peak_history
from runout.indicators.track_record import largest_fall_after, return_after, track_record
from runout.scores import wilson_interval


def test_cases_of_one_verdict_are_a_horizon_apart_and_the_base_rate_counts_every_moment() -> None:
    t = np.arange(6) * 4
    outcomes = np.array([1.0, 0.0, 1.0, 0.0, np.nan, np.nan])
    record = track_record(t, ["a", "a", "a", "b", "a", "unknown"], outcomes, 8, t)
    # "a" at 0 and at 8 count (4 shares its sequel with 0), "b" at 12; by then 1 of 1, 2 of 3 and 2 of 4 moments.
    assert record.select("event_time", "verdict", "cases", "hits").rows() == [
        (8, "a", 1, 1),
        (16, "a", 2, 2),
        (20, "b", 1, 0),
    ]
    assert record["base_rate"].to_list() == pytest.approx([1.0, 2 / 3, 2 / 4])
    interval = wilson_interval(2, 2)
    assert record.row(1)[-2:] == (interval.low, interval.high)


def test_a_record_cut_at_any_time_is_the_record_known_then() -> None:
    rng = np.random.default_rng(4)
    t = np.arange(300) * DAY
    words = rng.choice(["calm", "loud", "unknown"], 300).tolist()
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, 300)))
    low = close * 0.99

    def record(n: int) -> pl.DataFrame:
        fall = largest_fall_after(t[:n], close[:n], low[:n], 7 * DAY)
        outcome = np.where(np.isnan(fall), np.nan, fall <= -0.05)
        return track_record(t[:n], words[:n], outcome, 7 * DAY, t[:n])

    whole = record(300)
    for n in (20, 123, 299):
        assert record(n).equals(whole.filter(pl.col("known_time") <= t[n - 1]))


def test_the_fall_after_is_the_lowest_low_of_complete_windows() -> None:
    t = np.array([0, 4, 8, 12])
    close, low = np.array([10.0, 11.0, 9.0, 10.0]), np.array([9.0, 10.0, 8.0, 9.5])
    assert largest_fall_after(t, close, low, 8).tolist()[:2] == pytest.approx([8 / 10 - 1, 8 / 11 - 1])
    assert np.isnan(largest_fall_after(t, close, low, 8)[2:]).all()
    assert return_after(t, close, 8).tolist()[:2] == pytest.approx([-0.1, 10 / 11 - 1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_known_of_peaks_is_the_list_that_the_rows_of_that_moment_give(seed: int) -> None:
    rows = interest(400, seed).filter(pl.col("event_time") % DAY == 0)
    history = peak_history(rows)
    for n in (40, 90, 155, 230, 311, 400):
        known = history.filter(pl.col("known_time") <= n * DAY)
        gone = set(known.filter(pl.col("field") == WITHDRAWN)["event_time"].to_list())
        kept = known.filter(~pl.col("event_time").is_in(list(gone)))
        expected = peaks(rows.head(n))
        assert sorted(kept["event_time"].unique().to_list()) == [peak.time for peak in expected]
        values = {(time, field): value for time, _, field, value in kept.iter_rows()}
        for peak in expected:
            assert values[(peak.time, "price")] == peak.price
            assert values[(peak.time, "confirmed_time")] == peak.confirmed_time
            assert values.get((peak.time, "coins_after_7d")) == peak.coins_after_7d
            if (lag := values.get((peak.time, "lag_days"))) is not None:
                assert lag == peak.interest_peak_lag_days
