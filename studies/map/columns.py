"""What a learner is told of a map: its heads' predictions, masses by distance, near misses, and how it erred lately."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from runout.scores.arrays import FloatArray, IntArray
from studies.map.covariates import FROZEN, ONE_STEP, Mode, before, chosen
from studies.map.index import Index, fit_index
from studies.map.maps import Swept

RESIDUAL_LAGS: Final = (1, 6, 18, 42)


class MapColumns:
    """Columns of one map; heads are fitted on given rows only, and kept for the next call with the same rows.

    Parameters
    ----------
    swept
        What the map says.
    groups
        Covariates of each side.
    target
        Log dollars, shape (scored, 2).
    """

    def __init__(self, swept: Swept, groups: Sequence[dict[str, FloatArray]], target: FloatArray) -> None:
        self.swept, self.groups, self.target = swept, groups, target
        self._heads: dict[bytes, dict[tuple[Mode, int], Index]] = {}

    def heads(self, rows: IntArray) -> dict[tuple[Mode, int], Index]:
        """Return heads with the covariates of group ``range``, by question and side, fitted on ``rows``."""
        key = rows.tobytes()
        if key not in self._heads:
            self._heads[key] = {
                (mode, side): fit_index(
                    mass_of(self.swept, mode)[rows, side], self._range(side)[rows], self.target[rows, side]
                )
                for mode in (FROZEN, ONE_STEP)
                for side in (0, 1)
            }
        return self._heads[key]

    def of(self, mode: Mode, side: int, rows: IntArray) -> FloatArray:
        """Return columns of all scored buckets for a side; whatever is fitted is fitted on ``rows``."""
        heads, swept = self.heads(rows), mass_of(self.swept, mode)

        def index(which: Mode, of: int) -> FloatArray:
            return heads[which, of].log_index(mass_of(self.swept, which)[:, of])

        columns = [
            heads[mode, side].predict(swept[:, side], self._range(side)),
            index(mode, side),
            index(mode, 1 - side),
            *([index(FROZEN, side)] if mode == ONE_STEP else []),
            *_by_distance(swept[:, side], rows),
            np.log(self.swept.held[:, side].sum(axis=1) + 1e-9),
            np.log(self.swept.near[:, side].sum(axis=(1, 2)) + 1e-9),
        ]
        errors = [
            self.target[:, of] - heads[ONE_STEP, of].predict(self.swept.ahead[:, of], self._range(of))
            for of in (side, 1 - side)
        ]
        return np.column_stack([*columns, *recent(errors)])

    def _range(self, side: int) -> FloatArray:
        return chosen(self.groups[side], ("range",))


def mass_of(swept: Swept, mode: Mode) -> FloatArray:
    """Return swept coins for a question, shape (scored, 2, classes, populations)."""
    return swept.frozen if mode == FROZEN else swept.ahead


def recent(errors: Sequence[FloatArray]) -> list[FloatArray]:
    """Return means of errors over the buckets before each."""
    return [before(one, count) for one in errors for count in RESIDUAL_LAGS]


def _by_distance(swept: FloatArray, rows: IntArray) -> list[FloatArray]:
    whole = swept.sum(axis=(1, 2))
    return [np.log(whole + 0.02 * whole[rows].mean() + 1e-9)]
