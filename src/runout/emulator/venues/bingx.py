"""BingX perpetual swaps: open interest of doubtful meaning, prices; no liquidations, no websocket here."""

from typing import Any

from runout.clock import NANOSECONDS_PER_HOUR
from runout.emulator.columns import tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import STEPS, Desk
from runout.emulator.feeds import quote
from runout.emulator.forms import Pool, Query, Refused, Reply, Route, VenueForm, json_reply, milliseconds
from runout.emulator.shapes import bar_rows, perpetuals, step_of


def refuse(refused: Refused, now: int) -> Reply:  # noqa: ARG001 - of the form of all errors
    """Return an error as BingX words it, most with status 200."""
    code, words = {
        "slow-down": (100410, "rate limited"), "banned": (100410, "rate limited"),
        "path": (100400, "this api is not exist"),
        "symbol": (109425, "symbol not exist"), "blocked": (100403, "region not supported"),
    }.get(refused.kind, (109400, refused.words or "Invalid parameters"))  # fmt: skip
    return json_reply({"code": code, "msg": words, "data": {}}, 429 if code == 100410 else 200)


def _ok(data: Any) -> dict[str, Any]:
    return {"code": 0, "msg": "", "data": data}


def _contract(desk: Desk, query: Query) -> Contract:
    return desk.contract(query.text("symbol"), "linear")


def contracts(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``/openApi/swap/v2/quote/contracts``."""
    return _ok([
        {
            "contractId": str(contract.number % 1000), "symbol": contract.symbol, "size": contract.size_text(1),
            "quantityPrecision": contract.size_digits, "pricePrecision": contract.digits, "feeRate": 0.0005,
            "makerFeeRate": 0.0002, "takerFeeRate": 0.0005, "tradeMinLimit": 0, "tradeMinQuantity": contract.step,
            "tradeMinUSDT": 2,
            "currency": "USDT", "asset": contract.coin, "status": 1, "apiStateOpen": "true", "apiStateClose": "true",
            "launchTime": max(milliseconds(contract.listed), 1586275200000), "offTime": 0,
        }
        for contract in desk.kind("linear")
    ])  # fmt: skip


def open_interest(desk: Desk, query: Query) -> Any:
    """``/openApi/swap/v2/quote/openInterest``: in dollars, whatever its name says."""
    item, now = _contract(desk, query), desk.now()
    return _ok(
        {"openInterest": f"{quote(desk, item, now).open_usd:.2f}", "symbol": item.symbol, "time": milliseconds(now)}
    )


def premium_index(desk: Desk, query: Query) -> Any:
    """``/openApi/swap/v2/quote/premiumIndex``: all, or one."""
    named = "symbol" in query.parameters
    rows: list[dict[str, Any]] = []
    for contract in [_contract(desk, query)] if named else desk.kind("linear"):
        q = quote(desk, contract, desk.now())
        rows.append({
            "symbol": contract.symbol, "markPrice": f"{q.mark:.{contract.digits}f}",
            "indexPrice": f"{q.index_price:.{contract.digits}f}",
            "lastFundingRate": f"{q.funding:.8f}", "nextFundingTime": q.next_funding,
        })  # fmt: skip
    return _ok(rows[0] if named else rows)


def funding(desk: Desk, query: Query) -> Any:
    """``/openApi/swap/v2/quote/fundingRate``: newest first."""
    contract = _contract(desk, query)
    step = int(contract.funding_hours * NANOSECONDS_PER_HOUR)
    times = desk.grid(step, query.span("startTime", "endTime"), query.limit(100, 1000), query, oldest=False)
    return _ok([
        {"symbol": contract.symbol, "fundingRate": f"{rate:.8f}", "fundingTime": milliseconds(time)}
        for time, rate in tuples((times, desk.funding_at(contract, times - 1)))
    ][::-1])  # fmt: skip


def klines(desk: Desk, query: Query) -> Any:
    """``/openApi/swap/v3/quote/klines``: newest first, 1440 at most."""
    item, step = _contract(desk, query), step_of(query, "interval", STEPS)
    span = query.span("startTime", "endTime")
    times, bars = desk.bars(item, step, span, query.limit(500, 1440), query, oldest=False)
    rows = [
        {"open": o, "close": c, "high": h, "low": low, "volume": item.size_text(volume), "time": milliseconds(time)}
        for (o, h, low, c), (time, volume) in zip(bar_rows(item, bars), tuples((times, bars.volume)), strict=True)
    ]
    return _ok(rows[::-1])


_QUOTE = "/openApi/swap/v2/quote"
FORM = VenueForm(
    name="bingx", contracts=perpetuals("bingx", lambda coin: f"{coin}-USDT"), refuse=refuse,
    routes=(
        Route(path=f"{_QUOTE}/contracts", answer=contracts), Route(path=f"{_QUOTE}/openInterest", answer=open_interest),
        Route(path=f"{_QUOTE}/premiumIndex", answer=premium_index), Route(path=f"{_QUOTE}/fundingRate", answer=funding),
        Route(path=f"{_QUOTE}/klines", answer=klines), Route(path="/openApi/swap/v3/quote/klines", answer=klines),
    ),
    pools=(Pool("default", 500, 10.0),),
)  # fmt: skip
