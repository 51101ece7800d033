"""Gate futures settled in USDT: sizes in contracts, times in seconds."""

from typing import Any

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR
from runout.emulator.columns import tuples
from runout.emulator.contracts import TIERS, Contract
from runout.emulator.desk import STEPS, Desk
from runout.emulator.feeds import MILLISECOND, SECOND, Sent, closes, every, living, quote, quotes, trades
from runout.emulator.forms import (
    Feed,
    Law,
    Pool,
    Query,
    Refused,
    Reply,
    Route,
    StreamForm,
    VenueForm,
    json_reply,
    seconds,
)  # fmt: skip
from runout.emulator.shapes import bar_rows, listed, perpetuals, step_of
from runout.emulator.wire import Socket

MULTIPLIERS = {"BTC": 0.0001, "ETH": 0.01, "SOL": 1.0, "XRP": 10.0, "BNB": 0.001, "DOGE": 10.0, "ADA": 10.0}


def refuse(refused: Refused, now: int) -> Reply:  # noqa: ARG001 - of the form of all errors
    """Return an error as Gate words it."""
    status, label, words = {
        "slow-down": (429, "TOO_MANY_REQUESTS", "Request Rate limit Exceeded"),
        "banned": (403, "FORBIDDEN", "Forbidden"), "blocked": (403, "FORBIDDEN", "Restricted location"),
        "symbol": (400, "CONTRACT_NOT_FOUND", "contract not found"), "path": (404, "NOT_FOUND", "not found"),
    }.get(refused.kind, (400, "INVALID_PARAM_VALUE", refused.words or "Invalid request parameter"))  # fmt: skip
    return json_reply({"label": label, "message": words}, status)


def _contract(desk: Desk, query: Query) -> Contract:
    return desk.contract(query.text("contract"), "linear")


