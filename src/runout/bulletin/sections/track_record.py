"""What a verdict has been worth so far, said beside it."""

from collections.abc import Mapping
from typing import NamedTuple

from runout.bulletin.findings import Quantity
from runout.bulletin.readings import quantity
from runout.units import percent

FEWEST = 5
_RATE = "90% interval (Wilson) of cases that do not overlap"


class Record(NamedTuple):
    """How often an event had followed a verdict, and how often it follows anyway."""

    cases: int
    hits: int
    base_rate: float
    low: float
    high: float


def record(values: Mapping[str, float], prefix: str) -> Record | None:
    """Return the record that stands under ``prefix`` (``record.24h.quiet.``); None where there is none."""
    answers = [values.get(prefix + name) for name in ("cases", "hits", "base_rate", "low", "high")]
    if any(value is None for value in answers):
        return None
    cases, hits, base_rate, low, high = (float(value or 0.0) for value in answers)
    return Record(round(cases), round(hits), base_rate, low, high)


def worth(item: Record) -> str:
    """Return what the record says of the verdict, in words.

    Examples
    --------
    >>> worth(Record(100, 50, 0.48, 0.42, 0.58)), worth(Record(100, 70, 0.48, 0.62, 0.77))
    ('no more than chance', 'more often than by chance')
    """
    if item.cases < FEWEST:
        return "too few to say anything"
    if item.low > item.base_rate:
        return "more often than by chance"
    return "less often than by chance" if item.high < item.base_rate else "no more than chance"


def sentence(item: Record | None, event: str) -> str:
    """Return the record as a sentence; says so where there is none."""
    if item is None:
        return "There is no earlier case to judge this by."
    return (
        f"In {item.cases} earlier case{'' if item.cases == 1 else 's'} {event} {item.hits} "
        f"time{'' if item.hits == 1 else 's'} ({percent(item.hits / item.cases, digits=0)}), "
        f"against {percent(item.base_rate, digits=0)} at all moments: {worth(item)}."
    )


def quantities(item: Record | None, label: str, name: str = "record") -> tuple[Quantity, ...]:
    """Return the numbers of a record."""
    if item is None:
        return ()
    rate = item.hits / item.cases
    return (
        quantity(f"{name}_rate", f"{label}, after this verdict", rate, "fraction", _RATE, low=item.low, high=item.high),
        quantity(f"{name}_base_rate", f"{label}, at all moments", item.base_rate, "fraction", "share of all moments"),
        quantity(f"{name}_cases", "earlier cases", item.cases, "count", "exact; at least one horizon apart"),
    )
