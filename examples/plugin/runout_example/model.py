"""A forecast model: the coming day is one of the last thirty."""

from runout.forecast.models.climatology import Climatology
from runout.forecast.protocol import Model


def last_month() -> Model:
    """Return climatology of thirty days; ``runout score forecast`` shows it beside the issued forecast."""
    return Climatology(name="last month", window_days=30)
