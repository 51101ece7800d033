"""What Binance sends, as its pages and recorded payloads show it. Numbers may come as texts.

Fields that are known and not used are there so that a new field is noticed. ``valid`` of a change is said in the
docstring of the structure: additions are optional, so that recordings of all dates are read by one structure. Fields
are in the order of the wire, in which they are read fastest.
"""

from typing import Any

import msgspec

from runout.sources.wire import Number, Wire, Word


class Side(Word):
    """Side of an order."""

    BUY = "BUY"
    SELL = "SELL"


class Status(Word):
    """State of an order."""

    FILLED = "FILLED"
    UNSAID = ""


class OrderType(Word):
    """Type of an order."""

    LIMIT = "LIMIT"
    UNSAID = ""


class TimeInForce(Word):
    """How long an order stands."""

    IOC = "IOC"
    UNSAID = ""


class Order(Wire, kw_only=True):
    """The order of a ``forceOrder``; ``ps`` (pair) of COIN-M contracts, and of all since 2026-06-30."""

    s: str
    ps: str = ""
    S: Side
    o: OrderType = OrderType.UNSAID
    f: TimeInForce = TimeInForce.UNSAID
    q: float = 0.0
    p: float
    ap: float = 0.0
    X: Status = Status.UNSAID
    l: float = 0.0
    z: float
    T: int


class ForceOrder(Wire, tag_field="e", tag="forceOrder"):
    """A liquidation; ``st`` since 2026-06-30: 1 USD-M, 2 COIN-M."""

    E: int
    o: Order
    st: int | None = None


class AggregateTrade(Wire, tag_field="e", tag="aggTrade", kw_only=True):
    """Trades of one taker order at one price; ``nq`` (without retail price improvement) since 2025-12-31."""

    E: int
    a: int = 0
    s: str
    ps: str = ""
    p: float
    q: float
    nq: float | None = None
    f: int
    l: int
    T: int
    m: bool
    M: bool | None = None
    st: int | None = None


class MarkPrice(Wire, tag_field="e", tag="markPriceUpdate"):
    """Mark and index price, and the rate of the next settlement where there is one; ``ap`` since 2026-03-16."""

    E: int
    s: str
    p: float
    i: float | None = None
    P: float | None = None
    r: Number = None
    T: int = 0
    ap: float | None = None
    st: int | None = None
    ps: str = ""


Event = ForceOrder | AggregateTrade | MarkPrice | list[MarkPrice]


class Framed(Wire):
    """A frame of ``/stream``."""

    stream: str
    data: Event


class Acknowledgement(Wire):
    """Answer to a subscription; ``error`` where it was refused."""

    id: int | str | None = None
    result: Any = None
    error: Any = None
    code: int | None = None
    msg: str = ""


class Kline(Wire, array_like=True):
    """A bar as REST gives it; ``quote`` is dollars, of COIN-M contracts coins."""

    opened: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    closed: int
    quote: float
    trades: int
    taker_volume: float
    taker_quote: float
    ignored: Any = None


class OpenInterestPoint(Wire):
    """A row of ``openInterestHist``; COIN-M rows name pair and contract type."""

    sumOpenInterest: float
    sumOpenInterestValue: float
    timestamp: int
    symbol: str = ""
    pair: str = ""
    contractType: str = ""
    CMCCirculatingSupply: Any = None


class RatioPoint(Wire):
    """A row of the long/short ratios; position ratios of COIN-M name their shares otherwise."""

    longShortRatio: float
    timestamp: int
    longAccount: float | None = None
    shortAccount: float | None = None
    longPosition: float | None = None
    shortPosition: float | None = None
    symbol: str = ""
    pair: str = ""


class FundingPoint(Wire):
    """A settlement; ``rateType`` since 2026-07-28."""

    symbol: str
    fundingRate: float
    fundingTime: int
    markPrice: Number = None
    rateType: str = "Regular"


class OpenInterestNow(Wire):
    """Open interest at an instant."""

    symbol: str
    openInterest: float
    time: int
    pair: str = ""
    contractType: str = ""


class FundingInterval(msgspec.Struct):
    """A row of ``fundingInfo``: symbols whose interval or bounds were changed."""

    symbol: str
    fundingIntervalHours: float = 8.0


class Filter(msgspec.Struct):
    """A rule of a symbol; the price filter holds its tick."""

    filterType: str
    tickSize: float | None = None


class Symbol(msgspec.Struct):
    """A contract or pair of ``exchangeInfo``; what is not used of it is not declared."""

    symbol: str
    baseAsset: str
    quoteAsset: str
    contractType: str = ""
    underlyingType: str = "COIN"
    marginAsset: str = ""
    pair: str = ""
    onboardDate: int | None = None
    deliveryDate: int | None = None
    contractSize: float | None = None
    filters: list[Filter] = []


class ExchangeInfo(msgspec.Struct):
    """The listing of a segment."""

    symbols: list[Symbol]


class Refusal(msgspec.Struct):
    """What an error says."""

    code: int
    msg: str = ""
