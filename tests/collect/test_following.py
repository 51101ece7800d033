"""What a raw log says: rows once, gaps with their cause, and the same bytes live, restarted and in a replay."""

import itertools
import os
import shutil
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from collect import example_venue as example
from collect.log_maker import SECOND, START, LogMaker
from runout.clock import NANOSECONDS_PER_MINUTE
from runout.collect.following import Follower, Pace
from runout.lake import Lake
from runout.lake.tail import Tail

MINUTE = NANOSECONDS_PER_MINUTE


def venue_of(name: str):
    return example.venue(name)


def follower(folder: Path, place: Path, pace: Pace | None = None) -> Follower:
    place.mkdir(exist_ok=True)
    return Follower(folder, venue_of, Tail(place / "tail.sqlite"), Lake(place / "lake"), pace)


def imported(folder: Path, place: Path) -> Lake:
    follower(folder, place).drain()
    return Lake(place / "lake")


def gaps(lake: Lake) -> list[tuple[str, float, float, str]]:
    rows = lake.scan("gaps").collect().sort("series", "event_time")
    begins = (rows["event_time"] - rows["span"] - START) / SECOND
    kinds = [series.split("/")[1] for series in rows["series"]]
    return list(zip(kinds, begins, rows["span"] / SECOND, rows["reason"], strict=True))


def test_an_event_over_two_connections_and_after_a_reconnect_is_stored_once(tmp_path: Path):
    log = LogMaker(tmp_path / "raw")
    first, second = (log.open("liquidations", "liquidations", "premium", copy=n) for n in (0, 1))
    for n in range(5):
        log.second(first, second)
        for source in (first, second):
            log.frame(source, example.liquidation("BTCUSDT", log.now - 1, 100.0 + n, 2.0))
    log.end(first, "lost")
    third = log.open("liquidations", "liquidations", "premium")
    log.second(second, third)
    log.frame(
        third, example.liquidation("BTCUSDT", START + SECOND - 1, 100.0, 2.0)
    )  # The venue tells an old event again.
    log.second(second, third)
    log.stop()
    lake = imported(tmp_path / "raw", tmp_path)
    rows = lake.scan("liquidations").collect().sort("event_time")
    assert rows["price"].to_list() == [100.0, 101.0, 102.0, 103.0, 104.0]
    assert rows["known_time"].to_list() == [START + n * SECOND for n in range(1, 6)]
    assert rows["liquidated_side"].unique().to_list() == ["long"]
    assert [gap for gap in gaps(lake) if "lost" in gap[-1]] == []


def test_a_gap_is_written_where_no_copy_proves_anything_with_its_cause(tmp_path: Path):
    log = LogMaker(tmp_path / "raw")
    first, second = (log.open("liquidations", "liquidations", "premium", copy=n) for n in (0, 1))
    for _ in range(5):
        log.second(first, second)
        log.frame(first, example.liquidation("BTCUSDT", log.now, 100.0, float(log.now)))
    log.end(second, "handshake refused")
    log.second(first)
    log.end(first, "closed by the server: 1006")
    for _ in range(10):
        log.second()
    third = log.open("liquidations", "liquidations", "premium")
    for _ in range(3):
        log.second(third)
    log.stop()
    lake = imported(tmp_path / "raw", tmp_path)
    found = [gap for gap in gaps(lake) if gap[0] == "liquidations"]
    assert found == [
        ("liquidations", 0.0, 1.0, "connecting"),
        ("liquidations", 5.0, 12.0, "closed by the server: 1006"),
    ]


def test_a_half_dead_socket_is_a_gap_from_its_last_data(tmp_path: Path):
    log = LogMaker(tmp_path / "raw")
    source = log.open("trades", "bars", "premium")
    for _ in range(5):
        log.second(source)
    for _ in range(20):
        log.second(source, marks=False)
    log.second(source)
    log.stop()
    assert ("premium", 4.0, 22.0, "silent for more than 2 s") in gaps(imported(tmp_path / "raw", tmp_path))


