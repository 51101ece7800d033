"""Candles and marks as chart libraries ask for them: TradingView's Universal Data Feed, as OpenBB Workspace reads it.

A bar begins at ``t`` (Unix seconds). An answer up to ``to`` holds what was known by then.
"""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get
from litestar.params import Parameter, QueryParameter

from runout.api.observed import CoinStatus, Status
from runout.api.questions import Question
from runout.clock import NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND, now_ns
from runout.errors import NotEnoughDataError
from runout.server import replies
from runout.server.asking import AnyRequest, answers_of
from runout.server.replies import MEDIA
from runout.server.resources import described

_STEPS: Final = {
    "1": 1, "5": 5, "15": 15, "30": 30, "60": 60, "240": 240, "480": 480, "1D": 1440, "D": 1440, "1W": 10_080,
    "W": 10_080,
}  # fmt: skip
_NAMES: Final = [name for name in _STEPS if name not in {"D", "W"}]
_FEATURES: Final = ("search", "group_request", "marks", "timescale_marks", "time")
_MOST: Final = 5_000
_LATEST: Final = 2**32

_OBJECT: Final = described(dict[str, Any], "In the form of the feed.")
_LIST: Final = described(list[dict[str, Any]], "In the form of the feed.")

Symbol = Annotated[str, Parameter(description="A coin: letters and digits.", pattern=r"^[A-Za-z0-9]{1,20}$")]
Resolution = Annotated[str, Parameter(description="Minutes, 1D or 1W.", pattern=r"^(1|5|15|30|60|240|480|1D|D|1W|W)$")]
From = Annotated[int, QueryParameter(name="from", description="Unix seconds of the first bar.", ge=0, le=_LATEST)]
To = Annotated[int, Parameter(description="Unix seconds: nothing known later is inside.", ge=1, le=_LATEST)]
Count = Annotated[int, Parameter(description="Bars wanted, also before `from`; 0: as it says.", ge=0, le=_MOST)]


@get("/udf/config", responses=_OBJECT, summary="What the chart feed can do")
async def config(request: AnyRequest) -> Response[bytes]:
    """Return resolutions and features in the form of the Universal Data Feed."""
    flags = {f"supports_{name}": name in {"search", "marks", "time"} for name in _FEATURES}
    return _json(request, {"supported_resolutions": _NAMES, **flags})


