"""Bybit's public websockets: ``/v5/public/linear`` and ``/v5/public/inverse``."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk
from runout.emulator.feeds import MILLISECOND, SECOND, Sent, closes, every, living, quotes, trades
from runout.emulator.forms import Feed, Refused
from runout.emulator.venues.bybit.rest import ticker
from runout.emulator.wire import Socket

if TYPE_CHECKING:
    from runout.emulator.columns import Integers

BATCH = 500 * MILLISECOND
"""Liquidations are pushed together each half second."""
MOST_CHARACTERS = 21_000
"""Of all subscriptions of a connection."""
CONNECTION = "f428f979-3fd2-4b1e-aa12-f42ef3bc4a66"


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client."""
    try:
        message = msgspec.json.decode(payload)
        operation, names, identity = message["op"], message.get("args", []), message.get("req_id", "")
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        socket.say(_failed("error:invalid request", "", ""))
        return
    if operation == "ping":
        if socket.answers_pings:
            socket.say(_result("pong", identity, "ping"))
    elif operation == "subscribe":
        _subscribe(socket, names, identity)
    elif operation == "unsubscribe":
        for name in names:
            socket.unsubscribe(_topic(socket, name))
        socket.say(_result("", identity, "unsubscribe"))
    else:
        socket.say(_failed(f"error:unknown op {operation}", identity, ""))


def _subscribe(socket: Socket, names: list[str], identity: str) -> None:
    if sum(len(name) for name in (*socket.topics, *names)) > MOST_CHARACTERS:
        socket.say(_failed("error:args size exceeds 21000", identity, "subscribe"))
        return
    outcomes = {name: socket.subscribe(_topic(socket, name)) for name in names}
    wrong = [name for name, outcome in outcomes.items() if outcome in {"unknown", "refused"}]
    again = [name for name, outcome in outcomes.items() if outcome == "duplicate"]
    taken = [_topic(socket, name) for name, outcome in outcomes.items() if outcome == "accepted"]
    if wrong:
        socket.say(_failed(f"error:handler not found,topic:{wrong[0]}", identity, "subscribe"))
    if again:
        socket.say(_failed(f"error:already subscribed,topic:{again[0]}", identity, "subscribe"))
    if taken:
        socket.acknowledge(_result("", identity, "subscribe"), *taken)


def _failed(message: str, identity: str, operation: str) -> bytes:
    return _result(message, identity, operation, success=False)


def _result(message: str, identity: str, operation: str, *, success: bool = True) -> bytes:
    return msgspec.json.encode(
        {"success": success, "ret_msg": message, "conn_id": CONNECTION, "req_id": identity, "op": operation}
    )