def test_a_long_outage_is_written_while_it_lasts_in_pieces_that_join(tmp_path: Path):
    log = LogMaker(tmp_path / "raw")
    source = log.open("trades", "bars", "premium")
    log.second(source)
    log.second(source)
    log.end(source, "lost")
    for _ in range(200):
        log.second()
    source = log.open("trades", "bars", "premium")
    log.second(source)
    log.second(source)
    log.stop()
    found = [gap for gap in gaps(imported(tmp_path / "raw", tmp_path)) if gap[-1] == "lost"]
    assert len(found) > 2
    assert found[0][1] == 1.0  # a second before the last data: delays differ
    assert sum(gap[2] for gap in found) == pytest.approx(202.0)
    assert all(before[1] + before[2] == pytest.approx(after[1]) for before, after in itertools.pairwise(found))


def test_the_time_in_which_the_collector_did_not_run_is_a_gap(tmp_path: Path):
    for start in (START, START + 600 * SECOND):
        log = LogMaker(tmp_path / "raw", start)
        source = log.open("trades", "bars", "premium")
        log.second(source)
        log.second(source)
        log.stop()
    assert ("premium", 1.0, 600.0, "collector stopped") in gaps(imported(tmp_path / "raw", tmp_path))


def _trading(folder: Path, seconds: int, outage: range = range(0)) -> None:
    chance = np.random.default_rng(3)
    log, number = LogMaker(folder), 0
    source = log.open("trades", "bars", "premium")
    for second in range(seconds):
        log.second(*([] if second in outage else [source]))
        for _ in range(0 if second in outage else 20):
            number += 1
            price, size = float(chance.uniform(90, 110)), float(chance.uniform(0, 2))
            symbol = "BTCUSDT" if number % 2 else "ETHUSDT"
            log.frame(source, example.trade(symbol, log.now - int(chance.integers(0, SECOND)), number, price, size))
    log.stop()


