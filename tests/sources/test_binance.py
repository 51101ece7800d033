"""Binance archives: what the published files look like, and what must become of them."""

import gzip
import hashlib
import struct
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from source_specimens import AUGUST, FIVE_MINUTES, HEADER, bar_line, bars_csv, bars_parquet, text, zipped

from runout.clock import NANOSECONDS_PER_MINUTE, parse_time
from runout.errors import ChecksumError, SchemaError
from runout.sources import Document, Normalised, binance
from runout.sources.archives import unpack

NOW = parse_time("2026-01-01")
NAME = "BTCUSDT-5m-2025-08.csv"


def read(data: bytes, name: str = NAME, *, now: int = NOW, checksum: str | None = None) -> Normalised:
    return binance.source("perpetual").normalise(Document(name=name, data=data, checksum=checksum), now=now)


def bars(made: Normalised) -> pl.DataFrame:
    assert made.refused.is_empty(), made.refused["fault"].to_list()
    return made.tables["bars"]


def fault(made: Normalised) -> str:
    [text] = made.refused["fault"]
    return text


def test_a_bar_is_known_when_it_closes_and_names_its_market():
    made = read(bars_csv(1))
    row = bars(made).row(0, named=True)
    assert row["event_time"] == row["known_time"] == parse_time("2025-08-01T00:05Z")
    assert row["span"] == 5 * NANOSECONDS_PER_MINUTE
    assert row["series"] == "binance-vision/bars/BTC/binance-perpetual/5m"
    assert (row["open"], row["high"], row["low"], row["close"]) == (115_000.0, 115_050.0, 114_950.0, 115_000.0)
    assert (row["volume_base"], row["volume_usd"], row["trades"]) == (10.5, 1_207_500.0, 42)
    assert (row["taker_buy_base"], row["taker_buy_usd"]) == (4.25, 488_750.0)
    [series] = made.series
    assert (series.venues, series.market, series.margin, series.instruments, series.stamp) == (
        ("binance",), "perpetual", "stablecoin", "BTCUSDT", "open",
    )  # fmt: skip


def test_spot_has_no_margin():
    made = binance.source("spot").normalise(Document(name=NAME, data=bars_csv()), now=NOW)
    assert (made.series[0].market, made.series[0].margin) == ("spot", "none")
    assert made.series[0].series == "binance-vision/bars/BTC/binance-spot/5m"


@pytest.mark.parametrize("scale", [1, 1000], ids=["milliseconds", "microseconds"])
@pytest.mark.parametrize("header", [True, False], ids=["header", "no header"])
def test_headers_and_units_differ_but_the_bars_are_the_same(scale: int, header: bool):
    assert_frame_equal(bars(read(bars_csv(header=header, scale=scale))), bars(read(bars_csv())))


def test_zip_gzip_and_parquet_hold_the_same_bars():
    plain = bars(read(bars_csv()))
    assert_frame_equal(bars(read(zipped({NAME: bars_csv()}), "BTCUSDT-5m-2025-08.zip")), plain)
    assert_frame_equal(bars(read(bars_parquet(), "perp_BTCUSDT_5m_2025.parquet")), plain)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("BTCUSDT-1h-2025-08-14.zip", True), ("luca-BTCUSDT-5m-2025-08.csv", True),
        ("1000PEPEUSDT-1d-2025-08.zip", True),
        ("BTCUSDT-5m-2025-13.zip", False), ("BTCUSDT-7m-2025-08.zip", False), ("ETHBTC-5m-2025-08.zip", False),
        ("BTCUSD_PERP-5m-2025-08.zip", False), ("BTCUSDT-5m-2025-08.zip.CHECKSUM", False),
        ("BTCUSDT-trades-2025-08.zip", False), ("perp_BTCUSDT_5m_2025.parquet", True),
        ("spot_BTCUSDT_5m_2025.parquet", False), ("perp-BTCUSDT-5m-2025-08.csv", True),
        ("spot-BTCUSDT-5m-2025-08.csv", False), ("BTCUSDT-5m-2025-02-30.csv", False),
    ],
)  # fmt: skip
def test_names_tell_symbol_step_and_period(name: str, known: bool):
    assert binance.source("perpetual").recognises(name) is known


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("ETHUSDC-5m-2025-08.csv", "ETH/binance-perpetual-usdc"),
        ("1000PEPEUSDT-5m-2025-08.csv", "1000PEPE/binance-perpetual"),
    ],
)
def test_other_quotes_and_thousands_are_series_of_their_own(name: str, scope: str):
    assert read(bars_csv(), name).series[0].series == f"binance-vision/bars/{scope}/5m"


