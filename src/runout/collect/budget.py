"""What this machine has taken from each venue's limits: one ledger for all processes behind one address."""

import sqlite3
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

from runout.clock import limit_seconds
from runout.sources.facts import Pool

_SCHEMA = """
CREATE TABLE IF NOT EXISTS taken (venue TEXT, pool TEXT, at REAL, weight INTEGER);
CREATE INDEX IF NOT EXISTS taken_by_pool ON taken (venue, pool, at);
CREATE TABLE IF NOT EXISTS pauses (venue TEXT PRIMARY KEY, until REAL, words TEXT);
"""
_SHORTEST_WAIT = 0.01


class Budget:
    """The ledger, in a small SQLite file.

    Parameters
    ----------
    path
        The file; made where it is missing.

    Notes
    -----
    Windows slide: within any stretch as long as the venue's window no more than the allowed share of its limit is
    taken, so that it does not matter when the venue's own windows begin; what was taken leaves the window that long
    after the answer, as nobody knows when the call came in. Seconds are this machine's, also while an emulated market
    is followed: a limit is of requests in real time.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._end = weakref.finalize(self, self._connection.close)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)
        self._unanswered: dict[tuple[str, str], list[int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def take(self, venue: str, name: str, pool: Pool, weight: int) -> float:
        """Take a weight, if it is free.

        Parameters
        ----------
        venue, name, pool
            The venue, and the name and limit of the pool.
        weight
            What is wanted.

        Returns
        -------
        float
            0 where it was taken; else seconds until it is worth asking again, and nothing was taken.
        """
        now = limit_seconds()
        with _Transaction(self._connection):
            pause = self._paused(venue, now)
            if pause:
                return pause
            self._connection.execute(
                "DELETE FROM taken WHERE venue = ? AND pool = ? AND at <= ?", (venue, name, now - pool.seconds)
            )
            rows: list[tuple[float, int]] = self._connection.execute(
                "SELECT at, weight FROM taken WHERE venue = ? AND pool = ? ORDER BY at", (venue, name)
            ).fetchall()
            allowed = max(pool.weight * pool.share, weight)
            surplus = sum(taken for _, taken in rows) + weight - allowed
            if surplus <= 0:
                row = self._connection.execute("INSERT INTO taken VALUES (?, ?, ?, ?)", (venue, name, now, weight))
                self._unanswered.setdefault((venue, name), []).append(int(row.lastrowid or 0))
                return 0.0
        return _free_after(rows, surplus, now - pool.seconds)

    def answered(self, venue: str, name: str) -> None:
        """Note that the oldest call without an answer has one, or is given up."""
        row = self._unanswered[venue, name].pop(0)
        with _Transaction(self._connection):
            self._connection.execute(
                "UPDATE taken SET at = ? WHERE rowid = ? AND venue = ? AND pool = ?",
                (limit_seconds(), row, venue, name),
            )

    def observe(self, venue: str, name: str, pool: Pool, used: int) -> None:
        """Note what the venue says was used in the running window: others may sit behind the same address."""
        now = limit_seconds()
        with _Transaction(self._connection):
            (own,) = self._connection.execute(
                "SELECT COALESCE(SUM(weight), 0) FROM taken WHERE venue = ? AND pool = ? AND at > ?",
                (venue, name, now - pool.seconds),
            ).fetchone()
            if used > own:
                self._connection.execute("INSERT INTO taken VALUES (?, ?, ?, ?)", (venue, name, now, used - own))

    def pause(self, venue: str, seconds: float, words: str) -> None:
        """Let no process ask the venue for some seconds."""
        until = limit_seconds() + seconds
        with _Transaction(self._connection):
            self._connection.execute(
                "INSERT INTO pauses VALUES (?, ?, ?) ON CONFLICT (venue) DO UPDATE SET until = excluded.until, "
                "words = excluded.words WHERE excluded.until > pauses.until",
                (venue, until, words),
            )

    def is_paused(self, venue: str) -> bool:
        """Return whether the venue asked for a silence that is not over."""
        return self._paused(venue, limit_seconds()) > 0

    def _paused(self, venue: str, now: float) -> float:
        row = self._connection.execute("SELECT until FROM pauses WHERE venue = ?", (venue,)).fetchone()
        return max(0.0, row[0] - now) if row else 0.0


class _Transaction:
    """A transaction that other processes wait for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.execute("ROLLBACK" if kind else "COMMIT")


def _free_after(rows: list[tuple[float, int]], surplus: float, begin: float) -> float:
    """Return the seconds until so much weight has left the window that began at ``begin``."""
    for at, weight in rows:
        surplus -= weight
        if surplus <= 0:
            return max(at - begin, _SHORTEST_WAIT)
    return max(rows[-1][0] - begin, _SHORTEST_WAIT) if rows else _SHORTEST_WAIT
