"""Which series answer which question: chosen by scope, never by name, the same way everywhere."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from runout.clock import NANOSECONDS_PER_DAY, format_time
from runout.lake import Lake, known_span
from runout.records import ALL_VENUES, Series, provider_name, venue_list

ALL_COINS = "ALL"


class LiquidationGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Series whose interval totals may be added: same provider, venues, market and step, different coins or contracts.

    Parameters
    ----------
    name
        Identifier of the group; the scope of what is derived from it.
    coin
        The coin, or ``ALL`` for the sum over ``coins``.
    coins
        Base assets that the sum covers.
    series
        The series.
    """

    name: str
    coin: str
    coins: tuple[str, ...]
    series: tuple[Series, ...]

    @property
    def step(self) -> int:
        """Nanoseconds between rows."""
        return self.series[0].step

    @property
    def venues(self) -> tuple[str, ...]:
        """Venues inside the totals."""
        return self.series[0].venues

    def scope(self) -> str:
        """Return the scope as a reader should see it."""
        first = self.series[0]
        coins = self.coin if self.coin != ALL_COINS else f"{len(self.coins)} coins ({' '.join(self.coins)})"
        floor = ", reported totals of capped feeds (at least this much)" if first.capture != "complete" else ""
        origin = "synthetic market" if first.synthetic else f"via {provider_name(first.provider)}"
        return f"{coins}, {venue_list(self.venues)}{floor}, {origin}"


def liquidation_groups(series: Iterable[Series]) -> list[LiquidationGroup]:
    """Return a group for each coin and one for all coins together, for every provider, venue set and step."""
    families: dict[tuple[str, ...], dict[str, list[Series]]] = defaultdict(lambda: defaultdict(list))
    for item in sorted(series, key=lambda s: s.series):
        if item.kind == "liquidations" and item.step > 0:
            families[(item.provider, "+".join(item.venues), item.market, item.step_text())][item.coin].append(item)
    groups: list[LiquidationGroup] = []
    for (provider, venues, market, step), by_coin in sorted(families.items()):
        parts: list[tuple[str, tuple[str, ...]]] = [(coin, (coin,)) for coin in sorted(by_coin)]
        if len(by_coin) > 1:
            parts.append((ALL_COINS, tuple(sorted(by_coin))))
        segment = "" if market == "all-derivatives" else f"-{market}"
        groups += [
            LiquidationGroup(
                name=f"{provider}/liquidations/{coin}/{venues}{segment}/{step}",
                coin=coin,
                coins=coins,
                series=tuple(entry for member in coins for entry in by_coin[member]),
            )
            for coin, coins in parts
        ]
    return groups


def widest_liquidations(groups: Iterable[LiquidationGroup], coin: str) -> LiquidationGroup | None:
    """Return the group of ``coin`` that holds most venues, then most coins; None where there is none."""
    own = [group for group in groups if group.coin == coin]
    return max(own, key=lambda g: (len(g.venues), len(g.coins), -g.step, g.name), default=None)


def finest_liquidations(groups: Iterable[LiquidationGroup], coin: str) -> LiquidationGroup | None:
    """Return the group of ``coin`` with the shortest step, then most venues; None where there is none."""
    return next(iter(liquidations_by_step(groups, coin)), None)


def liquidations_by_step(groups: Iterable[LiquidationGroup], coin: str) -> list[LiquidationGroup]:
    """Return the groups of ``coin``, the shortest step first; of one step, that with most venues."""
    own = [group for group in groups if group.coin == coin]
    return sorted(own, key=lambda g: (g.step, -len(g.venues), -len(g.coins), g.name))


def all_venue_open_interest(series: Iterable[Series], coin: str) -> Series | None:
    """Return the finest series of dollar open interest over all venues, or over as many as there are together."""
    return next(iter(all_venue_series(series, coin)), None)


def venue_open_interest(series: Iterable[Series], coin: str) -> list[Series]:
    """Return the series of open interest of one venue each, all margins, finest step, by venue."""
    results = [
        s
        for s in series
        if s.kind == "open_interest" and s.coin == coin and len(s.venues) == 1 and s.venues != (ALL_VENUES,)
        and s.margin == "all" and 0 < s.step < NANOSECONDS_PER_DAY
    ]  # fmt: skip
    return sorted(results, key=lambda s: (s.venues, *_finest(s)))


