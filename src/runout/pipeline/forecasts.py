"""Issue a forecast from a lake: what was known at a moment becomes a history, a history becomes probabilities.

One model answers two questions. The UTC day that holds the moment, and the next one, from what was known at its start;
and the next 24 h from the moment, from windows of 24 h that end there, where totals are finer than days.
"""

from collections.abc import Iterable, Sequence

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.coverage.market_wide_facts import shipped_facts
from runout.coverage.market_wide_ratio import WIDE_PRIOR, Coverage, fit_before, prior_of
from runout.coverage.market_wide_windows import Pair, Totals, pair_facts, totals_of
from runout.errors import NotEnoughDataError
from runout.forecast.danger import danger_level
from runout.forecast.falls import condition_to, falls, falls_from_close, last_close
from runout.forecast.features import Evidence, a_day_later, evidence_of
from runout.forecast.problems import diagnose
from runout.forecast.protocol import Predictive
from runout.forecast.quantities import known_quantities
from runout.forecast.record import Conditional, Forecast, LevelAnswer, Window
from runout.forecast.registry import ISSUED, MODELS
from runout.forecast.shipped import shipped_ratio, shipped_shares
from runout.forecast.structural.conditions import conditional
from runout.forecast.structural.day import Day
from runout.forecast.targets import DANGER_USD, HEADLINE_USD, base_rate, headline, measured, own_thresholds
from runout.indicators.liquidations import by_side, daily_totals
from runout.lake import Lake, catalogue
from runout.lake.catalogue import ALL_COINS, LiquidationGroup
from runout.pipeline.forecast_history import MARKET_KINDS, Past, latest_origin, read_past
from runout.pipeline.prices import price_now
from runout.version import CODE_VERSION, METHOD_VERSION

DAY = NANOSECONDS_PER_DAY
FALLS = (0.03, 0.05, 0.10)
_WIDE_VENUES = frozenset({"binance", "okx", "bybit"})
_WIDE_COINS = 7
_KINDS = ("bars", "open_interest", "funding")
"""What the issued model and the problem type are made from; the conditions read all."""


def read_pairs(lake: Lake, past: Past, at: int) -> list[Pair]:
    """Return published headline figures beside the totals measured in the same hours, as known at ``at``.

    Where totals finer than days tell the hours, the same 24 h are compared: the serving ones, or where these are days
    the finest others, by whose course a day is cut. Where nothing tells them, the UTC day.
    """
    if past.group is None:
        return []
    facts = [fact for fact in shipped_facts() if fact.status == "used" and fact.published <= at]
    daily = _totals(lake, past.group, at, whole_days=True)
    fine, match = past.group, "rolling-24h-fine"
    if past.group.step == DAY:
        groups = catalogue.liquidation_groups(past.series)
        fine, match = catalogue.finest_liquidations(groups, ALL_COINS), "rolling-24h"
    short = _totals(lake, fine, at) if fine is not None and fine.step < DAY else daily
    rolling = pair_facts(facts, daily, short, match) if short is not daily else []
    matched = {pair.event for pair in rolling}
    return [*rolling, *(pair for pair in pair_facts(facts, daily, short, "utc-day") if pair.event not in matched)]


def ratio_at(pairs: Iterable[Pair], group: LiquidationGroup | None, at: int) -> Coverage | None:
    """Return headline over measured as it could be fitted at ``at``; None for a synthetic market.

    The prior is of the share of the market that the scope is expected to report; without totals, of the seven coins on
    three venues that are expected from prices.
    """
    if group is None:
        return shipped_ratio()
    if any(member.synthetic for member in group.series):
        return None
    wide = set(group.venues) >= _WIDE_VENUES and len(group.coins) >= _WIDE_COINS
    prior = WIDE_PRIOR if wide else prior_of(shipped_shares().of_liquidations(group.venues, group.coins))
    return fit_before(pairs, prior, at + 1)


def issue_forecast(lake: Lake, coin: str, at: int, *, moves: Sequence[float] = FALLS) -> Forecast:
    """Return the forecast as of ``at`` (UTC ns): the same whatever the lake holds of later times.

    Parameters
    ----------
    lake
        The lake.
    coin
        Base asset that the conditions are of; thresholds are of all coins of the scope.
    at
        UTC ns.
    moves
        Falls to condition on, fractions above zero; none for a forecast without conditions, which takes a fifth of the
        time.

    Raises
    ------
    NotEnoughDataError
        If the lake knows nothing of the coin, or no totals and no prices of the 45 days before serve.
    """
    past = read_past(lake, at, kinds=MARKET_KINDS if moves else _KINDS)
    _require_known(lake, coin, past)
    today = evidence_of(past.history, lead=past.lead)
    evidence = (today, a_day_later(today))
    ratio = ratio_at(read_pairs(lake, past, at), past.group, at)
    windows = tuple(_window(item, MODELS[ISSUED].fit(item).predict(item), ratio) for item in evidence)
    return Forecast(
        at=at,
        coin=coin,
        windows=windows,
        next_24h=windows[0] if at == past.origin else next_24h(lake, at),
        problem=diagnose(known_quantities(past.history)),
        conditions=falls_from_close(evidence[0], ratio, coin, moves) if moves else (),
        scope=past.history.scope,
        data_through=int(past.history.day[-1]) + DAY if past.totals_through is None else past.totals_through,
        ratio_median=None if ratio is None else ratio.median_where(DANGER_USD),
        ratio_events=0 if ratio is None else len(ratio.events),
        model=ISSUED,
        fingerprint=past.fingerprint(),
        method_version=METHOD_VERSION,
        code_version=CODE_VERSION,
        notes=past.notes,
        totals=() if past.group is None else tuple(member.series for member in past.group.series),
    )


