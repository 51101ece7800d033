"""Peaks: by definition, by a plain second implementation, as of any moment, and those of 2025."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators import real_tables
from indicators.markets import DAY, interest
from runout.clock import parse_time
from runout.indicators.cycles import Peak, peaks


def path(prices: list[float | None], coins: list[float | None] | None = None) -> pl.DataFrame:
    held = coins or [1000.0] * len(prices)
    usd = [None if p is None or c is None else p * c for p, c in zip(prices, held, strict=True)]
    time = [(i + 1) * DAY for i in range(len(prices))]
    return pl.DataFrame(
        {"event_time": time, "open_interest_usd": usd, "price": prices},
        schema_overrides={"open_interest_usd": pl.Float64, "price": pl.Float64},
    )


def plain(rows: pl.DataFrame) -> list[tuple[int, int]]:
    """Return (time, confirmed) of peaks, one row after another."""
    known = list(rows.select("event_time", "price").iter_rows())
    found: list[tuple[int, int]] = []
    last = None
    for i, (t, p) in enumerate(known):
        if any(other > p for s, other in known if abs(s - t) <= 30 * DAY):
            continue
        if last is not None and t - last <= 30 * DAY:
            continue
        last = t
        for s, later in known[i + 1 :]:
            if later > p:
                break
            if later <= 0.93 * p:
                found.append((t, s))
                break
    return found


def test_a_peak_counts_from_the_fall_that_confirms_it() -> None:
    rows = path([90.0, 95.0, 100.0, 99.0, 97.0, 94.0, 92.9, 91.0, 90.0, 89.0])
    assert [peak.time // DAY for peak in peaks(rows)] == [3]
    assert peaks(rows)[0].confirmed_time == 7 * DAY
    assert peaks(rows.head(6)) == []
    assert peaks(rows.head(7))[0].price_after_7d is None


def test_a_fall_after_a_higher_price_does_not_confirm_an_earlier_high() -> None:
    climb = [100.0] + [96.0] * 35 + [105.0] + [103.0 - day / 10 for day in range(35)] + [90.0]
    assert [peak.time // DAY for peak in peaks(path(climb))] == [37]


def test_a_higher_price_within_thirty_days_takes_a_confirmed_peak_off_the_list() -> None:
    prices = [100.0, 92.0, 95.0, 97.0, 101.0, 100.0]
    assert [peak.time // DAY for peak in peaks(path(prices[:2]))] == [1]
    assert peaks(path(prices)) == []


def test_open_interest_around_the_peak_is_in_coins_and_after_it_as_far_as_known() -> None:
    prices = [100.0, 92.0, 91.0, 90.0, 90.0, 90.0, 90.0, 95.0, 90.0]
    coins = [1000.0, 1000.0, 1100.0, 900.0, 900.0, 900.0, 900.0, 800.0, 900.0]
    peak = peaks(path(prices, coins))[0]
    assert (peak.interest_usd, peak.interest_base) == (100_000.0, 1000.0)
    assert peak.interest_peak_lag_days == 2.0
    assert peak.price_after_7d == pytest.approx(-0.05)
    assert peak.coins_after_7d == pytest.approx(-0.2)


def test_what_was_not_observed_is_none_and_a_missing_price_is_passed_over() -> None:
    prices = [100.0, None, 92.0, *[90.0] * 8]
    peak = peaks(path(prices, [None] * len(prices)))[0]
    nothing = (None, None, None, None)
    assert (peak.interest_usd, peak.interest_base, peak.interest_peak_lag_days, peak.coins_after_7d) == nothing
    assert peak.confirmed_time == 3 * DAY


@given(seed=st.integers(0, 30), cut=st.integers(1, 400))
def test_peaks_are_those_of_a_plain_second_implementation_at_any_moment(seed: int, cut: int) -> None:
    rows = interest(400, seed).filter(pl.col("event_time") % DAY == 0).head(cut)
    assert [(peak.time, peak.confirmed_time) for peak in peaks(rows)] == plain(rows)


@given(seed=st.integers(0, 30))
def test_a_peak_older_than_sixty_days_keeps_its_facts(seed: int) -> None:
    rows = interest(400, seed).filter(pl.col("event_time") % DAY == 0)
    early = [peak for peak in peaks(rows.head(300)) if peak.time <= 240 * DAY]
    assert early == [peak for peak in peaks(rows) if peak.time <= 240 * DAY and peak.confirmed_time <= 300 * DAY]


@pytest.mark.real
def test_in_may_2025_the_price_peaked_at_111_756_with_81_3_billion_of_open_interest(real_data: Path) -> None:
    rows = real_tables.interest(real_data)
    may = rows.filter(pl.col("event_time").is_between(parse_time("2025-05-01"), parse_time("2025-06-01")))
    stood = may["open_interest_usd"].max()
    assert stood == pytest.approx(81.3e9, abs=0.05e9)
    # The provider stamps the candle by its open, 2025-05-22 00:00; it closed, and was known, four hours later.
    peak = next(peak for peak in peaks(rows) if peak.time == parse_time("2025-05-22T04:00Z"))
    assert isinstance(peak, Peak)
    assert peak.interest_usd == stood
    assert peak.price == 111_755.9
    assert peak.interest_base == pytest.approx(stood / 111_755.9)
    assert peak.confirmed_time == parse_time("2025-05-31T04:00Z")
    below = rows.filter(pl.col("event_time") == peak.confirmed_time)["price"][0]
    assert below / peak.price - 1 <= -0.07
    week = rows.filter(pl.col("event_time") == parse_time("2025-05-29T04:00Z")).row(0, named=True)
    assert peak.price_after_7d == pytest.approx(week["price"] / peak.price - 1)
    assert [peak.time for peak in peaks(rows)] == [time for time, _ in plain(rows)]


@pytest.mark.real
def test_the_day_after_the_peak_of_may_2025_open_interest_closed_at_76_5_billion(real_data: Path) -> None:
    row = real_tables.interest(real_data).filter(pl.col("event_time") == parse_time("2025-05-24")).row(0, named=True)
    assert row["open_interest_usd"] == pytest.approx(76.5e9, abs=0.05e9)
    assert row["price"] == pytest.approx(107_000, rel=0.01)
