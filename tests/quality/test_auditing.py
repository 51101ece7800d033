"""Every planted defect is found, at its place; a clean market has none."""

from collections.abc import Callable

import msgspec
import numpy as np
import polars as pl
import pytest
from clean_market import DAY, HOUR, NOW, changed, clean, times_of
from hypothesis import given
from hypothesis import strategies as st

from runout.quality import AuditFinding, Tables, audit

BARS = "alpha/bars/BTC/binance-perpetual/1h"
ALL_OI = "alpha/open_interest/BTC/all/4h"
GATE_OI = "alpha/open_interest/BTC/gate/4h"
BINANCE_OI = "alpha/open_interest/BTC/binance/4h"
COIN_OI = "alpha/open_interest/BTC/binance-coin-margined/4h"
LIQUIDATIONS = "alpha/liquidations/BTC/binance/4h"
FUNDING = "alpha/funding/BTC/binance/8h"
POSITIONING = "alpha/positioning/BTC/binance-global-accounts/4h"
FLOW = "alpha/taker_flow/BTC/binance/4h"
GATE_FLOW = "alpha/taker_flow/BTC/gate/4h"
DEPTH = "alpha/depth/BTC/binance/4h"
DOMINANCE = "beta/market_caps/BTC/dominance/1d"
RESERVES = "beta/reserves/BTC/all/1d"
FUNDS = "beta/fund_flows/BTC/all/1d"

Change = Callable[[pl.DataFrame], pl.DataFrame]


class Plant(msgspec.Struct, frozen=True):
    """A defect put into rows ``first`` to ``last`` of a series, and what the audit should call it.

    ``change`` gets the rows and a mask of those concerned; ``slack`` rows are allowed at either end of the extent.
    """

    name: str
    series: str
    check: str
    first: int
    last: int
    change: Callable[[pl.DataFrame, pl.Expr], pl.DataFrame]
    slack: int = 0
    severity: str = "error"


def scaled(factor: float, *names: str) -> Callable[[pl.DataFrame, pl.Expr], pl.DataFrame]:
    return lambda rows, mask: rows.with_columns(
        pl.when(mask).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name) for name in names
    )


