r"""The cohort filter: positions carried through bars of traded price, volume and open interest.

In a bar with traded volume V and change of open interest Δ (coins, single-sided) each side opens and closes

.. math:: O = C + \Delta, \qquad C = (V - \Delta) / 2

on the mean of what is possible: the four-flow identity leaves one degree of freedom, how closes divide between the
sides, and here it divides evenly. So both sides equal the open interest after every bar, whatever is opened where.

1. *Passage*: what rests at levels the price went through is liquidated, the last bucket in proportion. Where a mark
   price is known it decides, else the traded price.
2. *Closes*: liquidations are closes, and are not removed again through the open interest they took: the rest
   ``max(C − liquidated, 0)`` closes each population by its hazard.
3. *Opens*: what was closed and liquidated, and Δ, opens again, evenly over the bar's traded range.

|Δ| > V cannot come from trading. Such a bar is a :class:`Jump`: the part that trading can explain is taken, and both
sides are scaled to the reported figure. The same holds after a gap, and where open interest was not known before.
"""

from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY
from runout.errors import UsageError
from runout.liquidation_map.bars import Bars
from runout.liquidation_map.parameters import DEFAULT, Cohorts
from runout.scores.arrays import FloatArray, IntArray

LONG, SHORT = 0, 1
_DIRECTION: Final = (1.0, -1.0)
_SPIKE: Final = 0.1
"""A wick of a tenth of the price within one bar."""

JumpKind = Literal[
    "open interest moved more than volume allows", "gap", "open interest missing", "spike", "print far off"
]


class Jump(NamedTuple):
    """A bar that the identity does not explain, and what was done.

    ``event_time`` is UTC ns; ``observed`` and ``allowed`` are coins, or nanoseconds for a gap, or a fraction of the
    price for a spike, or a factor from open and close for a print far off, which is left out.
    """

    kind: JumpKind
    event_time: int
    observed: float
    allowed: float


class MapState(msgspec.Struct, kw_only=True, eq=False):
    """Inferred positions of one market after a bar; small, and all that the next bar needs.

    Parameters
    ----------
    cohorts
        Parameters.
    event_time
        End of the last bar, UTC ns.
    step
        Length of a bar, ns.
    open_interest_base
        That both sides equal, coins.
    open_interest_time
        When open interest was last reported, UTC ns.
    base
        Log price at the lower end of the grid, by side (shorts are mirrored).
    opened, swept
        Shape (sides, populations, buckets) and (sides, classes, populations, buckets); see the kernel.
    scale, total
        Shape (sides, populations).
    edge
        Shape (sides, classes).
    """

    cohorts: Cohorts
    event_time: int
    step: int
    open_interest_base: float
    open_interest_time: int
    base: FloatArray
    opened: FloatArray
    swept: FloatArray
    scale: FloatArray
    total: FloatArray
    edge: IntArray

    def held(self) -> FloatArray:
        """Return coins held by each side, shape (2,): both the open interest."""
        return (self.total * self.scale).sum(axis=1)

    def copy(self) -> "MapState":
        """Return a state that does not share arrays with this one."""
        arrays = {name: getattr(self, name).copy() for name in ("base", "opened", "swept", "scale", "total", "edge")}
        return msgspec.structs.replace(self, **arrays)


class Liquidated(NamedTuple):
    """What the filter liquidated: coins, shape (slots, sides, classes, populations), and bars it could not explain."""

    coins: FloatArray
    jumps: list[Jump]


def start(price: float, open_interest_base: float, at: int, step: int, cohorts: Cohorts = DEFAULT) -> MapState:
    """Return a map before its first bar: all open interest is there, entries of none are known.

    Parameters
    ----------
    price
        Dollars.
    open_interest_base
        Coins.
    at
        UTC ns.
    step
        Length of a bar, ns.
    cohorts
        Parameters.

    Raises
    ------
    UsageError
        If price, open interest or step are not above zero.
    """
    if not (price > 0.0 and open_interest_base > 0.0 and step > 0):
        raise UsageError(
            f"expected a price, open interest and step above zero, found {price}, {open_interest_base} and {step}"
        )
    classes, populations, buckets = len(cohorts.distance), len(cohorts.population), cohorts.buckets
    settled = np.asarray(cohorts.population) / np.asarray(cohorts.hazard)
    x = np.log(price)
    return MapState(
        cohorts=cohorts,
        event_time=at,
        step=step,
        open_interest_base=open_interest_base,
        open_interest_time=at,
        base=np.array([x - cohorts.half_width, -x - cohorts.half_width]),
        opened=np.zeros((2, populations, buckets)),
        swept=np.zeros((2, classes, populations, buckets)),
        scale=np.ones((2, populations)),
        total=np.tile(settled / settled.sum() * open_interest_base, (2, 1)),
        edge=np.full((2, classes), -1, dtype=np.int64),
    )