def _topic(socket: Socket, name: str) -> str:
    return f"{urlsplit(socket.path).path.rsplit('/', 1)[-1]}|{name}"


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a topic such as ``linear|allLiquidation.BTCUSDT``; none for an unknown one."""
    answer = _FEEDS.get(topic.split("|", 1)[1].split(".", maxsplit=1)[0])
    if answer is None or _contract(desk, topic) is None:
        return None
    return answer


def _contract(desk: Desk, topic: str) -> Contract | None:
    category, name = topic.split("|", 1)
    try:
        return desk.contract(name.rsplit(".", 1)[-1], category)
    except Refused:
        return desk.contracts.get(f"{category}:{name.rsplit('.', 1)[-1]}") if desk.delisted else None


def _envelope(topic: str, stamp: int, rows: Any, kind: str = "snapshot", **more: Any) -> bytes:
    return msgspec.json.encode({"topic": topic.split("|", 1)[1], "type": kind, "ts": stamp, "data": rows, **more})


def liquidations(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``allLiquidation``: ``S`` is the side of the position, ``p`` the bankruptcy price; a batch each half second.

    A batch that is not over at ``until`` is sent by the next stretch, whole.
    """
    contract = _contract(desk, topic)
    first, last = since - since % BATCH, until - until % BATCH
    if contract is None or first >= last:
        return []
    batches: dict[int, list[dict[str, Any]]] = {}
    for time, stamp, side, steps, _, bankruptcy in closes(desk, contract, first, last):
        row = {
            "T": stamp, "s": contract.symbol, "S": "Buy" if side > 0 else "Sell", "v": contract.size_text(steps),
            "p": contract.price_text(bankruptcy),
        }  # fmt: skip
        batches.setdefault(time - time % BATCH + BATCH, []).append(row)
    offset = desk.clock_offset
    return [(end, _envelope(topic, (end + offset) // MILLISECOND, rows)) for end, rows in batches.items()]


def public_trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``publicTrade``."""
    contract = _contract(desk, topic)
    if contract is None:
        return
    name, scale, digits, step, places = (
        topic.split("|", 1)[1],
        10**contract.digits,
        contract.digits,
        contract.step,
        contract.size_digits,
    )
    for time, stamp, price, steps, bought, number in trades(desk, contract, since, until):
        text = (
            f'{{"topic":"{name}","type":"snapshot","ts":{stamp + 2},"data":[{{"T":{stamp},"s":"{contract.symbol}",'
            f'"S":"{"Buy" if bought else "Sell"}","v":"{steps * step:.{places}f}","p":"{price / scale:.{digits}f}",'
            f'"L":"PlusTick","i":"{contract.number:08x}-0000-5000-8000-{number:012x}","BT":false,"RPI":false,'
            f'"seq":{number}}}]}}'
        )
        yield time, text.encode()


def tickers(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``tickers``: what changed; open interest in every fifth message, funding in every sixtieth."""
    contract = _contract(desk, topic)
    if contract is None:
        return
    for q in quotes(desk, contract, every(SECOND, since, until)):
        digits, number = contract.digits, q.time // SECOND
        last = f"{q.last:.{digits}f}"
        row = {
            "symbol": contract.symbol, "lastPrice": last, "markPrice": f"{q.mark:.{digits}f}",
            "indexPrice": f"{q.index_price:.{digits}f}", "bid1Price": last, "bid1Size": contract.size_text(1000),
        }  # fmt: skip
        if number % 5 == 0:
            value = q.open_usd / q.last if contract.unit_usd else q.open_usd
            row |= {
                "openInterest": contract.size_text(2 * q.open_steps), "openInterestValue": f"{2 * value:.2f}",
                "singleOpenInterest": contract.size_text(q.open_steps), "singleOpenInterestValue": f"{value:.2f}",
            }  # fmt: skip
        if number % 60 == 0:
            row |= {"fundingRate": f"{q.funding:.8f}", "nextFundingTime": str(q.next_funding)}
        yield q.time, _envelope(topic, q.stamp, row, "delta", cs=number)


def _first_ticker(desk: Desk, topic: str, now: int) -> list[bytes]:
    contract = _contract(desk, topic)
    if contract is None:
        return []
    return [_envelope(topic, (now + desk.clock_offset) // MILLISECOND, ticker(desk, contract, now), cs=now // SECOND)]


def books(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``orderbook``: each second of the market the whole best twenty levels as a delta."""
    contract = _contract(desk, topic)
    if contract is None:
        return []
    times: Integers = every(SECOND, since, living(desk, contract, until))
    return [(time, _book(desk, topic, contract, time, "delta")) for time in times.tolist()]


def _first_book(desk: Desk, topic: str, now: int) -> list[bytes]:
    contract = _contract(desk, topic)
    return [_book(desk, topic, contract, now, "snapshot")] if contract else []


def _book(desk: Desk, topic: str, item: Contract, time: int, kind: str) -> bytes:
    bids, asks = desk.book(item, time, 20)
    stamp = (time + desk.clock_offset) // MILLISECOND
    rows = {
        "s": item.symbol, "b": [[item.price_text(p), item.size_text(q)] for p, q in bids],
        "a": [[item.price_text(p), item.size_text(q)] for p, q in asks], "u": time // SECOND, "seq": time // SECOND,
    }  # fmt: skip
    return _envelope(topic, stamp, rows, kind, cts=stamp)


_FEEDS = {
    "allLiquidation": Feed(name="liquidations", produce=liquidations),
    "publicTrade": Feed(name="trades", produce=public_trades),
    "tickers": Feed(name="ticker", produce=tickers, first=_first_ticker),
    "orderbook": Feed(name="depth", produce=books, first=_first_book),
}
