"""Penalised regressions with standard errors that bear serial dependence.

Parameter covariances are sandwiches over consecutive blocks of 30 days (Liang and Zeger 1986): neighbouring days are
alike, and formulas for independent ones would be too sure.
"""

import msgspec
import numpy as np

from runout.scores.arrays import FloatArray

BLOCK_DAYS = 30
_STUDENT_STEPS = 8
_LOGISTIC_STEPS = 25
_SETTLED = 1e-8


class Coefficients(msgspec.Struct, frozen=True, eq=False):
    """Estimates, shape (p,), and their covariance, shape (p, p)."""

    value: FloatArray
    covariance: FloatArray

    def error(self, row: FloatArray) -> float:
        """Return the standard error of the linear predictor of one row, shape (p,)."""
        return float(np.sqrt(max(float(row @ self.covariance @ row), 0.0)))


def least_squares(x: FloatArray, target: FloatArray) -> Coefficients:
    """Return ordinary least squares of ``target`` (n,) on ``x`` (n, p)."""
    value: FloatArray = np.asarray(np.linalg.lstsq(x, target, rcond=None)[0], dtype=np.float64)
    inverse = np.linalg.pinv(x.T @ x)
    return Coefficients(value, inverse @ block_scores(x * (target - x @ value)[:, np.newaxis]) @ inverse)


def student_ridge(
    x: FloatArray, target: FloatArray, weight: FloatArray, penalty: FloatArray, freedom: float
) -> Coefficients:
    r"""Return the ridge regression with Student t errors, by expectation and maximisation.

    Minimises :math:`\sum_i w_i \rho_\nu((y_i - x_i'b)/s) + \tfrac12 \sum_j \lambda_j b_j^2`.

    Parameters
    ----------
    x
        Shape (n, p).
    target
        Shape (n,).
    weight
        Of each case.
    penalty
        λ of each column.
    freedom
        Degrees of freedom; large is Gaussian.

    References
    ----------
    Lange, Little and Taylor (1989), Robust statistical modeling using the t distribution, JASA 84.
    """
    value, scale = np.zeros(x.shape[1]), float(np.std(target))
    curvature, share, residual = np.diag(penalty), weight, target
    for _ in range(_STUDENT_STEPS):
        share = weight * (freedom + 1.0) / (freedom + ((target - x @ value) / scale) ** 2)
        curvature = (x * share[:, np.newaxis]).T @ x + np.diag(penalty)
        value = np.asarray(np.linalg.solve(curvature, x.T @ (share * target)), dtype=np.float64)
        residual = target - x @ value
        scale = float(np.sqrt((share * residual**2).sum() / weight.sum()))
    inverse = np.linalg.inv(curvature)
    return Coefficients(value, inverse @ block_scores(x * (share * residual)[:, np.newaxis]) @ inverse)


def student_scale(residual: FloatArray, weight: FloatArray, freedom: float, *, steps: int = 20) -> float:
    """Return the scale of weighted residuals about zero under Student t errors."""
    scale = float(np.std(residual))
    for _ in range(steps):
        share = (freedom + 1.0) / (freedom + (residual / scale) ** 2)
        scale = float(np.sqrt((weight * share * residual**2).sum() / weight.sum()))
    return scale


def logistic_ridge(
    x: FloatArray, event: FloatArray, weight: FloatArray, penalty: FloatArray, *, days: int
) -> Coefficients:
    """Return the penalised logistic regression of ``event`` (n,) on ``x`` (n, p), by Newton's method from zero.

    Parameters
    ----------
    x, event
        Cases; several of one day (one for each threshold) stand ``days`` rows apart.
    weight
        Of each case.
    penalty
        Of each column; above zero, so the estimate exists even where the events are separable.
    days
        Number of days; the scores of one day are added before the blocks are formed.
    """
    from scipy.special import expit  # noqa: PLC0415 - a third of a second, only where a model is fitted

    value, curvature = np.zeros(x.shape[1]), np.diag(penalty)
    for _ in range(_LOGISTIC_STEPS):
        fitted = expit(x @ value)
        curvature = (x * (weight * fitted * (1.0 - fitted) + 1e-9)[:, np.newaxis]).T @ x + np.diag(penalty)
        step = np.linalg.solve(curvature, x.T @ (weight * (event - fitted)) - penalty * value)
        value = value + step
        if np.abs(step).max() < _SETTLED:
            break
    scores = (x * (weight * (event - expit(x @ value)))[:, np.newaxis]).reshape(-1, days, x.shape[1]).sum(axis=0)
    inverse = np.linalg.inv(curvature)
    return Coefficients(value, inverse @ block_scores(scores) @ inverse)


def block_scores(scores: FloatArray) -> FloatArray:
    """Return the sum over blocks of 30 rows of the outer product of their summed scores, shape (p, p)."""
    summed = np.add.reduceat(scores, np.arange(0, len(scores), BLOCK_DAYS), axis=0)
    return summed.T @ summed