def bars(series: Iterable[Series], coin: str, *, market: str = "perpetual", step: int | None = None) -> Series | None:
    """Return the bars of ``coin``: of the given step, or the finest."""
    results = [s for s in series if s.kind == "bars" and s.coin == coin and s.market == market and s.step]
    return min((s for s in results if step in {None, s.step}), key=_finest, default=None)


def core_name(members: Sequence[Series]) -> str:
    """Return the scope of what is derived from those venues of ``members`` that pass the tests."""
    first = members[0]
    return f"{first.provider}/open_interest/{first.coin}/core-venues/{first.step_text()}"


def positioning(series: Iterable[Series], coin: str, measure: str) -> Series | None:
    """Return the finest long/short series of a measure."""
    results = [s for s in series if s.kind == "positioning" and s.coin == coin and s.measure == measure]
    return min((s for s in results if s.step), key=_finest, default=None)


class FlowPair(msgspec.Struct, frozen=True, kw_only=True):
    """Traded flow of the same coin on one venue's spot market and on its leveraged market: only such flows compare.

    Parameters
    ----------
    name
        Identifier of the pair; the scope of what is derived from it.
    spot, leveraged
        Series of ``taker_flow``, or of ``bars`` with taker volume.
    """

    name: str
    spot: Series
    leveraged: Series

    def scope(self) -> str:
        """Return the scope as a reader should see it."""
        both = (self.spot.instruments, self.leveraged.instruments)
        subject = f"{both[0]}, spot and perpetual" if both[0] == both[1] else f"{both[1]}, against {both[0]}"
        origin = "synthetic market" if self.spot.synthetic else f"via {provider_name(self.spot.provider)}"
        return f"{self.spot.coin}, {venue_list(self.spot.venues)}, {subject}, {origin}"


def flow_pairs(series: Iterable[Series], coin: str) -> list[FlowPair]:
    """Return every pair of spot and leveraged flow of one venue, provider, kind and step; intraday, finest first.

    One instrument on both markets compares like with like, and comes before a provider's sums over instruments.
    """
    families: dict[tuple[str, str, tuple[str, ...], int], dict[bool, Series]] = defaultdict(dict)
    for item in sorted(series, key=lambda s: s.series):
        intraday = 0 < item.step < NANOSECONDS_PER_DAY
        if item.kind in {"taker_flow", "bars"} and item.coin == coin and intraday and len(item.venues) == 1:
            family = families[(item.kind, item.provider, item.venues, item.step)]
            # Where a pair and a sum over pairs are there, the sum is the wider: the shorter name.
            family.setdefault(item.market == "spot", item)
            if len(item.series) < len(family[item.market == "spot"].series):
                family[item.market == "spot"] = item
    pairs = [
        FlowPair(
            name=f"{provider}/{kind}-pair/{coin}/{venues[0]}/{both[True].step_text()}",
            spot=both[True],
            leveraged=both[False],
        )
        for (kind, provider, venues, _), both in families.items()
        if len(both) == 2
    ]
    return sorted(pairs, key=lambda p: (p.spot.instruments != p.leveraged.instruments, *_finest(p.spot)))


def bar_pair(series: Iterable[Series], coin: str) -> tuple[Series, Series] | None:
    """Return perpetual and spot bars of one pair, venue, provider and step: the finest, intraday."""
    results: dict[tuple[str, tuple[str, ...], str, int], dict[str, Series]] = defaultdict(dict)
    for item in sorted(series, key=lambda s: s.series):
        if item.kind == "bars" and item.coin == coin and 0 < item.step < NANOSECONDS_PER_DAY:
            results[(item.provider, item.venues, item.instruments, item.step)].setdefault(item.market, item)
    both = [pair for pair in results.values() if {"perpetual", "spot"} <= set(pair)]
    best = min(both, key=lambda pair: _finest(pair["perpetual"]), default=None)
    return (best["perpetual"], best["spot"]) if best else None


def all_venue_series(series: Iterable[Series], coin: str) -> list[Series]:
    """Return every series of dollar open interest over the most venues with a step, finest first.

    A provider's "all" goes before our sums over named venues; their scopes say which they are.
    """
    results = [s for s in series if s.kind == "open_interest" and s.coin == coin and s.margin == "all" and s.step]
    whole = [s for s in results if s.venues == (ALL_VENUES,)]
    most = max((len(s.venues) for s in results), default=0)
    return sorted(whole or [s for s in results if len(s.venues) == most > 1], key=_finest)


