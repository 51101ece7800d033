"""What a bulletin is made from: rows with the scope they came with, as they were known at one moment."""

import msgspec
import polars as pl

from runout.bulletin.findings import Evidence, Quantity, Unit
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_time
from runout.indicators.windows import Times, times
from runout.records import Series, provider_name


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one or several series, known at the bulletin's moment.

    Parameters
    ----------
    series
        The series, with their scope.
    rows
        Their rows, in time order.
    scope
        The scope as a reader should see it.
    """

    series: tuple[Series, ...]
    rows: pl.DataFrame
    scope: str

    @property
    def provider(self) -> str:
        """Who published the figures."""
        return ", ".join(sorted({provider_name(member.provider) for member in self.series}))

    @property
    def times(self) -> Times:
        """Event times of the rows."""
        return times(self.rows)

    @property
    def last_time(self) -> int:
        """Event time of the last row (UTC ns)."""
        return int(self.times[-1])

    def since(self, time: int) -> "Reading":
        """Return the rows that speak of moments after ``time``."""
        return msgspec.structs.replace(self, rows=self.rows.filter(pl.col("event_time") > time))

    def value(self, name: str, time: int) -> float | None:
        """Return a column's value at exactly ``time``, None where there is none."""
        results = self.rows.filter(pl.col("event_time") == time)[name]
        return None if results.is_empty() else results[-1]


def quantity(
    name: str,
    label: str,
    value: float | None,
    unit: Unit,
    uncertainty: str = "as reported, no interval",
    *,
    signed: bool = False,
    low: float | None = None,
    high: float | None = None,
) -> Quantity:
    """Return a :class:`Quantity`; a shorthand for sections."""
    return Quantity(
        name=name, label=label, value=value, unit=unit, uncertainty=uncertainty, signed=signed, low=low, high=high
    )


def evidence(
    reading: Reading, quantities: tuple[Quantity, ...], *, at: int, start: int, end: int, coverage: str
) -> Evidence:
    """Return evidence for numbers computed from ``reading`` between ``start`` and ``end`` (UTC ns).

    The command prints every row used: rows at ``start`` and later, as known at ``at``.
    """
    names = tuple(member.series for member in reading.series)
    return Evidence(
        quantities=quantities,
        scope=reading.scope,
        series=names,
        source=reading.provider,
        window_start=format_time(start),
        window_end=format_time(end),
        coverage=coverage,
        reproduce=f"runout rows {' '.join(names)} --since {format_time(start)} --at {format_time(at)}",
    )


def is_current(time: int, at: int, step: int) -> bool:
    """Return whether a figure of ``time`` may be shown as that of ``at``: the next of its series is not overdue.

    Parameters
    ----------
    time, at, step
        UTC ns. An hour is granted for publishing; daily figures have a day.
    """
    return at - time <= step + (NANOSECONDS_PER_DAY if step >= NANOSECONDS_PER_DAY else NANOSECONDS_PER_HOUR)
