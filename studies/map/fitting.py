"""Which buckets a model may be fitted on, and what it would have said of those it was fitted on."""

from collections.abc import Callable
from typing import Final

import numpy as np

from runout.errors import NotEnoughDataError
from runout.scores import Split, require_no_overlap, walk_forward
from runout.scores.arrays import FloatArray, IntArray
from studies.map.market import Market

EMBARGO_BUCKETS: Final = 6
FOLDS: Final = 3
_WARM_LEAD: Final = 180
_DROPPED, _DROPPED_COLD = 12, 84
"""Buckets at the start that have no past to speak of, with warm-up and without."""
_LEAST: Final = 60

Fitted = Callable[[IntArray], FloatArray]
Model = Callable[[IntArray], Fitted]
"""Rows to fit on → (rows → predicted log dollars)."""


def split_of(market: Market) -> Split:
    """Return the one fold: the first half fits, less six buckets before the middle and a start without a past.

    Raises
    ------
    NotEnoughDataError
        If too few buckets would be left to fit on.
    """
    length = market.step * market.bars_each
    origin = market.origin
    dropped = _DROPPED if market.lead >= _WARM_LEAD else _DROPPED_COLD
    middle = market.scored // 2
    if middle <= dropped + EMBARGO_BUCKETS + _LEAST:
        raise NotEnoughDataError(
            f"expected over {2 * (dropped + EMBARGO_BUCKETS + _LEAST)} buckets to score, found {market.scored}"
        )
    fit_time = int(origin[middle])
    fold = walk_forward(
        origin, origin + length, first_fit_time=fit_time, refit_every_ns=length * market.scored,
        embargo_ns=EMBARGO_BUCKETS * length, train_window_ns=fit_time - int(origin[dropped]),
    )[0]  # fmt: skip
    require_no_overlap(fold, origin, origin + length, embargo_ns=EMBARGO_BUCKETS * length)
    return fold


def out_of_fold(model: Model, rows: IntArray) -> FloatArray:
    """Return predictions for each row from folds that hold neither it nor its six neighbours."""
    predicted = np.empty(len(rows))
    for part in np.array_split(np.arange(len(rows)), FOLDS):
        near = (rows >= rows[part[0]] - EMBARGO_BUCKETS) & (rows <= rows[part[-1]] + EMBARGO_BUCKETS)
        predicted[part] = model(rows[~near])(rows[part])
    return predicted
