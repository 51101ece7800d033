"""The estimated leverage ratio: the textbook quotient, its rank by a plain count, and the real summer of 2025."""

from pathlib import Path

import polars as pl
import pytest

from indicators.markets import DAY
from indicators.real_tables import daily, interest
from runout.clock import parse_time
from runout.indicators.leverage_ratio import leverage_ratio


def days(n: int, **columns: object) -> pl.DataFrame:
    time = [(i + 1) * DAY for i in range(n)]
    return pl.DataFrame({"event_time": time, "known_time": time}).with_columns(**columns)


def test_the_ratio_is_open_interest_over_the_dollars_held() -> None:
    rows = days(1, open_interest_usd=pl.lit(80e9), price=pl.lit(100_000.0), reserve_base=pl.lit(2.5e6))
    assert leverage_ratio(rows)["ratio"].to_list() == [80 / 250]
    assert leverage_ratio(rows)["stable_ratio"].to_list() == [None]
    with_stable = rows.with_columns(stablecoin_reserve_usd=pl.lit(70e9))
    assert leverage_ratio(with_stable)["stable_ratio"].to_list() == [80 / 320]


def test_the_rank_is_a_plain_count_and_needs_half_a_year() -> None:
    level = pl.Series([float((i * 37) % 101) + 1 for i in range(400)])
    rows = days(400, open_interest_usd=level, price=pl.lit(1.0), reserve_base=pl.lit(1000.0))
    found = leverage_ratio(rows)
    assert found["ratio_percentile"].null_count() == 179
    for i in (179, 300, 399):
        year = level.to_list()[max(i - 364, 0) : i + 1]
        below, equal = sum(v < year[-1] for v in year), sum(v == year[-1] for v in year)
        assert found["ratio_percentile"][i] == pytest.approx(100 * (below + equal / 2) / len(year))


def test_the_change_is_over_thirty_days_and_nothing_without_a_reserve() -> None:
    rows = days(40, open_interest_usd=pl.Series([100.0] * 30 + [110.0] * 10), price=pl.lit(1.0))
    rows = rows.with_columns(reserve_base=pl.Series([1000.0] * 39 + [0.0]))
    found = leverage_ratio(rows)
    assert found["ratio_change_30d"][30] == pytest.approx(0.1)
    assert found["ratio_change_30d"][29] is None
    assert found["ratio"][39] is None


@pytest.mark.real
def test_on_18_august_2025_leverage_stood_high_in_its_year_by_one_provider_s_reserves(real_data: Path) -> None:
    rows = interest(real_data).drop("known_time").join(
        daily(real_data, "exchange_reserves", "reserve_base"), on="event_time"
    )  # fmt: skip
    found = leverage_ratio(rows)
    end = pl.col("event_time") == parse_time("2025-08-19")
    now = rows.filter(end).row(0, named=True)
    by_hand = now["open_interest_usd"] / (now["reserve_base"] * now["price"])
    assert found.filter(end)["ratio"][0] == pytest.approx(by_hand, rel=1e-12)
    assert by_hand == pytest.approx(0.2025, abs=5e-5)
    before = rows.filter(pl.col("event_time") == parse_time("2025-07-20")).row(0, named=True)
    earlier = before["open_interest_usd"] / (before["reserve_base"] * before["price"])
    assert found.filter(end)["ratio_change_30d"][0] == pytest.approx(by_hand / earlier - 1, rel=1e-9)
    past = found.filter(pl.col("event_time") <= parse_time("2025-08-19"))["ratio"].drop_nulls().to_list()
    below = sum(value < by_hand for value in past)
    assert found.filter(end)["ratio_percentile"][0] == pytest.approx(100 * (below + 0.5) / len(past))
