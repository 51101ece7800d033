"""What collectors have received is read beside the tables before it is delivered, and once after."""

from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from runout.api import market as questions
from runout.lake import Lake
from runout.lake.tail import TAIL_FILE, Tail
from runout.lake.tailed import TailedLake
from server.running import END, events, named


def test_rows_that_wait_are_read_with_those_of_the_tables_and_once_when_delivered(tmp_path: Path) -> None:
    lake, rows, series = Lake(tmp_path / "lake"), events(END, 9), named("liquidations", 0)
    lake.register([series])
    lake.append("liquidations", rows.head(4))
    tail = Tail(tmp_path / "lake" / "collect" / "main" / TAIL_FILE)
    tail.commit({"liquidations": rows.slice(3)}, [series, named("bars", 60)])
    tailed = TailedLake(lake.root)
    assert tailed.waiting() == {"liquidations": 6}
    assert [one.series for one in tailed.series()] == [named("bars", 60).series, series.series]
    before = tailed.as_of("liquidations")
    assert before.height == 9
    tape = questions.tape(tailed, "BTC", END + 10**12)
    tail.deliver(lake)
    assert tailed.waiting() == {}
    assert_frame_equal(tailed.as_of("liquidations"), before)
    assert_frame_equal(lake.as_of("liquidations"), before)
    assert_frame_equal(questions.tape(lake, "BTC", END + 10**12).table, tape.table)
    tail.close()
    assert tailed.waiting() == {}  # also when no collector runs


def test_a_tail_that_cannot_be_read_hides_nothing_of_the_tables(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append("liquidations", events(END, 3))
    broken = tmp_path / "lake" / "collect" / "main" / TAIL_FILE
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"no database" * 100)
    assert TailedLake(lake.root).as_of("liquidations").height == 3


def test_a_lake_without_collectors_is_read_as_it_is(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append("liquidations", events(END, 3))
    assert TailedLake(lake.root).waiting() == {}
    assert_frame_equal(TailedLake(lake.root).as_of("liquidations"), lake.as_of("liquidations"))
    assert TailedLake("s3://bucket/lake").waiting() == {}


def test_a_snapshot_stays_and_the_next_one_of_a_lake_kept_open_is_as_of_a_lake_opened_anew(tmp_path: Path) -> None:
    lake, rows, series = Lake(tmp_path / "lake"), events(END, 12), named("liquidations", 0)
    lake.register([series])
    kept = TailedLake(lake.root)
    tail = Tail(tmp_path / "lake" / "collect" / "main" / TAIL_FILE)
    first, last = int(rows["known_time"][0]), int(rows["known_time"][-1])
    earlier, known = kept.snapshot(), []
    assert earlier.as_of("liquidations").is_empty()
    for begin in range(0, 12, 4):
        lake.append("liquidations", rows.slice(begin, 3))
        tail.commit({"liquidations": rows.slice(begin + 3, 1)}, [series])
        still, anew = kept.snapshot(), TailedLake(lake.root)
        for at in range(first, last + 1, (last - first) // 5):
            of_rows = rows.head(begin + 4).filter(pl.col("known_time") <= at)
            extent = (series.series, of_rows.height, of_rows["event_time"].min(), of_rows["event_time"].max())
            assert still.known_extent("liquidations", at).rows() == [extent]
            assert still.known_rows(at) == anew.known_rows(at)
        assert_frame_equal(still.as_of("liquidations"), anew.as_of("liquidations"))
        known.append(still)
    tail.deliver(lake)
    assert [still.as_of("liquidations").height for still in (earlier, *known)] == [0, 4, 8, 12]
    tail.close()


def test_of_a_table_that_is_kept_open_only_what_is_new_is_read(tmp_path: Path) -> None:
    writer, rows = Lake(tmp_path / "lake"), events(END, 6)
    writer.append("liquidations", rows.head(3))
    kept, last = TailedLake(writer.root), int(rows["known_time"][-1])
    assert kept.snapshot().known_extent("liquidations", last)["rows"].to_list() == [3]
    for file in (tmp_path / "lake" / "liquidations").glob("*.parquet"):
        file.write_bytes(b"read already")
    writer.extend("liquidations", lambda _: rows.tail(3))
    assert kept.snapshot().known_extent("liquidations", last)["rows"].to_list() == [6]
