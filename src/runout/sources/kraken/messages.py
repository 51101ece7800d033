"""What Kraken Futures sends, as its pages and recorded payloads show it. Unused fields are there, so new ones show."""

from datetime import datetime
from typing import Any

import msgspec

from runout.sources.wire import Wire


class Head(msgspec.Struct):
    """What tells frames apart."""

    feed: str = ""
    event: str = ""
    product_id: str = ""
    seq: int | None = None
    message: str = ""


class Trade(Wire):
    """A trade; ``uid`` since 2019."""

    feed: str
    product_id: str
    side: str
    type: str
    seq: int
    time: int
    qty: float
    price: float
    uid: str = ""


class TradeSnapshot(Wire):
    """The latest trades, sent after subscribing."""

    feed: str
    product_id: str
    trades: list[Trade]


class Ticker(Wire):
    """State of a contract; dated ones have no rates."""

    feed: str
    product_id: str
    time: int
    openInterest: float
    markPrice: float
    index: float | None = None
    relative_funding_rate: float | None = None
    funding_rate: Any = None
    funding_rate_prediction: Any = None
    relative_funding_rate_prediction: Any = None
    next_funding_rate_time: Any = None
    bid: Any = None
    ask: Any = None
    bid_size: Any = None
    ask_size: Any = None
    volume: Any = None
    dtm: Any = None
    leverage: Any = None
    premium: Any = None
    last: Any = None
    change: Any = None
    suspended: Any = None
    tag: Any = None
    pair: Any = None
    maturityTime: Any = None
    post_only: Any = None
    volumeQuote: Any = None
    open: Any = None
    high: Any = None
    low: Any = None


class Candle(Wire):
    """A bar."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Candles(Wire):
    """A page of bars."""

    candles: list[Candle]
    more_candles: bool = False


class Figures(Wire):
    """Statistics: stamps, and figures of one of several shapes."""

    timestamp: list[int]
    data: Any
    more: Any = None


class Statistics(Wire):
    """A page of statistics."""

    result: Figures
    errors: Any = None


class Settlement(Wire):
    """A settlement."""

    timestamp: datetime
    relativeFundingRate: float
    fundingRate: float


class Settlements(Wire):
    """All settlements that are kept."""

    rates: list[Settlement]
    result: str = ""
    serverTime: Any = None


class TickerNow(msgspec.Struct):
    """State of a contract as asked for; what is not used of it is not declared."""

    symbol: str
    openInterest: float | None = None
    markPrice: float | None = None
    indexPrice: float | None = None


class TickersNow(msgspec.Struct):
    """State of all contracts as asked for."""

    tickers: list[TickerNow]
    serverTime: datetime


class Listed(msgspec.Struct):
    """A contract of the listing; what is not used of it is not declared."""

    symbol: str
    type: str
    base: str = ""
    quote: str = "USD"
    tickSize: float | None = None
    contractSize: float = 1.0
    openingDate: datetime | None = None
    lastTradingTime: datetime | None = None


class Listing(msgspec.Struct):
    """The listing."""

    instruments: list[Listed]


class Refusal(msgspec.Struct):
    """What an error says, inside a 200 too."""

    result: Any = None
    error: str = ""
