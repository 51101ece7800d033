"""Every model by name; one battery of tests holds for all of them."""

from typing import Final

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

MODELS: Final[dict[str, Model]] = {
    model.name: model
    for model in (Climatology(name=CLIMATOLOGY, window_days=365), Har(name=REFERENCE, weekday=True), Dynamic())
}
"""What is issued, and what it is measured against."""
