"""Indicators that are series: from tables over time to a table over time."""

from functools import partial
from typing import Final

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators import (
    depth,
    divergence,
    flows,
    funding,
    leverage_ratio,
    liquidations,
    open_interest,
    rotation,
)
from runout.indicators.described import FLOW, FORCED, OWN, PRICED, RANK, SIGMAS, Indicator, Input, Output, outputs

DAY: Final = NANOSECONDS_PER_DAY


def _interest_changes(label: str, window: int) -> Indicator:
    return Indicator(
        name=f"open interest change, {label}",
        meaning="Change of open interest, split without residual into what positions and what the price did, and the usual size of such a change.",
        equation="ΔO = P̄·ΔN + N̄·ΔP with N = O/P and bars for the mean of both ends",
        outputs=(
            *outputs("USD", "change_usd", "position_usd", "price_usd"), Output("change_base", "coins"),
            Output("noise_usd", "USD"), Output("noise_base", "coins"),
        ),
        inputs=(PRICED,),
        lookback=open_interest.NOISE_WINDOW + window,
        nulls="Null where no row stands exactly one window earlier; noise below 30 days of rows.",
        reference="Midpoint (Bennet) split of a product; noise: " + OWN,
        function=open_interest.changes,
        compute=partial(open_interest.changes, window=window),
    )  # fmt: skip


def _divergence(label: str, window: int) -> Indicator:
    return Indicator(
        name=f"open interest against price, {label}",
        meaning="Whether coin open interest moved with the price: log changes of both over their own deviation, and the difference.",
        equation="a = Δln P / sd, b = Δln N / sd over the trailing 365 days; D = a − b",
        outputs=(
            *outputs("fraction", "price_change", "coin_change"),
            *outputs(SIGMAS, "price_score", "coin_score", "divergence"),
        ),
        inputs=(PRICED,),
        lookback=divergence.SCORE_WINDOW + window,
        nulls="Null where no row stands exactly one window earlier; scores below 60 days of changes.",
        reference=OWN,
        function=divergence.divergence,
        compute=partial(divergence.divergence, window=window),
    )


