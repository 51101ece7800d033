"""Every model that is scored, by name: those of the product and those that only stand for comparison."""

from typing import Final

from runout.forecast.models.climatology import Climatology
from runout.forecast.models.har import Har
from runout.forecast.models.location_scale import LocationScale
from runout.forecast.models.pool import MEMBERS, Pool
from runout.forecast.models.structural import Structural
from runout.forecast.models.thresholds import Thresholds
from runout.forecast.protocol import Model
from runout.forecast.registry import ISSUED, REFERENCE, Entry
from studies.forecast.models.boosting import Boosting
from studies.forecast.models.ewma import Ewma
from studies.forecast.models.garch_scale import GarchScale
from studies.forecast.models.logistic import Logistic
from studies.forecast.models.peaks_over_threshold import PeaksOverThreshold
from studies.forecast.models.student_ridge import StudentRidge

WITH_STRUCTURAL: Final = "pool + structural"
"""What is issued and the structural model, in equal parts; not issued (docs/forecast.md)."""
ENTRIES: Final = (
    Entry(Climatology(name="constant"), None),
    Entry(Climatology(name="climatology, expanding")),
    Entry(Climatology(name="climatology, 365 days", window_days=365)),
    Entry(Climatology(name="climatology, 90 days", window_days=90)),
    Entry(Ewma()),
    Entry(Har(name="har", weekday=False)),
    Entry(Har(name=REFERENCE, weekday=True)),
    Entry(GarchScale()),
    Entry(PeaksOverThreshold()),
    Entry(StudentRidge()),
    Entry(Logistic()),
    Entry(Boosting(), 30),
    Entry(LocationScale()),
    Entry(Thresholds()),
    Entry(Structural()),
    Entry(Pool(name=WITH_STRUCTURAL, members=(*MEMBERS, Structural()))),
    Entry(Pool()),
)
MODELS: Final[dict[str, Entry]] = {entry.name: entry for entry in ENTRIES}
__all__ = ["ENTRIES", "ISSUED", "MODELS", "REFERENCE", "WITH_STRUCTURAL", "Entry", "model_named"]


def model_named(name: str) -> Model:
    """Return a model by its name."""
    return MODELS[name].model
