"""Issue a forecast from a lake: what was known at a moment becomes a history, a history becomes probabilities.

The model is daily. A forecast issued at 00:00 UTC is of the 24 h that follow. One issued within a day gives two UTC
days: the present one, from what was known at its start, and the next one, from the same. The 24 h that follow a moment
within a day lie across both; no probability is made up for them by mixing, because only whole days can be scored.
"""

from collections.abc import Iterable, Sequence

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, format_date, format_time, start_of_day
from runout.coverage.market_wide_facts import shipped_facts
from runout.coverage.market_wide_ratio import WIDE_PRIOR, Coverage, fit_before
from runout.coverage.market_wide_windows import Pair, Totals, pair_facts, totals_of
from runout.errors import NotEnoughDataError
from runout.forecast.danger import danger_level
from runout.forecast.falls import condition_to, falls, falls_from_close, last_close
from runout.forecast.features import Evidence, evidence_of
from runout.forecast.history import History, history_from
from runout.forecast.problems import diagnose
from runout.forecast.protocol import Predictive
from runout.forecast.quantities import known_quantities
from runout.forecast.record import Conditional, Forecast, LevelAnswer, Window
from runout.forecast.registry import ISSUED, model_named
from runout.forecast.structural.conditions import given_by_model
from runout.forecast.targets import DANGER_USD, HEADLINE_USD, MEASURED_USD, base_rate, headline, measured
from runout.indicators.liquidations import by_side, daily_totals
from runout.lake import Lake, catalogue, known_span
from runout.lake.catalogue import ALL_COINS, LiquidationGroup
from runout.pipeline.cluster_snapshots import long_mass_share
from runout.pipeline.prices import price_now
from runout.quality.usable import usable
from runout.records import ALL_VENUES, KINDS, Series, combine, fingerprint
from runout.version import CODE_VERSION, METHOD_VERSION

DAY = NANOSECONDS_PER_DAY
MOST_LEAD_DAYS = 3
"""Days of silence that a forecast bridges; after more it refuses."""
FALLS = (0.03, 0.05, 0.10)
MEASURED_THRESHOLDS_USD = (MEASURED_USD, 0.5e9, 1e9)
_HOURS = 8.0
_WIDE_VENUES = frozenset({"binance", "okx", "bybit"})
_WIDE_COINS = 7


class Past(msgspec.Struct, frozen=True, eq=False):
    """What a lake knew at a moment.

    Parameters
    ----------
    history
        Finished days.
    group
        Series that the totals are of.
    series
        All series of the lake known then.
    read
        Fingerprints of the rows read, by record kind.
    """

    history: History
    group: LiquidationGroup
    series: tuple[Series, ...]
    read: dict[str, str]


def read_past(lake: Lake, at: int, *, coins: Sequence[str] | None = None) -> Past:
    """Return the history known at ``at``.

    Parameters
    ----------
    lake
        The lake.
    at
        UTC ns.
    coins
        Coins to sum over; None: those of the widest group of daily liquidations.

    Raises
    ------
    NotEnoughDataError
        If the lake holds no daily liquidations known by then.
    """
    known = lake.series(at=at)
    series = [one for one in known if one.step == DAY]
    # Finer liquidations are summed to days where nobody publishes days.
    groups = catalogue.liquidation_groups(series) or catalogue.liquidation_groups(catalogue.finer_than_days(known))
    found = catalogue.widest_liquidations(groups, ALL_COINS) or max(groups, key=lambda g: len(g.venues), default=None)
    if found is None:
        raise NotEnoughDataError(
            f"expected daily liquidations known at {format_time(at)} in {lake.root}, found {_daily_held(lake)}; "
            "import some, such as `runout import coinglass FOLDER`"
        )
    wanted = tuple(coins) if coins is not None else found.coins
    group = msgspec.structs.replace(
        found, coins=wanted, series=tuple(one for one in found.series if one.coin in set(wanted))
    )
    sources = _sources(series, group)
    rows = {
        kind: lake.as_of(kind, at=at, series=[one.series for one in ones]) for kind, ones in sources.items() if ones
    }
    read = {kind: fingerprint(rows[kind], KINDS[kind]) for kind in rows}
    rows["liquidations"] = daily_totals(rows["liquidations"], group.step)
    tables = {kind: _daily(kind, usable(kind, rows[kind]), sources[kind]) for kind in rows}
    return Past(history_from(tables, wanted, scope=group.scope()), group, tuple(known), read)


