"""Funding on one scale: the rate of a year, weights by open interest, ranks by a plain count, states by definition."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.markets import DAY, STEP
from indicators.real_tables import coinglass
from runout.clock import parse_time
from runout.indicators.funding import classify, dispersion, funding_state, per_year, weighted


def test_a_hundredth_of_a_percent_for_eight_hours_is_10_95_percent_a_year() -> None:
    assert per_year(0.0001, 8) == pytest.approx(0.1095)
    assert per_year(0.0001, 4) == pytest.approx(0.219)
    assert per_year(-0.0001, 1) == pytest.approx(-0.876)


@pytest.mark.parametrize("hours", [0, -8])
def test_an_interval_that_is_not_positive_is_refused(hours: float) -> None:
    with pytest.raises(ValueError, match="positive funding interval"):
        per_year(0.0001, hours)


def test_the_mean_is_weighted_by_open_interest_over_venues_that_report_both() -> None:
    rates = {"binance": 0.0001, "okx": 0.0003, "gate": 0.01}
    assert weighted(rates, {"binance": 30e9, "okx": 10e9, "bybit": 99e9}) == pytest.approx(0.00015)
    assert weighted(rates, {"bybit": 1.0}) is None
    assert weighted(rates, {"binance": 0.0}) is None


@given(rates=st.dictionaries(st.sampled_from("abcdef"), st.floats(-0.01, 0.01), min_size=1))
def test_the_mean_lies_between_the_venues_and_does_not_depend_on_the_unit_of_the_weights(rates) -> None:
    weights = {venue: 1e9 * (place + 1) for place, venue in enumerate(sorted(rates))}
    found = weighted(rates, weights)
    assert found is not None
    assert min(rates.values()) - 1e-12 <= found <= max(rates.values()) + 1e-12
    assert weighted(rates, {venue: weight / 7 for venue, weight in weights.items()}) == pytest.approx(found, abs=1e-12)


def test_dispersion_is_the_sample_deviation_of_three_venues_or_more() -> None:
    assert dispersion({"a": 0.1, "b": 0.2, "c": 0.3}) == pytest.approx(0.1)
    assert dispersion({"a": 0.1, "b": 0.2}) is None


def test_ranks_need_ninety_days_and_the_week_s_highest_reaches_seven_days_back() -> None:
    n = 120 * 6
    rate = np.random.default_rng(1).normal(1e-4, 1e-4, n)
    rate[100 * 6] = 0.01
    time = (np.arange(n) + 1) * STEP
    found = funding_state(
        pl.DataFrame({"event_time": time, "known_time": time, "rate": rate, "interval_hours": np.full(n, 8.0)})
    )
    assert found["yearly_percentile"][: 89 * 6].null_count() == 89 * 6
    assert found["yearly_percentile"][89 * 6] is not None
    top = found["yearly_percentile"][100 * 6]
    assert top == pytest.approx(100 * (601 - 0.5) / 601)
    assert found["week_high_percentile"][100 * 6 : 107 * 6].to_list() == [top] * 42
    assert found["week_high_percentile"][107 * 6] < top


@pytest.mark.parametrize(
    ("now", "week", "coins", "state"),
    [
        (95.0, 95.0, 0.0, "stretched"),
        (90.0, 90.0, None, "stretched"),
        (40.0, 95.0, -0.02, "exhausted"),
        (40.0, 95.0, 0.05, "exhausted"),
        (40.0, 95.0, -0.03, "ordinary"),
        (40.0, 95.0, None, "ordinary"),
        (50.0, 95.0, 0.0, "ordinary"),
        (40.0, 89.9, 0.0, "ordinary"),
        (None, 95.0, 0.0, "unknown"),
        (40.0, None, 0.0, "unknown"),
    ],
)
def test_funding_is_exhausted_where_the_payment_went_away_and_the_positions_did_not(now, week, coins, state) -> None:
    assert classify(now, week, coins) == state


@pytest.mark.real
def test_the_weighted_rate_at_noon_of_18_august_2025_was_7_8_percent_a_year(real_data: Path) -> None:
    raw = coinglass(real_data, "futures_fundingRate_oi_weight_ohlc_history_BTC__4h")
    rows = raw.select("event_time", known_time="event_time", rate=pl.col("close") / 100, interval_hours=pl.lit(8.0))
    at = parse_time("2025-08-18T12:00Z")
    found = funding_state(rows).filter(pl.col("event_time") == at).row(0, named=True)
    percent = raw.filter(pl.col("event_time") == at)["close"][0]
    assert found["yearly"] == pytest.approx(percent / 100 * 3 * 365)
    assert found["yearly"] == pytest.approx(0.0779, abs=5e-5)
    year = [value for time, value in raw.select("event_time", "close").iter_rows() if at - 365 * DAY < time <= at]
    rank = 100 * (sum(v < percent for v in year) + sum(v == percent for v in year) / 2) / len(year)
    assert found["yearly_percentile"] == pytest.approx(rank)
    assert classify(rank, found["week_high_percentile"], 0.0) == "ordinary"
