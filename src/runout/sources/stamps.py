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
from runout.errors import SchemaError
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
        # An hour alone is no moment to polars.
        if re.search("%[HIkl]", form) and not re.search("%[MTRXrcs+]", form):
            form, text = form + " %M", text + " 00"
        read = text.str.to_datetime(form, strict=False, time_unit="us", exact=True)
    microseconds = read.cast(pl.Int64)
    return pl.when(microseconds.is_between(EARLIEST // 1000, LATEST // 1000)).then(microseconds * 1000)


def require_times(column: str, dtype: pl.DataType | type[pl.DataType]) -> None:
    """Raise :class:`runout.errors.SchemaError` where a column is of a type that cannot say moments (a duration)."""
    if dtype not in (pl.String, pl.Date, pl.Datetime) and not dtype.is_numeric():
        raise SchemaError(
            f"expected times in the column {column}, found values of type {dtype}; name another column as time.column"
        )


def coarse(column: str, dtype: pl.DataType | type[pl.DataType], form: str, step_ns: int) -> pl.Expr:
    """Return an expression for whether stamps are in scientific notation with too few digits for their unit.

    A spreadsheet writes 1755388800001 as ``1.75539E+12``: 10,000 s are lost. Programs write exact stamps so too, with
    the zeros at the end cut off; the row of the column with most digits tells them apart. Digits worth at most a
    second suffice, or such as divide the step between rows.
    """
    if form not in EPOCH_UNITS_NS or dtype != pl.String:
        return pl.lit(value=False)
    parts = pl.col(column).str.strip_chars().str.extract_groups(r"^\d(?:\.(?P<digits>\d*))?[eE]\+?(?P<power>\d{1,2})$")
    power = parts.struct.field("power").cast(pl.Int64, strict=False)
    last = (power - parts.struct.field("digits").fill_null("").str.len_bytes().cast(pl.Int64)).min()
    worth = pl.lit(10.0).pow(last) * EPOCH_UNITS_NS[form]
    suffices = (worth <= NANOSECONDS_PER_SECOND) | ((pl.lit(step_ns) > 0) & (pl.lit(float(step_ns)) % worth == 0))
    return power.is_not_null() & ~suffices


def pattern_fault(form: str) -> str | None:
    """Return why stamps cannot be read by a pattern such as ``%Y-%m-%d``; None if they can."""
    if "%Z" in form:
        return f"names of time zones are not read, found %Z in {form!r}: write offsets (%z), or UTC without %Z"
    sample = pl.Series("stamp", [parse_time("2025-08-18") // 1000]).cast(pl.Datetime("us", "UTC"))
    fault = f"expected a pattern that says a date, such as %Y-%m-%d %H:%M, found {form!r}"
    try:
        text = sample.dt.to_string(form)
        read = text.to_frame().select(moment("stamp", pl.String, form)).to_series()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return fault
    return None if read[0] is not None else fault


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
