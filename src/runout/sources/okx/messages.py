"""What OKX sends, as its v5 pages and recorded payloads show it. Fields not used are there so that new ones show."""

from typing import Any, Generic, TypeVar

import msgspec

from runout.sources.wire import Number, Wire

D = TypeVar("D")


class Argument(msgspec.Struct, gc=False):
    """What a frame is a frame of."""

    channel: str = ""
    instId: str = ""
    instType: str = ""


class Head(msgspec.Struct):
    """What tells a frame of data from an answer to a subscription."""

    event: str = ""
    arg: Argument = msgspec.field(default_factory=Argument)
    code: str = ""
    msg: str = ""


class Frame(Wire, Generic[D]):
    """A frame of data."""

    arg: Argument
    data: list[D]
    action: str = ""


class Detail(Wire):
    """An order of ``liquidation-orders``; ``posSide`` may be ``net``."""

    side: str
    bkPx: float
    sz: float
    ts: int
    posSide: str = ""
    bkLoss: Any = None
    ccy: str = ""


class Liquidations(Wire):
    """The orders of a contract in ``liquidation-orders``."""

    instId: str
    details: list[Detail]
    instType: str = ""
    instFamily: str = ""
    uly: str = ""


class Trade(Wire):
    """Trades of one taker order at one price; ``count`` of them since 2023."""

    instId: str
    tradeId: str
    px: float
    sz: float
    side: str
    ts: int
    count: int = 1
    seqId: Any = None
    source: Any = None


class OpenInterest(Wire):
    """Open interest of a contract; ``oiUsd`` since 2024."""

    instId: str
    oi: float
    ts: int
    instType: str = ""
    oiCcy: Number = None
    oiUsd: Number = None


class Funding(Wire):
    """The rate that the settlement at ``fundingTime`` would have."""

    instId: str
    fundingRate: Number
    fundingTime: int
    ts: int | str = 0
    nextFundingTime: int | str = 0
    instType: str = ""
    nextFundingRate: Any = None
    method: Any = None
    formulaType: Any = None
    impactValue: Any = None
    interestRate: Any = None
    maxFundingRate: Any = None
    minFundingRate: Any = None
    premium: Any = None
    settFundingRate: Any = None
    settState: Any = None
    prevFundingTime: Any = None


class Envelope(Wire, Generic[D]):
    """An answer."""

    code: int
    data: list[D]
    msg: str = ""


class Answered(msgspec.Struct):
    """What every answer says beside its data."""

    code: int
    msg: str = ""


class Candle(Wire, array_like=True):
    """A bar; ``confirm`` 0 is still running."""

    opened: int
    open: float
    high: float
    low: float
    close: float
    contracts: float
    coins: float
    quote: float
    confirm: int


class OpenInterestPoint(Wire, array_like=True):
    """A row of ``open-interest-history``."""

    stamp: int
    contracts: float
    coins: float
    dollars: float


class RatioPoint(Wire, array_like=True):
    """A row of the long/short ratios."""

    stamp: int
    ratio: float


class TakerPoint(Wire, array_like=True):
    """A row of ``taker-volume-contract``: sell comes first."""

    stamp: int
    sell: float
    buy: float


class Settlement(Wire):
    """A row of ``funding-rate-history``."""

    instId: str
    fundingRate: float
    fundingTime: int
    realizedRate: Number = None
    instType: str = ""
    method: Any = None
    formulaType: Any = None


class Listed(msgspec.Struct):
    """A contract of ``instruments``; what is not used of it is not declared."""

    instId: str
    instType: str
    uly: str
    ctType: str
    ctVal: Number
    ctMult: Number = 1.0
    tickSz: Number = None
    listTime: int | str = 0
    expTime: int | str = 0
    instCategory: str = ""