def _daily_held(lake: Lake) -> str:
    """Return what the lake holds of daily liquidations at any time, as text."""
    names = [one.series for one in lake.series() if one.kind == "liquidations" and one.step == DAY]
    return known_span(lake.as_of("liquidations", series=names)) if names else "none"


def read_pairs(lake: Lake, past: Past, at: int) -> list[Pair]:
    """Return published headline figures beside the totals measured in the same hours, as known at ``at``.

    Where a finer series tells the hours within the day, the same 24 h are compared; before it begins, the UTC day.
    """
    groups = catalogue.liquidation_groups(past.series)
    fine = catalogue.finest_liquidations(groups, ALL_COINS)
    daily = _totals(lake, past.group, at, DAY)
    short = _totals(lake, fine, at) if fine is not None and fine.step < DAY else daily
    facts = [fact for fact in shipped_facts() if fact.status == "used" and fact.published <= at]
    rolling = pair_facts(facts, daily, short, "rolling-24h") if short is not daily else []
    matched = {pair.event for pair in rolling}
    return [*rolling, *(pair for pair in pair_facts(facts, daily, short, "utc-day") if pair.event not in matched)]


def ratio_at(pairs: Iterable[Pair], group: LiquidationGroup, at: int) -> Coverage | None:
    """Return headline over measured as it could be fitted at ``at``; None for a scope that no prior was thought for."""
    wide = set(group.venues) >= _WIDE_VENUES and len(group.coins) >= _WIDE_COINS
    synthetic = any(one.synthetic for one in group.series)
    return fit_before(pairs, WIDE_PRIOR, at + 1) if wide and not synthetic else None


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
        Falls to condition on, fractions above zero.

    Raises
    ------
    NotEnoughDataError
        If the coin is not in the scope, data end more than three days before the day that holds ``at``, or there is
        under a year of them.
    """
    past = read_past(lake, at)
    if coin not in past.history.coins:
        raise NotEnoughDataError(
            f"expected {coin} among the coins with daily liquidations, found {' '.join(past.history.coins)}; import "
            "its series, or name one of those"
        )
    first = _lead(past.history, at)
    evidence = [evidence_of(past.history, lead=lead) for lead in (first, first + 1)]
    ratio = ratio_at(read_pairs(lake, past, at), past.group, at)
    model = model_named(ISSUED)
    return Forecast(
        at=at,
        coin=coin,
        windows=tuple(_window(one, model.fit(one).predict(one), ratio) for one in evidence),
        problem=diagnose(known_quantities(past.history) | {"long_mass_share": long_mass_share(lake, coin, at)}),
        conditions=falls_from_close(evidence[0], ratio, coin, moves),
        scope=past.group.scope(),
        data_through=int(past.history.day[-1]) + DAY,
        ratio_median=None if ratio is None else ratio.median,
        ratio_events=0 if ratio is None else len(ratio.events),
        model=ISSUED,
        fingerprint=combine(past.read),
        method_version=METHOD_VERSION,
        code_version=CODE_VERSION,
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
    evidence = evidence_of(past.history, lead=_lead(past.history, at))
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
    evidence = evidence_of(past.history, lead=_lead(past.history, at))
    last = last_close(past.history, coin)
    made = given_by_model(evidence, condition_to(coin, price_usd, last))
    ratio = ratio_at(read_pairs(lake, past, at), past.group, at)
    return LevelAnswer(
        coin=coin,
        price_usd=price_usd,
        last_usd=last,
        start=made.start,
        end=made.start + DAY,
        headline=() if ratio is None else headline(made, ratio, HEADLINE_USD),
        measured=measured(made, MEASURED_THRESHOLDS_USD),
        basis="structural model: past days' ways through inferred ladders",
    )


def _lead(history: History, at: int) -> int:
    lead = (start_of_day(at) - int(history.day[-1])) // DAY
    if lead > MOST_LEAD_DAYS:
        raise NotEnoughDataError(
            f"expected daily liquidations up to at most {MOST_LEAD_DAYS - 1} days before {format_date(at)}, found the "
            f"last of {format_date(int(history.day[-1]))}; import later ones, or ask for an earlier time"
        )
    return lead


def _window(evidence: Evidence, made: Predictive, ratio: Coverage | None) -> Window:
    chances = () if ratio is None else headline(made, ratio, HEADLINE_USD)
    at_danger = [one.probability for one in chances if one.theta_usd == DANGER_USD]
    rate = None if ratio is None else base_rate(evidence.history.total_usd, ratio, DANGER_USD)
    return Window(
        start=made.start,
        end=made.start + DAY,
        lead=evidence.design.lead,
        level=danger_level(at_danger[0]) if at_danger else None,
        headline=chances,
        measured=measured(made, MEASURED_THRESHOLDS_USD),
        median_usd=float(made.quantile([0.5])[0]),
        base_rate=rate,
        missing=made.missing,
    )


# -- from rows to days ------------------------------------------------------------------------------------------------


def _sources(series: Sequence[Series], group: LiquidationGroup) -> dict[str, list[Series]]:
    provider = group.series[0].provider
    found: dict[str, list[Series]] = {"liquidations": list(group.series)}
    for kind in ("open_interest", "bars", "funding", "positioning"):
        of_kind = [one for one in series if one.kind == kind and _serves(one)]
        of_coins = [[one for one in of_kind if one.coin == coin] for coin in group.coins]
        # The provider of the liquidations first: its days and coins are cut alike.
        found[kind] = [
            min(ones, key=lambda s: (s.provider != provider, s.venues != ("binance",), s.series))
            for ones in of_coins
            if ones
        ]
    return found


def _serves(one: Series) -> bool:
    """Return whether a series has the scope that its kind's features were chosen with."""
    match one.kind:
        case "open_interest":
            return one.venues == (ALL_VENUES,) and one.margin == "all"
        case "bars":
            return one.market == "perpetual"
        case "funding":
            return one.measure == "oi-weighted"
        case _:
            return one.measure == "global-accounts"


