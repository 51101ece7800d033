"""Lists by venue or instrument as they stood at one moment (``snap_…``): known when they were taken."""

from typing import Final

from runout.clock import NANOSECONDS_PER_HOUR
from runout.sources.coinglass.feed import Endpoint, Feed, Record, Value, by_side

_UNUSED_CHANGES = tuple(f"open_interest_change_percent_{window}" for window in ("5m", "15m", "30m", "1h", "4h", "24h"))
_UNUSED_BALANCE = tuple(f"balance_change_{unit}{window}" for unit in ("", "percent_") for window in ("1d", "7d", "30d"))


def _interest(scope: str, margin: str, usd: str, base: str) -> Feed:
    return Feed(
        kind="open_interest",
        scope=scope,
        margin="coin" if margin == "coin" else "stablecoin" if margin == "stablecoin" else "all",
        stamp="instant",
        records=(
            Record(
                {
                    "open_interest_base": Value(base),
                    "open_interest_usd": Value(usd, optional=margin == "coin"),
                }
            ),
        ),
        note="a list taken at irregular moments; coins as the provider counts them",
    )


ENDPOINTS: Final = (
    Endpoint(
        name="exchange_balance_list",
        feeds=(
            Feed(
                kind="reserves",
                scope="{venue}",
                instruments="exchange addresses as CoinGlass labels them",
                market="on-chain",
                margin="none",
                stamp="instant",
                records=(Record({"reserve_base": Value("total_balance")}),),
                note="providers differ by a factor of 1.5 in what they count as a venue's addresses",
            ),
        ),
        venue="exchange_name",
        unused=_UNUSED_BALANCE,
    ),
    Endpoint(
        name="futures_liquidation_exchange_list",
        feeds=(
            Feed(
                kind="liquidations",
                scope="{venue}-trailing-4h",
                stamp="instant",
                span=4 * NANOSECONDS_PER_HOUR,
                records=by_side("longLiquidation_usd", "shortLiquidation_usd"),
                note="total of the 4 h before the list was taken; lists overlap or leave gaps: never add them up",
            ),
        ),
        venue="exchange",
        unused=("liquidation_usd",),
        json_names={"long_liquidation_usd": "longLiquidation_usd", "short_liquidation_usd": "shortLiquidation_usd"},
    ),
    Endpoint(
        name="futures_openInterest_exchange_list",
        feeds=(
            _interest("{venue}", "all", "open_interest_usd", "open_interest_quantity"),
            _interest(
                "{venue}-coin-margin", "coin",
                "open_interest_by_coin_margin", "open_interest_quantity_by_coin_margin",
            ),
            _interest(
                "{venue}-stablecoin-margin", "stablecoin",
                "open_interest_by_stable_coin_margin", "open_interest_quantity_by_stable_coin_margin",
            ),
        ),
        venue="exchange",
        unused=("symbol", *_UNUSED_CHANGES),
    ),
    Endpoint(
        name="futures_pairs_markets",
        feeds=(
            Feed(
                kind="liquidations",
                scope="{venue}-{instrument}-trailing-24h",
                instruments="{instrument}",
                stamp="instant",
                span=24 * NANOSECONDS_PER_HOUR,
                # Swapped by the provider: the column named long follows the shorts liquidated (r 0.996 at Binance).
                records=by_side("short_liquidation_usd_24h", "long_liquidation_usd_24h"),
                note="total of the 24 h before the list was taken; lists overlap: never add them up; the provider's "
                "columns for the two sides are swapped, which is corrected here",
            ),
        ),
        venue="exchange_name",
        instrument="instrument_id",
        unused=(
            "symbol", "current_price", "index_price", "price_change_percent_24h", "volume_usd",
            "volume_usd_change_percent_24h", "long_volume_usd", "short_volume_usd", "long_volume_quantity",
            "short_volume_quantity", "open_interest_quantity", "open_interest_usd", "open_interest_change_percent_24h",
            "funding_rate", "next_funding_time", "open_interest_volume_radio", "oi_vol_ratio_change_percent_24h",
        ),
    ),
    Endpoint(
        name="futures_taker_buy_sell_volume_exchange_list",
        left_out="snap_futures_taker_buy_sell_volume_exchange_list is left out: its window is not stated, and taker "
        "flow is imported from the history endpoints",
    ),
    Endpoint(
        name="spot_pairs_markets",
        left_out="snap_spot_pairs_markets is left out: trailing spot volumes are imported from the history endpoints",
    ),
)  # fmt: skip
