"""Hyperliquid's websocket."""

from typing import Any

import msgspec

from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk
from runout.emulator.feeds import SECOND, Sent, every, living, trades
from runout.emulator.forms import Feed, Refused, milliseconds
from runout.emulator.venues.hyperliquid.rest import accounts, book_rows, context, fill_row, other_context, trade_row
from runout.emulator.wire import Socket


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client."""
    try:
        message = msgspec.json.decode(payload)
        method, subscription = message["method"], message.get("subscription", {})
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        socket.say(
            _channel("error", f"Error parsing JSON into valid websocket request: {payload.decode(errors='replace')}")
        )
        return
    if method == "ping":
        if socket.answers_pings:
            socket.say(b'{"channel":"pong"}')
        return
    topic = f"{subscription.get('type')}:{subscription.get('coin') or subscription.get('user', '')}"
    answer = _channel("subscriptionResponse", {"method": method, "subscription": subscription})
    if method == "unsubscribe":
        socket.unsubscribe(topic)
        socket.say(answer)
        return
    outcome = socket.subscribe(topic)
    if outcome == "accepted":
        socket.acknowledge(answer, topic)
    else:
        words = "Already subscribed" if outcome == "duplicate" else "Invalid subscription"
        socket.say(_channel("error", f"{words}: {msgspec.json.encode(subscription).decode()}"))


def _channel(name: str, data: Any) -> bytes:
    return msgspec.json.encode({"channel": name, "data": data})


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a topic such as ``trades:BTC``."""
    kind, scope = topic.split(":", 1)
    answer = _FEEDS.get(kind)
    if answer is None or (kind in _OF_A_COIN and _contract(desk, scope) is None):
        return None
    return answer


def _contract(desk: Desk, coin: str) -> Contract | None:
    try:
        return desk.contract(coin, "linear")
    except Refused:
        return desk.contracts.get(f"linear:{coin}") if desk.delisted else None


def perpetual_trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``trades``: a message for each."""
    contract = _contract(desk, topic.split(":", 1)[1])
    if contract is None:
        return []
    offset = desk.clock_offset
    return [
        (t.time, _channel("trades", [trade_row(contract, t.time + offset, t.price, t.steps, t.bought, t.number)]))
        for t in trades(desk, contract, since, until)
    ]


def _recent(desk: Desk, topic: str, now: int) -> list[bytes]:
    """Return the recent trades with which a subscription begins."""
    contract = _contract(desk, topic.split(":", 1)[1])
    if contract is None:
        return []
    rows = [trade_row(contract, *row[:1], *row[2:]) for row in trades(desk, contract, now - 60 * SECOND, now)]
    return [_channel("trades", rows[-10:])]


def asset_contexts(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``activeAssetCtx`` each second."""
    contract = _contract(desk, topic.split(":", 1)[1])
    if contract is None:
        return []
    return [
        (time, _channel("activeAssetCtx", {"coin": contract.symbol, "ctx": context(desk, contract, time)}))
        for time in every(SECOND, since, living(desk, contract, until)).tolist()
    ]


def all_contexts(desk: Desk, topic: str, since: int, until: int) -> Sent:  # noqa: ARG001 - of the form of all feeds
    """``allDexsAssetCtxs`` each three seconds: the main exchange first, then the builder's."""
    listed = desk.kind("linear")
    return [
        (
            time,
            _channel(
                "allDexsAssetCtxs",
                {"ctxs": [["", [context(desk, contract, time) for contract in listed]], ["xyz", [other_context()]]]},
            ),
        )
        for time in every(3 * SECOND, since, until).tolist()
    ]


def books(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``l2Book``: the whole best twenty levels each five seconds."""
    contract = _contract(desk, topic.split(":", 1)[1])
    if contract is None:
        return []
    times = every(5 * SECOND, since, living(desk, contract, until)).tolist()
    return [(time, _channel("l2Book", book_rows(desk, contract, time + desk.clock_offset, 20))) for time in times]


def user_fills(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``userFills`` of an address: its forced closes."""
    user = topic.split(":", 1)[1]
    account = accounts(desk.market).by_address.get(user)
    if account is None:
        return []
    return [
        (fill.time, _channel("userFills", {"user": user, "fills": [fill_row(contract, user, fill)]}))
        for coin, fill in accounts(desk.market).fills(account, since, until)
        for contract in desk.kind("linear") if contract.coin == coin
    ]  # fmt: skip


def _no_fills(desk: Desk, topic: str, now: int) -> list[bytes]:  # noqa: ARG001
    return [_channel("userFills", {"isSnapshot": True, "user": topic.split(":", 1)[1], "fills": []})]


def mids(desk: Desk, topic: str, since: int, until: int) -> Sent:  # noqa: ARG001
    """``allMids`` each five seconds."""
    for time in every(5 * SECOND, since, until).tolist():
        middle = {contract.symbol: context(desk, contract, time)["midPx"] for contract in desk.kind("linear")}
        yield time, _channel("allMids", {"mids": middle, "time": milliseconds(time)})


_OF_A_COIN = {"trades", "activeAssetCtx", "l2Book"}
_FEEDS = {
    "trades": Feed(name="trades", produce=perpetual_trades, first=_recent),
    "activeAssetCtx": Feed(name="ticker", produce=asset_contexts),
    "allDexsAssetCtxs": Feed(name="ticker", produce=all_contexts),
    "l2Book": Feed(name="depth", produce=books),
    "userFills": Feed(name="liquidations", produce=user_fills, first=_no_fills),
    "allMids": Feed(name="mids", produce=mids),
}
