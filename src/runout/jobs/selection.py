"""Which series answer which question: chosen by scope, never by name, the same way everywhere."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from runout.clock import NANOSECONDS_PER_DAY
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
        Coins inside.
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
        floor = ", reported totals of capped feeds (a floor)" if first.capture != "complete" else ""
        origin = "synthetic market" if first.synthetic else f"via {provider_name(first.provider)}"
        return f"{coins}, {venue_list(self.venues)}{floor}, {origin}"


def liquidation_groups(series: Iterable[Series]) -> list[LiquidationGroup]:
    """Return a group for each coin and one for all coins together, for every provider, venue set and step."""
    families: dict[tuple[str, ...], dict[str, list[Series]]] = defaultdict(lambda: defaultdict(list))
    for one in sorted(series, key=lambda s: s.series):
        if one.kind == "liquidations" and one.step > 0:
            families[(one.provider, "+".join(one.venues), one.market, one.step_text())][one.coin].append(one)
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
                series=tuple(one for member in coins for one in by_coin[member]),
            )
            for coin, coins in parts
        ]
    return groups


def widest_liquidations(groups: Iterable[LiquidationGroup], coin: str) -> LiquidationGroup | None:
    """Return the group of ``coin`` that holds most venues, then most coins; None where there is none."""
    mine = [group for group in groups if group.coin == coin]
    return max(mine, key=lambda g: (len(g.venues), len(g.coins), -g.step, g.name), default=None)


def finest_liquidations(groups: Iterable[LiquidationGroup], coin: str) -> LiquidationGroup | None:
    """Return the group of ``coin`` with the shortest step, then most venues; None where there is none."""
    mine = [group for group in groups if group.coin == coin]
    return min(mine, key=lambda g: (g.step, -len(g.venues), -len(g.coins), g.name), default=None)


def all_venue_open_interest(series: Iterable[Series], coin: str) -> Series | None:
    """Return the finest series of dollar open interest over all venues."""
    found = [s for s in series if s.kind == "open_interest" and s.coin == coin and s.venues == (ALL_VENUES,)]
    return min((s for s in found if s.margin == "all" and s.step), key=_finest, default=None)


def venue_open_interest(series: Iterable[Series], coin: str) -> list[Series]:
    """Return the series of open interest of one venue each, all margins, finest step, by venue."""
    found = [
        s
        for s in series
        if s.kind == "open_interest" and s.coin == coin and len(s.venues) == 1 and s.venues != (ALL_VENUES,)
        and s.margin == "all" and 0 < s.step < NANOSECONDS_PER_DAY
    ]  # fmt: skip
    return sorted(found, key=lambda s: (s.venues, *_finest(s)))


def bars(series: Iterable[Series], coin: str, *, market: str = "perpetual", step: int | None = None) -> Series | None:
    """Return the bars of ``coin``: of the given step, or the finest."""
    found = [s for s in series if s.kind == "bars" and s.coin == coin and s.market == market and s.step]
    return min((s for s in found if step in {None, s.step}), key=_finest, default=None)


def positioning(series: Iterable[Series], coin: str, measure: str) -> Series | None:
    """Return the finest long/short series of a measure."""
    found = [s for s in series if s.kind == "positioning" and s.coin == coin and s.measure == measure]
    return min((s for s in found if s.step), key=_finest, default=None)


def _finest(series: Series) -> tuple[int, bool, str]:
    # Among equal steps Binance is preferred: it is the deepest market and the one the article names.
    return (series.step, series.venues != ("binance",), series.series)
