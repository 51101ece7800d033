"""Which totals of liquidations serve a forecast: by freshness first, by width second; and what to say of the others.

A wide series that has ended never stands before a narrower one that goes on. Width is the share of the whole market's
liquidations that a scope is expected to report (:class:`runout.forecast.shipped.Shares`).
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, format_date, format_duration, start_of_day
from runout.forecast.shipped import Level, shipped_shares
from runout.lake import Lake, catalogue
from runout.lake.catalogue import ALL_COINS, LiquidationGroup
from runout.records import ALL_VENUES, Series

DAY = NANOSECONDS_PER_DAY
FRESH_DAYS: Final = 3
"""Totals that ended longer before the origin are stale: they serve only where nothing fresher is held."""
MOST_STALE_DAYS: Final = 45
"""After so many days without any totals or prices a forecast is refused."""
SPANNED_KINDS: Final = frozenset({"liquidations", "bars", "open_interest", "funding", "positioning"})
_STABLECOIN_SHARE = 0.8
LEAST_OVERLAP: Final = 14
"""Days that two series must share for one to continue the other."""


class Span(msgspec.Struct, frozen=True):
    """First and last time that rows of a series known at a moment speak of, UTC ns."""

    first: int
    last: int


Spans = dict[str, Span]


def known_at(lake: Lake, at: int) -> tuple[tuple[Series, ...], Spans]:
    """Return the series with a step of a day or less that a forecast may read, and what of them was known at ``at``."""
    stepped = [series for series in lake.series() if 0 < series.step <= DAY and series.kind in SPANNED_KINDS]
    names = {item.series for item in stepped}
    spans = {
        name: Span(first, last)
        for kind in sorted({item.kind for item in stepped})
        for name, _, first, last in lake.known_extent(kind, at).iter_rows()
        if name in names
    }
    return tuple(item for item in stepped if item.series in spans), spans


def families_at(known: Iterable[Series], spans: Spans, phase: int) -> list[LiquidationGroup]:
    """Return totals whose windows of 24 h may end at the phase of the day; of several coins those that go on."""
    alone: dict[tuple[str, tuple[str, ...], str, int], list[Series]] = {}
    for series in sorted(known, key=lambda s: s.series):
        if series.kind == "liquidations" and series.series in spans and _fits(series, phase):
            alone.setdefault((series.provider, series.venues, series.market, series.step), []).append(series)
    liquidation_groups: list[LiquidationGroup] = []
    for members in alone.values():
        last = max(spans[member.series].last for member in members)
        going = [member for member in members if spans[member.series].last > last - 2 * DAY]
        groups = catalogue.liquidation_groups(going)
        liquidation_groups.append(
            next((liquidation_group for liquidation_group in groups if liquidation_group.coin == ALL_COINS), groups[0])
        )
    return liquidation_groups


def _fits(series: Series, phase: int) -> bool:
    return 0 < series.step <= DAY and DAY % series.step == 0 and phase % series.step == 0


def serving(
    families: Sequence[LiquidationGroup], spans: Spans, origin: int, coins: Sequence[str] | None = None
) -> LiquidationGroup | None:
    """Return the totals that serve a forecast from ``origin``: among the fresh the widest, else those that ended last.

    Width is the share of the whole market's liquidations that a scope is expected to report. Totals that ended more
    than :data:`MOST_STALE_DAYS` before serve nothing.
    """
    if coins is not None:
        families = [_narrowed(group, coins) for group in families if set(coins) <= set(group.coins)]

    def width(group: LiquidationGroup) -> tuple[float, int, int, str]:
        return width_of(group), -_first(group, spans), group.step, group.name

    last = {group.name: end_of(group, spans) for group in families}
    fresh = [group for group in families if last[group.name] > origin - FRESH_DAYS * DAY]
    if fresh:
        return max(fresh, key=width)
    late = [group for group in families if last[group.name] > origin - MOST_STALE_DAYS * DAY]
    return max(late, key=lambda group: (start_of_day(last[group.name]), *width(group)), default=None)


def _narrowed(group: LiquidationGroup, coins: Sequence[str]) -> LiquidationGroup:
    chosen = tuple(member for member in group.series if member.coin in set(coins))
    return msgspec.structs.replace(group, coins=tuple(coins), series=chosen)


def width_of(group: LiquidationGroup) -> float:
    """Return the share of the whole market's liquidations that totals are expected to report."""
    return shipped_shares().of_liquidations(group.venues, group.coins)


def end_of(group: LiquidationGroup, spans: Spans) -> int:
    """Return the end of the last interval that all series of totals have, UTC ns."""
    return min(spans[member.series].last for member in group.series)


def _first(group: LiquidationGroup, spans: Spans) -> int:
    return max(spans[member.series].first for member in group.series)


def longer(families: Sequence[LiquidationGroup], group: LiquidationGroup, spans: Spans) -> LiquidationGroup | None:
    """Return the widest other totals that begin well before ``group`` does and overlap it."""
    begins, needed = _first(group, spans), LEAST_OVERLAP * DAY
    others = [
        liquidation_group
        for liquidation_group in families
        if liquidation_group.name != group.name
        and _first(liquidation_group, spans) < begins - needed
        and end_of(liquidation_group, spans) > begins + needed
    ]
    return max(
        others, key=lambda liquidation_group: (width_of(liquidation_group), liquidation_group.name), default=None
    )


