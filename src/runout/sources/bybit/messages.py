"""What Bybit sends, as its v5 pages and recorded payloads show it. Fields not used are there so that new ones show."""

from typing import Any, Generic, TypeVar

import msgspec

from runout.sources.wire import Number, Wire

R = TypeVar("R")


class Liquidation(Wire):
    """A row of ``allLiquidation``, since 2025-02-20."""

    T: int
    s: str
    S: str
    v: float
    p: float


class OldLiquidation(Wire):
    """The data of ``liquidation``, until 2025-02-20: size and updatedTime, before 2023 qty and time."""

    symbol: str
    side: str
    price: float
    size: float | None = None
    qty: float | None = None
    updatedTime: int | None = None
    time: int | None = None
    id: Any = None


class Trade(Wire):
    """A row of ``publicTrade``; ``L`` on contracts only."""

    T: int
    s: str
    S: str
    v: float
    p: float
    i: str
    L: str = ""
    BT: bool = False
    RPI: bool = False
    seq: int | None = None


class Ticker(Wire):
    """The data of ``tickers``: a snapshot, then changes in which an absent field means unchanged.

    ``singleOpenInterest`` since 2026-06-11; ``fundingIntervalHour`` since 2025.
    """

    symbol: str
    markPrice: Number = None
    indexPrice: Number = None
    openInterest: Number = None
    openInterestValue: Number = None
    singleOpenInterest: Number = None
    fundingRate: Number = None
    fundingIntervalHour: Number = None
    fundingCap: Any = None
    nextFundingTime: Any = None
    tickDirection: Any = None
    lastPrice: Any = None
    price24hPcnt: Any = None
    prevPrice24h: Any = None
    highPrice24h: Any = None
    lowPrice24h: Any = None
    prevPrice1h: Any = None
    turnover24h: Any = None
    volume24h: Any = None
    bid1Price: Any = None
    bid1Size: Any = None
    ask1Price: Any = None
    ask1Size: Any = None
    deliveryTime: Any = None
    basisRate: Any = None
    basisRateYear: Any = None
    basis: Any = None
    deliveryFeeRate: Any = None
    predictedDeliveryPrice: Any = None
    preOpenPrice: Any = None
    preQty: Any = None
    curPreListingPhase: Any = None


class Liquidations(Wire):
    """A frame of ``allLiquidation`` or, until 2025-02-20, of ``liquidation``."""

    topic: str
    data: list[Liquidation]
    ts: int = 0
    type: str = ""


class OldLiquidations(Wire):
    """A frame of ``liquidation``."""

    topic: str
    data: OldLiquidation | list[OldLiquidation]
    ts: int = 0
    type: str = ""
    generated: bool = False


class Trades(Wire):
    """A frame of ``publicTrade``."""

    topic: str
    data: list[Trade]
    ts: int = 0
    type: str = ""


class TickerUpdate(Wire):
    """A frame of ``tickers``."""

    topic: str
    data: Ticker
    ts: int
    type: str = ""
    cs: int = 0


class Answered(msgspec.Struct):
    """What every REST answer says before its result."""

    retCode: int
    retMsg: str = ""


class Kline(Wire, array_like=True):
    """A bar as REST gives it; of inverse contracts volume is dollars and turnover coins."""

    opened: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float


class OpenInterestPoint(Wire):
    """A row of ``open-interest``; ``singleOpenInterest`` since 2026-06-11."""

    openInterest: float
    timestamp: int
    singleOpenInterest: Number = None


class RatioPoint(Wire):
    """A row of ``account-ratio``."""

    buyRatio: float
    sellRatio: float
    timestamp: int
    symbol: str = ""


class FundingPoint(Wire):
    """A settlement."""

    symbol: str
    fundingRate: float
    fundingRateTimestamp: int


class Listed(msgspec.Struct):
    """A row of ``instruments-info``; what is not used of it is not declared."""

    symbol: str
    contractType: str
    baseCoin: str
    quoteCoin: str
    settleCoin: str = ""
    symbolType: str = ""
    launchTime: int = 0
    deliveryTime: int = 0
    fundingInterval: float = 0.0
    priceFilter: dict[str, Any] = {}


class RiskLimit(Wire):
    """A tier of ``risk-limit``: rates are fractions or percent, which the leverage says."""

    symbol: str
    riskLimitValue: float
    maintenanceMargin: float
    initialMargin: float
    maxLeverage: float
    mmDeduction: str = ""
    id: Any = None
    isLowestRisk: Any = None


class Result(Wire, Generic[R]):
    """Rows of an answer and what stands beside them."""

    rows: list[R] = msgspec.field(name="list")
    category: str = ""
    symbol: str = ""
    nextPageCursor: Any = None


class Envelope(Wire, Generic[R]):
    """An answer."""

    retCode: int
    result: Result[R]
    retMsg: str = ""
    retExtInfo: Any = None
    time: int = 0