def test_a_stamp_of_another_unit_inside_a_file_is_a_fault_of_its_row():
    lines = [HEADER, bar_line(0), bar_line(1, scale=1000), bar_line(2)]
    made = read(text(lines))
    assert made.refused["row"].to_list() == [2]
    assert "expected milliseconds like the rest of the file, found 17540067" in fault(made)
    assert made.refused["raw"].to_list() == [bar_line(1, scale=1000).encode()]
    assert made.tables["bars"].height == 2


def test_stamps_in_seconds_refuse_the_file():
    with pytest.raises(SchemaError, match="expected open_time in milliseconds or microseconds"):
        read(bars_csv().replace(b"00000,", b",").replace(b"1754006", b"17540064"))


def test_rows_outside_the_month_of_the_name_are_refused():
    made = read(bars_csv(2), "BTCUSDT-5m-2025-09.csv")
    assert made.refused.height == 2
    assert "expected within 2025-09-01T00:00Z … 2025-10-01T00:00Z as the file name says" in made.refused["fault"][0]


def test_a_bar_off_the_grid_and_a_bar_of_another_length_are_refused():
    off = bar_line(0).replace(str(AUGUST), str(AUGUST + 1000))
    longer = bar_line(1).replace(str(AUGUST + 2 * FIVE_MINUTES - 1), str(AUGUST + 3 * FIVE_MINUTES - 1))
    made = read(text([HEADER, off, longer, bar_line(2)]))
    assert "expected a multiple of 5m" in made.refused["fault"][0]
    assert "close_time: expected" in made.refused["fault"][1]
    assert made.tables["bars"].height == 1


def test_the_bar_that_is_still_open_is_refused_as_incomplete():
    now = (AUGUST + 2 * FIVE_MINUTES + 1000) * 1_000_000
    made = read(bars_csv(3), now=now)
    assert made.refused["row"].to_list() == [3]
    assert "bar is incomplete" in fault(made)
    assert made.tables["bars"].height == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"high": "114000"}, "expected open ≤ high"),
        ({"low": "115500"}, "expected low ≤ open"),
        ({"close": "116000"}, "expected close ≤ high"),
        ({"low": "0"}, "low: expected more than 0"),
        ({"taker_buy_volume": "11"}, "expected taker_buy_base ≤ volume_base"),
        ({"volume": "-1"}, "volume_base: expected at least 0"),
        ({"close": "nan"}, "close: expected a number, found NaN"),
        ({"count": "1.5"}, "count: expected a whole number, found '1.5'"),
        ({"open": ""}, "open: expected a value, found none"),
    ],
)
def test_impossible_bars_are_refused_and_the_rest_kept(change: dict[str, str], expected: str):
    fields = dict(zip(HEADER.split(","), bar_line(1).split(","), strict=True)) | change
    made = read(text([HEADER, bar_line(0), ",".join(fields.values()), bar_line(2)]))
    assert expected in fault(made)
    assert made.tables["bars"].height == 2


def test_missing_bars_are_said_and_not_bridged():
    made = read(text([HEADER, bar_line(0), bar_line(3), bar_line(4)]))
    assert made.notes == (f"{NAME}: 2 bars missing between its first and last, first after 2025-08-01T00:05Z",)
    assert bars(made).height == 3


def test_a_column_that_is_not_read_is_said():
    lines = [f"{line},{'extra' if number == 0 else '7'}" for number, line in enumerate([HEADER, bar_line(0)])]
    assert read(text(lines)).notes == (f"{NAME}: columns not read: extra",)


# -- archives and checksums --------------------------------------------------------------------------------------------


def sum_of(data: bytes, name: str = NAME) -> str:
    return f"{hashlib.sha256(data).hexdigest()}  {name}\n"


@pytest.mark.parametrize("form", ["{sum}  {name}\n", "{sum} *{name}\r\n", "{sum}\n", "{other}  x.zip\n{sum}  {name}\n"])
def test_a_published_checksum_that_agrees_is_accepted(form: str):
    data = bars_csv()
    made = read(data, checksum=form.format(sum=hashlib.sha256(data).hexdigest(), other="0" * 64, name=NAME))
    assert bars(made).height == 6


@pytest.mark.parametrize("checksum", [sum_of(b"other"), "not a checksum", "", f"{'0' * 64}  a\n{'1' * 64}  b\n"])
def test_a_checksum_that_differs_or_is_none_refuses_the_file(checksum: str):
    with pytest.raises(ChecksumError, match="download"):
        read(bars_csv(), checksum=checksum)


