r"""The state of a map: at which levels how much of a side's open positions would be liquidated, one step a bar.

A bar turns over a share of what is open, by a clock of trading activity,

.. math:: 1 - e^{-\kappa a_t}, \qquad a_t = v_t / \bar v_t

with its volume v over the mean of the past month (fading): a day of normal trading is one unit. Where volume is not
known, a power of the bar's range stands for it. In turn:

1. *Passage*: what rests at levels that the price went through is gone.
2. *Closes*: the share is taken from every level alike.
3. *Opens*: as much opens, evenly over the traded range; each class of distance puts its share that far away.

So mass is a fraction of the side's open positions, and at most 1: no open interest is needed. A gap ages the map by the
time that it lasts; what opened in it is not known and nowhere on the map. Levels are cells of log price on a ring
that moves with the price, so a market may fall by orders of magnitude.
"""

import zlib
from typing import Final

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_time
from runout.errors import UsageError
from runout.kernels.levels import advance_levels, advancing
from runout.liquidation_map.bars import Bars
from runout.liquidation_map.prior import CELL, CELLS, Prior, shipped
from runout.scores.arrays import FloatArray, IntArray

DIRECTION: Final = (1.0, -1.0)
"""Of longs and shorts: from entry towards the level is down, in log price times this."""
BUCKET: Final = 4 * NANOSECONDS_PER_HOUR
"""At whose ends a state can be kept."""
_UNIT: Final = 2.0**-21
"""To which masses are rounded every four hours: half a millionth of a side's open positions."""
_NOWHERE: Final = -(2**40)
_SMALLEST_RANGE: Final = 1e-9


class MapState(msgspec.Struct, kw_only=True, eq=False):
    """Inferred levels of one market after a bar, and all that the next bar needs.

    Parameters
    ----------
    prior
        Assumptions.
    event_time
        End of the last bar, UTC ns; 0 before the first.
    bars
        How many bars it has seen.
    mass, marks, sums
        As in :func:`runout.kernels.levels.advance_levels`.
    """

    prior: Prior
    event_time: int
    bars: int
    mass: FloatArray
    marks: IntArray
    sums: FloatArray

    def copy(self) -> "MapState":
        """Return a state that shares no arrays with this one."""
        arrays = {name: getattr(self, name).copy() for name in ("mass", "marks", "sums")}
        return msgspec.structs.replace(self, **arrays)

    def masses(self) -> FloatArray:
        """Return the fraction of each side's open positions in each cell of its ring, shape (2, cells)."""
        stored = self.mass * self.sums[0]
        return stored if self.event_time % BUCKET else np.floor(stored / _UNIT + 0.5) * _UNIT


def start(prior: Prior | None = None) -> MapState:
    """Return a map before its first bar: of nobody is known where he entered."""
    return MapState(
        prior=prior or shipped(), event_time=0, bars=0, mass=np.zeros((2, CELLS)),
        marks=np.array([_NOWHERE] * 4 + [-1], dtype=np.int64), sums=np.array([1.0, 0.0, 0.0, 0.0, 0.0]),
    )  # fmt: skip


class Steps:
    """Bars made ready to be walked through in pieces; in one or in many gives the same bits.

    Parameters
    ----------
    state
        The map before them, which is advanced in place.
    bars
        Those that follow.

    Raises
    ------
    UsageError
        If a bar is not after the state.
    """

    def __init__(self, state: MapState, bars: Bars) -> None:
        if len(bars) and bars.event_time[0] <= state.event_time:
            raise UsageError("expected bars after the state's last one, found one at or before it")
        self.state, self.bars, self.row = state, bars, 0
        clock = state.prior.clock
        low, high = np.log(bars.low), np.log(bars.high)
        before = state.event_time or (int(bars.event_time[0] - bars.span[0]) if len(bars) else 0)
        self._columns = (
            low / CELL, high / CELL, bars.volume_base, (high - low) ** clock.range_exponent + _SMALLEST_RANGE,
            bars.idle(before) / NANOSECONDS_PER_DAY, bars.span / NANOSECONDS_PER_DAY,
            (bars.event_time - bars.span) // BUCKET,
        )  # fmt: skip
        self._classes = (state.prior.shift, state.prior.share())
        self._fixed = (clock.turnover, clock.memory_days, _UNIT)
        self._kernel = advancing(len(state.prior.shift) * float(((high - low) / CELL + 1.0).sum()))
        self._arrays = self._kept = (state.mass, state.marks, state.sums)
        if self._kernel is advance_levels:  # lists: each element of an array would be made anew
            self._columns = tuple(column.tolist() for column in self._columns)
            self._classes = tuple(values.tolist() for values in self._classes)
            self._kept = tuple(values.tolist() for values in self._arrays)

    def through(self, time: int) -> None:
        """Advance by the bars that end until ``time``, UTC ns."""
        last = int(np.searchsorted(self.bars.event_time, time, side="right"))
        if last <= self.row:
            return
        columns = (column[self.row : last] for column in self._columns)
        self._kernel(*columns, *self._classes, *self._fixed, *self._kept)
        if self._kept is not self._arrays:
            for values, kept in zip(self._arrays, self._kept, strict=True):
                values[:] = kept
        self.state.bars += last - self.row
        self.state.event_time, self.row = int(self.bars.event_time[last - 1]), last


