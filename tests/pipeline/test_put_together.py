"""Series that are put together: what is added minute by minute equals what is added at once, byte for byte."""

import polars as pl
import pytest

from runout.clock import NANOSECONDS_PER_DAY as DAY
from runout.clock import NANOSECONDS_PER_HOUR as HOUR
from runout.clock import NANOSECONDS_PER_MINUTE as MINUTE
from runout.lake import Lake
from runout.pipeline.derive import put_together
from runout.records import KINDS, Series, conform

START = 20_000 * DAY
STEP = 5 * MINUTE
VENUES = ("bybit", "gate", "okx")
SUMS = pl.col("series").str.starts_with("runout/")


def series(kind: str, venue: str, contract: str = "BTCUSDT", step: int = 0) -> Series:
    return Series(
        series=f"{venue}/{kind}/BTC/perpetual-{contract}/{step // MINUTE}m", kind=kind, provider=venue, coin="BTC",
        venues=(venue,), instruments=contract, market="perpetual", margin="stablecoin", capture="complete", step=step,
    )  # fmt: skip


def rows(one: Series, times: list[int], **values) -> pl.DataFrame:
    table = pl.DataFrame({"event_time": times, **values}).with_columns(
        series=pl.lit(one.series), coin=pl.lit(one.coin), span=pl.lit(one.step if one.kind == "bars" else 0),
        known_time=pl.col("event_time") + 3,
    )  # fmt: skip
    absent = [n for n in KINDS[one.kind].names if n not in table.columns]
    return conform(table.with_columns(pl.lit(None).alias(n) for n in absent), KINDS[one.kind])


def interest(venue: str, times: list[int], contract: str = "BTCUSDT", size: float = 1.1) -> pl.DataFrame:
    coins = [size * (1 + t % (7 * STEP) / STEP) for t in times]
    dollars = [c * 100.0 for c in coins]
    return rows(
        series("open_interest", venue, contract, STEP), times, open_interest_base=coins, open_interest_usd=dollars
    )


def read_at(venue: str, times: list[int]) -> pl.DataFrame:
    one = series("open_interest", venue)
    coins = [1.1 * (1 + t % (7 * STEP) / STEP) for t in times]
    return rows(one, times, open_interest_base=coins, open_interest_usd=[c * 100.0 for c in coins])


