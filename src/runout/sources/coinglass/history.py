"""Endpoints with one row a step (4h, 8h, 1d), as exported to Parquet and as the API answers.

What their stamps mean was settled on the figures themselves. Open interest, price, liquidations, taker volume and
funding: a bar's stamp opens it. Long/short ratios: the value of a daily row equals the 4h row of the same stamp, and
so is that instant's. Open interest per venue: the venues' sum at a stamp equals the all-venue *open* there. Depth and
Coinbase premium: the price that coins and dollars imply is nearest to the traded price at the stamp (3 bps, against 7
five minutes either side and 42 at the bar's end): an instant within five minutes, and known five minutes later.
"""

from typing import Final

import polars as pl

from runout.clock import NANOSECONDS_PER_MINUTE
from runout.sources.coinglass.feed import WIDE, Endpoint, Feed, Record, Value, by_side, from_percent, weighted_funding

_BINANCE = ("binance",)
_AROUND_STAMP = 5 * NANOSECONDS_PER_MINUTE
# Hyperliquid settles hourly and the figure is per hour: its resting rate reads 0.00125%, an eighth of the usual 0.01%.
_FUNDING_HOURS = pl.col("venue").replace_strict({"hyperliquid": 1.0}, default=8.0, return_dtype=pl.Float64)
_OHLC_UNUSED = ("open", "high", "low")


def _ratio(group: str, measure: str) -> Feed:
    return Feed(
        kind="positioning",
        scope=f"binance-{measure}",
        venues=_BINANCE,
        instruments="{coin}USDT",
        market="perpetual",
        margin="stablecoin",
        measure=measure,
        stamp="instant",
        records=(
            Record(
                {
                    "long_share": Value(f"{group}_long_percent", from_percent),
                    "long_short_ratio": Value(f"{group}_long_short_ratio"),
                }
            ),
        ),
        note="the stamp is the instant; shares are rounded to 0.01%, ratios to 0.01",
    )


def _taker(buy: str, sell: str, **scope: str) -> Feed:
    return Feed(
        kind="taker_flow",
        scope=scope["scope"],
        venues=_BINANCE,
        records=(Record({"buy_usd": Value(buy), "sell_usd": Value(sell)}),),
        instruments=scope["instruments"],
        market="spot" if "spot" in scope["scope"] else "all-derivatives",
        margin="none" if "spot" in scope["scope"] else "all",
        note=scope["note"],
    )


def _depth(prefix: str, scope: str, instruments: str, note: str = "") -> Feed:
    spot = "spot" in scope
    return Feed(
        kind="depth",
        scope=scope,
        venues=_BINANCE,
        instruments=instruments,
        market="spot" if spot else "perpetual" if scope == "binance-perpetual" else "all-derivatives",
        margin="none" if spot else "stablecoin" if scope == "binance-perpetual" else "all",
        stamp="instant",
        lag=_AROUND_STAMP,
        records=(
            Record(
                {
                    "bid_usd": Value(f"{prefix}bids_usd"),
                    "ask_usd": Value(f"{prefix}asks_usd"),
                    "bid_base": Value(f"{prefix}bids_quantity"),
                    "ask_base": Value(f"{prefix}asks_quantity"),
                },
                {"band": pl.lit(0.01)},
            ),
        ),
        note=("one sample at the stamp, not an average over the step" + (f"; {note}" if note else "")),
    )


def _bars(scope: str) -> Feed:
    spot = scope == "binance-spot"
    return Feed(
        kind="bars",
        scope=scope,
        venues=_BINANCE,
        instruments="{coin}USDT",
        market="spot" if spot else "perpetual",
        margin="none" if spot else "stablecoin",
        records=(Record({name: Value(name) for name in ("open", "high", "low", "close", "volume_usd")}),),
    )


_AGGREGATED_TAKER = _taker(
    "aggregated_buy_volume_usd", "aggregated_sell_volume_usd",
    scope="binance", instruments="perpetual and dated futures",
    note="Binance only, though named aggregated: about 1.2 times the volume of its USDT perpetual",
)  # fmt: skip

