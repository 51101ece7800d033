"""What Hyperliquid sends, as its pages and recorded payloads show it. Unused fields are there so that new ones show."""

from typing import Any, Generic, TypeVar

import msgspec

from runout.sources.wire import Number, Wire

D = TypeVar("D")


class Frame(Wire, Generic[D]):
    """A frame of data."""

    channel: str
    data: D


class Trade(Wire):
    """A trade; ``users`` are buyer and seller, since 2025."""

    coin: str
    side: str
    px: float
    sz: float
    time: int
    tid: int
    hash: str = ""
    users: list[str] = msgspec.field(default_factory=list[str])


class Context(Wire):
    """What is known of a contract at present."""

    openInterest: Number = None
    funding: Number = None
    markPx: Number = None
    oraclePx: Number = None
    premium: Any = None
    prevDayPx: Any = None
    dayNtlVlm: Any = None
    dayBaseVlm: Any = None
    midPx: Any = None
    impactPxs: Any = None


class ActiveContext(Wire):
    """The data of ``activeAssetCtx``."""

    coin: str
    ctx: Context


class Liquidation(Wire):
    """Whose position a fill closed by force."""

    liquidatedUser: str
    markPx: Number = None
    method: str = ""


class Fill(msgspec.Struct, gc=False):
    """A fill of a user; only what tells of liquidations is declared."""

    coin: str
    px: float
    sz: float
    side: str
    time: int
    tid: int
    dir: str = ""
    liquidation: Liquidation | None = None


class Fills(msgspec.Struct, gc=False):
    """The data of ``userFills`` and of ``user``, which does not name its user."""

    fills: list[Fill] = []
    user: str = ""


class Candle(Wire):
    """A bar; ``n`` trades."""

    t: int
    o: float
    h: float
    l: float
    c: float
    v: float
    n: int
    T: int = 0
    s: str = ""
    i: str = ""


class Settlement(Wire):
    """An hour's funding; ``premium`` was added later."""

    coin: str
    fundingRate: float
    time: int
    premium: Any = None


class Listed(msgspec.Struct):
    """A contract of ``meta``."""

    name: str
    isDelisted: bool | None = None
    szDecimals: int = 0
    maxLeverage: float = 0.0
    marginTableId: int = 0


class MarginTier(msgspec.Struct):
    """A tier of a margin table: dollars from which the leverage is the highest."""

    lowerBound: float
    maxLeverage: float


class MarginTable(msgspec.Struct):
    """A margin table of ``meta``."""

    marginTiers: list[MarginTier]


class Meta(msgspec.Struct):
    """The listing; a contract whose table is not in it has one tier, of its highest leverage."""

    universe: list[Listed]
    marginTables: list[tuple[int, MarginTable]] = []


class State(msgspec.Struct, array_like=True):
    """The answer of ``metaAndAssetCtxs``: the listing, and a context for each contract in its order."""

    meta: Meta
    contexts: list[Context]
