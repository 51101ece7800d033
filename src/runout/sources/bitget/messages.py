"""What Bitget sends, as its pages and recorded payloads show it. Fields not used are there so that new ones show."""

from typing import Any, Generic, TypeVar

import msgspec

from runout.sources.wire import Number, Wire

D = TypeVar("D")


class Argument(msgspec.Struct, gc=False):
    """What a frame is a frame of."""

    instType: str = ""
    topic: str = ""
    symbol: str = ""


class Head(msgspec.Struct):
    """What tells frames apart."""

    event: str = ""
    arg: Argument = msgspec.field(default_factory=Argument)
    code: Any = None
    msg: str = ""


class Frame(Wire, Generic[D]):
    """A frame of data of the v3 socket."""

    arg: Argument
    data: list[D]
    ts: int
    action: str = ""


class Liquidation(Wire):
    """A liquidation (since 2026-04 at the latest); ``side`` is the position's. REST rows may lack the symbol."""

    side: str
    price: float
    amount: float
    ts: int
    symbol: str = ""


class Trade(Wire):
    """A trade; ``S`` is the taker's side."""

    i: int
    p: float
    v: float
    S: str
    T: int
    L: Any = None
    isRPI: Any = None


class Ticker(Wire):
    """State of a contract."""

    openInterest: float
    markPrice: float
    indexPrice: Number = None
    fundingRate: Number = None
    nextFundingTime: Any = None
    symbol: Any = None
    lastPrice: Any = None
    highPrice24h: Any = None
    lowPrice24h: Any = None
    openPrice24h: Any = None
    turnover24h: Any = None
    volume24h: Any = None
    price24hPcnt: Any = None
    bid1Price: Any = None
    ask1Price: Any = None
    bid1Size: Any = None
    ask1Size: Any = None
    deliveryTime: Any = None
    deliveryStartTime: Any = None
    deliveryStatus: Any = None


class Answered(msgspec.Struct):
    """What every answer says beside its data."""

    code: str
    msg: str = ""


class Envelope(Wire, Generic[D]):
    """An answer."""

    code: str
    data: D
    msg: str = ""
    requestTime: Any = None


class LiquidationPage(Wire):
    """A page of liquidations, newest first."""

    list: list[Liquidation]
    cursor: str | None = None


class Candle(Wire, array_like=True):
    """A bar."""

    opened: int
    open: float
    high: float
    low: float
    close: float
    coins: float
    quote: float


class Settlement(Wire):
    """A settlement."""

    symbol: str
    fundingRate: float
    fundingTime: int


class TickerNow(msgspec.Struct):
    """State of a contract as asked for; what is not used of it is not declared."""

    symbol: str
    ts: int
    holdingAmount: float
    markPrice: Number = None
    indexPrice: Number = None
    fundingRate: Number = None


class Listed(msgspec.Struct):
    """A contract of the listing; what is not used of it is not declared."""

    symbol: str
    baseCoin: str
    quoteCoin: str
    symbolType: str = "perpetual"
    fundInterval: Number = None
    launchTime: Number = None
    deliveryTime: Number = None
    isRwa: str = "NO"
