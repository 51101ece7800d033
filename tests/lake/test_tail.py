"""The tail keeps rows until the lake has them: each once, whatever is repeated or cut off."""

from pathlib import Path

import polars as pl
import pytest

from lake.test_lake_without_room import small_disk
from runout.errors import LakeError
from runout.lake import Lake
from runout.lake.tail import Tail
from runout.records import KINDS, Series

__all__ = ["small_disk"]


def events(first: int, last: int, *, known: int = 100, usd: float = 5.0) -> pl.DataFrame:
    times = list(range(first, last))
    return pl.DataFrame(
        {
            "series": ["v/liquidations/BTC"] * len(times), "coin": "BTC", "event_time": times, "span": 0,
            "known_time": [time + known for time in times], "liquidated_side": "long", "sequence": times,
            "value_usd": [usd + time for time in times], "quantity_base": None, "price": 1.5, "vintage": None,
        },
        schema=KINDS["liquidations"].dtypes,
    )  # fmt: skip


def scope() -> Series:
    return Series(
        series="v/liquidations/BTC", kind="liquidations", provider="v", coin="BTC", venues=("v",), instruments="BTC",
        market="perpetual",
    )  # fmt: skip


def test_rows_and_state_are_there_after_it_is_opened_again(tmp_path: Path):
    tail = Tail(tmp_path / "tail.sqlite")
    assert tail.commit({"liquidations": events(0, 5)}, [scope()], {"position": b"7"}) == 5
    tail.close()
    again = Tail(tmp_path / "tail.sqlite")
    assert again.rows("liquidations").equals(events(0, 5))
    assert again.state("position") == b"7"
    assert again.series() == [scope()]
    again.close()


def test_rows_that_come_again_are_ignored(tmp_path: Path):
    tail = Tail(tmp_path / "tail.sqlite")
    tail.commit({"liquidations": events(0, 5)})
    assert tail.commit({"liquidations": events(3, 8)}) == 3
    assert tail.rows("liquidations").equals(events(0, 8))
    tail.close()


def test_rows_go_to_the_lake_once_though_the_tail_forgot_that_they_did(tmp_path: Path):
    lake, tail = Lake(tmp_path / "lake"), Tail(tmp_path / "tail.sqlite")
    tail.commit({"liquidations": events(0, 5)}, [scope()])
    assert tail.deliver(lake).added == {"liquidations": 5}
    assert tail.waiting() == {}
    tail.commit({"liquidations": events(0, 7)})  # A crash before the rows were taken out of the tail.
    outcome = tail.deliver(lake)
    assert (outcome.added, outcome.unchanged) == ({"liquidations": 2}, {"liquidations": 5})
    assert lake.scan("liquidations").collect().sort("event_time").equals(events(0, 7))
    assert [one.series for one in lake.series()] == ["v/liquidations/BTC"]
    tail.close()


def test_an_event_that_a_second_connection_received_later_is_stored_once_as_first_known(tmp_path: Path):
    lake, tail = Lake(tmp_path / "lake"), Tail(tmp_path / "tail.sqlite")
    tail.commit({"liquidations": pl.concat([events(0, 3), events(0, 4, known=200)])})
    tail.deliver(lake)
    tail.commit({"liquidations": events(0, 4, known=300)})
    tail.deliver(lake)
    expected = pl.concat([events(0, 3), events(3, 4, known=200)])
    assert lake.scan("liquidations").collect().sort("event_time").equals(expected)
    tail.close()


def test_a_row_that_contradicts_goes_to_quarantine(tmp_path: Path):
    lake, tail = Lake(tmp_path / "lake"), Tail(tmp_path / "tail.sqlite")
    tail.commit({"liquidations": events(0, 1)})
    tail.deliver(lake)
    tail.commit({"liquidations": events(0, 1, usd=6.0)})
    assert tail.deliver(lake).conflicting == {"liquidations": 1}
    assert lake.scan("quarantine").collect()["name"].to_list() == ["tail/liquidations"]
    tail.close()


def test_a_reader_sees_what_was_committed_while_the_writer_goes_on(tmp_path: Path):
    tail = Tail(tmp_path / "tail.sqlite")
    tail.commit({"liquidations": events(0, 5)})
    reader = Tail(tmp_path / "tail.sqlite", read_only=True)
    tail.commit({"liquidations": events(5, 6)})
    assert reader.waiting() == {"liquidations": 6}
    reader.close()
    tail.close()


def test_a_tail_that_is_not_there_is_said_so_to_a_reader(tmp_path: Path):
    with pytest.raises(LakeError, match="cannot open the tail"):
        Tail(tmp_path / "absent.sqlite", read_only=True)


def test_a_full_disk_stores_all_or_none_and_the_same_commit_goes_in_later(small_disk: Path):
    tail, filler = Tail(small_disk / "tail.sqlite"), small_disk / "filler"
    with pytest.raises(OSError, match="space"):
        filler.write_bytes(b"0" * 2**20)
    with pytest.raises(LakeError, match="see that its disk has room"):
        tail.commit({"liquidations": events(0, 1_000)}, (), {"position": b"1"})
    filler.unlink()
    assert tail.state("position") is None
    assert tail.commit({"liquidations": events(0, 300)}, (), {"position": b"1"}) == 300
    tail.close()
