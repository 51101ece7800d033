"""Tables by mapping: the format of mappings, the shipped ones, and what the guide to importing promises."""

import io
import re
from pathlib import Path

import polars as pl
import pytest
from source_specimens import CANDLES, FUNDING, SPECIMENS, parquet, text

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, parse_time
from runout.errors import ConfigurationError, ExitCode, SchemaError, UsageError
from runout.sources import Document, Normalised, table
from runout.sources.registry import providers, source_of
from runout.sources.stamps import duration_ns

NOW = parse_time("2026-07-01")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "importing.md"

RESERVES = """
provider = "mine"
[[file]]
name = "{coin}-reserves.csv"
kind = "reserves"
venues = ["all"]
instruments = "coins"
market = "on-chain"
time = { column = "when", stamp = "instant", step = "1d" }
columns = { reserve_base = "held" }
"""


def mapped(toml: str, name: str, data: bytes) -> Normalised:
    encoded = toml.encode()
    source = table.table_source("mine", table.read_mapping(encoded, "a test"), encoded)
    assert source.recognises(name)
    return source.normalise(Document(name=name, data=data), now=NOW)


def shipped(provider: str, name: str, data: bytes | None = None) -> Normalised:
    document = Document(name=name, data=SPECIMENS[provider][name] if data is None else data)
    return table.shipped(provider).normalise(document, now=NOW)


def rows(made: Normalised, kind: str) -> pl.DataFrame:
    assert made.refused.is_empty(), made.refused["fault"].to_list()
    return made.tables[kind]


# -- the format --------------------------------------------------------------------------------------------------------


def test_the_coin_of_the_file_name_goes_where_the_mapping_says():
    made = mapped(RESERVES, "eth-reserves.csv", text(["when,held", "2025-08-18T00:00Z,5.5"]))
    assert rows(made, "reserves")["series"].to_list() == ["mine/reserves/ETH/all/1d"]
    assert made.series[0].coin == "ETH"


@pytest.mark.parametrize(
    ("form", "stamp"),
    [
        ("iso", "2025-08-18"), ("iso", "2025-08-18T00:00:00Z"), ("iso", "2025-08-18 00:00"),
        ("iso", "2025-08-18T02:00:00.000+02:00"), ("iso", "2025-08-18T02:00+0200"), ("%Y.%m.%d", "2025.8.18"),
        ("%d/%m/%Y %H:%M", "18/08/2025 00:00"), ("seconds", "1755475200"), ("seconds", "1755475200.0"),
        ("milliseconds", "1755475200000"), ("microseconds", "1755475200000000"),
        ("nanoseconds", "1755475200000000000"),
    ],
)  # fmt: skip
def test_stamps_are_read_in_every_declared_form(form: str, stamp: str):
    toml = RESERVES.replace('column = "when",', f'column = "when", format = "{form}",')
    made = mapped(toml, "BTC-reserves.csv", text(["when,held", f"{stamp},5.5"]))
    assert rows(made, "reserves")["event_time"].to_list() == [parse_time("2025-08-18")]


@pytest.mark.parametrize(
    ("form", "stamp"),
    [
        ("milliseconds", "1755475200"), ("seconds", "1755475200000"), ("microseconds", "1755475200000"),
        ("iso", "1755475200000"), ("iso", "18.08.2025"), ("%Y.%m.%d", "2025-08-18"), ("iso", "2205-01-01"), ("iso", ""),
        ("nanoseconds", "9" * 30), ("seconds", "inf"),
    ],
)  # fmt: skip
def test_stamps_of_another_form_or_unit_are_refused(form: str, stamp: str):
    toml = RESERVES.replace('column = "when",', f'column = "when", format = "{form}",')
    made = mapped(toml, "BTC-reserves.csv", text(["when,held", f"{stamp},5.5"]))
    assert f"when: expected a time ({form}) between 2009 and 2100, found" in made.refused["fault"][0]


