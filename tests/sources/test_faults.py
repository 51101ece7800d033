"""What went wrong in public with files like these: the right value, or a refusal that says what to do."""

import gzip
import hashlib
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
from source_specimens import text

from runout.cli.main import main
from runout.clock import parse_time
from runout.errors import ExitCode
from runout.lake import Lake
from runout.pipeline.verify import verify_lake
from runout.sources.binance import COLUMNS

HOUR_MS = 3_600_000
START_MS = 1_755_388_800_000
OPEN_INTEREST = """
provider = "mine"
[[file]]
name = "{coin}_oi*"
kind = "open_interest"
venues = ["okx"]
instruments = "{coin}-USDT-SWAP"
market = "perpetual"
time = { column = "ts", format = "iso", stamp = "instant", step = "1h" }
columns = { open_interest_usd = "oi" }
"""
EVENTS = """
provider = "mine"
[[file]]
name = "liq*.csv"
kind = "liquidations"
coin_column = "symbol"
quotes = ["USDT", "USD"]
venues = ["bybit"]
instruments = "{coin} perpetual"
market = "perpetual"
capture = "complete"
time = { column = "time", format = "milliseconds", stamp = "instant" }
columns = { value_usd = "usd", price = "price" }
side = { column = "side", long = ["Sell"], short = ["Buy"] }
"""
EVENT_HEADER = "time,symbol,side,usd,price"


