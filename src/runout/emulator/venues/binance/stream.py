"""Binance's websockets: combined (``/stream``) and bare (``/ws``) frames, routed and unrouted addresses."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import numpy as np

from runout.clock import parse_time
from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk
from runout.emulator.feeds import MILLISECOND, SECOND, Sent, closes, every, living, quotes, trades
from runout.emulator.forms import Feed, Refused
from runout.emulator.tape import Tape
from runout.emulator.wire import Socket

MERGED_SINCE = parse_time("2026-06-30")
"""All-market streams carry USD-M and COIN-M contracts on both hosts."""
ROUTED = ("@aggTrade", "@markPrice", "@kline", "@ticker", "@miniTicker", "@forceOrder", "!forceOrder", "!contractInfo")
"""Streams that an address of USD-M without ``/market`` acknowledges and never sends, since 2026-04-23."""
MARKETS = {"stream": "um", "stream-coin": "cm", "stream-spot": "spot"}


def opened(socket: Socket) -> None:
    """Subscribe to what the address names: ``?streams=a/b``, or ``/ws/a``."""
    parts = urlsplit(socket.path)
    named = parse_qs(parts.query).get("streams", [""])[0].split("/")
    if "/ws/" in parts.path:
        named += parts.path.split("/ws/", 1)[1].split("/")
    for name in filter(None, named):
        _subscribe(socket, name)
        socket.acknowledge(b"", _topic(socket, name))


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client."""
    try:
        message = msgspec.json.decode(payload)
        method, names, identity = message["method"], message.get("params", []), message.get("id")
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        socket.say(b'{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}')
        return
    if method == "SUBSCRIBE":
        refused = [name for name in names if _subscribe(socket, name) in {"too-many", "refused"}]
        if refused:
            socket.say(
                msgspec.json.encode({"error": {"code": 2, "msg": f"Invalid request: {refused[0]}"}, "id": identity})
            )
            return
        socket.acknowledge(_result(identity, None), *(_topic(socket, name) for name in names))
    elif method == "UNSUBSCRIBE":
        for name in names:
            socket.unsubscribe(_topic(socket, name))
        socket.say(_result(identity, None))
    elif method == "LIST_SUBSCRIPTIONS":
        socket.say(_result(identity, [topic.split("|", 1)[1] for topic in socket.topics]))
    else:
        socket.say(
            msgspec.json.encode({"code": 2, "msg": f"Invalid request: unknown variant {method}", "id": identity})
        )


