"""A collector before an emulated venue that misbehaves: what was sent, what was true, and what was stored.

Market and wire run ``HURRY`` times as fast as real time, and so do the collector's deadlines; nothing else of it is
changed. The sockets, the raw log and the rows are the real ones.
"""

import asyncio
import itertools
import selectors
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import aiohttp
import msgspec
import polars as pl

from runout.collect.addresses import address_of
from runout.collect.budget import Budget
from runout.collect.http import Client
from runout.collect.keeping import Standing
from runout.collect.normaliser import Normaliser
from runout.collect.recorder import Recorder
from runout.collect.supervisor import Scope, Supervisor
from runout.emulator import Emulator, Fault, Market
from runout.emulator.feeds import closes
from runout.lake.merging import merge
from runout.lake.raw_log import Policy, RawLog
from runout.lake.raw_reader import read_all
from runout.records import KINDS
from runout.sources.registry import venue_of
from runout.sources.venue import Answer, Call, Connection, Folder, Instrument, Venue

HURRY = 20.0
SECOND = 1_000_000_000
STEP = 3 * SECOND
TURN = 0.005
"""Seconds by which a turn of the loop may wait longer than it asked to."""
SHORTEST = 2.0
"""Seconds of silence that a loaded machine may take by itself."""
Events = Counter[tuple[str, int, str]]
"""Coin, stamp in ms and liquidated side of liquidations."""


def hurried(venue: Venue, copies: int, change: Callable[[Connection], Connection] = lambda one: one) -> Folder:
    """Return a venue whose deadlines and periods are shorter, in step with the emulator's wire."""
    assert isinstance(venue, Folder)

    def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
        return tuple(change(_hurried(one, copies)) for one in venue.connections(instruments, kinds))

    return msgspec.structs.replace(venue, connections=connections)


def _hurried(connection: Connection, copies: int) -> Connection:
    streams = tuple(
        msgspec.structs.replace(one, first_datum=one.first_datum and max(one.first_datum / HURRY, SHORTEST))
        for one in connection.streams
    )
    return msgspec.structs.replace(
        connection, streams=streams, keep_alive_every=connection.keep_alive_every / HURRY,
        copies=min(connection.copies, copies),
    )  # fmt: skip


class _Turns(selectors.DefaultSelector):
    """Counts the time of a loop by its turns: what it waits for, and what its work takes of a processor."""

    def __init__(self) -> None:
        super().__init__()
        self.passed, self._worked = time.monotonic(), time.thread_time()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        ready = super().select(timeout)
        waited, worked = time.monotonic() - began, time.thread_time()
        self.passed += worked - self._worked + min(waited, (timeout or 0.0) + TURN)
        self._worked = worked
        return ready


class SteadyLoop(asyncio.SelectorEventLoop):
    """A loop whose clock does not run while a loaded machine leaves it no time: what is due comes before what is late.

    Deadlines of the collector and of the emulator go by it, so that none is missed for want of a processor.
    """

    def __init__(self) -> None:
        self._turns = _Turns()
        super().__init__(self._turns)

    def time(self) -> float:
        return self._turns.passed