def bars(times: list[int]) -> pl.DataFrame:
    level = [100.0 + t // MINUTE % 13 for t in times]
    traded = [0.1 * (1 + t // MINUTE % 7) for t in times]
    sums = dict.fromkeys(("volume_base", "volume_usd", "taker_buy_base", "taker_buy_usd"), traded)
    return rows(
        series("bars", "binance", step=MINUTE), times, open=level, high=[x + 1 for x in level],
        low=[x - 1 for x in level], close=level, trades=[1] * len(times), **sums,
    )  # fmt: skip


def events(venue: str, times: list[int]) -> pl.DataFrame:
    return rows(
        series("liquidations", venue), times, liquidated_side=["long" if t // MINUTE % 3 else "short" for t in times],
        value_usd=[0.1 * (1 + t // MINUTE % 9) for t in times], quantity_base=[0.01] * len(times),
        sequence=list(range(len(times))),
    )  # fmt: skip


def market() -> list[tuple[str, pl.DataFrame]]:
    """Return rows of two days and some, with outages, a late listing, a venue that ends and one that comes back."""
    grid = list(range(START + STEP, START + 54 * HOUR, STEP))
    minutes = list(range(START + MINUTE, START + 54 * HOUR, MINUTE))
    gate = [t for t in grid if t <= START + 10 * HOUR or t > START + 12 * HOUR]  # silent for two hours
    small = [t for t in grid if START + 20 * HOUR < t <= START + 25 * HOUR]  # listed late, and gone: ended
    return [
        ("open_interest", interest("bybit", grid)), ("open_interest", interest("gate", gate)),
        ("open_interest", interest("bybit", small, "BTC-SMALL", 0.001)), ("open_interest", interest("okx", grid)),
        ("open_interest", read_at("okx", list(range(START + 53 * HOUR + 7, START + 56 * HOUR, 3 * MINUTE + 11)))),
        ("bars", bars([t for t in minutes if t != START + 30 * HOUR + 7 * MINUTE])),
        ("liquidations", events("bybit", minutes[::11])), ("liquidations", events("gate", minutes[::97])),
        ("liquidations", events("okx", minutes[::53])),
    ]  # fmt: skip


SCOPES = [
    *(series("open_interest", v, step=STEP) for v in VENUES), series("open_interest", "bybit", "BTC-SMALL", STEP),
    series("open_interest", "okx"),
    series("bars", "binance", step=MINUTE), *(series("liquidations", v) for v in VENUES),
]  # fmt: skip


def sums(lake: Lake) -> dict[str, pl.DataFrame]:
    return {kind: lake.scan(kind).filter(SUMS).collect().sort(KINDS[kind].key)
            for kind in ("bars", "open_interest", "liquidations")}  # fmt: skip


@pytest.fixture(scope="module")
def at_once(tmp_path_factory) -> dict[str, pl.DataFrame]:
    lake = Lake(tmp_path_factory.mktemp("sums") / "lake")
    lake.register(SCOPES)
    for kind, table in market():
        lake.append(kind, table)
    assert put_together(lake)
    assert put_together(lake) == 0
    return sums(lake)


def test_what_comes_piece_by_piece_and_late_is_summed_as_if_it_had_come_at_once(tmp_path, at_once):
    lake, behind = Lake(tmp_path / "lake"), {"gate": 17 * MINUTE, "okx": 3 * HOUR}
    lake.register(SCOPES)
    ends = [START + 5 * HOUR + 13 * MINUTE, *range(START + 14 * HOUR, START + 66 * HOUR, 9 * HOUR + 7 * MINUTE)]
    for before, end in zip([0, *ends], ends, strict=False):
        for kind, table in market():
            venue = table["series"][0].split("/")[0]
            shift = 0 if kind == "liquidations" else behind.get(venue, 0)
            lake.append(kind, table.filter(pl.col("known_time").is_between(before - shift, end - shift - 1)))
        put_together(lake)
        lake = Lake(tmp_path / "lake")  # a process begun anew goes on from what the lake keeps
    for kind, table in sums(lake).items():
        assert table.equals(at_once[kind]), kind


def test_a_part_that_falls_silent_is_a_gap_and_one_that_has_ended_is_not_waited_for(at_once):
    total = at_once["open_interest"]
    gate = total.filter(pl.col("series") == "runout/open_interest/BTC/gate/5m")["event_time"].to_list()
    assert not [t for t in gate if START + 10 * HOUR < t <= START + 12 * HOUR]
    joint = total.filter(pl.col("series") == "runout/open_interest/BTC/bybit+gate+okx/1h")["event_time"].to_list()
    assert [(t - START) // HOUR for t in joint] == [h for h in range(1, 54) if h not in {11, 12}]
    bybit = total.filter(pl.col("series") == "runout/open_interest/BTC/bybit/5m")
    after = bybit.filter(pl.col("event_time").is_between(START + 25 * HOUR + 1, START + 49 * HOUR))
    assert after.height == 288
    assert after["known_time"].min() == START + 49 * HOUR  # that it had ended was not known before


def test_a_bar_has_all_of_its_parts_or_is_left_out(at_once):
    hours = at_once["bars"].filter(pl.col("span") == HOUR)
    assert [(t - START) // HOUR for t in hours["event_time"]] == [h for h in range(1, 54) if h != 31]


def test_what_is_filled_in_later_takes_the_place_of_sums_without_it(tmp_path, at_once):
    lake = Lake(tmp_path / "lake")
    lake.register([one for one in SCOPES if "BTC-SMALL" not in one.series])
    for kind, table in market():
        if "BTC-SMALL" not in table["series"][0]:
            lake.append(kind, table)
    put_together(lake)
    lake.register(SCOPES)
    for kind, table in market():
        lake.append(kind, table)
    put_together(lake)
    for kind, table in sums(lake).items():
        assert table.equals(at_once[kind]), kind


def test_where_published_figures_end_those_that_are_collected_go_on(at_once):
    okx = at_once["open_interest"].filter(pl.col("series") == "runout/open_interest/BTC/okx/5m").sort("event_time")
    assert okx["event_time"].to_list() == list(range(START + STEP, START + 56 * HOUR, STEP))
    collected = okx.filter(pl.col("event_time") >= START + 54 * HOUR)
    assert (collected["known_time"] > collected["event_time"]).all()  # the step is over when something came after it


@pytest.mark.parametrize("pieces", [1, 3])
def test_the_end_of_a_part_that_comes_days_late_takes_the_place_of_sums_without_it(tmp_path, pieces):
    grid = list(range(START + STEP, START + 54 * HOUR, STEP))
    scopes = [series("open_interest", "bybit", contract, STEP) for contract in ("BTCUSDT", "BTCUSD")]
    first, second = interest("bybit", grid), interest("bybit", grid, "BTCUSD", 0.3)
    early = pl.col("event_time") <= START + 5 * HOUR
    lakes = [Lake(tmp_path / name) for name in ("late", "whole")]
    for lake in lakes:
        lake.register(scopes)
        lake.append("open_interest", first)
        lake.append("open_interest", second.filter(early) if lake is lakes[0] else second)
        put_together(lake)
    rest = second.filter(~early)
    for piece in range(pieces):
        lakes[0].append("open_interest", rest.slice(piece * rest.height // pieces, -(-rest.height // pieces)))
        assert put_together(lakes[0])
        assert put_together(lakes[0]) == 0
    late, whole = (sums(lake)["open_interest"] for lake in lakes)
    assert late.equals(whole)
