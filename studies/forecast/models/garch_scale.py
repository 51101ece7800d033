r"""HAR with weekday whose scale follows the size of recent errors, as a GARCH(1,1) with fixed constants.

.. math:: s^2_{d+1} = 0.04\,\bar s^2 + 0.06\, e_d^2 + 0.90\, s^2_d

The constants were not fitted: errors of ln L are close to homoscedastic, and a likelihood would only chase the noise.

References
----------
Bollerslev (1986), Generalized autoregressive conditional heteroskedasticity, Journal of Econometrics 31.
"""

import msgspec
import numpy as np

from runout.forecast.features import Evidence
from runout.forecast.models.har import Har, HarFit, regression_rows, regressors
from runout.forecast.protocol import Predictive, predictive
from runout.scores.arrays import FloatArray

LONG_RUN, SHOCK, PERSISTENCE = 0.04, 0.06, 0.90


class GarchScale(msgspec.Struct, frozen=True):
    """The model; see the module."""

    name: str = "har + weekday, garch-type scale"

    def fit(self, evidence: Evidence) -> "GarchScaleFit":
        """Return HAR with weekday, and its errors over their scales."""
        base = Har(name=self.name, weekday=True).fit(evidence)
        variance = _variances(base.residual, float(base.residual.var()))
        return GarchScaleFit(base, float(base.residual.var()), base.residual / np.sqrt(variance[:-1]))


class GarchScaleFit(msgspec.Struct, frozen=True, eq=False):
    """HAR, the long-run variance, and standardised errors."""

    base: HarFit
    long_run: float
    standardised: FloatArray

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution with the scale that the errors up to the last day give."""
        rows = regression_rows(evidence.design)
        x = regressors(evidence.design, rows, weekday=True)
        residual = evidence.design.log_total[rows] - x @ self.base.coefficients.value
        scale = float(np.sqrt(_variances(residual, self.long_run)[-1]))
        law = msgspec.structs.replace(self.base.law(evidence), scale=scale, residual=self.standardised)
        return predictive(evidence, law)


def _variances(residual: FloatArray, long_run: float) -> FloatArray:
    """Return the variance before each error, and after the last."""
    out = np.empty(len(residual) + 1)
    out[0] = long_run
    for day, error in enumerate(residual):
        out[day + 1] = LONG_RUN * long_run + SHOCK * error**2 + PERSISTENCE * out[day]
    return out
