"""What a map says of each bucket: coins it would liquidate, frozen at the start and carried one step ahead."""

from collections.abc import Callable
from typing import Final, Literal

import msgspec
import numpy as np

from runout.liquidation_map.filter import Bars, MapState, advance, reached, start
from runout.liquidation_map.parameters import DEFAULT, Cohorts
from runout.scores.arrays import FloatArray
from studies.map.market import Market

NEAR: Final = 0.005
"""A price this much further would have been a near miss."""
DEPTH: Final = 200
"""Buckets of the map's grid below the open whose levels are kept for placebos."""

Weighting = Literal["filter", "constant open interest", "path only"]
WEIGHTINGS: Final[tuple[Weighting, ...]] = ("filter", "constant open interest", "path only")


Counted = Callable[[FloatArray], FloatArray]


def _all_alike(coins: FloatArray) -> FloatArray:
    return coins.sum(axis=0)


class Swept(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Coins that a map places in the way of the price, by scored bucket, side, class and population.

    Parameters
    ----------
    frozen
        Between the bucket's start and its extreme, in the map as it stood at the start. Shape (scored, 2, classes,
        populations), as the next two.
    ahead
        Passed bar by bar within the bucket, by a copy of the map that goes on with the bucket's prices and volume, open
        interest unchanged.
    near
        Beyond the extreme, by half a percent.
    mirrored
        Of the other side, between the start and the extreme reflected about it.
    held
        All coins by population, shape (scored, 2, populations).
    levels
        Coins by level below the open (above it for shorts), nearest first; shape (scored, 2, classes, populations,
        DEPTH) with a width of ``cell``. Empty for maps that no placebo is made of.
    cell
        Log price.
    """

    frozen: FloatArray
    ahead: FloatArray
    near: FloatArray
    mirrored: FloatArray
    held: FloatArray
    levels: FloatArray
    cell: float


def swept_by_filter(
    market: Market, weighting: Weighting = "filter", *, cohorts: Cohorts = DEFAULT, keep_levels: bool = False
) -> Swept:
    """Return what the cohort filter says of each bucket.

    Parameters
    ----------
    market
        Bars.
    weighting
        ``filter``: volume and open interest as they were. ``constant open interest``: volume only. ``path only``:
        neither, each bar weighs the same; what is left is the geometry of the path. Constants are means over the
        buckets before the middle of the scored ones, so that none comes from those that are tested.
    cohorts
        Parameters.
    keep_levels
        Whether levels are kept for placebos.

    Returns
    -------
    Swept
        Each row from bars before the bucket, and for ``ahead`` from its own, without its open interest.
    """
    return swept_by_bars(market, _weighted(market, weighting), cohorts=cohorts, keep_levels=keep_levels)


def swept_by_bars(
    market: Market,
    bars: Bars,
    *,
    inside: Bars | None = None,
    cohorts: Cohorts = DEFAULT,
    keep_levels: bool = False,
    counted: Counted = _all_alike,
) -> Swept:
    """Return what the filter says of each bucket when it is given other bars than the market's own.

    Parameters
    ----------
    market
        Which buckets.
    bars
        One for each of the market's. How far a bucket went is read from the price that liquidates, ``mark_low`` and
        ``mark_high``.
    inside
        What the copy that goes one step ahead is given instead, its open interest left out; None: the same bars.
    cohorts
        Parameters.
    keep_levels
        Whether levels are kept for placebos.
    counted
        Coins of a bucket's bars, shape (bars_each, 2, classes, populations) → those of the bucket.
    """
    each, first = market.bars_each, market.lead * market.bars_each
    state = start(float(market.open[0]), float(bars.open_interest_base[0]), int(bars.event_time[0]) - market.step,
                  market.step, cohorts)  # fmt: skip
    advance(state, _part(bars, slice(0, first)))
    classes, populations = len(cohorts.distance), len(cohorts.population)
    shape = (market.scored, 2, classes, populations)
    frozen, ahead, near, mirrored = (np.zeros(shape) for _ in range(4))
    held = np.zeros((market.scored, 2, populations))
    levels = np.zeros((*shape, DEPTH if keep_levels else 0))
    slot = np.arange(each)
    for row in range(market.scored):
        rows = slice(first + row * each, first + (row + 1) * each)
        own = _part(bars, rows)
        open_, low, high = float(market.open[rows.start]), float(own.mark_low.min()), float(own.mark_high.max())
        for side, (extreme, further) in enumerate(((low, 1 - NEAR), (high, 1 + NEAR))):
            frozen[row, side] = reached(state, side, extreme)
            near[row, side] = reached(state, side, extreme * further) - frozen[row, side]
            mirrored[row, side] = reached(state, 1 - side, open_ * open_ / extreme)
            if keep_levels:
                levels[row, side] = _levels(state, side, open_)
        held[row] = state.total * state.scale
        silent = msgspec.structs.replace(
            own if inside is None else _part(inside, rows), open_interest_base=np.full(each, np.nan)
        )
        ahead[row] = counted(advance(state.copy(), silent, slot).coins)
        advance(state, own)
    return Swept(frozen=frozen, ahead=ahead, near=near, mirrored=mirrored, held=held, levels=levels, cell=cohorts.cell)


def _weighted(market: Market, weighting: Weighting) -> Bars:
    until = (market.lead + market.scored // 2) * market.bars_each
    count = len(market.event_time)
    interest = np.full(count, market.open_interest_base[:until].mean())
    if weighting == "filter":
        return market.bars()
    if weighting == "constant open interest":
        return market.bars(open_interest_base=interest)
    return market.bars(open_interest_base=interest, volume_base=np.full(count, market.volume_base[:until].mean()))


def _part(bars: Bars, rows: slice) -> Bars:
    return Bars(**{name: getattr(bars, name)[rows] for name in Bars.__struct_fields__})


def _levels(state: MapState, side: int, price: float) -> FloatArray:
    """Return coins at each of the DEPTH buckets below ``price``, nearest first, shape (classes, populations, DEPTH)."""
    x = np.log(price) * (1.0 if side == 0 else -1.0)
    top = int(np.floor((x - state.base[side]) / state.cohorts.cell))
    out = np.zeros((len(state.cohorts.distance), len(state.cohorts.population), DEPTH))
    for k, shift in enumerate(state.cohorts.shift.tolist()):
        entries = slice(top - DEPTH + 1 + shift, top + 1 + shift)
        mass = state.opened[side][:, entries] - state.swept[side, k][:, entries]
        out[k] = (state.cohorts.share[k] * state.scale[side][:, np.newaxis] * mass)[:, ::-1]
    return out
