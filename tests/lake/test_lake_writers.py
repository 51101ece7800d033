"""Processes write one lake at once, in a folder and on S3: nothing is lost, nothing doubled, the chain whole."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from runout.lake import Lake
from runout.pipeline import ledger

pytestmark = pytest.mark.xdist_group("s3")

FEW = {"folder": 40, "s3": 20}
COUNTS = [pytest.param(None, id="few"), pytest.param(1000, id="1000", marks=pytest.mark.study)]
WRITERS = ("one", "two")


@pytest.fixture(params=["folder", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    if request.param == "folder":
        return Lake(tmp_path / "lake")
    return Lake(f"{request.getfixturevalue('bucket')}/lake")


def write_at_once(lake: Lake, what: str, count: int, *, compact: bool = False) -> None:
    """Let two processes write ``count`` times, both beginning when both are ready; compact meanwhile if asked to."""
    script = str(Path(__file__).with_name("writer.py"))
    running = [
        subprocess.Popen(
            [sys.executable, script, lake.root, what, who, str(count)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for who in WRITERS
    ]  # fmt: skip
    for process in running:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    while compact and any(process.poll() is None for process in running):
        lake.compact()
    seconds = [json.loads(process.communicate()[0] or "[]") for process in running]
    print_pace(lake, what, seconds)
    assert [process.returncode for process in running] == [0, 0]


def print_pace(lake: Lake, what: str, seconds: list[list[float]]) -> None:
    """Print how long two writers took, and the last hundred rounds over the first (shown with ``-s``)."""
    store = "S3" if "://" in lake.root else "folder"
    for each in seconds:
        pace = f", the last 100 over the first {sum(each[-100:]) / sum(each[:100]):.2f}" if len(each) >= 200 else ""
        print(f"{what}, {store}: {len(each)} rounds in {sum(each):.0f} s{pace}")  # noqa: T201


@pytest.mark.parametrize("count", COUNTS)
def test_two_writers_of_the_same_and_of_different_rows_lose_and_double_nothing(lake: Lake, count: int | None) -> None:
    count = count or FEW["s3" if "://" in lake.root else "folder"]
    write_at_once(lake, "rows", count)
    rows = lake.scan("reserves").select("series", "event_time").collect()
    assert rows.n_unique() == rows.height
    assert dict(rows.group_by("series").len().iter_rows()) == {"shared": count, "of one": count, "of two": count}


def test_compaction_beside_two_writers_loses_and_doubles_nothing(tmp_path: Path) -> None:
    lake, count = Lake(tmp_path / "lake"), FEW["folder"]
    write_at_once(lake, "rows", count, compact=True)
    rows = lake.scan("reserves").select("series", "event_time").collect()
    assert rows.n_unique() == rows.height
    assert dict(rows.group_by("series").len().iter_rows()) == {"shared": count, "of one": count, "of two": count}


@pytest.mark.parametrize("count", COUNTS)
def test_two_writers_of_the_ledger_leave_one_whole_chain_with_each_forecast_once(lake: Lake, count: int | None) -> None:
    count = count or FEW["s3" if "://" in lake.root else "folder"]
    write_at_once(lake, "ledger", count)
    rows = lake.scan("ledger").collect().sort("sequence")
    assert ledger.audit(lake) == []
    assert rows["sequence"].to_list() == list(range(1, 3 * count + 1))
    assert dict(rows.group_by("coin").agg(pl.col("event_time").n_unique()).iter_rows()) == {
        "BTC": count, "one": count, "two": count,
    }  # fmt: skip
