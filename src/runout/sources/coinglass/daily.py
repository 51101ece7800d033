"""The daily CSV exports, all coins in one file. Stamps are the UTC day; rows of zeros precede the first real value.

Liquidations, taker flow, depth and margined open interest were exported with the provider's default list of venues,
Binance, OKX and Bybit; taker flow, depth and margined open interest are twice those of Binance alone, as they should.
"""

from typing import Final

from runout.clock import NANOSECONDS_PER_DAY
from runout.sources.coinglass.feed import (
    Endpoint,
    Feed,
    Record,
    Value,
    by_side,
    from_percent,
    share_of_ratio,
    weighted_funding,
)

_THREE = ("binance", "okx", "bybit")
_SCOPE = "binance+okx+bybit"
_ALL_NOTE = "sum over the provider's venues as it counts them"
_THREE_NOTE = "the exporter's default venues; about twice Binance alone"


def _interest(scope: str, margin: str, column: str, value: str, note: str) -> Feed:
    return Feed(
        kind="open_interest",
        scope=scope,
        venues=_THREE if margin != "all" else ("all",),
        margin="coin" if margin == "coin" else "stablecoin" if margin == "stablecoin" else "all",
        records=(Record({value: Value(column)}),),
        note=note,
    )


def _ratio(column: str, measure: str) -> Feed:
    return Feed(
        kind="positioning",
        scope=f"binance-{measure}",
        venues=("binance",),
        instruments="{coin}USDT",
        market="perpetual",
        margin="stablecoin",
        measure=measure,
        stamp="instant",
        records=(Record({"long_share": Value(column, share_of_ratio), "long_short_ratio": Value(column)}),),
        note="of 00:00 UTC of the dated day (it equals the 4h row of that instant), taken as known at the day's end; "
        "the share is computed from a ratio rounded to 0.01",
    )


def _bars(scope: str, market: str) -> Feed:
    return Feed(
        kind="bars",
        scope=scope,
        venues=("binance",),
        instruments="{coin}USDT",
        market="spot" if market == "spot" else "perpetual",
        margin="none" if market == "spot" else "stablecoin",
        records=(Record({name: Value(name) for name in ("open", "high", "low", "close", "volume_usd")}),),
    )


def _endpoint(name: str, *feeds: Feed, unused: tuple[str, ...] = (), coin: str = "symbol") -> Endpoint:
    return Endpoint(name=name, feeds=feeds, time="ts_utc", coin=coin, vintage="", padded=True, unused=unused)


ENDPOINTS: Final = (
    _endpoint(
        "liquidation_agg_1d",
        Feed(
            kind="liquidations",
            scope=_SCOPE,
            venues=_THREE,
            records=by_side("liq_long_usd", "liq_short_usd"),
            note="Binance and OKX publish at most one liquidation a second a symbol, Bybit all since 2025-02-20 and "
            "few before: totals are floors, and not comparable across that date",
        ),
    ),
    _endpoint(
        "futures_oi_agg_1d",
        _interest("all", "all", "oi_total_close", "open_interest_usd", _ALL_NOTE),
        _interest(
            f"{_SCOPE}-stablecoin-margin", "stablecoin", "oi_stable_close", "open_interest_base",
            f"the provider gives it in coins, though the file says usd; {_THREE_NOTE}",
        ),
        _interest(f"{_SCOPE}-coin-margin", "coin", "oi_coinm_close", "open_interest_usd", _THREE_NOTE),
        unused=("unit",),
    ),
    _endpoint(
        "long_short_all_1d",
        _ratio("lsr_global", "global-accounts"),
        _ratio("lsr_top_accounts", "top-accounts"),
        _ratio("lsr_top_positions", "top-positions"),
    ),
    _endpoint(
        "taker_vol_agg_futures_1d",
        Feed(
            kind="taker_flow",
            scope=_SCOPE,
            venues=_THREE,
            records=(Record({"buy_usd": Value("taker_buy_usd"), "sell_usd": Value("taker_sell_usd")}),),
            note=_THREE_NOTE,
        ),
    ),
    _endpoint(
        "orderbook_agg_futures_1d",
        Feed(
            kind="depth",
            scope=_SCOPE,
            venues=_THREE,
            stamp="instant",
            records=(
                Record(
                    {
                        "bid_usd": Value("bids_usd"),
                        "ask_usd": Value("asks_usd"),
                        "bid_base": Value("bids_qty"),
                        "ask_base": Value("asks_qty"),
                        "band": Value("range_pct", from_percent, beside=True),
                    }
                ),
            ),
            note=f"one sample at 00:00 UTC of the dated day, taken as known at the day's end; {_THREE_NOTE}",
        ),
    ),
    _endpoint("funding_oi_weight_1d", weighted_funding("oi-weighted", "funding_close")),
    _endpoint("funding_vol_weight_1d", weighted_funding("volume-weighted", "funding_close")),
    _endpoint("futures_ohlcv_1d", _bars("binance-perpetual", "perpetual")),
    _endpoint("spot_ohlcv_1d", _bars("binance-spot", "spot")),
    _endpoint(
        "coinbase_premium_index_1d",
        Feed(
            kind="premium",
            scope="coinbase-premium-rate",
            venues=("coinbase", "binance"),
            instruments="BTC spot in dollars over BTC spot in USDT",
            market="spot",
            margin="none",
            measure="coinbase-premium",
            stamp="instant",
            records=(Record({"rate": Value("premium_rate", from_percent)}),),
            note="one sample at 00:00 UTC of the dated day, taken as known at the day's end",
        ),
        coin="",
    ),
    Endpoint(
        name="etf_all_1d",
        feeds=(
            Feed(
                kind="fund_flows",
                scope="us-spot-funds",
                venues=("all",),
                instruments="spot exchange-traded funds listed in the United States",
                market="fund",
                margin="none",
                stamp="day",
                # Funds report after the close of New York and partly on the next morning.
                lag=NANOSECONDS_PER_DAY,
                records=(
                    Record({"flow_usd": Value("flow_usd"), "assets_usd": Value("aum_usd", beside=True)}),
                ),
                note="no rows for days without trade; taken as known a day after the dated day's end",
            ),
        ),
        time="date_utc",
        coin="symbol",
        vintage="",
        unused=("premium_discount",),
    ),
    Endpoint(
        name="bitfinex_margin_long_short_1d",
        left_out="bitfinex_margin_long_short_1d is left out: margin loans of one venue are no record kind",
    ),
    Endpoint(
        name="borrow_interest_rate_1d",
        left_out="borrow_interest_rate_1d is left out: borrowing rates are no record kind",
    ),
)  # fmt: skip