def _daily(kind: str, rows: pl.DataFrame, series: Sequence[Series]) -> pl.DataFrame:
    """Return rows of daily series with the day they belong to, and their figures named as a history names them."""
    if kind == "liquidations":
        coins = [one.coin for one in series]
        tables = [_sides(rows, [one for one in series if one.coin == coin], coin) for coin in sorted(set(coins))]
        return pl.concat(tables)
    lag = pl.col("series").replace_strict({one.series: one.publication_lag for one in series}, return_dtype=pl.Int64)
    # An interval belongs to the day it covers. An instant belongs to the day at whose end it was known: one stamped
    # 00:00 and published a day later is not yet known at that 00:00.
    covered = pl.when(pl.col("span") > 0).then(pl.col("event_time") - pl.col("span"))
    day = covered.otherwise(pl.col("event_time") + lag - 1) // DAY * DAY
    figures = {
        "open_interest": [pl.col("open_interest_usd")],
        "bars": [pl.col("open"), pl.col("high"), pl.col("low"), pl.col("close"), pl.col("volume_usd")],
        "funding": [(pl.col("rate") * _HOURS / pl.col("interval_hours")).alias("funding_rate")],
        "positioning": [pl.col("long_short_ratio")],
    }[kind]
    return rows.sort("coin", "event_time").select("coin", day.alias("day"), "known_time", *figures)


def _sides(rows: pl.DataFrame, series: Sequence[Series], coin: str) -> pl.DataFrame:
    mine = rows.filter(pl.col("series").is_in([one.series for one in series]))
    sides = by_side(mine, len(series))
    day = ((pl.col("event_time") - pl.col("span")) // DAY * DAY).alias("day")
    return sides.select(pl.lit(coin).alias("coin"), day, "known_time", "long_usd", "short_usd").sort("day")


def _totals(lake: Lake, group: LiquidationGroup, at: int, step: int = 0) -> Totals:
    rows = lake.as_of("liquidations", at=at, series=[one.series for one in group.series])
    rows = daily_totals(rows, group.step) if step == DAY else rows
    total = (pl.col("long_usd") + pl.col("short_usd")).alias("total_usd")
    return totals_of(by_side(rows, len(group.series)).with_columns(total))
