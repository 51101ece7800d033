"""Climatology: past days as they came, without regard to the present. The floor that every model must beat."""

import msgspec
import numpy as np

from runout.errors import NotEnoughDataError
from runout.forecast.features import Evidence
from runout.forecast.laws import ResidualLaw
from runout.forecast.protocol import Predictive, predictive, training_rows

DEPENDENCE_DAYS = 7.0
"""Days of this many are worth one: liquidations of neighbouring days are alike."""
_LEAST_DAYS = 30


class Climatology(msgspec.Struct, frozen=True, kw_only=True):
    """``P(L ≥ θ)`` is the share of past days with L ≥ θ.

    Parameters
    ----------
    name
        In the registry.
    window_days
        How far back; None: all days.
    """

    name: str
    window_days: int | None = None

    def fit(self, evidence: Evidence) -> "Climate":
        """Return the days to count, as ln dollars.

        Raises
        ------
        NotEnoughDataError
            If none lies in the window.
        """
        rows = training_rows(evidence.design, 0, _LEAST_DAYS)
        if self.window_days is not None:
            rows = rows[rows >= evidence.design.days - self.window_days]
        if not len(rows):
            raise NotEnoughDataError(
                f"expected days with liquidations within the last {self.window_days}, found none; import some"
            )
        log_total = evidence.design.log_total[rows]
        centre = float(np.median(log_total))
        law = ResidualLaw(
            location=centre,
            scale=1.0,
            residual=log_total - centre,
            weight=np.full(len(rows), 1.0 / len(rows)),
            counted=len(rows) / DEPENDENCE_DAYS,
        )
        return Climate(law)


class Climate(msgspec.Struct, frozen=True):
    """A climatology with its days."""

    law: ResidualLaw

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the distribution of the days counted."""
        return predictive(evidence, self.law)
