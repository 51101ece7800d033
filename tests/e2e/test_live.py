"""``runout live --emulated`` from nothing: made-up venues over real sockets, collector, updates, server, bulletin."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from runout.lake import Lake


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
    series = Lake.open(str(tmp_path / "lake")).series()
    assert {scope.kind for scope in series} >= {"bars", "open_interest", "funding"}
    assert all(scope.synthetic for scope in series)


@pytest.mark.study
def test_live_that_is_killed_goes_on_with_the_same_market(tmp_path):
    for _ in range(3):
        port = free_port()
        running = begin(tmp_path, port, "--days", "2", "--venue", "bybit")
        answer(f"http://127.0.0.1:{port}/health/live", 120)
        running.kill()
        running.communicate()
    with begin(tmp_path, free_port(), "--days", "2", "--venue", "bybit", "--minutes", "5") as running:
        said, _ = running.communicate(timeout=180)
    assert running.returncode == 0, said
    bars = Lake.open(str(tmp_path / "lake")).as_of("bars")
    assert not bars.select("series", "event_time").is_duplicated().any()
