"""``runout live --emulated`` from nothing: made-up venues over real sockets, collector, updates, server, bulletin."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from runout.clock import parse_time
from runout.lake import Lake
from runout.pipeline.derive import compute
from runout.pipeline.issue_bulletin import publish
from runout.records.kinds import OBSERVED
from runout.render.text import render_brief


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def begin(folder, port: int, *arguments: str) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RUNOUT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "runout", "live", "BTC", "--emulated", "--lake=lake", f"--port={port}", *arguments],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def answer(address: str, seconds: float):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as reply:  # noqa: S310 - loopback
                return json.loads(reply.read())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.mark.xdist_group("live")
def test_live_brings_a_synthetic_market_from_nothing_to_a_served_bulletin(tmp_path):
    port = free_port()
    with begin(tmp_path, port, "--days", "2", "--venue", "bybit", "--minutes", "20") as running:
        health = answer(f"http://127.0.0.1:{port}/health/live", 120)
        said, _ = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert health
    assert "SYNTHETIC MARKET" in said
    assert "BTC, $" in said
    assert "CPU median" in said
    series = Lake.open(str(tmp_path / "lake")).series()
    assert {scope.kind for scope in series} >= {"bars", "open_interest", "funding"}
    assert all(scope.synthetic for scope in series)


@pytest.mark.xdist_group("live")
def test_live_that_is_told_to_end_takes_its_processes_with_it(tmp_path):
    with begin(tmp_path, free_port(), "--days", "1", "--venue", "bybit") as running:
        collecting = tmp_path / "lake" / "logs" / "collect.log"
        deadline = time.monotonic() + 120
        while not (collecting.exists() and collecting.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.1)
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        running.terminate()
        running.communicate(timeout=60)
    assert running.returncode == 130
    assert len(children) >= 2
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


DERIVED = ("bars", "open_interest", "liquidations", "indicators", "flushes")


def as_of_batch(lake: Lake, at: int, root: Path) -> Lake:
    """Return a lake of what venues had said by a moment, from which everything is derived at once."""
    batch = Lake(root)
    own = pl.col("series").str.starts_with("runout/").not_()
    batch.register([series for series in lake.series() if not series.series.startswith("runout/")])
    for schema in OBSERVED:
        rows = lake.scan(schema.kind).filter(own, pl.col("known_time") <= at).collect()
        batch.append(schema.kind, rows)
    compute(batch)
    return batch


KILLS, WANTED = 20, 4
FIRST_LINE, LAST_LINE = (
    re.compile(r"^(SYNTHETIC MARKET|BTC, \$)"),
    re.compile(r"^More +runout bulletin BTC --at (\S+) "),
)


def printed(said: str) -> dict[str, str]:
    """Return the bulletins of a run by the moment that they are of."""
    found, lines = {}, list[str]()
    for line in said.splitlines():
        lines = [line] if FIRST_LINE.match(line) and not lines else [*lines, line] if lines else []
        if lines and (last := LAST_LINE.match(line)):
            found[last[1]] = "\n".join(lines).strip()
            lines = []
    return found


@pytest.mark.study
def test_live_that_is_killed_at_any_moment_goes_on_and_its_bulletins_are_the_same_later(tmp_path, monkeypatch):
    rng = np.random.default_rng(20)
    for wait in rng.uniform(0.0, 25.0, KILLS):
        running = begin(tmp_path, free_port(), "--days", "2", "--venue", "bybit")
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(wait)
        running.kill()
        running.communicate()
    said = ""
    with begin(tmp_path, free_port(), "--days", "2", "--venue", "bybit") as running:
        while len(printed(said)) < WANTED and (line := running.stdout.readline()):
            said += line
        running.send_signal(signal.SIGINT)
        said += running.communicate(timeout=120)[0]
    monkeypatch.chdir(tmp_path)
    lake, bulletins = Lake.open("lake"), printed(said)
    assert not lake.as_of("bars").select("series", "event_time").is_duplicated().any()
    assert len(bulletins) >= WANTED, said
    for at, text in list(bulletins.items())[-2:]:  # beside the first, the past was still coming
        assert render_brief(publish(lake, "BTC", parse_time(at))).strip() == text
    last = parse_time(list(bulletins)[-1])
    batch, live = as_of_batch(lake, last, tmp_path / "batch"), lake.copy_as_of(last, tmp_path / "live")
    for kind in DERIVED:  # where the past came after the present, live has what was known before it as well
        assert_frame_equal(live.as_of(kind), batch.as_of(kind))
