"""A bulletin of a lake that cannot be written to is that of the same lake when it can, to the byte."""

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lake.test_lake import series as named
from pipeline.perpetual_lakes import DAYS, FIRST, WARM_DAYS, perpetual_lake
from runout.cli.main import main
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_time
from runout.errors import LakeError
from runout.lake import Lake
from runout.pipeline.derive import compute

MOMENT = format_time(FIRST + (WARM_DAYS + DAYS) * NANOSECONDS_PER_DAY - 8 * NANOSECONDS_PER_HOUR)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write below a folder: root, whom no right holds back, sees it through a read-only mount."""
    if os.geteuid():
        below = [folder, *folder.rglob("*")]
        for path in below:
            path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        try:
            yield
        finally:
            for path in below:
                path.chmod(path.stat().st_mode | stat.S_IWUSR)
        return
    for options in (["--bind", str(folder), str(folder)], ["-o", "remount,ro,bind", str(folder)]):
        if subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
            subprocess.run(["umount", str(folder)], check=False, capture_output=True)
            pytest.skip("run by root on a machine that mounts no folder read-only: nothing can be made unwritable")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def bulletins(lake: Lake, out: Path) -> dict[str, bytes]:
    for name, *options in (("brief.txt",), ("full.txt", "--full"), ("page.html", "--full"), ("all.json", "--full")):
        arguments = ["bulletin", "BTC", "--at", MOMENT, "--lake", lake.root, *options, "--out", str(out / name)]
        assert main(arguments) == 0
    return {path.name: path.read_bytes() for path in out.iterdir()}


def files(lake: Lake) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in Path(lake.root).rglob("*")}


def test_a_bulletin_of_a_lake_that_cannot_be_written_to_is_the_same_to_the_byte(tmp_path: Path) -> None:
    """Of a moment for which `compute` kept neither map nor forecast, so that there would be something to write."""
    lake = perpetual_lake(tmp_path / "lake")
    compute(lake)
    before = files(lake)
    writable = bulletins(lake, tmp_path / "writable")
    assert len(writable) == 4
    assert files(lake) == before
    with read_only(Path(lake.root)):
        with pytest.raises(LakeError, match="expected to write"):
            lake.register([named("another")])
        assert bulletins(lake, tmp_path / "read-only") == writable
