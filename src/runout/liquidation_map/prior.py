"""What the map assumes and no bar tells, from a dated table: distances, shares, turnover, and what a feed shows."""

from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
import numpy as np

from runout.errors import UsageError
from runout.scores.arrays import FloatArray, IntArray

CELL: Final = 0.0005
"""Width of a cell of the map, log price."""
CELLS: Final = 2048
"""Of the ring of each side: levels farther than a log price of 1 from the last extreme are dropped."""


class Distances(msgspec.Struct, frozen=True, kw_only=True):
    """Classes of opens by log distance from entry to liquidation, evenly in the logarithm; shares as distance^θ."""

    nearest: float
    farthest: float
    classes: int
    exponent: float


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """How fast positions close: share for each normal day of trading, days that 'normal' remembers, range's power."""

    turnover: float
    memory_days: float
    range_exponent: float


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed shows of an inferred dollar, of a bucket without any (share of open interest), and its spread."""

    shown: float
    background: float
    spread: float


class Prior(msgspec.Struct, frozen=True, kw_only=True):
    """All assumptions of a map.

    Raises
    ------
    UsageError
        If classes do not fit the ring of cells, or a rate is not above zero.
    """

    since: str
    distance: Distances
    clock: Clock
    feed: Feed

    def __post_init__(self) -> None:
        far = CELL <= self.distance.nearest < self.distance.farthest < CELL * CELLS / 2
        if not (far and self.distance.classes > 1 and self.clock.turnover > 0.0 and self.clock.memory_days > 0.0):
            raise UsageError(
                f"expected distances from {CELL} to {CELL * CELLS / 2} and rates above zero, found {self.distance} and "
                f"{self.clock}"
            )

    @property
    def distances(self) -> FloatArray:
        """Log price from entry to liquidation, shape (classes,), ascending."""
        return np.geomspace(self.distance.nearest, self.distance.farthest, self.distance.classes)

    @property
    def shift(self) -> IntArray:
        """Cells from entry to liquidation, by class."""
        return np.round(self.distances / CELL).astype(np.int64)

    def share(self, exponent: float | None = None) -> FloatArray:
        """Return the share of opens of each class; they sum to 1."""
        weight = self.distances ** (self.distance.exponent if exponent is None else exponent)
        return weight / weight.sum()


@cache
def shipped() -> Prior:
    """Return the prior of ``prior.toml``."""
    return msgspec.toml.decode(files("runout.liquidation_map").joinpath("prior.toml").read_bytes(), type=Prior)
