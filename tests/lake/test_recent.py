"""Rows of the last days in memory: what is read through them is what lies in the files."""

import tempfile

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from lake.test_lake import DAY, HOUR, reserves, series
from runout.lake import Lake, recent

NOW = 20_000 * DAY
STEPS = st.lists(
    st.one_of(
        st.dictionaries(st.integers(-40, 24 * 6), st.integers(1, 3), min_size=1, max_size=4),
        st.sampled_from(["compact", "discard"]),
    ),
    min_size=1,
    max_size=8,
)


@given(steps=STEPS, days=st.integers(0, 12))
@settings(max_examples=40, deadline=None)
def test_a_lake_that_keeps_its_last_days_reads_the_same_rows(steps: list[dict[int, int] | str], days: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        plain, keeping = Lake(folder), Lake(folder, keeps_recent=True)
        plain.register([series()])
        for number, step in enumerate(steps):
            if step == "compact":
                plain.compact()
            elif step == "discard":
                plain.forget(["s"])
            else:
                rows = {NOW + 4 * hour * HOUR + number: float(value) for hour, value in step.items()}
                plain.append("reserves", reserves(rows))
            since = NOW - days * DAY
            for lake in (keeping, keeping.snapshot()):
                assert_frame_equal(lake.as_of("reserves", since=since), plain.as_of("reserves", since=since))
                assert_frame_equal(lake.as_of("reserves", at=NOW), plain.as_of("reserves", at=NOW))


def test_a_table_with_too_much_in_its_last_days_is_read_from_its_files(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recent, "_MOST_BYTES", 100)
    lake = Lake(tmp_path, keeps_recent=True)
    for hour in range(20):
        lake.append("reserves", reserves({NOW + hour * HOUR: 1.0}))
        assert lake.between("reserves", NOW).select(pl.len()).collect().item() == hour + 1