SERIES: Final[tuple[Indicator, ...]] = (
    Indicator(
        name="liquidations, 24h",
        meaning="Dollars liquidated by side over the trailing day, the long share, and where the totals stand in their past year. A floor where feeds are capped.",
        equation="long share = L_long / (L_long + L_short); imbalance = 2 · long share − 1",
        outputs=(
            *outputs("USD", "long_usd", "short_usd", "total_usd"), *outputs("fraction", "long_share", "imbalance"),
            *outputs(RANK, "total_percentile", "long_percentile", "short_percentile"), Output("ranked_days", "days"),
        ),
        inputs=(FORCED,),
        lookback=liquidations.RANK_WINDOW + DAY,
        nulls="Null where the window has a gap; percentiles below 90 days of values; the share of nothing.",
        reference="Common usage of the aggregators; the rank: " + OWN,
        function=liquidations.trailing, compute=liquidations.trailing,
    ),
    *(_interest_changes(label, window) for label, window in open_interest.CHANGE_WINDOWS.items()),
    Indicator(
        name="estimated leverage ratio",
        meaning="Open interest over the coins that exchanges hold; read the percentile and the change, never the level.",
        equation="ELR = O / (R·P); with stablecoins: O / (R·P + S)",
        outputs=(
            Output("ratio", "ratio"), Output("ratio_percentile", RANK), Output("ratio_change_30d", "fraction"),
            Output("stable_ratio", "ratio"), Output("stable_ratio_percentile", RANK),
        ),
        inputs=(
            Input(
                kind="reserves", scope="one provider's coins, with open interest and price of the same day",
                columns=("open_interest_usd", "price", "reserve_base", "stablecoin_reserve_usd"),
            ),
        ),
        lookback=leverage_ratio.RANK_WINDOW,
        nulls="Null without a reserve; percentiles below 180 days of the past 365; the stablecoin form where no provider gives them.",
        reference="CryptoQuant, Estimated Leverage Ratio; the stablecoin form and the rank: " + OWN,
        function=leverage_ratio.leverage_ratio, compute=leverage_ratio.leverage_ratio,
    ),
    Indicator(
        name="funding",
        meaning="What longs pay shorts, as a simple rate a year, with its rank in the past year and the highest rank of the past week.",
        equation="yearly = rate · 365 · 24 / interval_hours",
        outputs=(Output("yearly", "fraction a year"), *outputs(RANK, "yearly_percentile", "week_high_percentile")),
        inputs=(Input(kind="funding", scope="one venue, or weighted over venues", columns=("rate", "interval_hours")),),
        lookback=funding.RANK_WINDOW + funding.WEEK,
        nulls="Ranks are null below 90 days of the past 365.",
        reference="Rate and interval as the venue publishes them; the states: " + OWN,
        function=funding.funding_state, compute=funding.funding_state,
    ),
    Indicator(
        name="net taker flow",
        meaning="Taker buys minus taker sells of an interval: the steps of the cumulative volume delta.",
        equation="net = buys − sells; from bars 2 · taker buys − volume, exactly",
        outputs=outputs("USD", "net_usd", "volume_usd"),
        inputs=(Input(kind="taker_flow", scope="one venue's market", columns=("span", "buy_usd", "sell_usd")),),
        lookback=0,
        nulls="Null where a side was not observed.",
        reference="Binance kline fields: taker buy quote asset volume, quote asset volume",
        function=flows.net_taker_flow, compute=flows.net_taker_flow,
    ),
    Indicator(
        name="spot against leverage, 24h",
        meaning="Net taker flow of one venue's spot and perpetual market over the trailing day, each in its own deviations, and leverage's share of turnover.",
        equation="leverage share = V_p / (V_p + V_s); spot-led share = |D_s| / (|D_s| + |D_p|); score = D / sd over 90 days",
        outputs=(
            *outputs("USD", "spot_net_usd", "perpetual_net_usd"), *outputs(SIGMAS, "spot_score", "perpetual_score"),
            Output("leverage_share", "fraction"), Output("leverage_share_percentile", RANK),
            Output("spot_to_futures", "ratio"), Output("spot_led_share", "fraction"),
        ),
        inputs=(
            Input(kind="taker_flow", scope="spot", columns=FLOW),
            Input(kind="taker_flow", scope="perpetual, same venue and step", columns=FLOW),
        ),
        lookback=flows.RANK_WINDOW + DAY,
        nulls="Absent where a market has no row; null where the day has a gap; scores below 30 days of 90, the rank below 90 of 365.",
        reference=OWN,
        function=flows.spot_against_perpetual, compute=flows.spot_against_perpetual,
    ),
    Indicator(
        name="depth",
        meaning="Resting orders within a band, and the share missing of the median of the 30 days before.",
        equation="withdrawal = 1 − D / median; imbalance = (bids − asks) / (bids + asks)",
        outputs=(
            Output("depth_usd", "USD"), *outputs("fraction", "withdrawal", "bid_withdrawal", "imbalance"),
            Output("depth_percentile", RANK),
        ),
        inputs=(Input(kind="depth", scope="one market and band", columns=("bid_usd", "ask_usd")),),
        lookback=depth.RANK_WINDOW,
        nulls="Withdrawal is null below 20 days of the past 30, the rank below 60 of 365.",
        reference=OWN,
        function=depth.depth_state, compute=depth.depth_state,
    ),
    Indicator(
        name="rotation, 1d",
        meaning="Daily change of Bitcoin's dominance, and the returns of the whole market and of everything but Bitcoin that follow from it.",
        equation="r_total = r − Δln D; r_total2 = r + Δln((1 − D)/D)",
        outputs=outputs("fraction", "dominance", "dominance_change", "dominance_growth", "total_return", "total2_return"),
        inputs=(Input(kind="market_caps", scope="Bitcoin, with its close", columns=("dominance", "price")),),
        lookback=DAY,
        nulls="Absent where a day or the day before it is missing.",
        reference="Identity from D = C / T; TradingView for the names BTC.D, TOTAL and TOTAL2",
        function=rotation.rotation, compute=rotation.rotation,
    ),
    Indicator(
        name="breadth, 1d",
        meaning="Share of coins that rose, among those observed at both ends.",
        equation="rising share = #{close > close before} / #{coins}",
        outputs=(Output("rising_share", "fraction"), Output("coins", "count")),
        inputs=(Input(kind="bars", scope="all coins", columns=("coin", "close")),),
        lookback=DAY,
        nulls="A coin missing at either end is not counted; absent where none is left.",
        reference="Advance share, common usage",
        function=rotation.breadth, compute=partial(rotation.breadth, window=DAY),
    ),
    *(_divergence(label, window) for label, window in divergence.WINDOWS.items()),
)  # fmt: skip