@pytest.mark.parametrize(
    ("stamp", "event", "span"),
    [("instant", "2025-08-18T06:00Z", 0), ("open", "2025-08-19T06:00Z", 1), ("day", "2025-08-19", 1)],
)
def test_the_stamp_decides_when_a_row_is_known(stamp: str, event: str, span: int):
    toml = RESERVES.replace('stamp = "instant", step = "1d"', f'stamp = "{stamp}", step = "1d", lag = "2h"')
    written = "2025-08-18" if stamp == "day" else "2025-08-18T06:00Z"
    row = rows(mapped(toml, "BTC-reserves.csv", text(["when,held", f"{written},5.5"])), "reserves").row(0, named=True)
    assert row["event_time"] == parse_time(event)
    assert row["known_time"] == parse_time(event) + 2 * NANOSECONDS_PER_HOUR
    assert row["span"] == span * NANOSECONDS_PER_DAY


@pytest.mark.parametrize("kind", [pl.Datetime("ms"), pl.Datetime("ns", "Europe/Berlin"), pl.Date])
def test_moments_of_parquet_are_taken_as_such(kind: pl.DataType):
    moments = pl.Series("when", ["2025-08-18"]).str.to_datetime(time_zone="UTC").dt.convert_time_zone("Europe/Berlin")
    if not isinstance(kind, pl.Datetime) or kind.time_zone is None:
        moments = moments.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    frame = pl.DataFrame({"when": moments.cast(kind), "held": [5]})
    made = mapped(RESERVES.replace(".csv", ".parquet"), "BTC-reserves.parquet", parquet(frame))
    assert rows(made, "reserves")["event_time"].to_list() == [parse_time("2025-08-18")]


def test_delimiter_and_byte_order_mark_and_quotes():
    toml = RESERVES + 'delimiter = ";"\n'
    data = b'\xef\xbb\xbfwhen;"held"\r\n"2025-08-18";"5.5"\r\n\r\n2025-08-19;6.5\r\n'
    assert rows(mapped(toml, "BTC-reserves.csv", data), "reserves")["reserve_base"].to_list() == [5.5, 6.5]


EVENTS = """
provider = "mine"
[[file]]
name = "events.csv"
kind = "liquidations"
coin_column = "symbol"
quotes = ["USD", "USDT"]
venue_column = "exchange"
scope = "{venue}-linear"
instruments = "{coin}USDT at {venue}"
market = "perpetual"
capture = "complete"
time = { column = "t", format = "milliseconds", stamp = "instant" }
columns = { value_usd = { column = "thousands", scale = 1e3 }, price = "p" }
keep = { state = ["done"] }
side = { column = "S", long = ["Buy"], short = ["Sell"] }
"""
EVENT_LINES = [
    "t,symbol,exchange,S,thousands,p,state",
    "1755475200000,BTCUSDT,Bybit,Buy,2.5,115000,done",
    "1755475200000,BTCUSDT,Bybit,Buy,1.5,114000,done",
    "1755475200000,BTCUSDT,Bybit,Sell,9.5,114000,done",
    "1755475200000,ETHUSD,Woo X,Sell,3.5,4000,done",
    "1755475200000,BTCUSDT,Bybit,Buy,2.5,115000,open",
]


def test_events_of_one_instant_and_side_are_told_apart_by_their_values():
    made = mapped(EVENTS, "events.csv", text(EVENT_LINES))
    found = rows(made, "liquidations").sort("series", "liquidated_side", "value_usd")
    assert found["sequence"].n_unique() == 4
    assert found.select("series", "liquidated_side", "value_usd").rows() == [
        ("mine/liquidations/BTC/bybit-linear/irregular", "long", 1500.0),
        ("mine/liquidations/BTC/bybit-linear/irregular", "long", 2500.0),
        ("mine/liquidations/BTC/bybit-linear/irregular", "short", 9500.0),
        ("mine/liquidations/ETH/woo-x-linear/irregular", "short", 3500.0),
    ]
    assert (made.rows_in, made.rows_skipped) == (5, 1)
    assert made.notes == ("events.csv: 1 rows not wanted by the mapping, or empty",)
    assert {one.instruments for one in made.series} == {"BTCUSDT at bybit", "ETHUSDT at woo x"}


