"""One websocket from handshake to end: every frame goes to the raw log first, and silence ends it."""

import asyncio
import contextlib
from typing import Final, Literal

import msgspec
from aiohttp import (
    ClientError,
    ClientSession,
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSMessage,
    WSMsgType,
    WSServerHandshakeError,
)

from runout.clock import NANOSECONDS_PER_SECOND, loop_seconds
from runout.collect.notes import Missing, source_of
from runout.collect.recorder import Recorder
from runout.sources.venue import Connection, Frame, Venue

_OPEN_SECONDS: Final = 10.0
_TIMEOUT: Final = ClientWSTimeout(ws_close=2.0)  # pyright: ignore[reportCallIssue] - its fields are made by attrs
_LARGEST_FRAME: Final = 32 << 20
_QUIET_SECONDS: Final = 60.0
_CHECK_SECONDS: Final = 0.25
_REFUSED_SECONDS: Final = 60.0
_UNKNOWN: Final = Frame(kind="unknown")
_DATA: Final = (WSMsgType.TEXT, WSMsgType.BINARY)

_Connected = ClientWebSocketResponse[Literal[False]]


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a socket ended.

    Parameters
    ----------
    cause
        In words.
    wait
        Seconds that the server asked to stay away; 0: it did not.
    status
        HTTP status of a handshake that was refused; 0: it was not.
    """

    cause: str
    wait: float = 0.0
    status: int = 0


def limit_of(connection: Connection) -> float:
    """Return after how many seconds without data a connection is dead."""
    canaries = [stream.first_datum for stream in connection.streams if stream.canary and stream.first_datum]
    others = [stream.first_datum for stream in connection.streams if stream.first_datum]
    return min(canaries) if canaries else max(others, default=_QUIET_SECONDS)


class Socket:
    """One opened connection.

    Parameters
    ----------
    session, recorder, venue, connection, copy
        What opens it; where frames go; who reads what they are; what to open; which of its copies.
    url
        Full address.

    Attributes
    ----------
    proven
        Set once data came.
    leaving
        Set once another socket should take over: the server asked for it, or it is older than it may be.
    """

    def __init__(
        self,
        session: ClientSession,
        recorder: Recorder,
        venue: Venue,
        connection: Connection,
        url: str,
        *,
        copy: int = 0,
    ) -> None:
        self.connection, self.copy, self.url = connection, copy, url
        self._session = session
        self.proven, self.leaving = asyncio.Event(), asyncio.Event()
        self.frames = 0
        self.first_data = self.last_data = 0
        self.refusals: list[str] = []
        self.stopping = ""
        self.began = loop_seconds()
        self._recorder, self._venue = recorder, venue
        self._limit = limit_of(connection)
        # Where nothing has to speak, the answer to a ping is all the life there is.
        self._any_life = not any(stream.first_datum for stream in connection.streams)
        self._awaited = {stream.name: stream for stream in connection.streams if stream.first_datum}
        self._kinds = {stream.name: stream.kind for stream in connection.streams}
        self._sequence: dict[str, tuple[int, int]] = {}
        self._refused: dict[str, tuple[int, str]] = {}

    async def run(self) -> Ending:
        """Open, subscribe, receive until the end, and return how it ended."""
        self._number = self._recorder.open(source_of(self.connection, self.copy, self._limit, self._recorder.pace))
        ending = Ending(cause="stopped")
        try:
            ending = await self._run()
        except asyncio.CancelledError:
            ending = Ending(cause="collector stopped")
            raise
        finally:
            self._lack_refused()
            planned = ending.cause == "taken over"
            self._recorder.close(self._number, ending.cause, planned=planned)
        return ending

    def stop(self, cause: str) -> None:
        """Close it from our side."""
        self.stopping = cause

    async def _run(self) -> Ending:
        try:
            # No heartbeat of our own beside the venue's: a server may answer none and still send data.
            async with asyncio.timeout(_OPEN_SECONDS):
                socket = await self._session.ws_connect(
                    self.url, timeout=_TIMEOUT, max_msg_size=_LARGEST_FRAME, decode_text=False
                )
        except WSServerHandshakeError as error:
            wait = 0.0
            with contextlib.suppress(ValueError):
                wait = float((error.headers or {}).get("Retry-After") or 0.0)
            return Ending(cause=f"handshake refused: HTTP {error.status}", wait=wait, status=error.status)
        except TimeoutError:
            return Ending(cause=f"no handshake within {_OPEN_SECONDS:g} s")
        except (OSError, ClientError) as error:
            return Ending(cause=f"cannot connect: {error}")
        async with socket:
            return await self._receive(socket)

    async def _receive(self, socket: _Connected) -> Ending:
        self._opened = self._lived = loop_seconds()
        watch = asyncio.create_task(self._watch(socket))
        talk = asyncio.create_task(self._talk(socket))
        frame, clock, number = self._recorder.frame, self._recorder.clock, self._number
        try:
            while (message := await socket.receive()).type in _DATA:
                payload: bytes = message.data
                received = clock()
                frame(number, payload, received)
                self.frames += 1
                reply = self._take(payload, received)
                if reply is not None:
                    await socket.send_frame(reply, WSMsgType.TEXT)
        except ConnectionError:
            message = WSMessage(WSMsgType.CLOSED, None, None)
        finally:
            watch.cancel()
            talk.cancel()
        if self.stopping:
            return Ending(cause=self.stopping)
        if message.type is WSMsgType.CLOSE:
            return Ending(cause=f"closed by the server: {message.data} {message.extra}".strip())
        if message.type is WSMsgType.ERROR:
            return Ending(cause=f"the server broke the protocol: {message.data}")
        return Ending(cause="connection lost without a close frame (1006)")

    def _take(self, payload: bytes, received: int) -> bytes | None:
        """Note what a frame proves, and return what has to be answered."""
        try:
            frame = self._venue.classify(payload)
        except Exception:  # noqa: BLE001 - a frame that no reader understands is kept, and proves nothing
            frame = _UNKNOWN
        if frame.kind == "data" or (self._any_life and frame.kind == "alive"):
            self._recorder.prove(self._number, received)
            self._lived = loop_seconds()
            self.last_data = received
            if not self.proven.is_set():
                self.first_data = received
                self.proven.set()
            if self._awaited:
                for name in frame.streams:
                    self._awaited.pop(name, None)
            if any(self._kinds.get(name) == "liquidations" for name in frame.streams):
                self._recorder.urgent.set()
            if frame.sequence:
                self._follow(frame.sequence, received)
        elif frame.kind == "refused":
            self._refuse(frame, received)
        elif frame.kind == "leave":
            self.leaving.set()
        return frame.reply

    def _follow(self, sequence: tuple[tuple[str, int], ...], received: int) -> None:
        """Note numbers that are missing; a number that is not above the last is a repetition or a new count."""
        for name, number in sequence:
            last, at = self._sequence.get(name, (number - 1, received))
            self._sequence[name] = (number, received)
            if number > last + 1:
                cause = f"sequence: {number - last - 1} of {name} missing"
                self._lack(name, cause, at, received, number - last - 1)

    def _lack(self, stream: str, cause: str, since: int, until: int, count: int = 0) -> None:
        if stream in self._kinds:
            note = Missing(
                source=self._number, kind=self._kinds[stream], stream=stream, cause=cause, count=count, since=since,
                until=until,
            )  # fmt: skip
            self._recorder.note(note)

    def _refuse(self, frame: Frame, received: int) -> None:
        """Remember which streams were refused: they are missing for as long as the socket lives."""
        self.refusals.append(frame.words)
        named = frame.streams or tuple(name for name in self._kinds if name in frame.words)
        # Where the refusal names no stream, it is of those that have not spoken.
        for name in named or tuple(self._awaited):
            self._refused.setdefault(name, (received, f"subscription refused: {frame.words}"))
            self._awaited.pop(name, None)

    def _lack_refused(self) -> None:
        now = self._recorder.clock()
        for name, (since, cause) in self._refused.items():
            self._lack(name, cause, since, now)
            self._refused[name] = (now, cause)

    async def _talk(self, socket: _Connected) -> None:
        """Subscribe, then keep alive."""
        with contextlib.suppress(ConnectionError):
            for message in self.connection.opening:
                await socket.send_frame(message, WSMsgType.TEXT)
                await asyncio.sleep(self.connection.opening_pause)
            self._recorder.opened(self._number)
            while self.connection.keep_alive is not None and self.connection.keep_alive_every > 0:
                await asyncio.sleep(self.connection.keep_alive_every)
                await socket.send_frame(self.connection.keep_alive, WSMsgType.TEXT)

    async def _watch(self, socket: _Connected) -> None:
        """End the socket once it is silent for too long, or asked to; ask for another once it is old."""
        now = refused = loop_seconds()
        while not self.stopping:
            before = now
            await asyncio.sleep(_CHECK_SECONDS)
            now = loop_seconds()
            self._excuse(now - before - _CHECK_SECONDS)
            if now - refused > _REFUSED_SECONDS:
                refused = now
                self._lack_refused()
            age, silent = now - self._opened, now - self._lived
            if silent > self._limit:
                self.stopping = f"silent for more than {self._limit:g} s"
            elif self._awaited:
                self._check_awaited(age)
            if self.connection.rotate_after and age > self.connection.rotate_after:
                self.leaving.set()
        with contextlib.suppress(ConnectionError):
            await socket.close()

    def _excuse(self, stalled: float) -> None:
        """Leave out of its silence the seconds in which this process did not run: what came waits to be read."""
        if stalled > _CHECK_SECONDS:
            self._lived += stalled
            self._opened += stalled

    def _check_awaited(self, age: float) -> None:
        """End a socket on which a stream never spoke: an acknowledgement proves nothing."""
        late = sorted(name for name, stream in self._awaited.items() if age > stream.first_datum)
        if late and self.proven.is_set():
            now = self._recorder.clock()
            began = now - round(age * self._recorder.pace * NANOSECONDS_PER_SECOND)
            for name in late:
                self._lack(name, f"no data from {name}", began, now)
            self.stopping = f"acknowledged, but no data from {', '.join(late)[:200]} within the deadline"