def reserves(series: Iterable[Series], coin: str) -> list[Series]:
    """Return the regular series of coins held by all exchanges, by provider."""
    results = [s for s in series if s.kind == "reserves" and s.coin == coin and s.venues == (ALL_VENUES,)]
    return sorted((s for s in results if s.step), key=_finest)


def venue_reserves(series: Iterable[Series], coin: str) -> list[Series]:
    """Return the series of coins held by one exchange each, by exchange."""
    results = [s for s in series if s.kind == "reserves" and s.coin == coin and s.venues != (ALL_VENUES,)]
    return sorted((s for s in results if len(s.venues) == 1), key=lambda s: (s.venues, s.series))


def weighted_funding(series: Iterable[Series], coin: str) -> list[Series]:
    """Return the series of funding weighted by open interest, finest first."""
    results = [s for s in series if s.kind == "funding" and s.coin == coin and s.measure == "oi-weighted"]
    return sorted((s for s in results if s.step), key=_finest)


def venue_funding(series: Iterable[Series], coin: str) -> list[Series]:
    """Return funding of one venue each, intraday, of the provider that has most venues; finest last, by venue."""
    results = [
        s
        for s in series
        if s.kind == "funding" and s.coin == coin and not s.measure and 0 < s.step < NANOSECONDS_PER_DAY
    ]
    by_provider: dict[str, list[Series]] = defaultdict(list)
    for item in results:
        by_provider[item.provider].append(item)
    chosen = max(sorted(by_provider), key=lambda p: len({s.venues for s in by_provider[p]}), default=None)
    return sorted(by_provider[chosen], key=lambda s: (s.venues, -s.step, s.series)) if chosen else []


def depth(series: Iterable[Series], coin: str, market: str) -> Series | None:
    """Return the finest series of one venue's depth in a market; a single pair before a sum over pairs."""
    results = [s for s in series if s.kind == "depth" and s.coin == coin and s.market == market and len(s.venues) == 1]
    return min((s for s in results if s.step), key=lambda s: (*_finest(s)[:2], len(s.series)), default=None)


def premium(series: Iterable[Series], coin: str, measure: str) -> Series | None:
    """Return the finest series of a premium."""
    results = [s for s in series if s.kind == "premium" and s.coin == coin and s.measure == measure]
    return min((s for s in results if s.step), key=_finest, default=None)


def dominance(series: Iterable[Series], coin: str) -> list[Series]:
    """Return the daily series of the coin's share of the whole market's capitalisation, by provider."""
    results = [s for s in series if s.kind == "market_caps" and s.coin == coin]
    return sorted((s for s in results if s.step == NANOSECONDS_PER_DAY), key=lambda s: s.series)


def daily_bars(series: Iterable[Series]) -> list[Series]:
    """Return one series of daily perpetual bars a coin, of the provider and venue that have most coins."""
    families: dict[tuple[str, tuple[str, ...]], dict[str, Series]] = defaultdict(dict)
    for item in sorted(series, key=lambda s: s.series):
        if item.kind == "bars" and item.market == "perpetual" and item.step == NANOSECONDS_PER_DAY:
            families[(item.provider, item.venues)].setdefault(item.coin, item)
    widest = max(sorted(families), key=lambda family: len(families[family]), default=None)
    return [families[widest][coin] for coin in sorted(families[widest])] if widest else []


def _finest(series: Series) -> tuple[int, bool, str]:
    # Among equal steps Binance is preferred: it is the deepest market and the one the article names.
    return (series.step, series.venues != ("binance",), series.series)


def known_period(lake: Lake, kind: str, series: Iterable[Series]) -> str:
    """Return the period that series of a kind cover at any time, as text for messages."""
    names = [item.series for item in series]
    return known_span(lake.as_of(kind, series=names)) if names else "no series of it"


def newest_of(lake: Lake, series: Iterable[Series]) -> str:
    """Return the last time that series speak of, ISO 8601 UTC; empty where they have no rows."""
    kinds = {item.series: item.kind for item in series}
    spans = lake.extent(set(kinds.values())).iter_rows(named=True) if kinds else ()
    last = max((span["last_time"] for span in spans if span["series"] in kinds), default=None)
    return "" if last is None else format_time(last)


def without_step(series: Iterable[Series], kind: str) -> str:
    """Return what a message says of series of a kind that have no step; empty where there are none."""
    names = sorted(item.series for item in series if item.kind == kind and not item.step)
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f" ({names[0]}{more} has no step: say one in its mapping, such as step = '1h', and import into a new lake)"