@pytest.mark.parametrize(
    ("spoiled", "fault"),
    [
        ("1755475200000,BTCUSDT,Bybit,Hold,2.5,1,done", "S: expected one of Buy, Sell, found 'Hold'"),
        (
            "1755475200000,BTCEUR,Bybit,Buy,2.5,1,done",
            "symbol: expected a symbol that ends in USD, USDT, found 'BTCEUR'",
        ),
        ("1755475200000,BTCUSDT,by/bit,Buy,2.5,1,done", "venue: expected a name, found 'by/bit'"),
        ("1755475200000,BTCUSDT,Bybit,Buy,,1,done", "value_usd: expected a value, found none"),
        ("1755475200000,BTCUSDT,Bybit,Buy,2.5,1,done,more", "expected 7 fields, found 8"),
    ],
)
def test_a_faulty_event_is_refused_alone(spoiled: str, fault: str):
    made = mapped(EVENTS, "events.csv", text([*EVENT_LINES, spoiled]))
    assert made.refused.rows() == [(6, fault, spoiled.encode())]
    assert made.tables["liquidations"].height == 4


WIDE = """
provider = "mine"
[[file]]
name = "sides.csv"
kind = "liquidations"
coin = "BTC"
venues = ["okx", "binance"]
instruments = "all"
market = "all-derivatives"
time = { column = "d", stamp = "day", step = "1d" }
columns = { value_usd = "long" }
constants = { liquidated_side = "long" }
[[file]]
name = "sides.csv"
kind = "liquidations"
coin = "BTC"
venues = ["okx", "binance"]
instruments = "all"
market = "all-derivatives"
time = { column = "d", stamp = "day", step = "1d" }
columns = { value_usd = "short" }
constants = { liquidated_side = "short" }
"""


def test_two_blocks_read_one_file_and_a_row_refused_by_one_is_refused_whole():
    made = mapped(WIDE, "sides.csv", text(["d,long,short", "2025-08-17,1,2", "2025-08-18,3,x"]))
    assert made.refused.rows() == [(2, "short: expected a number, found 'x'", b"2025-08-18,3,x")]
    found = made.tables["liquidations"].sort("liquidated_side")
    assert found.select("liquidated_side", "value_usd", "sequence").rows() == [("long", 1.0, 0), ("short", 2.0, 0)]
    assert [one.venues for one in made.series] == [("okx", "binance")]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("kind", "kynd"), "unknown field `kynd`"),
        (('kind = "reserves"', 'kind = "reservoirs"'), "Invalid enum value 'reservoirs'"),
        (('stamp = "instant"', 'stamp = "close"'), "Invalid enum value 'close'"),
        (('reserve_base = "held"', 'reserve_usd = "held"'), "of reserves (reserve_base), found 'reserve_usd'"),
        (('reserve_base = "held"', ""), "expected 'reserve_base', which every row of reserves has"),
        (('venues = ["all"]', ""), "exactly one of venues and venue_column"),
        (("{coin}-", ""), "exactly one of coin, coin_column and {coin} in name"),
        (('step = "1d"', 'step = "1 day"'), "expected a duration such as 5m, 4h or 1d, found '1 day'"),
        (('stamp = "instant", step = "1d"', 'stamp = "open"'), "expected a step with stamp 'open'"),
        (('stamp = "instant", step = "1d"', 'stamp = "day", step = "4h"'), "expected step '1d' with stamp 'day'"),
        (('column = "when"', 'column = "when", format = "ms"'), "expected format iso, seconds"),
        (('provider = "mine"', 'provider = "My Own"'), "provider: expected a-z, 0-9 and -"),
        (('instruments = "coins"', 'instruments = "coins"\ndelimiter = ";;"'), "delimiter: expected one character"),
        (('instruments = "coins"', 'instruments = "coins"\nscope = "a/b"'), "scope and measure: expected a-z"),
        (('instruments = "coins"', 'instruments = "coins"\nconstants = { reserve_base = 1.0 }'), "found it in both"),
        (('reserve_base = "held"', 'reserve_base = { column = "held", times = 2 }'), "unknown field `times`"),
        (("[[file]]", "[[file]"), "Expected ']]'"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_work_is_a_usage_error_that_names_the_fault(change: tuple[str, str], found: str):
    toml = RESERVES.replace(*change)
    assert toml != RESERVES
    with pytest.raises(ConfigurationError) as error:
        table.read_mapping(toml.encode(), "mine.toml")
    assert found in str(error.value)
    assert "mine.toml" in str(error.value)
    assert error.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (('liquidated_side = "long"', ""), "exactly one of [file.side] and liquidated_side in constants"),
        (('liquidated_side = "long"', "liquidated_side = 1"), "constants: expected a number or text"),
    ],
)
def test_the_side_of_a_liquidation_must_come_from_somewhere(change: tuple[str, str], found: str):
    with pytest.raises(ConfigurationError, match=re.escape(found)):
        table.read_mapping(WIDE.replace(*change).encode(), "mine.toml")


