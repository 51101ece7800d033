"""What HTX sends, as its pages and recorded payloads show it. Fields not used are there so that new ones show."""

from typing import Any, Generic, TypeVar

import msgspec

from runout.sources.wire import Wire

D = TypeVar("D")


class Head(msgspec.Struct):
    """What tells frames apart."""

    op: str = ""
    topic: str = ""
    ts: int | str = 0
    ping: int | None = None
    code: int | None = msgspec.field(default=None, name="err-code")
    words: str = msgspec.field(default="", name="err-msg")


class Notice(Wire, Generic[D]):
    """A notification."""

    op: str
    topic: str
    ts: int
    data: list[D]
    event: str = ""


class Liquidation(Wire):
    """A liquidation; coins and dollars since 2020-12."""

    contract_code: str
    direction: str
    volume: float
    price: float
    created_at: int
    amount: float | None = None
    trade_turnover: float | None = None
    symbol: Any = None
    offset: Any = None
    pair: Any = None
    business_type: Any = None


class Funding(Wire):
    """The rate that the next settlement would have, each minute."""

    contract_code: str
    funding_time: int
    funding_rate: float | None = None
    settlement_time: Any = None
    estimated_rate: Any = None
    symbol: Any = None
    fee_asset: Any = None
    next_funding_time: Any = None


class Envelope(msgspec.Struct, Generic[D]):
    """An answer."""

    data: D
    status: str = "ok"
    ts: int = 0


class OpenInterest(Wire):
    """Open interest of a contract now."""

    contract_code: str
    volume: float
    amount: float | None = None
    value: float | None = None
    symbol: Any = None
    pair: Any = None
    contract_type: Any = None
    business_type: Any = None
    trade_partition: Any = None
    trade_amount: Any = None
    trade_volume: Any = None
    trade_turnover: Any = None


class Tick(Wire):
    """Open interest of an hour, contracts and dollars."""

    ts: int
    volume: float
    amount_type: Any = None
    value: Any = None


class Ticks(msgspec.Struct):
    """Open interest by the hour."""

    tick: list[Tick]


class Candle(Wire):
    """A bar; amount is coins, turnover dollars, each trade counted on both sides."""

    id: int
    open: float
    high: float
    low: float
    close: float
    amount: float
    vol: float
    trade_turnover: float
    count: Any = None


class Settlement(msgspec.Struct):
    """A settlement."""

    funding_rate: float
    funding_time: int


class Settlements(msgspec.Struct):
    """A page of settlements, newest first; how many pages there are, and settlements on all of them."""

    total_page: int
    total_size: int
    data: list[Settlement]


class Listed(msgspec.Struct):
    """A contract of the listing; what is not used of it is not declared."""

    symbol: str
    contract_code: str
    contract_size: float
    price_tick: float | None = None
    create_date: str = ""
    business_type: str = "swap"


class Refusal(msgspec.Struct):
    """What an error says, inside a 200 too."""

    status: str = "ok"
    err_code: int | None = None
    err_msg: str = ""
