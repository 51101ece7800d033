"""dYdX v4's indexer: forced closes are trades of a type; candles carry the open interest; messages are numbered."""

from typing import Any

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR, parse_time
from runout.emulator.columns import tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk
from runout.emulator.feeds import MILLISECOND, SECOND, Sent, every, flagged, living, quote
from runout.emulator.forms import FOREVER, Feed, Pool, Query, Refused, Reply, Route, StreamForm, VenueForm, json_reply
from runout.emulator.shapes import bar_rows, iso, listed, perpetuals, step_of
from runout.emulator.wire import Socket

RESOLUTIONS = {"1MIN": 1, "5MINS": 5, "15MINS": 15, "30MINS": 30, "1HOUR": 60, "4HOURS": 240, "1DAY": 1440}
CONNECTION = "3a2e4c0c-7579-4bf6-a570-e0979418bbe9"
MOST_IDS = 32
"""Subscriptions of a connection to one channel; what is beyond is refused."""


def refuse(refused: Refused, now: int) -> Reply:  # noqa: ARG001 - of the form of all errors
    """Return an error as dYdX words it."""
    if refused.kind in {"slow-down", "banned"}:
        return json_reply({"errors": [{"msg": "Too many requests"}]}, 429, ("Retry-After", "10"))
    if refused.kind == "blocked":
        text = "Because you appear to be a resident of a restricted jurisdiction, you may not use the site."
        return json_reply({"errors": [{"msg": text, "code": "GEOBLOCKED"}]}, 403)
    status = 404 if refused.kind == "path" else 400
    return json_reply({"errors": [{"msg": refused.words or "ticker must be a valid ticker (BTC-USD, etc)"}]}, status)


def _contract(desk: Desk, query: Query) -> Contract:
    return desk.contract(query.text("ticker"), "linear")


def _until(query: Query, name: str) -> int:
    text = query.text(name, "")
    return parse_time(text.replace("Z", "+00:00")) - 1 if text else FOREVER


