"""Bad input, end to end through the command line: what is said, the exit code, what is quarantined, what is kept."""

import struct
from pathlib import Path

import msgspec
import polars as pl
import pytest
from source_specimens import (
    CANDLES,
    COINALYZE,
    HEADER,
    SPECIMENS,
    bar_line,
    bars_csv,
    parquet,
    text,
    zipped,
)

from runout.cli.main import main
from runout.errors import ExitCode
from runout.lake import Lake

BARS = "BTCUSDT-5m-2025-08.csv"
ZIP = "BTCUSDT-5m-2025-08.zip"
OI = "open_interest.csv"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One bad file beside a sound one of the same provider."""

    kind: str
    name: str
    data: bytes
    says: str
    raw: bytes = b""
    kept: int = 0
    provider: str = "binance-perpetual"
    checksum: str | None = None
    exit_code: ExitCode = ExitCode.QUARANTINED


def bars(*lines: str) -> bytes:
    return text([HEADER, *lines])


def changed_bar(number: int = 1, **change: str) -> str:
    fields = dict(zip(HEADER.split(","), bar_line(number).split(","), strict=True)) | change
    return ",".join(fields.values())


def one_bad_bar(kind: str, says: str, **change: str) -> Case:
    bad = changed_bar(**change)
    return Case(kind=kind, name=BARS, data=bars(bar_line(0), bad, bar_line(2)), says=says, raw=bad.encode(), kept=2)


def daily(kind: str, cell: str, says: str, *, stamp: str = "2024.11.20", name: str = OI) -> Case:
    bad = f"{stamp},{cell}"
    data = text(["Date,Data", "2024.11.18,0.5", bad], bom=True)
    return Case(kind=kind, provider="cryptoquant", name=name, data=data, says=says, raw=bad.encode(), kept=1)


def whole_file(kind: str, data: bytes, says: str, *, name: str = BARS, checksum: str | None = None) -> Case:
    return Case(kind=kind, name=name, data=data, says=says, raw=data, checksum=checksum)


def marked_encrypted() -> bytes:
    data = bytearray(zipped({BARS: bars_csv()}))
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def claiming_to_be_huge() -> bytes:
    data = bytearray(zipped({BARS: bars_csv()}))
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 3 << 30)
    return bytes(data)


BAD_FILES = [
    whole_file("truncated zip", zipped({BARS: bars_csv()})[:-30], "expected a whole zip archive, found", name=ZIP),
    whole_file("encrypted zip", marked_encrypted(), "without a password, found it encrypted", name=ZIP),
    whole_file("zip of two files", zipped({"a": b"1", "b": b"2"}), "expected exactly one file in", name=ZIP),
    whole_file("zip bomb", claiming_to_be_huge(), "bytes after unpacking, found at least", name=ZIP),
    whole_file("not a zip at all", b"<html>404</html>", "expected a whole zip archive", name=ZIP),
    whole_file("wrong checksum", bars_csv(), "as published beside it, found", checksum=f"{'0' * 64}  {BARS}\n"),
    whole_file("checksum file of another form", bars_csv(), "expected one line '<sha256>", checksum="<html>"),
    whole_file("empty file", b"", "found an empty file; download or export it again"),
    whole_file("header only", bars(), "expected rows, found a header only"),
    whole_file("missing column", bars_csv().replace(b"quote_volume", b"qv", 1), "expected columns quote_volume, found"),
    whole_file("file of another provider", text(["t,oi,oi_usd", "1773532800000,83494.763,5942689659.6"]),
               "is it a file of this provider, with its header?"),
    whole_file("wrong delimiter", bars_csv().replace(b",", b";"), "which looks separated by semicolon"),
    whole_file("repeated column", bars_csv().replace(b"count", b"volume", 1), "expected each column once, found"),
    whole_file("header in other bytes", b"\xff\xfe" + bars_csv(), "expected a header in UTF-8"),
    whole_file("stamps in seconds", bars(changed_bar(open_time="1754006400")), "expected open_time in milliseconds or"),
    whole_file("cut parquet", SPECIMENS["binance-perpetual"]["perp_BTCUSDT_5m_2025.parquet"][:-20],
               "expected a whole Parquet file", name="perp_BTCUSDT_5m_2025.parquet"),
    one_bad_bar("text in a number", "close: expected a number, found '115k'", close="115k"),
    one_bad_bar("decimal comma", "expected 12 fields, found 13", close="115001,5"),
    one_bad_bar("NaN", "close: expected a number, found NaN", close="NaN"),
    one_bad_bar("infinity", "high: expected a number, found NaN or infinity", high="inf"),
    one_bad_bar("number beyond all numbers", "high: expected a number, found NaN or infinity", high="1e999"),
    one_bad_bar("missing value", "open: expected a value, found none", open=""),
    one_bad_bar("high below low", "expected open ≤ high", high="114900"),
    one_bad_bar("close outside the range", "expected close ≤ high", close="115900"),
    one_bad_bar("price of zero", "low: expected more than 0 (USD per coin), found 0", low="0"),
    one_bad_bar("negative volume", "volume_base: expected at least 0 (coins), found -1", volume="-1"),
    one_bad_bar("taker volume above volume", "expected taker_buy_base ≤ volume_base", taker_buy_volume="99"),
    one_bad_bar("stamp in another unit", "expected milliseconds like the rest of", open_time="1754006700000000"),
    one_bad_bar("stamp off the grid", "expected a multiple of 5m", open_time="1754006700001"),
    one_bad_bar("bar of another length", "close_time: expected 1754006999999", close_time="1754007299999"),
    one_bad_bar("row of another month", "as the file name says, found 1756684800000", open_time="1756684800000"),
    one_bad_bar("no stamp", "open_time: expected a value, found none", open_time=""),
    one_bad_bar("same key, other value", "another value is held for this key", **dict(
        zip(HEADER.split(","), bar_line(0).split(","), strict=True)) | {"close": "115010"}),
    Case(kind="row cut short", name=BARS, data=bars_csv(3)[:-25], says="expected 12 fields, found", kept=2,
         raw=bar_line(2)[:-24].encode()),
    Case(kind="bytes that are not UTF-8", name=BARS, data=bars(bar_line(0), bar_line(2)) + b"\xff\xfe,1\n", kept=2,
         says="expected UTF-8 text, found other bytes", raw=b"\xff\xfe,1"),
    Case(kind="quote without end", name=BARS, data=bars(bar_line(0), '"' + bar_line(1)), kept=1,
         says="expected quoted fields to end on their line", raw=b'"' + bar_line(1).encode()),
    daily("negative open interest", "-5", "open_interest_usd: expected at least 0 (USD), found -5"),
    daily("future time", "5", "lies in the future: expected at most", stamp="2099.1.1"),
    daily("date in another form", "5", "Date: expected a time (%Y.%m.%d) between 2009 and 2100, found '20/11/2024'",
          stamp="20/11/2024"),
    daily("percent as a fraction's multiple", "6047", "dominance: expected at most 1 (fraction), found 60.47",
          name="BTC_dominance.csv"),
    daily("funding of more than the whole", "250", "rate: expected at most 1", name="funding_fee.csv"),
    Case(kind="unknown side", provider="whalebot-events", name="events_parsed.csv", kept=1,
         data=text(["ts,venue,position_side,symbol,price,order_side,usd",
                    "2025-09-17T18:03:20Z,Bybit,Long,BTCUSDT,1,Sell,5",
                    "2025-09-17T18:03:20Z,Bybit,Both,BTCUSDT,1,Sell,5"]),
         says="position_side: expected one of Long, Short, found 'Both'", raw=b"2025-09-17T18:03:20Z,Bybit,Both"),
    Case(kind="unreadable cell among many", provider="coinalyze", name="open_interest_history.csv", kept=10,
         data=COINALYZE["open_interest_history.csv"].replace(b"128344222.9", b"many"),
         says="BTC/USD - dYdX: expected a number, found 'many'", raw=b"2024-07-11,5063231783.2,17878779"),
    Case(kind="parquet column of another type", provider="multivenue-hourly", name="candles.parquet",
         data=parquet(CANDLES.head(1).with_columns(c=pl.lit("1e5 dollars"))), raw=b'"c":"1e5 dollars"',
         says="c: expected a number, found '1e5 dollars'"),
]  # fmt: skip


HARMLESS = [
    Case(kind="same key, same value", name=BARS, data=bars(bar_line(0), bar_line(0)), kept=1, says="records kept"),
    Case(kind="unsorted", name=BARS, data=bars(bar_line(2), bar_line(0), bar_line(1)), kept=3, says="records kept"),
    Case(kind="gap", name=BARS, data=bars(bar_line(0), bar_line(4)), kept=2, says="3 bars missing between its first"),
    Case(kind="unknown column", name=BARS, data=text([f"{HEADER},new", f"{bar_line(0)},7"]), kept=1,
         says="columns not read: new"),
    Case(kind="blank lines and CRLF", name=BARS, data=bars_csv(2).replace(b"\n", b"\r\n\r\n"), kept=2, says="records"),
    Case(kind="byte-order mark", name=BARS, data=b"\xef\xbb\xbf" + bars_csv(2), kept=2, says="records kept"),
    Case(kind="coins for dollars", provider="coinalyze", name="open_interest_history.csv", kept=1,
         data=text(["t,BTC/USDT - Binance,BTC/USDT - OKX", "2024-07-13,5163231783.7,23664.5"]),
         says="column 'BTC/USDT - OKX' skipped: its scale is not that of 'BTC/USDT - Binance'"),
    Case(kind="row of empty cells", provider="cryptoquant", name=OI, kept=1,
         data=text(["Date,Data", "2024.11.19,5", "2024.11.20,"]), says="1 rows not wanted by the mapping, or empty"),
]  # fmt: skip


def records(lake: Lake) -> int:
    kinds = {one.kind for one in lake.series()}
    return sum(lake.scan(kind).collect().height for kind in kinds)


def run(case: Case, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, Lake]:
    data = folder / "data"
    data.mkdir()
    (data / case.name).write_bytes(case.data)
    if case.checksum is not None:
        (data / f"{case.name}.CHECKSUM").write_text(case.checksum)
    code = main(["import", case.provider, str(data), "--lake", str(folder / "lake")])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, Lake(folder / "lake")


def test_at_least_25_kinds_of_bad_input_are_tried():
    kinds = [case.kind for case in BAD_FILES]
    assert len(set(kinds)) == len(kinds) >= 25


@pytest.mark.parametrize("case", BAD_FILES, ids=lambda case: case.kind)
def test_bad_input_is_said_and_quarantined_and_the_rest_kept(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    code, said, lake = run(case, tmp_path, capsys)
    assert code == ExitCode.QUARANTINED
    assert f"quarantined from {case.name}: " in said
    assert case.says in said
    [(name, fault, raw)] = lake.scan("quarantine").select("name", "fault", "raw").collect().iter_rows()
    assert name == case.name
    assert case.says in fault
    assert case.raw in raw or "another value is held" in fault
    assert records(lake) == case.kept


@pytest.mark.parametrize("case", BAD_FILES[:20:4], ids=lambda case: case.kind)
def test_a_bad_file_does_not_keep_the_next_one_out(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "data" / "more").mkdir(parents=True)
    (tmp_path / "data" / "more" / "ETHUSDT-5m-2025-08.csv").write_bytes(bars_csv(4))
    (tmp_path / "data" / case.name).write_bytes(case.data)
    if case.checksum is not None:
        (tmp_path / "data" / f"{case.name}.CHECKSUM").write_text(case.checksum)
    code = main(["import", case.provider, str(tmp_path / "data"), "--lake", str(tmp_path / "lake")])
    assert code == ExitCode.QUARANTINED
    assert records(Lake(tmp_path / "lake")) == case.kept + 4


@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: case.kind)
def test_what_looks_bad_and_is_not_is_kept_with_a_word(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    code, said, lake = run(case, tmp_path, capsys)
    assert code == ExitCode.DONE
    assert case.says in said
    assert lake.scan("quarantine").collect().is_empty()
    assert records(lake) == case.kept


def test_overlapping_files_that_agree_are_kept_once_and_those_that_differ_conflict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "BTCUSDT-5m-2025-08-01.csv").write_bytes(bars_csv(3))
    (tmp_path / "BTCUSDT-5m-2025-08.csv").write_bytes(bars_csv(5))
    lake = Lake(tmp_path / "lake")
    assert main(["import", "binance-perpetual", str(tmp_path), "--lake", lake.root]) == ExitCode.DONE
    assert records(lake) == 5
    (tmp_path / "other-BTCUSDT-5m-2025-08.csv").write_bytes(bars(changed_bar(1, close="115020"), bar_line(7)))
    assert main(["import", "binance-perpetual", str(tmp_path), "--lake", lake.root]) == ExitCode.QUARANTINED
    assert "another value is held for this key" in capsys.readouterr().out
    assert records(lake) == 6
    [raw] = lake.scan("quarantine").collect()["raw"]
    assert msgspec.json.decode(raw)["close"] == 115_020.0


def test_a_newer_vintage_revises_and_an_older_one_does_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    name = "futures_openInterest_ohlc_aggregated_history_BTC__4h.parquet"
    frame = pl.read_parquet(SPECIMENS["coinglass"][name])
    lake = Lake(tmp_path / "lake")
    for number, (edition, close) in enumerate((("20251114", 8.3e10), ("20251115", 8.4e10), ("20251101", 8.5e10))):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).write_bytes(
            parquet(frame.tail(1).with_columns(close=pl.lit(close), from_snapshot=pl.lit(edition)))
        )
        code = main(["import", "coinglass", str(folder), "--lake", lake.root])
        assert code == (ExitCode.QUARANTINED if number == 2 else ExitCode.DONE)
    found = lake.scan("open_interest").sort("known_time").collect()
    assert found["open_interest_usd"].to_list() == [8.3e10, 8.4e10]
    assert found["event_time"].n_unique() == 1


def test_a_file_that_the_disk_does_not_give_is_said_and_the_next_one_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    unreadable = Path("/proc/self/mem")
    if not unreadable.is_file():
        pytest.skip("no file here that opens and cannot be read")
    (tmp_path / "ETHUSDT-5m-2025-08.csv").symlink_to(unreadable)
    (tmp_path / BARS).write_bytes(bars_csv(2))
    lake = Lake(tmp_path / "lake")
    assert main(["import", "binance-perpetual", str(tmp_path), "--lake", lake.root]) == ExitCode.QUARANTINED
    assert "expected a readable file at" in capsys.readouterr().out
    assert records(lake) == 2


# -- usage -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["binance-perpetual", "nowhere.zip"], "expected a file or folder, found nothing at nowhere.zip"),
        (["binance", "data"], "expected a provider, one of coinglass, binance-perpetual"),
        (["coinalyze", "data"], "expected files of provider 'coinalyze' below data, found none it reads"),
        (["coinalyze", f"data/{BARS}"], "expected a file that provider 'coinalyze' reads ("),
        (["table", "data"], "expected --mapping FILE with provider 'table', found none"),
        (["table", "data", "--mapping", "nowhere.toml"], "expected a mapping file at nowhere.toml, found No such file"),
        (["table", "data", "--mapping", "data"], "expected a mapping file at data, found Is a directory"),
        (["table", "data", "--mapping", "bad.toml"], "expected a mapping in bad.toml, found"),
        (["table", "data", "--mapping", "unknown.toml"], "Object contains unknown field `colour`"),
        (["coinalyze", "data", "--mapping", "unknown.toml"], "expected --mapping with provider 'table' only"),
        ([], "usage"),
        (["binance-perpetual"], "usage"),
    ],
)  # fmt: skip
def test_wrong_usage_is_said_with_exit_code_2_and_touches_no_lake(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data", BARS).write_bytes(bars_csv())
    Path("bad.toml").write_text("provider = ")
    Path("unknown.toml").write_text('provider = "mine"\ncolour = "red"\n')
    assert main(["import", *arguments, "--lake", "lake"]) == ExitCode.USAGE
    assert says in capsys.readouterr().err
    assert not Path("lake").exists()
