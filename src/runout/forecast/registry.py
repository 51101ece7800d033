"""Every model by name; one battery of tests holds for all of them."""

from typing import Final

import msgspec

from runout.errors import UsageError
from runout.forecast.models.boosting import Boosting
from runout.forecast.models.climatology import Climatology
from runout.forecast.models.ewma import Ewma
from runout.forecast.models.garch_scale import GarchScale
from runout.forecast.models.har import Har
from runout.forecast.models.location_scale import LocationScale
from runout.forecast.models.logistic import Logistic
from runout.forecast.models.peaks_over_threshold import PeaksOverThreshold
from runout.forecast.models.pool import MEMBERS, Pool
from runout.forecast.models.structural import Structural
from runout.forecast.models.student_ridge import StudentRidge
from runout.forecast.models.thresholds import Thresholds
from runout.forecast.protocol import Model

REFERENCE: Final = "har + weekday"
"""What every claim of skill is made against."""
ISSUED: Final = "pool"
"""What is issued."""
WITH_STRUCTURAL: Final = "pool + structural"
"""What is issued and the structural model, in equal parts; not issued (docs/forecast.md)."""


class Entry(msgspec.Struct, frozen=True):
    """A model and how often it is fitted anew.

    Parameters
    ----------
    model
        The model.
    refit_days
        Days between fits; None: once, at the first day of a period that is scored, and never again.
    """

    model: Model
    refit_days: int | None = 1

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.model.name


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


def model_named(name: str) -> Model:
    """Return a model.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in MODELS:
        raise UsageError(f"expected a model of {', '.join(MODELS)}, found {name!r}")
    return MODELS[name].model
