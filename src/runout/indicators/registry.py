"""Every indicator: what it is, in which unit, from what, how far it looks back, and by whom it is defined so.

``docs/indicators.md`` is written from this table, and one battery of tests holds every entry to what it declares here.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators import (
    analogues,
    cycles,
    deleveraging,
    depth,
    divergence,
    endogeneity,
    flows,
    flushes,
    funding,
    leverage_ratio,
    liquidations,
    open_interest,
    positioning,
    rotation,
    track_record,
)

DAY: Final = NANOSECONDS_PER_DAY

RANK: Final = "percentile"
SIGMAS: Final = "standard deviations"


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """What an indicator reads.

    Parameters
    ----------
    kind
        Record kind, or ``value`` where single values are handed over.
    scope
        Which series of the kind.
    columns
        Columns the function reads beside ``event_time`` and ``known_time``.
    """

    kind: str
    scope: str
    columns: tuple[str, ...] = ()


class Output(msgspec.Struct, frozen=True):
    """One column or value of an indicator, with its unit."""

    name: str
    unit: str


class Indicator(msgspec.Struct, frozen=True, kw_only=True):
    """One indicator.

    Parameters
    ----------
    name
        Readable and unique.
    meaning
        What it says, in one sentence.
    equation
        As plain text.
    outputs
        Columns or values, with units.
    inputs
        What is read, in the order of the function's arguments.
    lookback
        Nanoseconds before a row that its value can depend on; None: all of history.
    nulls
        When there is no value.
    reference
        Who defines it so.
    function
        The function, as ``module.name`` below ``runout.indicators``.
    compute
        From input tables to a table with ``event_time`` and ``known_time``; None where the function takes or returns
        something else.
    """

    name: str
    meaning: str
    equation: str
    outputs: tuple[Output, ...]
    inputs: tuple[Input, ...]
    lookback: int | None
    nulls: str
    reference: str
    function: Callable[..., object]
    compute: Callable[..., pl.DataFrame] | None = None


def _outputs(unit: str, *names: str) -> tuple[Output, ...]:
    return tuple(Output(name, unit) for name in names)


_OWN = "this product's own definition (definitions page)"
_PRICED = Input(
    kind="open_interest", scope="all venues, with the close of the bar that ends then", columns=("open_interest_usd", "price"),
)  # fmt: skip
_FORCED = Input(
    kind="liquidations", scope="a group of series of one step, summed by side", columns=("span", "long_usd", "short_usd"),
)  # fmt: skip
_FLOW = ("span", "net_usd", "volume_usd")


def _interest_changes(label: str, window: int) -> Indicator:
    return Indicator(
        name=f"open interest change, {label}",
        meaning="Change of open interest, split without residual into what positions and what the price did, and the usual size of such a change.",
        equation="ΔO = P̄·ΔN + N̄·ΔP with N = O/P and bars for the mean of both ends",
        outputs=(
            *_outputs("USD", "change_usd", "position_usd", "price_usd"), Output("change_base", "coins"),
            Output("noise_usd", "USD"), Output("noise_base", "coins"),
        ),
        inputs=(_PRICED,),
        lookback=open_interest.NOISE_WINDOW + window,
        nulls="Null where no row stands exactly one window earlier; noise below 30 days of rows.",
        reference="Midpoint (Bennet) split of a product; noise: " + _OWN,
        function=open_interest.changes,
        compute=partial(open_interest.changes, window=window),
    )  # fmt: skip


def _divergence(label: str, window: int) -> Indicator:
    return Indicator(
        name=f"open interest against price, {label}",
        meaning="Whether coin open interest moved with the price: log changes of both over their own deviation, and the difference.",
        equation="a = Δln P / sd, b = Δln N / sd over the trailing 365 days; D = a − b",
        outputs=(
            *_outputs("fraction", "price_change", "coin_change"),
            *_outputs(SIGMAS, "price_score", "coin_score", "divergence"),
        ),
        inputs=(_PRICED,),
        lookback=divergence.SCORE_WINDOW + window,
        nulls="Null where no row stands exactly one window earlier; scores below 60 days of changes.",
        reference=_OWN,
        function=divergence.divergence,
        compute=partial(divergence.divergence, window=window),
    )


TABLES: Final[tuple[Indicator, ...]] = (
    Indicator(
        name="liquidations, 24h",
        meaning="Dollars liquidated by side over the trailing day, the long share, and where the totals stand in their past year. A floor where feeds are capped.",
        equation="long share = L_long / (L_long + L_short); imbalance = 2 · long share − 1",
        outputs=(
            *_outputs("USD", "long_usd", "short_usd", "total_usd"), *_outputs("fraction", "long_share", "imbalance"),
            *_outputs(RANK, "total_percentile", "long_percentile", "short_percentile"), Output("ranked_days", "days"),
        ),
        inputs=(_FORCED,),
        lookback=liquidations.RANK_WINDOW + DAY,
        nulls="Null where the window has a gap; percentiles below 90 days of values; the share of nothing.",
        reference="Common usage of the aggregators; the rank: " + _OWN,
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
        reference="CryptoQuant, Estimated Leverage Ratio; the stablecoin form and the rank: " + _OWN,
        function=leverage_ratio.leverage_ratio, compute=leverage_ratio.leverage_ratio,
    ),
    Indicator(
        name="funding",
        meaning="What longs pay shorts, as a simple rate a year, with its rank in the past year and the highest rank of the past week.",
        equation="yearly = rate · 365 · 24 / interval_hours",
        outputs=(Output("yearly", "fraction a year"), *_outputs(RANK, "yearly_percentile", "week_high_percentile")),
        inputs=(Input(kind="funding", scope="one venue, or weighted over venues", columns=("rate", "interval_hours")),),
        lookback=funding.RANK_WINDOW + funding.WEEK,
        nulls="Ranks are null below 90 days of the past 365.",
        reference="Rate and interval as the venue publishes them; the states: " + _OWN,
        function=funding.funding_state, compute=funding.funding_state,
    ),
    Indicator(
        name="net taker flow",
        meaning="Taker buys minus taker sells of an interval: the steps of the cumulative volume delta.",
        equation="net = buys − sells; from bars 2 · taker buys − volume, exactly",
        outputs=_outputs("USD", "net_usd", "volume_usd"),
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
            *_outputs("USD", "spot_net_usd", "perpetual_net_usd"), *_outputs(SIGMAS, "spot_score", "perpetual_score"),
            Output("leverage_share", "fraction"), Output("leverage_share_percentile", RANK),
            Output("spot_to_futures", "ratio"), Output("spot_led_share", "fraction"),
        ),
        inputs=(
            Input(kind="taker_flow", scope="spot", columns=_FLOW),
            Input(kind="taker_flow", scope="perpetual, same venue and step", columns=_FLOW),
        ),
        lookback=flows.RANK_WINDOW + DAY,
        nulls="Absent where a market has no row; null where the day has a gap; scores below 30 days of 90, the rank below 90 of 365.",
        reference=_OWN,
        function=flows.spot_against_perpetual, compute=flows.spot_against_perpetual,
    ),
    Indicator(
        name="depth",
        meaning="Resting orders within a band, and the share missing of the median of the 30 days before.",
        equation="withdrawal = 1 − D / median; imbalance = (bids − asks) / (bids + asks)",
        outputs=(
            Output("depth_usd", "USD"), *_outputs("fraction", "withdrawal", "bid_withdrawal", "imbalance"),
            Output("depth_percentile", RANK),
        ),
        inputs=(Input(kind="depth", scope="one market and band", columns=("bid_usd", "ask_usd")),),
        lookback=depth.RANK_WINDOW,
        nulls="Withdrawal is null below 20 days of the past 30, the rank below 60 of 365.",
        reference=_OWN,
        function=depth.depth_state, compute=depth.depth_state,
    ),
    Indicator(
        name="rotation, 1d",
        meaning="Daily change of Bitcoin's dominance, and the returns of the whole market and of everything but Bitcoin that follow from it.",
        equation="r_total = r − Δln D; r_total2 = r + Δln((1 − D)/D)",
        outputs=_outputs("fraction", "dominance", "dominance_change", "dominance_growth", "total_return", "total2_return"),
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


OTHERS: Final[tuple[Indicator, ...]] = (
    Indicator(
        name="liquidation intensity",
        meaning="Liquidations over the open interest that stood before them.",
        equation="L_24h(t) / O(t − 24 h)",
        outputs=(Output("intensity", "fraction"),),
        inputs=(Input(kind="value", scope="dollars liquidated"), Input(kind="value", scope="open interest, dollars")),
        lookback=DAY,
        nulls="Refused where open interest is not positive.",
        reference=_OWN,
        function=liquidations.intensity,
    ),
    Indicator(
        name="flush and squeeze",
        meaning="A fall of 3% within 24 h with long liquidations in the top twentieth of their year, and its mirror.",
        equation="low / reference − 1 ≤ −3% and percentile ≥ 95; ends after 12 h without a new extreme",
        outputs=(Output("move", "fraction"), Output("liquidated_usd", "USD")),
        inputs=(
            Input(kind="bars", scope="the coin, or Bitcoin for all coins", columns=("open", "high", "low")),
            Input(kind="liquidations", scope="a group of series", columns=("interval_usd", "trailing_usd", "percentile")),
        ),
        lookback=None,
        nulls="A bar without liquidations neither starts a flush nor adds to it.",
        reference=_OWN,
        function=flushes.flush_states,
    ),
    Indicator(
        name="venues on which the sign hangs",
        meaning="The fewest venues without which the sum of coin changes has the other sign.",
        equation="greedy removal in order of how much a venue pushes the sum to its sign",
        outputs=(Output("venues", "names"),),
        inputs=(Input(kind="value", scope="coin change by venue"),),
        lookback=DAY,
        nulls="Empty where no removal turns the sign.",
        reference=_OWN,
        function=open_interest.sign_dependence,
    ),
    Indicator(
        name="relative size of short accounts",
        meaning="How many times larger the average short account is than the average long one.",
        equation="s / (1 − s) with s the share of accounts that are long",
        outputs=(Output("relative_short_size", "ratio"),),
        inputs=(Input(kind="positioning", scope="global accounts", columns=("long_share",)),),
        lookback=0,
        nulls="Refused outside 0 and 1.",
        reference="Follows from Σ long = Σ short",
        function=positioning.relative_short_size,
    ),
    Indicator(
        name="funding over venues",
        meaning="Mean of venues' rates, weighted by open interest.",
        equation="F = Σ O_v f_v / Σ O_v",
        outputs=(Output("rate", "as given"),),
        inputs=(Input(kind="value", scope="rate by venue"), Input(kind="value", scope="open interest by venue, dollars")),
        lookback=0,
        nulls="None where no venue reports both.",
        reference="CoinGlass, OI-weighted funding rate",
        function=funding.weighted,
    ),
    Indicator(
        name="funding dispersion",
        meaning="Standard deviation of the venues' yearly rates.",
        equation="sd over venues, n − 1",
        outputs=(Output("dispersion", "fraction a year"),),
        inputs=(Input(kind="value", scope="yearly rate by venue"),),
        lookback=0,
        nulls="None for fewer than three venues.",
        reference=_OWN,
        function=funding.dispersion,
    ),
    Indicator(
        name="TOTAL2, derived",
        meaning="Capitalisation of everything but Bitcoin, from Bitcoin's own and its share.",
        equation="C · (1/D − 1)",
        outputs=(Output("total2", "USD"),),
        inputs=(Input(kind="value", scope="dominance"), Input(kind="value", scope="Bitcoin's capitalisation, dollars")),
        lookback=0,
        nulls="Refused outside 0 and 1.",
        reference="Identity; about 4.6% above TradingView's, whose count of coins is another",
        function=rotation.derive_total2,
    ),
    Indicator(
        name="peaks",
        meaning="Price peaks, the open interest that stood at them, and what both did after.",
        equation="highest close of 30 days either side, from which the price fell by 7% before it rose higher",
        outputs=(
            Output("interest_usd", "USD"), Output("interest_base", "coins"),
            Output("interest_peak_lag_days", "days"), *_outputs("fraction", "price_after_7d", "coins_after_7d"),
        ),
        inputs=(_PRICED,),
        lookback=None,
        nulls="A peak is absent until its fall is complete; what follows it is None until it is over.",
        reference=_OWN,
        function=cycles.peaks,
    ),
    Indicator(
        name="deleveraging",
        meaning="Whether coin open interest fell beyond its noise while liquidations were high or funding low.",
        equation="ΔN < −sd and (liquidation percentile ≥ 90 or funding percentile ≤ 25)",
        outputs=(Output("state", "word"),),
        inputs=(Input(kind="value", scope="change and noise of coin open interest, percentiles of liquidations and funding"),),
        lookback=None,
        nulls="`unknown` without a change or its noise; a missing percentile counts as neither high nor low.",
        reference=_OWN,
        function=deleveraging.state,
    ),
    Indicator(
        name="branching ratio, Hawkes",
        meaning="Which share of liquidations is set off by liquidations, from a self-exciting process fitted to a complete feed, with the checks it fails.",
        equation="λ(t) = μ + Σ n·β·exp(−β(t − tᵢ)), by maximum likelihood",
        outputs=(
            Output("branching_ratio", "fraction"), Output("baseline_per_second", "events a second"),
            Output("half_life_seconds", "seconds"), Output("residual_p", "fraction"),
        ),
        inputs=(Input(kind="value", scope="times of single liquidations on a feed that reports all, hours of the day taken out"),),
        lookback=None,
        nulls="Refused below 200 events. An estimate that fails a check names it and is an upper bound at best.",
        reference="Hawkes (1971); Ozaki (1979); Filimonov and Sornette (2012)",
        function=endogeneity.hawkes,
    ),
    Indicator(
        name="branching ratio, counts",
        meaning="The same from the spread of counts in windows much longer than the memory, without assuming a kernel.",
        equation="n = 1 − √(mean / variance)",
        outputs=(
            Output("branching_ratio", "fraction"), Output("standard_error", "fraction"),
            Output("longer_window_ratio", "fraction"), Output("mean_count", "count"),
        ),
        inputs=(Input(kind="value", scope="times of single liquidations on a feed that reports all, hours of the day taken out"),),
        lookback=None,
        nulls="Refused below 200 events or 60 windows. An estimate that fails a check names it.",
        reference="Hardiman and Bouchaud (2014), arXiv 1403.5227",
        function=endogeneity.count_ratio,
    ),
    Indicator(
        name="nearest analogues",
        meaning="The past days whose state was most like the present one, among those whose sequel was known.",
        equation="root mean square of differences in standard scores; at least ten days apart",
        outputs=(Output("distance", SIGMAS),),
        inputs=(Input(kind="value", scope="one row of features a day"),),
        lookback=None,
        nulls="Empty where the present state is incomplete, or the past has fewer than three times as many days as are asked for.",
        reference="Nearest-neighbour (analogue) forecasting: Lorenz (1969)",
        function=analogues.nearest,
    ),
    Indicator(
        name="track record",
        meaning="How often an event followed a verdict, beside how often it follows anyway.",
        equation="hits / cases, with the 90% Wilson interval; base rate = events / moments",
        outputs=(*_outputs("count", "cases", "hits"), *_outputs("fraction", "base_rate", "low", "high")),
        inputs=(Input(kind="value", scope="verdict and outcome by time"),),
        lookback=None,
        nulls="A verdict `unknown` and an outcome not over take part in nothing.",
        reference="Wilson (1927)",
        function=track_record.track_record,
    ),
)  # fmt: skip

INDICATORS: Final[tuple[Indicator, ...]] = (*TABLES, *OTHERS)
