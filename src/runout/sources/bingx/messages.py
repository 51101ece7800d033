"""What BingX answers; what is not used is not declared."""

from typing import Generic, TypeVar

import msgspec

D = TypeVar("D")


class Envelope(msgspec.Struct, Generic[D]):
    """An answer."""

    data: D
    code: int = 0
    msg: str = ""


class OpenInterest(msgspec.Struct):
    """Open interest of a contract, dollars."""

    openInterest: float
    symbol: str
    time: int


class Listed(msgspec.Struct):
    """A contract of the listing."""

    symbol: str
    asset: str = ""
    currency: str = "USDT"
    launchTime: int = 0


class Refusal(msgspec.Struct):
    """What an error says, inside a 200 too."""

    code: int = 0
    msg: str = ""
