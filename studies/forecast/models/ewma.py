"""Exponentially weighted mean of ln L (half-life 5 days), with the law of its own past errors."""

import msgspec
import numpy as np

from runout.errors import NotEnoughDataError
from runout.forecast.features import Design, Evidence
from runout.forecast.filters import weighted_level
from runout.forecast.laws import ResidualLaw
from runout.forecast.models.climatology import DEPENDENCE_DAYS
from runout.forecast.protocol import Predictive, predictive, training_rows
from runout.scores.arrays import FloatArray

HALF_LIFE_DAYS = 5.0
_WARM_UP_DAYS = 30


class Ewma(msgspec.Struct, frozen=True):
    """``ln L_d = m_{d−1} + e_d`` with m the weighted mean."""

    name: str = "ewma"

    def fit(self, evidence: Evidence) -> "EwmaFit":
        """Return the errors of the mean so far."""
        rows = training_rows(evidence.design, _WARM_UP_DAYS)
        residual = evidence.design.log_total[rows] - _means(evidence.design)[rows]
        return EwmaFit(residual[np.isfinite(residual)])


class EwmaFit(msgspec.Struct, frozen=True, eq=False):
    """Past errors of the mean."""

    residual: FloatArray

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution about the present mean.

        Raises
        ------
        NotEnoughDataError
            If no mean is known.
        """
        mean, count = float(_means(evidence.design)[-1]), len(self.residual)
        if not np.isfinite(mean):
            raise NotEnoughDataError("expected liquidations before the day to be forecast, found none; import some")
        law = ResidualLaw(
            location=mean,
            scale=1.0,
            residual=self.residual,
            weight=np.full(count, 1.0 / count),
            counted=count / DEPENDENCE_DAYS,
        )
        return predictive(evidence, law)


def _means(design: Design) -> FloatArray:
    return weighted_level(design.autoregressors[:, 0], HALF_LIFE_DAYS)
