"""What Deribit sends, as its pages and recorded payloads show it. Fields not used are there so that new ones show."""

from typing import Any, Generic, TypeVar

import msgspec

from runout.sources.wire import Wire

D = TypeVar("D")


class Parameters(Wire, Generic[D]):
    """What a notification is of."""

    channel: str
    data: D


class Frame(Wire, Generic[D]):
    """A notification."""

    jsonrpc: str
    method: str
    params: Parameters[D]


class HeadParameters(msgspec.Struct):
    """What a frame's head says of its content."""

    channel: str = ""
    type: str = ""
    data: Any = None


class Head(msgspec.Struct):
    """What tells frames apart."""

    method: str = ""
    params: HeadParameters = msgspec.field(default_factory=HeadParameters)
    id: int | None = None
    error: Any = None
    result: Any = None


class Trade(Wire):
    """A trade; ``liquidation`` where one took part."""

    instrument_name: str
    trade_seq: int
    timestamp: int
    price: float
    amount: float
    direction: str
    liquidation: str = ""
    trade_id: Any = None
    tick_direction: Any = None
    index_price: Any = None
    mark_price: Any = None
    contracts: Any = None
    iv: Any = None
    combo_id: Any = None
    combo_trade_id: Any = None
    block_trade_id: Any = None
    block_trade_leg_count: Any = None
    block_rfq_id: Any = None
    legs: Any = None


class Ticker(Wire):
    """State of a contract."""

    instrument_name: str
    timestamp: int
    open_interest: float
    mark_price: float
    index_price: float | None = None
    current_funding: float | None = None
    funding_8h: Any = None
    interest_value: Any = None
    stats: Any = None
    state: Any = None
    settlement_price: Any = None
    min_price: Any = None
    max_price: Any = None
    last_price: Any = None
    best_bid_price: Any = None
    best_bid_amount: Any = None
    best_ask_price: Any = None
    best_ask_amount: Any = None
    estimated_delivery_price: Any = None
    delivery_price: Any = None


class Answered(Wire, Generic[D]):
    """An answer."""

    result: D
    jsonrpc: str = ""
    id: Any = None
    usIn: int = 0
    usOut: int = 0
    usDiff: int = 0
    testnet: bool = False


class Chart(Wire):
    """Bars, a column a field."""

    ticks: list[int]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]
    cost: list[float]
    status: str = "ok"


class Settlement(Wire):
    """The funding of an hour."""

    timestamp: int
    interest_1h: float
    interest_8h: float | None = None
    index_price: float | None = None
    prev_index_price: float | None = None


class Summary(msgspec.Struct):
    """State of a contract as asked for; what is not used of it is not declared."""

    instrument_name: str
    open_interest: float | None = None
    mark_price: float | None = None
    creation_timestamp: int = 0
    estimated_delivery_price: float | None = None


class Summaries(msgspec.Struct):
    """State of all contracts as asked for."""

    result: list[Summary]


class Listed(msgspec.Struct):
    """A contract of the listing; what is not used of it is not declared."""

    instrument_name: str
    kind: str
    base_currency: str
    quote_currency: str
    instrument_type: str = "linear"
    settlement_period: str = ""
    tick_size: float | None = None
    creation_timestamp: int = 0
    expiration_timestamp: int = 0


class Listing(msgspec.Struct):
    """The listing."""

    result: list[Listed]


class Fault(msgspec.Struct):
    """Code and words of an error."""

    code: int = 0
    message: str = ""


class Refusal(msgspec.Struct):
    """What an error says."""

    error: Fault | None = None