def server_time(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``/v4/time``."""
    return {"iso": iso(desk.now()), "epoch": desk.now() / 1e9}


def markets(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/v4/perpetualMarkets``."""
    return {"markets": {contract.symbol: _market(desk, contract) for contract in desk.kind("linear")}}


def _market(desk: Desk, contract: Contract) -> dict[str, Any]:
    q = quote(desk, contract, desk.now())
    return {
        "clobPairId": str(contract.number % 1000), "ticker": contract.symbol, "status": "ACTIVE",
        "oraclePrice": f"{q.index_price:.{contract.digits}f}", "priceChange24H": "0", "volume24H": "0", "trades24H": 0,
        "nextFundingRate": f"{q.funding:.20f}", "initialMarginFraction": "0.02", "maintenanceMarginFraction": "0.012",
        "openInterest": contract.size_text(q.open_steps), "atomicResolution": -10, "quantumConversionExponent": -9,
        "tickSize": contract.price_text(1), "stepSize": contract.size_text(1), "stepBaseQuantums": 1000000,
        "subticksPerTick": 100000, "marketType": "CROSS", "openInterestLowerCap": "0", "openInterestUpperCap": "0",
        "baseOpenInterest": contract.size_text(q.open_steps), "defaultFundingRate1H": "0",
    }  # fmt: skip


def candles(desk: Desk, query: Query) -> Any:
    """``/v4/candles/perpetualMarkets/{ticker}``: newest first; ``toISO`` is exclusive; 1000 at most."""
    item, step = _contract(desk, query), step_of(query, "resolution", RESOLUTIONS)
    since = query.text("fromISO", "")
    span = (parse_time(since.replace("Z", "+00:00")) if since else 0, _until(query, "toISO"))
    times, bars = desk.bars(item, step, span, query.limit(100, 1000), query, oldest=False)
    usd, interest = desk.tape(item).quote(bars.volume, bars.close), desk.open_steps(item, times)
    rows = [
        {
            "startedAt": iso(time), "ticker": item.symbol, "resolution": query.text("resolution"), "low": low,
            "high": h, "open": o, "close": c, "baseTokenVolume": item.size_text(volume), "usdVolume": f"{dollars:.4f}",
            "trades": count, "startingOpenInterest": item.size_text(open_steps), "orderbookMidPriceOpen": o,
            "orderbookMidPriceClose": c,
        }
        for (o, h, low, c), (time, volume, count, dollars, open_steps) in zip(
            bar_rows(item, bars), tuples((times, bars.volume, bars.trades, usd, interest)), strict=True
        )
    ]  # fmt: skip
    return {"candles": rows[::-1]}


def trades_before(desk: Desk, query: Query) -> Any:
    """``/v4/trades/perpetualMarket/{ticker}``: newest first, at or before a time; 1000 at most."""
    contract = _contract(desk, query)
    until = min(_until(query, "createdBeforeOrAt") + 2, desk.now())
    rows = list(flagged(desk, contract, max(until - 3 * NANOSECONDS_PER_HOUR, desk.market.first), until))
    return {"trades": [_trade(contract, row) for row in rows[::-1][: query.limit(100, 1000)]]}


def _trade(contract: Contract, row: Any) -> dict[str, Any]:
    time, _, price, steps, bought, number, side = row
    return {
        "id": f"{number:024x}", "side": "BUY" if bought else "SELL", "size": contract.size_text(steps),
        "price": contract.price_text(price), "type": "LIQUIDATED" if side else "LIMIT", "createdAt": iso(time),
        "createdAtHeight": str(time // SECOND),
    }  # fmt: skip


def funding(desk: Desk, query: Query) -> Any:
    """``/v4/historicalFunding/{ticker}``: hourly, newest first, 1000 at most."""
    contract = _contract(desk, query)
    span = (0, _until(query, "effectiveBeforeOrAt") + 1)
    times = desk.grid(NANOSECONDS_PER_HOUR, span, query.limit(100, 1000), query, oldest=False)
    rates, prices = desk.funding_at(contract, times - 1), desk.index_at(contract, times)
    return {"historicalFunding": [
        {
            "ticker": contract.symbol, "rate": f"{rate:.12f}", "price": f"{price:.{contract.digits}f}",
            "effectiveAtHeight": str(time // SECOND), "effectiveAt": iso(time + 219 * MILLISECOND),
        }
        for time, rate, price in tuples((times, rates, prices))
    ][::-1]}  # fmt: skip


# -- websocket --------------------------------------------------------------------------------------------------------


def opened(socket: Socket) -> None:
    """Say hello: the first numbered message."""
    socket.say(msgspec.json.encode({"type": "connected", "connection_id": CONNECTION, "message_id": 0}))


def _numbered(socket: Socket) -> int:
    socket.state["number"] = socket.state.get("number", 0) + 1
    return socket.state["number"]


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client; the answer to a subscription is a snapshot."""
    try:
        message = msgspec.json.decode(payload)
        kind, channel, identity = message["type"], message.get("channel", ""), message.get("id", "")
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        _say(socket, type="error", message="Invalid message: could not parse")
        return
    topic = f"{channel}|{identity}"
    if kind == "unsubscribe":
        socket.unsubscribe(topic)
        _say(socket, type="unsubscribed", channel=channel, id=identity)
        return
    if kind != "subscribe":
        return
    if sum(1 for other in socket.topics if other.startswith(f"{channel}|")) >= MOST_IDS:
        _say(
            socket,
            type="error",
            message=f"Per-connection subscription limit reached for channel {channel} ({MOST_IDS})",
        )
    elif socket.subscribe(topic) == "accepted":
        socket.acknowledge(b"", topic)
    else:
        _say(socket, type="error", message=f"Invalid subscription id for channel: ({channel}-{identity})")


def _say(socket: Socket, **message: Any) -> None:
    socket.say(msgspec.json.encode({"connection_id": CONNECTION, "message_id": _numbered(socket)} | message))


def finish(socket: Socket, topic: str, payload: bytes) -> bytes:
    """Put type, connection and running number before the contents."""
    channel, identity = topic.split("|", 1)
    fresh = topic not in socket.state
    socket.state[topic] = True
    named = f',"id":"{identity}"' if identity else ""
    version = "" if fresh else ',"version":"2.1.0"'
    head = (
        f'{{"type":"{"subscribed" if fresh else "channel_data"}","connection_id":"{CONNECTION}",'
        f'"message_id":{_numbered(socket)},"channel":"{channel}"{named}{version},"contents":'
    )
    return head.encode() + payload + b"}"


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a topic such as ``v4_trades|BTC-USD``."""
    channel, identity = topic.split("|", 1)
    if channel == "v4_markets":
        return Feed(name="ticker", produce=market_updates, first=_all_markets)
    if channel == "v4_trades" and listed(desk, identity, "linear"):
        return Feed(name="liquidations", produce=market_trades, first=_recent_trades)
    return None


def market_trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``v4_trades``: forced closes are of type ``LIQUIDATED``."""
    item = listed(desk, topic.split("|", 1)[1], "linear")
    rows = flagged(desk, item, since, until) if item else ()
    return [(row[0], msgspec.json.encode({"trades": [_trade(item, row)]})) for row in rows] if item else []


def _recent_trades(desk: Desk, topic: str, now: int) -> list[bytes]:
    """Return the snapshot: trades of the last half hour, old liquidations among them."""
    item = listed(desk, topic.split("|", 1)[1], "linear")
    if item is None:
        return []
    rows = list(flagged(desk, item, now - 1800 * SECOND, now))[::-1][:1000]
    return [msgspec.json.encode({"trades": [_trade(item, row) for row in rows]})]


def _all_markets(desk: Desk, topic: str, now: int) -> list[bytes]:  # noqa: ARG001 - of the form of all feeds
    return [msgspec.json.encode(markets(desk, Query({})))]


def market_updates(desk: Desk, topic: str, since: int, until: int) -> Sent:  # noqa: ARG001
    """``v4_markets``: oracle prices each second, open interest each five."""
    results: list[tuple[int, Any]] = []
    for contract in desk.contracts.values():
        for time in every(SECOND, since, living(desk, contract, until)).tolist():
            q = quote(desk, contract, time)
            row = {
                "oraclePrice": f"{q.index_price:.{contract.digits}f}", "effectiveAt": iso(time),
                "effectiveAtHeight": str(time // SECOND), "marketId": contract.number % 1000,
            }  # fmt: skip
            results.append((time, {"oraclePrices": {contract.symbol: row}}))
            if time // SECOND % 5 == 0:
                row = {"id": str(contract.number % 1000), "openInterest": contract.size_text(q.open_steps)}
                results.append((time, {"trading": {contract.symbol: row}}))
    results.sort(key=lambda row: row[0])
    return results


FORM = VenueForm(
    name="dydx", contracts=perpetuals("dydx", lambda coin: f"{coin}-USD", hours=1.0, coarse=0.1), refuse=refuse,
    routes=(
        Route(path="/v4/time", answer=server_time), Route(path="/v4/perpetualMarkets", answer=markets),
        Route(path="/v4/candles/perpetualMarkets/{ticker}", answer=candles, pool="candles"),
        Route(path="/v4/trades/perpetualMarket/{ticker}", answer=trades_before),
        Route(path="/v4/historicalFunding/{ticker}", answer=funding),
    ),
    bases=("/v4",), pools=(Pool("default", 100, 10.0), Pool("candles", 1000, 10.0)),
    stream=StreamForm(
        hosts={"stream": "/v4/ws"}, opened=opened, heard=heard, feed=feed, finish=finish, server_ping_every=30.0,
        pong_within=10.0, messages=2, messages_seconds=1.0,
    ),
)  # fmt: skip
