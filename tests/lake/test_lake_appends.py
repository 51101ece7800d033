"""An append costs what it adds: it goes on from the open table and reads only files that its rows may meet."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.test_lake import DAY, reserves, series
from runout.errors import LakeError
from runout.lake import Lake
from runout.lake.merging import merge
from runout.lake.tables import Table
from runout.records import KINDS

SCHEMA = KINDS["reserves"]

# An edition of two days in a row, so that pieces overlap, revise and contradict one another.
PIECES = st.tuples(
    st.integers(0, 8),
    st.sampled_from([1.0, 2.0]),
    st.sampled_from([None, "19700103", "19700110"]),
    st.sampled_from("ab"),
)
STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.one_of(PIECES, PIECES, st.sampled_from(["compact", "gather"]))), max_size=12
)


def data_files(lake: Lake) -> list[Path]:
    return sorted((Path(lake.root) / "reserves").glob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)


def table(lake: Lake) -> Table:
    found = Table(f"{lake.root}/reserves", SCHEMA)
    found.refresh()
    return found


@given(steps=STEPS)
def test_each_append_ends_as_a_merge_with_all_rows_held(tmp_path_factory: pytest.TempPathFactory, steps: list) -> None:
    """Two handles stay open on one lake: what one of them last saw may be old."""
    root = tmp_path_factory.mktemp("lakes") / "lake"
    handles, held = [Lake(root), Lake(root)], SCHEMA.empty()
    for handle, step in steps:
        if step == "compact":
            handles[handle].compact()
            continue
        if step == "gather":
            assert table(handles[handle]).gather(above=1)
            continue
        day, value, vintage, name = step
        rows = reserves({day * DAY: value, (day + 1) * DAY: value + 1}, vintage, name)
        outcome, expected = handles[handle].append("reserves", rows), merge(rows, held, SCHEMA)
        assert outcome.added.sort("event_time").equals(expected.added.sort("event_time"))
        assert outcome.conflicting.height == expected.conflicting.height
        assert (outcome.unchanged, outcome.revised) == (expected.unchanged, expected.revised)
        held = pl.concat([held, expected.added.select(SCHEMA.names)])
    for lake in (*handles, Lake(root)):
        assert lake.scan("reserves").sort(SCHEMA.key).collect().equals(held.sort(SCHEMA.key))


def test_an_append_opens_no_file_whose_rows_are_elsewhere(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append("reserves", reserves({DAY: 1.0}))
    (first,) = data_files(lake)
    first.write_bytes(b"not a file that can be read")
    assert lake.append("reserves", reserves({2 * DAY: 1.0})).added.height == 1
    assert lake.append("reserves", reserves({DAY: 1.0}, name="another")).added.height == 1
    with pytest.raises(pl.exceptions.PolarsError):
        lake.append("reserves", reserves({DAY: 1.0}))


@pytest.mark.parametrize("name", ["", "x" * 200, "é" * 200, "\U0010ffff" * 200, "it's %41", "a\nb"])
def test_a_name_of_any_form_is_found_again(tmp_path: Path, name: str) -> None:
    lake = Lake(tmp_path / "lake")
    rows = reserves({DAY: 1.0}, name=name)
    assert [lake.append("reserves", rows).added.height for _ in range(2)] == [1, 0]


def test_the_last_row_is_read_from_the_file_that_has_it(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    assert table(lake).last("event_time").is_empty()
    for day in (1, 3, 2):
        lake.append("reserves", reserves({day * DAY: float(day)}))
    data_files(lake)[0].write_bytes(b"not a file that can be read")
    assert table(lake).last("event_time")["reserve_base"].to_list() == [3.0]


def test_many_appends_leave_few_files_and_every_row(tmp_path: Path) -> None:
    lake, other = Lake(tmp_path / "lake"), Lake(tmp_path / "lake")
    for day in range(1, 151):
        (lake, other)[day % 2].append("reserves", reserves({day * DAY: float(day)}))
    assert len(table(lake).files()) <= 65
    assert lake.scan("reserves").collect()["event_time"].sort().to_list() == [day * DAY for day in range(1, 151)]


def test_files_that_another_has_put_together_are_not_put_together_again(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    for day in range(1, 66):
        lake.append("reserves", reserves({day * DAY: float(day)}))
    first, second = table(lake), table(lake)
    assert [first.gather(), second.gather()] == [True, False]
    second.refresh()
    assert second.gather()
    assert lake.scan("reserves").collect().height == 65


def test_what_was_made_from_an_old_version_is_not_written(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append("reserves", reserves({DAY: 1.0}))
    old = table(lake)
    lake.append("reserves", reserves({2 * DAY: 1.0}))
    assert not old.commit(reserves({3 * DAY: 1.0}))
    old.refresh()
    assert old.commit(reserves({3 * DAY: 1.0}))
    assert lake.scan("reserves").collect().height == 3


def test_an_open_lake_sees_one_that_was_made_anew_in_its_place(tmp_path: Path) -> None:
    lake, made = Lake(tmp_path / "lake"), Lake(tmp_path / "made")
    for one in (lake, made):
        one.register([series()])
        one.append("reserves", reserves({DAY: 1.0}))
        one.append("reserves", reserves({2 * DAY: 2.0}))
    made.append("reserves", reserves({3 * DAY: 3.0}))
    shutil.rmtree(lake.root)
    assert lake.scan("reserves").collect().is_empty()
    shutil.move(made.root, lake.root)
    assert lake.scan("reserves").collect()["event_time"].sort().to_list() == [DAY, 2 * DAY, 3 * DAY]


def test_a_snapshot_stays_where_it_was_while_the_lake_goes_on(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append("reserves", reserves({DAY: 1.0}))
    still = lake.snapshot()
    assert still.scan("reserves").collect().height == 1
    for day in range(2, 80):
        lake.append("reserves", reserves({day * DAY: 1.0}))
    lake.compact()
    assert still.scan("reserves").collect().height == 1


def test_a_table_without_a_column_is_refused_before_anything_is_added_to_it(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    rows = reserves({DAY: 1.0}).drop("vintage")
    assert Table(f"{lake.root}/reserves", SCHEMA).commit(rows)
    with pytest.raises(LakeError, match="expected columns vintage"):
        lake.append("reserves", reserves({5 * DAY: 1.0}))
