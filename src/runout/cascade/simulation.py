"""One verb: what a shock does to a market."""

from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.cascade.arrays import Floats, Integers
from runout.cascade.engine import Rounds, Run, run, venue_shares
from runout.cascade.ladder import LIQUIDATED, Direction, price_at
from runout.cascade.market import Case, CoinMarket, Market, case_of, impact_of
from runout.cascade.outcome import Ending, Extent, Slide
from runout.cascade.shock import Push, Shock, push
from runout.cascade.static import (
    Curve,
    curve,
    curve_of,
    joint_stops,
    reproduction,
    stops,
    stops_of_orders,
    tipping_levels,
)


class Static(msgspec.Struct, frozen=True):
    """The exact solver without time.

    Parameters
    ----------
    least_jump
        Log-distance that the stop must jump by for a level to be a tipping level.
    """

    least_jump: float = 0.005


STATIC: Final = Static()
CASES: Final[tuple[Case, ...]] = ("value", "mild", "severe")


class _Answer(msgspec.Struct, frozen=True, eq=False):
    """One case's extent, levels gone by coin and venue, and the run where there was one."""

    extent: Extent
    gone: tuple[Integers, ...]
    run: Run | None = None


def simulate(market: Market, shock: Shock, solver: Static | Rounds = STATIC) -> Slide:
    """Return what a shock liquidates and where the slide stops, with the edges of the bands beside the central values.

    Parameters
    ----------
    market
        Ladders, books and venues.
    shock
        A move, a price to reach, or an order; of the first coin. Other coins move by their ``beta``.
    solver
        ``Static()``: exact, in no time, without refilling. ``Rounds(...)``: with time and stages.

    Returns
    -------
    Slide
        Also for empty ladders, missing sides, books without depth and shocks beyond the map: see
        :class:`~runout.cascade.outcome.Ending`.

    Raises
    ------
    UsageError
        If the shock is not a number, or the price would end below zero.

    Examples
    --------
    >>> from runout.cascade.depth import depth
    >>> from runout.cascade.ladder import ladder, rungs
    >>> from runout.cascade.market import Venue, coin_market, market
    >>> from runout.cascade.shock import Move
    >>> longs = rungs([0, 0.02, 0.04, 0.2], [0, 300e6, 0])
    >>> book = depth(200e6, definition="an example", exponent=1)
    >>> coin = coin_market(ladder("BTC", 100_000, long=longs), (Venue(name="one", depth=book),))
    >>> slide = simulate(market(coin), Move(-0.03))
    >>> slide.value.ending.value, round(slide.value.price_usd), slide.value.liquidated_usd
    ('stopped', 95556, 300000000.0)
    """
    first = market.coins[0].ladder
    provided = push(shock, first.price_usd)
    answers: dict[Case, _Answer] = {case: _answer(case_of(market, case), provided, solver) for case in CASES}
    value = answers["value"]
    subject = _curve(market.coins[0], provided.direction)
    return Slide(
        coin=first.coin,
        price_usd=first.price_usd,
        direction=provided.direction,
        value=value.extent,
        mild=answers["mild"].extent,
        severe=answers["severe"].extent,
        liquidated=_liquidated(market, provided.direction, answers),
        tipping=tipping_levels(
            subject, least_jump=STATIC.least_jump if isinstance(solver, Rounds) else solver.least_jump
        ),
        reproduction=_ratio(subject, value.extent.shock_distance),
        rounds=value.run.rounds if value.run else None,
        stages=value.run.stages if value.run else None,
        depth_definitions=tuple(venue.depth.definition for coin in market.coins for venue in coin.venues),
    )


def _answer(market: Market, provided: Push, solver: Static | Rounds) -> _Answer:
    first = market.coins[0]
    shock = max(provided.distance, float(impact_of(first, provided.direction).displacement(provided.order_usd)))
    side = first.ladder.side(provided.direction)
    if side is None:
        return _Answer(_extent(first, provided, Ending.NOT_MAPPED, shock, distance=None, usd=0.0), _none_gone(market))
    if shock >= side.horizon:
        gone = _gone_at_shock(market, provided, shock)
        return _Answer(
            _extent(first, provided, Ending.BEYOND_MAP, shock, distance=None, usd=_total(market, provided, gone)), gone
        )
    return _static(market, provided, shock) if isinstance(solver, Static) else _rounds(market, provided, shock, solver)


