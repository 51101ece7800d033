"""The commands about raw logs and collectors say what is there, what is wrong, and what is missing."""

from pathlib import Path

import pytest

from runout.cli.main import main
from runout.lake.raw_format import Kind
from runout.lake.raw_log import Policy, RawLog
from runout.lake.raw_segments import segments


def write(folder: Path) -> None:
    log = RawLog(folder, Policy(flush_seconds=0.0))
    for number in range(20):
        log.append(Kind.FRAME, 1, b"x" * 50, number)
    log.close()


def test_a_sound_raw_log_is_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write(tmp_path / "main")
    assert main(["raw", "verify", "--raw", str(tmp_path)]) == 0
    assert "22 records in 1 segments, 0 faults" in capsys.readouterr().out


def test_a_damaged_raw_log_is_a_finding_that_names_the_segment(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write(tmp_path / "main")
    write(tmp_path / "main")
    path = segments(tmp_path / "main")[0].path
    data = bytearray(path.read_bytes())
    data[-3] ^= 0xFF
    path.write_bytes(bytes(data))
    assert main(["raw", "verify", "--raw", str(tmp_path)]) == 1
    assert "segment 1: cannot be decompressed" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["raw", "verify"], ["raw", "replay"], ["status"]])
def test_no_collector_is_not_enough_data(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([*command, "--raw", str(tmp_path)]) == 4
    assert "`runout collect`" in capsys.readouterr().err


def test_a_lake_on_s3_needs_a_folder_for_the_raw_log(capsys: pytest.CaptureFixture[str]):
    assert main(["collect", "BTC", "--lake", "s3://bucket/lake"]) == 2
    assert "--raw FOLDER" in capsys.readouterr().err


def test_an_unknown_kind_or_venue_is_refused_before_anything_is_opened(tmp_path: Path):
    assert main(["collect", "BTC", "--kind", "rumours", "--lake", str(tmp_path)]) == 2
    assert main(["collect", "BTC", "--venue", "nowhere", "--lake", str(tmp_path)]) == 2
    assert list(tmp_path.iterdir()) == []
