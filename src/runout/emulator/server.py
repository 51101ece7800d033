"""The emulated venues on one loopback port: ``http://127.0.0.1:PORT/<venue>/<host key>/<the venue's own path>``."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any, Self
from zlib import crc32

from aiohttp import web

from runout.clock import EmulatedClock, emulated_clock
from runout.emulator.clock import Clock
from runout.emulator.damage import mangled
from runout.emulator.desk import Desk
from runout.emulator.faults import Fault, Script
from runout.emulator.forms import Query, Refused, Reply, Route, VenueForm, json_reply
from runout.emulator.limits import Limits
from runout.emulator.market import Market, Plan
from runout.emulator.occurrences import befall, unlist
from runout.emulator.streams import Streams
from runout.emulator.truth import CallRecord, Truth
from runout.emulator.venues import FORMS
from runout.errors import UsageError

TICK = 0.05
"""Real seconds between two steps of the pump."""
REFUSING = {"slow-down", "slow-down-bare", "banned", "blocked"}
PAGING = {"overlap", "short-page", "empty"}
MANGLING = ("unknown-field", "missing-field", "text-numbers", "null", "html", "cut")


class Counter:
    """One venue's counter: its desk, routes and limits."""

    def __init__(self, form: VenueForm, market: Market, clock: Clock) -> None:
        self.form, self.desk, self.limits = (
            form,
            Desk(form, market, clock),
            Limits(form.pools, form.law, clock.wire_speed),
        )
        self._routes = [(_pattern(route.path), route) for route in form.routes]
        self.last_answers: dict[str, Reply] = {}

    def route(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route of a path and the parameters that stand in it."""
        for whole in (path, *(base + path for base in self.form.bases)):
            for pattern, route in self._routes:
                results = pattern.fullmatch(whole)
                if results and route.method == method:
                    return route, results.groupdict()
        raise Refused("path", f"no such path {path}")


class Emulator:
    """Emulated venues; ``async with`` serves them.

    Parameters
    ----------
    plan
        The market; or a market that is already simulated.
    venues
        Names of the venues; all where not given.
    speed, wire_speed
        Market seconds, and seconds of limits and heartbeats, in a real second; 0: only ``clock.advance`` moves them.
    faults
        What goes wrong.
    port
        Port on the loopback address; 0: a free one.
    keep
        Feeds whose messages :class:`~runout.emulator.truth.Truth` keeps whole.
    """

    def __init__(
        self, plan: Plan | Market, *, venues: Sequence[str] = (), speed: float = 1.0, wire_speed: float = 1.0,
        faults: Sequence[Fault] = (), port: int = 0,
        keep: Sequence[str] = ("liquidations",),
    ) -> None:  # fmt: skip
        self.market = plan if isinstance(plan, Market) else Market(plan)
        self.clock = Clock(self.market.plan.start, speed, wire_speed)
        self.script, self.truth = Script(tuple(faults), self.market.plan.seed), Truth(frozenset(keep))
        names = venues or tuple(FORMS)
        wrong = [name for name in names if name not in FORMS]
        if wrong:
            raise UsageError(f"expected venues of {', '.join(FORMS)}, found {', '.join(wrong)}")
        self.counters = {name: Counter(FORMS[name], self.market, self.clock) for name in names}
        for fault in self.script.faults:
            if fault.kind == "list":
                for counter in self.counters.values():
                    unlist(counter.desk, fault)
        self.streams = Streams(self.clock, self.script, self.truth)
        self._port, self._runner, self._pump = port, None, None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_get("/emulator/clock", self._clock)
        app.router.add_route("*", "/{venue}/{host}", self._answer)
        app.router.add_route("*", "/{venue}/{host}/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        if self.clock.speed:
            self._pump = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pump:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        for socket in list(self.streams.sockets):
            socket.end(None, "emulator ended")
        if self._runner:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Return the base of all addresses."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def clients(self) -> int:
        """Return how many connections are open, those of websockets included."""
        server = self._runner.server if self._runner else None
        return len(server.connections) if server else 0

    def addresses(self) -> dict[str, dict[str, str]]:
        """Return the base addresses of each venue by host key, as the setting of hosts takes them."""
        result: dict[str, dict[str, str]] = {}
        for name, counter in self.counters.items():
            hosts = {host: f"{self.url}/{name}/{host}" for host in counter.form.hosts}
            streams = counter.form.stream.hosts if counter.form.stream else ()
            result[name] = hosts | {host: f"ws://127.0.0.1:{self._port}/{name}/{host}" for host in streams}
        return result

    def followed(self) -> EmulatedClock:
        """Return the clock that a client of these venues follows."""
        return emulated_clock(self.clock.now(), self.clock.speed, self.clock.wire_speed)

    def settings(self) -> str:
        """Return the base addresses and the clock of the market as ``runout.toml`` takes them."""
        lines: list[str] = []
        if self.clock.speed:
            lines += [f'emulated_clock = "{self.followed()}"', ""]
        for name, hosts in self.addresses().items():
            lines += [f"[venue_hosts.{name}]", *(f'{host} = "{address}"' for host, address in hosts.items()), ""]
        return "\n".join(lines)

    async def advance(self, seconds: float) -> None:
        """Let so many market seconds pass at once, and send what happened in them."""
        self.clock.advance(seconds)
        self.step()
        await asyncio.sleep(0)

    def jump(self, time: int) -> None:
        """Go to a market time (UTC ns); what happens before it is not sent, and no limit or heartbeat sees it pass."""
        self.clock.jump(time)
        self.streams.skip()

    def step(self) -> None:
        """Apply faults of the market, and send what happened since the last step."""
        now = self.clock.wire_seconds()
        for counter in self.counters.values():
            if self.script.has("market"):
                befall(counter.desk, self.script, now)
        self.streams.pump()

    async def _run(self) -> None:
        while True:
            self.step()
            await asyncio.sleep(TICK)

    async def until_end(self) -> None:
        """Serve until the simulated market ends."""
        while (left := self.market.end - self.clock.now()) > 0:  # noqa: ASYNC110 - the clock may be set ahead
            await asyncio.sleep(max(left / 1e9 / max(self.clock.speed, 1e-3), 0.01))

    # -- REST ---------------------------------------------------------------------------------------------------------

    async def _clock(self, request: web.Request) -> web.Response:  # noqa: ARG002 - of the form of a handler
        """Answer with the market's clock: what time it is, and how fast it runs."""
        clock = self.clock
        return web.json_response(
            {"now": clock.now(), "start": clock.start, "speed": clock.speed, "end": self.market.end}
        )

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        counter = self.counters.get(request.match_info["venue"])
        if counter is None:
            raise web.HTTPNotFound
        path = "/" + request.match_info.get("tail", "")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            asked = path + (f"?{request.query_string}" if request.query_string else "")
            return await self.streams.serve(request, counter.desk, request.match_info["host"], asked)
        parameters: dict[str, Any] = dict(request.query)
        if "api_key" in request.headers:
            parameters["header api_key"] = request.headers["api_key"]
        if request.method == "POST":
            parameters |= await _body(request)
        faults = self.script.strike("rest", counter.form.name, path, self.clock.wire_seconds())
        kinds = {fault.kind for fault in faults}
        for fault in faults:
            if fault.kind == "slow":
                await asyncio.sleep(float(fault.value or 1.0))
        if "reset" in kinds and request.transport:
            request.transport.abort()
        reply, outcome = self._reply(counter, request, path, parameters, kinds)
        self.truth.calls.append(
            CallRecord(
                counter.form.name, path, tuple((name, str(value)) for name, value in parameters.items()), reply.status,
                self.clock.wire_seconds(), self.clock.now(), outcome or ",".join(sorted(kinds)),
                crc32(reply.body), len(reply.body),
            )
        )  # fmt: skip
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)

    def _reply(
        self, counter: Counter, request: web.Request, path: str, parameters: dict[str, Any], kinds: set[str]
    ) -> tuple[Reply, str]:
        """Return the answer, and the word for it where it is a refusal."""
        address, now = request.remote or "", self.clock.wire_seconds()
        headers: tuple[tuple[str, str], ...] = ()
        try:
            route, parts = counter.route(request.method, path)
            query = Query(parameters | parts, frozenset(kinds & PAGING))
            weight = route.weight if isinstance(route.weight, int) else route.weight(query)
            headers = counter.limits.take(address, route.pool, weight, now, path)
            _refuse(counter, kinds, address, now)
            if "broken" in kinds:
                return Reply(502, mangled(b"{}", "html"), (("Content-Type", "text/html"),)), "broken"
            if "loop" in kinds and path in counter.last_answers:
                return counter.last_answers[path], "loop"
            body = route.answer(counter.desk, query)
            reply = body if isinstance(body, Reply) else json_reply(body)
        except Refused as refused:
            reply = counter.form.refuse(refused, counter.desk.now())
            if "slow-down-bare" in kinds:
                reply = Reply(reply.status, reply.body)
            return Reply(reply.status, reply.body, (*reply.headers, *headers)), refused.kind
        body = reply.body
        for kind in MANGLING:
            if kind in kinds:
                body = mangled(body, kind)
        reply = Reply(reply.status, body, (*reply.headers, *headers))
        if "reset" not in kinds:  # what never arrived cannot come again
            counter.last_answers[path] = reply
        return reply, ""


def _refuse(counter: Counter, kinds: set[str], address: str, now: float) -> None:
    if "banned" in kinds:
        counter.limits.punish(address, now)
    for kind in sorted(kinds & REFUSING):
        raise Refused(kind.removesuffix("-bare"), seconds=10.0)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+?)", path))
