r"""Ladders on one grid of log distance from the price, and how far two of them lie apart.

.. math:: W_1(f, g) = \int_0^{r} \left|F(x) - G(x)\right| dx

is the mean log distance by which dollars must be moved to turn one ladder into the other, both brought to the same
total within the reach r of the map.
"""

from typing import Final

import numpy as np

from runout.scores.arrays import FloatArray
from runout.synthetic.true_levels import DIRECTION

CELL: Final = 0.002
CELLS: Final = 150
EDGES: Final = np.arange(CELLS + 1) * CELL
_SPLITS: Final = 40


def on_grid(edges: FloatArray, usd: FloatArray, price: float, side: int) -> FloatArray:
    """Return dollars by cell of log distance of levels between price edges, each spread evenly over its level.

    Parameters
    ----------
    edges
        Prices, ascending, shape (levels + 1,).
    usd
        Shape (levels,).
    price
        From which distances count.
    side
        0 longs, below the price; 1 shorts, above. What lies on the other side of the price is left out.
    """
    distance = -DIRECTION[side] * np.log(edges / price)
    levels, amount = (distance[::-1], usd[::-1]) if side == 0 else (distance, usd)
    summed = np.interp(EDGES, levels, np.concatenate([[0.0], np.cumsum(amount)]))
    return np.diff(summed)


def histogram(distance: FloatArray, usd: FloatArray) -> FloatArray:
    """Return dollars by cell."""
    return np.histogram(distance, EDGES, weights=usd)[0].astype(np.float64)


def whole_cells(reach: float) -> int:
    """Return how many cells lie inside a reach."""
    return int(min(np.floor(reach / CELL + 1e-9), CELLS))


def transport(one: FloatArray, other: FloatArray, cells: int) -> float:
    """Return the Wasserstein-1 distance of two ladders within so many cells, log price; NaN where one is empty.

    Examples
    --------
    >>> near, far = np.zeros(150), np.zeros(150)
    >>> near[2], far[7] = 3.0, 8.0
    >>> round(transport(near, far, 20), 6)
    0.01
    """
    a, b = one[:cells], other[:cells]
    if not (a.sum() > 0.0 and b.sum() > 0.0):
        return float("nan")
    return float(np.abs(np.cumsum(a) / a.sum() - np.cumsum(b) / b.sum()).sum() * CELL)


def sampling_floor(distance: FloatArray, usd: FloatArray, cells: int, rng: np.random.Generator) -> float:
    """Return how far the true ladder lies from that of a market with more and more such accounts.

    Half of the distance between two random halves of its accounts: what no map of public figures can be expected to
    fall below, because figures of a whole market do not tell one account from another. NaN with under four accounts.
    """
    inside = (distance >= 0.0) & (distance < cells * CELL)
    if inside.sum() < 4:
        return float("nan")
    where, amount = distance[inside], usd[inside]
    halves = [rng.permutation(len(where)) % 2 == 0 for _ in range(_SPLITS)]
    found = [
        transport(histogram(where[half], amount[half]), histogram(where[~half], amount[~half]), cells)
        for half in halves
    ]
    return float(np.mean(found)) / 2.0
