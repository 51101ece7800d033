"""Files that no version needs go a day after they were written; nothing else does."""

import os
from pathlib import Path

import pytest

from lake.test_lake import DAY, HOUR, reserves
from lake.test_lake_appends import data_files, table
from runout.clock import now_ns
from runout.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.append("reserves", reserves({DAY: 1.0}))
    return lake


def aged(path: Path, age: int) -> Path:
    os.utime(path, ns=(now_ns() - age, now_ns() - age))
    return path


def left_by_the_second(lake: Lake) -> Path:
    """Return the file of a writer that came second: written, and named by no version."""
    late, before = table(lake), set(data_files(lake))
    day = (len(before) + 1) * DAY
    lake.append("reserves", reserves({day: 2.0}))
    assert not late.commit(reserves({day: 2.0}))
    committed = {Path(name) for name in table(lake).files()}
    (left,) = set(data_files(lake)) - before - committed
    return left


def test_compact_removes_what_a_writer_that_came_second_left_a_day_ago_and_nothing_younger(lake: Lake) -> None:
    old, young = aged(left_by_the_second(lake), DAY + HOUR), aged(left_by_the_second(lake), DAY - HOUR)
    lake.compact()
    assert not old.exists()
    assert young.exists()


def test_compact_keeps_the_files_of_the_present_however_old(lake: Lake) -> None:
    left = aged(left_by_the_second(lake), 100 * DAY)
    before = lake.fingerprint()
    for name in table(lake).files():
        aged(Path(name), 100 * DAY)
    lake.compact()
    assert not left.exists()
    assert lake.fingerprint() == before == Lake(lake.root).fingerprint()


def test_a_writer_that_has_an_old_version_in_hand_goes_on_after_the_cleaning(lake: Lake) -> None:
    writer = Lake(lake.root)
    writer.append("reserves", reserves({50 * DAY: 5.0}))
    aged(left_by_the_second(lake), DAY + HOUR)
    lake.compact()
    assert writer.append("reserves", reserves({DAY: 1.0, 60 * DAY: 6.0})).unchanged == 1
    assert writer.scan("reserves").collect().height == 4


def test_files_and_commits_stay_as_many_where_replaced_ones_are_kept_no_time(lake: Lake) -> None:
    slept, counts = Lake(lake.root), list[int]()
    slept.scan("reserves").collect()
    for part in range(3):
        for day in range(50):
            lake.append("reserves", reserves({(part * 50 + day + 2) * DAY: 1.0}))
        lake.compact(0)
        counts.append(sum(1 for path in Path(lake.root, "reserves").rglob("*") if path.is_file()))
    assert max(counts) < 120
    assert slept.scan("reserves").collect().height == 151
    assert slept.append("reserves", reserves({DAY: 1.0, 1_000 * DAY: 6.0})).unchanged == 1
