"""Turning the stamps of files into UTC nanoseconds, and texts such as ``4h`` into durations."""

import re

import polars as pl

from runout.clock import (
    NANOSECONDS_PER_DAY,
    NANOSECONDS_PER_HOUR,
    NANOSECONDS_PER_MINUTE,
    NANOSECONDS_PER_SECOND,
    parse_time,
)
from runout.sources.content import number, whole_number

EPOCH_UNITS_NS = {"seconds": 1_000_000_000, "milliseconds": 1_000_000, "microseconds": 1_000, "nanoseconds": 1}
_DURATIONS_NS = {
    "s": NANOSECONDS_PER_SECOND,
    "m": NANOSECONDS_PER_MINUTE,
    "h": NANOSECONDS_PER_HOUR,
    "d": NANOSECONDS_PER_DAY,
    "w": 7 * NANOSECONDS_PER_DAY,
}
# Bitcoin's first block, and a century in which every present stamp lies: another unit falls outside by a factor 1,000.
EARLIEST = parse_time("2009-01-03")
LATEST = parse_time("2100-01-01")


def duration_ns(text: str) -> int:
    """Return nanoseconds of a text such as ``5m``, ``4h`` or ``1d``.

    Raises
    ------
    ValueError
        If the text is not a number and one of s, m, h, d, w.

    Examples
    --------
    >>> duration_ns("4h") // 3_600_000_000_000
    4
    """
    match = re.fullmatch(r"(\d{1,4})([smhdw])", text.strip())
    if match is None:
        raise ValueError(f"expected a duration such as 5m, 4h or 1d, found {text!r}")
    return int(match[1]) * _DURATIONS_NS[match[2]]


def moment(column: str, dtype: pl.DataType | type[pl.DataType], form: str) -> pl.Expr:
    """Return an expression for the stamps of a column as UTC ns; null where they are not of the form or not credible.

    Parameters
    ----------
    column, dtype
        Name and type of the column as read.
    form
        ``iso`` (ISO 8601, without offset UTC), a unit since 1970 (``seconds``, ``milliseconds``, ``microseconds``,
        ``nanoseconds``), or a pattern such as ``%Y.%m.%d`` (UTC). Date and time columns of Parquet are taken as such.
    """
    if dtype in (pl.Date, pl.Datetime):
        read = pl.col(column).cast(pl.Datetime("us", getattr(dtype, "time_zone", None)), strict=False)
    elif form in EPOCH_UNITS_NS:
        return _since_1970(column, dtype, EPOCH_UNITS_NS[form])
    elif dtype != pl.String:
        return pl.lit(None, pl.Int64)
    elif form == "iso":
        read = _iso(pl.col(column).str.strip_chars())
    else:
        text = pl.col(column).str.strip_chars()
        read = text.str.to_datetime(form, strict=False, time_unit="us", exact=True)
    microseconds = read.cast(pl.Int64)
    return pl.when(microseconds.is_between(EARLIEST // 1000, LATEST // 1000)).then(microseconds * 1000)


def _since_1970(column: str, dtype: pl.DataType | type[pl.DataType], unit_ns: int) -> pl.Expr:
    """Compare in the file's own unit: multiplying a stamp of another unit first would overflow."""
    whole, fraction = whole_number(column, dtype), number(column, dtype)
    limits = (EARLIEST // unit_ns, LATEST // unit_ns)
    # Seconds come with fractions, rarely; a double holds them to a microsecond.
    microseconds = (fraction * (unit_ns / 1000)).round().cast(pl.Int64, strict=False) * 1000
    return (
        pl.when(whole.is_between(*limits))
        .then(whole * unit_ns)
        .when(whole.is_null() & fraction.is_between(*limits))
        .then(microseconds)
    )


def _iso(text: pl.Expr) -> pl.Expr:
    """Bring the forms of ISO 8601 that files use to the one polars parses: with seconds and offset."""
    text = text.str.replace(" ", "T", literal=True).str.replace("[Zz]$", "+00:00")
    text = pl.when(text.str.contains("T", literal=True)).then(text).otherwise(text + "T00:00:00")
    text = text.str.replace(r"T(\d\d:\d\d)([+-]|$)", "T${1}:00${2}").str.replace(r"([+-]\d\d)$", "${1}:00")
    text = pl.when(text.str.contains(r"T.*[+-]\d\d:?\d\d$")).then(text).otherwise(text + "+00:00")
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", strict=False, time_unit="us")
