"""The cohort filter's step: passage, closes, opens, for one side of one market, many bars at once.

All classes open alike, so one array of opened mass an entry bucket serves them all, and a class holds what was opened
since it was last swept there: ``mass[k] = share[k] · (opened − swept[k])``. Opening touches a few numbers a bar; only a
sweep touches a class. Closing scales everything: one factor a population, applied when read.
"""

import numpy as np
import numpy.typing as npt
from numba import njit  # pyright: ignore[reportUnknownVariableType] - numba has no types

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TINY = 1e-90
"""A scale under which everything is brought back to scale one, long before anything underflows."""


@njit(cache=True, error_model="numpy", nogil=True)
def _take_crossed(opened: Floats, swept: Floats, last: int, highest: int, part: float) -> float:
    """Return what was opened since the last sweep in the buckets above ``last`` and in a part of it, and sweep it.

    ``opened`` and ``swept`` are of one class and population, shape (buckets,).
    """
    crossed = 0.0
    for i in range(max(last + 1, 0), highest + 1):
        crossed += opened[i] - swept[i]
        swept[i] = opened[i]
    if last >= 0:
        taken = part * (opened[last] - swept[last])
        swept[last] += taken
        crossed += taken
    return crossed


@njit(cache=True, error_model="numpy", nogil=True)
def advance_side(
    entry_low: Floats,
    entry_high: Floats,
    passage: Floats,
    closes: Floats,
    change: Floats,
    slot: Integers,
    shift: Integers,
    share: Floats,
    hazard: Floats,
    population: Floats,
    base: float,
    cell: float,
    opened: Floats,
    swept: Floats,
    scale: Floats,
    total: Floats,
    edge: Integers,
    removed: Floats,
) -> None:
    """Advance one side by all bars, in place.

    Parameters
    ----------
    entry_low, entry_high, passage
        Log price in the side's direction (negated for shorts), per bar: the traded range, and how far down the price
        that liquidates went. Shape (bars,).
    closes, change
        Positions closed, and open interest gained, coins a bar.
    slot
        Row of ``removed`` that a bar's liquidations are added to.
    shift
        Buckets from entry down to the liquidation level, by class.
    share
        Share of opens, by class; the rest is never liquidated.
    hazard, population
        Relative closing hazard and share of opens, by population.
    base, cell
        Log price at the lower end of bucket 0; width of a bucket.
    opened, swept
        Opened mass by population and entry bucket; its value when each class was last swept there, by class too.
    scale, total
        Factor and scaled total by population.
    edge
        Highest entry bucket that may hold mass, by class.
    removed
        Liquidated coins, shape (slots, classes, populations).
    """
    populations, buckets = opened.shape
    classes = len(shift)
    for t in range(len(closes)):
        gone = 0.0
        position = (passage[t] - base) / cell
        bucket = int(np.floor(position))
        part = 1.0 - (position - bucket)
        for k in range(classes):
            last = bucket + shift[k]
            if edge[k] < last:
                continue
            for p in range(populations):
                crossed = _take_crossed(opened[p], swept[k, p], last, edge[k], part) * share[k]
                total[p] -= crossed
                removed[slot[t], k, p] += crossed * scale[p]
                gone += crossed * scale[p]
            edge[k] = last
        weight = 0.0
        for p in range(populations):
            weight += hazard[p] * total[p] * scale[p]
        rest = max(closes[t] - gone, 0.0)
        closed = 0.0
        for p in range(populations):
            if weight > 0.0:
                fraction = min(rest * hazard[p] / weight, 0.999)
                closed += fraction * total[p] * scale[p]
                scale[p] *= 1.0 - fraction
            if scale[p] < TINY:
                opened[p] *= scale[p]
                swept[:, p] *= scale[p]
                total[p] *= scale[p]
                scale[p] = 1.0
        opens = max(change[t] + closed + gone, 0.0)
        first = int(np.floor((entry_low[t] - base) / cell))
        top = int(np.floor((entry_high[t] - base) / cell))
        first, top = min(max(first, 0), buckets - 1), min(max(top, 0), buckets - 1)
        count = top - first + 1
        for p in range(populations):
            added = opens * population[p] / scale[p]
            for i in range(first, top + 1):
                opened[p, i] += added / count
            total[p] += added
        for k in range(classes):
            edge[k] = max(edge[k], top)
