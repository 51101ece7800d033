"""A lake together with the rows that wait in the tails of its collectors, for those who want to know at once."""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import polars as pl

from runout.errors import LakeError
from runout.lake.store import LATEST, Lake
from runout.lake.tables import Table, extent, together
from runout.lake.tail import TAIL_FILE, Tail
from runout.records import Series

Found = TypeVar("Found")


class TailedLake(Lake):
    """A lake to read from, with what collectors have received and not yet delivered to its tables.

    Of a lake on S3 only what was delivered is seen: the tails of its collectors are on their machines.

    Parameters
    ----------
    root
        Folder or address of the lake; collectors keep their tails in its folder ``collect``.
    """

    def __init__(self, root: str | Path) -> None:
        super().__init__(root)
        self._collectors = None if "://" in self.root else Path(self.root, "collect")

    def scan(self, kind: str) -> pl.LazyFrame:
        """Return every row of ``kind``, all versions, lazily; what is delivered meanwhile may be there twice."""
        waiting = self._waiting_rows(kind)  # before the tables, so that no row is missed
        return pl.concat([super().scan(kind), *waiting])

    def between(self, kind: str, first: int, last: int = LATEST) -> pl.LazyFrame:
        """Return the rows that speak of moments within (UTC ns), as :meth:`scan` does."""
        waiting = self._waiting_rows(kind)
        inside = pl.col("event_time").is_between(first, last)
        return pl.concat([super().between(kind, first, last), *(rows.filter(inside) for rows in waiting)])

    def waiting(self) -> dict[str, int]:
        """Return how many rows of each kind wait; with :meth:`versions` it tells whether anything is new."""
        return dict(sum((Counter(counts) for counts in self._of_tails(Tail.waiting)), Counter[str]()))

    def known_extent(self, kind: str, at: int) -> pl.DataFrame:
        """Return what is said of :meth:`Lake.known_extent`, with rows that wait."""
        waiting = [extent(rows.filter(pl.col("known_time") <= at)) for rows in self._waiting_rows(kind)]
        stored = super().known_extent(kind, at)
        return together([stored, *waiting]) if waiting else stored

    def _table(self, kind: str, *, newest: bool = False) -> Table:
        if self._pin is not None:
            self._waiting_rows(kind)  # of a snapshot too, they come before the table
        return super()._table(kind, newest=newest)

    def _waiting_rows(self, kind: str) -> list[pl.LazyFrame]:
        if self._pin is None:
            tails = self._of_tails(lambda tail: {kind: tail.rows(kind)})
        else:
            tails = self._once(("waiting",), lambda: self._of_tails(_every_row))
        return [rows[kind].lazy() for rows in tails if kind in rows and rows[kind].height]

    def _register(self) -> list[Series]:
        waiting = {item.series: item for known in self._of_tails(Tail.series) for item in known}
        known = waiting | {series.series: series for series in super()._register()}
        return [known[name] for name in sorted(known)]

    def _of_tails(self, read: Callable[[Tail], Found]) -> list[Found]:
        """Return what is read of each tail; a connection belongs to one thread, so each read opens its own."""
        files = [] if self._collectors is None else sorted(self._collectors.glob(f"*/{TAIL_FILE}"))
        answers: list[Found] = []
        for file in files:
            try:
                with contextlib.closing(Tail(file, read_only=True)) as tail:
                    answers.append(read(tail))
            except (LakeError, sqlite3.Error):  # another user's, or damaged: its rows are seen once they are delivered
                continue
        return answers


def _every_row(tail: Tail) -> dict[str, pl.DataFrame]:
    return {kind: tail.rows(kind) for kind in tail.waiting()}