def put(**values: object) -> Callable[[pl.DataFrame, pl.Expr], pl.DataFrame]:
    return lambda rows, mask: rows.with_columns(
        pl.when(mask).then(value if isinstance(value, pl.Expr) else pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


def dropped(rows: pl.DataFrame, mask: pl.Expr) -> pl.DataFrame:
    return rows.filter(~mask)


def doubled(rows: pl.DataFrame, mask: pl.Expr) -> pl.DataFrame:
    again = rows.filter(mask).with_columns(
        known_time=pl.col("known_time") + HOUR, reserve_base=pl.col("reserve_base") * 2
    )
    return pl.concat([rows, again])


def frozen(name: str) -> Callable[[pl.DataFrame, pl.Expr], pl.DataFrame]:
    return lambda rows, mask: rows.with_columns(
        pl.when(mask).then(pl.col(name).filter(mask).first()).otherwise(pl.col(name)).alias(name)
    )


def swapped(rows: pl.DataFrame, mask: pl.Expr) -> pl.DataFrame:
    other = pl.when(pl.col("liquidated_side") == "long").then(pl.lit("short")).otherwise(pl.lit("long"))
    return rows.with_columns(liquidated_side=pl.when(mask).then(other).otherwise(pl.col("liquidated_side")))


def in_coins(rows: pl.DataFrame, mask: pl.Expr) -> pl.DataFrame:
    return put(open_interest_usd=pl.col("open_interest_base"), open_interest_base=None)(rows, mask)


LAST = 10**9  # as a row number: the last row
PLANTS = [
    Plant("rows missing in the middle", BARS, "gap", 500, 507, dropped, severity="warning"),
    Plant("a missing bar of a venue", GATE_OI, "gap", 77, 77, dropped, severity="warning"),
    Plant("two weekdays missing", FUNDS, "gap", 21, 22, dropped, severity="warning", slack=2),
    Plant("a key with two values", RESERVES, "duplicate", 40, 40, doubled),
    Plant("frozen price", BARS, "frozen", 900, 930, frozen("close"), severity="warning"),
    Plant("frozen open interest", GATE_OI, "frozen", 200, 211, frozen("open_interest_base"), severity="warning"),
    Plant("open interest frozen until now", GATE_OI, "frozen", 525, LAST, frozen("open_interest_usd")),
    Plant("frozen depth", DEPTH, "frozen", 300, 320, frozen("ask_usd"), severity="warning"),
    Plant("frozen long share", POSITIONING, "frozen", 300, 330, frozen("long_share"), severity="warning"),
    Plant("thousands instead of dollars", GATE_OI, "unit_jump", 250, LAST, scaled(1e-3, "open_interest_usd")),
    Plant("two-sided from a day on", ALL_OI, "unit_jump", 300, LAST,
          scaled(2.0, "open_interest_usd", "open_interest_base"), severity="warning"),
    Plant("coins instead of dollars", BINANCE_OI, "unit_jump", 300, LAST, in_coins),
    Plant("liquidations in thousands", LIQUIDATIONS, "unit_jump", 300, LAST,
          scaled(1e-3, "value_usd"), slack=4, severity="warning"),
    Plant("volume in contracts", BARS, "unit_jump", 1000, LAST,
          scaled(100.0, "volume_base", "volume_usd"), slack=1, severity="warning"),
    Plant("a price with a digit too many", BARS, "spike", 700, 700, scaled(100.0, "close", "high")),
    Plant("seconds read as nanoseconds", FUNDING, "clock_unit", 100, 110,
          put(event_time=pl.col("event_time") // 1_000, known_time=pl.col("known_time") // 1_000)),
    Plant("stamps off by minutes", POSITIONING, "off_grid", 100, 140,
          put(event_time=pl.col("event_time") + HOUR // 4, known_time=pl.col("known_time") + HOUR // 4),
          severity="warning", slack=1),
    Plant("rows from the future", FUNDING, "future", 260, LAST,
          put(event_time=pl.col("event_time") + 400 * DAY, known_time=pl.col("known_time") + 400 * DAY)),
    Plant("known before it happened", POSITIONING, "known_before_event", 60, 70,
          put(known_time=pl.col("event_time") - 4 * HOUR)),
    Plant("overlapping totals", FLOW, "overlap", 50, 60, put(span=DAY), severity="warning"),
    Plant("more change than volume", BINANCE_OI, "change_above_volume", 222, 222,
          scaled(2.0, "open_interest_base", "open_interest_usd"), slack=1),
    Plant("swapped sides throughout", LIQUIDATIONS, "swapped_sides", 0, LAST, swapped, slack=1),
    Plant("swapped sides for a while", LIQUIDATIONS, "swapped_sides", 200, 400, swapped, slack=45),
    Plant("a series that stopped", GATE_OI, "stale_tail", 480, LAST, dropped, severity="warning", slack=2),
    Plant("high below close", BARS, "inconsistent_bar", 333, 333, put(high=pl.col("low"))),
    Plant("a venue counted twice in the whole", ALL_OI, "venue_sum", 300, LAST,
          scaled(1.12, "open_interest_usd", "open_interest_base"), severity="warning", slack=6),
    Plant("negative open interest", GATE_OI, "impossible_value", 10, 10, scaled(-1.0, "open_interest_usd")),
    Plant("NaN", RESERVES, "impossible_value", 10, 10, put(reserve_base=float("nan"))),
    Plant("long share above one", POSITIONING, "impossible_value", 15, 15, scaled(100.0, "long_share")),
    Plant("long share as thousandths", POSITIONING, "implausible_value", 20, 25, scaled(0.01, "long_share"),
          severity="warning"),
    Plant("dominance as a fraction of a fraction", DOMINANCE, "implausible_value", 20, 25, scaled(0.01, "dominance"),
          severity="warning"),
    Plant("funding in percent", FUNDING, "implausible_value", 100, LAST, scaled(100.0, "rate"), slack=24),
    Plant("share and ratio disagree", POSITIONING, "share_ratio_mismatch", 44, 50,
          put(long_share=pl.col("long_share") + 0.05), severity="warning"),
    Plant("dollars are not coins times price", GATE_OI, "dollars_coins_mismatch", 100, 105,
          scaled(1.2, "open_interest_usd"), severity="warning"),
    Plant("volume in the wrong unit", BARS, "volume_mismatch", 100, 105, scaled(1.3, "volume_usd"), severity="warning"),
    Plant("a part above its whole", COIN_OI, "part_above_whole", 100, 110,
          scaled(6.0, "open_interest_usd", "open_interest_base")),
    Plant("liquidations in millionths", LIQUIDATIONS, "liquidations_above_whole", 150, 155, scaled(1e6, "value_usd")),
    Plant("zeros before the first value", LIQUIDATIONS, "zero_padding", 0, 29, put(value_usd=0.0), severity="warning"),
    Plant("an unfinished last bar", BARS, "partial_last_bar", LAST, LAST,
          scaled(0.02, "volume_base", "volume_usd", "taker_buy_base"), severity="warning"),
    Plant("a last bar of half its span", FLOW, "partial_last_bar", LAST, LAST, put(span=2 * HOUR), severity="warning"),
    Plant("rows that say nothing", GATE_OI, "empty_row", 70, 75,
          put(open_interest_usd=None, open_interest_base=None), severity="warning"),
]  # fmt: skip


def planted(plant: Plant, seed: int) -> tuple[Tables, int, int, int]:
    market = clean(seed)
    times = times_of(market, plant.series)
    first, last = (times[min(row, len(times) - 1)] for row in (plant.first, plant.last))
    mask = pl.col("event_time").is_between(first, last)
    step = times[1] - times[0]
    return changed(market, plant.series, lambda rows: plant.change(rows, mask)), first, last, step


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_planted_defect_is_found_in_its_series_at_its_time(plant: Plant, seed: int) -> None:
    market, first, last, step = planted(plant, seed)
    found = [f for f in audit(market, NOW) if f.check == plant.check and f.series == plant.series]
    assert found, f"nothing called {plant.check} in {plant.series}"
    assert {f.severity for f in found} == {plant.severity}
    if plant.check in {"clock_unit", "future"}:  # their times are what is wrong
        return
    assert abs(min(f.start_time for f in found) - first) <= plant.slack * step
    if plant.check not in {"unit_jump", "stale_tail"}:  # those name the moment from which it holds
        assert abs(max(f.end_time for f in found) - last) <= plant.slack * step


@given(seed=st.integers(0, 10**6))
def test_a_clean_market_has_no_finding_at_all(seed: int) -> None:
    assert audit(clean(seed), NOW) == []


def test_rows_without_a_registered_series_are_an_error() -> None:
    market = clean(1)
    register = tuple(one for one in market.register if one.series != FLOW)
    found = audit(msgspec.structs.replace(market, register=register), NOW)
    assert [(f.check, f.series, f.severity) for f in found] == [("scope_missing", FLOW, "error")]


def test_rows_of_another_coin_than_their_series_are_an_error() -> None:
    found = audit(changed(clean(1), FLOW, lambda rows: rows.with_columns(coin=pl.lit("SOL"))), NOW)
    assert ("scope_missing", FLOW) in {(f.check, f.series) for f in found}


def test_a_registered_series_without_rows_is_a_note() -> None:
    found = audit(changed(clean(1), DEPTH, lambda rows: rows.clear()), NOW)
    assert [(f.check, f.series, f.severity) for f in found] == [("empty_series", DEPTH, "note")]


def test_a_gap_that_is_recorded_is_a_note_with_its_reason() -> None:
    market = clean(1)
    times = times_of(market, DEPTH)[100:106]
    market = changed(market, DEPTH, lambda rows: rows.filter(~pl.col("event_time").is_in(times)))
    gap = {"series": DEPTH, "coin": "BTC", "event_time": times[-1], "span": times[-1] - times[0] + 4 * HOUR}
    recorded = pl.DataFrame([gap | {"known_time": times[-1], "reason": "the provider renamed the venue"}])
    market = msgspec.structs.replace(
        market, latest=market.latest | {"gaps": recorded}, versions=market.versions | {"gaps": recorded}
    )
    found = audit(market, NOW)
    assert [(f.check, f.severity, f.start_time, f.end_time) for f in found] == [("gap", "note", times[0], times[-1])]
    assert "renamed the venue" in found[0].statement


def test_a_revision_with_a_newer_vintage_is_no_duplicate() -> None:
    market = clean(1)
    rows = market.versions["reserves"]
    newer = rows.head(3).with_columns(
        reserve_base=pl.col("reserve_base") * 1.001, known_time=pl.col("known_time") + DAY, vintage=pl.lit("20250201")
    )
    versions = market.versions | {"reserves": pl.concat([rows, newer])}
    assert audit(msgspec.structs.replace(market, versions=versions), NOW) == []


def test_many_short_gaps_are_told_as_one_finding() -> None:
    market = clean(1)
    times = times_of(market, GATE_OI)[50:200:10]
    market = changed(market, GATE_OI, lambda rows: rows.filter(~pl.col("event_time").is_in(times)))
    found = [f for f in audit(market, NOW) if f.check == "gap"]
    assert [(f.start_time, f.end_time, f.expected) for f in found] == [(times[0], times[-1], 15.0)]


def test_a_series_that_begins_late_is_a_note() -> None:
    market = clean(1)
    first = times_of(market, GATE_FLOW)[100]
    market = changed(market, GATE_FLOW, lambda rows: rows.filter(pl.col("event_time") >= first))
    assert [(f.check, f.severity) for f in audit(market, NOW)] == [("late_start", "note")]


def test_a_series_whose_contract_was_delisted_is_a_note_that_says_so() -> None:
    market = clean(1)
    times = times_of(market, GATE_OI)
    market = changed(market, GATE_OI, lambda rows: rows.filter(pl.col("event_time") < times[-20]))
    delisted = tuple(
        msgspec.structs.replace(s, note="delisted 2026-01-01T00:00Z") if s.series == GATE_OI else s
        for s in market.register
    )
    (tail,) = [f for f in audit(msgspec.structs.replace(market, register=delisted), NOW) if f.check == "stale_tail"]
    assert (tail.severity, tail.remedy) == ("note", "nothing: it has ended")


def test_a_provider_that_ended_long_ago_is_an_archive_and_a_note() -> None:
    market = clean(1)
    shifted = pl.col("event_time", "known_time") - 200 * DAY
    for series in (DOMINANCE, RESERVES, "beta/market_caps/TOTAL2/all/1d"):
        market = changed(market, series, lambda rows: rows.with_columns(shifted))
    found = audit(market, NOW)
    assert {(f.check, f.severity) for f in found} == {("stale_tail", "note")}
    assert {f.series for f in found} == {"beta/market_caps/*", RESERVES}


def test_a_level_that_doubles_together_with_the_price_is_no_unit_jump() -> None:
    market = clean(1)
    when = times_of(market, GATE_OI)[300]
    late = pl.col("event_time") >= when

    def doubled_from(rows: pl.DataFrame) -> pl.DataFrame:
        names = [c for c in ("open", "high", "low", "close", "volume_usd", "open_interest_usd") if c in rows.columns]
        return scaled(2.0, *names)(rows, late)

    for series in {
        one.series for one in market.register if one.kind in {"bars", "open_interest"} and one.coin == "BTC"
    }:
        market = changed(market, series, doubled_from)
    assert not [f for f in audit(market, NOW) if f.check == "unit_jump" and "open_interest_usd" in f.statement]


def test_a_stepping_figure_is_not_frozen() -> None:
    market = clean(1)
    stepping = lambda rows: rows.with_columns(  # noqa: E731 - one expression, used once
        reserve_base=pl.col("reserve_base").gather((pl.int_range(pl.len()) // 7) * 7)
    )
    assert audit(changed(market, RESERVES, stepping), NOW) == []


def test_sides_that_cannot_be_tested_are_said_so() -> None:
    market = clean(1)
    empty = market.latest | {"bars": market.latest["bars"].clear()}
    register = tuple(one for one in market.register if one.kind != "bars")
    found = audit(Tables(versions=empty, latest=empty, register=register), NOW)
    assert {(f.check, f.severity) for f in found} == {("untested", "note")}


def test_an_empty_lake_has_nothing_to_say() -> None:
    market = clean(1)
    empty = {kind: rows.clear() for kind, rows in market.latest.items()}
    assert audit(Tables(versions=empty, latest=empty, register=()), NOW) == []


def test_findings_come_severest_first_and_name_what_to_do() -> None:
    market = changed(clean(3), BARS, lambda rows: rows.filter(pl.col("event_time") != times_of(clean(3), BARS)[9]))
    market = changed(market, GATE_OI, lambda rows: scaled(-1.0, "open_interest_usd")(rows, pl.col("series") == GATE_OI))
    found: list[AuditFinding] = audit(market, NOW)
    ranks = [("error", "warning", "note").index(f.severity) for f in found]
    assert ranks == sorted(ranks)
    assert ranks[0] == 0
    assert all(f.statement and f.remedy for f in found)
    assert np.all([f.start_time <= f.end_time for f in found])
