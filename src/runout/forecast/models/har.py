r"""The heterogeneous autoregression of ln L: one day, one week, one month; with the law of its residuals.

.. math:: \ln L_d = b_0 + b_1 \ln L_{d-1} + b_7 \overline{\ln L}_{7} + b_{30} \overline{\ln L}_{30} + w'D_d + e_d

by least squares on all past days. With weekday (D) it is the baseline that every claim is made against.

References
----------
Corsi (2009), A simple approximate long-memory model of realized volatility, Journal of Financial Econometrics 7.
"""

import msgspec
import numpy as np

from runout.forecast.features import Design, Evidence
from runout.forecast.laws import ResidualLaw
from runout.forecast.models.climatology import DEPENDENCE_DAYS
from runout.forecast.protocol import Predictive, predictive, require_autoregressors, training_rows
from runout.forecast.regression import Coefficients, least_squares
from runout.scores.arrays import FloatArray, IntArray

WARM_UP_DAYS = 30
_LEAST_DAYS = 90


class Har(msgspec.Struct, frozen=True, kw_only=True):
    """The model; ``weekday`` adds the weekday of the day forecast."""

    name: str
    weekday: bool

    def fit(self, evidence: Evidence) -> "HarFit":
        """Return least squares on all finished days."""
        rows = regression_rows(evidence.design)
        x = regressors(evidence.design, rows, weekday=self.weekday)
        coefficients = least_squares(x, evidence.design.log_total[rows])
        return HarFit(coefficients, evidence.design.log_total[rows] - x @ coefficients.value, self.weekday)


class HarFit(msgspec.Struct, frozen=True, eq=False):
    """Coefficients, residuals, and whether the weekday is inside."""

    coefficients: Coefficients
    residual: FloatArray
    weekday: bool

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution: every past residual equally likely."""
        return predictive(evidence, self.law(evidence))

    def law(self, evidence: Evidence) -> ResidualLaw:
        """Return the law of the day forecast."""
        require_autoregressors(evidence)
        row = regressors(evidence.design, np.array([-1]), weekday=self.weekday)[0]
        count = len(self.residual)
        return ResidualLaw(
            location=float(row @ self.coefficients.value),
            scale=1.0,
            residual=self.residual,
            weight=np.full(count, 1.0 / count),
            location_error=self.coefficients.error(row),
            counted=count / DEPENDENCE_DAYS,
        )


def regression_rows(design: Design) -> IntArray:
    """Return the finished days with a total and all autoregressors, from 30 days after the first."""
    rows = training_rows(design, WARM_UP_DAYS, _LEAST_DAYS)
    return rows[np.isfinite(design.autoregressors[rows]).all(axis=1)]


def regressors(design: Design, rows: IntArray, *, weekday: bool) -> FloatArray:
    """Return intercept, autoregressors and, if asked for, six weekday indicators, shape (rows, 4 or 10)."""
    x = np.column_stack([np.ones(len(rows)), design.autoregressors[rows]])
    return np.column_stack([x, np.eye(7)[design.weekday[rows]][:, 1:]]) if weekday else x
