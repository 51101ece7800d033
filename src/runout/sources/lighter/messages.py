"""What Lighter sends, as recorded payloads show it. Fields not used are there so that new ones show."""

from typing import Any

import msgspec

from runout.sources.wire import Wire


class Head(msgspec.Struct):
    """What tells frames apart."""

    type: str = ""
    channel: str = ""
    error: Any = None


class Trade(Wire):
    """A trade; its type is trade, liquidation, deleverage or market-settlement."""

    trade_id: int
    type: str
    market_id: int
    size: float
    price: float
    is_maker_ask: bool
    timestamp: int
    usd_amount: Any = None
    trade_id_str: Any = None
    tx_hash: Any = None
    ask_id: Any = None
    ask_id_str: Any = None
    bid_id: Any = None
    bid_id_str: Any = None
    ask_client_id: Any = None
    ask_client_id_str: Any = None
    bid_client_id: Any = None
    bid_client_id_str: Any = None
    ask_account_id: Any = None
    bid_account_id: Any = None
    block_height: Any = None
    transaction_time: Any = None
    taker_fee: Any = None
    maker_fee: Any = None
    taker_position_size_before: Any = None
    taker_entry_quote_before: Any = None
    taker_initial_margin_fraction_before: Any = None
    taker_position_sign_changed: Any = None
    taker_allocated_margin_usdc_before: Any = None
    maker_position_size_before: Any = None
    maker_entry_quote_before: Any = None
    maker_initial_margin_fraction_before: Any = None
    maker_position_sign_changed: Any = None
    maker_allocated_margin_usdc_before: Any = None


class Trades(Wire):
    """Trades of a market, forced ones apart."""

    type: str
    channel: str
    trades: list[Trade] = msgspec.field(default_factory=list[Trade])
    liquidation_trades: list[Trade] = msgspec.field(default_factory=list[Trade])
    nonce: Any = None
    begin_nonce: Any = None
    timestamp: Any = None


class State(Wire):
    """State of a market; open interest in dollars."""

    market_id: int
    mark_price: float
    index_price: float | None = None
    open_interest: float | None = None
    current_funding_rate: float | None = None
    symbol: Any = None
    mid_price: Any = None
    open_interest_limit: Any = None
    funding_clamp_small: Any = None
    funding_clamp_big: Any = None
    last_trade_price: Any = None
    funding_rate: Any = None
    funding_timestamp: Any = None
    daily_base_token_volume: Any = None
    daily_quote_token_volume: Any = None
    daily_price_low: Any = None
    daily_price_high: Any = None
    daily_price_change: Any = None


class States(Wire):
    """State of all markets, by number."""

    type: str
    channel: str
    market_stats: dict[str, State]
    timestamp: int


class Settlement(Wire):
    """The funding of an hour, percent without a sign; ``long`` pays or ``short`` does."""

    timestamp: int
    rate: float
    direction: str
    value: Any = None


class Settlements(Wire):
    """A page of settlements."""

    fundings: list[Settlement]
    code: int = 200
    message: str = ""
    resolution: Any = None


class Listed(msgspec.Struct):
    """A market of the listing; what is not used of it is not declared."""

    symbol: str
    market_id: int
    status: str = "active"
    market_type: str = "perp"


class Listing(msgspec.Struct):
    """The listing."""

    order_book_details: list[Listed]


class Refusal(msgspec.Struct):
    """What an error says."""

    code: int = 200
    message: str = ""
