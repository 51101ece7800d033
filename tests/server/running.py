"""A server of our own over loopback, in a thread, and a lake for it: a perpetual market with books and events."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from pipeline.perpetual_lakes import BUCKET, perpetual_lake
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_SECOND, parse_time
from runout.lake import Lake
from runout.records import KINDS, Series, conform
from runout.server.runner import serve
from runout.server.settings import Settings
from runout.server.tail import Tail

END = parse_time("2025-04-19")
AT = "2025-04-18T23:00Z"


def market(folder: Path) -> Lake:
    """Return a lake with everything the server shows, ending at :data:`END`."""
    lake = perpetual_lake(folder)
    ends = END - BUCKET * np.arange(60)[::-1]
    depth = named("depth", BUCKET)
    rng = np.random.default_rng(7)
    lake.register([depth, named("liquidations", 0), named("funding", BUCKET, measure="oi-weighted", venues=("all",))])
    both = {side: rng.uniform(2e8, 3e8, len(ends)) for side in ("bid_usd", "ask_usd")}
    lake.append("depth", rows(depth, ends, band=np.full(len(ends), 0.01), **both))
    funding = named("funding", BUCKET, measure="oi-weighted", venues=("all",))
    lake.append(
        "funding", rows(funding, ends, rate=rng.normal(1e-4, 1e-5, len(ends)), interval_hours=[8.0] * len(ends))
    )
    lake.append("liquidations", events(END - NANOSECONDS_PER_DAY, 300))
    lake.register([msgspec.structs.replace(one, synthetic=True) for one in lake.series()])
    return lake


def events(begin: int, count: int, *, usd: float | None = None) -> pl.DataFrame:
    """Return single liquidations, one every ten seconds."""
    rng = np.random.default_rng(count)
    times = begin + 10 * NANOSECONDS_PER_SECOND * np.arange(1, count + 1)
    sizes = rng.lognormal(9, 1.5, count) if usd is None else np.full(count, usd)
    sides = rng.choice(["long", "short"], count)
    price = np.full(count, 60_000.0)
    return rows(
        named("liquidations", 0), times, span=np.zeros(count, np.int64), liquidated_side=sides,
        sequence=np.zeros(count, np.int64), value_usd=sizes, quantity_base=sizes / price, price=price,
    )  # fmt: skip


def named(kind: str, step: int, **scope: Any) -> Series:
    """Return a series of the market."""
    about = {"venues": ("binance",), "capture": "capped" if kind == "liquidations" else "not-applicable"} | scope
    return Series(
        series=f"test/{kind}/BTC/{about['venues'][0]}/{step or 'events'}", kind=kind, provider="test", coin="BTC",
        instruments="BTCUSDT", market="perpetual", margin="stablecoin", step=step, **about,
    )  # fmt: skip


def rows(one: Series, ends: Any, **columns: Any) -> pl.DataFrame:
    """Return rows of a series, known as soon as they end."""
    table = pl.DataFrame({"event_time": ends, "known_time": ends, "span": np.full(len(ends), one.step), **columns})
    return conform(table.with_columns(series=pl.lit(one.series), coin=pl.lit("BTC")), KINDS[one.kind])


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(lake: str | Path, *, tail: Tail | None = None, **settings: Any) -> Iterator[str]:
    """Serve a lake in a thread, and yield the address without its last slash."""
    listening, addresses, failures = threading.Event(), [], []
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def ready(address: str) -> None:
        addresses.append(address.rstrip("/"))
        listening.set()

    async def until_stopped() -> None:
        stop = asyncio.Event()
        loops.append((asyncio.get_running_loop(), stop))
        await serve(made, ready=ready, stop=stop, tail=tail)

    def run() -> None:
        try:
            asyncio.run(until_stopped())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the test
            failures.append(error)
        finally:
            listening.set()

    made = Settings(
        **({"lake": str(lake), "port": free_port(), "requests_per_second": 10_000, "answer_seconds": 900.0} | settings)
    )
    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert listening.wait(300)
        if failures:
            raise failures[0]
        yield addresses[0]
    finally:
        for loop, stop in loops:
            if not loop.is_closed():
                loop.call_soon_threadsafe(stop.set)
        thread.join(300)
    if failures:
        raise failures[0]


def moved(lake: Lake, folder: Path, by: int) -> Lake:
    """Return a lake with the same rows at other times, ``by`` ns later."""
    other = Lake(folder)
    other.register(lake.series())
    for kind in ("bars", "liquidations", "open_interest", "funding", "depth"):
        times = [pl.col(name) + by for name in ("event_time", "known_time")]
        other.append(kind, lake.scan(kind).with_columns(times).collect())
    return other
