"""The past days most like the last one, what followed them, and what that has been worth as a forecast."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from runout.bulletin.findings import Finding, Row, Table
from runout.bulletin.readings import Reading, evidence, quantity
from runout.clock import NANOSECONDS_PER_DAY, format_date, say_date
from runout.units import percent

DAY = NANOSECONDS_PER_DAY
_ALIKE = "price and coin open interest over 7 and 30 days, funding and liquidations by rank"


class Neighbour(NamedTuple):
    """A past day (its end, UTC ns), its distance in deviations, and what followed within seven days (fractions)."""

    time: int
    distance: float
    largest_fall: float
    change: float


def finding(values: Mapping[str, float], time: int, reading: Reading, at: int) -> Finding:
    """Return what followed the nearest days, and what such frequencies were worth.

    Parameters
    ----------
    values
        ``neighbours, with_fall, frequency, base_rate, median_return, days_scored, brier, base_brier``; the scores are
        absent where nothing could be scored yet.
    time
        End of the day compared (UTC ns).
    """
    count, fell = round(values["neighbours"]), round(values["with_fall"])
    scored, loss, base_loss = (values.get(name) for name in ("days_scored", "brier", "base_brier"))
    skill = 1 - loss / base_loss if loss is not None and base_loss else None
    statement = (
        f"Of the {count} past days most like {say_date(time - DAY, at)}, {fell} were followed by a fall of 7% within "
        f"seven days; after shrinkage to the base rate {percent(values['frequency'], digits=0)}, against "
        f"{percent(values['base_rate'], digits=0)} of all days. {_worth(skill, scored)}"
    )
    squared = "mean squared error over all earlier days; neighbouring days are not independent"
    numbers = (
        quantity(
            "frequency", "falls after analogues, shrunk to the base rate", values["frequency"], "fraction", "12 cases"
        ),
        quantity("base_rate", "falls after all days", values["base_rate"], "fraction", "share of all earlier days"),
        quantity(
            "median_return",
            "median change in seven days",
            values.get("median_return"),
            "fraction",
            "12 cases",
            signed=True,
        ),
        quantity("days_scored", "days scored", scored, "count", "exact"),
        quantity("brier", "Brier score of such frequencies", loss, "ratio", squared),
        quantity("base_brier", "Brier score of the base rate", base_loss, "ratio", squared),
        quantity("skill", "skill over the base rate", skill, "fraction", squared, signed=True),
    )
    return Finding(
        name="cycles.analogues",
        section="cycles",
        statement=statement,
        caveat=f"Alike in {_ALIKE}; days at least ten days apart.",
        inferred=True,
        evidence=evidence(
            reading, numbers, at=at, start=time - DAY, end=time, coverage="daily series, since 2020 at most"
        ),
    )


def _worth(skill: float | None, scored: float | None) -> str:
    if skill is None or not scored:
        return "Whether that is worth anything cannot be said yet."
    days = f"Over {scored:,.0f} earlier days such frequencies scored {percent(abs(skill))}"
    if skill <= 0:
        return f"{days} worse than the base rate: analogues have had no predictive value."
    return f"{days} better than the base rate."


def table(neighbours: Sequence[Neighbour], reading: Reading) -> Table:
    """Return the nearest days one by one."""
    rows = tuple(
        Row(
            label=format_date(neighbour.time - 1), values=(neighbour.distance, neighbour.largest_fall, neighbour.change)
        )
        for neighbour in neighbours
    )
    return Table(
        name="cycles.analogues",
        section="cycles",
        title="The nearest past days, and the seven days after them",
        columns=("distance", "largest fall", "change"),
        units=("ratio", "fraction", "fraction"),
        signed=(False, True, True),
        rows=rows,
        source=reading.provider,
        note=f"distance in standard deviations; alike in {_ALIKE}",
    )
