"""CoinGlass files: payloads written here, and what must become of them."""

import gzip
import io
import json
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, parse_time
from runout.errors import SchemaError
from runout.sources import Document, Normalised
from runout.sources.coinglass import daily, history, snapshots, source

HOUR, DAY = NANOSECONDS_PER_HOUR, NANOSECONDS_PER_DAY
NOW = parse_time("2026-01-01")
NOON_MS = 1_755_518_400_000  # 2025-08-18T12:00Z
STEP_MS = 14_400_000
OI = "futures_openInterest_ohlc_aggregated_history_BTC__4h.parquet"
VINTAGE = "20251114"


def read(name: str, data: bytes, *, now: int = NOW) -> Normalised:
    return source().normalise(Document(name=name, data=data), now=now)


def parquet(rows: Sequence[dict[str, Any]], schema: Any = None) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(rows, schema=schema, infer_schema_length=None).write_parquet(buffer)
    return buffer.getvalue()


def ohlc(stamps: Sequence[Any], close: Any = 82.9e9, **columns: Any) -> bytes:
    return parquet([
        {"ts_ms": stamp, "open": 1.0, "high": 83e9, "low": 82e9, "close": close, "from_snapshot": VINTAGE} | columns
        for stamp in stamps
    ])  # fmt: skip


def answer(data: Any, code: Any = "0") -> bytes:
    return gzip.compress(json.dumps({"code": code, "msg": "success", "data": data}).encode(), mtime=0)


def only(made: Normalised) -> pl.DataFrame:
    assert made.refused.is_empty(), made.refused["fault"].to_list()
    [rows] = made.tables.values()
    return rows


def test_a_bar_stamped_at_its_open_speaks_of_its_end_and_is_known_then():
    made = read(OI, ohlc([NOON_MS - STEP_MS, NOON_MS]))
    rows = only(made)
    assert rows["event_time"].to_list() == [parse_time("2025-08-18T12:00Z"), parse_time("2025-08-18T16:00Z")]
    assert rows["known_time"].to_list() == rows["event_time"].to_list()
    assert rows["span"].to_list() == [4 * HOUR, 4 * HOUR]
    assert rows.select("open_interest_usd", "high_usd", "low_usd", "vintage").row(0) == (82.9e9, 83e9, 82e9, VINTAGE)
    [series] = made.series
    assert (series.series, series.venues, series.margin, series.stamp, series.step) == (
        "coinglass/open_interest/BTC/all/4h", ("all",), "all", "open", 4 * HOUR,
    )  # fmt: skip


def test_the_stablecoin_open_interest_is_in_coins():
    made = read("futures_openInterest_ohlc_aggregated_stablecoin_ETH__4h.parquet", ohlc([NOON_MS], close=99_000.5))
    rows = only(made)
    assert rows["open_interest_base"].to_list() == [99_000.5]
    assert rows["open_interest_usd"].null_count() == rows["high_usd"].null_count() == 1
    assert (made.series[0].coin, made.series[0].margin, made.series[0].venues) == ("ETH", "stablecoin", ("binance",))


def test_liquidations_named_aggregated_are_of_binance_and_one_row_a_side():
    data = parquet([
        {
            "ts_ms": NOON_MS, "aggregated_long_liquidation_usd": 5.0, "aggregated_short_liquidation_usd": 0.0,
            "from_snapshot": VINTAGE,
        }
    ])  # fmt: skip
    made = read("futures_liquidation_aggregated_coin_history_BTC__4h.parquet", data)
    rows = only(made).sort("liquidated_side")
    assert rows.select("liquidated_side", "value_usd", "sequence").rows() == [("long", 5.0, 0), ("short", 0.0, 0)]
    assert made.series[0].venues == ("binance",)
    assert made.series[0].capture == "capped"


