"""Bitfinex derivatives: rows without names; numbered frames on channels that each connection has of its own."""

from typing import Any

import msgspec

from runout.clock import NANOSECONDS_PER_MINUTE
from runout.emulator.columns import tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk
from runout.emulator.feeds import SECOND, Close, Sent, closes, every, page_of_closes, quote, quotes, trades
from runout.emulator.forms import (
    Feed,
    Pool,
    Query,
    Refused,
    Reply,
    Route,
    StreamForm,
    VenueForm,
    json_reply,
    milliseconds,
)  # fmt: skip
from runout.emulator.shapes import listed, perpetuals, step_of
from runout.emulator.wire import Socket

CANDLES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "3h": 180, "6h": 360, "12h": 720, "1D": 1440}
TIMESTAMPS, SEQUENCE = 32_768, 65_536
"""Flags of ``conf``."""


def refuse(refused: Refused, now: int) -> Reply:  # noqa: ARG001 - of the form of all errors
    """Return an error as Bitfinex words it."""
    if refused.kind in {"slow-down", "banned"}:
        return json_reply({"error": "ERR_RATE_LIMIT"}, 429)
    if refused.kind == "blocked":
        return json_reply({"error": "ERR_ACCESS_DENIED"}, 403)
    return json_reply(["error", 10020, f"{refused.kind}: invalid"], 404 if refused.kind == "path" else 500)


def _span(query: Query) -> tuple[int, int]:
    return query.span("start", "end")


def _newest_first(query: Query, rows: list[Any]) -> list[Any]:
    return rows if query.text("sort", "-1") == "1" else rows[::-1]


def liquidations_history(desk: Desk, query: Query) -> Any:
    """``/v2/liquidations/hist``: 500 at most; each row in a list of its own."""
    since, until = _span(query)
    limit, oldest = query.limit(120, 500), query.text("sort", "-1") == "1"
    span = (max(since, desk.market.first), min(until + 1, desk.now()))
    near, _ = page_of_closes(desk, desk.kind("linear"), *span, slice(limit) if oldest else slice(-limit, None))
    rows = [[row] for contract, close in near for row in _rows(contract, close)]
    page = rows[:limit] if oldest else rows[-limit:]
    return _newest_first(query, page)


def _rows(contract: Contract, close: Close) -> list[list[Any]]:
    """Return the trigger of a liquidation (``IS_MATCH`` 0) and its execution (1)."""
    amount = round(close.side * close.steps * contract.step, 8)
    price, base = close.price / 10**contract.digits, close.bankruptcy / 10**contract.digits
    head = ["pos", close.time, close.stamp, None, contract.symbol, amount, base, None]
    return [[*head, 0, 1, None, None], [*head, 1, 1, None, price]]


def status(desk: Desk, query: Query) -> Any:
    """``/v2/status/deriv?keys=``: the key first."""
    keys = query.text("keys", "ALL")
    contracts = desk.kind("linear") if keys == "ALL" else [desk.contract(key, "linear") for key in keys.split(",")]
    return [[contract.symbol, *_status(contract, quote(desk, contract, desk.now()))] for contract in contracts]


def _status(contract: Contract, q: Any) -> list[Any]:
    """Return a status: price at 2, spot at 3, next funding at 7, funding at 11, mark at 14, open interest at 17."""
    return [
        q.stamp, None, round(q.last, 6), round(q.index_price, 6), None, 1_000_000.0, None, q.next_funding,
        round(q.funding, 10), 480, None, round(q.funding, 10), None, None, round(q.mark, 6), None, None,
        round(q.open_steps * contract.step, 8), None, None, None, None, None,
    ]  # fmt: skip


def status_history(desk: Desk, query: Query) -> Any:
    """``/v2/status/deriv/{key}/hist``: a row a minute, newest first, 5000 at most."""
    contract = desk.contract(query.text("key"), "linear")
    oldest = query.text("sort", "-1") == "1"
    times = desk.grid(NANOSECONDS_PER_MINUTE, _span(query), query.limit(250, 5000), query, oldest=oldest)
    return _newest_first(query, [_status(contract, q) for q in quotes(desk, contract, times)])


def candles(desk: Desk, query: Query) -> Any:
    """``/v2/candles/trade:5m:{symbol}/hist``: time, open, close, high, low, coins."""
    item, step = desk.contract(query.text("symbol"), "linear"), step_of(query, "step", CANDLES)
    oldest = query.text("sort", "-1") == "1"
    times, bars = desk.bars(item, step, _span(query), query.limit(100, 10_000), query, oldest=oldest)
    scale = 10.0**item.digits
    rows = [
        [milliseconds(time), o / scale, c / scale, h / scale, low / scale, round(volume * item.step, 8)]
        for time, o, h, low, c, volume in tuples((times, *bars[:5]))
    ]
    return _newest_first(query, rows)


