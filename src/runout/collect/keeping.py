"""Keeps one copy of a connection open for ever: back-off with jitter, and a successor before its end."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import ClientSession

from runout.clock import loop_seconds
from runout.collect.recorder import Recorder
from runout.collect.sockets import Ending, Socket, limit_of
from runout.sources.venue import Connection, Venue

FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 60.0
_GOOD_SECONDS: Final = 30.0
_TAKE_OVER_SECONDS: Final = 30.0
_CLOSE_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.05
# What a refused handshake means, in seconds to stay away, times the tries so far.
_REFUSALS: Final = {403: 60.0, 418: 120.0, 429: 16.0, 451: 900.0}
_LONGEST_REFUSAL: Final = 3600.0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a copy of a connection is, for the status: times in UTC ns, 0 for never."""

    venue: str
    feed: str
    copy: int
    state: str
    limit: float
    since: int
    last_data: int
    frames: int
    tries: int
    reconnects: int
    cause: str
    refusals: tuple[str, ...] = ()


def wait_after(ending: Ending, tries: int, chance: random.Random) -> float:
    """Return how many seconds to wait before the next try.

    Parameters
    ----------
    ending
        How the last one ended.
    tries
        Tries that failed in a row, this one included.
    chance
        Where the jitter comes from.
    """
    usual = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(tries - 1, 16))
    asked = max(ending.wait, min(_REFUSALS.get(ending.status, 0.0) * tries, _LONGEST_REFUSAL))
    return asked * chance.uniform(1.0, 1.2) if asked > usual else usual * chance.uniform(0.5, 1.0)


class Keeper:
    """Keeps one copy of a connection open.

    Parameters
    ----------
    session, recorder, venue, connection, copy
        As of :class:`runout.collect.sockets.Socket`.
    address
        Returns the full address of a connection.
    admit
        Awaited before each try: the limit of new connections of the venue.
    """

    def __init__(
        self,
        session: ClientSession,
        recorder: Recorder,
        venue: Venue,
        connection: Connection,
        *,
        copy: int,
        address: Callable[[Connection], str],
        admit: Callable[[], Awaitable[None]],
    ) -> None:
        self.connection, self.copy = connection, copy
        self._session, self._recorder, self._venue = session, recorder, venue
        self._address, self._admit = address, admit
        self._chance = random.Random(f"{connection.venue}/{connection.name}/{copy}/{recorder.clock()}")  # noqa: S311
        self._replaced = asyncio.Event()
        self._socket: Socket | None = None
        self._since = 0
        self._tries = self._reconnects = self._frames = 0
        self._cause, self._state = "", "connecting"

    def replace(self, connection: Connection) -> None:
        """Go over to another description (other symbols), the new socket before the old one ends."""
        self.connection = connection
        self._replaced.set()

    def standing(self) -> Standing:
        """Return how it is."""
        socket = self._socket
        return Standing(
            venue=self.connection.venue, feed=self.connection.name, copy=self.copy, state=self._state,
            limit=limit_of(self.connection), since=self._since,
            last_data=socket.last_data if socket else 0, frames=self._frames + (socket.frames if socket else 0),
            tries=self._tries, reconnects=self._reconnects, cause=self._cause,
            refusals=tuple(socket.refusals[-5:]) if socket else (),
        )  # fmt: skip

    async def run(self) -> None:
        """Keep it open until cancelled."""
        while True:
            socket, task = await self._start()
            try:
                while not task.done():
                    requested = asyncio.create_task(self._wants_successor(socket))
                    await asyncio.wait({task, requested}, return_when=asyncio.FIRST_COMPLETED)
                    requested.cancel()
                    if not task.done():
                        socket, task = await self._take_over(socket, task)
            finally:
                await _end(task)
            await self._pause(socket, task.result())

    async def _start(self) -> tuple[Socket, asyncio.Task[Ending]]:
        self._replaced.clear()
        await self._admit()
        address = self._address(self.connection)
        socket = Socket(self._session, self._recorder, self._venue, self.connection, address, copy=self.copy)
        self._frames += self._socket.frames if self._socket else 0
        self._socket, self._state, self._since = socket, "open", self._recorder.clock()
        return socket, asyncio.create_task(socket.run())

    async def _wants_successor(self, socket: Socket) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (socket.leaving, self._replaced)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _take_over(self, old: Socket, running: asyncio.Task[Ending]) -> tuple[Socket, asyncio.Task[Ending]]:
        """Open a successor, and end the old socket once the new one gives data; else keep the old one."""
        new, task = await self._start()
        proven = asyncio.create_task(new.proven.wait())
        try:
            await asyncio.wait({proven, task}, timeout=_TAKE_OVER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await _end(task)
            raise
        finally:
            proven.cancel()
        if not task.done():
            await self._overlap(old, running, new)
            old.stop("taken over")
            await asyncio.wait({running}, timeout=_CLOSE_SECONDS)
            await _end(running)
            return new, task
        self._socket = old
        self._tries += 1
        # The old one may still be good: it is left alone until the next try.
        await asyncio.wait({running}, timeout=wait_after(task.result(), self._tries, self._chance))
        return old, running

    async def _overlap(self, old: Socket, running: asyncio.Task[Ending], new: Socket) -> None:
        """Wait until the old socket gave data after the new one's first: nothing lies between the two then."""
        until = loop_seconds() + limit_of(old.connection)
        while not running.done() and old.last_data < new.first_data and loop_seconds() < until:
            await asyncio.wait({running}, timeout=_LOOK_SECONDS)

    async def _pause(self, socket: Socket, ending: Ending) -> None:
        """Wait before the next try: longer after each that failed, for ever."""
        self._state, self._cause = "waiting", ending.cause
        self._reconnects += 1
        lasted = loop_seconds() - socket.began
        self._tries = 1 if socket.proven.is_set() and lasted > _GOOD_SECONDS else self._tries + 1
        await asyncio.sleep(wait_after(ending, self._tries, self._chance))


async def _end(task: asyncio.Task[Ending]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
