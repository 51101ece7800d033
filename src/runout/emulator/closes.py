"""Single forced closes: what the simulation closes by minute, as the many small closes that it stands for."""

from typing import NamedTuple

import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND
from runout.emulator.columns import Floats, Integers, between, joined, picked
from runout.synthetic.feeds import MEAN_LIQUIDATION_USD, SIZE_TAIL, SPREAD_MINUTES
from runout.synthetic.prices import MINUTES_PER_DAY
from runout.synthetic.state import DELEVERAGING_STAGE, Records

MILLISECOND = 1_000_000


class Closes(NamedTuple):
    """True single forced closes, in time order.

    ``time`` UTC ns, whole milliseconds; ``side`` 1 where a long was closed, −1 a short; ``coins`` closed; ``beyond``
    the bankruptcy price over the price paid; ``lot`` a uniform number that says on which venue and contract it was.
    """

    time: Integers
    side: Integers
    coins: Floats
    beyond: Floats
    lot: Floats


_NO_NUMBERS, _NO_FRACTIONS = np.zeros(0, np.int64), np.zeros(0, np.float64)
NONE = Closes(_NO_NUMBERS, _NO_NUMBERS, _NO_FRACTIONS, _NO_FRACTIONS, _NO_FRACTIONS)


def closes_of_day(forced: Records, place: int, day: int, key: tuple[int, ...], first: int) -> Closes:
    """Return the single closes of a day on a simulated venue.

    An account of the simulation stands for many: what it loses is split into sizes of a Pareto law and spread over
    twenty minutes (:mod:`runout.synthetic.feeds`), so closes of the day before run into this one.

    Parameters
    ----------
    forced
        The simulation's forced closes.
    place
        The simulated venue.
    day
        Day of the world.
    key
        Key of the random draws.
    first
        UTC ns of the world's first moment.
    """
    begin = first + day * NANOSECONDS_PER_DAY
    parts = [_begun_on(forced, place, item, key, first) for item in (day - 1, day)]
    whole = joined(parts)
    whole = picked(whole, np.argsort(whole.time, kind="stable"))
    return between(whole, whole.time, begin, begin + NANOSECONDS_PER_DAY)


def _begun_on(forced: Records, place: int, day: int, key: tuple[int, ...], first: int) -> Closes:
    minute = forced.minute
    rows = forced[
        (forced.venue == place) & (forced.stage != DELEVERAGING_STAGE)
        & (minute >= day * MINUTES_PER_DAY) & (minute < (day + 1) * MINUTES_PER_DAY)
    ]  # fmt: skip
    if not len(rows):
        return NONE
    rng = np.random.default_rng([*key, day])
    counts = 1 + rng.poisson(rows.quantity * rows.price / MEAN_LIQUIDATION_USD)
    row = np.repeat(np.arange(len(rows)), counts)
    sizes = (1.0 - rng.random(len(row))) ** (-1 / SIZE_TAIL)
    coins = sizes * (rows.quantity / np.bincount(row, sizes, minlength=len(rows)))[row]
    late = rng.integers(0, SPREAD_MINUTES * NANOSECONDS_PER_MINUTE // MILLISECOND, len(row)) * MILLISECOND
    time = first + rows.minute[row].astype(np.int64) * NANOSECONDS_PER_MINUTE + late
    paid = np.maximum(rows.price, 1e-12)
    beyond = np.clip(rows.bankruptcy_price / paid, 0.9, 1.1)[row]
    return Closes(time, rows.side[row].astype(np.int64), coins, beyond, rng.random(len(row)))


def largest_of_each_second(time: Integers, size: Floats) -> Integers:
    """Return the places of the largest close of each second, in time order."""
    second = time // NANOSECONDS_PER_SECOND
    order = np.lexsort((-size, second))
    kept = np.ones(len(order), np.bool_)
    kept[1:] = np.diff(second[order]) > 0
    return np.sort(order[kept])


def latest_of_each_second(time: Integers) -> Integers:
    """Return the places of the last close of each second."""
    second = time // NANOSECONDS_PER_SECOND
    kept = np.ones(len(time), np.bool_)
    kept[:-1] = np.diff(second) > 0
    return np.flatnonzero(kept)
