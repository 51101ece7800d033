"""Gradient boosted trees on the pool's features, monotone where the direction is known, with the law of their errors.

Errors inside the window are too small: trees have seen the answers. The law therefore comes from trees grown on the
first part of the window and tried on the next, three times, each later than the last.

References
----------
Friedman (2001), Greedy function approximation, Annals of Statistics 29.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import pairwise

import msgspec
import numpy as np

from runout.forecast.covariates import Scaler, covariates_of, sample_of
from runout.forecast.features import LAGS, Evidence
from runout.forecast.laws import ResidualLaw
from runout.forecast.models.climatology import DEPENDENCE_DAYS
from runout.forecast.protocol import Predictive, predictive
from runout.scores.arrays import FloatArray, IntArray

RISING = frozenset(
    {*LAGS, "displacement", "absolute_return_7d", "absolute_return_1d", "open_interest_change_7d", "funding_3d"}
)
BANDWIDTH = 0.15
_FOLDS = (0.4, 0.6, 0.8, 1.0)
_Predict = Callable[[FloatArray], FloatArray]


class Boosting(msgspec.Struct, frozen=True):
    """The model; see the module."""

    name: str = "monotone boosting"

    def fit(self, evidence: Evidence) -> "BoostingFit":
        """Return trees grown on all finished days, and errors of trees grown on earlier ones."""
        sample = sample_of(evidence.design)
        rising = np.array([0] * 7 + [int(name in RISING) for name in evidence.design.names])
        edges = [int(share * len(sample.rows)) for share in _FOLDS]
        errors: list[FloatArray] = []
        for start, end in pairwise(edges):
            trees = _grow(sample.covariates[:start], sample.target[:start], sample.weight[:start], rising)
            errors.append(sample.target[start:end] - trees(sample.covariates[start:end]))
        trees = _grow(sample.covariates, sample.target, sample.weight, rising)
        return BoostingFit(sample.scaler, trees, np.concatenate(errors))


class BoostingFit(msgspec.Struct, frozen=True, eq=False):
    """Scaler, grown trees, and their errors on days they had not seen."""

    scaler: Scaler
    trees: _Predict
    error: FloatArray

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution about the trees' mean; a missing feature stands at its mean."""
        known, count = covariates_of(evidence.design, self.scaler), len(self.error)
        law = ResidualLaw(
            location=float(evidence.design.level[-1]) + float(self.trees(known.value[np.newaxis])[0]),
            scale=1.0,
            residual=self.error,
            weight=np.full(count, 1.0 / count),
            bandwidth=BANDWIDTH,
            counted=count / DEPENDENCE_DAYS,
        )
        return predictive(evidence, law, known.missing)


def _grow(x: FloatArray, target: FloatArray, weight: FloatArray, rising: IntArray) -> _Predict:
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - a second, only for this model

    trees = HistGradientBoostingRegressor(
        max_iter=120,
        learning_rate=0.05,
        max_leaf_nodes=6,
        min_samples_leaf=25,
        l2_regularization=10.0,
        monotonic_cst=rising,
        max_features=0.5,
        random_state=0,
    )
    with _one_thread():
        trees.fit(x, target, sample_weight=weight)

    def predict(rows: FloatArray) -> FloatArray:
        with _one_thread():
            return np.asarray(trees.predict(rows), dtype=np.float64)

    return predict


def _one_thread() -> AbstractContextManager[object]:
    """Return a context in which the trees use one thread: on so few rows, more of them only wait for each other."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    return threadpool_limits(1, user_api="openmp")