def test_a_long_short_ratio_is_the_instant_of_its_stamp():
    data = parquet([
        {
            "ts_ms": NOON_MS, "global_account_long_percent": 61.81, "global_account_short_percent": 38.19,
            "global_account_long_short_ratio": 1.62, "from_snapshot": VINTAGE,
        }
    ])  # fmt: skip
    made = read("futures_global_long_short_account_ratio_history__4h.parquet", data)
    row = only(made).row(0, named=True)
    assert row["event_time"] == row["known_time"] == parse_time("2025-08-18T12:00Z")
    assert row["span"] == 0
    assert row["long_share"] == pytest.approx(0.6181)
    assert (made.series[0].measure, made.series[0].instruments) == ("global-accounts", "BTCUSDT")


def test_open_interest_per_venue_is_one_series_a_venue_under_the_venues_present_name():
    data = parquet([
        {"ts_ms": NOON_MS, "price": 115_000.0, "BINANCE": 14e9, "GATE.IO": 6e9, "GATE": None, "from_snapshot": "a"},
        {"ts_ms": NOON_MS + STEP_MS, "price": 115_100.0, "BINANCE": 15e9, "GATE.IO": None, "GATE": 7e9,
         "from_snapshot": "a"},
    ])  # fmt: skip
    made = read("futures_openInterest_exchange_history_chart_BTC__4h.parquet", data)
    rows = only(made).sort("series", "event_time")
    assert rows.select("series", "open_interest_usd", "price").rows() == [
        ("coinglass/open_interest/BTC/binance/4h", 14e9, 115_000.0),
        ("coinglass/open_interest/BTC/binance/4h", 15e9, 115_100.0),
        ("coinglass/open_interest/BTC/gate/4h", 6e9, 115_000.0),
        ("coinglass/open_interest/BTC/gate/4h", 7e9, 115_100.0),
    ]
    assert rows["event_time"].min() == parse_time("2025-08-18T12:00Z")
    assert rows["span"].unique().to_list() == [0]


@pytest.mark.parametrize(("venue", "hours"), [("BINANCE", 8.0), ("HYPERLIQUID", 1.0)])
def test_funding_in_percent_becomes_a_fraction_of_the_hours_it_is_quoted_for(venue: str, hours: float):
    made = read(f"futures_fundingRate_ohlc_history_BTC_{venue}__8h.parquet", ohlc([NOON_MS - STEP_MS], close=0.01))
    row = only(made).row(0, named=True)
    assert (row["rate"], row["interval_hours"]) == (pytest.approx(0.0001), hours)
    assert made.series[0].venues == (venue.lower(),)


def test_depth_is_one_sample_at_its_stamp_known_five_minutes_later():
    data = parquet([
        {"ts_ms": NOON_MS, "bids_usd": 2e8, "bids_quantity": 1800.0, "asks_usd": 3e8, "asks_quantity": 2600.0,
         "from_snapshot": VINTAGE}
    ])  # fmt: skip
    row = only(read("futures_orderbook_ask_bids_history__4h.parquet", data)).row(0, named=True)
    assert row["event_time"] == parse_time("2025-08-18T12:00Z")
    assert row["known_time"] - row["event_time"] == 5 * NANOSECONDS_PER_MINUTE
    assert (row["band"], row["bid_base"], row["ask_usd"]) == (0.01, 1800.0, 3e8)


def test_taker_volume_in_coins_is_left_out_and_said_to_be():
    data = parquet([{"ts_ms": NOON_MS, "taker_buy_volume_usd": 46_465.4, "taker_sell_volume_usd": 49_449.1}])
    made = read("futures_taker_buy_sell_volume_history_BTC__4h.parquet", data)
    assert (made.tables, made.rows_in, made.rows_skipped) == ({}, 1, 1)
    assert "in coins" in made.notes[0]


