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
    found = [values.get(prefix + name) for name in ("cases", "hits", "base_rate", "low", "high")]
    if any(value is None for value in found):
        return None
    cases, hits, base_rate, low, high = (float(value or 0.0) for value in found)
    return Record(round(cases), round(hits), base_rate, low, high)


def worth(one: Record) -> str:
    """Return what the record says of the verdict, in words.

    Examples
    --------
    >>> worth(Record(100, 50, 0.48, 0.42, 0.58)), worth(Record(100, 70, 0.48, 0.62, 0.77))
    ('no more than chance', 'more often than by chance')
    """
    if one.cases < FEWEST:
        return "too few to say anything"
    if one.low > one.base_rate:
        return "more often than by chance"
    return "less often than by chance" if one.high < one.base_rate else "no more than chance"


def sentence(one: Record | None, event: str) -> str:
    """Return the record as a sentence; says so where there is none."""
    if one is None:
        return "There is no earlier case to judge this by."
    return (
        f"In {one.cases} earlier case{'' if one.cases == 1 else 's'} {event} {one.hits} "
        f"time{'' if one.hits == 1 else 's'} ({percent(one.hits / one.cases, digits=0)}), "
        f"against {percent(one.base_rate, digits=0)} at all moments: {worth(one)}."
    )


def quantities(one: Record | None, label: str, name: str = "record") -> tuple[Quantity, ...]:
    """Return the numbers of a record."""
    if one is None:
        return ()
    rate = one.hits / one.cases
    return (
        quantity(f"{name}_rate", f"{label}, after this verdict", rate, "fraction", _RATE, low=one.low, high=one.high),
        quantity(f"{name}_base_rate", f"{label}, at all moments", one.base_rate, "fraction", "share of all moments"),
        quantity(f"{name}_cases", "earlier cases", one.cases, "count", "exact; at least one horizon apart"),
    )
