"""Masses at levels on two rings of cells, one step a bar: what the price reaches is taken away, what opens is added.

Plain Python that numba compiles: few bars run sooner as they are, on lists, than numba loads; many run compiled, on
arrays; and both give the same bits. Each side has its levels in its own direction, so that *down* is towards them:
shorts are mirrored.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

COMPILED_FROM = 2_000_000
"""Additions to a cell from which on compiling pays: numba takes half a second to load, and so long do so many additions
to lists take, with what goes on around them."""
_COMPILED: dict[str, Any] = {}


def advance_levels(
    low: Floats,
    high: Floats,
    amount: Floats,
    expected: Floats,
    idle: Floats,
    span: Floats,
    bucket: Integers,
    shift: Integers,
    share: Floats,
    turnover: float,
    memory: float,
    unit: float,
    mass: Floats,
    marks: Integers,
    sums: Floats,
) -> None:
    """Advance both sides by all bars, in place.

    Parameters
    ----------
    low, high
        Log price in cells, shape (bars,).
    amount, expected
        What the clock counts of each bar; NaN where it is not known: then the other one, which always is.
    idle, span
        Time before a bar of which nothing is known, and of the bar itself.
    bucket
        Number of the bucket that a bar is in, ascending. At the start of each the masses are rounded, to
        what a kept state holds: so to go on from one gives the same bits as never to have stopped.
    shift, share
        Cells from entry down to the level, ascending, and share of what opens, by class.
    turnover
        Rate at which mass closes, for each unit of the clock.
    memory
        Time over which the clock's mean fades.
    unit
        Of which masses are whole multiples at the start of a bucket, a power of two.
    mass
        By side and cell of the ring, shape (2, cells), cells a power of two.
    marks
        Highest cell that may hold mass and highest cell ever entered, by side; the bucket of the last bar. Shape (5,).
    sums
        Scale of ``mass``; of the amounts and of their time, of the expected and of their time. Shape (5,).
    """
    cells = len(mass[0])
    mask = cells - 1
    for t in range(len(low)):
        if bucket[t] != marks[4]:
            for s in range(2):
                row = mass[s]
                for i in range(cells):
                    if row[i] != 0.0:
                        row[i] = math.floor(row[i] * sums[0] / unit + 0.5) * unit
            sums[0] = 1.0
            marks[4] = bucket[t]
        fade = math.exp(-span[t] / memory)
        sums[3] = sums[3] * fade + expected[t]
        sums[4] = sums[4] * fade + span[t]
        if math.isnan(amount[t]):
            turned = expected[t] * sums[4] / sums[3] if sums[3] > 0.0 else 0.0
        else:
            sums[1] = sums[1] * fade + amount[t]
            sums[2] = sums[2] * fade + span[t]
            turned = amount[t] * sums[2] / sums[1] if sums[1] > 0.0 else 0.0
        stays = math.exp(-turnover * turned)
        sums[0] *= max(stays * math.exp(-turnover * idle[t]), 1e-30)
        opened = (1.0 - stays) / sums[0]
        for s in range(2):
            row = mass[s]
            bottom, top = (low[t], high[t]) if s == 0 else (-high[t], -low[t])
            reached = math.ceil(bottom - 0.5)
            for i in range(max(reached, marks[s] - mask), marks[s] + 1):
                row[i & mask] = 0.0
            first, last = math.floor(bottom), math.floor(top)
            for i in range(max(marks[2 + s] + 1, last - mask), last + 1):
                row[i & mask] = 0.0
            marks[2 + s] = max(marks[2 + s], last)
            each = opened / (last - first + 1)
            for k in range(len(shift)):
                added = each * share[k]
                for i in range(first - shift[k], last - shift[k] + 1):
                    row[i & mask] += added
            marks[s] = max(min(marks[s], reached - 1), last - shift[0])


def advancing(additions: float) -> Any:
    """Return :func:`advance_levels`, compiled where so many additions to cells are worth it."""
    if additions < COMPILED_FROM and not _COMPILED:
        return advance_levels
    from numba import njit  # pyright: ignore[reportUnknownVariableType]  # noqa: PLC0415 - takes over a second

    compiled = _COMPILED.get("advance")
    if compiled is None:
        compiled = _COMPILED["advance"] = njit(cache=True, error_model="numpy", nogil=True)(advance_levels)
    return compiled
