"""Stamps of rows: milliseconds or ISO text in UTC, checked before they are believed."""

from typing import Final

import polars as pl

from runout.clock import format_duration
from runout.sources.content import number, unread
from runout.sources.stamps import EARLIEST, EPOCH_UNITS_NS, moment

_IN_MILLISECONDS: Final = {"ts_ms"}


def stamp(column: str, dtype: pl.DataType, *, in_seconds: bool) -> pl.Expr:
    """Return UTC ns of a column of stamps, null where there is none to be read.

    ``in_seconds``: whether seconds are read as well as milliseconds.
    """
    if column not in _IN_MILLISECONDS:
        return moment(column, dtype, "iso")
    read = moment(column, dtype, "milliseconds")
    return pl.coalesce(read, moment(column, dtype, "seconds")) if in_seconds else read


def fault_of_stamp(column: str, dtype: pl.DataType, read: pl.Expr, *, now: int, step: int) -> pl.Expr:
    """Return the fault of a stamp that no market can have, null where it is sound.

    Parameters
    ----------
    column, dtype
        Column of the stamp as found.
    read
        What was read of it.
    now
        UTC ns; later stamps are faulty.
    step
        Nanoseconds between rows; stamps stand at multiples of it. 0: anywhere.
    """
    text = f"stamp {{}} is off the grid: expected multiples of {format_duration(step)}"
    checks = [
        pl.when(pl.col(column).is_null()).then(pl.lit("stamp: expected a time, found none")),
        *(_other_units(column, dtype, read, now) if column in _IN_MILLISECONDS else ()),
        unread(column, dtype, read, "a UTC time after 2009"),
        pl.when(read > now).then(pl.format("stamp {} lies in the future", pl.col(column))),
        *([pl.when(read % step != 0).then(pl.format(text, pl.col(column)))] if step else []),
        pl.when(read.is_null()).then(pl.lit("stamp: expected a UTC time after 2009, found none")),
    ]
    return pl.coalesce(checks)


def _other_units(column: str, dtype: pl.DataType, read: pl.Expr, now: int) -> list[pl.Expr]:
    value = number(column, dtype)
    return [
        pl.when(read.is_null() & value.is_between(EARLIEST / unit_ns, now / unit_ns)).then(
            pl.format(f"stamp {{}} looks like {unit}: expected milliseconds between 2009 and now", pl.col(column))
        )
        for unit, unit_ns in EPOCH_UNITS_NS.items()
    ]
