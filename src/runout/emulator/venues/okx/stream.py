"""OKX's public and business websockets."""

from typing import Any
from zlib import crc32

import msgspec

from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk
from runout.emulator.feeds import MILLISECOND, SECOND, Sent, closes, every, living, quotes, trades
from runout.emulator.forms import Feed, Refused
from runout.emulator.venues.okx.rest import detail, funding_row, open_interest_row, ticker_row
from runout.emulator.wire import Socket

CONNECTION = "a4d3ae55"


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client."""
    if payload == b"ping":
        if socket.answers_pings:
            socket.say(b"pong")
        return
    try:
        message = msgspec.json.decode(payload)
        operation, arguments = message["op"], message["args"]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        socket.say(_error("60012", f"Invalid request: {payload.decode(errors='replace')}"))
        return
    for argument in arguments:
        topic = _topic(argument)
        answer = msgspec.json.encode({"event": operation, "arg": argument, "connId": CONNECTION})
        if operation == "unsubscribe":
            socket.unsubscribe(topic)
            socket.say(answer)
        elif socket.subscribe(topic) in {"accepted", "duplicate"}:
            socket.acknowledge(answer, topic)
        else:
            where = ",".join(f"{name}:{value}" for name, value in argument.items())
            socket.say(_error("60018", f"Wrong URL or {where} doesn't exist. Please use the correct URL"))


def _error(code: str, message: str) -> bytes:
    return msgspec.json.encode({"event": "error", "code": code, "msg": message, "connId": CONNECTION})


def _topic(argument: dict[str, str]) -> str:
    return f"{argument.get('channel')}:{argument.get('instId') or argument.get('instType', '')}"


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a topic such as ``trades:BTC-USDT-SWAP`` or ``liquidation-orders:SWAP``."""
    channel, scope = topic.split(":", 1)
    answer = _FEEDS.get(channel)
    if answer is None or (scope != "SWAP" and not _listed(desk, scope)):
        return None
    return answer


def _listed(desk: Desk, scope: str) -> list[Contract]:
    if scope == "SWAP":
        return [contract for contract in desk.contracts.values() if contract.kind in {"linear", "inverse"}]
    try:
        return [desk.contract(scope, "linear", "inverse")]
    except Refused:
        return [contract for contract in desk.contracts.values() if contract.symbol == scope and scope in desk.delisted]


def _push(topic: str, rows: list[Any], **more: Any) -> bytes:
    channel, scope = topic.split(":", 1)
    argument = {"channel": channel, ("instType" if scope == "SWAP" else "instId"): scope}
    return msgspec.json.encode({"arg": argument, **more, "data": rows})


def liquidations(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``liquidation-orders``: contracts, the order's side, bankruptcy prices; not quite in order of time."""
    for item in _listed(desk, topic.split(":", 1)[1]):
        for time, stamp, side, steps, _, bankruptcy in closes(desk, item, since, until):
            late = time + crc32(str(stamp).encode()) % 3000 * MILLISECOND
            yield late, _liquidation(topic, item, detail(item, side, steps, bankruptcy, stamp))


def _liquidation(topic: str, contract: Contract, row: dict[str, str]) -> bytes:
    family = contract.symbol.removesuffix("-SWAP")
    whole = {"details": [row], "instFamily": family, "instId": contract.symbol, "instType": "SWAP", "uly": family}
    return _push(topic, [whole])


def _old_liquidation(desk: Desk, topic: str, now: int) -> list[bytes]:
    """Return the last order before the subscription, which OKX sends again first."""
    results = list(liquidations(desk, topic, now - 24 * 3600 * SECOND, now))
    return [results[-1][1]] if results else []


def swap_trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``trades``: sizes in contracts."""
    for item in _listed(desk, topic.split(":", 1)[1]):
        head = f'{{"arg":{{"channel":"trades","instId":"{item.symbol}"}},"data":[{{"instId":"{item.symbol}","tradeId":"'
        for time, stamp, price, steps, bought, number in trades(desk, item, since, until):
            text = (
                f'{head}{number}","px":"{item.price_text(price)}","sz":"{item.size_text(steps)}",'
                f'"side":"{"buy" if bought else "sell"}","ts":"{stamp}","count":"1","seqId":{number}}}]}}'
            )
            yield time, text.encode()


def _rows(make: Any, step: int) -> Any:
    def produce(desk: Desk, topic: str, since: int, until: int) -> Sent:
        for item in _listed(desk, topic.split(":", 1)[1]):
            for time in every(step, since, living(desk, item, until)).tolist():
                yield time, _push(topic, [make(desk, item, time + desk.clock_offset)])

    return produce


def mark_prices(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``mark-price`` each second."""
    for item in _listed(desk, topic.split(":", 1)[1]):
        for q in quotes(desk, item, every(SECOND, since, until)):
            row = {"instType": "SWAP", "instId": item.symbol, "markPx": f"{q.mark:.{item.digits}f}", "ts": str(q.stamp)}
            yield q.time, _push(topic, [row])


def books(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``books``: updates that chain by ``prevSeqId``."""
    for item in _listed(desk, topic.split(":", 1)[1]):
        for time in every(SECOND, since, living(desk, item, until)).tolist():
            yield time, _book(desk, topic, item, time, "update")


def _first_book(desk: Desk, topic: str, now: int) -> list[bytes]:
    return [_book(desk, topic, item, now, "snapshot") for item in _listed(desk, topic.split(":", 1)[1])]


def _book(desk: Desk, topic: str, contract: Contract, time: int, action: str) -> bytes:
    bids, asks = desk.book(contract, time, 25)
    sides = [[[contract.price_text(p), contract.size_text(q), "0", "1"] for p, q in side] for side in (bids, asks)]
    parts = [text for bid, ask in zip(*sides, strict=True) for text in (*bid[:2], *ask[:2])]
    signed = crc32(":".join(parts).encode())
    number = time // SECOND
    row = {
        "asks": sides[1], "bids": sides[0], "ts": str((time + desk.clock_offset) // MILLISECOND),
        "checksum": signed - 2**32 if signed >= 2**31 else signed,
        "prevSeqId": -1 if action == "snapshot" else number - 1, "seqId": number,
    }  # fmt: skip
    return _push(topic, [row], action=action)


_FEEDS = {
    "liquidation-orders": Feed(name="liquidations", produce=liquidations, first=_old_liquidation),
    "trades": Feed(name="trades", produce=swap_trades),
    "trades-all": Feed(name="trades", produce=swap_trades),
    "open-interest": Feed(name="open-interest", produce=_rows(open_interest_row, 3 * SECOND)),
    "funding-rate": Feed(name="funding", produce=_rows(funding_row, 60 * SECOND)),
    "tickers": Feed(name="ticker", produce=_rows(ticker_row, SECOND)),
    "mark-price": Feed(name="mark", produce=mark_prices),
    "books": Feed(name="depth", produce=books, first=_first_book),
}
