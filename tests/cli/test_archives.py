"""What a lake has recorded is given away as files, and taken in by another lake as it was."""

import hashlib
from pathlib import Path

import msgspec
import polars as pl
import pytest

from collect import example_venue as example
from collect.log_maker import SECOND, LogMaker
from runout.cli.main import main
from runout.clock import format_time
from runout.collect.following import Follower
from runout.errors import ChecksumError, ExitCode, SchemaError
from runout.lake import Lake
from runout.lake.tail import Tail
from runout.pipeline.archive import MANIFEST, import_archive

EXAMPLE = ("--provider", "example")


def recorded(folder: Path) -> Lake:
    """Return a lake with what a collector recorded: liquidations, bars of which one was revised, and gaps."""
    maker = LogMaker(folder / "raw")
    liquidations, trades = maker.open("liquidations", "liquidations"), maker.open("trades", "bars")
    for number in range(300):
        if number % 9 == 0:
            maker.frame(liquidations, example.liquidation("BTCUSDT", maker.now, 100.0 + number, 2.0))
            maker.frame(liquidations, example.liquidation("ETHUSDT", maker.now, 10.0 + number, 1.0))
        late = 70 * SECOND if number == 150 else 0
        maker.frame(trades, example.trade("BTCUSDT", maker.now - late, number, 100.0 + number % 5, 1.0))
        if number == 200:
            maker.end(liquidations, "connection lost")
            maker.now += 30 * SECOND
            liquidations = maker.open("liquidations", "liquidations")
        maker.second(liquidations, trades, marks=False)
    maker.stop()
    lake = Lake(folder / "lake")
    Follower(folder / "raw", example.venue, Tail(Path(":memory:")), lake).drain()
    return lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return recorded(tmp_path_factory.mktemp("recorded"))


@pytest.fixture
def shared(lake: Lake, tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    assert main(["archive", "export", str(folder), "--lake", lake.root, *EXAMPLE]) == 0
    return folder


def tampered(folder: Path, change: bytes) -> Path:
    file = min(folder.rglob("*.parquet"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(change or bytes(data))
    return file


def test_an_archive_makes_the_same_lake_again(lake: Lake, shared: Path, tmp_path: Path):
    bars = lake.scan("bars").collect()
    assert bars.height > bars.n_unique(["series", "event_time"]), "no bar was revised"
    assert lake.scan("gaps").collect().height > 0
    again = Lake(tmp_path / "again")
    for _ in range(2):
        assert main(["archive", "import", str(shared), "--lake", again.root]) == 0
        assert again.fingerprint() == lake.fingerprint()


def test_the_same_lake_gives_the_same_bytes(lake: Lake, shared: Path, tmp_path: Path):
    assert main(["archive", "export", str(tmp_path / "second"), "--lake", lake.root, *EXAMPLE]) == 0
    for file in shared.rglob("*.*"):
        assert file.read_bytes() == (tmp_path / "second" / file.relative_to(shared)).read_bytes()


@pytest.mark.parametrize("change", [b"", b"PAR1"])
def test_a_file_that_was_changed_is_refused_by_name_and_nothing_is_imported(
    shared: Path, tmp_path: Path, change: bytes, capsys: pytest.CaptureFixture[str]
):
    file = tampered(shared, change)
    assert main(["archive", "import", str(shared), "--lake", str(tmp_path / "again")]) == ExitCode.QUARANTINED
    assert f"{file.relative_to(shared)} of {file.stat().st_size:,} bytes with SHA-256" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()
    with pytest.raises(ChecksumError):
        import_archive(Lake(tmp_path / "again"), shared)


def test_an_absent_file_is_named(shared: Path, capsys: pytest.CaptureFixture[str]):
    file = max(shared.rglob("*.parquet"))
    file.unlink()
    assert main(["archive", "verify", str(shared)]) == ExitCode.QUARANTINED
    assert f"no {file.relative_to(shared)}" in capsys.readouterr().err


def with_manifest(folder: Path, change: str, into: str) -> None:
    file = folder / MANIFEST
    text = file.read_text()
    assert change in text
    file.write_text(text.replace(change, into))


def test_a_manifest_that_points_outside_its_folder_is_refused(shared: Path, tmp_path: Path):
    with_manifest(shared, '"path": "bars/', '"path": "../bars/')
    with pytest.raises(ChecksumError, match="no file of an archive"):
        import_archive(Lake(tmp_path / "again"), shared)


def test_rows_that_are_not_of_their_kind_are_refused_though_their_checksum_is_right(shared: Path, tmp_path: Path):
    file = min(shared.rglob("bars/BTC/*.parquet"))
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    pl.read_parquet(file).with_columns(close=pl.lit(-1.0)).write_parquet(file)
    with_manifest(shared, before, hashlib.sha256(file.read_bytes()).hexdigest())
    with pytest.raises(SchemaError, match="close: expected more than 0"):
        import_archive(Lake(tmp_path / "again"), shared)


def test_a_series_that_means_something_else_in_the_lake_is_refused(lake: Lake, shared: Path, tmp_path: Path):
    again, one = Lake(tmp_path / "again"), lake.series("bars")[0]
    again.register([msgspec.structs.replace(one, market="spot")])
    with pytest.raises(SchemaError, match="expected market 'spot'"):
        import_archive(again, shared)


def test_rows_that_contradict_the_lake_are_quarantined(lake: Lake, shared: Path, tmp_path: Path):
    again = Lake(tmp_path / "again")
    rows = lake.scan("liquidations").collect()
    again.register(lake.series())
    again.append("liquidations", rows.head(1).with_columns(value_usd=pl.lit(5.0)))
    assert main(["archive", "import", str(shared), "--lake", again.root]) == ExitCode.QUARANTINED
    assert again.scan("quarantine").collect()["name"][0].startswith("liquidations/")
    assert again.scan("liquidations").collect().height == rows.height


def test_coins_and_times_are_chosen_and_an_export_goes_to_an_empty_folder(lake: Lake, tmp_path: Path):
    times = lake.scan("liquidations").collect()["event_time"].sort()
    options = ["--coin", "btc", "--since", format_time(times[20]), "--lake", lake.root, *EXAMPLE]
    assert main(["archive", "export", str(tmp_path / "part"), *options]) == 0
    part = pl.read_parquet(tmp_path / "part" / "liquidations" / "*" / "*.parquet")
    assert part["coin"].unique().to_list() == ["BTC"]
    assert 0 < part.height < len(times) // 2
    assert main(["archive", "export", str(tmp_path / "part"), *options]) == ExitCode.USAGE


def test_what_no_venue_published_is_exported_only_by_name(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["archive", "export", str(tmp_path / "none"), "--lake", lake.root]) == ExitCode.NOT_ENOUGH_DATA
    assert "--provider" in capsys.readouterr().err
    assert main(["archive", "verify", str(tmp_path), "--coin", "BTC"]) == ExitCode.USAGE