def next_24h(lake: Lake, at: int) -> Window | None:
    """Return the forecast of the 24 h from ``at`` (UTC ns), or from the end of the last interval known before it.

    None where the totals that serve are of whole days, unless ``at`` is the start of one.
    """
    origin = latest_origin(lake, at)
    if origin is None:
        return None
    past = read_past(lake, at, origin=origin, kinds=_KINDS)
    evidence = evidence_of(past.history, lead=past.lead)
    ratio = ratio_at(read_pairs(lake, past, at), past.group, at)
    window = _window(evidence, MODELS[ISSUED].fit(evidence).predict(evidence), ratio)
    return msgspec.structs.replace(window, scope=past.history.scope)


def _require_known(lake: Lake, coin: str, past: Past) -> None:
    coins = sorted({member.coin for member in past.series if member.kind in {"liquidations", "bars"}})
    if coin not in coins:
        raise NotEnoughDataError(
            f"expected {coin} among the coins with prices or liquidations in {lake.root}, found {' '.join(coins)}; "
            "import its series, or name one of those"
        )


def falls_from_now(lake: Lake, coin: str, at: int, *, moves: Sequence[float] = FALLS) -> tuple[Conditional, ...]:
    """Return the chances of the day that holds ``at`` if a coin falls so far from its price now.

    Parameters
    ----------
    lake, coin
        Where, and the base asset.
    at
        UTC ns.
    moves
        Falls from the last price known, fractions above zero.

    Raises
    ------
    NotEnoughDataError
        As :func:`issue_forecast`, or without a price of the coin.
    """
    past = read_past(lake, at)
    evidence = evidence_of(past.history, lead=past.lead)
    ratio = ratio_at(read_pairs(lake, past, at), past.group, at)
    return falls(evidence, ratio, coin, moves, price_now(lake, past.series, coin, at))


def answer_level(lake: Lake, coin: str, at: int, price_usd: float) -> LevelAnswer:
    """Return the chances of the day that holds ``at`` if a coin gets to a price within it, by the structural model.

    Parameters
    ----------
    lake
        The lake.
    coin
        Base asset.
    at
        UTC ns.
    price_usd
        Above or below the last close known before the day.

    Raises
    ------
    UsageError
        If the coin is not in the scope, or the price is not above zero or is that last close itself.
    NotEnoughDataError
        As :func:`issue_forecast`, or where even the ways of past days, made four times as long, do not get there.
    """
    past = read_past(lake, at)
    evidence = evidence_of(past.history, lead=past.lead)
    last = last_close(past.history, coin)
    predictive = conditional(Day.after(evidence), condition_to(coin, price_usd, last))
    ratio = ratio_at(read_pairs(lake, past, at), past.group, at)
    return LevelAnswer(
        coin=coin,
        price_usd=price_usd,
        last_usd=last,
        start=predictive.start,
        end=predictive.start + DAY,
        headline=() if ratio is None else headline(predictive, ratio, HEADLINE_USD),
        measured=measured(predictive, own_thresholds(past.history.total_usd)),
        basis="structural model: past days' ways through inferred ladders",
    )


def _window(evidence: Evidence, predictive: Predictive, ratio: Coverage | None) -> Window:
    chances = () if ratio is None else headline(predictive, ratio, HEADLINE_USD)
    at_danger = [chance.probability for chance in chances if chance.theta_usd == DANGER_USD]
    total = evidence.history.total_usd
    rate = None if ratio is None else base_rate(total, ratio, DANGER_USD)
    return Window(
        start=predictive.start,
        end=predictive.start + DAY,
        lead=evidence.design.lead,
        level=danger_level(at_danger[0]) if at_danger else None,
        headline=chances,
        measured=measured(predictive, own_thresholds(total)),
        median_usd=float(predictive.quantile([0.5])[0]),
        base_rate=rate,
        missing=predictive.missing,
    )


def _totals(lake: Lake, group: LiquidationGroup, at: int, *, whole_days: bool = False) -> Totals:
    rows = lake.as_of("liquidations", at=at, series=[member.series for member in group.series])
    rows = daily_totals(rows, group.step) if whole_days else rows
    total = (pl.col("long_usd") + pl.col("short_usd")).alias("total_usd")
    return totals_of(by_side(rows, len(group.series)).with_columns(total))