def test_swapped_sides_of_pairs_markets_are_put_right():
    data = parquet([
        {"instrument_id": "BTCUSDT", "exchange_name": "Binance", "long_liquidation_usd_24h": 1.0,
         "short_liquidation_usd_24h": 9.0, "snapshot_day": "20250818", "commit_time": "2025-08-18T17:00:00+01:00"},
        {"instrument_id": "BTC_USDT", "exchange_name": "Gate.io", "long_liquidation_usd_24h": None,
         "short_liquidation_usd_24h": None, "snapshot_day": "20250818", "commit_time": "2025-08-18T17:00:00+01:00"},
    ])  # fmt: skip
    made = read("snap_futures_pairs_markets_BTC.parquet", data)
    rows = only(made)
    assert dict(rows.select("liquidated_side", "value_usd").iter_rows()) == {"long": 9.0, "short": 1.0}
    assert rows["event_time"].unique().to_list() == [parse_time("2025-08-18T16:00Z")]
    assert rows["span"].unique().to_list() == [DAY]
    assert made.rows_skipped == 1
    assert made.series[0].series == "coinglass/liquidations/BTC/binance-btcusdt-trailing-24h/irregular"


def test_reserves_are_known_when_the_list_was_taken():
    data = parquet([
        {"exchange_name": name, "total_balance": 600_000.0, "snapshot_day": "20250515",
         "commit_time": "2025-05-16T01:02:02+01:00"} for name in ("Binance", "Gate.io")
    ])  # fmt: skip
    made = read("snap_exchange_balance_list_BTC.parquet", data)
    rows = only(made)
    assert rows["known_time"].unique().to_list() == [parse_time("2025-05-16T00:02:02Z")]
    assert [one.venues for one in made.series] == [("binance",), ("gate",)]
    assert rows["vintage"].unique().to_list() == ["20250515"]


def test_padding_before_the_first_real_value_is_skipped_and_a_later_zero_kept():
    lines = [
        "symbol,ts_utc,liq_long_usd,liq_short_usd",
        "BTC,2020-12-21 00:00:00+00,0,0",
        "BTC,2020-12-22 00:00:00+00,NaN,NaN",
        "BTC,2020-12-23 00:00:00+00,10.5,0",
        "BTC,2020-12-24 00:00:00+00,0,0",
    ]
    made = read("liquidation_agg_1d.csv", "\n".join(lines).encode())
    rows = only(made)
    assert (made.rows_in, made.rows_skipped, rows.height) == (4, 2, 4)
    assert rows["event_time"].min() == parse_time("2020-12-24")
    assert made.series[0].venues == ("binance", "okx", "bybit")
    assert made.series[0].capture == "capped-then-complete"


def test_nan_after_the_first_real_value_is_refused():
    lines = ["symbol,ts_utc,liq_long_usd,liq_short_usd", "BTC,2020-12-23 00:00:00+00,1,1",
             "BTC,2020-12-24 00:00:00+00,NaN,1"]  # fmt: skip
    made = read("liquidation_agg_1d.csv", "\n".join(lines).encode())
    assert made.refused["row"].to_list() == [2]
    assert "NaN" in made.refused["fault"][0]
    assert made.refused["raw"][0] == b"BTC,2020-12-24 00:00:00+00,NaN,1"


def test_a_daily_ratio_is_of_its_midnight_and_taken_as_known_at_the_days_end():
    text = "symbol,ts_utc,lsr_global,lsr_top_accounts,lsr_top_positions\nXRP,2025-08-18 00:00:00+00,3,,1.0\n"
    made = read("long_short_all_1d.csv", text.encode())
    rows = only(made).sort("series")
    assert rows["series"].to_list() == [
        "coinglass/positioning/XRP/binance-global-accounts/1d",
        "coinglass/positioning/XRP/binance-top-positions/1d",
    ]
    assert rows["long_share"].to_list() == [0.75, 0.5]
    assert rows["event_time"].unique().to_list() == [parse_time("2025-08-18")]
    assert rows["known_time"].unique().to_list() == [parse_time("2025-08-19")]


def test_one_daily_row_of_open_interest_is_dollars_coins_and_dollars():
    text = (
        "symbol,ts_utc,oi_total_close,oi_stable_close,oi_coinm_close,unit\n"
        "SOL,2020-07-27 00:00:00+00,7e8,0,0,usd\nSOL,2020-09-14 00:00:00+00,8e8,1234.5,,usd\n"
    )
    made = read("futures_oi_agg_1d.csv", text.encode())
    rows = only(made).sort("series", "event_time")
    assert rows.select("series", "open_interest_usd", "open_interest_base").rows() == [
        ("coinglass/open_interest/SOL/all/1d", 7e8, None),
        ("coinglass/open_interest/SOL/all/1d", 8e8, None),
        ("coinglass/open_interest/SOL/binance+okx+bybit-stablecoin-margin/1d", None, 1234.5),
    ]
    assert made.rows_skipped == 0