def advance(state: MapState, bars: Bars) -> MapState:
    """Advance ``state`` by ``bars``, in place, and return it."""
    if len(bars):
        Steps(state, bars).through(int(bars.event_time[-1]))
    return state


# -- kept -------------------------------------------------------------------------------------------------------------


def to_bytes(state: MapState) -> bytes:
    """Return a state as bytes, to go on from later with the same bits.

    Raises
    ------
    UsageError
        If it is not at the end of a bucket.
    """
    if state.event_time % BUCKET:
        raise UsageError(f"expected a state at the end of four hours, found one at {format_time(state.event_time)}")
    units = (state.masses() / _UNIT).astype(np.uint32)
    planes = units.ravel().view(np.uint8).reshape(-1, 4).T
    head = np.array([state.event_time, state.bars, *state.marks], dtype=np.int64)
    return zlib.compress(head.tobytes() + state.sums[1:].tobytes() + planes.tobytes(), 6)


def from_bytes(kept: bytes, prior: Prior | None = None) -> MapState:
    """Return the state that :func:`to_bytes` wrote.

    Raises
    ------
    UsageError
        If the bytes are no state of this version.
    """
    raw = zlib.decompress(kept)
    if len(raw) != 8 * 7 + 8 * 4 + 4 * 2 * CELLS:
        raise UsageError(f"expected the state of a map, found {len(raw)} bytes: run `runout compute` again")
    head, sums = np.frombuffer(raw, np.int64, 7), np.frombuffer(raw, np.float64, 4, 56)
    planes = np.frombuffer(raw, np.uint8, 8 * CELLS, 88).reshape(4, -1)
    mass = planes.T.copy().view(np.uint32).reshape(2, CELLS).astype(np.float64) * _UNIT
    return MapState(
        prior=prior or shipped(), event_time=int(head[0]), bars=int(head[1]), mass=mass, marks=head[2:].copy(),
        sums=np.concatenate([[1.0], sums]),
    )  # fmt: skip


# -- asked ------------------------------------------------------------------------------------------------------------


def outward(masses: FloatArray, side: int, price: float) -> tuple[FloatArray, FloatArray]:
    """Return a side's cells from the price outward: log distance-wise positions of their edges, and masses.

    Parameters
    ----------
    masses
        Of :meth:`MapState.masses`.
    side
        0 long, 1 short.
    price
        Dollars, of the state's moment: what lies behind it is empty.

    Returns
    -------
    tuple
        Edges, log prices in the side's direction, descending, shape (cells,); fractions between, shape (cells - 1,).
    """
    top = int(np.floor(DIRECTION[side] * np.log(price) / CELL)) + 1
    cells = np.arange(top, top - CELLS + 1, -1)
    edges = np.arange(top + 1, top - CELLS + 1, -1).astype(np.float64) * CELL
    return edges, masses[side][cells & (CELLS - 1)]


def crossed(masses: FloatArray, side: int, price: float, extreme: float) -> float:
    """Return what a move from ``price`` to ``extreme`` would liquidate: fractions times the price of their levels."""
    edges, mass = outward(masses, side, price)
    worth = mass * np.exp(DIRECTION[side] * (edges[1:] + edges[:-1]) / 2.0)
    summed = np.concatenate([[0.0], np.cumsum(worth)])
    return float(np.interp(-DIRECTION[side] * np.log(extreme), -edges, summed))


def resting(masses: FloatArray, price: float, edges: FloatArray) -> FloatArray:
    """Return fractions between price edges (ascending, dollars), shape (sides, levels)."""
    out = np.zeros((2, len(edges) - 1))
    for side, direction in enumerate(DIRECTION):
        near, mass = outward(masses, side, price)
        summed = np.concatenate([[0.0], np.cumsum(mass)])
        out[side] = np.abs(np.diff(np.interp(-direction * np.log(edges), -near, summed)))
    return out
