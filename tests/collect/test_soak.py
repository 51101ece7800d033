"""A collector before an emulated market for hours of it: live equals batch, and nothing of it grows."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, format_time, now_ns
from runout.emulator.market import MOVE_HOUR
from runout.lake import Lake

MINUTES, SPEED = float(os.environ.get("MINUTES", "30")), float(os.environ.get("SPEED", "200"))
VENUES = ("binance", "bybit", "okx", "deribit")
LAKE = ("--lake", "lake", "--deliver", "10")
SHORT = ("--keep-replaced", "0", "--keep-days", "0.001")
"""What a collector keeps for a time goes at once in the soak, which would end before that time is over."""


class Use(NamedTuple):
    """What the collector's processes use: bytes of memory, open descriptors, files of its folder and of its lake."""

    memory: int
    descriptors: int
    files: int


def run(folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RUNOUT_")}
    with (folder / f"{arguments[0]}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "runout", *arguments], cwd=folder, env=environment, stdout=log, stderr=log
        )


@contextlib.contextmanager
def emulated(folder: Path, speed: float) -> Iterator[None]:
    arguments = ["--coin", "BTC", "--coin", "ETH", "--days", "7", "--scenario", "flush", "--port", "0"]
    names = [option for venue in VENUES for option in ("--venue", venue)]
    hosts = folder / "runout.toml"
    # Minutes before the move: an hour that is calm liquidates nobody.
    move = now_ns() // NANOSECONDS_PER_DAY * NANOSECONDS_PER_DAY + MOVE_HOUR * NANOSECONDS_PER_HOUR
    start, at = move - 4 * NANOSECONDS_PER_HOUR, move - 5 * NANOSECONDS_PER_MINUTE
    arguments += ["--start", format_time(start), "--at", format_time(at)]
    with run(folder, "emulate", *arguments, *names, "--speed", str(speed), "--hosts", str(hosts)) as emulator:
        try:
            while not hosts.exists() or "emulated_clock" not in hosts.read_text("utf-8"):
                assert emulator.poll() is None
                time.sleep(0.1)
            yield
        finally:
            emulator.send_signal(signal.SIGINT)
            emulator.wait(60)


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *(one for child in children for one in family(int(child)))]


def use(pid: int, folder: Path) -> Use:
    memory = descriptors = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{one}/status").read_text("ascii")
            memory += int((re.search(r"VmRSS:\s+(\d+)", status) or ["", "0"])[1]) * 1024
            descriptors += len(list(Path(f"/proc/{one}/fd").iterdir()))
    return Use(memory, descriptors, sum(1 for path in (folder / "lake").rglob("*") if path.is_file()))


def collected(folder: Path, speed: float, minutes: float, *options: str) -> list[Use]:
    """Collect for so many real minutes; return what was used at twenty moments."""
    samples = list[Use]()
    with emulated(folder, speed):
        names = [option for venue in VENUES for option in ("--venue", venue)]
        with run(folder, "collect", "BTC", *names, *LAKE, *options) as collector:
            for _ in range(20):
                time.sleep(minutes * 3)
                assert collector.poll() is None
                samples.append(use(collector.pid, folder))
            collector.send_signal(signal.SIGTERM)
            assert collector.wait(300) == 0
    return samples


@pytest.mark.study
def test_the_lake_of_a_live_hour_is_the_lake_of_its_raw_log(tmp_path: Path):
    collected(tmp_path, speed=60.0, minutes=float(os.environ.get("MINUTES", "1")))
    with run(tmp_path, "raw", "replay", "--lake", "lake", "--to", "again") as replay:
        assert replay.wait(600) in {0, 3}
    live, again = Lake(tmp_path / "lake"), Lake(tmp_path / "again")
    assert live.scan("liquidations").collect().height > 0
    assert live.scan("bars").collect().height > 100
    assert live.fingerprint() == again.fingerprint()
    sys.stdout.write(f"{ {kind: live.scan(kind).collect().height for kind in live.fingerprint() if kind != 'lake'} }\n")


@pytest.mark.study
def test_nothing_grows_in_a_hundred_hours_of_market(tmp_path: Path):
    samples = collected(tmp_path, SPEED, MINUTES, *SHORT)
    for sample in samples:
        sys.stdout.write(f"{sample.memory / 1e6:.0f} MB, {sample.descriptors} descriptors, {sample.files} files\n")
    settled, last = samples[len(samples) // 2], samples[-1]
    assert last.memory < 1.25 * settled.memory
    assert last.descriptors <= settled.descriptors + 10
    assert max(sample.files for sample in samples[10:]) < 1.25 * max(sample.files for sample in samples[:10])
