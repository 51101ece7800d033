"""The raw log loses nothing that was acknowledged, says what was cut off, and never writes over anything."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.test_lake_without_room import small_disk
from runout.errors import LakeError, NotEnoughDataError, UsageError
from runout.lake.raw_format import Kind, parse
from runout.lake.raw_log import Policy, RawLog
from runout.lake.raw_reader import Cursor, Position, read_all
from runout.lake.raw_segments import remove_before, segments, verify

__all__ = ["small_disk"]

SMALL = Policy(flush_seconds=0.0, sync_seconds=0.0, roll_bytes=4_000)


def frames(folder: Path, position: Position | None = None) -> list[bytes]:
    return [
        record.payload
        for _, records in read_all(folder, position)
        for record in records
        if record.kind in {Kind.FRAME, Kind.NOTE}
    ]


def write(folder: Path, payloads: list[bytes], policy: Policy = SMALL) -> None:
    log = RawLog(folder, policy)
    for n, payload in enumerate(payloads):
        log.append(Kind.FRAME, 1, payload, n)
    log.close()


def numbered(count: int, size: int = 100) -> list[bytes]:
    return [b"%06d" % n + b"x" * (n % size) for n in range(count)]


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


def test_what_was_appended_is_read_back_in_order_over_many_segments(tmp_path: Path):
    log = RawLog(tmp_path, SMALL)
    for n, payload in enumerate(numbered(600)):
        log.append(Kind.FRAME, 1, payload, n)
        if n % 100 == 99:
            wait_until(lambda: log.durable == log.appended)
            time.sleep(0.005)
    log.close()
    assert frames(tmp_path) == numbered(600)
    assert len(segments(tmp_path)) > 3
    assert all(segment.compressed for segment in segments(tmp_path))
    assert not any(checked.faults for checked in verify(tmp_path))


def test_a_restart_in_the_same_second_writes_over_nothing(tmp_path: Path):
    for start in range(4):
        write(tmp_path, [b"%d" % start])
    assert frames(tmp_path) == [b"0", b"1", b"2", b"3"]


def test_a_second_writer_is_refused(tmp_path: Path):
    log = RawLog(tmp_path, SMALL)
    with pytest.raises(UsageError, match="another collector writes"):
        RawLog(tmp_path, SMALL)
    log.close()
    write(tmp_path, [b"after"])


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LakeError, match="cannot write the raw log"):
        RawLog(tmp_path / "file" / "raw", SMALL)


def test_sources_are_described_in_each_segment_while_they_are_open(tmp_path: Path):
    log = RawLog(tmp_path, SMALL)
    log.open_source(5, b"five", 1)
    log.open_source(6, b"six", 1)
    log.close_source(6)
    log.append(Kind.FRAME, 5, b"x" * 5_000, 2)
    wait_until(lambda: log.segment == 2)
    log.close()
    last = next(records for _, records in read_all(tmp_path, Position(2, 0)))
    assert [(r.source, r.payload) for r in last if r.kind == Kind.SOURCE] == [(5, b"five")]


@settings(max_examples=12)
@given(st.integers(1, 2_000), st.integers(0, 2**31))
def test_after_a_cut_at_any_byte_all_before_it_is_read_and_the_restart_counts_the_torn_bytes(
    tmp_path_factory: pytest.TempPathFactory, cut: int, seed: int
):
    folder = tmp_path_factory.mktemp("raw")
    payloads = numbered(int(np.random.default_rng(seed).integers(1, 30)))
    log = RawLog(folder, Policy(sync_seconds=0.0, flush_seconds=0.0))
    ends = []
    for n, payload in enumerate(payloads):
        log.append(Kind.FRAME, 1, payload, n)
    wait_until(lambda: log.durable == len(payloads))
    path = segments(folder)[0].path
    whole = path.read_bytes()
    log.close()
    shutil.rmtree(folder)
    folder.mkdir()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    cursor = Cursor(folder)
    records = cursor.read()
    ends = [record.payload for record in records if record.kind == Kind.FRAME]
    assert ends == payloads[: len(ends)]
    assert len(whole) - cut < 0 or cursor.position.offset <= len(whole) - cut
    write(folder, [b"after"])
    assert frames(folder) == [*ends, b"after"]
    checked = verify(folder)
    assert not any(one.faults for one in checked)
    assert checked[0].torn == max(0, len(whole) - cut) - (records[-1].end if records else 0)
    later: list[bytes] = []
    while more := cursor.read():  # The reader that waited at the torn record goes on behind it.
        later += [record.payload for record in more if record.kind == Kind.FRAME]
    assert later == [b"after"]


def test_damage_in_the_middle_costs_what_it_hits_and_is_reported(tmp_path: Path):
    write(tmp_path, numbered(50), Policy())
    segment = segments(tmp_path)[0]
    plain = segment.path.with_suffix("")
    data = bytearray(segment.read())
    data[len(data) // 2] ^= 0xFF
    plain.write_bytes(bytes(data))
    segment.path.unlink()
    write(tmp_path, [b"after"])
    assert len(frames(tmp_path)) == 50
    assert set(frames(tmp_path)) < {*numbered(50), b"after"}
    (damaged, sound) = verify(tmp_path)
    assert any("are no record" in fault for fault in damaged.faults)
    assert any("checksum of the segment differs" in fault for fault in damaged.faults)
    assert not sound.faults


def test_a_damaged_compressed_segment_is_passed_over_and_reported(tmp_path: Path):
    write(tmp_path, [b"one"])
    write(tmp_path, [b"two"])
    path = segments(tmp_path)[0].path
    packed = bytearray(path.read_bytes())
    packed[-2] ^= 0xFF
    path.write_bytes(bytes(packed))
    assert frames(tmp_path) == [b"two"]
    assert "decompressed" in verify(tmp_path)[0].faults[0]
    path.write_bytes(bytes(packed[:-9]))
    assert frames(tmp_path) == [b"two"]
    assert "is not closed" in verify(tmp_path)[0].faults


def test_an_absent_segment_is_reported(tmp_path: Path):
    for name in (b"1", b"2", b"3"):
        write(tmp_path, [name])
    segments(tmp_path)[1].path.unlink()
    assert frames(tmp_path) == [b"1", b"3"]
    assert verify(tmp_path)[1].faults == ("segments 2 to 2 are absent",)


def test_no_raw_log_is_not_enough_data(tmp_path: Path):
    with pytest.raises(NotEnoughDataError, match="no raw log"):
        verify(tmp_path)


def test_old_segments_are_removed_only_below_the_place_that_was_read(tmp_path: Path):
    for name in (b"1", b"2", b"3"):
        write(tmp_path, [name])
    for segment in segments(tmp_path)[:2]:
        os.utime(segment.path, (1, 1))
    assert remove_before(tmp_path, 3, 0.0) == 0
    assert remove_before(tmp_path, 3, 60.0) == 2
    assert frames(tmp_path) == [b"3"]


def test_what_waits_is_bounded_and_what_is_dropped_is_counted(tmp_path: Path):
    log = RawLog(tmp_path, Policy(flush_seconds=0.05, buffer_bytes=1_000))
    taken = [log.append(Kind.FRAME, 1, b"x" * 90, n) for n in range(200)]
    dropped = taken.count(0)
    assert dropped > 0
    assert log.dropped == dropped
    wait_until(lambda: log.waiting_bytes == 0)
    lost = log.take_dropped()
    assert lost is not None
    assert (lost.count, lost.last) == (dropped, 199)
    assert log.take_dropped() is None
    log.close()
    assert len(frames(tmp_path)) == 200 - dropped


def test_a_full_disk_is_waited_for_and_nothing_is_lost_up_to_the_bound(small_disk: Path):
    log = RawLog(small_disk / "raw", Policy(flush_seconds=0.0, sync_seconds=0.0))
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="space"):
        filler.write_bytes(b"0" * 2**20)
    payloads = numbered(500)
    for n, payload in enumerate(payloads):
        log.append(Kind.FRAME, 1, payload, n)
    wait_until(lambda: "space" in log.fault)
    assert log.durable < len(payloads)
    filler.unlink()
    wait_until(lambda: log.durable == len(payloads))
    wait_until(lambda: not log.fault)
    log.close()
    assert frames(small_disk / "raw") == payloads
    assert not any(checked.faults for checked in verify(small_disk / "raw"))


WRITER = """
import sys
import time
from pathlib import Path
from runout.lake.raw_format import Kind, parse
from runout.lake.raw_log import Policy, RawLog

