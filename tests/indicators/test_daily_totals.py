"""Liquidations of hours summed to days."""

import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, parse_time
from runout.indicators.liquidations import by_side, daily_totals

START = parse_time("2025-06-01")


def hours(kept: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            ("mine", "BTC", START + (hour + 1) * NANOSECONDS_PER_HOUR, NANOSECONDS_PER_HOUR, side, value)
            for hour in kept
            for side, value in (("long", 1.0), ("short", 2.0))
        ],
        schema=["series", "coin", "event_time", "span", "liquidated_side", "value_usd"],
        orient="row",
    ).with_columns(known_time=pl.col("event_time") + 5)


def test_complete_days_are_summed_and_others_left_out() -> None:
    days = by_side(daily_totals(hours([*range(24), *range(24, 47), *range(48, 72)]), NANOSECONDS_PER_HOUR))
    ends = [START + NANOSECONDS_PER_DAY, START + 3 * NANOSECONDS_PER_DAY]
    assert days.select("event_time", "known_time", "long_usd", "short_usd").rows() == [
        (end, end + 5, 24.0, 48.0) for end in ends
    ]


def test_an_hour_with_one_side_counts_the_other_as_zero() -> None:
    rows = hours([*range(24)]).filter((pl.col("liquidated_side") == "long") | (pl.col("value_usd") < 0))
    assert by_side(daily_totals(rows, NANOSECONDS_PER_HOUR)).select("long_usd", "short_usd").rows() == [(24.0, 0.0)]
