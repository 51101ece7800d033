r"""The index head: how many dollars a sweep of inferred coins comes to.

.. math:: \log y = a + b \log\left(\sum_{kp} w_{kp} A_{kp} + \varepsilon\right) + \beta \cdot X, \qquad w \ge 0

A is what the map sweeps by class and population, X the covariates. The prior is on weight per coin: log weights are
drawn towards one another along distance (first differences) and, weakly, towards their mean. A prior on each class's
*contribution* scores the same, and makes classes that were never reached thousands of times too heavy.
"""

from typing import Final

import msgspec
import numpy as np

from runout.scores.arrays import FloatArray

SMOOTH: Final = 0.001
SHRINK: Final = 0.0002
"""Penalties chosen by cross-validation on January to April 2025 among .001 to .1 and .0002 to .02."""
RIDGE_FEW: Final = 0.003
RIDGE_MANY: Final = 0.03
_POWER: Final = 0.001
_STILL: Final = 1e-9
_FURTHEST: Final = 15.0
"""Of log weights and log floor from the unit: never reached where the map says anything."""


class Index(msgspec.Struct, frozen=True, eq=False):
    """A fitted head.

    Parameters
    ----------
    log_weight
        Log of w for each class and population, shape (classes, populations), per unit of ``unit``.
    log_floor
        Log of ε.
    intercept, power
        a and b.
    beta, centre, spread
        Of the standardised covariates.
    unit
        Coins that swept mass is measured in.
    """

    log_weight: FloatArray
    log_floor: float
    intercept: float
    power: float
    beta: FloatArray
    centre: FloatArray
    spread: FloatArray
    unit: float

    def log_index(self, swept: FloatArray) -> FloatArray:
        """Return ``log(Σ w A + ε)``, shape (rows,)."""
        mass = np.tensordot(swept / self.unit, np.exp(self.log_weight), axes=2)
        return np.log(mass + np.exp(self.log_floor))

    def predict(self, swept: FloatArray, covariates: FloatArray) -> FloatArray:
        """Return expected log dollars, shape (rows,)."""
        standard = (covariates - self.centre) / self.spread
        return self.intercept + self.power * self.log_index(swept) + standard @ self.beta


def fit_index(swept: FloatArray, covariates: FloatArray, target: FloatArray, *, ridge: float = RIDGE_FEW) -> Index:
    """Fit the head by penalised least squares.

    Parameters
    ----------
    swept
        Coins, shape (rows, classes, populations); rows of the training half only.
    covariates
        Shape (rows, columns), columns may be 0.
    target
        Log dollars, shape (rows,).
    ridge
        Penalty on β.

    Returns
    -------
    Index
        Local minimum from equal weights; the objective is smooth and in practice has one that matters.
    """
    from scipy.optimize import minimize  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

    classes, populations = swept.shape[1:]
    centre, spread = covariates.mean(axis=0), spread_of(covariates)
    unit = float(swept.mean()) * classes * populations or 1.0
    problem = _Problem((swept / unit).reshape(len(swept), -1), (covariates - centre) / spread, target, classes, ridge)
    first = np.concatenate(
        [np.zeros(classes * populations), [np.log(0.1), target.mean(), 0.8], np.zeros(covariates.shape[1])]
    )
    bounds = [(-_FURTHEST, _FURTHEST)] * (classes * populations + 1) + [(None, None)] * (2 + covariates.shape[1])
    with threadpool_limits(1):  # on matrices this small, threads wait for each other ten times longer than they work
        found = minimize(problem, first, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 400}).x
    weight, (floor, intercept, power), beta = problem.parts(found)
    return Index(
        log_weight=weight.reshape(classes, populations), log_floor=float(floor), intercept=float(intercept),
        power=float(power), beta=beta, centre=centre, spread=spread, unit=unit,
    )  # fmt: skip


def spread_of(columns: FloatArray) -> FloatArray:
    """Return standard deviations, and 1 for a column that did not move: later it may, and nothing is known of it."""
    spread = columns.std(axis=0)
    return np.where(spread > _STILL, spread, 1.0)


class _Problem(msgspec.Struct, frozen=True, eq=False):
    """The objective and its gradient."""

    swept: FloatArray
    covariates: FloatArray
    target: FloatArray
    classes: int
    ridge: float

    def parts(self, point: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return log weights; log floor, intercept and power; β."""
        count = self.swept.shape[1]
        return point[:count], point[count : count + 3], point[count + 3 :]

    def __call__(self, point: FloatArray) -> tuple[float, FloatArray]:
        log_weight, (log_floor, intercept, power), beta = self.parts(point)
        weight, floor = np.exp(log_weight), np.exp(log_floor)
        mass = self.swept @ weight + floor
        log_mass = np.log(mass)
        residual = intercept + power * log_mass + self.covariates @ beta - self.target
        slope = residual / len(residual)
        steps = np.diff(log_weight.reshape(self.classes, -1), axis=0)
        bend = np.zeros((self.classes, log_weight.size // self.classes))
        bend[1:] += steps
        bend[:-1] -= steps
        value = (
            (residual**2).mean() + SMOOTH * (steps**2).sum() + SHRINK * (log_weight**2).sum()
            + self.ridge * (beta**2).sum() + _POWER * (power - 1) ** 2
        ) / 2  # fmt: skip
        by_mass = slope * power / mass
        gradient = np.concatenate(
            [
                (self.swept.T @ by_mass) * weight + SMOOTH * bend.ravel() + SHRINK * log_weight,
                [by_mass.sum() * floor, slope.sum(), slope @ log_mass + _POWER * (power - 1)],
                self.covariates.T @ slope + self.ridge * beta,
            ]
        )
        return float(value), gradient