def _static(market: Market, provided: Push, shock: float) -> _Answer:
    curves = tuple(_curve(coin, provided.direction) for coin in market.coins)
    if len(curves) == 1:
        results = (
            stops_of_orders(curves[0], provided.order_usd)
            if provided.order_usd
            else stops(curves[0], provided.distance)
        )
    else:
        moves = np.array([provided.distance * coin.beta for coin in market.coins])
        orders = np.zeros(len(curves))
        orders[0] = provided.order_usd
        results = joint_stops(curves, moves, orders, market.coupling)
    gone = tuple(
        np.full(max(len(coin.venues), 1), min(int(k), len(item.levels) - 1))
        for coin, item, k in zip(market.coins, curves, results.levels_gone, strict=True)
    )
    ending = Ending.STOPPED if np.isfinite(results.distance).all() else Ending.NO_EQUILIBRIUM
    distance, usd = float(results.distance[0]), float(results.liquidated_usd.sum())
    return _Answer(_extent(market.coins[0], provided, ending, shock, distance=distance, usd=usd), gone)


def _rounds(market: Market, provided: Push, shock: float, solver: Rounds) -> _Answer:
    item = run(market, provided, solver)
    distance = float(item.extreme[0]) if item.ending is Ending.STOPPED else None
    usd = float(item.stages["triggered_usd"].sum())
    return _Answer(
        _extent(market.coins[0], provided, item.ending, shock, distance=distance, usd=usd), item.levels_gone, item
    )


def _curve(coin: CoinMarket, direction: Direction) -> Curve:
    side, impact = coin.ladder.side(direction), impact_of(coin, direction)
    return curve_of(np.zeros(0), np.zeros(0), np.inf, impact) if side is None else curve(side, impact)


def _extent(
    coin: CoinMarket, provided: Push, ending: Ending, shock: float, *, distance: float | None, usd: float
) -> Extent:
    stored = distance if distance is not None and np.isfinite(distance) else None
    return Extent(
        ending=ending,
        shock_distance=shock,
        distance=stored,
        price_usd=None if stored is None else price_at(coin.ladder.price_usd, stored, provided.direction),
        liquidated_usd=usd,
        amplification=(stored - shock) / shock if stored is not None and shock > 0 else None,
    )


def _ratio(subject: Curve, shock: float) -> float | None:
    ratio = float(reproduction(subject, shock)[0]) if np.isfinite(shock) else np.nan
    return None if np.isnan(ratio) or not np.isfinite(subject.levels[-1]) else ratio


def _none_gone(market: Market) -> tuple[Integers, ...]:
    return tuple(np.zeros(max(len(coin.venues), 1), dtype=np.int64) for coin in market.coins)


def _gone_at_shock(market: Market, provided: Push, shock: float) -> tuple[Integers, ...]:
    """Return the levels that a shock passes by itself."""
    gone: list[Integers] = []
    for coin, none in zip(market.coins, _none_gone(market), strict=True):
        side = coin.ladder.side(provided.direction)
        reached = 0 if side is None else int(np.searchsorted(side.distance, shock * coin.beta, side="right"))
        gone.append(none + reached)
    return tuple(gone)


def _total(market: Market, provided: Push, gone: tuple[Integers, ...]) -> float:
    return float(sum(usd.sum() for usd in _by_group(market, provided.direction, gone)))


def _by_group(market: Market, direction: Direction, gone: tuple[Integers, ...]) -> list[Floats]:
    """Return, for each coin, dollars by group; a group not split by venue is laid on venues by depth."""
    result: list[Floats] = []
    for coin, levels in zip(market.coins, gone, strict=True):
        side = coin.ladder.side(direction)
        names, shares = [venue.name for venue in coin.venues], venue_shares(coin, direction)
        usd = np.zeros(len(coin.ladder.groups))
        for place, group in enumerate(coin.ladder.groups if side is not None else ()):
            weights = shares if group.venue is None else np.array([name == group.venue for name in names], dtype=float)
            cumulative = np.concatenate([[0.0], np.cumsum(side.usd[place])]) if side is not None else np.zeros(1)
            usd[place] = float(cumulative[levels] @ weights)
        result.append(usd)
    return result


def _liquidated(market: Market, direction: Direction, answers: dict[Case, _Answer]) -> pl.DataFrame:
    cases = {case: _by_group(case_of(market, case), direction, item.gone) for case, item in answers.items()}
    rows = [
        (coin.ladder.coin, group.venue, group.level_kind, LIQUIDATED[direction], *(
            float(cases[case][place][row]) for case in CASES
        ))
        for place, coin in enumerate(market.coins)
        for row, group in enumerate(coin.ladder.groups)
    ]  # fmt: skip
    keys, dollars = ("coin", "venue", "level_kind", "liquidated_side"), ("liquidated_usd", "mild_usd", "severe_usd")
    schema = {**dict.fromkeys(keys, pl.String), **dict.fromkeys(dollars, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")
