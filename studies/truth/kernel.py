"""How far true levels lie from the price in other worlds.

A world is told only of worlds with other seeds: worlds of one seed share their price path.
"""

from typing import Final

import numpy as np

from runout.scores.arrays import FloatArray, IntArray
from studies.truth.measuring import MapMeasures

FOLDS: Final = 5
LEAST_ACCOUNTS: Final = 10
"""True positions within the reach below which a ladder is not compared: a handful of accounts has no shape."""


def folds_of(seeds: IntArray) -> IntArray:
    """Return the fold of each world: all of one seed are in one."""
    return (seeds % FOLDS).astype(np.int64)


def distance_kernel(worlds: list[MapMeasures], folds: IntArray) -> FloatArray:
    """Return for each world the mean true ladder of the worlds of other folds, by side and cell."""
    mean = np.array([one.true.mean(axis=0) for one in worlds])
    return np.array([mean[folds != fold].mean(axis=0) for fold in folds.tolist()])