log, number = RawLog(Path(sys.argv[1]), Policy(flush_seconds=0.0, sync_seconds=0.0, roll_bytes=20_000)), 0
while True:
    number += 1
    log.append(Kind.FRAME, 1, b"%s-%d" % (sys.argv[2].encode(), number), number)
    if number % 20 == 0:
        print(log.durable, flush=True)
        time.sleep(0.001)
"""


def test_a_killed_writer_leaves_all_it_acknowledged(tmp_path: Path):
    chance = np.random.default_rng(5)
    acknowledged: dict[int, int] = {}
    for run in range(2):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(run)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(int(chance.integers(40, 150))):
            acknowledged[run] = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    write(tmp_path, [])
    read = frames(tmp_path)
    for run, count in acknowledged.items():
        kept = [int(text.split(b"-")[1]) for text in read if text.startswith(b"%d-" % run)]
        assert kept == list(range(1, len(kept) + 1))
        assert len(kept) >= count > 0
    assert not any(checked.faults for checked in verify(tmp_path))


@pytest.mark.study
def test_a_hundred_power_cuts_lose_nothing_that_was_forced_to_the_disk(tmp_path: Path):
    """Pages that were written after the last force are dropped, kept or cut off at random."""
    chance, page = np.random.default_rng(9), 4096
    for run in range(100):
        folder = tmp_path / str(run)
        log = RawLog(folder, Policy(flush_seconds=0.0, sync_seconds=float(chance.uniform(0, 0.02))))
        payloads = numbered(int(chance.integers(50, 400)), 400)
        for number, payload in enumerate(payloads):
            log.append(Kind.FRAME, 1, payload, number)
            if number % 40 == 0:
                time.sleep(0.002)
        forced = log.durable
        path = segments(folder)[0].path
        data = bytearray(path.read_bytes())
        log.close()
        ends = [record.end for record in parse(bytes(data), 0).records if record.kind == Kind.FRAME]
        safe = ends[forced - 1] if forced else 0
        for start in range(safe - safe % page, len(data), page):
            if chance.uniform() < 0.5:
                first = max(start, safe)
                data[first : start + page] = bytes(len(data[first : start + page]))
        shutil.rmtree(folder)
        folder.mkdir()
        path.write_bytes(bytes(data[: max(safe, int(chance.integers(safe, len(data) + 1)))]))
        write(folder, [b"after"])
        read = frames(folder)
        assert read[:forced] == payloads[:forced]
        assert read[-1] == b"after"
        assert set(read[:-1]) <= set(payloads)
