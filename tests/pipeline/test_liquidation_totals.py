"""Hours of liquidations from single events: whole ones only, zeros where a feed was silent, never across a gap."""

import polars as pl
import pytest

from runout.clock import NANOSECONDS_PER_HOUR as HOUR
from runout.clock import NANOSECONDS_PER_MINUTE as MINUTE
from runout.lake import Lake
from runout.pipeline.derive import put_together
from runout.records import KINDS, Series, conform

START = 480_000 * HOUR


def feed(venue: str, capture="complete") -> Series:
    return Series(
        series=f"{venue}/liquidations/BTC/perpetual-BTCUSDT/events", kind="liquidations", provider=venue, coin="BTC",
        venues=(venue,), instruments="BTCUSDT", market="perpetual", margin="stablecoin", capture=capture,
    )  # fmt: skip


def events(lake: Lake, venue: str, rows: list[tuple[int, str, float]]) -> None:
    lake.register([feed(venue)])
    table = pl.DataFrame(
        [(time, side, usd, number) for number, (time, side, usd) in enumerate(rows)],
        schema=["event_time", "liquidated_side", "value_usd", "sequence"],
        orient="row",
    ).with_columns(
        series=pl.lit(feed(venue).series), coin=pl.lit("BTC"), span=pl.lit(0), known_time=pl.col("event_time") + 1
    )
    lake.append("liquidations", conform(table, KINDS["liquidations"]))


def gap(lake: Lake, venue: str, since: int, until: int) -> None:
    lake.append("gaps", pl.DataFrame(
        [(feed(venue).series, "BTC", until, until - since, until, "cut")],
        schema=KINDS["gaps"].dtypes, orient="row",
    ))  # fmt: skip


def hours(lake: Lake, scope: str) -> dict[int, tuple[float, float]]:
    rows = lake.as_of("liquidations", series=[f"runout/liquidations/BTC/{scope}/1h"])
    wide = rows.pivot("liquidated_side", index="event_time", values="value_usd").sort("event_time")
    return {(end - START) // HOUR: (long, short) for end, long, short in wide.iter_rows()}


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(str(tmp_path / "lake"))
    events(lake, "bybit", [
        (START + 30 * MINUTE, "long", 9.0), (START + HOUR, "long", 1.0), (START + 119 * MINUTE, "short", 2.0),
        (START + 190 * MINUTE, "long", 4.0), (START + 4 * HOUR + 3 * MINUTE, "short", 8.0),
    ])  # fmt: skip
    return lake


def test_whole_hours_are_summed_by_side_and_silent_ones_are_zero(lake):
    assert put_together(lake) == 6
    assert hours(lake, "bybit") == {2: (1.0, 2.0), 3: (0.0, 0.0), 4: (4.0, 0.0)}
    assert put_together(lake) == 0


def test_an_hour_with_a_gap_is_left_out_and_a_short_reconnect_is_not(lake):
    gap(lake, "bybit", START + 130 * MINUTE, START + 131 * MINUTE)
    gap(lake, "bybit", START + 200 * MINUTE, START + 200 * MINUTE + MINUTE // 3)
    put_together(lake)
    assert sorted(hours(lake, "bybit")) == [2, 4]


def test_venues_are_added_where_all_of_them_have_the_hour_and_the_worst_capture_is_said(lake):
    events(lake, "okx", [(START, "long", 1.0), (START + 150 * MINUTE, "long", 5.0), (START + 4 * HOUR, "long", 1.0)])
    put_together(lake)
    assert hours(lake, "bybit+okx") == {2: (1.0, 2.0), 3: (5.0, 0.0)}
    captures = {s.series: (s.capture, s.publication_lag > 0) for s in lake.series("liquidations") if s.step}
    assert set(captures.values()) == {("complete", True)}


def test_nothing_is_known_before_its_hour_is_over(lake):
    put_together(lake)
    rows = lake.scan("liquidations").filter(pl.col("span") > 0).collect()
    assert (rows["known_time"] > rows["event_time"]).all()


@pytest.mark.parametrize("minutes", [1, 7, 20])
def test_totals_made_as_events_come_are_those_made_at_once_at_every_moment(lake, tmp_path, minutes):
    growing, since = Lake(str(tmp_path / "growing")), 0
    growing.register([feed("bybit")])
    for moment in range(START, START + 6 * HOUR, minutes * MINUTE):
        rows = lake.scan("liquidations").filter(pl.col("known_time").is_between(since + 1, moment)).collect()
        growing.append("liquidations", rows)
        put_together(growing, at=moment)
        since = moment
        if moment % (20 * MINUTE) == 0:
            whole = lake.copy_as_of(moment, tmp_path / f"whole-{moment}")
            put_together(whole)
            assert hours(growing, "bybit") == hours(whole, "bybit")
