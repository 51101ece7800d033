"""A table with the scope that every number of it has."""

import importlib
from typing import Any, Protocol

import msgspec
import polars as pl

from runout.records import Series


class _Table(Protocol):
    def to_polars(self) -> pl.DataFrame: ...


class Tabular:
    """What has a table: any library that reads Arrow takes it, and so does pandas."""

    __slots__ = ()

    def __arrow_c_stream__(self: _Table, requested_schema: object | None = None) -> object:
        """Return the table as an Arrow stream (the PyCapsule interface)."""
        return self.to_polars().__arrow_c_stream__(requested_schema)

    def to_pandas(self: _Table) -> Any:
        """Return the table as a pandas frame.

        Raises
        ------
        ImportError
            If pandas 3.0 or newer is not installed.
        """
        return importlib.import_module("pandas").DataFrame.from_arrow(self)  # not a dependency


class TableAnswer(Tabular, msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Rows that answer a question, and what they are rows of.

    Any library that reads Arrow takes it: ``duckdb.sql("select * from answer")``, ``pyarrow.table(answer)``,
    ``polars.DataFrame(answer)``.

    Parameters
    ----------
    table
        The rows; times are UTC datetimes, null is not observed.
    scope
        Coins, venues and feeds inside, in words.
    series
        Identifiers of the series that were read.
    capture
        Whether the feeds show every event: totals of a capped feed are lower bounds.
    synthetic
        Whether no market made the figures.
    inferred
        Whether they are modelled rather than reported.
    note
        What a careful reader must see beside them.
    """

    table: pl.DataFrame
    scope: str = ""
    series: tuple[str, ...] = ()
    capture: str = "not-applicable"
    synthetic: bool = False
    inferred: bool = False
    note: str = ""

    def __repr__(self) -> str:
        return f"<{self.table.height} rows of {self.scope or 'nothing'}>"

    def to_polars(self) -> pl.DataFrame:
        """Return the rows."""
        return self.table

    def _repr_html_(self) -> str:
        return self.table._repr_html_()  # pyright: ignore[reportPrivateUsage] - what a notebook calls


def table_of(table: pl.DataFrame, series: tuple[Series, ...], *, note: str = "") -> TableAnswer:
    """Return rows with the scope of the series they were read from.

    Examples
    --------
    >>> table_of(pl.DataFrame(), ()).scope
    ''
    """
    captures = sorted({item.capture for item in series})
    notes = [note, *dict.fromkeys(item.note for item in series if item.note)]
    return TableAnswer(
        table=table,
        scope="; ".join(dict.fromkeys(item.scope() for item in series)),
        series=tuple(item.series for item in series),
        capture=captures[0] if len(captures) == 1 else " and ".join(captures) or "not-applicable",
        synthetic=any(item.synthetic for item in series),
        note=" ".join(part for part in notes if part),
    )