def test_daily_bars_are_named_by_their_pair():
    text = "symbol,ts_utc,open,high,low,close,volume_usd\nADAUSDT,2025-08-18 00:00:00+00:00,1,2,0.5,1.5,10\n"
    made = read("futures_ohlcv_1d.csv", text.encode())
    assert made.series[0].series == "coinglass/bars/ADA/binance-perpetual/1d"
    assert only(made)["event_time"].to_list() == [parse_time("2025-08-19")]


def test_the_last_bar_of_a_snapshot_is_skipped_where_it_reaches_into_the_snapshots_day():
    data = ohlc([NOON_MS - STEP_MS, NOON_MS], from_snapshot="20250818")
    made = read(OI, data)
    assert made.rows_skipped == 1
    assert only(made)["event_time"].to_list() == [parse_time("2025-08-18T12:00Z")]
    assert any("incomplete" in note for note in made.notes)


def test_a_bar_that_has_not_ended_is_skipped_not_refused():
    made = read(OI, ohlc([NOON_MS - STEP_MS, NOON_MS]), now=parse_time("2025-08-18T13:00Z"))
    assert (only(made).height, made.rows_skipped) == (1, 1)


@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        (NOON_MS // 1000, "looks like seconds"),
        (NOON_MS * 1000, "looks like microseconds"),
        (NOON_MS * 1_000_000, "looks like nanoseconds"),
        (NOON_MS + 2 * 365 * 86_400_000, "lies in the future"),
        (-5, "after 2009"),
        (NOON_MS + 60_000, "off the grid"),
        (None, "found none"),
    ],
)
def test_an_impossible_stamp_is_refused_and_its_unit_guessed(stamp: int | None, said: str):
    made = read(OI, ohlc([NOON_MS, stamp]))
    assert made.refused["row"].to_list() == [2]
    assert said in made.refused["fault"][0]
    assert made.tables["open_interest"].height == 1


@pytest.mark.parametrize(
    ("close", "said"),
    [(-1.0, "at least 0"), (float("nan"), "NaN"), (float("inf"), "infinity"), ("much", "expected a number")],
)
def test_an_impossible_value_costs_its_row(close: Any, said: str):
    rows = [pl.read_parquet(ohlc([NOON_MS], close=82.9e9)), pl.read_parquet(ohlc([NOON_MS + STEP_MS], close=close))]
    if isinstance(close, str):
        rows[0] = rows[0].with_columns(pl.col("close").cast(pl.String))
    buffer = io.BytesIO()
    pl.concat(rows).write_parquet(buffer)
    made = read(OI, buffer.getvalue())
    assert made.refused["row"].to_list() == [2]
    assert said in made.refused["fault"][0]
    assert b'"ts_ms"' in made.refused["raw"][0]
    assert made.tables["open_interest"].height == 1


def test_a_stamp_twice_is_refused_with_the_row_it_repeats():
    made = read(OI, ohlc([NOON_MS, NOON_MS - STEP_MS, NOON_MS]))
    assert made.refused.select("row", "fault").rows() == [
        (3, "expected each stamp once in a series, found the stamp of row 1 again")
    ]


