"""Coinalyze exports: a column an instrument, and the traps of these files."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from source_specimens import COINALYZE, text

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.errors import SchemaError
from runout.records import Series
from runout.sources import Document, Normalised, coinalyze

NOW = parse_time("2026-01-01")
OI = "open_interest_history.csv"
LIQUIDATIONS = "liquidation_history.csv"
FUNDING = "funding_rate_history.csv"


def read(name: str, data: bytes | None = None, *, now: int = NOW) -> Normalised:
    return coinalyze.source().normalise(Document(name=name, data=COINALYZE[name] if data is None else data), now=now)


def scopes(made: Normalised) -> dict[str, Series]:
    return {one.series.split("/")[3]: one for one in made.series}


def test_a_day_is_known_at_its_end_whatever_the_order_of_the_rows():
    rows = read(OI).tables["open_interest"].filter(pl.col("series").str.contains("binance")).sort("event_time")
    assert rows["event_time"].to_list() == [parse_time(f"2024-07-{day}") for day in (12, 13, 14)]
    assert rows["known_time"].to_list() == rows["event_time"].to_list()
    assert rows["span"].unique().to_list() == [NANOSECONDS_PER_DAY]
    assert rows["open_interest_usd"].to_list() == [5063231783.2, 5013231783.9, 5163231783.7]


def test_liquidations_become_a_row_a_side_and_an_empty_cell_none():
    made = read(LIQUIDATIONS)
    rows = made.tables["liquidations"]
    assert rows.height == 11
    first = rows.filter(pl.col("series").str.contains("bybit") & (pl.col("event_time") == parse_time("2024-07-12")))
    assert first.select("liquidated_side", "value_usd").rows() == [("long", 30.0)]
    assert made.rows_in == 3
    assert made.rows_skipped == made.refused.height == 0


def test_scope_says_venue_collateral_and_capture():
    found = scopes(read(LIQUIDATIONS))
    assert set(found) == {"binance-coin-margined", "bybit-stablecoin-margined"}
    assert (found["binance-coin-margined"].capture, found["bybit-stablecoin-margined"].capture) == (
        "capped", "capped-then-complete",
    )  # fmt: skip
    assert found["binance-coin-margined"].instruments == "BTC/USD perpetual"
    assert scopes(read(OI))["gate-stablecoin-margined"].venues == ("gate",)


def test_of_two_contracts_with_one_name_whole_dollars_are_the_coin_margined_one():
    rows = read(OI).tables["open_interest"]
    kraken = rows.filter(pl.col("series").str.contains("kraken-coin"))["open_interest_usd"]
    assert kraken.sort().to_list() == [17778779.0, 17878779.0, 17978779.0]
    assert "kraken-stablecoin-margined" in scopes(read(OI))


def test_funding_of_two_contracts_with_one_name_is_left_out_and_said():
    made = read(FUNDING)
    assert set(scopes(made)) == {"binance-stablecoin-margined", "dydx-stablecoin-margined"}
    assert sum("Kraken" in note and "does not tell which" in note for note in made.notes) == 2


def test_funding_is_a_fraction_of_the_venues_own_interval():
    rows = read(FUNDING).tables["funding"].sort("series", "event_time")
    assert rows.select("rate", "interval_hours").rows() == [
        (pytest.approx(-0.00002), 8.0), (pytest.approx(0.00008342), 8.0),
        (pytest.approx(0.000007), 1.0), (pytest.approx(0.0000165), 1.0),
    ]  # fmt: skip


@pytest.mark.parametrize("factor", [1e4, 1e-6])
def test_a_column_of_another_scale_is_left_out_and_said(factor: float):
    value = 129_344_222.3 * factor
    lines = ["t,BTC/USDT - Binance,BTC/USD - dYdX", f"2024-07-13,5163231783.7,{value}"]
    made = read(OI, text(lines))
    assert set(scopes(made)) == {"binance-stablecoin-margined"}
    assert made.notes == ("column 'BTC/USD - dYdX' skipped: its scale is not that of 'BTC/USDT - Binance'",)


def test_one_unreadable_cell_refuses_its_row_whole():
    lines = COINALYZE[OI].replace(b"128344222.9", b"n/a")
    made = read(OI, lines)
    assert made.refused["row"].to_list() == [2]
    assert made.refused["fault"].to_list() == ["BTC/USD - dYdX: expected a number, found 'n/a'"]
    assert parse_time("2024-07-12") not in made.tables["open_interest"]["event_time"].to_list()
    assert made.tables["open_interest"].height == 10


@pytest.mark.parametrize(
    ("cell", "fault"), [("2024-13-01", "expected a date"), ("", "expected a date"), ("x", "found 'x'")]
)
def test_a_row_without_a_date_is_refused(cell: str, fault: str):
    made = read(OI, COINALYZE[OI].replace(b"2024-07-11", cell.encode()))
    assert fault in made.refused["fault"][0]


def test_a_row_without_any_value_is_skipped_and_said():
    made = read(OI, text(["t,BTC/USDT - Binance", "2024-07-13,5.5", "2024-07-14,"]))
    assert (made.rows_in, made.rows_skipped, made.refused.height) == (2, 1, 0)
    assert made.notes == (f"{OI}: 1 rows without any value skipped",)


def test_negative_open_interest_is_refused():
    made = read(OI, COINALYZE[OI].replace(b"458997758.6", b"-458997758.6"))
    assert "open_interest_usd: expected at least 0 (USD), found -458997758.6" in made.refused["fault"][0]


@pytest.mark.parametrize("header", ["t,price", "date,BTC/USDT - Binance"])
def test_a_table_of_another_form_is_refused(header: str):
    with pytest.raises(SchemaError, match="expected columns"):
        read(OI, text([header, "2024-07-13,5"]))


def test_names_of_other_exports_are_not_read():
    with pytest.raises(SchemaError, match="give it its export name"):
        coinalyze.source().normalise(Document(name="open_interest.csv", data=b"t\n1"), now=NOW)


# -- the files as published --------------------------------------------------------------------------------------------


def real(folder: Path, name: str) -> Normalised:
    data = (folder / "coinalyze-daily-cryptovizart" / name).read_bytes()
    return read(name, data)


@pytest.mark.real
def test_the_rows_of_the_real_files_are_unsorted_and_kept_whole(real_data: Path):
    for name, series in ((OI, 20), (LIQUIDATIONS, 12), (FUNDING, 21)):
        made = real(real_data, name)
        assert (made.rows_in, made.rows_skipped, made.refused.height, len(made.series)) == (925, 0, 0, series)


@pytest.mark.real
def test_dates_open_their_day(real_data: Path):
    """Short minus long liquidations follow the price of the dated day: not of the day before, not of the day after."""
    prices = pl.read_csv(real_data / "daily-dominance-reserves-sharafa32" / "btc_price.csv", try_parse_dates=True)
    moves = prices.with_columns(
        event_time=pl.col("date").cast(pl.Datetime("ns")).cast(pl.Int64) + NANOSECONDS_PER_DAY,
        move=pl.col("btc_price").log().diff(),
    )
    rows = (
        real(real_data, LIQUIDATIONS)
        .tables["liquidations"]
        .filter(pl.col("series") == "coinalyze/liquidations/BTC/binance-stablecoin-margined/1d")
    )
    sides = rows.pivot("liquidated_side", index="event_time", values="value_usd").join(moves, on="event_time")
    sides = sides.sort("event_time")
    imbalance = ((sides["short"] - sides["long"]) / (sides["short"] + sides["long"])).to_numpy()
    move = sides["move"].to_numpy()
    assert np.corrcoef(imbalance, move)[0, 1] > 0.5
    assert abs(np.corrcoef(imbalance[1:], move[:-1])[0, 1]) < 0.1
    assert abs(np.corrcoef(imbalance[:-1], move[1:])[0, 1]) < 0.1


@pytest.mark.real
def test_dydx_and_bitfinex_have_a_credible_scale_in_the_present_export(real_data: Path):
    """Their coins continue into what CoinGlass publishes from 2025-05: 7,900 BTC at Bitfinex, 800 at dYdX."""
    rows = real(real_data, OI).tables["open_interest"].filter(pl.col("event_time") == parse_time("2024-07-15"))
    price = 60_800
    coins = {name.split("/")[3]: usd / price for name, usd in rows.select("series", "open_interest_usd").iter_rows()}
    assert 5_000 < coins["bitfinex-stablecoin-margined"] < 8_000
    assert 800 < coins["dydx-stablecoin-margined"] < 5_000
