"""A store that has no room left says so, and goes on when there is some."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from lake.test_lake import DAY, reserves, series
from runout.errors import LakeError
from runout.lake import Lake
from runout.lake.tables import refusal


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)],
        check=False, capture_output=True,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_is_said_so_and_the_same_write_goes_in_when_there_is_room(small_disk: Path) -> None:
    lake = Lake(small_disk / "lake")
    lake.register([series()])
    filler, rows = small_disk / "filler", reserves({day * DAY: float(day) for day in range(1, 2000)})
    with pytest.raises(OSError, match="space"):
        filler.write_bytes(b"0" * 2**20)
    with pytest.raises(LakeError, match=r"no room left.*free space and run the same command again"):
        lake.append("reserves", rows)
    filler.unlink()
    assert lake.append("reserves", rows).added.height == rows.height
    assert lake.scan("reserves").select(pl.len()).collect().item() == rows.height


@pytest.mark.parametrize(
    "words", ["No space left on device (os error 28)", "Disk quota exceeded (os error 122)", "Generic: StorageFull"]
)
def test_each_way_of_a_store_to_say_that_it_is_full_is_understood(words: str) -> None:
    assert "no room left" in str(refusal("lake/bars", OSError(words)))
    assert "no room left" not in str(refusal("lake/bars", OSError("permission denied")))