def test_rows_out_of_order_are_read_all_the_same():
    made = read(OI, ohlc([NOON_MS, NOON_MS - STEP_MS]))
    assert only(made).height == 2


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (OI, ohlc([NOON_MS])[:-20], "whole Parquet file"),
        (OI, b"", "empty file"),
        (OI, parquet([{"ts_ms": NOON_MS, "open": 1.0}]), "expected columns close, high, low"),
        (
            OI,
            parquet([], {"ts_ms": pl.Int64, "high": pl.Float64, "low": pl.Float64, "close": pl.Float64}),
            "expected rows",
        ),
        (OI, ohlc([[NOON_MS]]), "expected numbers or text in column ts_ms"),
        ("liquidation_agg_1d.csv", b"", "empty file"),
        ("liquidation_agg_1d.csv", b"symbol;ts_utc;liq_long_usd\nBTC;2025-01-01;1", "separated by semicolon"),
        ("price_ohlc_history_BTC__4h.20250818T120000Z.0.json.gz", answer(None, code="401"), "code 401"),
        ("price_ohlc_history_BTC__4h.20250818T120000Z.0.json.gz", answer("no"), "expected rows"),
        (
            "price_ohlc_history_BTC__4h.20250818T120000Z.0.json.gz",
            gzip.compress(b"<html>", mtime=0),
            "CoinGlass API answers",
        ),
        ("price_ohlc_history_BTC__4h.20250818T120000Z.0.json.gz", b"not gzip", "archive"),
        ("price.csv", b"x", "expected a file name"),
    ],
)
def test_a_file_of_another_form_is_refused_with_what_was_expected(name: str, data: bytes, said: str):
    with pytest.raises(SchemaError, match=said):
        read(name, data)


def test_an_unknown_column_is_a_note():
    made = read(OI, ohlc([NOON_MS], surprise=1.0))
    assert only(made).height == 1
    assert any("surprise" in note for note in made.notes)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("SOURCE.txt", False),
        ("price_ohlc_history__4h.parquet", True),
        ("price_ohlc_history__0h.parquet", False),
        ("futures_fundingRate_ohlc_history_BTC_GATE.IO__8h.parquet", True),
        ("futures_pairs_markets_BTC.parquet", False),
        ("snap_futures_pairs_markets_BTC.parquet", True),
        ("etf_all_1d.csv", True),
        ("price_ohlc_history_BTC__4h.20259918T120000Z.0.json.gz", False),
    ],
)
def test_files_are_recognised_by_name(name: str, known: bool):
    assert source().recognises(name) is known


def test_an_answer_of_the_api_gives_the_rows_of_the_export():
    data = answer([{"time": NOON_MS, "open": "1", "high": "83e9", "low": "82e9", "close": "82.9e9"}])
    fetched = read("futures_openInterest_ohlc_aggregated_history_BTC__4h.20250819T000000Z.0.json.gz", data)
    exported = read(OI, ohlc([NOON_MS]))
    assert only(fetched).drop("vintage").equals(only(exported).drop("vintage"))
    assert only(fetched)["vintage"].to_list() == ["20250819T000000Z"]
    assert fetched.series == exported.series


def test_the_bar_that_runs_when_the_api_answers_is_skipped():
    data = answer([{"time": NOON_MS, "high": 3, "low": 1, "close": 2}])
    made = read("futures_openInterest_ohlc_aggregated_history_BTC__4h.20250818T150000Z.0.json.gz", data)
    assert (made.tables, made.rows_skipped) == ({}, 1)


def test_a_chart_of_all_venues_is_read_from_its_lists():
    data = answer(
        {"time_list": [NOON_MS], "price_list": [115_000.0], "data_map": {"Binance": [14e9], "Gate.io": [None]}}
    )
    made = read("futures_openInterest_exchange_history_chart_BTC__4h.20250819T000000Z.0.json.gz", data)
    assert only(made).select("series", "open_interest_usd", "price").rows() == [
        ("coinglass/open_interest/BTC/binance/4h", 14e9, 115_000.0)
    ]
    with pytest.raises(SchemaError, match="as many as times"):
        read(
            "futures_openInterest_exchange_history_chart_BTC__4h.20250819T000000Z.0.json.gz",
            answer({"time_list": [NOON_MS], "data_map": {"Binance": []}}),
        )


def test_a_list_of_the_api_is_known_when_it_was_answered():
    data = answer([{"exchange": "All", "long_liquidation_usd": 5.5, "short_liquidation_usd": 2.5}])
    rows = only(read("snap_futures_liquidation_exchange_list_BTC.20250818T120001Z.0.json.gz", data))
    assert rows["event_time"].unique().to_list() == [parse_time("2025-08-18T12:00:01Z")]
    assert dict(rows.select("liquidated_side", "value_usd").iter_rows()) == {"long": 5.5, "short": 2.5}
    assert rows["span"].unique().to_list() == [4 * HOUR]