class Run:
    """One collector before one emulated venue; ``async with`` starts both, at the height of the flush."""

    def __init__(
        self, market: Market, venue: str, folder: Path, *, kinds: Sequence[str] = ("liquidations",), copies: int = 2,
        refresh_seconds: float = 3600.0, change: Callable[[Connection], Connection] = lambda one: one,
        unlisted: str = "",
    ) -> None:  # fmt: skip
        faults = (Fault(kind="list", venue=venue, match=unlisted, at=1e9),) if unlisted else ()
        self.emulator = Emulator(market, venues=(venue,), speed=0, faults=faults)
        self.venue = venue
        self.desk = self.emulator.counters[venue].desk
        self.late_seconds = {"bitget": 25, "okx": 5, "gate": 2, "bybit": 2}.get(venue, 0)
        self._folder, self._kinds, self._refresh_seconds = folder / "raw", kinds, refresh_seconds
        self._folder_of_venue = hurried(venue_of(venue), copies, change)
        self._last = 0
        self.heard_since: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        await self.emulator.__aenter__()
        market, contract = self.emulator.market, self.desk.kind("linear", "inverse")[0]
        times = self.desk.true_closes(contract, market.plan.start, market.end).time
        self.emulator.jump(int(times[len(times) // 2]) // (60 * SECOND) * 60 * SECOND)
        self._log = RawLog(self._folder, Policy(flush_seconds=0.01, sync_seconds=-1.0))
        recorder = Recorder(self._log, self._now, HURRY)
        self._session = aiohttp.ClientSession()
        self._budget = Budget(self._folder.parent / "limits.sqlite")
        self._client = Client(self._session, self._budget, hosts=self.emulator.url)
        self.supervisor = Supervisor(
            recorder, [(self._folder_of_venue, Scope(coins=("BTC",), kinds=tuple(self._kinds)))], self._ask,
            lambda venue, one: address_of(venue.facts, one.host, self.emulator.url) + one.path,
            refresh_seconds=self._refresh_seconds,
        )  # fmt: skip
        self._tasks = [asyncio.create_task(self.supervisor.run()), asyncio.create_task(self._drive())]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._tasks[1].cancel()
        self.ended = self.emulator.clock.now()
        appended = -1
        while appended != self._log.appended:
            appended = self._log.appended
            for _ in range(50):  # turns of the loop that all of them share, however long each takes
                await asyncio.sleep(0.005)
        self._tasks[0].cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._log.close()
        await self._session.close()
        self._budget.__exit__(None)
        await self.emulator.__aexit__()
        self._read()

    def _now(self) -> int:
        """Return the market's time; no two moments are the same, as on a clock that runs."""
        self._last = max(self._last + 1_000, self.emulator.clock.now())
        return self._last

    async def _ask(self, venue: Venue, call: Call) -> Answer:
        answer = await self._client.ask(venue, call)
        return msgspec.structs.replace(answer, received=self.emulator.clock.now())

    async def _drive(self) -> None:
        loop = asyncio.get_running_loop()
        before = loop.time()
        while True:
            await asyncio.sleep(0.04)
            now = loop.time()
            # Where the machine stood still, the market did too: nobody could have listened.
            await self.emulator.advance(min(now - before, 0.1) * HURRY)
            before = now

    # -- while it runs ------------------------------------------------------------------------------------------------

    def standings(self) -> list[Standing]:
        return self.supervisor.standings()

    async def until(self, condition: Callable[[], object], seconds: float = 150.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - what is waited for is in the state of the two
                await asyncio.sleep(0.02)

    async def listening(self) -> None:
        """Wait until every connection gave data, and note the moment."""
        await self.until(lambda: self.standings() and all(one.last_data for one in self.standings()))
        self.began = self.emulator.clock.now()

    async def recovered(self) -> None:
        """Wait until every connection is open and gives data again."""
        now = self.emulator.clock.now()
        await self.until(lambda: all(one.state == "open" and one.last_data > now for one in self.standings()))

    def polls_answered(self) -> int:
        """Return how many calls were answered beside the listing, and without a fault."""
        answered = sum(not call.fault for call in self.emulator.truth.calls)
        return answered - len(self._folder_of_venue.instrument_calls())

    async def market_seconds(self, seconds: float) -> None:
        until = self.emulator.clock.now() + int(seconds * SECOND)
        await self.until(lambda: self.emulator.clock.now() >= until)

    def strike(self, kind: str, **settings: object) -> None:
        at = self.emulator.clock.wire_seconds()
        self.emulator.script.add(msgspec.convert({"kind": kind, "at": at} | settings, Fault))

    def struck(self, kind: str) -> int:
        return self.emulator.script.struck.get(kind, 0)

    # -- afterwards ---------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        normaliser = Normaliser(lambda _: self._folder_of_venue)
        records = itertools.chain.from_iterable(batch for _, batch in read_all(self._folder))
        for record in records:
            normaliser.take(record)
        normaliser.finish()
        output = normaliser.output()
        self.health = normaliser.health
        self.rows = {
            kind: merge(table, KINDS[kind].empty(), KINDS[kind]).added for kind, table in output.rows().items()
        }
        self.scopes = output.series

    def table(self, kind: str) -> pl.DataFrame:
        return self.rows.get(kind, KINDS[kind].empty())

    def stored(self) -> Events:
        rows = self.table("liquidations").select("coin", pl.col("event_time") // 1_000_000, "liquidated_side")
        return Events(rows.iter_rows())

    def true(self, since: int, until: int, heard_since: Mapping[str, int] = {}) -> Events:
        """Return what the venue's law shows of what happened; of a contract, since it was subscribed."""
        return Events(
            (one.coin, close.stamp, "long" if close.side > 0 else "short")
            for one in self.desk.contracts.values()
            if one.kind != "spot"
            for close in closes(self.desk, one, max(since, heard_since.get(one.symbol, 0)), until)
        )

    def missing(self) -> Events:
        """Return what was shown while the collector listened, and is not stored."""
        until = self.ended - self.late_seconds * SECOND
        return self.true(self.began, until, self.heard_since) - self.stored()

    def invented(self) -> Events:
        """Return what was stored and never happened, or is stored more often than it happened."""
        day = 86_400 * SECOND
        return self.stored() - self.true(self.began - day, self.ended + SECOND)

    def gaps(self, kind: str = "liquidations") -> list[str]:
        rows = self.table("gaps").filter(pl.col("series").str.contains(f"/{kind}/")).sort("event_time")
        return [reason for reason in rows["reason"].unique(maintain_order=True) if reason != "connecting"]

    def unexplained(self) -> Events:
        """Return what is missing and lies in no gap, give or take what the emulator sends at a time."""
        rows = self.table("gaps").filter(pl.col("series").str.contains("/liquidations/"))
        early = STEP + self.late_seconds * SECOND
        spans = rows.select("coin", (pl.col("event_time") - pl.col("span") - early).alias("since"), "event_time").rows()
        return Events(
            {
                (coin, stamp, side): count
                for (coin, stamp, side), count in self.missing().items()
                if not any(of == coin and since <= stamp * 1_000_000 <= until + STEP for of, since, until in spans)
            }
        )

    @property
    def refused(self) -> int:
        """Frames and rows in quarantine."""
        return sum(feed.quarantined for feed in self.health.feeds.values())
