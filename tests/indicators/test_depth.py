"""Depth: what is missing of the usual, by a plain median, and a real afternoon."""

from pathlib import Path
from statistics import median

import polars as pl
import pytest

from indicators.markets import DAY, STEP
from indicators.real_tables import coinglass
from runout.clock import parse_time
from runout.indicators.depth import depth_state


def book(bids: list[float | None], asks: list[float], step: int = DAY) -> pl.DataFrame:
    time = [(i + 1) * step for i in range(len(bids))]
    return pl.DataFrame({"event_time": time, "known_time": time, "bid_usd": bids, "ask_usd": asks})


def test_half_the_usual_depth_is_a_withdrawal_of_a_half() -> None:
    found = depth_state(book([100.0] * 25 + [40.0], [100.0] * 25 + [60.0])).row(-1, named=True)
    assert found["withdrawal"] == pytest.approx(0.5)
    assert found["bid_withdrawal"] == pytest.approx(0.6)
    assert found["imbalance"] == pytest.approx(-0.2)
    assert found["depth_usd"] == 100.0


def test_the_present_row_is_no_part_of_what_is_usual_and_the_usual_is_a_plain_median() -> None:
    bids = [float((i * 29) % 53 + 10) for i in range(60)]
    found = depth_state(book(bids, [5.0] * 60))
    for i in (30, 45, 59):
        usual = median([bid + 5.0 for bid in bids[i - 29 : i]])
        assert found["withdrawal"][i] == pytest.approx(1 - (bids[i] + 5.0) / usual)
    assert found["withdrawal"][:19].null_count() == 19
    assert found["withdrawal"][19] is not None


def test_a_row_that_was_not_observed_is_null_and_takes_no_later_value_with_it() -> None:
    found = depth_state(book([100.0] * 25 + [None] + [50.0] * 2, [100.0] * 28))
    assert found["withdrawal"][25] is None
    assert found["withdrawal"][26] == pytest.approx(0.25)


def test_history_counts_in_days_whatever_the_step() -> None:
    found = depth_state(book([100.0] * 130, [100.0] * 130, step=STEP))
    assert found["withdrawal"][: 19 * 6].null_count() == 19 * 6
    assert found["withdrawal"][19 * 6] == pytest.approx(0.0)


@pytest.mark.real
def test_at_noon_of_18_august_2025_spot_depth_was_13_percent_below_its_usual(real_data: Path) -> None:
    raw = coinglass(real_data, "spot_orderbook_ask_bids_history_BTC__4h")
    rows = raw.select("event_time", known_time="event_time", bid_usd="bids_usd", ask_usd="asks_usd")
    at = parse_time("2025-08-18T12:00Z")
    found = depth_state(rows).filter(pl.col("event_time") == at).row(0, named=True)
    totals = {time: bid + ask for time, bid, ask in raw.select("event_time", "bids_usd", "asks_usd").iter_rows()}
    usual = median(total for time, total in totals.items() if at - 30 * DAY < time < at)
    assert found["withdrawal"] == pytest.approx(1 - totals[at] / usual)
    assert found["withdrawal"] == pytest.approx(0.130, abs=5e-4)
    assert found["depth_usd"] == pytest.approx(59.6e6, abs=5e4)
