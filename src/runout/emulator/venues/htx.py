"""HTX linear swaps: sizes in contracts; gzipped websockets, one for notifications and one for the market."""

from typing import Any

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR
from runout.emulator.columns import tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk
from runout.emulator.feeds import SECOND, Sent, closes, every, quote, quotes, trades
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
    seconds,
)  # fmt: skip
from runout.emulator.shapes import listed, perpetuals, step_of
from runout.emulator.wire import Socket

UNITS = {"BTC": 0.001, "ETH": 0.01, "SOL": 1.0, "XRP": 10.0, "BNB": 0.1, "DOGE": 100.0, "ADA": 10.0}
KLINES = {"1min": 1, "5min": 5, "15min": 15, "30min": 30, "60min": 60, "4hour": 240, "1day": 1440}
STATISTICS = {"60min": 60, "4hour": 240, "12hour": 720, "1day": 1440, "5min": 5, "15min": 15, "30min": 30}


def refuse(refused: Refused, now: int) -> Reply:
    """Return an error as HTX words it."""
    code, words = {
        "slow-down": (1032, "The number of requests has exceeded the limit."), "banned": (1032, "Too many requests."),
        "symbol": (1332, "Contract Not Found."), "blocked": (403, "Access denied"),
    }.get(refused.kind, (1067, refused.words or "Invalid parameter."))  # fmt: skip
    status = {"slow-down": 429, "banned": 429, "blocked": 403, "path": 404}.get(refused.kind, 200)
    return json_reply({"status": "error", "err_code": code, "err_msg": words, "ts": milliseconds(now)}, status)


def _ok(desk: Desk, data: Any) -> dict[str, Any]:
    return {"status": "ok", "data": data, "ts": milliseconds(desk.now())}


def _contract(desk: Desk, query: Query) -> Contract:
    return desk.contract(query.text("contract_code"), "linear")


