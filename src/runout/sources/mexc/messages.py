"""What MEXC answers; what is not used is not declared."""

from typing import Generic, TypeVar

import msgspec

D = TypeVar("D")


class Envelope(msgspec.Struct, Generic[D]):
    """An answer."""

    data: D
    success: bool = True
    code: int = 0


class Ticker(msgspec.Struct):
    """State of a contract."""

    symbol: str
    holdVol: float
    timestamp: int
    fairPrice: float | None = None


class Listed(msgspec.Struct):
    """A contract of the listing."""

    symbol: str
    baseCoin: str
    quoteCoin: str
    contractSize: float
    settleCoin: str = ""
    priceUnit: float | None = None
    createTime: int = 0


class Refusal(msgspec.Struct):
    """What an error says, inside a 200 too."""

    success: bool = True
    code: int = 0
    message: str = ""