def advance(state: MapState, bars: Bars, slot: IntArray | None = None) -> Liquidated:
    """Advance ``state`` by ``bars``, in place; all at once or one by one gives the same.

    Parameters
    ----------
    state
        The map before.
    bars
        Those that follow.
    slot
        Row of the outcome that each bar is counted in, from 0 without holes; None: one row for all.

    Returns
    -------
    Liquidated
        Coins, and what the identity could not explain.

    Raises
    ------
    UsageError
        If a bar is not after the state.
    """
    if len(bars) and bars.event_time[0] <= state.event_time:
        raise UsageError("expected bars after the state's last one, found one at or before it")
    rows = np.zeros(len(bars), dtype=np.int64) if slot is None else slot
    sizes = (len(state.cohorts.distance), len(state.cohorts.population))
    coins = np.zeros((int(rows.max(initial=0)) + 1, 2, *sizes))
    if not len(bars):
        return Liquidated(coins, [])
    carried = _carried(state, bars)
    change = np.diff(np.concatenate([[state.open_interest_base], carried]))
    breaks = _breaks(state, bars, carried, change)
    jumps = [*_spikes(bars), *_missing(state, bars), *(one.jump for one in breaks)]
    allowed = np.clip(change, -bars.volume_base, bars.volume_base)
    logs = (np.log(one) for one in (bars.low, bars.high, bars.mark_low, bars.mark_high))
    inputs = _Inputs(*logs, closes=(bars.volume_base - allowed) / 2.0, change=allowed, slot=rows)
    first = 0
    for one in breaks:
        _advance_through(state, inputs.part(slice(first, one.row + 1)), coins)
        _rebase(state, one.target)
        first = one.row + 1
    _advance_through(state, inputs.part(slice(first, len(bars))), coins)
    reported = np.flatnonzero(np.isfinite(bars.open_interest_base) & (bars.open_interest_base > 0.0))
    if len(reported):
        state.open_interest_time = int(bars.event_time[reported[-1]])
    state.event_time, state.open_interest_base = int(bars.event_time[-1]), float(carried[-1])
    return Liquidated(coins, sorted(jumps, key=lambda one: (one.event_time, one.kind)))


def reached(state: MapState, side: int, price: float) -> FloatArray:
    """Return coins of a side that a move to ``price`` would liquidate, shape (classes, populations)."""
    from runout.kernels.cohorts import reached_side  # noqa: PLC0415 - numba takes over a second to load

    out = np.zeros((len(state.cohorts.distance), len(state.cohorts.population)))
    reached_side(
        state.opened[side], state.swept[side], state.scale[side], state.edge[side], state.cohorts.shift,
        np.asarray(state.cohorts.share), _DIRECTION[side] * np.log(price), state.base[side], state.cohorts.cell, out,
    )  # fmt: skip
    return out


# -- what the identity does not explain -------------------------------------------------------------------------------


class _Break(NamedTuple):
    """A bar after which both sides are scaled to a reported figure."""

    row: int
    jump: Jump
    target: float


def _carried(state: MapState, bars: Bars) -> FloatArray:
    """Return open interest at the end of each bar, the last report where there is none."""
    reported = np.isfinite(bars.open_interest_base) & (bars.open_interest_base > 0.0)
    last = np.maximum.accumulate(np.where(reported, np.arange(len(bars)), -1))
    return np.where(last >= 0, bars.open_interest_base[last], state.open_interest_base)


def _breaks(state: MapState, bars: Bars, carried: FloatArray, change: FloatArray) -> list[_Break]:
    silence = np.diff(np.concatenate([[state.event_time], bars.event_time])) - state.step
    excess = np.abs(change) > bars.volume_base * (1.0 + 1e-9)
    found: list[_Break] = []
    for i in np.flatnonzero((silence > 0) | excess).tolist():
        time, volume = int(bars.event_time[i]), float(bars.volume_base[i])
        jump = (
            Jump("gap", time, float(silence[i]), 0.0)
            if silence[i] > 0
            else Jump("open interest moved more than volume allows", time, float(change[i]), volume)
        )
        found.append(_Break(i, jump, float(carried[i])))
    return found


