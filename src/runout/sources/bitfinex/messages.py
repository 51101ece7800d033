"""What Bitfinex sends: arrays all of them, as its pages and recorded payloads show them."""

from typing import Any

import msgspec

Number = float | None


class Wire(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """An array; more elements than are declared are counted."""


class Liquidation(Wire):
    """A liquidation; ``is_match`` 0 triggered, 1 an execution."""

    kind: str
    id: int
    stamp: int
    _3: Any
    symbol: str
    amount: float
    entry_price: float
    _7: Any
    is_match: int
    is_market_sold: Any
    _10: Any
    price: Number = None


class LiquidationFrame(Wire):
    """A frame of ``liq:global``; with numbers and time where flags ask for them."""

    channel: int
    rows: list[Liquidation]
    number: Any = None
    sent: Any = None


class State(Wire):
    """State of a contract at a moment; open interest since 2020; more places follow and differ by date."""

    stamp: int
    _1: Any
    price: Number
    spot_price: Number
    _4: Any = None
    insurance: Any = None
    _6: Any = None
    next_funding: Any = None
    accrued: Any = None
    funding_step: Any = None
    _10: Any = None
    rate: Number = None
    _12: Any = None
    _13: Any = None
    mark_price: Number = None
    _15: Any = None
    _16: Any = None
    open_interest: Number = None
    _18: Any = None
    _19: Any = None
    _20: Any = None
    clamp_low: Any = None
    clamp_high: Any = None


class Candle(Wire):
    """A bar; the last price comes second."""

    opened: int
    open: float
    close: float
    high: float
    low: float
    volume: float


class Event(msgspec.Struct):
    """An answer, or what is said about the connection."""

    event: str = ""
    msg: str = ""
    code: int | None = None