def said_of(
    families: Sequence[LiquidationGroup], group: LiquidationGroup | None, spans: Spans, origin: int
) -> list[str]:
    """Return what to say of wider totals that ended, and of those that serve if they ended too."""
    own = 0.0 if group is None else width_of(group)
    wider = [liquidation_group for liquidation_group in families if width_of(liquidation_group) > own]
    stale = [
        liquidation_group
        for liquidation_group in wider
        if end_of(liquidation_group, spans) <= origin - FRESH_DAYS * DAY
    ]
    text = [f"Wider totals, {item.scope()}, ended {format_date(end_of(item, spans) - 1)}." for item in stale[:1]]
    if group is not None and end_of(group, spans) <= origin - FRESH_DAYS * DAY:
        days = (origin - end_of(group, spans)) // DAY
        text.append(f"These totals themselves ended {days} days before: little more than the base rate of their scope.")
    if group is None:
        text.append("No totals of liquidations serve: the level comes from prices and open interest alone.")
    return text


# -- prices and open interest -----------------------------------------------------------------------------------------


def market_series(
    kind: str,
    known: Sequence[Series],
    spans: Spans,
    coins: Sequence[str],
    *,
    origin: int,
    group: LiquidationGroup | None,
) -> dict[str, list[Series]]:
    """Return for each coin the series of a kind that serves, and after it those that continue it backwards.

    Best is what is fresh, then what has the scope that the features were chosen with, then the provider of the totals,
    then the longest step.

    Parameters
    ----------
    kind, known, spans, coins
        Record kind; series of the lake; what each has; coins wanted.
    origin, group
        Moment of the forecast, UTC ns; series of the totals, if there are any.
    """
    provider = "" if group is None else group.series[0].provider

    def rank(series: Series) -> tuple[object, ...]:
        behind = (origin - spans[series.series].last) // DAY
        # Some providers give open interest by collateral in coins alone: the sum over both has the dollars.
        scope = (not _of_the_scope(series), series.margin == "stablecoin" and series.kind == "open_interest")
        other = (*scope, series.provider != provider, -series.step, series.venues != ("binance",))
        return max(behind - FRESH_DAYS + 1, 0), *other, series.series

    fitting = [
        series for series in known if series.kind == kind and series.series in spans and _fits(series, origin % DAY)
    ]
    serving_kind = [series for series in fitting if _may_serve(series)]
    ranked = {coin: sorted((series for series in serving_kind if series.coin == coin), key=rank) for coin in coins}
    return {coin: _chain(ones, spans) for coin, ones in ranked.items()}


def _chain(ranked: Sequence[Series], spans: Spans) -> list[Series]:
    chain = list(ranked[:1])
    for series in ranked[1:]:
        if spans[series.series].first < spans[chain[-1].series].first - DAY:
            chain.append(series)
    return chain


def _of_the_scope(series: Series) -> bool:
    """Return whether a series has the scope that its kind's features were chosen with."""
    match series.kind:
        case "open_interest":
            return series.venues == (ALL_VENUES,) and series.margin == "all"
        case "funding":
            return series.measure == "oi-weighted"
        case "positioning":
            return series.measure == "global-accounts"
        case _:
            return True


def _may_serve(series: Series) -> bool:
    match series.kind:
        case "bars":
            return series.market == "perpetual"
        case "open_interest":
            return series.margin != "coin"
        case "positioning":
            return series.measure == "global-accounts"
        case _:
            return True


def priced_coins(known: Sequence[Series], spans: Spans, origin: int) -> tuple[str, ...]:
    """Return the coins with perpetual prices, of those whose share of the market is known; BTC if there are none."""
    fresh = {
        series.coin
        for series in known
        if series.kind == "bars" and series.series in spans and _may_serve(series) and _fits(series, origin % DAY)
        and spans[series.series].last > origin - MOST_STALE_DAYS * DAY
    }  # fmt: skip
    return tuple(sorted(fresh & set(shipped_shares().coins))) or ("BTC",)


def name_of(group: LiquidationGroup | None, interest: Sequence[Series]) -> str:
    """Return the scope of the totals as a reader should see it."""
    if group is not None:
        return group.scope()
    coins = " ".join(series.coin for series in interest) or "no coin"
    return f"7 coins, Binance + OKX + Bybit, not measured: expected from prices and open interest of {coins}"


def level_of(group: LiquidationGroup | None, interest: Sequence[Series]) -> Level:
    """Return the level of totals over open interest that a scope is expected to have."""
    shares = shipped_shares()
    venues, coins = ("binance", "okx", "bybit"), tuple(shares.coins)
    if group is not None:
        venues, coins = group.venues, group.coins
    if not interest:
        return shares.level_alone(venues, coins)
    if group is None:
        # The scope that the parameters were fitted on: only what share of open interest is seen adds to its error.
        of_interest = shares.of_interest(interest[0].venues, [series.coin for series in interest])
        expected = Level(shares.reference_level - float(np.log(of_interest)), shares.reference_error)
    else:
        expected = shares.level(venues, coins, interest[0].venues, [series.coin for series in interest])
    margins = _STABLECOIN_SHARE if any(series.margin == "stablecoin" for series in interest) else 1.0
    return Level(expected.mean - float(np.log(margins)), expected.error)


def refusal(families: Sequence[LiquidationGroup], spans: Spans, origin: int, where: str) -> str:
    """Return why there is no forecast from a lake ``where``: which series ended when, and what would help."""
    ends = sorted(
        ((end_of(liquidation_group, spans), liquidation_group) for liquidation_group in families),
        key=lambda pair: (-pair[0], pair[1].name),
    )
    item = "; ".join(
        f"{entry.series[0].series} of {len(entry.coins)} coins, by {format_duration(entry.step)}, to "
        f"{format_date(last - 1)}"
        for last, entry in ends[:3]
    )
    return (
        f"expected liquidations or prices of the {MOST_STALE_DAYS} days before {format_date(origin)}, found "
        f"{item or 'no totals'} in {where}; `runout import` later rows of one of them, or prices and open interest, or "
        "ask for an earlier time"
    )
