"""The stream: news of the lake as server-sent events and over a WebSocket, from one channel."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Final

import anyio.to_thread
import msgspec
from litestar import WebSocket, get, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from litestar.params import Parameter
from litestar.response import Stream

from runout.errors import RunoutError, UsageError
from runout.server.asking import AnyRequest
from runout.server.stream import Channel, as_event
from runout.server.tail import Tail

CHANNELS: Final = ("lake", "liquidations", "candles")
_LEAST_BACKOFF: Final = 1.0
_MOST_BACKOFF: Final = 30.0


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What a WebSocket sends first.

    Parameters
    ----------
    op
        ``subscribe``.
    channels
        Some of ``lake``, ``liquidations``, ``candles``; all if empty.
    after
        ``id`` of the last message got.
    """

    op: str
    channels: tuple[str, ...] = ()
    after: str | None = None


@get("/v1/stream", summary="News of the lake as server-sent events", media_type="text/event-stream")
async def stream(
    request: AnyRequest,
    channels: Annotated[str, Parameter(description="Some of lake, liquidations, candles, by comma; all if empty.",
                                       pattern=r"^[a-z,]{0,60}$")] = "",
    after: Annotated[str | None, Parameter(description="As Last-Event-ID, which it yields to.", max_length=60)] = None,
) -> Stream:  # fmt: skip
    """Send news as they come; `Last-Event-ID` goes on where the asker was, and what is lost comes as a `gap`."""
    channel: Channel = request.app.state.channel
    requested = [name for name in channels.split(",") if name]
    if unknown := sorted(set(requested) - set(CHANNELS)):
        raise UsageError(f"unknown channels {', '.join(unknown)}; there are {', '.join(CHANNELS)}")
    last = request.headers.get("last-event-id") or after

    async def events() -> AsyncIterator[bytes]:
        yield b"retry: 1000\n\n"
        async for message in channel.read(last, channels=requested):
            yield as_event(message)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(events(), media_type="text/event-stream", headers=headers)


@websocket("/v1/ws")
async def socket(socket: WebSocket[Any, Any, State]) -> None:
    """Answer `{"op": "subscribe", "channels": […], "after": id}` with messages as they come."""
    await socket.accept()
    channel: Channel = socket.app.state.channel
    try:
        asked = msgspec.json.decode(await socket.receive_text(), type=Subscription)
    except (msgspec.DecodeError, WebSocketDisconnect):
        await _close(socket, 1008, 'expected {"op": "subscribe", "channels": ["liquidations"]}')
        return
    if asked.op != "subscribe" or set(asked.channels) - set(CHANNELS):
        await _close(socket, 1008, f"op is subscribe, channels are {', '.join(CHANNELS)}")
        return

    async def send() -> None:
        async for message in channel.read(asked.after, channels=asked.channels):
            await socket.send_text(msgspec.json.encode(message).decode())

    async def until_gone() -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await socket.receive_text()

    both = [asyncio.ensure_future(entry()) for entry in (send, until_gone)]
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    for item in both:
        item.cancel()
    await asyncio.gather(*both, return_exceptions=True)
    await _close(socket, 1001, "the server ends")


async def watch(tail: Tail, channel: Channel, seconds: float, expire: Callable[[], None]) -> None:
    """Ask a tail for news again and again and publish them; a lake that cannot be read is asked again later.

    Parameters
    ----------
    tail, channel
        Where news come from, and go.
    seconds
        Between two questions.
    expire
        Called before news are published.
    """
    wait = _LEAST_BACKOFF
    while True:
        try:
            news = await anyio.to_thread.run_sync(tail.poll)
            wait = _LEAST_BACKOFF
        except RunoutError as error:
            print(f"the lake cannot be read, trying again in {wait:g} s: {error}", file=sys.stderr, flush=True)  # noqa: T201 - the log
            await asyncio.sleep(wait)
            wait = min(2.0 * wait, _MOST_BACKOFF)
            continue
        if news:
            expire()
        for name, data in news:
            channel.publish(name, data)
        await asyncio.sleep(seconds)


async def _close(socket: WebSocket[Any, Any, State], code: int, reason: str) -> None:
    try:
        await socket.close(code=code, reason=reason)
    except RuntimeError:  # it is closed already
        return