def shutdown(socket: Socket) -> None:
    """Say that the server will shut down."""
    socket.say(msgspec.json.encode({"e": "serverShutdown", "E": socket.desk.now() // MILLISECOND}))


def _result(identity: Any, result: Any) -> bytes:
    return msgspec.json.encode({"result": result, "id": identity})


def _topic(socket: Socket, name: str) -> str:
    form = "combined" if urlsplit(socket.path).path.endswith("/stream") else "bare"
    return f"{MARKETS.get(socket.host, 'um')}.{form}|{name}"


def _subscribe(socket: Socket, name: str) -> str:
    apart = socket.venue == "binance" and socket.host == "stream"
    routed = not apart or urlsplit(socket.path).path.startswith("/market/")
    silent = not routed and any(part in name for part in ROUTED)
    return socket.subscribe(_topic(socket, name), silent=silent)


def feed(desk: Desk, topic: str) -> Feed | None:  # noqa: ARG001 - of the form of all feeds
    """Return the feed of a topic such as ``um.combined|btcusdt@aggTrade``; Binance acknowledges any name."""
    name = topic.split("|", 1)[1]
    for part, (kind, produce) in _FEEDS.items():
        if part in name:
            return Feed(name=kind, produce=produce)
    return Feed(name="unknown", produce=_nothing)


def _nothing(desk: Desk, topic: str, since: int, until: int) -> Sent:  # noqa: ARG001 - of the form of all feeds
    return []


def _parts(desk: Desk, topic: str, since: int) -> tuple[list[Contract], bytes, bytes]:
    """Return the contracts of a topic, and what stands before and after the data of its frames."""
    where, name = topic.split("|", 1)
    market, form = where.split(".")
    head, tail = (f'{{"stream":"{name}","data":'.encode(), b"}") if form == "combined" else (b"", b"")
    symbol = name.split("@")[0]
    kinds = {"um": ("linear",), "cm": ("inverse",), "spot": ("spot",)}[market]
    if symbol.startswith("!"):
        wide = ("linear", "inverse") if market != "spot" and since >= MERGED_SINCE else kinds
        return [contract for contract in desk.contracts.values() if contract.kind in wide], head, tail
    try:
        return [desk.contract(symbol.upper(), *kinds)], head, tail
    except Refused:
        return (
            [
                contract
                for contract in desk.contracts.values()
                if contract.symbol == symbol.upper() and contract.kind in kinds
            ],
            head,
            tail,
        )


def _mark_of_kind(contract: Contract) -> str:
    """Return the last fields: what tells USD-M from COIN-M since the merger; of spot the constant that it always is."""
    if contract.kind == "spot":
        return ',"M":true'
    if contract.venue != "binance":
        return ""
    return ',"st":2' if contract.kind == "inverse" else ',"st":1'


def liquidations(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``forceOrder``: the closing order; ``p`` its price (near bankruptcy), ``ap`` the fill."""
    listed, head, tail = _parts(desk, topic, since)
    results: list[tuple[int, bytes]] = []
    for item in listed:
        pair = f"{item.coin}USD" if item.kind == "inverse" else item.symbol
        pair = f'"ps":"{pair}",' if item.venue == "binance" else ""
        kind = _mark_of_kind(item) if since >= MERGED_SINCE else ""
        for time, stamp, side, steps, price, bankruptcy in closes(desk, item, since, until):
            size, order, fill = item.size_text(steps), item.price_text(bankruptcy), item.price_text(price)
            text = (
                f'{{"e":"forceOrder","E":{stamp + 4},"o":{{"s":"{item.symbol}",{pair}'
                f'"S":"{"SELL" if side > 0 else "BUY"}","o":"LIMIT","f":"IOC","q":"{size}","p":"{order}","ap":"{fill}",'
                f'"X":"FILLED","l":"{size}","z":"{size}","T":{stamp}}}{kind}}}'
            )
            results.append((time, head + text.encode() + tail))
    results.sort(key=lambda row: row[0])
    return results


def agg_trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``aggTrade``."""
    listed, head, tail = _parts(desk, topic, since)
    for item in listed:
        scale, digits, step, places, kind = (
            10**item.digits,
            item.digits,
            item.step,
            item.size_digits,
            _mark_of_kind(item),
        )
        own = ',"nq":"' if kind == ',"st":1' else ""
        for time, stamp, price, steps, bought, number in trades(desk, item, since, until):
            size = f"{steps * step:.{places}f}"
            extra = f'{own}{size}"' if own else ""
            text = (
                f'{{"e":"aggTrade","E":{stamp + 3},"a":{number},"s":"{item.symbol}","p":"{price / scale:.{digits}f}",'
                f'"q":"{size}"{extra},"f":{number},"l":{number},"T":{stamp},"m":{"false" if bought else "true"}{kind}}}'
            )
            yield time, head + text.encode() + tail


def mark_prices(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``markPrice``, each second or each three; of all contracts as a list."""
    listed, head, tail = _parts(desk, topic, since)
    times = every(SECOND if topic.endswith("@1s") else 3 * SECOND, since, until)
    rows: dict[int, list[str]] = {}
    for item in listed:
        pair = f'"ps":"{item.coin}USD",' if item.kind == "inverse" else ""
        for q in quotes(desk, item, times):
            rows.setdefault(q.time, []).append(
                f'{{"e":"markPriceUpdate","E":{q.stamp},"s":"{item.symbol}",{pair}"p":"{q.mark:.8f}","ap":"{q.mark:.8f}",'
                f'"P":"{q.index_price:.8f}","i":"{q.index_price:.8f}","r":"{q.funding:.8f}","T":{q.next_funding}{_mark_of_kind(item)}}}'
            )
    if "!markPrice@arr" in topic:
        return [(time, head + f"[{','.join(parts)}]".encode() + tail) for time, parts in rows.items()]
    return [(time, head + part.encode() + tail) for time, parts in rows.items() for part in parts]


def depth(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``depth``: differences each 500 ms (sent as market seconds), chained by ``pu``."""
    listed, head, tail = _parts(desk, topic, since)
    for item in listed:
        for time in every(SECOND, since, living(desk, item, until)).tolist():
            bids, asks = desk.book(item, time, 20)
            stamp = (time + desk.clock_offset) // MILLISECOND
            message = {
                "e": "depthUpdate", "E": stamp, "T": stamp, "s": item.symbol, "U": time // MILLISECOND - 999,
                "u": time // MILLISECOND, "pu": time // MILLISECOND - 1000,
                "b": [[item.price_text(p), item.size_text(q)] for p, q in bids],
                "a": [[item.price_text(p), item.size_text(q)] for p, q in asks],
            }  # fmt: skip
            if item.kind == "spot":
                message.pop("pu")
            yield time, head + msgspec.json.encode(message) + tail


def turnover(tape: Tape, steps: int, ticks: int) -> float:
    """Return a size at a price in dollars."""
    return float(tape.quote(np.array([steps]), np.array([ticks]))[0])


def klines(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``kline_1m``: the bar of each minute when it is closed."""
    listed, head, tail = _parts(desk, topic, since)
    minute = 60 * SECOND
    for item in listed:
        tape = desk.tape(item)
        for end in every(minute, since, living(desk, item, until)).tolist():
            _, bars = tape.bars(minute, end - minute, end - minute + 1)
            if not len(bars.open):
                continue
            o, h, low, c, v, b, n = (int(column[0]) for column in bars)
            stamp = (end + desk.clock_offset) // MILLISECOND
            bar = {
                "t": (end - minute) // MILLISECOND, "T": end // MILLISECOND - 1, "s": item.symbol, "i": "1m", "f": 0,
                "L": n, "o": item.price_text(o), "c": item.price_text(c), "h": item.price_text(h),
                "l": item.price_text(low), "v": item.size_text(v), "n": n, "x": True,
                "q": f"{turnover(tape, v, c):.4f}", "V": item.size_text(b), "Q": f"{turnover(tape, b, c):.4f}",
                "B": "0",
            }  # fmt: skip
            message = {"e": "kline", "E": stamp, "s": item.symbol, "k": bar}
            yield end, head + msgspec.json.encode(message) + tail


_FEEDS = {
    "forceOrder": ("liquidations", liquidations),
    "@aggTrade": ("trades", agg_trades),
    "markPrice": ("mark", mark_prices),
    "@depth": ("depth", depth),
    "@kline_1m": ("bars", klines),
}
