"""Maps that must score worse if the real one knows where positions are: mirrored, moved, or of another date.

- *Reflection*: the map of the other side, mirrored about the bucket's open.
- *Shift*: all levels moved away from the open by 1% to 9%, those that fall off the far end coming back near it.
- *Date*: the map of another bucket, at least a week away, that followed a week of about the same volatility.

The head is fitted anew on every placebo, so what a placebo loses is position alone, not scale.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from runout.scores.arrays import FloatArray, IntArray
from studies.map.covariates import before
from studies.map.maps import DEPTH, Swept
from studies.map.market import Market

APART_BUCKETS: Final = 42
NEIGHBOURS: Final = 15
DRAWS: Final = 3


def placebos(market: Market, true: Swept, rng: np.random.Generator) -> Iterator[tuple[str, FloatArray]]:
    """Yield each placebo with what it sweeps frozen at the start, shape (scored, 2, classes, populations).

    Parameters
    ----------
    market
        Bars.
    true
        With levels kept.
    rng
        Draws the shifts and dates.
    """
    yield "reflection", true.mirrored
    for number in range(1, DRAWS + 1):
        by = int(rng.integers(DEPTH // 10, DEPTH * 9 // 10))
        yield f"shift {number}", swept_levels(market, np.roll(true.levels, by, axis=-1), true.cell)
    for number in range(1, DRAWS + 1):
        yield f"date {number}", swept_levels(market, true.levels[other_dates(market, rng)], true.cell)


def swept_levels(market: Market, levels: FloatArray, cell: float) -> FloatArray:
    """Return the mass of levels between each bucket's open and its extremes, the last in proportion."""
    open_ = np.log(market.in_bucket(market.open)[:, 0])
    down = open_ - np.log(market.in_bucket(market.low).min(axis=1))
    up = np.log(market.in_bucket(market.high).max(axis=1)) - open_
    reach = np.stack([down, up], axis=1)[..., np.newaxis] / cell
    taken = np.clip(reach - np.arange(levels.shape[-1]), 0.0, 1.0)
    return np.einsum("tskpn,tsn->tskp", levels, taken)


def other_dates(market: Market, rng: np.random.Generator) -> IntArray:
    """Return for each scored bucket another one, not within a week, whose past week was about as volatile."""
    moves = np.diff(np.log(market.close), prepend=np.log(market.open[0])) ** 2
    volatility = before(market.by_bucket(moves).sum(axis=1), APART_BUCKETS)[market.lead :]
    row = np.arange(market.scored)
    chosen = np.empty(market.scored, dtype=np.int64)
    for i in row:
        far = row[np.abs(row - i) > APART_BUCKETS]
        nearest = far[np.argsort(np.abs(volatility[far] - volatility[i]), kind="stable")[:NEIGHBOURS]]
        chosen[i] = rng.choice(nearest)
    return chosen
