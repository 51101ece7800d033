"""Ladders of one side of one coin at the end of every day, in one pass over all days."""

import numpy as np
import numpy.typing as npt
from numba import njit  # pyright: ignore[reportUnknownVariableType] - numba has no types

from runout.kernels.cohorts import advance_side

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@njit(cache=True, error_model="numpy", nogil=True)
def _lay_out(
    mass: Floats, here: int, g: int, group: Integers, shift: Integers, share: Floats, edge: Integers,
    opened: Floats, swept: Floats, scale: Floats,
) -> float:  # fmt: skip
    """Fill ``mass`` with the coins of a group by buckets below the price's, ``here``; return those above it."""
    mass[:] = 0.0
    above = 0.0
    for k in range(len(shift)):
        if group[k] != g:
            continue
        highest = min(edge[k] - shift[k], opened.shape[1] - 1 - shift[k])
        for i in range(max(here - len(mass) + 1, 0), highest + 1):
            entry = i + shift[k]
            coins = 0.0
            for p in range(len(scale)):
                coins += (opened[p, entry] - swept[k, p, entry]) * scale[p]
            if i > here:
                above += coins * share[k]
            else:
                mass[here - i] += coins * share[k]
    return above


@njit(cache=True, error_model="numpy", nogil=True)
def daily_ladders_side(
    entry_low: Floats,
    entry_high: Floats,
    closes: Floats,
    change: Floats,
    interest: Floats,
    price: Floats,
    shift: Integers,
    share: Floats,
    hazard: Floats,
    population: Floats,
    group: Integers,
    groups: int,
    grid: Floats,
    base: float,
    cell: float,
    buckets: int,
) -> Floats:
    """Return coins that rest within each distance of the price after each day, shape (days, groups, grid).

    Parameters
    ----------
    entry_low, entry_high
        Log price in the side's direction (negated for shorts) of the parts of each day, shape (days, parts).
    closes, change
        Coins closed and gained in each part, shape (days, parts).
    interest
        Coins held at the end of each day, shape (days,); NaN: nothing was observed, and the state stays as it is.
    price
        Log price in the side's direction at the end of each day; of the last day with one, where there is none.
    shift, share, hazard, population, base, cell
        As in :func:`runout.kernels.cohorts.advance_side`.
    group, groups
        Group that each class is counted in, and how many there are.
    grid
        Log distances, ascending, shape (grid,).
    buckets
        Of the grid of entries.
    """
    days, parts = entry_low.shape
    populations, classes, points = len(hazard), len(shift), len(grid)
    out = np.zeros((days, groups, points))
    opened, swept = np.zeros((populations, buckets)), np.zeros((classes, populations, buckets))
    scale, edge = np.ones(populations), np.full(classes, -1, dtype=np.int64)
    removed, slot = np.zeros((1, classes, populations)), np.zeros(parts, dtype=np.int64)
    settled = population / hazard
    total = settled / settled.sum()
    started = False
    reach = int(np.ceil(grid[-1] / cell)) + 2
    mass = np.zeros(reach)
    for day in range(days):
        if np.isfinite(interest[day]):
            if not started:
                total *= interest[day]
                started = True
            advance_side(
                entry_low[day], entry_high[day], entry_low[day], closes[day], change[day], slot, shift, share, hazard,
                population, base, cell, opened, swept, scale, total, edge, removed,
            )  # fmt: skip
            coins = 0.0
            for p in range(populations):
                coins += total[p] * scale[p]
            for p in range(populations):
                scale[p] *= interest[day] / coins
        if not started:
            continue
        position = (price[day] - base) / cell
        here = int(np.floor(position))
        for g in range(groups):
            summed, last = _lay_out(mass, here, g, group, shift, share, edge, opened, swept, scale), 0
            for m in range(points):
                away = position - grid[m] / cell
                bucket = int(np.floor(away))
                depth = here - bucket
                while last < depth:
                    summed += mass[last]
                    last += 1
                out[day, g, m] = summed + (1.0 - (away - bucket)) * mass[depth]
    return out
