"""The tail: rows that are durable at once, and wait there until they go to the tables of the lake in batches.

One SQLite file (write-ahead log, forced at each commit) beside the raw log. Rows, and how far in the raw log they come
from, are committed together: a restart goes on from there and finds what it had written. Rows that come again are
ignored. One process writes, any number read.
"""

import contextlib
import fcntl
import os
import sqlite3
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl
from xxhash import xxh3_128_digest

from runout.errors import LakeError
from runout.lake.store import Lake
from runout.records import KINDS, Schema, Series, conform
from runout.records.schema import Type

_SQL_TYPES: dict[Type, str] = {
    "time": "INTEGER", "duration": "INTEGER", "integer": "INTEGER", "flag": "INTEGER", "float": "REAL", "text": "TEXT",
    "bytes": "BLOB",
}  # fmt: skip
_WAITS = 30.0
TAIL_FILE: Final = "tail.sqlite"
"""Of each collector, in its folder."""


class Delivered(msgspec.Struct, frozen=True):
    """What a delivery to the lake did: rows added, already there, refused as contradicting; by kind."""

    added: dict[str, int]
    unchanged: dict[str, int]
    conflicting: dict[str, int]


class Tail:
    """The tail of one collector.

    Parameters
    ----------
    file
        The SQLite file; made if absent, unless only to read.
    read_only
        To read beside the process that writes.
    exclusive
        To wait until no other process has it so: of two that write, the second waits for the first to end.

    Raises
    ------
    LakeError
        If it cannot be opened.
    """

    def __init__(self, file: Path, *, read_only: bool = False, exclusive: bool = False) -> None:
        self.file = file
        self._lock = -1
        if exclusive:
            self._lock = os.open(file.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o644)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            if read_only:
                self._base = self._opened(f"file:{file}?mode=ro", uri=True)
                self._base.execute("SELECT 1 FROM sqlite_master").fetchone()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                self._base = self._opened(str(file))
                self._base.execute("PRAGMA journal_mode=WAL")
                self._base.execute("PRAGMA synchronous=FULL")
                self._base.execute("CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
                self._base.execute(
                    "CREATE TABLE IF NOT EXISTS scopes (series TEXT PRIMARY KEY, scope BLOB, delivered INTEGER) "
                    "WITHOUT ROWID"
                )
        except sqlite3.Error as error:
            raise LakeError(f"cannot open the tail {file}: {error}") from error

    def _opened(self, address: str, *, uri: bool = False) -> sqlite3.Connection:
        base = sqlite3.connect(address, uri=uri, timeout=_WAITS, isolation_level=None, check_same_thread=False)
        # A tail that is dropped, or could not be read, lets go of its file as well.
        self._end = weakref.finalize(self, base.close)
        return base

    def close(self) -> None:
        """Let go of the file."""
        self._end()
        if self._lock >= 0:
            os.close(self._lock)

    # -- writing ------------------------------------------------------------------------------------------------

    def commit(
        self,
        tables: Mapping[str, pl.DataFrame],
        series: Iterable[Series] = (),
        state: Mapping[str, bytes] | None = None,
    ) -> int:
        """Store rows, scopes and state, all or none, and return how many rows were not there yet.

        When it returns they are on the disk.

        Raises
        ------
        LakeError
            If the disk does not take them; nothing was stored then.
        """
        try:
            with self._transaction():
                added = sum(self._insert(KINDS[kind], rows) for kind, rows in tables.items() if rows.height)
                self._base.executemany(
                    "INSERT INTO scopes VALUES (?, ?, 0) ON CONFLICT (series) DO UPDATE SET scope = excluded.scope, "
                    "delivered = 0 WHERE scope <> excluded.scope",
                    [(item.series, msgspec.json.encode(item)) for item in series],
                )
                self._base.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", list((state or {}).items()))
        except sqlite3.Error as error:
            raise LakeError(f"cannot write the tail {self.file}: {error}; see that its disk has room") from error
        return added

    def deliver(self, lake: Lake) -> Delivered:
        """Bring all rows to the tables of the lake, and take them out here.

        A crash between the two is harmless: the lake finds that it has the rows. Rows that contradict what the lake
        has go to its quarantine.

        Raises
        ------
        LakeError
            If the lake cannot be written; the rows stay here.
        """
        outcome = Delivered({}, {}, {})
        waiting = self._base.execute("SELECT scope FROM scopes WHERE NOT delivered ORDER BY series").fetchall()
        if waiting:
            lake.register([msgspec.json.decode(scope, type=Series) for (scope,) in waiting])
            self._base.execute("UPDATE scopes SET delivered = 1 WHERE NOT delivered")
        for kind in self._kinds():
            last = self._base.execute(f'SELECT max(rowid) FROM "{kind}"').fetchone()[0]  # noqa: S608 - a kind of ours
            if last is None:
                continue
            merged = lake.append(kind, self.rows(kind))
            if merged.conflicting.height and kind != "quarantine":
                lake.append("quarantine", merged.refused(f"tail/{kind}"))
            outcome.added[kind] = merged.added.height
            outcome.unchanged[kind] = merged.unchanged
            outcome.conflicting[kind] = merged.conflicting.height
            with self._transaction():
                self._base.execute(f'DELETE FROM "{kind}" WHERE rowid <= ?', (last,))  # noqa: S608
        return outcome

    # -- reading ------------------------------------------------------------------------------------------------

    def state(self, name: str) -> bytes | None:
        """Return a named piece of state."""
        row = self._base.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def series(self) -> list[Series]:
        """Return the scopes of all series that were ever stored, sorted."""
        rows = self._base.execute("SELECT scope FROM scopes ORDER BY series").fetchall()
        return [msgspec.json.decode(scope, type=Series) for (scope,) in rows]

    def rows(self, kind: str) -> pl.DataFrame:
        """Return the rows of a kind that wait, in the order they came."""
        schema = KINDS[kind]
        if kind not in self._kinds():
            return schema.empty()
        columns = ", ".join(f'"{name}"' for name in schema.names)
        rows = self._base.execute(f'SELECT {columns} FROM "{kind}" ORDER BY rowid').fetchall()  # noqa: S608
        flags = [c.name for c in schema.columns if c.type == "flag"]
        dtypes = schema.dtypes | {name: pl.Int64() for name in flags}
        return conform(pl.DataFrame(rows, schema=dtypes, orient="row"), schema)

    def waiting(self) -> dict[str, int]:
        """Return how many rows of each kind wait."""
        counts = {kind: self._base.execute(f'SELECT count(*) FROM "{kind}"').fetchone()[0] for kind in self._kinds()}  # noqa: S608
        return {kind: count for kind, count in counts.items() if count}

    # -- plumbing -----------------------------------------------------------------------------------------------

    def _kinds(self) -> list[str]:
        present = {name for (name,) in self._base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return [kind for kind in KINDS if kind in present]

    def _insert(self, schema: Schema, rows: pl.DataFrame) -> int:
        columns = ", ".join(f'"{c.name}" {_SQL_TYPES[c.type]}' for c in schema.columns)
        self._base.execute(
            f'CREATE TABLE IF NOT EXISTS "{schema.kind}" (rowid INTEGER PRIMARY KEY, {columns}, digest BLOB UNIQUE)'
        )
        places = ", ".join("?" * (len(schema.columns) + 1))
        names = ", ".join(f'"{name}"' for name in schema.names)
        values = [(*row, xxh3_128_digest(repr(row).encode())) for row in conform(rows, schema).iter_rows()]
        statement = f'INSERT OR IGNORE INTO "{schema.kind}" ({names}, digest) VALUES ({places})'  # noqa: S608
        return self._base.executemany(statement, values).rowcount

    @contextlib.contextmanager
    def _transaction(self) -> Any:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")
