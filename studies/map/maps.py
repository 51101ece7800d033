"""What a map says of each bucket: fractions it would liquidate, frozen at the start and carried one step ahead."""

from typing import Final, Literal

import msgspec
import numpy as np

from runout.liquidation_map import Bars, MapState, Prior, shipped, start
from runout.liquidation_map.prior import CELL, CELLS
from runout.liquidation_map.state import DIRECTION, Steps
from runout.scores.arrays import FloatArray
from studies.map.market import Market

NEAR: Final = 0.005
"""A price this much further would have been a near miss."""
DEPTH: Final = 200
"""Cells below the open whose levels are kept for placebos."""

Clock = Literal["map", "range clock", "constant clock"]
CLOCKS: Final[tuple[Clock, ...]] = ("map", "range clock", "constant clock")
"""The product's own; with volume that is not known, so that ranges stand for it; with every bar alike, so that only the
geometry of the path is left."""


class Swept(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Fractions of a side's open positions that a map places in the way of the price, by scored bucket and side.

    Parameters
    ----------
    frozen
        Between the bucket's start and its extreme, in the map as it stood at the start. Shape (scored, 2, 1, 1), as the
        next three: one class, one population.
    ahead
        Passed bar by bar within the bucket, by the map that goes on with the bucket's prices and volume.
    near
        Beyond the extreme, by half a percent.
    mirrored
        Of the other side, between the start and the extreme reflected about it.
    held
        All of it, shape (scored, 2, 1).
    levels
        By level below the open (above it for shorts), nearest first; shape (scored, 2, 1, 1, DEPTH) with a width of
        ``cell``. Empty for maps that no placebo is made of.
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


def swept_by(market: Market, clock: Clock = "map", *, prior: Prior | None = None, keep_levels: bool = False) -> Swept:
    """Return what the map says of each bucket, each row from bars before it, and for ``ahead`` from its own.

    Parameters
    ----------
    market
        Bars.
    clock
        What turns positions over.
    prior
        Assumptions; None: the shipped ones.
    keep_levels
        Whether levels are kept for placebos.
    """
    each, first = market.bars_each, market.lead * market.bars_each
    bars = _bars(market, clock)
    state = start(prior or shipped())
    steps = Steps(state, bars)
    steps.through(int(bars.event_time[first - 1]) if first else int(bars.event_time[0]) - 1)
    shape = (market.scored, 2)
    frozen, ahead, near, mirrored, held = (np.zeros(shape) for _ in range(5))
    levels = np.zeros((*shape, DEPTH if keep_levels else 0))
    for row in range(market.scored):
        inside = range(first + row * each, first + (row + 1) * each)
        open_, low, high = float(market.open[inside[0]]), bars.low[inside].min(), bars.high[inside].max()
        masses = state.masses()
        for side, (extreme, further) in enumerate(((low, 1 - NEAR), (high, 1 + NEAR))):
            frozen[row, side] = _between(masses, side, open_, extreme)
            near[row, side] = _between(masses, side, open_, extreme * further) - frozen[row, side]
            mirrored[row, side] = _between(masses, 1 - side, open_, open_ * open_ / extreme)
            held[row, side] = masses[side].sum()
            if keep_levels:
                levels[row, side] = _levels(masses, side, open_)
        for bar in inside:
            for side, extreme in enumerate((bars.low[bar], bars.high[bar])):
                ahead[row, side] += _passed(state, side, float(extreme))
            steps.through(int(bars.event_time[bar]))
    whole = (one[..., np.newaxis, np.newaxis] for one in (frozen, ahead, near, mirrored))
    names = ("frozen", "ahead", "near", "mirrored")
    return Swept(
        **dict(zip(names, whole, strict=True)), held=held[..., np.newaxis], levels=levels[:, :, np.newaxis, np.newaxis],
        cell=CELL,
    )  # fmt: skip


def _bars(market: Market, clock: Clock) -> Bars:
    count = len(market.event_time)
    bars = Bars(
        event_time=market.event_time, span=np.full(count, market.step), low=market.low, high=market.high,
        volume_base=np.full(count, np.nan) if clock == "range clock" else market.volume_base,
    )  # fmt: skip
    return bars.at_constant_clock() if clock == "constant clock" else bars


def _between(masses: FloatArray, side: int, price: float, extreme: float) -> float:
    near, far = (DIRECTION[side] * float(np.log(one)) / CELL for one in (price, extreme))
    cells = np.arange(int(np.floor(far)), int(np.floor(near)) + 2)
    return float((masses[side][cells & (CELLS - 1)] * np.clip(cells + 1.0 - far, 0.0, 1.0)).sum())


def _passed(state: MapState, side: int, extreme: float) -> float:
    """Return what one bar's passage takes: whole cells, as the kernel does."""
    reached = int(np.ceil(DIRECTION[side] * float(np.log(extreme)) / CELL - 0.5))
    cells = np.arange(reached, int(state.marks[side]) + 1)[:CELLS]
    return float(state.mass[side][cells & (CELLS - 1)].sum() * state.sums[0])


def _levels(masses: FloatArray, side: int, price: float) -> FloatArray:
    """Return the fractions in each of the DEPTH cells below ``price``, nearest first."""
    top = int(np.floor(DIRECTION[side] * np.log(price) / CELL))
    return masses[side][np.arange(top, top - DEPTH, -1) & (CELLS - 1)]
