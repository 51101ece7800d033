"""HAR with weekday, Student t errors with 4 degrees of freedom: outliers weigh less in the fit, and are expected."""

import msgspec
import numpy as np

from runout.forecast.features import Evidence
from runout.forecast.laws import StudentLaw
from runout.forecast.models.har import regression_rows, regressors
from runout.forecast.protocol import Predictive, predictive, require_autoregressors
from runout.forecast.regression import Coefficients, student_ridge, student_scale

FREEDOM = 4.0
_PENALTY = 1e-3


class StudentRidge(msgspec.Struct, frozen=True):
    """The model; see the module."""

    name: str = "har + weekday, ridge-t"

    def fit(self, evidence: Evidence) -> "StudentRidgeFit":
        """Return the robust regression on all finished days."""
        rows = regression_rows(evidence.design)
        x, target = regressors(evidence.design, rows, weekday=True), evidence.design.log_total[rows]
        weight = np.ones(len(rows))
        coefficients = student_ridge(x, target, weight, np.full(x.shape[1], _PENALTY), FREEDOM)
        return StudentRidgeFit(coefficients, student_scale(target - x @ coefficients.value, weight, FREEDOM))


class StudentRidgeFit(msgspec.Struct, frozen=True, eq=False):
    """Coefficients and scale."""

    coefficients: Coefficients
    scale: float

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the Student distribution of the day forecast."""
        require_autoregressors(evidence)
        row = regressors(evidence.design, np.array([-1]), weekday=True)[0]
        law = StudentLaw(
            location=float(row @ self.coefficients.value),
            scale=self.scale,
            freedom=FREEDOM,
            location_error=self.coefficients.error(row),
        )
        return predictive(evidence, law)