@pytest.mark.parametrize("members", [{}, {"a.csv": b"1", "b.csv": b"2"}])
def test_an_archive_holds_exactly_one_file(members: dict[str, bytes]):
    with pytest.raises(SchemaError, match=f"exactly one file in a.zip, found {len(members)}"):
        unpack(Document(name="a.zip", data=zipped(members)))


def test_folders_in_an_archive_do_not_count():
    assert unpack(Document(name="a.zip", data=zipped({"folder/": b"", "folder/a.csv": b"1"}))) == b"1"


def test_a_cut_archive_is_refused():
    data = zipped({NAME: bars_csv()})
    for end in (10, len(data) // 2, len(data) - 5):
        with pytest.raises(SchemaError, match="damaged or cut short"):
            unpack(Document(name="a.zip", data=data[:end]))


def test_an_archive_whose_content_was_changed_is_refused():
    data = zipped({NAME: bars_csv()})
    with pytest.raises(SchemaError, match="damaged or cut short"):
        unpack(Document(name="a.zip", data=data[:60] + bytes([data[60] ^ 0xFF]) + data[61:]))


def test_an_encrypted_archive_is_refused():
    data = bytearray(zipped({NAME: bars_csv()}))
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(signature) + offset] |= 1
    with pytest.raises(SchemaError, match="without a password"):
        unpack(Document(name="a.zip", data=bytes(data)))


def test_an_archive_that_claims_to_be_huge_is_refused_before_it_is_unpacked():
    data = bytearray(zipped({NAME: bars_csv()}))
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 3 << 30)
    with pytest.raises(SchemaError, match="at most 1,073,741,824 bytes after unpacking, found at least 3,221,225,472"):
        unpack(Document(name="a.zip", data=bytes(data)))


@pytest.mark.parametrize("name", ["a.zip", "a.csv.gz"])
def test_an_archive_that_unpacks_to_more_than_allowed_is_refused(name: str):
    zeros = bytes(100_000)
    data = zipped({"a.csv": zeros}) if name.endswith("zip") else gzip.compress(zeros)
    with pytest.raises(SchemaError, match="at most 1,000 bytes after unpacking"):
        unpack(Document(name=name, data=data), largest_bytes=1000)


# -- the files as published --------------------------------------------------------------------------------------------


@pytest.mark.real
def test_spot_archives_are_headerless_microseconds_and_perpetual_ones_have_a_header_and_milliseconds(real_data: Path):
    folder = real_data / "klines-5m-2025" / "raw_samples"
    for market, name, first in (
        ("perpetual", "luca-BTCUSDT-5m-2025-08.csv", b"open_time,"),
        ("spot", "shub-BTCUSDT-5m-2025-08.csv", b"1754006400000000,"),
    ):
        data = (folder / name).read_bytes()
        assert data.startswith(first)
        made = binance.source(market).normalise(Document(name=name, data=data), now=NOW)
        assert bars(made).height == made.rows_in == 8928
        assert made.notes == ()


@pytest.mark.real
def test_the_parquet_year_equals_the_archives_it_was_made_of(real_data: Path):
    folder = real_data / "klines-5m-2025"
    for market, name, raw in (
        ("perpetual", "perp_BTCUSDT_5m_2025.parquet", "luca-BTCUSDT-5m-2025-08.csv"),
        ("spot", "spot_BTCUSDT_5m_2025.parquet", "shub-BTCUSDT-5m-2025-08.csv"),
    ):
        source = binance.source(market)
        year = bars(source.normalise(Document(name=name, data=(folder / name).read_bytes()), now=NOW))
        data = (folder / "raw_samples" / raw).read_bytes()
        month = bars(source.normalise(Document(name=raw, data=data), now=NOW))
        august = year.filter(pl.col("event_time").is_between(month["event_time"].min(), month["event_time"].max()))
        assert_frame_equal(august, month)


@pytest.mark.real
def test_the_fall_of_14_august_stands_in_the_perpetual_bars(real_data: Path):
    name = "perp_BTCUSDT_5m_2025.parquet"
    data = (real_data / "klines-5m-2025" / name).read_bytes()
    day = bars(read(data, name)).filter(
        (pl.col("event_time") > parse_time("2025-08-14")) & (pl.col("event_time") <= parse_time("2025-08-15"))
    )
    assert (day["high"].max(), day["low"].min()) == (124_545.6, 117_004.0)
