"""What dYdX' indexer sends, as recorded payloads show it. Fields not used are there so that new ones show."""

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from runout.sources.wire import Wire

C = TypeVar("C")


class Head(msgspec.Struct):
    """What tells frames apart."""

    type: str = ""
    channel: str = ""
    id: str = ""
    message: str = ""
    message_id: int | None = None


class Frame(Wire, Generic[C]):
    """A frame of data, or the snapshot that answers a subscription."""

    type: str
    channel: str
    contents: C
    id: str = ""
    connection_id: Any = None
    message_id: Any = None
    version: Any = None


class Trade(Wire):
    """A trade; its type is LIMIT, MARKET, LIQUIDATED, DELEVERAGED or TWAP_SUBORDER; the height since 2025."""

    id: str
    side: str
    size: float
    price: float
    createdAt: datetime
    type: str = ""
    createdAtHeight: Any = None


class Trades(Wire):
    """Trades of a market."""

    trades: list[Trade]


class Market(msgspec.Struct):
    """What changed of a market; what is not used of it is not declared."""

    openInterest: float | None = None
    nextFundingRate: float | str | None = None
    oraclePrice: float | str | None = None


class Markets(Wire):
    """All markets (snapshot), what changed of some, or prices of the oracle."""

    markets: dict[str, Market] = msgspec.field(default_factory=dict[str, Market])
    trading: dict[str, Market] = msgspec.field(default_factory=dict[str, Market])
    oraclePrices: Any = None


class Candle(Wire):
    """A bar; prices of the order book since 2025."""

    startedAt: datetime
    open: float
    high: float
    low: float
    close: float
    baseTokenVolume: float
    usdVolume: float
    trades: int
    startingOpenInterest: float | None = None
    ticker: Any = None
    resolution: Any = None
    orderbookMidPriceOpen: Any = None
    orderbookMidPriceClose: Any = None
    id: Any = None


class Candles(Wire):
    """A page of bars, newest first."""

    candles: list[Candle]


class Settlement(Wire):
    """A settlement."""

    effectiveAt: datetime
    rate: float
    ticker: Any = None
    price: Any = None
    effectiveAtHeight: Any = None


class Settlements(Wire):
    """A page of settlements, newest first."""

    historicalFunding: list[Settlement]


class Listed(msgspec.Struct):
    """A market of the listing; what is not used of it is not declared."""

    ticker: str
    status: str = "ACTIVE"
    tickSize: float | None = None
    openInterest: float | None = None
    nextFundingRate: float | str | None = None
    oraclePrice: float | str | None = None
    initialMarginFraction: float = 0.0
    maintenanceMarginFraction: float = 0.0


class Listing(msgspec.Struct):
    """The listing, with the state of each market."""

    markets: dict[str, Listed]
