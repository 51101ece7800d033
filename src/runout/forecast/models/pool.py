"""The forecast: a linear pool of location-scale and thresholds with equal weights, not recalibrated.

Weights were not fitted: with two members that share their covariates there is little to gain and a regime to lose.
"""

import msgspec

from runout.forecast.features import Evidence
from runout.forecast.laws import PooledLaw
from runout.forecast.models.location_scale import LocationScale
from runout.forecast.models.thresholds import Thresholds
from runout.forecast.protocol import Fitted, Model, Predictive, predictive, prepared

MEMBERS: tuple[Model, ...] = (LocationScale(), Thresholds())


class Pool(msgspec.Struct, frozen=True):
    """Equal parts of its members."""

    name: str = "pool"
    members: tuple[Model, ...] = MEMBERS

    def prepared(self, evidence: Evidence) -> Evidence:
        """Return the evidence as all members want it."""
        for member in self.members:
            evidence = prepared(member, evidence)
        return evidence

    def fit(self, evidence: Evidence) -> "PoolFit":
        """Return the members' fits."""
        return PoolFit(tuple(member.fit(evidence) for member in self.members))


class PoolFit(msgspec.Struct, frozen=True, eq=False):
    """The members' fits."""

    members: tuple[Fitted, ...]

    def predict(self, evidence: Evidence) -> Predictive:
        """Return the pooled distribution."""
        parts = [member.predict(evidence) for member in self.members]
        return predictive(evidence, PooledLaw(tuple(part.law for part in parts)), parts[0].missing)
