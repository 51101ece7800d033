"""Four learners of different make, and their mean: what a careful analyst would do with the same columns.

The mean is taken because no one of them is best on both sides; it was chosen in research together with its members.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from runout.scores.arrays import FloatArray
from studies.map.index import spread_of

Predictor = Callable[[FloatArray], FloatArray]
Learner = Callable[[FloatArray, FloatArray], Predictor]

_CLIP: Final = 4.0


def least_squares(columns: FloatArray, target: FloatArray) -> Predictor:
    """Fit ordinary least squares with an intercept."""
    full = np.column_stack([np.ones(len(columns)), columns])
    beta = np.linalg.lstsq(full, target, rcond=None)[0]
    return lambda rows: beta[0] + rows @ beta[1:]


def ridge(columns: FloatArray, target: FloatArray) -> Predictor:
    """Fit ridge regression, its penalty by generalised cross-validation."""
    from sklearn.linear_model import RidgeCV  # noqa: PLC0415 - slow to load
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    return make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 16))).fit(columns, target).predict


def boosted(columns: FloatArray, target: FloatArray) -> Predictor:
    """Fit gradient-boosted trees, two seeds."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415

    fitted = [
        HistGradientBoostingRegressor(
            max_iter=180, learning_rate=0.05, max_leaf_nodes=6, min_samples_leaf=20, l2_regularization=5,
            max_features=0.4, random_state=seed,
        ).fit(columns, target)
        for seed in range(2)
    ]  # fmt: skip
    return lambda rows: np.mean([one.predict(rows) for one in fitted], axis=0)


def extra_trees(columns: FloatArray, target: FloatArray) -> Predictor:
    """Fit extremely randomised trees."""
    from sklearn.ensemble import ExtraTreesRegressor  # noqa: PLC0415

    made = ExtraTreesRegressor(100, min_samples_leaf=3, max_features=0.5, random_state=0, n_jobs=1)
    return made.fit(columns, target).predict


def kernel_ridge(columns: FloatArray, target: FloatArray) -> Predictor:
    """Fit kernel ridge regression with a Gaussian kernel of three times the typical distance."""
    from sklearn.kernel_ridge import KernelRidge  # noqa: PLC0415

    centre, spread, mean = columns.mean(axis=0), spread_of(columns), target.mean()

    def standard(rows: FloatArray) -> FloatArray:
        return np.clip((rows - centre) / spread, -_CLIP, _CLIP)

    made = KernelRidge(kernel="rbf", gamma=1 / (18.0 * columns.shape[1])).set_params(alpha=0.3)
    fitted = made.fit(standard(columns), target - mean)
    return lambda rows: fitted.predict(standard(rows)) + mean


FOUR: Final[tuple[Learner, ...]] = (ridge, boosted, extra_trees, kernel_ridge)


def mean_of_four(columns: FloatArray, target: FloatArray) -> Predictor:
    """Fit all four and take the mean of what they predict."""
    fitted = [learner(columns, target) for learner in FOUR]
    return lambda rows: np.mean([one(rows) for one in fitted], axis=0)


def mean_of_two(columns: FloatArray, target: FloatArray) -> Predictor:
    """Fit the two that take a tenth of a second, ridge and kernel ridge, and take the mean of what they predict."""
    fitted = [learner(columns, target) for learner in (ridge, kernel_ridge)]
    return lambda rows: np.mean([one(rows) for one in fitted], axis=0)