def _missing(state: MapState, bars: Bars) -> list[Jump]:
    """Return where open interest has been silent for a day, once for each silence."""
    reported = np.isfinite(bars.open_interest_base) & (bars.open_interest_base > 0.0)
    times = np.where(reported, bars.event_time, state.open_interest_time)
    silence = bars.event_time - np.maximum.accumulate(np.maximum(times, state.open_interest_time))
    begins = (silence >= NANOSECONDS_PER_DAY) & (silence - state.step < NANOSECONDS_PER_DAY)
    return [
        Jump("open interest missing", int(bars.event_time[i]), float(silence[i]), float(NANOSECONDS_PER_DAY))
        for i in np.flatnonzero(begins).tolist()
    ]


def _spikes(bars: Bars) -> list[Jump]:
    """Return bars that span more than a tenth of the price: kept as they are, since traded is traded."""
    reach = bars.high / bars.low - 1.0
    return [
        Jump("spike", int(bars.event_time[i]), float(reach[i]), _SPIKE) for i in np.flatnonzero(reach > _SPIKE).tolist()
    ]


def _rebase(state: MapState, open_interest_base: float) -> None:
    """Scale every position of both sides alike, so that each equals the reported open interest."""
    state.scale *= (open_interest_base / state.held())[:, np.newaxis]


# -- arrays -----------------------------------------------------------------------------------------------------------


class _Inputs(NamedTuple):
    low: FloatArray
    high: FloatArray
    mark_low: FloatArray
    mark_high: FloatArray
    closes: FloatArray
    change: FloatArray
    slot: IntArray

    def part(self, rows: slice) -> "_Inputs":
        floats = (self.low, self.high, self.mark_low, self.mark_high, self.closes, self.change)
        return _Inputs(*(one[rows] for one in floats), slot=self.slot[rows])


def _advance_through(state: MapState, inputs: _Inputs, coins: FloatArray) -> None:
    """Advance by bars without a break, moving the grid where the price has left its middle."""
    first, count = 0, len(inputs.low)
    while first < count:
        centre = state.base[LONG] + state.cohorts.half_width
        away = np.abs(inputs.low[first:] - centre) > state.cohorts.half_width / 2.0
        if away[0]:
            _recentre(state, float(inputs.low[first]))
            continue
        last = first + int(np.argmax(away)) if away.any() else count
        _run(state, inputs.part(slice(first, last)), coins)
        first = last


def _recentre(state: MapState, x: float) -> None:
    """Move the grid by whole buckets to ``x``; what falls off it stays in the totals, too far to be liquidated."""
    cell, half_width = state.cohorts.cell, state.cohorts.half_width
    for side, direction in enumerate(_DIRECTION):
        by = round((direction * x - half_width - state.base[side]) / cell)
        for array in (state.opened[side], state.swept[side]):
            array[:] = _shifted(array, by)
        state.edge[side] = np.clip(state.edge[side] - by, -1, state.cohorts.buckets - 1)
        state.base[side] += by * cell


def _shifted(values: FloatArray, by: int) -> FloatArray:
    out = np.zeros_like(values)
    count = values.shape[-1]
    kept = max(count - abs(by), 0)
    if by >= 0:
        out[..., :kept] = values[..., count - kept :]
    else:
        out[..., count - kept :] = values[..., :kept]
    return out


def _run(state: MapState, inputs: _Inputs, coins: FloatArray) -> None:
    from runout.kernels.cohorts import advance_side  # noqa: PLC0415 - numba takes over a second to load

    cohorts = state.cohorts
    shares = (np.asarray(one) for one in (cohorts.share, cohorts.hazard, cohorts.population))
    share, hazard, population = shares
    prices = ((inputs.low, inputs.high, inputs.mark_low), (-inputs.high, -inputs.low, -inputs.mark_high))
    for side, (low, high, passage) in enumerate(prices):
        advance_side(
            low, high, passage, inputs.closes, inputs.change, inputs.slot, cohorts.shift, share, hazard, population,
            state.base[side], cohorts.cell, state.opened[side], state.swept[side], state.scale[side],
            state.total[side], state.edge[side], coins[:, side],
        )  # fmt: skip
