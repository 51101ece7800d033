"""What can be learned of other worlds: how far true levels lie from the price, and weights for the rich filter.

A world is told only of worlds with other seeds: worlds of one seed share their price path.
"""

from typing import Final, NamedTuple

import numpy as np

from runout.scores.arrays import FloatArray, IntArray
from studies.truth.ladders import CELL, whole_cells
from studies.truth.measuring import MapMeasures

FOLDS: Final = 5
LEAST_ACCOUNTS: Final = 10
"""True positions within the reach below which a ladder is not compared: a handful of accounts has no shape."""
LEARNED_TO: Final = round(0.2 / CELL)
"""Cells that weights are learned on: further out than any map reaches."""
_SMOOTH: Final = 1e-4
_PENALTY: Final = 1e-4
_FIRST: Final = -2.0
"""Log weights begin, and are weakly drawn, where the kernel says most."""
_BOUND: Final = 10.0


class _Examples(NamedTuple):
    """Ladders to learn from: of the rich filter's cohorts and of the truth, and how many cells the map reached."""

    cohorts: FloatArray
    true: FloatArray
    mask: FloatArray


def folds_of(seeds: IntArray) -> IntArray:
    """Return the fold of each world: all of one seed are in one."""
    return (seeds % FOLDS).astype(np.int64)


def distance_kernel(worlds: list[MapMeasures], folds: IntArray) -> FloatArray:
    """Return for each world the mean true ladder of the worlds of other folds, by side and cell."""
    mean = np.array([one.true.mean(axis=0) for one in worlds])
    return np.array([mean[folds != fold].mean(axis=0) for fold in folds.tolist()])


def learned_ladders(worlds: list[MapMeasures], kernel: FloatArray, folds: IntArray, *, path: bool) -> list[FloatArray]:
    """Return for each world the rich filter's ladders and the kernel, weighted as fits the truth of other folds best.

    Parameters
    ----------
    worlds
        All of them.
    kernel
        As :func:`distance_kernel` returns it: one cohort more, so that what is learned can fall back on it.
    folds
        Of each.
    path
        Whether the rich filter is that of the path alone.

    Returns
    -------
    list of ndarray
        Dollars by moment, side and cell.
    """
    out: list[FloatArray] = [np.zeros(one.true.shape) for one in worlds]
    for fold in np.unique(folds).tolist():
        train = np.flatnonzero(folds != fold).tolist()
        for side in (0, 1):
            examples = _examples(worlds, kernel, train, side, path=path)
            weights = _fitted(examples) if len(examples.true) else _kernel_alone(worlds[train[0]])
            for place in np.flatnonzero(folds == fold).tolist():
                cohorts = _cohorts(worlds[place], kernel[place], side, path=path)
                out[place][:, side] = np.einsum("tkc,k->tc", cohorts, weights)
    return out


def _kernel_alone(world: MapMeasures) -> FloatArray:
    """Return weights for where no ladder can be learned from."""
    return np.append(np.zeros(world.rich.shape[2]), 1.0)


def _cohorts(world: MapMeasures, kernel: FloatArray, side: int, *, path: bool) -> FloatArray:
    rich = (world.rich_path if path else world.rich)[:, side].astype(np.float64)
    static = np.broadcast_to(kernel[side], (len(rich), 1, rich.shape[-1]))
    return np.concatenate([rich, static], axis=1)


def _examples(worlds: list[MapMeasures], kernel: FloatArray, rows: list[int], side: int, *, path: bool) -> _Examples:
    cohorts: list[FloatArray] = []
    true: list[FloatArray] = []
    mask: list[FloatArray] = []
    for place in rows:
        one = worlds[place]
        ladders = _cohorts(one, kernel[place], side, path=path)[..., :LEARNED_TO]
        for moment in np.flatnonzero(one.accounts[:, side] >= LEAST_ACCOUNTS).tolist():
            cohorts.append(ladders[moment])
            true.append(one.true[moment, side, :LEARNED_TO])
            mask.append((np.arange(LEARNED_TO) < whole_cells(float(one.reach[moment, side]))).astype(np.float64))
    return _Examples(np.array(cohorts), np.array(true), np.array(mask))


def _fitted(of: _Examples) -> FloatArray:
    """Return weights above zero of least mean transport distance (its corner rounded), at the truth's mean size."""
    from scipy.optimize import minimize  # noqa: PLC0415 - only where something is learned

    cohorts, true = of.cohorts * of.mask[:, np.newaxis], of.true * of.mask
    scale = cohorts.sum(axis=(0, 2)) / len(cohorts)
    scale[scale == 0.0] = 1.0
    cohorts = cohorts / scale[:, np.newaxis]
    total, summed = cohorts.sum(axis=2), np.cumsum(cohorts, axis=2) * of.mask[:, np.newaxis]
    target = np.cumsum(true, axis=1) / true.sum(axis=1, keepdims=True) * of.mask

    def loss(logs: FloatArray) -> tuple[float, FloatArray]:
        weight = np.exp(logs)
        mass, reached = total @ weight, np.einsum("nkc,k->nc", summed, weight)
        error = reached / mass[:, np.newaxis] - target
        size = np.sqrt(error**2 + _SMOOTH)
        pull = error / size * of.mask / mass[:, np.newaxis]
        slope = np.einsum("nc,nkc->k", pull, summed) - ((pull * reached).sum(axis=1) / mass) @ total
        away = logs - first
        value = float((size * of.mask).sum()) / len(target) + _PENALTY * float((away**2).sum())
        return value, slope / len(target) * weight + 2.0 * _PENALTY * away

    first = np.append(np.full(cohorts.shape[1] - 1, _FIRST), 0.0)
    found = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=[(-_BOUND, _BOUND)] * len(first))
    weight = np.exp(np.asarray(found.x))
    size = float(np.median(true.sum(axis=1) / (total @ weight)))
    return weight * size / scale
