"""Rows as a named tuple of arrays: picking some, joining several."""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Table = TypeVar("Table", bound=tuple[Any, ...])


def picked(table: Table, rows: slice | Flags | Integers) -> Table:
    """Return those rows of a table."""
    kind: Any = type(table)
    return cast("Table", kind(*(column[rows] for column in table)))


def joined(parts: Sequence[Table]) -> Table:
    """Return the rows of several tables one after the other; there must be one at least."""
    if len(parts) == 1:
        return parts[0]
    kind: Any = type(parts[0])
    return cast("Table", kind(*(np.concatenate(columns) for columns in zip(*parts, strict=True))))


def between(table: Table, times: Integers, since: int, until: int) -> Table:
    """Return the rows of a table whose sorted ``times`` are in [since, until)."""
    first, last = np.searchsorted(times, [since, until])
    return picked(table, slice(int(first), int(last)))


def tuples(table: tuple[Any, ...]) -> "zip[tuple[Any, ...]]":
    """Return the rows of a table as tuples of plain numbers."""
    return zip(*(column.tolist() for column in table), strict=True)