ENDPOINTS: Final = (
    Endpoint(
        name="price_ohlc_history",
        feeds=(_bars("binance-perpetual"),),
    ),
    Endpoint(
        name="spot_price_history",
        feeds=(_bars("binance-spot"),),
    ),
    Endpoint(
        name="futures_liquidation_aggregated_coin_history",
        feeds=(
            Feed(
                kind="liquidations",
                scope="binance",
                venues=_BINANCE,
                records=by_side("aggregated_long_liquidation_usd", "aggregated_short_liquidation_usd"),
                note="Binance only, though named aggregated: about 35% of Binance, OKX and Bybit together; "
                "Binance publishes at most one liquidation a second a symbol, so totals are floors",
            ),
        ),
    ),
    Endpoint(
        name="futures_openInterest_ohlc_aggregated_history",
        feeds=(
            Feed(
                kind="open_interest",
                scope="all",
                venues=("all",),
                records=(
                    Record(
                        {
                            "open_interest_usd": Value("close"),
                            "high_usd": Value("high"),
                            "low_usd": Value("low"),
                        }
                    ),
                ),
                note="sum over the provider's venues as it counts them; some (Gate, MEXC, BingX) do not behave like "
                "the rest, and changes can hang on them",
            ),
        ),
        unused=("open",),
    ),
    Endpoint(
        name="futures_openInterest_ohlc_aggregated_coin_margin_history",
        feeds=(
            Feed(
                kind="open_interest",
                scope="binance-coin-margin",
                venues=_BINANCE,
                margin="coin",
                records=(
                    Record(
                        {
                            "open_interest_usd": Value("close"),
                            "high_usd": Value("high"),
                            "low_usd": Value("low"),
                        }
                    ),
                ),
                note="Binance only, though named aggregated",
            ),
        ),
        unused=("open",),
    ),
    Endpoint(
        name="futures_openInterest_ohlc_aggregated_stablecoin",
        feeds=(
            Feed(
                kind="open_interest",
                scope="binance-stablecoin-margin",
                venues=_BINANCE,
                margin="stablecoin",
                records=(Record({"open_interest_base": Value("close")}),),
                note="Binance only, though named aggregated; the provider gives it in coins, not dollars",
            ),
        ),
        unused=_OHLC_UNUSED,
    ),
    Endpoint(
        name="futures_openInterest_exchange_history_chart",
        feeds=(
            Feed(
                kind="open_interest",
                scope="{venue}",
                stamp="instant",
                records=(
                    Record(
                        {
                            "open_interest_usd": Value(WIDE),
                            "price": Value("price", beside=True, optional=True),
                        }
                    ),
                ),
                note="the stamp is the instant: the venues' sum equals the all-venue open of the bar that begins "
                "there; as the venue publishes it, without a check of its quality",
            ),
        ),
    ),
    Endpoint(
        name="futures_fundingRate_ohlc_history",
        feeds=(
            Feed(
                kind="funding",
                scope="{venue}",
                instruments="{coin} perpetual",
                market="perpetual",
                records=(Record({"rate": Value("close", from_percent)}, {"interval_hours": _FUNDING_HOURS}),),
                note="quoted in percent per 8 h by the provider (Hyperliquid: per hour); the close of the interval",
            ),
        ),
        default_venue="binance",
        unused=_OHLC_UNUSED,
    ),
    Endpoint(
        name="futures_fundingRate_oi_weight_ohlc_history",
        feeds=(weighted_funding("oi-weighted", "close"),),
        unused=_OHLC_UNUSED,
    ),
    Endpoint(
        name="futures_fundingRate_vol_weight_ohlc_history",
        feeds=(weighted_funding("volume-weighted", "close"),),
        unused=_OHLC_UNUSED,
    ),
    Endpoint(
        name="futures_global_long_short_account_ratio_history",
        feeds=(_ratio("global_account", "global-accounts"),),
        unused=("global_account_short_percent",),
    ),
    Endpoint(
        name="futures_top_long_short_account_ratio_history",
        feeds=(_ratio("top_account", "top-accounts"),),
        unused=("top_account_short_percent",),
    ),
    Endpoint(
        name="futures_top_long_short_position_ratio_history",
        feeds=(_ratio("top_position", "top-positions"),),
        unused=("top_position_short_percent",),
    ),
    Endpoint(
        name="futures_aggregated_taker_buy_sell_volume_history",
        feeds=(_AGGREGATED_TAKER,),
    ),
    Endpoint(
        name="futures_taker_buy_sell_volume_history",
        feeds=(_AGGREGATED_TAKER,),
        left_out_with={
            "taker_buy_volume_usd": "futures_taker_buy_sell_volume_history with columns taker_…_volume_usd is in coins "
            "despite their name and has no price beside it: left out; the aggregated endpoint has the dollars"
        },
    ),
    Endpoint(
        name="spot_aggregated_taker_buy_sell_volume_history",
        feeds=(
            _taker(
                "aggregated_buy_volume_usd", "aggregated_sell_volume_usd",
                scope="binance-spot", instruments="spot, summed by the provider",
                note="Binance only, though named aggregated: equal to the pair {coin}USDT",
            ),
        ),
    ),
    Endpoint(
        name="spot_taker_buy_sell_volume_history",
        feeds=(
            _taker(
                "taker_buy_volume_usd", "taker_sell_volume_usd",
                scope="binance-spot-pair", instruments="{coin}USDT", note="",
            ),
        ),
    ),
    Endpoint(
        name="futures_orderbook_ask_bids_history",
        feeds=(_depth("", "binance-perpetual", "{coin}USDT"),),
    ),
    Endpoint(
        name="futures_orderbook_aggregated_ask_bids_history",
        feeds=(
            _depth("aggregated_", "binance", "perpetual and dated futures", "Binance only, though named aggregated"),
        ),
    ),
    Endpoint(
        name="spot_orderbook_ask_bids_history",
        feeds=(_depth("", "binance-spot", "{coin}USDT"),),
    ),
    Endpoint(
        name="spot_orderbook_aggregated_ask_bids_history",
        feeds=(
            _depth(
                "aggregated_", "binance-spot-aggregated", "spot, summed by the provider",
                "Binance only, though named aggregated: equal to the pair {coin}USDT",
            ),
        ),
    ),
    Endpoint(
        name="coinbase_premium_index",
        json_seconds=True,
        feeds=(
            Feed(
                kind="premium",
                scope="coinbase-premium",
                venues=("coinbase", "binance"),
                instruments="BTC spot in dollars over BTC spot in USDT",
                market="spot",
                margin="none",
                measure="coinbase-premium",
                stamp="instant",
                lag=_AROUND_STAMP,
                records=(Record({"rate": Value("premium_rate", from_percent), "difference_usd": Value("premium")}),),
                note="one sample at the stamp; holds the price of USDT in dollars too",
            ),
        ),
    ),
    Endpoint(
        name="futures_basis_history",
        left_out="futures_basis_history is left out: its values (±12%) are no basis of a perpetual, whose price was "
        "within 0.1% of spot throughout, and follow the distance of the price from its own average",
    ),
)  # fmt: skip
