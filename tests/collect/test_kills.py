"""A collector that is killed at random moments stores each message once, or a gap says that it did not run."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from collect import example_venue as example
from collect import recording_process
from collect.example_server import ExampleServer
from collect.test_following import imported
from runout.clock import now_ns
from runout.collect.status import report
from runout.lake import Lake
from runout.lake.raw_format import Kind
from runout.lake.raw_reader import read_all
from runout.lake.raw_segments import verify

REPOSITORY = Path(__file__).resolve().parents[2]
Times = dict[float, int]
PATIENCE = 300.0
"""Seconds after which a process that does not come or go is a fault: on a loaded machine a start takes a minute."""


async def start(folder: Path, lake: Path, port: int, symbols: str) -> asyncio.subprocess.Process:
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY}/src:{REPOSITORY}/tests"}
    arguments = ["-m", "collect.collector_process", str(folder), str(lake), str(port), symbols]
    with (folder.parent / f"{folder.name}.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=environment, stderr=log, start_new_session=True
        )


async def until_subscribed(server: ExampleServer, count: int = 2) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(server.open) < count:  # noqa: ASYNC110 - what is waited for is in the server's state
            await asyncio.sleep(0.02)


async def burst(server: ExampleServer, sent: Times, seconds: float, symbol: str = "BTCUSDT") -> None:
    until = now_ns() + int(seconds * 1e9)
    while now_ns() < until:
        for _ in range(20):
            price, at = 1_000.0 + len(sent), now_ns()
            sent[price] = at
            await server.send("liq", example.liquidation(symbol, at, price, 2.0))
        await asyncio.sleep(0.01)


async def end(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    async with asyncio.timeout(600):
        await process.wait()


async def killed_at_random(folder: Path, kills: int, seed: int) -> tuple[Times, Times]:
    """Kill one collector again and again, beside another that records another symbol into the same lake."""
    chance, sent, of_other = np.random.default_rng(seed), Times(), Times()
    async with ExampleServer(["BTCUSDT"]) as server, ExampleServer(["ETHUSDT"]) as second:
        other = await start(folder / "other", folder / "lake", second.port, "ETHUSDT")
        await until_subscribed(second)
        for _ in range(kills):
            process = await start(folder / "raw", folder / "lake", server.port, "BTCUSDT")
            await until_subscribed(server)
            sending = asyncio.create_task(burst(server, sent, 5.0))
            await burst(second, of_other, 0.1, "ETHUSDT")
            await asyncio.sleep(float(chance.uniform(0.0, 1.4)))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        process = await start(folder / "raw", folder / "lake", server.port, "BTCUSDT")
        await until_subscribed(server)
        await burst(server, sent, 0.5)
        await asyncio.sleep(0.5)
        await asyncio.gather(end(process), end(other))
    return sent, of_other


async def recording_killed(folder: Path, kills: int, seed: int, longest: float) -> Times:
    """Kill what records, alone, again and again; then let it end in order."""
    chance, sent = np.random.default_rng(seed), Times()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["collect.recording_process"])
    async with ExampleServer(["BTCUSDT"]) as server:
        for number in range(kills + 1):
            process = context.Process(target=recording_process.record, args=(str(folder / "raw"), server.port))
            process.start()
            await until_subscribed(server, count=int(chance.integers(1, 3)))
            sending = asyncio.create_task(burst(server, sent, 60.0))
            await asyncio.sleep(float(chance.uniform(0.0, longest)))
            if number < kills:
                process.kill()
            else:
                process.terminate()
            await asyncio.to_thread(process.join)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await until_left(server)
    return sent


async def until_left(server: ExampleServer) -> None:
    async with asyncio.timeout(PATIENCE):
        while server.open:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


def check(folder: Path, sent: Times, of_other: Times) -> tuple[int, int]:
    """Return how many messages were stored, and how many are in gaps; fails for any other."""
    lake = Lake(folder / "lake")
    counts = [_check_one(folder / name, lake, coin, times) for name, coin, times in (
        ("raw", "BTC", sent), ("other", "ETH", of_other),
    )]  # fmt: skip
    imported(folder / "raw", folder / "again")
    (folder / "again" / "tail.sqlite").unlink()
    assert imported(folder / "other", folder / "again").fingerprint() == lake.fingerprint()
    return sum(stored for stored, _ in counts), sum(lost for _, lost in counts)


def _check_one(raw: Path, lake: Lake, coin: str, sent: Times) -> tuple[int, int]:
    frames = [record for _, records in read_all(raw) for record in records if record.kind == Kind.FRAME]
    received = [record.payload for record in frames if b'"liq"' in record.payload]
    rows = lake.scan("liquidations").filter(pl.col("coin") == coin).collect()
    assert len(rows) == rows["price"].n_unique() == len(set(received))
    gaps = lake.scan("gaps").filter(pl.col("series").str.contains(f"/liquidations/{coin}/")).collect()
    spans = list(zip((gaps["event_time"] - gaps["span"]).to_list(), gaps["event_time"].to_list(), strict=True))
    stored = set(rows["price"])
    # Of what came after the last frame nothing is claimed: nobody knows yet how long the collector stays away.
    lost = [at for price, at in sent.items() if price not in stored and at <= frames[-1].received]
    assert not [at for at in lost if not any(since <= at <= until for since, until in spans)]
    assert not any(segment.faults for segment in verify(raw))
    return len(rows), len(lost)


@pytest.mark.study
def test_a_collector_killed_beside_another_stores_each_message_once_or_says_that_it_did_not_run(tmp_path: Path):
    sent, of_other = asyncio.run(killed_at_random(tmp_path, kills=1, seed=1))
    stored, _ = check(tmp_path, sent, of_other)
    assert stored > 100
    said = report(tmp_path / "raw")
    assert not said.running
    assert [finding.says.split(" ")[:2] for finding in said.findings if finding.about == "collector"] == [
        ["was", "ended"]
    ]
    (feed,) = (feed for feed in said.feeds if feed.feed == "example/liquidations")
    assert feed.rows > 0
    assert feed.gap_cause == "collector stopped"


def check_recording(folder: Path, kills: int, seed: int, longest: float = 0.5) -> tuple[int, int]:
    sent = asyncio.run(recording_killed(folder, kills, seed, longest))
    stored, lost = _check_one(folder / "raw", imported(folder / "raw", folder), "BTC", sent)
    assert stored > 10 * kills
    return stored, lost


def test_what_is_killed_while_it_records_lost_nothing_but_what_a_gap_says(tmp_path: Path):
    check_recording(tmp_path, kills=30, seed=3, longest=0.2)


@pytest.mark.study
def test_a_thousand_kills_of_what_records(tmp_path: Path):
    kills, stored, lost = int(os.environ.get("KILLS", "1000")), 0, 0
    for part in range(0, kills, 50):
        began = check_recording(tmp_path / str(part), min(50, kills - part), seed=part)
        stored, lost = stored + began[0], lost + began[1]
        sys.stdout.write(f"{part + 50} kills: {stored:,} stored once, {lost:,} in gaps\n")
        sys.stdout.flush()


@pytest.mark.study
def test_kills_of_whole_collectors(tmp_path: Path):
    kills = int(os.environ.get("KILLS", "30"))
    stored, lost = check(tmp_path, *asyncio.run(killed_at_random(tmp_path, kills, seed=2)))
    sys.stdout.write(f"{kills} kills: {stored} stored once, {lost} in gaps\n")
