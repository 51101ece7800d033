"""What Gate sends, as its v4 pages and recorded payloads show it. Fields not used are there so that new ones show."""

from typing import Any, Generic, TypeVar

import msgspec

from runout.sources.wire import Number, Wire

D = TypeVar("D")


class Head(msgspec.Struct):
    """What tells a frame of data from an answer to a subscription."""

    channel: str = ""
    event: str = ""
    error: Any = None


class Frame(Wire, Generic[D]):
    """A frame of data; ``error`` until 2022, ``time_ms`` since 2022."""

    channel: str
    event: str
    result: D
    time: int = 0
    time_ms: int | None = None
    id: Any = None
    error: Any = None


class Liquidation(Wire):
    """An order of ``futures.public_liquidates`` (since 2025-02); the sign of ``size`` is the position's."""

    contract: str
    size: float
    price: float
    time_ms: int
    time: int | None = None


class Trade(Wire):
    """A trade; the sign of ``size`` is the taker's; ``create_time_ms`` since 2021."""

    contract: str
    size: float
    id: int
    price: float
    create_time: float = 0
    create_time_ms: float | None = None
    is_internal: bool | None = None


class Ticker(Wire):
    """State of a contract; names of volumes differ by date."""

    contract: str
    total_size: float
    mark_price: Number
    index_price: Number
    funding_rate: Number
    funding_rate_indicative: Any = None
    last: Any = None
    change_percentage: Any = None
    change_price: Any = None
    change_utc0: Any = None
    change_utc8: Any = None
    quanto_base_rate: Any = None
    quanto_multiplier: Any = None
    price_type: Any = None
    low_24h: Any = None
    high_24h: Any = None
    volume_24h: Any = None
    volume_24h_usd: Any = None
    volume_24h_btc: Any = None
    volume_24_usd: Any = None
    volume_24_btc: Any = None
    volume_24h_base: Any = None
    volume_24h_quote: Any = None
    volume_24h_settle: Any = None
    highest_bid: Any = None
    highest_size: Any = None
    lowest_ask: Any = None
    lowest_size: Any = None


Tickers = Ticker | list[Ticker | list[Ticker]]
"""One contract (2022), a list, or a list within a list (2021)."""


class Candle(Wire):
    """A bar; ``v`` is contracts, ``sum`` quote currency."""

    t: int
    o: float
    h: float
    l: float
    c: float
    v: float = 0.0
    sum: Number = None


class Statistics(Wire):
    """A row of ``contract_stats``; counts of users and sizes behind the ratios since 2025."""

    time: int
    open_interest: float
    open_interest_usd: Number = None
    mark_price: Number = None
    lsr_account: Number = None
    top_lsr_account: Number = None
    top_lsr_size: Number = None
    long_liq_usd: Number = None
    short_liq_usd: Number = None
    long_liq_amount: Number = None
    short_liq_amount: Number = None
    long_liq_size: Any = None
    short_liq_size: Any = None
    lsr_taker: Any = None
    contract: Any = None
    long_taker_size: Any = None
    short_taker_size: Any = None
    long_users: Any = None
    short_users: Any = None
    top_long_account: Any = None
    top_short_account: Any = None
    top_long_size: Any = None
    top_short_size: Any = None


class Settlement(Wire):
    """A row of ``funding_rate``."""

    t: int
    r: float


class RiskTier(Wire):
    """A tier of ``risk_limit_tiers``."""

    tier: int
    risk_limit: float
    maintenance_rate: float
    leverage_max: float
    deduction: float | None = None
    initial_rate: Any = None
    contract: str = ""


class Listed(msgspec.Struct):
    """A contract of ``contracts``; what is not used of it is not declared."""

    name: str
    type: str
    quanto_multiplier: float = 0.0
    order_price_round: float | None = None
    funding_interval: int = 28_800
    launch_time: float | None = None
    contract_type: str = ""


class Refusal(msgspec.Struct):
    """What an error says."""

    label: str = ""
    message: str = ""
    detail: str = ""
