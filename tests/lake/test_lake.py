"""The lake keeps what was known when."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.records import KINDS, Series, conform

HOUR = 3_600_000_000_000
DAY = 24 * HOUR


def series(name: str = "s") -> Series:
    return Series(
        series=name,
        kind="reserves",
        provider="test",
        coin="BTC",
        venues=("binance",),
        instruments="wallets",
        market="on-chain",
    )


def reserves(values: dict[int, float], vintage: str | None = None, name: str = "s") -> pl.DataFrame:
    rows = [
        {
            "series": name,
            "coin": "BTC",
            "event_time": t,
            "span": 0,
            "known_time": t + HOUR,
            "reserve_base": v,
            "vintage": vintage,
        }
        for t, v in values.items()
    ]
    return conform(pl.DataFrame(rows, schema_overrides={"vintage": pl.String}), KINDS["reserves"])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.register([series()])
    return lake


def test_writing_the_same_rows_twice_changes_nothing(lake: Lake) -> None:
    rows = reserves({DAY: 1.0, 2 * DAY: 2.0})
    assert lake.append("reserves", rows).added.height == 2
    before = lake.fingerprint()
    again = lake.append("reserves", rows)
    assert (again.added.height, again.unchanged, again.conflicting.height) == (0, 2, 0)
    assert lake.fingerprint() == before


def test_another_value_for_the_same_key_is_a_conflict_and_not_written(lake: Lake) -> None:
    lake.append("reserves", reserves({DAY: 1.0}))
    merged = lake.append("reserves", reserves({DAY: 9.0}))
    assert merged.added.is_empty()
    assert merged.conflicting["reserve_base"].to_list() == [9.0]
    assert lake.as_of("reserves")["reserve_base"].to_list() == [1.0]


def test_a_newer_vintage_is_a_revision_known_from_the_end_of_its_day(lake: Lake) -> None:
    lake.append("reserves", reserves({DAY: 1.0}, "19700103"))
    merged = lake.append("reserves", reserves({DAY: 9.0}, "19700110"))
    assert merged.revised == 1
    assert lake.as_of("reserves", at=10 * DAY - 1)["reserve_base"].to_list() == [1.0]
    assert lake.as_of("reserves", at=10 * DAY)["reserve_base"].to_list() == [9.0]


def test_vintages_in_one_batch_end_as_if_imported_one_after_the_other(tmp_path: Path) -> None:
    one, two = Lake(tmp_path / "one"), Lake(tmp_path / "two")
    older, newer = reserves({DAY: 1.0, 2 * DAY: 2.0}, "19700103"), reserves({DAY: 9.0, 2 * DAY: 2.0}, "19700110")
    one.append("reserves", older)
    one.append("reserves", newer)
    two.append("reserves", pl.concat([older, newer]))
    assert one.fingerprint() == two.fingerprint()


def test_of_two_values_within_one_edition_the_first_stands_and_the_second_is_refused(lake: Lake) -> None:
    merged = lake.append("reserves", pl.concat([reserves({DAY: 1.0}), reserves({DAY: 2.0, 2 * DAY: 5.0})]))
    assert merged.added["event_time"].to_list() == [DAY, 2 * DAY]
    assert merged.conflicting["reserve_base"].to_list() == [2.0]


def test_nothing_is_known_before_its_known_time(lake: Lake) -> None:
    lake.append("reserves", reserves({DAY: 1.0, 2 * DAY: 2.0}))
    assert lake.as_of("reserves", at=DAY).is_empty()
    assert lake.as_of("reserves", at=DAY + HOUR)["event_time"].to_list() == [DAY]


@given(order=st.permutations(range(6)), cut=st.integers(0, 7))
def test_a_cut_lake_answers_as_the_full_lake_did(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("lakes")
    lake = Lake(folder / "full")
    lake.register([series()])
    for day in order:
        lake.append("reserves", reserves({day * DAY: float(day)}))
    copy = lake.copy_as_of(cut * DAY, folder / "cut")
    assert copy.as_of("reserves", at=cut * DAY).equals(lake.as_of("reserves", at=cut * DAY))


def test_compaction_keeps_every_row(lake: Lake) -> None:
    for day in range(1, 13):
        lake.append("reserves", reserves({day * DAY: float(day)}))
    before = lake.fingerprint()
    lake.compact()
    assert lake.fingerprint() == before


def test_a_folder_without_a_lake_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughDataError, match="expected a lake"):
        Lake.open(tmp_path / "nothing")


def test_scope_survives_the_lake(lake: Lake) -> None:
    assert lake.series("reserves", "BTC") == [series()]


def test_the_extent_of_a_series_is_its_first_and_last_time_and_its_rows(lake: Lake) -> None:
    lake.append("reserves", reserves({DAY: 1.0, 3 * DAY: 2.0, 2 * DAY: 2.0}))
    assert lake.extent().rows() == [("s", 3, DAY, 3 * DAY)]
