"""One supervisor over all connections and polls: a task each, none of which can end another."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import msgspec
import structlog
from aiohttp import ClientSession, TCPConnector
from aiolimiter import AsyncLimiter

from runout.clock import followed
from runout.collect.keeping import Keeper, Standing
from runout.collect.notes import Began, Stopped
from runout.collect.polling import Ask, feed_of, keep_polling, list_instruments
from runout.collect.recorder import Recorder
from runout.sources.venue import Call, Connection, Instrument, Venue

_REFRESH_SECONDS = 3600.0
_PARTIAL_SECONDS = 300.0  # until a list is asked for again of which a part failed
# New connections a venue: none publishes less than 3 a second and 300 in five minutes, but for Hyperliquid's pool.
_CONNECTS, _CONNECT_SECONDS = 200, 300.0
_SPACING_SECONDS = 0.35
_RESTART_SECONDS = 10.0
_TICK_SECONDS = 1.0
_SOON_SECONDS = 0.5  # between two ticks at least: a slot costs the process that makes rows some tens of milliseconds


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What to record of a venue.

    Parameters
    ----------
    coins
        Base assets; empty for all.
    kinds
        Record kinds.
    all_liquidations
        Whether liquidations of all instruments are recorded, not of ``coins`` alone.
    """

    coins: tuple[str, ...]
    kinds: tuple[str, ...]
    all_liquidations: bool = True

    def connections(self, venue: Venue, instruments: Sequence[Instrument]) -> tuple[Connection, ...]:
        """Return the connections of the scope."""
        chosen = self.instruments(instruments)
        others = [kind for kind in self.kinds if kind != "liquidations"]
        connections = venue.connections(chosen, others)
        if "liquidations" in self.kinds:
            of_all = instruments if self.all_liquidations else chosen
            connections = (*venue.connections(of_all, ["liquidations"]), *connections)
        return connections

    def instruments(self, instruments: Sequence[Instrument]) -> list[Instrument]:
        """Return the instruments of the coins."""
        return [instrument for instrument in instruments if not self.coins or instrument.coin in self.coins]


class Supervisor:
    """Runs everything that is to be recorded, until cancelled.

    Parameters
    ----------
    recorder
        Where it goes.
    venues
        Venue, and what to record of it.
    ask
        Makes a REST call within the limits of its venue.
    address
        Returns the full address of a connection of a venue.
    refresh_seconds
        How often the instruments are asked for anew.
    """

    def __init__(
        self,
        recorder: Recorder,
        venues: Sequence[tuple[Venue, Scope]],
        ask: Ask,
        address: Callable[[Venue, Connection], str],
        *,
        refresh_seconds: float = _REFRESH_SECONDS,
    ) -> None:
        self._recorder, self._venues, self._ask, self._address = recorder, venues, ask, address
        self._refresh_seconds = refresh_seconds
        self._log = structlog.get_logger("collect")
        self._keepers: dict[tuple[str, str, int], tuple[Keeper, asyncio.Task[None]]] = {}
        self._polls: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._said: dict[tuple[str, str, int], str] = {}

    def standings(self) -> list[Standing]:
        """Return how all connections are."""
        return [keeper.standing() for keeper, _ in self._keepers.values()]

    def polled(self) -> dict[str, float]:
        """Return the polls, ``venue/feed``, that run."""
        return {f"{venue}/{feed}": 0.0 for (venue, feed), task in self._polls.items() if not task.done()}

    async def run(self) -> None:
        """Record until cancelled; the end is noted in the log."""
        self._recorder.note(Began(str(followed() or "")))
        try:
            async with ClientSession(connector=TCPConnector(limit=0)) as self._session, asyncio.TaskGroup() as group:
                for venue, scope in self._venues:
                    group.create_task(self._guard(f"{venue.name} refresh", partial(self._refresh, venue, scope, group)))
                group.create_task(self._tick())
        finally:
            self._recorder.tick()
            self._recorder.note(Stopped())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_SOON_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._recorder.urgent.wait(), _TICK_SECONDS - _SOON_SECONDS)
            self._recorder.tick()
            for standing in self.standings():
                key = (standing.venue, standing.feed, standing.copy)
                text = f"{standing.state} {standing.cause}"
                if self._said.get(key) != text:
                    self._said[key] = text
                    level = self._log.warning if standing.state == "waiting" else self._log.info
                    level(standing.state, venue=standing.venue, feed=standing.feed, copy=standing.copy,
                          cause=standing.cause, tries=standing.tries)  # fmt: skip

    async def _refresh(self, venue: Venue, scope: Scope, group: asyncio.TaskGroup) -> None:
        """Ask for the instruments, and bring connections and polls in line with them, again and again."""
        limiter = AsyncLimiter(*self._connect_limit(venue))
        spacing = AsyncLimiter(1, _SPACING_SECONDS)

        async def admit() -> None:
            await limiter.acquire()
            await spacing.acquire()

        former: dict[Call, bytes] = {}
        while True:
            instruments, whole = await list_instruments(self._recorder, venue, self._ask, former)
            self._log.info("instruments", venue=venue.name, count=len(instruments), whole=whole)
            self._align_connections(venue, scope.connections(venue, instruments), group, admit)
            self._align_polls(venue, scope, instruments, group)
            await asyncio.sleep(self._refresh_seconds if whole else min(self._refresh_seconds, _PARTIAL_SECONDS))

    def _connect_limit(self, venue: Venue) -> tuple[float, float]:
        pool = venue.facts.pools.get("connects")
        return (pool.weight * pool.share, pool.seconds) if pool else (_CONNECTS, _CONNECT_SECONDS)

    def _align_connections(
        self,
        venue: Venue,
        connections: Sequence[Connection],
        group: asyncio.TaskGroup,
        admit: Callable[[], Awaitable[None]],
    ) -> None:
        requested = {
            (venue.name, connection.name, copy): connection
            for connection in connections
            for copy in range(connection.copies)
        }
        for key, (keeper, task) in list(self._keepers.items()):
            if key[0] == venue.name and key not in requested:
                task.cancel()
                del self._keepers[key]
            elif key in requested and keeper.connection != requested[key]:
                keeper.replace(requested[key])
        for key, connection in requested.items():
            if key not in self._keepers:
                keeper = Keeper(
                    self._session, self._recorder, venue, connection,
                    copy=key[2], address=lambda c, v=venue: self._address(v, c), admit=admit,
                )  # fmt: skip
                task = group.create_task(self._guard(f"{venue.name}/{connection.name}", keeper.run))
                self._keepers[key] = keeper, task

    def _align_polls(
        self, venue: Venue, scope: Scope, instruments: Sequence[Instrument], group: asyncio.TaskGroup
    ) -> None:
        polls = {(venue.name, feed_of(poll.call)): poll for poll in venue.polls(scope.instruments(instruments))}
        for key, task in list(self._polls.items()):
            if key[0] == venue.name and key not in polls:
                task.cancel()
                del self._polls[key]
        for key, poll in polls.items():
            if key not in self._polls:
                work = partial(keep_polling, self._recorder, venue, poll, self._ask, (poll.call.purpose,))
                self._polls[key] = group.create_task(self._guard("/".join(key), work))

    async def _guard(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run one part; a defect in it is logged, leaves the others alone, and the part begins again."""
        while True:
            try:
                return await work()
            except Exception:  # noqa: BLE001 - the others go on recording
                self._log.exception("a part of the collector failed", part=name)
                await asyncio.sleep(_RESTART_SECONDS)