def symbols(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``/v2/conf/pub:list:pair:futures``."""
    return [[contract.symbol[1:] for contract in desk.kind("linear")]]


# -- websocket --------------------------------------------------------------------------------------------------------


def opened(socket: Socket) -> None:
    """Say hello."""
    socket.say(b'{"event":"info","version":2,"serverId":"emulated","platform":{"status":1}}')


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client."""
    try:
        message = msgspec.json.decode(payload)
        event = message["event"]
    except (msgspec.DecodeError, KeyError, TypeError):
        socket.say(b'{"event":"error","msg":"unknown event","code":10000}')
        return
    if event == "ping":
        if socket.answers_pings:
            answer = {"event": "pong", "ts": milliseconds(socket.desk.now()), "cid": message.get("cid", 0)}
            socket.say(msgspec.json.encode(answer))
    elif event == "conf":
        socket.state["flags"] = int(message.get("flags", 0))
        socket.say(msgspec.json.encode({"event": "conf", "status": "OK", "flags": socket.state["flags"]}))
    elif event == "subscribe":
        _subscribe(socket, message)


def _subscribe(socket: Socket, message: dict[str, Any]) -> None:
    kind = message.get("channel", "")
    key = message.get("key") or message.get("symbol", "")
    topic = f"{kind}|{key}"
    outcome = socket.subscribe(topic)
    if outcome != "accepted":
        code, words = (10301, "subscribe: dup") if outcome == "duplicate" else (10300, "subscribe: invalid")
        socket.say(msgspec.json.encode({"event": "error", "msg": words, "code": code, "channel": kind, "key": key}))
        return
    channels: dict[str, int] = socket.state.setdefault("channels", {})
    channels[topic] = 386_841 + 17 * len(channels)
    named = {"key": key} if kind == "status" else {"symbol": key, "pair": key[1:]}
    answer = {"event": "subscribed", "channel": kind, "chanId": channels[topic]} | named
    socket.acknowledge(msgspec.json.encode(answer), topic)


def finish(socket: Socket, topic: str, payload: bytes) -> bytes:
    """Put the channel before the data and, where asked for, the running number and the time behind."""
    flags = socket.state.get("flags", 0)
    number = socket.state["sequence"] = socket.state.get("sequence", 0) + 1
    tail = f",{number}" if flags & SEQUENCE else ""
    tail += f",{milliseconds(socket.desk.now())}" if flags & TIMESTAMPS else ""
    return f"[{socket.state['channels'][topic]},{payload.decode()}{tail}]".encode()


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a topic such as ``status|liq:global`` or ``trades|tBTCF0:USTF0``."""
    kind, key = topic.split("|", 1)
    if topic == "status|liq:global":
        return Feed(name="liquidations", produce=liquidations)
    symbol = key.removeprefix("deriv:")
    if listed(desk, symbol, "linear") is None:
        return None
    return {"status": Feed(name="ticker", produce=statuses), "trades": Feed(name="trades", produce=market_trades)}.get(
        kind
    )


def _beats(since: int, until: int) -> list[tuple[int, bytes]]:
    return [(time, b'"hb"') for time in every(15 * SECOND, since, until).tolist()]


def liquidations(desk: Desk, topic: str, since: int, until: int) -> Sent:  # noqa: ARG001 - of the form of all feeds
    """``liq:global``: all contracts; a trigger, then its execution; a heartbeat each fifteen seconds."""
    results = _beats(since, until)
    for contract in desk.contracts.values():
        for close in closes(desk, contract, since, until):
            results += [(close.time, msgspec.json.encode([row])) for row in _rows(contract, close)]
    results.sort(key=lambda row: row[0])
    return results


def statuses(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """Return ``deriv:`` statuses, each five seconds."""
    item = listed(desk, topic.split("deriv:")[1], "linear")
    times = every(5 * SECOND, since, until)
    return [(q.time, msgspec.json.encode(_status(item, q))) for q in quotes(desk, item, times)] if item else []


def market_trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``trades``: executed, then updated: the same trade twice."""
    item = listed(desk, topic.split("|", 1)[1], "linear")
    results = _beats(since, until)
    for t in trades(desk, item, since, until) if item else ():
        amount = round((t.steps if t.bought else -t.steps) * (item.step if item else 1), 8)
        row = msgspec.json.encode([t.number, t.stamp, amount, t.price / 10 ** (item.digits if item else 0)])
        results += [(t.time, b'"te",' + row), (t.time, b'"tu",' + row)]
    results.sort(key=lambda row: row[0])
    return results


FORM = VenueForm(
    name="bitfinex", contracts=perpetuals("bitfinex", lambda coin: f"t{coin}F0:USTF0"), refuse=refuse,
    routes=(
        Route(path="/v2/liquidations/hist", answer=liquidations_history, pool="liquidations"),
        Route(path="/v2/status/deriv", answer=status), Route(path="/v2/conf/pub:list:pair:futures", answer=symbols),
        Route(path="/v2/status/deriv/{key}/hist", answer=status_history),
        Route(path="/v2/candles/trade:{step}:{symbol}/hist", answer=candles),
    ),
    bases=("/v2",), pools=(Pool("default", 90, 60.0), Pool("liquidations", 3, 60.0)),
    stream=StreamForm(
        hosts={"stream": "/ws/2"}, opened=opened, heard=heard, feed=feed, finish=finish, most_topics=25, connects=20,
        connects_seconds=60.0,
    ),
)  # fmt: skip