@get("/udf/time", summary="The server's time", media_type="text/plain")
async def time() -> str:
    """Return the present as Unix seconds."""
    return str(now_ns() // NANOSECONDS_PER_SECOND)


@get("/udf/symbols", responses=_OBJECT, summary="A coin as a chart knows it")
async def symbols(request: AnyRequest, symbol: Symbol) -> Response[bytes]:
    """Return name, session, precision and resolutions of a coin; its description says whether it is synthetic."""
    known = {coin.coin: coin for coin in (await _status(request)).coins}
    if symbol.upper() not in known:
        raise NotEnoughDataError(f"expected a coin of the lake, found {symbol}; there are {', '.join(known)}")
    return _json(request, _symbol(known[symbol.upper()]))


@get("/udf/search", responses=_LIST, summary="Coins whose name begins so")
async def search(
    request: AnyRequest,
    beginning: Annotated[str, QueryParameter(name="query", description="Beginning of a name.", max_length=20)] = "",
    limit: Annotated[int, Parameter(description="Most answers.", ge=1, le=1_000)] = 30,
) -> Response[bytes]:
    """Return coins of the lake whose name begins with the text."""
    results = [_symbol(coin) for coin in (await _status(request)).coins if coin.coin.startswith(beginning.upper())]
    named = [{"symbol": series["name"], "full_name": series["name"], **series} for series in results[:limit]]
    return _json(request, named)


@get("/udf/history", responses=_OBJECT, summary="Candles of a coin for charts")
async def history(
    request: AnyRequest, *, symbol: Symbol, resolution: Resolution, since: From, to: To, countback: Count = 0
) -> Response[bytes]:
    """Return candles as columns `t, o, h, l, c, v`; `no_data` where the window has none."""
    step = _STEPS[resolution] * NANOSECONDS_PER_MINUTE
    at = min(to * NANOSECONDS_PER_SECOND, now_ns())
    requested = max(countback, -(-(at - since * NANOSECONDS_PER_SECOND) // step), 2)
    columns = min(requested, _MOST)
    asked = Question(resource="candles", at=at, coin=symbol.upper(), since=max(at - columns * step, 0), columns=columns)
    try:
        rows = (await answers_of(request).get(asked)).tables["candles"].table
    except NotEnoughDataError:
        return _json(request, {"s": "no_data"})
    if rows.is_empty():
        return _json(request, {"s": "no_data"})
    begins = (rows["event_time"].dt.timestamp("ns") - rows["span"]) // NANOSECONDS_PER_SECOND
    named = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume_usd"}
    columned = {short: rows[name].to_list() for short, name in named.items()}
    return _json(request, {"s": "ok", "t": begins.to_list(), **columned})


@get("/udf/marks", responses=_LIST, summary="Flushes and squeezes as marks of a chart")
async def marks(request: AnyRequest, symbol: Symbol, since: From, to: To) -> Response[bytes]:
    """Return the begin of each flush and squeeze in the window, with how far it went."""
    at = min(to * NANOSECONDS_PER_SECOND, now_ns())
    asked = Question(resource="flushes", at=at, coin=symbol.upper())
    rows = (await answers_of(request).get(asked)).tables["flushes"].table
    results: list[dict[str, Any]] = []
    for at_row, row in enumerate(rows.iter_rows(named=True)):
        begin = int(row["start_time"].timestamp())
        if since <= begin <= to:
            falls = row["direction"] == "flush"
            results.append(
                {
                    "id": at_row, "time": begin, "color": "red" if falls else "blue",
                    "label": row["direction"][0].upper(), "labelFontColor": "white", "minSize": 14,
                    "text": f"{row['direction']} of {row['move']:+.1%}, {row['state']}",
                }
            )  # fmt: skip
    return _json(request, results)


@get("/widgets.json", responses=_OBJECT, summary="The server as a backend of OpenBB Workspace")
async def widgets(request: AnyRequest) -> Response[bytes]:
    """Return widgets of OpenBB Workspace: a chart over `/udf`, and tables of the resources of this API."""
    coin = {"paramName": "coin", "value": "BTC", "label": "Coin", "type": "text", "description": "Base asset."}
    chart = {
        "name": "Runout: candles with flushes", "description": "Candles; marks are flushes and squeezes.",
        "category": "Crypto", "type": "advanced_charting", "endpoint": "/udf", "gridData": {"w": 20, "h": 16},
        "data": {"defaultSymbol": "BTC", "updateFrequency": 60_000},
    }  # fmt: skip
    tables = {
        name: {
            "name": f"Runout: {title}", "description": f"{title}. {note}", "category": "Crypto", "type": "table",
            "endpoint": f"v1/{name}", "gridData": {"w": 20, "h": 9}, "data": {"dataKey": "rows"}, "params": [coin],
        }
        for name, (title, note) in _TABLES.items()
    }  # fmt: skip
    return _json(request, {"chart": chart, **tables})


@get("/apps.json", summary="Apps of OpenBB Workspace", include_in_schema=False)
async def apps() -> list[str]:
    """Return no app: widgets are placed by their reader."""
    return []


_TABLES: Final = {
    "clusters": ("liquidation clusters", "Inferred levels, their chance to be reached, and what crossing them forces."),
    "tape": ("single liquidations", "As venues report them; capped feeds show a part."),
    "liquidations": ("liquidations by side", "Dollars reported as liquidated in each bucket."),
    "open-interest": ("open interest", "Its change parted into positions and price."),
    "flushes": ("flushes and squeezes", "As they were known, the newest first."),
    "coverage/feeds": ("feeds", "How old each series is, and whether its next row is overdue."),
}


def _symbol(item: CoinStatus) -> dict[str, Any]:
    about = f"{item.coin}, {' and '.join(item.venues)}{', SYNTHETIC MARKET' if item.synthetic else ''}"
    resolutions = [
        name for name, minutes in _STEPS.items() if (item.intraday or minutes >= 1440) and name not in {"D", "W"}
    ]
    return {
        "name": item.coin, "ticker": item.coin, "description": about, "type": "crypto", "session": "24x7",
        "timezone": "Etc/UTC", "exchange": "", "listed_exchange": "", "minmov": 1, "pricescale": 100,
        "has_intraday": item.intraday, "has_weekly_and_monthly": False, "supported_resolutions": resolutions,
        "volume_precision": 0, "data_status": "streaming" if item.intraday else "endofday",
    }  # fmt: skip


async def _status(request: AnyRequest) -> Status:
    answer = await answers_of(request).get(
        Question(resource="status", at=now_ns() // NANOSECONDS_PER_MINUTE * NANOSECONDS_PER_MINUTE)
    )
    return msgspec.json.decode(answer.documents["json"], type=Status)


def _json(request: AnyRequest, content: object) -> Response[bytes]:
    return replies.respond(request, msgspec.json.encode(content), MEDIA["json"], fixed=False)


FEED: Final = (config, time, symbols, search, history, marks, widgets, apps)
