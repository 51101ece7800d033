"""Rows of a table's last days in memory: a file never changes, so what runs on reads each once."""

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from runout.clock import NANOSECONDS_PER_DAY

_SPAN: Final = 8 * NANOSECONDS_PER_DAY
_MOST_BYTES: Final = 50_000_000
"""A table with more in its last days is read from its files."""


class Recent:
    """The last days of one table; readers of several versions of it may share them, in one thread."""

    def __init__(self) -> None:
        self._since = self._too_large = -1
        self._rows: dict[str, pl.DataFrame] = {}

    def rows(
        self, first: int, files: Mapping[str, int], read: Callable[[str], pl.LazyFrame]
    ) -> dict[str, pl.DataFrame] | None:
        """Return the rows of each file that speak of the last days; null where the files themselves must be asked.

        Parameters
        ----------
        first
            UTC ns; from when rows are wanted.
        files
            The files of the table, each with the latest moment that its rows speak of, UTC ns.
        read
            Reads a file.
        """
        newest = max(files.values(), default=0)
        since = (newest - _SPAN) // NANOSECONDS_PER_DAY * NANOSECONDS_PER_DAY
        if first < since or since == self._too_large:
            return None
        inside = pl.col("event_time") >= since
        kept = self._rows if self._since <= since else {}
        if self._since < since:
            kept = {file: rows.filter(inside) for file, rows in kept.items()}
        rows, size = dict[str, pl.DataFrame](), 0
        for file, last in files.items():
            if last >= since:
                rows[file] = kept[file] if file in kept else read(file).filter(inside).collect()
                size += rows[file].estimated_size()
            if size > _MOST_BYTES:
                self._since, self._too_large, self._rows = -1, since, {}
                return None
        self._since, self._rows = since, rows
        return rows
