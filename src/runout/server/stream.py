"""One channel of numbered messages, read at any pace: by SSE with ``Last-Event-ID``, and by WebSocket.

The channel keeps the last messages. A reader holds only the number it has got to, so a slow one costs nothing: what it
missed beyond what is kept is named by a ``gap`` message with the numbers that are lost. A number carries the run of the
server that gave it, so that one of an earlier run is a gap, and never mistaken.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Final

import anyio
import msgspec

from runout.clock import format_time, now_ns

KEPT: Final = 2_000
BEAT_SECONDS: Final = 2.0
"""Between two signs of life, so that a reader notices within five seconds that they are missing."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent.

    Parameters
    ----------
    id
        Run and number, such as ``a1b2c3-17``; empty of a beat, which is not kept.
    channel
        ``lake``, ``liquidations``, ``candles``; ``gap`` and ``beat`` of the stream itself.
    time
        ISO 8601 UTC: when it was sent.
    data
        What it says.
    """

    id: str
    channel: str
    time: str
    data: dict[str, object]


class Channel:
    """Messages in order, the last of which are kept.

    Parameters
    ----------
    kept
        How many messages a reader who comes back can still be given.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self.run = secrets.token_hex(4)
        self._kept: deque[Message] = deque(maxlen=kept)
        self._number = 0
        self._news = asyncio.Event()
        self.readers = 0
        self._closed = False

    @property
    def last(self) -> int:
        """Return the number of the last message."""
        return self._number

    def publish(self, channel: str, data: dict[str, object]) -> Message:
        """Send a message to every reader."""
        self._number += 1
        message = Message(id=f"{self.run}-{self._number}", channel=channel, time=format_time(now_ns()), data=data)
        self._kept.append(message)
        self._news.set()
        self._news = asyncio.Event()
        return message

    def close(self) -> None:
        """End every reader: an open stream would keep the server from ending."""
        self._closed = True
        self._news.set()

    async def read(
        self, after: str | None = None, *, channels: Sequence[str] = (), beat_seconds: float = BEAT_SECONDS
    ) -> AsyncIterator[Message]:
        """Yield messages, after the one named or from now on, and a beat where nothing is sent for a while.

        Parameters
        ----------
        after
            ``id`` of the last message got; what is no longer kept comes as a ``gap``.
        channels
            Only these; all if empty.
        beat_seconds
            Between two beats.
        """
        self.readers += 1
        try:
            at, lost = self._position(after)
            if lost is not None:
                yield lost
            while not self._closed:
                news = self._news
                for message in self._after(at):
                    number = int(message.id.rsplit("-", 1)[1])
                    if number > at + 1:
                        yield self._gap(at + 1, number - 1)
                    at = number
                    if not channels or message.channel in channels:
                        yield message
                if at == self._number:
                    with anyio.move_on_after(beat_seconds):
                        await news.wait()
                        continue
                    yield Message(id="", channel="beat", time=format_time(now_ns()), data={"last": at})
        finally:
            self.readers -= 1

    def _after(self, number: int) -> list[Message]:
        fresh = min(self._number - number, len(self._kept))
        return list(self._kept)[len(self._kept) - fresh :] if fresh > 0 else []

    def _position(self, after: str | None) -> tuple[int, Message | None]:
        if not after:
            return self._number, None
        run, _, number = after.rpartition("-")
        if run == self.run and number.isascii() and number.isdigit() and int(number) <= self._number:
            return int(number), None
        return self._number, self._gap(0, self._number)

    def _gap(self, first: int, last: int) -> Message:
        data: dict[str, object] = {"from": first, "to": last, "say": "messages were lost: ask for the range again"}
        return Message(id=f"{self.run}-{last}", channel="gap", time=format_time(now_ns()), data=data)


def as_event(message: Message) -> bytes:
    """Return a message as a server-sent event.

    Examples
    --------
    >>> as_event(Message(id="a-1", channel="lake", time="2025-08-18T12:00Z", data={})).decode().splitlines()[:2]
    ['id: a-1', 'event: lake']
    """
    head = f"id: {message.id}\n" if message.id else ""
    return f"{head}event: {message.channel}\ndata: ".encode() + msgspec.json.encode(message) + b"\n\n"