def contract_info(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``swap_contract_info``."""
    return _ok(desk, [
        {
            "symbol": contract.coin, "contract_code": contract.symbol, "contract_size": contract.unit_base,
            "price_tick": 10**-contract.digits,
            "delivery_date": "", "delivery_time": "", "create_date": "20201021", "contract_status": 1,
            "settlement_date": str(milliseconds(desk.next_funding(contract, desk.now()))), "support_margin_mode": "all",
            "business_type": "swap", "pair": contract.symbol, "contract_type": "swap", "trade_partition": "USDT",
        }
        for contract in desk.kind("linear")
    ])  # fmt: skip


def open_interest(desk: Desk, query: Query) -> Any:
    """``swap_open_interest``: volume in contracts, amount in coins, value in dollars, all of both sides."""
    contracts = [_contract(desk, query)] if "contract_code" in query.parameters else desk.kind("linear")
    rows: list[dict[str, Any]] = []
    for item in contracts:
        q = quote(desk, item, desk.now())
        rows.append({
            "volume": 2.0 * q.open_steps, "amount": round(2 * q.open_steps * item.unit_base, 8), "symbol": item.coin,
            "value": round(2 * q.open_usd, 4), "contract_code": item.symbol, "trade_amount": 0.0, "trade_volume": 0.0,
            "trade_turnover": 0.0, "business_type": "swap", "pair": item.symbol, "contract_type": "swap",
            "trade_partition": "USDT",
        })  # fmt: skip
    return _ok(desk, rows)


def open_interest_history(desk: Desk, query: Query) -> Any:
    """``swap_his_open_interest``: the newest ``size`` rows, of both sides, whatever is asked for; newest first."""
    item, step = _contract(desk, query), step_of(query, "period", STATISTICS)
    times = desk.grid(step, (0, desk.now()), query.limit(48, 200, "size"), query, oldest=False)
    steps, coins = 2 * desk.open_steps(item, times), query.whole("amount_type", 1) == 2
    values = steps * item.unit_base if coins else steps * 1.0
    usd = 2 * desk.open_usd(item, times)
    tick = [
        {"volume": volume, "amount_type": 2 if coins else 1, "value": round(value, 4), "ts": milliseconds(time)}
        for time, volume, value in tuples((times, values, usd))
    ]
    whole = {"symbol": item.coin, "contract_code": item.symbol, "business_type": "swap", "pair": item.symbol}
    return _ok(desk, whole | {"contract_type": "swap", "trade_partition": "USDT", "tick": tick[::-1]})


def _ratio(pull: float) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        item, step = _contract(desk, query), step_of(query, "period", STATISTICS)
        times = desk.grid(step, (0, desk.now()), 30, query, oldest=False)
        share = 0.5 + pull * (desk.market.long_accounts(item.coin, item.place, times) - 0.5)
        rows = [
            {"buy_ratio": round(x, 4), "sell_ratio": round(1 - x, 4), "locked_ratio": 0.0, "ts": milliseconds(time)}
            for time, x in tuples((times, share))
        ]
        return _ok(desk, {"list": rows, "symbol": item.coin, "contract_code": item.symbol, "pair": item.symbol})

    return answer


def funding_history(desk: Desk, query: Query) -> Any:
    """``swap_historical_funding_rate``: pages by number, newest first."""
    item, size, page = _contract(desk, query), query.limit(20, 50, "page_size"), query.whole("page_index", 1)
    step = int(item.funding_hours * NANOSECONDS_PER_HOUR)
    last = desk.now() // step - (page - 1) * size
    times = desk.grid(step, (0, last * step), size, query, oldest=False)
    whole = (desk.now() - desk.market.first) // step
    rows = [
        {
            "avg_premium_index": "0", "funding_rate": f"{rate:.18f}", "realized_rate": f"{rate:.18f}",
            "funding_time": str(milliseconds(time)), "contract_code": item.symbol, "symbol": item.coin,
            "fee_asset": "USDT",
        }
        for time, rate in tuples((times, desk.funding_at(item, times - 1)))
    ]  # fmt: skip
    pages = {"total_page": -(-whole // size), "current_page": page, "total_size": whole}
    return _ok(desk, pages | {"data": rows[::-1]})


def klines(desk: Desk, query: Query) -> Any:
    """``history/kline``: oldest first, ``id`` in seconds, 2000 at most; volumes count both sides of each trade."""
    item, step = _contract(desk, query), step_of(query, "period", KLINES)
    span = query.span("from", "to", SECOND)
    times, bars = desk.bars(item, step, span, query.limit(150, 2000, "size"), query, oldest="from" in query.parameters)
    tape, scale = desk.tape(item), 10.0**item.digits
    both = 2 * bars.volume
    columns = (times, *bars[:4], both, bars.trades, tape.coins(both, bars.close), tape.quote(both, bars.close))
    rows = [
        {
            "id": seconds(time), "open": o / scale, "close": c / scale, "high": h / scale, "low": low / scale,
            "amount": round(coins, 8), "vol": volume, "trade_turnover": round(usd, 4), "count": count,
        }
        for time, o, h, low, c, volume, count, coins, usd in tuples(columns)
    ]  # fmt: skip
    return {"ch": f"market.{item.symbol}.kline", "data": rows, "status": "ok", "ts": milliseconds(desk.now())}


def liquidation_orders(desk: Desk, query: Query) -> Any:
    """``/v5/market/liquidation_orders``: windows of two hours, 100 rows, newest first."""
    item, now = _contract(desk, query), desk.now()
    since, until = query.span("start_time", "end_time")
    until = min(until + 1, now)
    since = max(since, until - 2 * NANOSECONDS_PER_HOUR)
    rows = [_liquidation(item, close) | {"id": str(close.stamp)} for close in closes(desk, item, since, until)]
    page = rows[::-1][: query.limit(100, 100)]
    return {"code": 200, "message": "success", "data": page, "ts": milliseconds(now)}


def _liquidation(contract: Contract, close: Any) -> dict[str, Any]:
    price = close.price / 10**contract.digits
    coins = round(close.steps * contract.unit_base, 8)
    return {
        "symbol": contract.coin, "contract_code": contract.symbol, "direction": "sell" if close.side > 0 else "buy",
        "offset": "close", "volume": close.steps, "price": price, "created_at": close.stamp, "amount": coins,
        "trade_turnover": round(coins * price, 8), "business_type": "swap", "pair": contract.symbol,
    }  # fmt: skip


# -- websockets -------------------------------------------------------------------------------------------------------


def heard(socket: Socket, payload: bytes) -> None:
    """Answer a message of the client: ``op`` on the notification socket, ``sub`` on the market's."""
    try:
        message = msgspec.json.decode(payload)
    except msgspec.DecodeError:
        return
    now = milliseconds(socket.desk.now())
    if "pong" in message or message.get("op") == "pong":
        if str(message.get("pong", message.get("ts"))) == str(socket.state.get("asked")):
            socket.unanswered = None
    elif message.get("op") == "sub":
        _answer(
            socket,
            message["topic"],
            {"op": "sub", "cid": message.get("cid", ""), "topic": message["topic"], "ts": now, "err-code": 0},
        )
    elif "sub" in message:
        _answer(
            socket, message["sub"], {"id": message.get("id", ""), "status": "ok", "subbed": message["sub"], "ts": now}
        )


def _answer(socket: Socket, topic: str, accepted: dict[str, Any]) -> None:
    if socket.subscribe(topic) in {"accepted", "duplicate"}:
        socket.acknowledge(msgspec.json.encode(accepted), topic)
    elif "op" in accepted:
        socket.say(msgspec.json.encode(accepted | {"err-code": 2011, "err-msg": "Illegal topic."}))
    else:
        error = {
            "status": "error",
            "err-code": "bad-request",
            "err-msg": f"invalid topic {topic}",
            "id": accepted["id"],
        }
        socket.say(msgspec.json.encode(error))


def ask(socket: Socket) -> None:
    """Ask the client whether it lives, with the time that it must repeat."""
    now = milliseconds(socket.desk.now())
    socket.state["asked"] = now
    notifications = "notification" in socket.path
    socket.say(msgspec.json.encode({"op": "ping", "ts": str(now)} if notifications else {"ping": now}))


def feed(desk: Desk, topic: str) -> Feed | None:
    """Return the feed of a topic such as ``public.*.liquidation_orders`` or ``market.BTC-USDT.trade.detail``."""
    head, _, rest = topic.partition(".")
    code, _, name = rest.partition(".")
    answer = _FEEDS.get((head, name))
    return answer if answer and (code == "*" or listed(desk, code, "linear")) else None


def _contracts(desk: Desk, topic: str) -> list[Contract]:
    code = topic.split(".")[1]
    if code == "*":
        return [contract for contract in desk.contracts.values() if contract.kind == "linear"]
    item = listed(desk, code, "linear")
    return [item] if item else []


def liquidations(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``liquidation_orders``: the closing order's direction."""
    for contract in _contracts(desk, topic):
        for close in closes(desk, contract, since, until):
            named = topic.replace("*", contract.symbol)
            message = {"op": "notify", "topic": named, "ts": close.stamp + 60, "data": [_liquidation(contract, close)]}
            yield close.time, message


def funding(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``funding_rate`` each minute."""
    for item in _contracts(desk, topic):
        for q in quotes(desk, item, every(60 * SECOND, since, until)):
            row = {
                "symbol": item.coin, "contract_code": item.symbol, "fee_asset": "USDT", "funding_time": str(q.stamp),
                "funding_rate": f"{q.funding:.18f}", "estimated_rate": None, "settlement_time": str(q.next_funding),
            }  # fmt: skip
            message = {"op": "notify", "topic": topic.replace("*", item.symbol), "ts": q.stamp, "data": [row]}
            yield q.time, message


def market_trades(desk: Desk, topic: str, since: int, until: int) -> Sent:
    """``trade.detail``."""
    for contract in _contracts(desk, topic):
        for t in trades(desk, contract, since, until):
            price, coins = t.price / 10**contract.digits, round(t.steps * contract.unit_base, 8)
            row = {
                "amount": t.steps, "quantity": coins, "trade_turnover": round(coins * price, 8), "ts": t.stamp,
                "id": t.number * 10_000, "price": price, "direction": "buy" if t.bought else "sell",
            }  # fmt: skip
            message = {"ch": topic, "ts": t.stamp + 5, "tick": {"id": t.number, "ts": t.stamp, "data": [row]}}
            yield t.time, message


_FEEDS = {
    ("public", "liquidation_orders"): Feed(name="liquidations", produce=liquidations),
    ("public", "funding_rate"): Feed(name="funding", produce=funding),
    ("market", "trade.detail"): Feed(name="trades", produce=market_trades),
}
_API = "/linear-swap-api/v1"
_PATHS = {
    f"{_API}/swap_contract_info": contract_info, f"{_API}/swap_open_interest": open_interest,
    f"{_API}/swap_his_open_interest": open_interest_history, f"{_API}/swap_elite_account_ratio": _ratio(0.8),
    f"{_API}/swap_elite_position_ratio": _ratio(0.4), f"{_API}/swap_historical_funding_rate": funding_history,
    "/linear-swap-ex/market/history/kline": klines, "/v5/market/liquidation_orders": liquidation_orders,
}  # fmt: skip
FORM = VenueForm(
    name="htx", contracts=perpetuals("htx", lambda coin: f"{coin}-USDT", unit=UNITS.__getitem__), refuse=refuse,
    routes=tuple(Route(path=path, answer=answer) for path, answer in _PATHS.items()), pools=(Pool("default",
    120, 3.0),),
    stream=StreamForm(
        hosts={
            "stream": "/linear-swap-notification", "stream-notification": "/linear-swap-notification",
            "stream-market": "/linear-swap-ws",
        },
        heard=heard, feed=feed, gzip=True, server_ping=ask, server_ping_every=5.0, pong_within=30.0,
    ),
)  # fmt: skip
