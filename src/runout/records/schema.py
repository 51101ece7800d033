"""What one row means: columns with unit, sign and meaning, and the check that every table passes."""

from functools import cache
from typing import Literal

import msgspec
import polars as pl

Type = Literal["time", "duration", "float", "integer", "text", "flag", "bytes"]

_DTYPES: dict[Type, pl.DataType] = {
    "time": pl.Int64(),
    "duration": pl.Int64(),
    "float": pl.Float64(),
    "integer": pl.Int64(),
    "text": pl.String(),
    "flag": pl.Boolean(),
    "bytes": pl.Binary(),
}


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a record kind.

    Parameters
    ----------
    name
        Fixed name; the unit is in its suffix where it is not obvious.
    type
        ``time`` is int64 UTC nanoseconds, ``duration`` int64 nanoseconds.
    unit
        The unit in words (``USD``, ``coins``, ``fraction``, ``UTC ns``).
    meaning
        One sentence: what the value says, and its sign where it has one.
    required
        Whether null ("not observed") is forbidden.
    minimum, maximum
        Inclusive bounds outside which a value is impossible and the row is quarantined.
    above
        Exclusive lower bound, for what cannot be zero either (a traded price).
    choices
        For text: the only values allowed.
    """

    name: str
    type: Type
    unit: str
    meaning: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of the column."""
        return _DTYPES[self.type]


class Order(msgspec.Struct, frozen=True):
    """What a sound row obeys: column ``smaller`` is at most column ``larger``, where both were observed.

    A difference of one part in 10⁹ is taken as rounding.
    """

    smaller: str
    larger: str


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """One record kind: its columns, its key, the order its columns obey, and what a row of it says."""

    kind: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[Order, ...] = ()

    @property
    def names(self) -> list[str]:
        """Column names in their declared order."""
        return [column.name for column in self.columns]

    @property
    def dtypes(self) -> dict[str, pl.DataType]:
        """Polars types by column name."""
        return {column.name: column.dtype for column in self.columns}

    @property
    def revision_key(self) -> list[str]:
        """Key without ``known_time``: what a revision revises."""
        return [name for name in self.key if name != "known_time"]

    @property
    def value_names(self) -> list[str]:
        """Columns that are neither key nor vintage: what two rows of one key must agree on."""
        return [name for name in self.names if name not in self.key and name != "vintage"]

    def empty(self) -> pl.DataFrame:
        """Return a table of this kind without rows."""
        return pl.DataFrame(schema=self.dtypes)


Fault = tuple[pl.Expr, pl.Expr]
"""Whether a row has it, and what to say of it."""


def conform(rows: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Return ``rows`` with exactly the columns of ``schema``, cast; absent optional columns become null.

    Raises
    ------
    ValueError
        If a required column is absent or a cast fails: a defect of the code that made the rows.
    """
    missing = [c.name for c in schema.columns if c.required and c.name not in rows.columns]
    if missing:
        raise ValueError(f"expected columns {missing} in a {schema.kind!r} table, found {rows.columns}")
    return rows.select(
        (pl.col(c.name) if c.name in rows.columns else pl.lit(None)).cast(c.dtype).alias(c.name) for c in schema.columns
    )


def fault_of_each_row(schema: Schema, *, latest_time: int | None = None) -> pl.Expr:
    """Return an expression with the first fault of each row as text, null where the row is sound.

    Parameters
    ----------
    schema
        The declared form.
    latest_time
        UTC ns; rows that speak of later moments are faulty (a clock or unit jump). None: not checked.
    """
    own = _checks(schema)[1]
    if latest_time is None or "event_time" not in schema.names:
        return own
    time = pl.col("event_time")
    future = pl.format("event_time {} lies in the future: expected at most {}", time, latest_time)
    return pl.coalesce(own, pl.when(time > latest_time).then(future))


def has_fault(schema: Schema, *, latest_time: int | None = None) -> pl.Expr:
    """Return an expression that is true where :func:`fault_of_each_row` has a text: without writing any."""
    own = _checks(schema)[0]
    return (
        own if latest_time is None or "event_time" not in schema.names else own | (pl.col("event_time") > latest_time)
    )


@cache
def _checks(schema: Schema) -> tuple[pl.Expr, pl.Expr]:
    """Return whether a row has a fault, and the text of its first; made once, since that takes a millisecond."""
    faults = [fault for column in schema.columns for fault in _column_faults(column)]
    faults += [_order_fault(rule) for rule in schema.rules]
    if {"event_time", "known_time"} <= set(schema.names):
        text = pl.lit("known_time is before event_time: nothing is known before it happens")
        faults.append((pl.col("known_time") < pl.col("event_time"), text))
    if not faults:
        return pl.lit(value=False), pl.lit(None, pl.String)
    return pl.any_horizontal(is_so for is_so, _ in faults), pl.coalesce(pl.when(is_so).then(t) for is_so, t in faults)


def _column_faults(column: Column) -> list[Fault]:
    value = pl.col(column.name)
    faults: list[Fault] = []
    if column.required:
        faults.append((value.is_null(), pl.lit(f"{column.name}: expected a value, found none")))
    if column.type == "float":
        text = f"{column.name}: expected a number, found NaN or infinity"
        faults.append((value.is_nan() | value.is_infinite(), pl.lit(text)))
    if column.minimum is not None:
        faults.append((value < column.minimum, _bound(column, f"at least {column.minimum:g}")))
    if column.above is not None:
        faults.append((value <= column.above, _bound(column, f"more than {column.above:g}")))
    if column.maximum is not None:
        faults.append((value > column.maximum, _bound(column, f"at most {column.maximum:g}")))
    if column.choices:
        text = f"{column.name}: expected one of {', '.join(column.choices)}"
        faults.append((~value.is_in(list(column.choices)), pl.lit(text)))
    return faults


def _order_fault(rule: Order) -> Fault:
    smaller, larger = pl.col(rule.smaller), pl.col(rule.larger)
    text = pl.format(f"expected {rule.smaller} ≤ {rule.larger}, found {{}} and {{}}", smaller, larger)
    return smaller > larger + 1e-9 * larger.abs(), text


def _bound(column: Column, expected: str) -> pl.Expr:
    return pl.format(f"{column.name}: expected {expected} ({column.unit}), found {{}}", pl.col(column.name))
