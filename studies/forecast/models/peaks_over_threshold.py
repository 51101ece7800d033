r"""HAR with weekday whose largest tenth of residuals follows a generalised Pareto law.

Shape and spread come from the excesses' mean m and variance v: :math:`\xi = (1 - m^2/v)/2`,
:math:`\beta = m (1 + m^2/v)/2`.

References
----------
Hosking and Wallis (1987), Parameter and quantile estimation for the generalized Pareto distribution, Technometrics 29.
"""

import msgspec
import numpy as np

from runout.forecast.features import Evidence
from runout.forecast.laws import ExceedanceTailLaw
from runout.forecast.models.har import Har, HarFit
from runout.forecast.protocol import Predictive, predictive

QUANTILE = 0.9


class PeaksOverThreshold(msgspec.Struct, frozen=True):
    """The model; see the module."""

    name: str = "har + weekday, pareto tail"

    def fit(self, evidence: Evidence) -> "PeaksOverThresholdFit":
        """Return HAR with weekday, and the law of its excesses."""
        base = Har(name=self.name, weekday=True).fit(evidence)
        threshold = float(np.quantile(base.residual, QUANTILE))
        excess = base.residual[base.residual > threshold] - threshold
        mean, variance = float(excess.mean()), float(excess.var())
        ratio = mean**2 / variance
        return PeaksOverThresholdFit(base, threshold, (1.0 - ratio) / 2.0, mean * (1.0 + ratio) / 2.0)


class PeaksOverThresholdFit(msgspec.Struct, frozen=True):
    """HAR, threshold, shape and spread."""

    base: HarFit
    threshold: float
    shape: float
    spread: float

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution with its tail."""
        body = self.base.law(evidence)
        law = ExceedanceTailLaw(body=body, threshold=self.threshold, shape=self.shape, spread=self.spread)
        return predictive(evidence, law)
