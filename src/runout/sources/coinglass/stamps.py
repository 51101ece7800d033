"""Stamps of rows: milliseconds or ISO text in UTC, checked before they are believed."""

from typing import Final

import polars as pl

from runout.clock import format_duration
from runout.sources.content import unread, whole_number

_NANOSECONDS_PER_MILLISECOND = 1_000_000
_FIRST_MILLISECOND: Final = 1_230_940_800_000  # 2009-01-03, the first block of Bitcoin
_MILLISECONDS = {"ts_ms"}
_OTHER_UNITS = (("seconds", 1e3), ("microseconds", 1e-3), ("nanoseconds", 1e-6))


def milliseconds(column: str, dtype: pl.DataType) -> tuple[pl.Expr, pl.Expr]:
    """Return expressions for a stamp in milliseconds and for the fault of one that cannot be read."""
    if column in _MILLISECONDS:
        read = whole_number(column, dtype)
        return read, unread(column, dtype, read, "a whole number of milliseconds")
    if dtype != pl.String:
        nothing = pl.lit(None, pl.Int64)
        return nothing, unread(column, dtype, nothing, "a date or time as text")
    text = pl.col(column).str.strip_chars().str.replace(" ", "T", literal=True)
    dated = pl.when(text.str.contains(r"^\d{4}-\d{2}-\d{2}$")).then(text + "T00:00:00").otherwise(text)
    zoned = pl.when(dated.str.contains(r"(Z|[+-]\d{2}(:?\d{2})?)$") & dated.str.contains("T"))
    whole = zoned.then(dated).otherwise(dated + "+00:00")
    whole = whole.str.replace("Z$", "+00:00").str.replace(r"([+-]\d{2})$", "${1}:00")
    read = whole.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="ms", strict=False).cast(pl.Int64)
    return read, unread(column, dtype, read, "a UTC time such as 2025-08-18 12:00:00+00")


def fault_of_stamp(column: str, now: int, step: int) -> pl.Expr:
    """Return the fault of a stamp in milliseconds that no market can have, null where it is sound.

    Parameters
    ----------
    column
        Column of stamps in milliseconds.
    now
        UTC ns; later stamps are faulty.
    step
        Nanoseconds between rows; stamps stand at multiples of it. 0: anywhere.
    """
    stamp, latest = pl.col(column), now // _NANOSECONDS_PER_MILLISECOND
    sound = stamp.is_between(_FIRST_MILLISECOND, latest)
    faults = [
        pl.when(~sound & (stamp * factor).is_between(_FIRST_MILLISECOND, latest)).then(
            pl.format(f"stamp {{}} looks like {unit}: expected milliseconds between 2009 and now", stamp)
        )
        for unit, factor in _OTHER_UNITS
    ]
    faults.append(
        pl.when(stamp > latest).then(
            pl.format("stamp {} lies in the future: expected at most {}", stamp, pl.lit(latest))
        )
    )
    faults.append(
        pl.when(stamp < _FIRST_MILLISECOND).then(
            pl.format("stamp {} lies before 2009: expected milliseconds since 1970", stamp)
        )
    )
    if step:
        off = stamp % (step // _NANOSECONDS_PER_MILLISECOND) != 0
        text = f"stamp {{}} is off the grid: expected a multiple of {format_duration(step)} in milliseconds"
        faults.append(pl.when(off).then(pl.format(text, stamp)))
    faults.append(pl.when(stamp.is_null()).then(pl.lit("stamp: expected a time, found none")))
    return pl.coalesce(faults)


def to_nanoseconds(column: str, now: int) -> pl.Expr:
    """Return nanoseconds of stamps that lie in the possible range, null of others."""
    stamp = pl.col(column)
    possible = stamp.is_between(_FIRST_MILLISECOND, now // _NANOSECONDS_PER_MILLISECOND)
    return pl.when(possible).then(stamp * _NANOSECONDS_PER_MILLISECOND)