@pytest.mark.parametrize("stamp", [NOON_MS, NOON_MS // 1000])
def test_the_premiums_stamp_is_read_in_seconds_as_documented_and_in_milliseconds_as_exported(stamp: int):
    data = answer([{"time": stamp, "premium": 5.55, "premium_rate": 0.0261}])
    row = only(read("coinbase_premium_index_BTC__4h.20250819T000000Z.0.json.gz", data)).row(0, named=True)
    assert row["event_time"] == parse_time("2025-08-18T12:00Z")
    assert row["rate"] == pytest.approx(0.000261)


def test_an_answer_without_rows_is_no_fault():
    made = read("price_ohlc_history_BTC__4h.20250818T120000Z.0.json.gz", answer([]))
    assert (made.tables, made.rows_in) == ({}, 0)


def test_every_endpoint_is_either_read_or_left_out_for_a_reason():
    tables = [*history.ENDPOINTS, *snapshots.ENDPOINTS, *daily.ENDPOINTS]
    assert all(bool(one.feeds) != bool(one.left_out) for one in tables)
    assert len({one.name for one in tables}) == len(tables)


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=8),
    st.lists(st.integers(0, 9), max_size=2), st.binary(max_size=4), st.datetimes(), st.timedeltas(),
)  # fmt: skip
NAMES = [
    OI,
    "futures_openInterest_exchange_history_chart_BTC__4h.parquet",
    "snap_futures_pairs_markets_BTC.parquet",
    "snap_exchange_balance_list_BTC.parquet",
    "futures_liquidation_aggregated_coin_history__1d.parquet",
]
COLUMNS = [
    "ts_ms", "open", "high", "low", "close", "from_snapshot", "price", "BINANCE", "GATE", "instrument_id",
    "exchange_name", "long_liquidation_usd_24h", "short_liquidation_usd_24h", "snapshot_day", "commit_time",
    "total_balance", "aggregated_long_liquidation_usd", "aggregated_short_liquidation_usd", "row", "stamp", "fault",
]  # fmt: skip


@given(data=st.data(), name=st.sampled_from(NAMES), count=st.integers(0, 4))
def test_no_table_of_any_content_raises_anything_but_a_schema_error(data: st.DataObject, name: str, count: int):
    columns = []
    for column in COLUMNS:
        kind = data.draw(st.sampled_from(["stamps", "numbers", "anything"]))
        values: Any = st.sampled_from([NOON_MS, NOON_MS - STEP_MS, NOON_MS // 1000])
        values = {"stamps": values, "numbers": st.floats() | st.none()}.get(kind, CELLS)
        cells = data.draw(st.lists(values, min_size=count, max_size=count))
        try:
            columns.append(pl.Series(column, cells, strict=True))
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
            columns.append(pl.Series(column, [str(cell) for cell in cells]))
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    try:
        made = read(name, buffer.getvalue())
    except SchemaError:
        return
    touched = set(made.refused["row"].to_list())
    assert touched <= set(range(1, count + 1))
    assert made.rows_in == count


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_schema_error(data: bytes):
    for name in (OI, "etf_all_1d.csv", "price_ohlc_history_BTC__4h.20250818T120000Z.0.json"):
        try:
            read(name, data)
        except SchemaError:
            continue


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)


def nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    keys = st.sampled_from(["time", "close", "high", "time_list", "data_map"])
    return inner | st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4)


JSON = nested(nested(SCALARS))


@given(JSON)
def test_no_answer_of_any_content_raises_anything_but_a_schema_error(data: Any):
    for name in ("futures_openInterest_exchange_history_chart_BTC__4h", "price_ohlc_history_BTC__4h"):
        try:
            read(f"{name}.20250818T120000Z.0.json.gz", answer(data))
        except SchemaError:
            continue
