"""Which cohorts the filter keeps: how far their liquidation is, how fast they close, how opens are shared."""

from typing import Final

import msgspec
import numpy as np

from runout.errors import UsageError
from runout.margin import liquidation_distance
from runout.scores.arrays import FloatArray, IntArray


class Cohorts(msgspec.Struct, frozen=True, kw_only=True):
    """Classes by distance, populations by hazard.

    Parameters
    ----------
    distance
        Log price from entry to liquidation, by class, ascending.
    share
        Share of opens, by class; what is missing to 1 is never liquidated: hedged, or of low leverage.
    hazard
        Closing hazard of each population, relative to the first.
    population
        Share of opens, by population; sums to 1.
    cell
        Width of a bucket, log price.
    half_width
        Log price from the first price to either end of the grid.

    Raises
    ------
    UsageError
        If shares, hazards or distances are out of range.
    """

    distance: tuple[float, ...]
    share: tuple[float, ...]
    hazard: tuple[float, ...] = (1.0, 0.125)
    population: tuple[float, ...] = (0.8, 0.2)
    cell: float = 0.0005
    half_width: float = 1.2

    def __post_init__(self) -> None:
        sizes = len(self.distance) == len(self.share) and len(self.hazard) == len(self.population)
        positive = min((*self.distance, *self.share, *self.hazard, *self.population, self.cell)) > 0.0
        ordered = list(self.distance) == sorted(self.distance) and self.distance[-1] < self.half_width
        if not (sizes and positive and ordered and sum(self.share) <= 1.0 and abs(sum(self.population) - 1) < 1e-9):
            raise UsageError(
                "expected ascending distances inside the grid, shares above zero of at most 1 in all, and populations "
                f"that sum to 1, found {self}"
            )

    @property
    def buckets(self) -> int:
        """Buckets of the grid."""
        return round(2.0 * self.half_width / self.cell)

    @property
    def shift(self) -> IntArray:
        """Buckets from entry to liquidation, by class, at least one."""
        return np.maximum(np.round(np.asarray(self.distance) / self.cell), 1.0).astype(np.int64)

    def leverage(self, rate: float = 0.005) -> FloatArray:
        """Return the isolated leverage that would be liquidated at each distance, at maintenance ``rate``.

        A reading aid: a position under cross margin is liquidated where its account is, not where its leverage says.
        """
        return 1.0 / (1.0 - (1.0 - rate) * np.exp(-np.asarray(self.distance)))


def of_leverages(leverages: tuple[float, ...], share: tuple[float, ...], *, rate: float = 0.005) -> Cohorts:
    """Return cohorts whose classes are leverages of isolated longs, at maintenance ``rate``.

    Parameters
    ----------
    leverages
        Set leverages, descending.
    share
        Share of opens of each.
    rate
        Maintenance margin rate.
    """
    down = liquidation_distance(np.ones(len(leverages)), np.asarray(leverages), rate)
    return Cohorts(distance=tuple((-np.log1p(down)).tolist()), share=share)


DEFAULT: Final = Cohorts(distance=(0.0035, 0.006, 0.009, 0.014, 0.022, 0.035, 0.055, 0.09, 0.15), share=(0.05,) * 9)
"""Chosen on January to April 2025 by cross-validation (docs/map.md); data tell the near classes, not the far ones."""
