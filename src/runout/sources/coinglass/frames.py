"""The frame of a table: for every row its place, stamp, scope and numbers, with the fault of what cannot be read."""

from collections.abc import Iterator

import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.errors import SchemaError
from runout.sources.coinglass.feed import WIDE
from runout.sources.coinglass.names import File
from runout.sources.coinglass.stamps import fault_of_stamp, stamp
from runout.sources.content import Content, number, require_columns, unread

_SAME_VENUE = {"gate.io": "gate"}  # renamed in 2025
_VENUE = r"^[a-z0-9][a-z0-9 ._-]{0,30}$"
_COIN = r"^[A-Z0-9]{1,15}$"
_INSTRUMENT = r"^[A-Za-z0-9 .:_-]{0,40}$"
_READABLE = {pl.String, pl.Boolean, pl.Null, pl.Categorical, pl.Enum, pl.Date, pl.Datetime}
_SNAPSHOT_DAY = "snapshot_day"


def check_columns(file: File, content: Content) -> None:
    """Raise :class:`SchemaError` where a column is missing or unreadable."""
    endpoint = file.endpoint
    values = [value for feed in endpoint.feeds for value in feed.columns() if value.column != WIDE]
    expected = [value.column for value in values if not value.optional]
    expected += [name for name in (endpoint.coin, endpoint.venue, endpoint.instrument) if name]
    require_columns(content, dict.fromkeys([*_time_columns(file), *expected]))
    beside = [value.column for value in values if value.optional] + [endpoint.vintage, _SNAPSHOT_DAY]
    for name in dict.fromkeys([*_time_columns(file), *expected, *beside, *venue_columns(file, content)]):
        dtype = content.cells.schema.get(name, pl.String())
        if not dtype.is_numeric() and dtype.base_type() not in _READABLE:
            raise SchemaError(f"expected numbers or text in column {name}, found {dtype}; export the table again")


def _time_columns(file: File) -> list[str]:
    if file.step:
        return [file.endpoint.time]
    return [] if file.fetched is not None else ["commit_time"]


def venue_columns(file: File, content: Content) -> list[str]:
    """Return the columns that hold one venue each."""
    if not file.endpoint.wide:
        return []
    return [name for name in content.cells.columns if name not in {file.endpoint.time, file.endpoint.vintage, "price"}]


def frame_of(file: File, content: Content, venue_column: str, *, now: int) -> pl.DataFrame:
    """Return the frame of a table.

    Parameters
    ----------
    file, content
        The file's name and rows.
    venue_column
        Which venue's column to read, in a table with one a venue; else empty.
    now
        UTC ns; later stamps are faulty.

    Returns
    -------
    polars.DataFrame
        ``row`` (from 1), ``stamp`` (UTC ns), ``coin``, ``venue``, ``instrument``, ``vintage``, ``fault``; for each
        column read, its number as ``cell …`` and what could not be read as ``fault …``.
    """
    cells, schema = content.cells, content.cells.schema
    time, fault_of_time = _time(file, schema, now)
    scope = {
        "coin": _scope_text(file.endpoint.coin, file.coin).str.to_uppercase().str.replace(r"(.)USDT$", "${1}"),
        "venue": _venue(file, venue_column),
        "instrument": _scope_text(file.endpoint.instrument, "").str.replace_all("/", "-", literal=True),
    }
    vintage = pl.lit(file.edition, pl.String)
    for name in (file.endpoint.vintage, _SNAPSHOT_DAY):
        if name and name in schema and file.fetched is None:
            vintage = pl.col(name).cast(pl.String, strict=False)
    numbers: dict[str, pl.Expr] = {}
    for name, column in _number_columns(file, schema, venue_column):
        numbers[f"cell {name}"] = number(column, schema[column])
        numbers[f"fault {name}"] = unread(column, schema[column], number(column, schema[column]), "a number")
    frame = cells.select(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("row"),
        time.alias("stamp"),
        fault_of_time.alias("fault_of_time"),
        *(expression.alias(name) for name, expression in (scope | {"vintage": vintage} | numbers).items()),
    ).with_columns(content.faults.alias("unread_row"))
    return frame.with_columns(
        fault=pl.coalesce(
            "unread_row",
            "fault_of_time",
            _fault_of_name("coin", _COIN, "a coin in capitals"),
            _fault_of_name("venue", _VENUE, "the name of a venue"),
            _fault_of_name("instrument", _INSTRUMENT, "the name of an instrument"),
        ),
    )


def _time(file: File, schema: pl.Schema, now: int) -> tuple[pl.Expr, pl.Expr]:
    columns = _time_columns(file)
    if not columns:
        return pl.lit(file.fetched, pl.Int64), pl.lit(None, pl.String)
    [column] = columns
    read = stamp(column, schema[column], in_seconds=file.form == "json" and file.endpoint.json_seconds)
    # A step beyond a day begins where the provider likes (weeks on Mondays): no grid to check.
    step = file.step if file.step <= NANOSECONDS_PER_DAY else 0
    return read, fault_of_stamp(column, schema[column], read, now=now, step=step)


def _scope_text(column: str, constant: str) -> pl.Expr:
    return pl.col(column).cast(pl.String, strict=False).str.strip_chars() if column else pl.lit(constant)


def _venue(file: File, venue_column: str) -> pl.Expr:
    named = file.venue or venue_column or file.endpoint.default_venue or "all"
    return _scope_text(file.endpoint.venue, named).str.to_lowercase().replace(_SAME_VENUE)


def _fault_of_name(column: str, pattern: str, expected: str) -> pl.Expr:
    text = pl.format(f"{column}: expected {expected}, found '{{}}'", pl.col(column).fill_null("").str.slice(0, 60))
    return pl.when(~pl.col(column).fill_null("").str.contains(pattern)).then(text)


def _number_columns(file: File, schema: pl.Schema, venue_column: str) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys(value.column for feed in file.endpoint.feeds for value in feed.columns()):
        column = venue_column if name == WIDE else name
        if column in schema:
            yield name, column