def contracts_listed(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``/contracts``."""
    return [_listing(desk, contract) for contract in desk.kind("linear")]


def _listing(desk: Desk, contract: Contract) -> dict[str, Any]:
    q = quote(desk, contract, desk.now())
    return {
        "name": contract.symbol, "type": "direct", "quanto_multiplier": f"{contract.unit_base:g}", "leverage_min": "1",
        "leverage_max": "100", "maintenance_rate": "0.005", "mark_type": "index",
        "mark_price": f"{q.mark:.{contract.digits}f}", "index_price": f"{q.index_price:.{contract.digits}f}",
        "last_price": f"{q.last:.{contract.digits}f}", "maker_fee_rate": "-0.0001", "taker_fee_rate": "0.00075",
        "order_price_round": contract.price_text(1), "mark_price_round": contract.price_text(1),
        "funding_rate": f"{q.funding:.6f}", "funding_interval": int(contract.funding_hours * 3600),
        "funding_next_apply": q.next_funding // 1000, "order_size_min": 1, "order_size_max": 1000000,
        "order_price_deviate": "0.5", "position_size": q.open_steps, "trade_size": 0, "in_delisting": False,
        "create_time": max(seconds(contract.listed), 1574035200), "status": "trading",
    }  # fmt: skip


def contract_stats(desk: Desk, query: Query) -> Any:
    """``/contract_stats``: sums of the period that begins at the stamp; open interest of both sides."""
    item, step = _contract(desk, query), step_of(query, "interval", STEPS, "5m")
    span = query.span("from", "to", SECOND)
    limit, oldest = query.limit(30, 2000), "from" in query.parameters
    times = desk.grid(step, span, limit, query, oldest=oldest)
    steps, usd, marks = desk.open_steps(item, times), desk.open_usd(item, times), desk.mark_at(item, times)
    share = desk.market.long_accounts(item.coin, item.place, times)
    return [
        _stats(desk, item, step, row)
        for row in tuples((times, steps, usd, marks, share))
    ]  # fmt: skip


def _stats(desk: Desk, contract: Contract, step: int, row: tuple[Any, ...]) -> dict[str, Any]:
    time, open_steps, usd, mark, share = row
    sums = {1: [0, 0.0], -1: [0, 0.0]}
    tape = desk.tape(contract)
    for close in closes(desk, contract, time, min(time + step, desk.now())):
        sums[close.side][0] += close.steps
        sums[close.side][1] += close.steps * contract.unit_base * contract.step * close.price / 10**contract.digits
    ratio = share / (1 - share)
    multiplier = contract.unit_base * contract.step
    return {
        "time": seconds(time), "lsr_taker": 1.0, "lsr_account": round(ratio, 6),
        "top_lsr_account": round(1 + 0.8 * (ratio - 1), 6), "top_lsr_size": round(1 + 0.4 * (ratio - 1), 6),
        "long_liq_size": sums[1][0], "long_liq_amount": sums[1][0] * multiplier, "long_liq_usd": round(sums[1][1], 4),
        "short_liq_size": sums[-1][0], "short_liq_amount": sums[-1][0] * multiplier,
        "short_liq_usd": round(sums[-1][1], 4), "open_interest": 2 * open_steps, "open_interest_usd": round(2 * usd, 4),
        "mark_price": round(mark, contract.digits), "long_users": round(share * tape.a_day),
        "short_users": round((1 - share) * tape.a_day),
    }  # fmt: skip


def liquidation_orders(desk: Desk, query: Query) -> Any:
    """``/liq_orders``: an hour at most; ``size`` is signed as the position was."""
    item, now = _contract(desk, query), desk.now()
    since, until = query.span("from", "to", SECOND)
    until = min(until + 1, now)
    if "from" in query.parameters and until - since > 3600 * SECOND + SECOND:
        raise Refused("parameter", "time range should be less than 3600 seconds")
    since = max(since, until - 3600 * SECOND)
    rows = [
        {
            "time": seconds(close.time), "contract": item.symbol, "size": close.side * close.steps, "leverage": "0",
            "margin": "0", "entry_price": "0", "liq_price": "0", "mark_price": item.price_text(close.price),
            "order_id": 0, "order_price": item.price_text(close.bankruptcy), "fill_price": item.price_text(close.price),
            "left": 0,
        }
        for close in closes(desk, item, since, until)
    ]  # fmt: skip
    return rows[::-1][: query.limit(100, 1000)]


def risk_limit_tiers(desk: Desk, query: Query) -> Any:
    """``/risk_limit_tiers`` of one contract."""
    contract = _contract(desk, query)
    return [
        {
            "tier": number, "risk_limit": str(cap), "initial_rate": f"{1 / leverage:.6f}",
            "maintenance_rate": str(rate), "leverage_max": str(leverage), "contract": contract.symbol,
            "deduction": f"{deduction:.2f}",
        }
        for number, (cap, rate, leverage, deduction) in enumerate(TIERS, 1)
    ]  # fmt: skip


def funding_rate(desk: Desk, query: Query) -> Any:
    """``/funding_rate``: newest first."""
    contract = _contract(desk, query)
    step = int(contract.funding_hours * NANOSECONDS_PER_HOUR)
    times = desk.grid(step, query.span("from", "to", SECOND), query.limit(100, 1000), query, oldest=False)
    return [{"t": seconds(t), "r": f"{rate:.6f}"} for t, rate in tuples((times, desk.funding_at(contract, times - 1)))][
        ::-1
    ]


def candlesticks(desk: Desk, query: Query) -> Any:
    """``/candlesticks``: oldest first; ``v`` in contracts, ``sum`` in dollars."""
    item, step = _contract(desk, query), step_of(query, "interval", STEPS, "5m")
    span, oldest = query.span("from", "to", SECOND), "from" in query.parameters
    times, bars = desk.bars(item, step, span, query.limit(100, 2000), query, oldest=oldest)
    usd = desk.tape(item).quote(bars.volume, bars.close)
    return [
        {"t": seconds(time), "o": o, "h": h, "l": low, "c": c, "v": volume, "sum": f"{dollars:.4f}"}
        for (o, h, low, c), (time, volume, dollars) in zip(
            bar_rows(item, bars), tuples((times, bars.volume, usd)), strict=True
        )
    ]  # fmt: skip


def tickers(desk: Desk, query: Query) -> Any:
    """``/tickers``: all, or one."""
    contracts = [_contract(desk, query)] if "contract" in query.parameters else desk.kind("linear")
    return [_ticker(contract, quote(desk, contract, desk.now())) for contract in contracts]


def _ticker(contract: Contract, q: Any) -> dict[str, Any]:
    last = f"{q.last:.{contract.digits}f}"
    return {
        "contract": contract.symbol, "last": last, "change_percentage": "0", "total_size": str(q.open_steps),
        "low_24h": last,
        "high_24h": last, "volume_24h": "0", "volume_24h_base": "0", "volume_24h_quote": "0", "volume_24h_settle": "0",
        "mark_price": f"{q.mark:.{contract.digits}f}", "funding_rate": f"{q.funding:.6f}",
        "funding_rate_indicative": f"{q.funding:.6f}", "index_price": f"{q.index_price:.{contract.digits}f}",
        "quanto_base_rate": "", "price_type": "last", "change_from": "24h", "change_price": "0",
        "quanto_multiplier": f"{contract.unit_base:g}",
    }  # fmt: skip


def _none(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """Answer for contracts settled in Bitcoin, of which there are none."""
    return []


# -- websocket --------------------------------------------------------------------------------------------------------


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client."""
    try:
        message = msgspec.json.decode(payload)
        channel, event, names = message["channel"], message.get("event", ""), message.get("payload", [])
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return
    now = socket.desk.now()
    head = {"time": seconds(now), "time_ms": now // MILLISECOND, "channel": channel}
    if channel == "futures.ping":
        if socket.answers_pings:
            socket.say(msgspec.json.encode(head | {"channel": "futures.pong", "event": "", "result": None}))
        return
    topics = [f"{channel}|{name}" for name in names] or [f"{channel}|"]
    if event == "unsubscribe":
        for topic in topics:
            socket.unsubscribe(topic)
        socket.say(msgspec.json.encode(head | {"event": event, "result": {"status": "success"}, "payload": names}))
        return
    wrong = [topic for topic in topics if socket.subscribe(topic) in {"unknown", "refused"}]
    if wrong:
        error = {"code": 2, "message": f"unknown contract {wrong[0].split('|')[1]}"}
        socket.say(msgspec.json.encode(head | {"event": event, "error": error, "result": {"status": "fail"}}))
    taken = [topic for topic in topics if topic in socket.topics]
    if taken:
        done = head | {"event": event, "result": {"status": "success"}, "payload": names}
        socket.acknowledge(msgspec.json.encode(done), *taken)


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a topic such as ``futures.public_liquidates|!all``."""
    channel, name = topic.split("|", 1)
    answer = _FEEDS.get(channel)
    return answer if answer and (name == "!all" or listed(desk, name, "linear")) else None


def _contracts(desk: Desk, topic: str) -> list[Contract]:
    name = topic.split("|", 1)[1]
    if name == "!all":
        return [contract for contract in desk.contracts.values() if contract.kind == "linear"]
    item = listed(desk, name, "linear")
    return [item] if item else []


def _update(desk: Desk, topic: str, time: int, rows: Any) -> tuple[int, bytes]:
    now = time + desk.clock_offset
    head = {"time": seconds(now), "time_ms": now // MILLISECOND, "channel": topic.split("|", 1)[0], "event": "update"}
    return time, msgspec.json.encode(head | {"result": rows})


def public_liquidates(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``futures.public_liquidates``: all orders of a contract's second, twenty at most in a message."""
    first, last = since - since % SECOND, until - until % SECOND
    results: list[tuple[int, bytes]] = []
    for item in _contracts(desk, topic) if first < last else ():
        batches: dict[int, list[dict[str, Any]]] = {}
        for close in closes(desk, item, first, last):
            row = {
                "contract": item.symbol, "size": close.side * close.steps, "price": item.price_text(close.bankruptcy),
                "time": close.stamp // 1000, "time_ms": close.stamp,
            }  # fmt: skip
            batches.setdefault(close.time - close.time % SECOND + SECOND, []).append(row)
        for end, rows in batches.items():
            results += [_update(desk, topic, end, rows[at : at + 20]) for at in range(0, len(rows), 20)]
    results.sort(key=lambda row: row[0])
    return results


def futures_trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``futures.trades``: ``size`` is signed as the taker traded."""
    return [
        _update(desk, topic, trade.time, [{
            "size": trade.steps if trade.bought else -trade.steps, "id": trade.number,
            "create_time": trade.stamp // 1000, "create_time_ms": trade.stamp, "price": item.price_text(trade.price),
            "contract": item.symbol,
        }])
        for item in _contracts(desk, topic) for trade in trades(desk, item, since, until)
    ]  # fmt: skip


def futures_tickers(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``futures.tickers`` each second."""
    return [
        _update(desk, topic, q.time, [_ticker(contract, q)])
        for contract in _contracts(desk, topic) for q in quotes(desk, contract, every(SECOND, since, until))
    ]  # fmt: skip


def books(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``futures.order_book``: the whole best twenty levels each second."""
    for item in _contracts(desk, topic):
        for time in every(SECOND, since, living(desk, item, until)).tolist():
            bids, asks = ([{"p": item.price_text(p), "s": q} for p, q in side] for side in desk.book(item, time, 20))
            row = {"t": time // MILLISECOND, "contract": item.symbol, "id": time // SECOND, "asks": asks, "bids": bids}
            yield _update(desk, topic, time, row)


_FEEDS = {
    "futures.public_liquidates": Feed(name="liquidations", produce=public_liquidates),
    "futures.trades": Feed(name="trades", produce=futures_trades),
    "futures.tickers": Feed(name="ticker", produce=futures_tickers),
    "futures.order_book": Feed(name="depth", produce=books),
}
_PATHS = {
    "contracts": contracts_listed, "contract_stats": contract_stats, "liq_orders": liquidation_orders,
    "funding_rate": funding_rate, "candlesticks": candlesticks, "tickers": tickers,
    "risk_limit_tiers": risk_limit_tiers,
}  # fmt: skip
_IN_COINS = ("contracts", "tickers", "risk_limit_tiers")
FORM = VenueForm(
    name="gate", contracts=perpetuals("gate", lambda coin: f"{coin}_USDT", unit=MULTIPLIERS.__getitem__), refuse=refuse,
    routes=(
        *(Route(path=f"/api/v4/futures/usdt/{path}", answer=answer) for path, answer in _PATHS.items()),
        *(Route(path=f"/api/v4/futures/btc/{path}", answer=_none) for path in _IN_COINS),
    ),
    bases=("/api/v4", "/api/v4/futures/usdt"), pools=(Pool("default", 200, 10.0, "X-Gate-RateLimit-Used"),), law=Law(),
    stream=StreamForm(
        hosts={"stream": "/v4/ws/usdt"}, heard=heard, feed=feed, most_connections=300,
    ),
    capture=(("1970-01-01", "latest"), ("2026-08-20", "complete")),
)  # fmt: skip
