"""Penalised regressions with standard errors that bear serial dependence.

Parameter covariances are sandwiches over consecutive blocks of 30 days (Liang and Zeger 1986): neighbouring days are
alike, and formulas for independent ones would be too sure.
"""

import msgspec
import numpy as np

from runout.scores.arrays import FloatArray

BLOCK_DAYS = 30
_STUDENT_STEPS = 8


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


def block_scores(scores: FloatArray) -> FloatArray:
    """Return the sum over blocks of 30 rows of the outer product of their summed scores, shape (p, p)."""
    summed = np.add.reduceat(scores, np.arange(0, len(scores), BLOCK_DAYS), axis=0)
    return summed.T @ summed
