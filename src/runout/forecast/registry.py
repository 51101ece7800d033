"""Every model by name; one battery of tests holds for all of them."""

from typing import Final

import msgspec

from runout.errors import UsageError
from runout.forecast.models.climatology import Climatology
from runout.forecast.models.dynamic import Dynamic
from runout.forecast.models.har import Har
from runout.forecast.protocol import Model

REFERENCE: Final = "har + weekday"
"""What every claim of skill is made against."""
CLIMATOLOGY: Final = "climatology, 365 days"
"""The plainest forecast: what the last year brought."""
ISSUED: Final = "dynamic regression"
"""What is issued."""


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
    Entry(Climatology(name=CLIMATOLOGY, window_days=365)),
    Entry(Har(name=REFERENCE, weekday=True)),
    Entry(Dynamic()),
)
"""What is issued, and what it is measured against."""
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