class Desk:
    """A folder with a mapping, its files and a lake."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.lake = Lake(folder / "lake")

    def take(self, files: dict[str, bytes], mapping: str = "", provider: str = "table") -> tuple[int, str]:
        """Import files in a folder of their own; return exit code and what was said."""
        data = self.folder / f"in{len([*self.folder.glob('in*')])}"
        for name, content in files.items():
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            (data / name).write_bytes(content)
        options = []
        if mapping:
            (self.folder / "m.toml").write_text(mapping)
            options = ["--mapping", str(self.folder / "m.toml")]
        code = main(["import", provider, str(data), "--lake", self.lake.root, *options])
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, " ".join((captured.out + captured.err).split())

    def verify(self, check: str) -> list[str]:
        """Return severity and statement of each finding of a check."""
        return [f"{one.severity}: {one.statement}" for one in verify_lake(self.lake).findings if one.check == check]

    def rows(self, kind: str) -> pl.DataFrame:
        return self.lake.scan(kind).collect()


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def klines(*, first_open: float = 118_257.64, volume: float = 5.0, trades: int = 10) -> bytes:
    lines = [
        f"{START_MS + i * HOUR_MS},{first_open},{first_open + 9},{first_open - 9},{first_open},{volume},"
        f"{START_MS + (i + 1) * HOUR_MS - 1},{volume * first_open},{trades},{volume / 2},{volume * first_open / 2},0"
        for i in range(24)
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("bars.csv", "\n".join(lines))
    return packed.getvalue()


# -- which file is which -----------------------------------------------------------------------------------------------


def test_a_file_whose_checksum_was_wrong_is_taken_once_the_checksum_is_right(desk: Desk):
    name, data = "BTCUSDT-1h-2025-08-17.zip", klines()
    wrong = {name: data, f"{name}.CHECKSUM": f"{'0' * 64}  {name}".encode()}
    code, said = desk.take(wrong, provider="binance-perpetual")
    assert code == ExitCode.QUARANTINED
    assert "SHA-256" in said
    right = {name: data, f"{name}.CHECKSUM": f"{hashlib.sha256(data).hexdigest()}  {name}".encode()}
    assert desk.take(right, provider="binance-perpetual")[0] == 0
    assert desk.rows("bars").height == 24


def test_a_file_with_another_coin_in_its_name_is_another_file(desk: Desk):
    data = text(["ts,oi", "2025-06-01,5.0"])
    desk.take({"ETH_oi.csv": data}, OPEN_INTEREST)
    desk.take({"BTC_oi.csv": data}, OPEN_INTEREST)
    assert sorted(desk.rows("open_interest")["coin"]) == ["BTC", "ETH"]


def test_computed_prices_never_stand_for_traded_ones(desk: Desk):
    below = "data/futures/um/daily/{}/BTCUSDT/1h/BTCUSDT-1h-2025-08-17.zip"
    code, said = desk.take(
        {
            below.format("indexPriceKlines"): klines(first_open=118_198.51),
            below.format("klines"): klines(),
            below.format("markPriceKlines"): klines(first_open=118_304.94),
        },
        provider="binance-perpetual",
    )
    assert code == ExitCode.QUARANTINED
    assert "markPriceKlines: mark, index and premium prices are computed, not traded" in said
    assert desk.rows("bars")["open"].to_list() == [118_257.64] * 24


def test_bars_that_count_trades_without_volume_are_refused(desk: Desk):
    code, said = desk.take({"BTCUSDT-1h-2025-08-17.zip": klines(volume=0, trades=3600)}, provider="binance-perpetual")
    assert code == ExitCode.QUARANTINED
    assert "is it a mark or index price?" in said
    assert desk.rows("bars").is_empty()


@pytest.mark.parametrize(
    ("symbol", "coins"),
    [("1000PEPE", "1,000"), ("1000000MOG", "1,000,000"), ("1MBABYDOGE", "1,000,000"), ("1000CAT", "1,000")],
)
def test_a_symbol_of_a_bundle_says_how_many_coins(desk: Desk, symbol: str, coins: str):
    desk.take({f"{symbol}USDT-1h-2025-08-17.zip": klines()}, provider="binance-perpetual")
    assert f"per contract unit of {coins} coins" in desk.lake.series()[0].note


def test_a_number_in_a_name_is_no_bundle(desk: Desk):
    desk.take({"1INCHUSDT-1h-2025-08-17.zip": klines()}, provider="binance-perpetual")
    assert "unit" not in desk.lake.series()[0].note


def test_a_mapping_cannot_take_the_name_of_a_provider_of_the_package(desk: Desk):
    code, said = desk.take(
        {"BTC_oi.csv": text(["ts,oi", "2025-06-01,5.0"])}, OPEN_INTEREST.replace('"mine"', '"coinglass"')
    )
    assert code == ExitCode.USAGE
    assert "such as provider = 'my-coinglass'" in said


# -- when --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "fault"),
    [("%Y-%m-%d %H:%M:%S %Z", "names of time zones are not read"), ("%H:%M", "a pattern that says a date")],
)
def test_a_pattern_that_cannot_say_a_moment_is_a_usage_error(desk: Desk, form: str, fault: str):
    code, said = desk.take(
        {"BTC_oi.csv": text(["ts,oi", "2025-06-01 08:00:00 EDT,5.0"])}, OPEN_INTEREST.replace('"iso"', f'"{form}"')
    )
    assert code == ExitCode.USAGE
    assert fault in said
    assert desk.rows("imports").is_empty()


def test_hours_without_minutes_are_read(desk: Desk):
    mapping = OPEN_INTEREST.replace('"iso"', '"%Y-%m-%d %I-%p"')
    desk.take({"BTC_oi.csv": text(["ts,oi", "2019-06-12 01-PM,100", "2019-06-12 12-AM,101"])}, mapping)
    assert sorted(desk.rows("open_interest")["event_time"]) == [
        parse_time("2019-06-12T00:00Z"),
        parse_time("2019-06-12T13:00Z"),
    ]


def test_a_day_of_another_time_zone_is_refused_as_a_day_and_taken_as_an_interval(desk: Desk):
    rows = {"BTC_oi.csv": text(["ts,oi", "2022-11-01T16:00Z,5.0"])}
    daily = OPEN_INTEREST.replace('"instant", step = "1h"', '"day", step = "1d"')
    code, said = desk.take(rows, daily)
    assert code == ExitCode.QUARANTINED
    assert "the day is of another time zone; say stamp 'open'" in said
    assert desk.take(rows, daily.replace('"day"', '"open"'))[0] == 0
    assert desk.rows("open_interest")["known_time"].to_list() == [parse_time("2022-11-02T16:00Z")]


def test_stamps_rounded_by_a_spreadsheet_are_refused(desk: Desk):
    lines = [EVENT_HEADER, "1.75539E+12,BTCUSDT,Sell,5,1", "1.7554E+12,BTCUSDT,Sell,5,1"]
    code, said = desk.take({"liq.csv": text(lines)}, EVENTS)
    assert code == ExitCode.QUARANTINED
    assert "expected all digits of a time in milliseconds, found '1.75539E+12'" in said
    assert desk.rows("liquidations").is_empty()


def test_exact_stamps_in_scientific_notation_are_read(desk: Desk):
    lines = [EVENT_HEADER, "1.755388800001E12,BTCUSDT,Sell,5,1", "1.7553888E12,BTCUSDT,Sell,5,1"]
    assert desk.take({"liq.csv": text(lines)}, EVENTS)[0] == 0
    assert desk.rows("liquidations").height == 2


def test_a_change_of_labels_is_a_second_block_from_its_date_on(desk: Desk):
    first = OPEN_INTEREST.replace('step = "1h"', 'step = "5m"')
    block = first[first.index("[[file]]") :]
    dated = first + 'until = "2026-06-25"\n' + block.replace('"5m"', '"5m", shift = "5m"') + 'since = "2026-06-25"\n'
    lines = ["ts,oi", "2026-06-24 23:55:00,1", "2026-06-25 00:00:00,2"]
    assert desk.take({"BTC_oi.csv": text(lines)}, dated)[0] == 0
    assert sorted(desk.rows("open_interest")["event_time"]) == [
        parse_time("2026-06-24T23:55Z"),
        parse_time("2026-06-25T00:05Z"),
    ]


def test_the_close_of_an_interval_is_told_how_to_be_said(desk: Desk):
    code, said = desk.take({"BTC_oi.csv": b"ts,oi\n"}, OPEN_INTEREST.replace('"instant"', '"close"'))
    assert code == ExitCode.USAGE
    assert "'open' for the start of an interval, 'day' for a date, 'instant' for a moment" in said


def test_a_stamp_at_the_close_of_an_interval_is_shifted_to_its_start(desk: Desk):
    mapping = OPEN_INTEREST.replace('"instant", step = "1h"', '"open", step = "1h", shift = "-1h"')
    desk.take({"BTC_oi.csv": text(["ts,oi", "2025-06-01T01:00Z,5.0"])}, mapping)
    assert desk.rows("open_interest")["event_time"].to_list() == [parse_time("2025-06-01T01:00Z")]


def test_open_interest_without_a_step_is_refused(desk: Desk):
    code, said = desk.take({"BTC_oi.csv": b"ts,oi\n"}, OPEN_INTEREST.replace(', step = "1h"', ""))
    assert code == ExitCode.USAGE
    assert "expected a step such as '1h' with open_interest" in said


def test_a_corrected_mapping_does_not_describe_old_rows_anew(desk: Desk):
    rows = {"BTC_oi.csv": text(["ts,oi", "2025-06-01T00:00Z,5.0"])}
    desk.take(rows, OPEN_INTEREST)
    code, said = desk.take(rows, OPEN_INTEREST.replace('"instant"', '"open"'))
    assert code == ExitCode.QUARANTINED
    assert (
        "expected stamp 'instant' as the rows of mine/open_interest/BTC/okx/1h in the lake have, found 'open'" in said
    )
    assert [one.stamp for one in desk.lake.series()] == ["instant"]
    assert "`runout forget mine/open_interest/BTC/okx/1h` and import again" in said
    assert main(["forget", "mine/open_interest/BTC/okx/1h", "--lake", desk.lake.root, "--yes"]) == ExitCode.DONE
    assert desk.take(rows, OPEN_INTEREST.replace('"instant"', '"open"'))[0] == ExitCode.DONE
    assert [one.stamp for one in desk.lake.series()] == ["open"]
    assert desk.rows("open_interest")["event_time"].to_list() == [parse_time("2025-06-01T01:00Z")]


# -- which events ------------------------------------------------------------------------------------------------------


def test_events_of_one_instant_in_two_files_are_two_events(desk: Desk):
    files = {
        "liq-BTCUSD.csv": text([EVENT_HEADER, "1755388800001,BTCUSD,Sell,250000,118001"]),
        "liq-BTCUSDT.csv": text([EVENT_HEADER, "1755388800001,BTCUSDT,Sell,100000,118000"]),
    }
    assert desk.take(files, EVENTS)[0] == 0
    assert sorted(desk.rows("liquidations")["value_usd"]) == [100_000, 250_000]


def test_an_event_that_two_files_hold_is_one_event(desk: Desk):
    lines = [EVENT_HEADER, *(f"{START_MS + i},BTCUSDT,Sell,{i + 1},118000" for i in range(6))]
    desk.take({"liq-1.csv": text(lines[:5]), "liq-2.csv": text([EVENT_HEADER, *lines[3:]])}, EVENTS)
    assert desk.rows("liquidations").height == 6


def test_events_that_a_file_repeats_are_remarked(desk: Desk):
    events = [f"{START_MS + 1000 * i},BTCUSDT,Sell,{i + 1},118000" for i in range(20)]
    code, said = desk.take({"liq.csv": text([EVENT_HEADER, *events, *events[10:]])}, EVENTS)
    assert code == 0
    assert "10 of 30 events repeat another of the file in every value" in said
    [found] = desk.verify("repeated_events")
    assert found.startswith("warning: 10 events in a row stand there 2 times each, equal in every value")


def test_a_few_equal_events_of_one_instant_are_no_repeated_block(desk: Desk):
    events = [f"{START_MS + 1000 * i},BTCUSDT,Sell,{i + 1},118000" for i in range(20)]
    desk.take({"liq.csv": text([EVENT_HEADER, *events, *events[3:12]])}, EVENTS)
    assert desk.verify("repeated_events") == []


def test_a_symbol_that_is_no_perpetual_is_named_in_its_refusal(desk: Desk):
    code, said = desk.take({"liq.csv": text([EVENT_HEADER, f"{START_MS},BTCUSD_PERP,Sell,5,1"])}, EVENTS)
    assert code == ExitCode.QUARANTINED
    assert "symbol: expected a symbol that ends in USDT, USD, found 'BTCUSD_PERP'" in said


# -- how a file is written ---------------------------------------------------------------------------------------------


def test_numbers_that_may_have_points_between_thousands_are_remarked(desk: Desk):
    lines = ["ts;oi", *(f"2025-06-0{day};918.26{day}" for day in range(1, 8))]
    _, said = desk.take({"BTC_oi.csv": text(lines)}, OPEN_INTEREST + 'delimiter = ";"\n')
    assert "if it parts thousands, the figures are 1,000 times too small" in said


def test_a_column_of_durations_is_no_column_of_times(desk: Desk):
    table = io.BytesIO()
    pl.DataFrame({"ts": [1, 2], "oi": [1.0, 2.0]}).cast({"ts": pl.Duration("ms")}).write_parquet(table)
    code, said = desk.take({"BTC_oi.parquet": table.getvalue()}, OPEN_INTEREST)
    assert code == ExitCode.QUARANTINED
    assert "expected times in the column ts, found values of type Duration" in said


def test_funding_for_an_interval_of_no_hours_is_refused(desk: Desk):
    mapping = OPEN_INTEREST.replace('"open_interest"', '"funding"').replace(
        "{ open_interest_usd", '{ interval_hours = "hours", rate'
    )
    code, said = desk.take({"BTC_oi.csv": text(["ts,oi,hours", "2025-06-01,0.0001,0", "2025-06-02,0.0001,8"])}, mapping)
    assert code == ExitCode.QUARANTINED
    assert "interval_hours: expected more than 0" in said
    assert desk.rows("funding").height == 1


FUNDING = """
provider = "mine"
[[file]]
name = "{coin}_funding.csv"
kind = "funding"
venues = ["binance"]
instruments = "{coin}USDT"
market = "perpetual"
time = { column = "ts", format = "milliseconds", stamp = "instant" }
columns = { rate = "rate" }
constants = { interval_hours = 8.0 }
"""


def test_payments_of_funding_closer_together_than_they_are_quoted_for_are_a_finding(desk: Desk):
    hours = [*range(0, 240, 8), *range(240, 360, 4), *range(360, 400)]
    lines = [f"{START_MS + hour * HOUR_MS},{0.0001 + hour * 1e-8}" for hour in hours]
    desk.take({"SKL_funding.csv": text(["ts,rate", *lines])}, FUNDING)
    [said] = desk.verify("funding_interval")
    assert said.startswith("warning: from 2025-08-27T04:00Z on 69 rows come 1 h apart, quoted for 8 h")
    desk.take({"AAA_funding.csv": text(["ts,rate", *lines[:30]])}, FUNDING)
    assert len(desk.verify("funding_interval")) == 1


def test_hyperliquid_pays_hourly_in_a_stablecoin_whatever_its_column_is_called(desk: Desk):
    header, row = "t,BTC/USDT - Binance,BTC/USD - Hyperliquid", "2025-06-01,0.01,0.00125"
    desk.take({"funding_rate_history.csv": text([header, row])}, provider="coinalyze")
    [one] = [one for one in desk.lake.series() if one.venues == ("hyperliquid",)]
    assert one.margin == "stablecoin"
    rows = desk.rows("funding").filter(pl.col("series") == one.series)
    assert rows.select("rate", "interval_hours").row(0) == (0.0000125, 1.0)


def test_a_header_that_looks_like_markup_is_printed_as_it_is(desk: Desk):
    lines = klines_text_with_column("[/bold]")
    code, said = desk.take({"BTCUSDT-1h-2025-08-17.csv": lines}, provider="binance-perpetual")
    assert code == 0
    assert "columns not read: [/bold]" in said


def klines_text_with_column(name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(klines())) as archive:
        first = archive.read("bars.csv").decode().splitlines()[0]
    header = ",".join(COLUMNS)
    return text([f"{header},{name}", f"{first},1"])


def test_lines_may_end_as_on_an_old_mac(desk: Desk):
    desk.take({"BTC_oi.csv": b'"ts","oi"\r"2025-06-01","5"\r"2025-06-02","6"\r'}, OPEN_INTEREST)
    assert sorted(desk.rows("open_interest")["open_interest_usd"]) == [5, 6]


@pytest.mark.parametrize(
    ("name", "start", "form"),
    [
        ("BTC_oi.csv.zst", b"\x28\xb5\x2f\xfd", "zstd"),
        ("BTC_oi.csv.xz", b"\xfd7zXZ\x00", "xz"),
        ("BTC_oi.csv", b"\x1f\x8b", "gzip"),
    ],
)
def test_a_packed_file_is_told_to_be_unpacked(desk: Desk, name: str, start: bytes, form: str):
    code, said = desk.take({name: start + b"\x00" * 20}, OPEN_INTEREST)
    assert code == ExitCode.QUARANTINED
    assert f"packed as {form}; unpack it" in said


def test_the_ending_of_a_gzip_may_be_in_capitals(desk: Desk):
    desk.take({"BTC_oi.CSV.GZ": gzip.compress(text(["ts,oi", "2025-06-01,5.0"]))}, OPEN_INTEREST)
    assert desk.rows("open_interest").height == 1


def test_a_million_columns_are_refused_at_once(desk: Desk):
    header = ",".join(f"c{i}" for i in range(1_000_000)).encode()
    code, said = desk.take({"BTC_oi.csv": header + b"\n1\n"}, OPEN_INTEREST)
    assert code == ExitCode.QUARANTINED
    assert "expected at most 10,000 columns, found 1,000,000" in said
