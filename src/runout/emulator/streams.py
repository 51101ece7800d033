"""All websockets of an emulator: handshakes, the pump that sends what the market does, and the laws of a connection."""

import asyncio
import socket as sockets
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from runout.emulator.faults import Fault
from runout.emulator.forms import Feed, StreamForm
from runout.emulator.frames import PONG, framed
from runout.emulator.truth import ConnectionRecord, Truth
from runout.emulator.wire import Socket

if TYPE_CHECKING:
    from runout.emulator.clock import Clock
    from runout.emulator.desk import Desk
    from runout.emulator.faults import Script

Messages = list[tuple[int, str, Feed, bytes]]


class Streams:
    """The websockets; a live resource.

    Parameters
    ----------
    clock, script, truth
        Of the emulator.
    """

    def __init__(self, clock: "Clock", script: "Script", truth: Truth) -> None:
        self.clock, self.script, self.truth = clock, script, truth
        self.sockets: list[Socket] = []
        self._sent_until = clock.now()
        self._connects: dict[tuple[str, str], list[float]] = {}

    # -- a connection -------------------------------------------------------------------------------------------------

    async def serve(self, request: web.Request, desk: "Desk", host: str, path: str) -> web.StreamResponse:
        """Answer an upgrade and serve the connection to its end."""
        form, venue = desk.form.stream, desk.form.name
        if form is None:
            raise web.HTTPNotFound
        base = form.hosts.get(host, "")
        path = path if path.startswith(base) else base + path.removeprefix("/" if path == "/" else "")
        now = self.clock.wire_seconds()
        faults = {fault.kind: fault for fault in self.script.strike("handshake", venue, f"{host}{path}", now)}
        refusal = self._refusal(form, venue, request.remote or "", faults)
        if refusal:
            return web.Response(status=refusal)
        if "slow-handshake" in faults:
            await asyncio.sleep(float(faults["slow-handshake"].value or 5.0))
        answer = web.WebSocketResponse(autoping=False, autoclose=False, compress=False, max_msg_size=2**20)
        _hold_back(request, on="early-frame" in faults)
        await answer.prepare(request)
        socket = self._opened(request, desk, host, path)
        if "early-frame" in faults:
            self.pump()
            _hold_back(request, on=False)
        await self._hear(answer, socket)
        socket.end(None, "client")
        if socket in self.sockets:
            self.sockets.remove(socket)
        return answer

    def _refusal(self, form: StreamForm, venue: str, address: str, faults: dict[str, Fault]) -> int:
        if "refuse-handshake" in faults:
            return int(faults["refuse-handshake"].value or 502)
        stored = sum(1 for socket in self.sockets if socket.venue == venue)
        if form.most_connections and stored >= form.most_connections:
            self.truth.refused_connections[venue] += 1
            return 429
        if not form.connects:
            return 0
        now = self.clock.wire_seconds()
        recent = [at for at in self._connects.get((venue, address), []) if at > now - form.connects_seconds]
        self._connects[venue, address] = [*recent, now]
        if len(recent) < form.connects:
            return 0
        self.truth.refused_connections[venue] += 1
        return 429

    def _opened(self, request: web.Request, desk: "Desk", host: str, path: str) -> Socket:
        number, form = len(self.truth.connections), desk.form.stream
        transport: Any = request.transport
        if form is None or transport is None:
            raise web.HTTPServiceUnavailable
        self.truth.connections.append(
            ConnectionRecord(number, desk.form.name, host, path, self.clock.wire_seconds(), self.clock.now())
        )
        socket = Socket(number, desk, form, host, path, transport, self.script, self.truth)
        self.sockets.append(socket)
        if form.opened:
            form.opened(socket)
        socket.flush()
        return socket

    async def _hear(self, answer: web.WebSocketResponse, socket: Socket) -> None:
        while socket.open:
            try:
                message = await answer.receive()
            except (RuntimeError, ConnectionError):
                return
            now = self.clock.wire_seconds()
            if message.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}:
                return
            socket.heard = now
            if message.type is WSMsgType.PONG:
                socket.unanswered = None
            elif message.type is WSMsgType.PING:
                if socket.answers_pings:
                    socket.write(framed(bytes(message.data), PONG))
            elif not self._too_fast(socket, now):
                data = message.data
                socket.form.heard(socket, data.encode() if isinstance(data, str) else bytes(data))
            socket.flush()

    def _too_fast(self, socket: Socket, now: float) -> bool:
        form = socket.form
        if not form.messages:
            return False
        while socket.spoken and socket.spoken[0] <= now - form.messages_seconds:
            socket.spoken.popleft()
        socket.spoken.append(now)
        if len(socket.spoken) <= form.messages:
            return False
        socket.end(form.too_many_messages, "too many messages")
        return True

    # -- the pump -----------------------------------------------------------------------------------------------------

    def pump(self) -> None:
        """Send what happened since the last time, and apply the laws of a connection."""
        since, until = self._sent_until, self.clock.now()
        self._sent_until = max(since, until)
        by_desk: dict[int, list[Socket]] = {}
        now = self.clock.wire_seconds()
        for socket in self.sockets:
            for fault in self.script.strike("socket", socket.venue, f"{socket.host}{socket.path}", now, socket.met):
                _befall(socket, fault, now)
            by_desk.setdefault(id(socket.desk), []).append(socket)
        for together in by_desk.values():
            if until > since:
                self._send(together, since, until)
        for socket in list(self.sockets):
            socket.flush()
            self._keep_law(socket)
            socket.flush()
        self.sockets = [item for item in self.sockets if item.open]

    def skip(self) -> None:
        """Let what happened since the last time go unsent."""
        self._sent_until = self.clock.now()

    def _send(self, together: list[Socket], since: int, until: int) -> None:
        desk = together[0].desk
        produced: dict[str, Messages] = {}
        for socket in together:
            for topic, feed in socket.topics.items():
                if topic not in produced:
                    rows = feed.payloads(desk, topic, since, until)
                    produced[topic] = [(time, topic, feed, payload) for time, payload in rows]
        for socket in together:
            parts = [produced[topic] for topic in socket.topics]
            messages = [item for part in parts for item in part]
            if len(parts) > 1:
                messages.sort(key=itemgetter(0))
            socket.deliver(messages)

    def _keep_law(self, socket: Socket) -> None:
        form, now = socket.form, self.clock.wire_seconds()
        if socket.state.get("shutdown", now + 1) <= now:
            socket.end(1001, "shutdown")
        elif form.cut_after and now - socket.opened >= form.cut_after:
            socket.end(1001, "24 hours")
        elif form.idle_close and now - socket.life >= form.idle_close:
            socket.end(form.idle_code, "idle")
        elif socket.pong_within and socket.unanswered is not None and now - socket.unanswered >= socket.pong_within:
            socket.end(form.idle_code, "no pong")
        elif socket.ping_every and now - socket.pinged >= socket.ping_every:
            socket.pinged = now
            if socket.unanswered is None:
                socket.unanswered = now
            (form.server_ping or Socket.ping)(socket)


def _befall(socket: Socket, fault: Fault, now: float) -> None:
    socket.faults.append(fault)
    if fault.kind == "deaf":
        socket.answers_pings = False
    elif fault.kind == "close":
        socket.end(int(fault.value or 1000), "close")
    elif fault.kind == "abort":
        socket.end(None, "abort")
    elif fault.kind == "shutdown":
        socket.state["shutdown"] = now + 10.0
        if socket.form.shutdown:
            socket.form.shutdown(socket)


def _hold_back(request: web.Request, *, on: bool) -> None:
    """Hold back or let go what is written, so that an answer and a frame leave in one packet (Linux)."""
    option = getattr(sockets, "TCP_CORK", None)
    results: Any = request.transport.get_extra_info("socket") if request.transport else None
    if option is not None and results is not None:
        results.setsockopt(sockets.IPPROTO_TCP, option, 1 if on else 0)