def test_bars_that_lack_trades_are_left_out_and_the_gap_says_so(tmp_path: Path):
    _trading(tmp_path / "raw", 420, outage=range(130, 190))
    lake = imported(tmp_path / "raw", tmp_path)
    ends = lake.scan("bars").filter(pl.col("coin") == "BTC").collect()["event_time"].sort().to_list()
    assert [(end - START) // MINUTE for end in ends] == [2, 5, 6]
    assert any(gap[0] == "bars" and "silent" in gap[-1] for gap in gaps(lake))


@pytest.mark.parametrize("seed", range(1))
def test_a_live_run_with_restarts_leaves_the_same_lake_as_a_replay(tmp_path: Path, seed: int):
    _trading(tmp_path / "raw", 200)
    chance = np.random.default_rng(seed)
    pace = Pace(checkpoint_seconds=0.0, deliver_seconds=0.0)
    live = follower(tmp_path / "raw", tmp_path / "live", pace)
    while live.step(int(chance.integers(1, 900))):
        if chance.uniform() < 0.1:  # The process is killed: what is not stored is gone.
            live = follower(tmp_path / "raw", tmp_path / "live", pace)
    live.end()
    replayed = imported(tmp_path / "raw", tmp_path / "replay")
    assert replayed.scan("bars").collect().height == 4
    assert Lake(tmp_path / "live" / "lake").fingerprint() == replayed.fingerprint()


def test_what_no_reader_understands_is_in_quarantine_and_harms_nothing_else(tmp_path: Path):
    log = LogMaker(tmp_path / "raw")
    source = log.open("liquidations", "liquidations", "premium")
    for n in range(4):
        log.second(source)
        log.frame(source, example.liquidation("BTCUSDT", log.now, 100.0, 1.0 + n))
        log.frame(source, b'{"e":"liq","s":"BTCUSDT"')
        log.frame(source, b'{"e":"liq","s":"BTCUSDT","t":"never"}')
        log.frame(source, b"\xff\xfe")
    log.stop()
    lake = imported(tmp_path / "raw", tmp_path)
    assert lake.scan("liquidations").collect().height == 4
    assert set(lake.scan("quarantine").collect()["raw"]) == {
        b'{"e":"liq","s":"BTCUSDT"', b'{"e":"liq","s":"BTCUSDT","t":"never"}', b"\xff\xfe",
    }  # fmt: skip


def test_series_of_an_emulated_market_are_synthetic_in_a_replay_too(tmp_path: Path):
    log = LogMaker(tmp_path / "raw", clock="2026-11-29T00:00Z at 1795941500123456789 x 60")
    source = log.open("liquidations", "liquidations", "premium")
    log.second(source)
    log.stop()
    assert [one.synthetic for one in imported(tmp_path / "raw", tmp_path).series()] == [True]


def test_a_lake_that_cannot_be_written_keeps_the_rows_in_the_tail(tmp_path: Path):
    _trading(tmp_path / "raw", 130)
    (tmp_path / "lake").write_bytes(b"in the way")
    reading = follower(tmp_path / "raw", tmp_path)
    with pytest.raises(OSError, match="lake"):
        reading.drain()
    assert Tail(tmp_path / "tail.sqlite").waiting()["bars"] > 0
    (tmp_path / "lake").unlink()
    again = follower(tmp_path / "raw", tmp_path)
    again.drain()
    assert Lake(tmp_path / "lake").fingerprint() == imported(tmp_path / "raw", tmp_path / "replay").fingerprint()


def test_a_restart_of_another_version_reads_all_again_and_stores_nothing_twice(tmp_path: Path):
    _trading(tmp_path / "raw", 130)
    lake = imported(tmp_path / "raw", tmp_path)
    before = lake.fingerprint()
    shutil.rmtree(tmp_path / "raw" / "absent", ignore_errors=True)
    (tmp_path / "tail.sqlite").unlink()
    imported(tmp_path / "raw", tmp_path)
    assert Lake(tmp_path / "lake").fingerprint() == before


def test_a_gap_holds_what_was_on_its_way_where_a_late_copy_proves_last(tmp_path: Path):
    log = LogMaker(tmp_path / "raw")
    prompt, late = (log.open("trades", "bars", "premium", copy=number) for number in (0, 1))
    for _ in range(10):
        log.second(prompt, late)
    event = log.now
    for _ in range(5):  # a slot of its own, with nothing new
        log.now += SECOND // 10
        log.frame(late, example.mark(event))
        log.tick()
    log.stop()
    log = LogMaker(tmp_path / "raw", START + 600 * SECOND)
    log.second(log.open("trades", "bars", "premium"))
    log.stop()
    begins = [
        begin for _, begin, _, cause in gaps(imported(tmp_path / "raw", tmp_path)) if cause == "collector stopped"
    ]
    assert START + min(begins) * SECOND <= event


def test_a_collector_that_nobody_computes_after_removes_files_that_no_version_needs(tmp_path: Path):
    log = LogMaker(tmp_path / "raw")
    first, second = (log.open("liquidations", "liquidations", "premium", copy=n) for n in (0, 1))
    reader = follower(tmp_path / "raw", tmp_path, Pace(deliver_seconds=0.0, compact_deliveries=1))
    left = tmp_path / "lake" / "liquidations" / "left-by-a-writer-that-came-second.parquet"
    for number in range(3):
        log.frame(first, example.liquidation("BTCUSDT", log.now - 1, 100.0 + number, 2.0))
        for _ in range(5):
            log.second(first, second)
        while reader.step():
            pass
        if number == 0:
            left.write_bytes(b"")
            two_days_ago = time.time() - 2 * 86_400.0
            os.utime(left, (two_days_ago, two_days_ago))
    assert not left.exists()
