"""A market for leverage as the cascade sees it: coins with a ladder each, and the venues they trade on."""

import math
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from runout.cascade.arrays import Floats, amounts, frozen, number
from runout.cascade.depth import Band, Depth, Impact, book_walk
from runout.cascade.ladder import Ladder, Rungs
from runout.errors import UsageError

Case = Literal["mild", "value", "severe"]
"""``mild``: the lower edge of the map in the deeper book; ``severe``: the upper edge in the thinner one."""


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """A venue: its book for one coin, and what it does with positions it takes over.

    Parameters
    ----------
    name
        As in the groups of the ladder.
    depth
        Its book.
    latency_seconds
        From the mark passing a level to the order in the book.
    pace_seconds
        In which the engine works off 1 − 1/e of what is due; 0: all at once.
    margin_rate
        Maintenance margin of the positions on the ladder: a level's bankruptcy price lies this fraction beyond it.
    insurance_usd
        Pays for fills beyond the bankruptcy price and takes what is left on better ones; ``inf``: never spent.
    backstop_share
        A backstop takes a position over once its equity is below this share of the maintenance margin
        (Hyperliquid: two thirds); None: no backstop.
    backstop_usd
        What it can hold.
    """

    name: str
    depth: Depth
    latency_seconds: float = 0.0
    pace_seconds: float = 0.0
    margin_rate: float = 0.005
    insurance_usd: float = math.inf
    backstop_share: float | None = None
    backstop_usd: float = math.inf


class CoinMarket(msgspec.Struct, frozen=True, kw_only=True):
    """One coin.

    Parameters
    ----------
    ladder
        What would be liquidated.
    venues
        Where it trades; none: there is no depth at all.
    impact
        Law for the static solver; None: the walk through all venues' books together.
    beta
        Log-move of this coin for a log-move of 1 of the first one, for the same reason from outside.
    mark_index_weight
        Weight of the index in the mark that liquidates; the rest is the venue's own price.
    arbitrage_seconds
        In which arbitrage closes 1 − 1/e of a gap between venues; 0: at once.
    """

    ladder: Ladder
    venues: tuple[Venue, ...]
    impact: Impact | None = None
    beta: float = 1.0
    mark_index_weight: float = 1.0
    arbitrage_seconds: float = 0.0


class Market(msgspec.Struct, frozen=True, eq=False):
    """Coins that fall together; shocks are given for the first one.

    Parameters
    ----------
    coins
        At least one.
    coupling
        Shape (coins, coins): part of the move which forced orders in coin j make that coin i makes too; 1 on the
        diagonal.
    """

    coins: tuple[CoinMarket, ...]
    coupling: Floats


def coin_market(
    ladder: Ladder, venues: tuple[Venue, ...], *, impact: Impact | None = None, beta: float = 1.0,
    mark_index_weight: float = 1.0, arbitrage_seconds: float = 0.0,
) -> CoinMarket:  # fmt: skip
    """Return one coin's market, checked.

    Raises
    ------
    UsageError
        If a group of the ladder names a venue that is not there, or a parameter is out of range.
    """
    names = [venue.name for venue in venues]
    unknown = {group.venue for group in ladder.groups} - {None, *names}
    if unknown or len(set(names)) < len(names):
        raise UsageError(
            f"expected each venue of the ladder once among {names}, not found: {sorted(map(str, unknown))}"
        )
    for venue in venues:
        _check(venue)
    return CoinMarket(
        ladder=ladder,
        venues=venues,
        impact=impact,
        beta=number("beta", beta, least=0, most=100),
        mark_index_weight=number("mark_index_weight", mark_index_weight, least=0, most=1),
        arbitrage_seconds=number("arbitrage_seconds", arbitrage_seconds, least=0),
    )


def market(*coins: CoinMarket, coupling: npt.ArrayLike | None = None) -> Market:
    """Return a market of one or several coins; without ``coupling`` forced orders move their own coin only.

    Raises
    ------
    UsageError
        If there is no coin, one stands twice, or the coupling is not a square matrix with 1 on its diagonal.
    """
    names = [item.ladder.coin for item in coins]
    if not coins or len(set(names)) < len(names):
        raise UsageError(f"expected at least one coin and each of them once, found {names}")
    matrix = np.eye(len(coins)) if coupling is None else amounts("coupling", coupling)
    if matrix.shape != (len(coins),) * 2 or not (np.diag(matrix) == 1).all():
        raise UsageError(f"expected a coupling of shape ({len(coins)}, {len(coins)}) with 1 on its diagonal")
    return Market(coins, frozen(matrix))


def impact_of(coin: CoinMarket, direction: Literal["down", "up"]) -> Impact:
    """Return the impact law of the static solver."""
    return coin.impact or book_walk(tuple(venue.depth for venue in coin.venues), direction)


def case_of(whole: Market, case: Case) -> Market:
    """Return the market at an edge of its bands: all of them together, so the edge is wider than 5% to 95%."""
    if case == "value":
        return whole
    return msgspec.structs.replace(whole, coins=tuple(_coin_case(coin, case) for coin in whole.coins))


def _coin_case(coin: CoinMarket, case: Case) -> CoinMarket:
    sides = {name: _rungs_case(getattr(coin.ladder, name), case) for name in ("long", "short")}
    ladder = msgspec.structs.replace(coin.ladder, **sides)
    return msgspec.structs.replace(coin, ladder=ladder, venues=tuple(_venue_case(venue, case) for venue in coin.venues))


def _rungs_case(side: Rungs | None, case: Case) -> Rungs | None:
    if side is None:
        return None
    return msgspec.structs.replace(side, usd=side.low_usd if case == "mild" else side.high_usd)


def _venue_case(venue: Venue, case: Case) -> Venue:
    sides = {name: _edge(getattr(venue.depth, name), case) for name in ("bid_usd", "ask_usd")}
    return msgspec.structs.replace(venue, depth=msgspec.structs.replace(venue.depth, **sides))


def _edge(band: Band, case: Case) -> Band:
    return msgspec.structs.replace(band, value=band.high if case == "mild" else band.low)


def _check(venue: Venue) -> None:
    number("latency_seconds", venue.latency_seconds, least=0, most=86_400)
    number("pace_seconds", venue.pace_seconds, least=0, most=86_400)
    number("margin_rate", venue.margin_rate, least=0, most=0.999)
    number("insurance_usd", venue.insurance_usd, least=0)
    number("backstop_share", 0.0 if venue.backstop_share is None else venue.backstop_share, least=0, most=1)
    number("backstop_usd", venue.backstop_usd, least=0)
