"""What Coinalyze answers over the wire."""

from typing import Any, Generic, TypeVar

import msgspec

from runout.sources.wire import Wire

P = TypeVar("P")


class Exchange(msgspec.Struct):
    """A venue by its code."""

    code: str
    name: str


class Market(msgspec.Struct):
    """A contract; what is not used of it is not declared."""

    symbol: str
    exchange: str
    base_asset: str
    quote_asset: str
    is_perpetual: bool = True
    margined: str = "STABLE"
    has_long_short_ratio_data: bool = False


class Liquidations(Wire):
    """Liquidations of an interval, by side of the position."""

    t: int
    l: float
    s: float


class Candle(Wire):
    """Open interest or funding of an interval."""

    t: int
    o: float
    h: float
    l: float
    c: float


class Ratio(Wire):
    """Ratio and shares of accounts."""

    t: int
    r: float
    l: float | None = None
    s: float | None = None


class History(Wire, Generic[P]):
    """Rows of a contract."""

    symbol: str
    history: list[P]


class Refusal(msgspec.Struct):
    """What an error says."""

    message: Any = ""
