"""The server of the example venue: sends its canary, what a test tells it to, and misbehaves as told."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from collect import example_venue as example
from runout.clock import now_ns
from runout.sources.venue import Answer, Call, Venue


class ExampleServer:
    """Websockets on loopback; ``trouble`` may take over a connection by its number."""

    def __init__(self, symbols: Sequence[str] = example.SYMBOLS) -> None:
        self.symbols = list(symbols)
        self.open: dict[ServerConnection, set[str]] = {}
        self.count = 0
        self.refuse_with: int | None = None
        self.trouble: Callable[[int, ServerConnection], Awaitable[bool]] | None = None
        self.asked = 0
        self.answer_status: Callable[[int], int] = lambda _: 200
        self.listing: Callable[[str, list[str]], Any] = lambda _, symbols: symbols
        self.subscribed: list[set[str]] = []
        self.mute = False

    async def __aenter__(self) -> Self:
        self._server: Server = await serve(
            self._handle, "127.0.0.1", 0, process_request=self._admit, compression=None, max_queue=None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._marks = asyncio.create_task(self._send_marks())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._marks.cancel()
        self._server.close()
        await self._server.wait_closed()

    def _admit(self, _connection: ServerConnection, _request: Request) -> Response | None:
        return _connection.respond(self.refuse_with, "go away\n") if self.refuse_with else None

    async def _handle(self, connection: ServerConnection) -> None:
        self.count += 1
        try:
            if self.trouble is not None and await self.trouble(self.count, connection):
                return
            async for message in connection:
                asked = msgspec.json.decode(message)
                if asked["op"] == "ping":
                    await connection.send(b'{"op":"pong"}')
                    continue
                known = {"liq", "mark", *(f"trade.{symbol}" for symbol in self.symbols)}
                for name in asked["args"]:
                    if name not in known:
                        await connection.send(msgspec.json.encode({"op": "err", "msg": f"no such stream: {name}"}))
                await connection.send(b'{"op":"ack"}')
                self.open[connection] = set(asked["args"]) & known
                self.subscribed.append(self.open[connection])
        except ConnectionClosed:
            pass
        finally:
            self.open.pop(connection, None)

    async def _send_marks(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            if not self.mute:
                await self.send("mark", example.mark(now_ns()))

    async def send(self, stream: str, payload: bytes) -> None:
        for connection, streams in list(self.open.items()):
            if stream in streams:
                try:
                    await connection.send(payload)
                except ConnectionClosed:
                    self.open.pop(connection, None)

    def cut(self, connection: ServerConnection) -> None:
        """Break a connection without a close frame."""
        self.open.pop(connection, None)
        connection.transport.abort()

    async def ask(self, _venue: Venue, call: Call) -> Answer:
        body: Any
        if call.purpose == "instruments":
            body = self.listing(call.path, self.symbols[:1] if call.path == "/first" else self.symbols[1:])
            status = body if isinstance(body, int) else 200
        else:
            self.asked += 1
            status = self.answer_status(self.asked)
            body = [{"s": symbol, "t": now_ns(), "oi": 5.0} for symbol in self.symbols if symbol == call.symbol]
        return Answer(status=status, headers={}, body=msgspec.json.encode(body), received=now_ns())


async def piggybacking(payload: bytes, followed_by: bytes) -> asyncio.Server:
    """Start a server whose first frame comes in the same packet as the handshake's answer."""

    def framed(text: bytes) -> bytes:
        return b"\x81" + bytes([len(text)]) + text

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324
        answer = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n\r\n"
        )
        writer.write(answer.encode() + framed(payload))
        try:
            while not reader.at_eof():
                await asyncio.sleep(0.05)
                writer.write(framed(followed_by))
                await writer.drain()
        except ConnectionError:
            writer.close()

    return await asyncio.start_server(handle, "127.0.0.1", 0)