def test_a_mapping_without_blocks_or_with_other_bytes_is_a_usage_error():
    for data in (b'provider = "mine"\nfile = []\n', b"\xff\xfe", b'provider = "mine"'):
        with pytest.raises(ConfigurationError, match="expected"):
            table.read_mapping(data, "mine.toml")


def test_a_mapping_file_that_is_not_there_is_a_usage_error(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"expected a mapping file at .*nowhere\.toml, found No such file"):
        table.from_file(tmp_path / "nowhere.toml", ())


def test_the_provider_table_needs_a_mapping_and_others_take_none(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text(RESERVES)
    assert source_of("table", file).provider == "mine"
    with pytest.raises(UsageError, match="--mapping FILE"):
        source_of("table")
    with pytest.raises(UsageError, match="with provider 'table' only"):
        source_of("coinalyze", file)
    with pytest.raises(UsageError, match=r"expected a provider, one of .*coinglass.*table; found 'coingloss'"):
        source_of("coingloss")


def test_another_mapping_reads_its_files_again():
    one, other = (table.table_source("mine", table.read_mapping(b, "x"), b) for b in (
        RESERVES.encode(), RESERVES.replace('"held"', '"kept"').encode(),
    ))  # fmt: skip
    assert one.normaliser != other.normaliser


@pytest.mark.parametrize("wrong", ["", "4", "h", "4 h", "-1d", "1.5h", "1y", "99999d"])
def test_what_is_no_duration(wrong: str):
    with pytest.raises(ValueError, match="expected a duration"):
        duration_ns(wrong)


def test_a_file_of_another_name_is_refused():
    with pytest.raises(SchemaError, match=r"expected a file named BTC_dominance\.csv"):
        shipped("cryptoquant", "exchange_stablecoin_ratio.csv", b"Date,Data\n2024.1.1,1\n")


# -- the shipped mappings ----------------------------------------------------------------------------------------------


def test_every_shipped_mapping_says_what_it_is_of():
    assert set(table.shipped_mappings()) < set(providers())
    for name in table.shipped_mappings():
        assert len(table.shipped(name).mapping.about) > 20


def test_dominance_of_a_day_is_a_fraction_known_at_the_days_end():
    found = rows(shipped("daily-dominance", "btc_dominance.csv"), "market_caps")
    assert found.select("event_time", "known_time", "dominance").rows() == [
        (parse_time("2025-08-18"), parse_time("2025-08-18"), pytest.approx(0.5862)),
        (parse_time("2025-08-19"), parse_time("2025-08-19"), pytest.approx(0.5898)),
    ]


def test_dominance_above_the_whole_is_refused():
    made = shipped("daily-dominance", "btc_dominance.csv", text(["date,btc_dominance", "2013-05-03,101.22"]))
    assert made.refused["fault"].to_list() == ["dominance: expected at most 1 (fraction), found 1.0122"]


def test_fund_flows_may_be_negative_and_are_known_half_a_day_later():
    row = rows(shipped("daily-dominance", "etf_flows_usd.csv"), "fund_flows").row(0, named=True)
    assert row["flow_usd"] == -14_100_000.0
    assert row["known_time"] == parse_time("2025-08-16T12:00Z")


def test_dates_with_dots_and_without_leading_zeros_are_read():
    found = rows(shipped("cryptoquant", "BTC_dominance.csv"), "market_caps")
    assert found["event_time"].to_list() == [parse_time("2024-11-10"), parse_time("2024-11-21")]


def test_an_empty_cell_is_not_observed_and_no_fault():
    made = shipped("cryptoquant", "funding_fee.csv")
    assert (made.rows_in, made.rows_skipped, made.refused.height) == (2, 1, 0)
    assert rows(made, "funding").select("rate", "interval_hours").row(0) == (pytest.approx(0.000249), 8.0)


def test_prices_without_a_range_are_not_taken_for_a_market():
    for provider in ("daily-dominance", "cryptoquant"):
        name = {"daily-dominance": "btc_price.csv", "cryptoquant": "BTC_price.csv"}[provider]
        [series] = shipped(provider, name).series
        assert (series.market, series.measure) == ("none", "daily-close")
        assert "range is not known" in series.note


def test_total2_has_its_extremes():
    row = rows(shipped("tradingview-total2", "CRYPTOCAP_TOTAL2_1D.csv"), "market_caps").row(-1, named=True)
    assert (row["coin"], row["market_cap_usd"], row["high_usd"], row["low_usd"]) == (
        "TOTAL2", 1050180330060.0, 1054784862363.0, 1035621069728.0,
    )  # fmt: skip
    assert row["event_time"] == parse_time("2025-04-30")


def test_binance_open_interest_is_an_instant_in_coins_and_dollars_known_a_step_later():
    made = shipped("binance-open-interest", "BTC_oi_5m.csv")
    row = rows(made, "open_interest").row(0, named=True)
    assert (row["event_time"], row["span"]) == (parse_time("2026-03-15"), 0)
    assert row["known_time"] - row["event_time"] == 5 * NANOSECONDS_PER_MINUTE
    assert (row["open_interest_base"], row["open_interest_usd"]) == (83494.763, 5942689659.6)
    assert (made.series[0].margin, made.series[0].instruments) == ("stablecoin", "BTCUSDT")


def test_funding_of_that_history_is_per_hour_whatever_the_interval():
    assert rows(shipped("binance-open-interest", "WIF_funding.csv"), "funding")["interval_hours"].to_list() == [
        1.0,
        1.0,
    ]


def test_candles_are_kept_of_binance_and_bybit_only():
    made = shipped("multivenue-hourly", "candles.parquet")
    assert {one.series for one in made.series} == {
        "multivenue-hourly/bars/BTC/binance-perpetual/1h", "multivenue-hourly/bars/BTC/bybit-perpetual/1h",
    }  # fmt: skip
    assert (made.rows_in, made.rows_skipped) == (CANDLES.height, 1)
    assert rows(made, "bars")["event_time"].min() == parse_time("2025-08-01T01:00Z")


def test_funding_is_kept_of_venues_whose_unit_is_established():
    made = shipped("multivenue-hourly", "funding_rates.parquet")
    found = rows(made, "funding").select("series", "interval_hours").sort("series")
    assert dict(found.iter_rows()) == {
        "multivenue-hourly/funding/BTC/binance/8h": 8.0,
        "multivenue-hourly/funding/BTC/bybit/8h": 8.0,
        "multivenue-hourly/funding/BTC/hyperliquid/1h": 1.0,
        "multivenue-hourly/funding/HYPE/binance/4h": 4.0,
    }
    assert (made.rows_in, made.rows_skipped) == (FUNDING.height, 1)
    assert "Kraken" in made.notes[0]


def test_the_liquidations_of_that_provider_are_not_read():
    assert not table.shipped("multivenue-hourly").recognises("liquidations.parquet")


def test_single_events_say_whose_position_was_closed():
    made = shipped("whalebot-events", "events_parsed.csv")
    found = rows(made, "liquidations").sort("event_time", "value_usd")
    assert found.select("coin", "liquidated_side", "value_usd", "span").rows() == [
        ("ETH", "short", 70437.0, 0), ("ETH", "short", 227241.0, 0), ("BTC", "long", 127848.0, 0),
    ]  # fmt: skip
    assert "50,000 USD" in made.series[0].note
    assert made.rows_skipped == 1


# -- the same on real files --------------------------------------------------------------------------------------------

FOLDERS = {
    "binance-open-interest": "binance-oi-5m-hl-reaper",
    "cryptoquant": "cryptoquant-daily-heun630",
    "daily-dominance": "daily-dominance-reserves-sharafa32",
    "multivenue-hourly": "multivenue-hourly-0xknx",
    "tradingview-total2": "total2-tradingview-rsoender",
    "whalebot-events": "events-whalebot-2025-09",
}


def real(folder: Path, provider: str, name: str) -> Normalised:
    return shipped(provider, name, (folder / FOLDERS[provider] / name).read_bytes())


@pytest.mark.real
@pytest.mark.parametrize("provider", FOLDERS)
def test_the_real_files_are_read_without_refusals_but_of_impossible_dominance(provider: str, real_data: Path):
    source = table.shipped(provider)
    names = [file.name for file in (real_data / FOLDERS[provider]).iterdir() if source.recognises(file.name)]
    assert names
    for name in names:
        made = real(real_data, provider, name)
        assert made.refused.height == (11 if name == "btc_dominance.csv" else 0)
        assert made.tables


@pytest.mark.real
def test_dominance_about_the_18th_of_august(real_data: Path):
    found = real(real_data, "daily-dominance", "btc_dominance.csv").tables["market_caps"]
    known = dict(found.select("known_time", "dominance").iter_rows())
    assert known[parse_time("2025-08-18")] == pytest.approx(0.5862)
    assert known[parse_time("2025-08-19")] == pytest.approx(0.5898)


@pytest.mark.real
def test_reserves_differ_by_provider(real_data: Path):
    moment = parse_time("2024-11-20")
    held = [
        real(real_data, provider, "exchange_reserves.csv").tables["reserves"]
        .filter(pl.col("event_time") == moment)["reserve_base"].item()
        for provider in ("daily-dominance", "cryptoquant")
    ]  # fmt: skip
    assert held[1] == pytest.approx(2.58e6, rel=0.01)
    assert 1.2 < held[0] / held[1] < 1.6


@pytest.mark.real
def test_the_5_minute_history_has_binances_default_funding_divided_by_its_hours(real_data: Path):
    rate = pl.concat([
        real(real_data, "binance-open-interest", f"{coin}_funding.csv").tables["funding"] for coin in ("ARB", "WIF")
    ])["rate"]  # fmt: skip
    assert (rate == 1.25e-5).mean() > 0.1


@pytest.mark.real
def test_hourly_candles_of_binance_are_the_archives_bars_summed(real_data: Path):
    bars = pl.read_parquet(real_data / "klines-5m-2025" / "perp_BTCUSDT_5m_2025.parquet")
    hours = bars.group_by(hour=pl.col("open_time") // 3_600_000).agg(pl.col("close").last(), pl.col("volume").sum())
    found = (
        real(real_data, "multivenue-hourly", "candles.parquet")
        .tables["bars"]
        .filter(pl.col("series") == "multivenue-hourly/bars/BTC/binance-perpetual/1h")
    )
    both = found.with_columns(hour=pl.col("event_time") // NANOSECONDS_PER_HOUR - 1).join(hours, on="hour")
    assert both.height == found.height == 4285
    assert (both["close"] == both["close_right"]).all()
    assert ((both["volume_base"] / both["volume"] - 1).abs() < 1e-6).all()


# -- the guide to importing --------------------------------------------------------------------------------------------


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_mappings_of_the_guide_read_the_tables_they_describe():
    interest, events, two_columns = blocks("toml")
    lines = ["date,exchange,oi_millions", "2025-08-18,Binance,14000.5", "2025-08-18,Kraken,5", "2025-08-18,OKX,8000"]
    made = mapped(interest, "BTC_open_interest.csv", text(lines))
    found = rows(made, "open_interest").sort("series")
    assert found.select("series", "open_interest_usd", "known_time").rows() == [
        ("my-provider/open_interest/BTC/binance/1d", 14_000_500_000.0, parse_time("2025-08-19")),
        ("my-provider/open_interest/BTC/okx/1d", 8_000_000_000.0, parse_time("2025-08-19")),
    ]
    frame = pl.DataFrame({
        "time": [1755475200000], "symbol": ["BTCUSDT"], "S": ["Buy"], "notional": [5e4], "price": [115000.0],
    })  # fmt: skip
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    [row] = rows(mapped(events, "events-2025.parquet", buffer.getvalue()), "liquidations").rows(named=True)
    assert (row["coin"], row["liquidated_side"], row["value_usd"]) == ("BTC", "long", 50_000.0)
    made = mapped(two_columns, "BTC-hourly.csv", text(["time,long_usd,short_usd", "1755475200000,5.5,6.5"]))
    sides = rows(made, "liquidations").sort("liquidated_side").select("liquidated_side", "value_usd")
    assert sides.rows() == [("long", 5.5), ("short", 6.5)]
