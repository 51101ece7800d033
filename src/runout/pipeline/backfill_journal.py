"""What a backfill has asked and got, to the page: every answer is here before anything reads it."""

import fcntl
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

import msgspec

from runout.errors import UsageError
from runout.sources.venue import Answer, Call

_SCHEMA = """
CREATE TABLE IF NOT EXISTS listings (venue TEXT, number INTEGER, call BLOB, received INTEGER, body BLOB,
    PRIMARY KEY (venue, number));
CREATE TABLE IF NOT EXISTS stretches (id INTEGER PRIMARY KEY, series TEXT, since INTEGER, until INTEGER, call BLOB,
    state TEXT DEFAULT 'open', words TEXT DEFAULT '', UNIQUE (series, since, until));
CREATE TABLE IF NOT EXISTS pages (id INTEGER PRIMARY KEY, stretch INTEGER, number INTEGER, call BLOB, status INTEGER,
    headers BLOB, received INTEGER, body BLOB, stored INTEGER DEFAULT 0, UNIQUE (stretch, number));
CREATE INDEX IF NOT EXISTS pages_unstored ON pages (stored) WHERE stored = 0;
"""
_LATEST = """
SELECT id FROM (
    SELECT id, row_number() OVER (
        PARTITION BY json_extract(CAST(call AS TEXT), '$.venue', '$.path') ORDER BY id DESC
    ) AS place FROM (SELECT id, call FROM pages ORDER BY id DESC LIMIT ?)
) WHERE place <= ? ORDER BY id
"""
_LOOKED_AT = 20_000
State = Literal["open", "done", "stopped"]


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one history that is asked for.

    Parameters
    ----------
    number
        Place in the journal.
    series
        ``venue/market-SYMBOL/purpose``.
    since, until
        UTC ns.
    call
        The first call.
    state, words
        ``done``: asked to its end; ``stopped``: the venue refused, in these words; ``open``: to be gone on with.
    """

    number: int
    series: str
    since: int
    until: int
    call: Call
    state: State
    words: str = ""


class KeptPage(msgspec.Struct, frozen=True):
    """An answer as it came, and where it belongs."""

    number: int
    stretch: int
    call: Call
    answer: Answer


class Journal:
    """The journal of one lake, in an SQLite file; one process at a time writes it.

    Parameters
    ----------
    folder
        Where it is kept.

    Raises
    ------
    UsageError
        If another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._guard = (folder / "backfill.lock").open("w")
        try:
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._guard.close()
            raise UsageError(
                f"expected one backfill of this lake at a time, found another ({folder}); wait for it"
            ) from error
        self._connection = sqlite3.connect(folder / "backfill.sqlite", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._guard.close()

    # -- listings -------------------------------------------------------------------------------------------------

    def listing(self, venue: str, since: int) -> list[tuple[Call, bytes]]:
        """Return the answers to a venue's instrument calls, if they were received after ``since``."""
        rows = self._connection.execute(
            "SELECT call, body FROM listings WHERE venue = ? AND received >= ? ORDER BY number", (venue, since)
        )
        return [(_call(call), zlib.decompress(body)) for call, body in rows]

    def keep_listing(self, venue: str, number: int, call: Call, answer: Answer) -> None:
        """Keep the answer to one of a venue's instrument calls, by its place among them, instead of an earlier one."""
        self._connection.execute(
            "INSERT OR REPLACE INTO listings VALUES (?, ?, ?, ?, ?)",
            (venue, number, msgspec.json.encode(call), answer.received, zlib.compress(answer.body)),
        )

    # -- stretches ------------------------------------------------------------------------------------------------

    def stretches(self, series: str | None = None) -> list[Stretch]:
        """Return all stretches, or those of a series, in the order in which they were planned."""
        rows = self._connection.execute(
            "SELECT id, series, since, until, call, state, words FROM stretches "
            "WHERE series = ? OR ? IS NULL ORDER BY id",
            (series, series),
        )
        return [
            Stretch(number=n, series=s, since=since, until=until, call=_call(call), state=state, words=words)
            for n, s, since, until, call, state, words in rows
        ]

    def begin(self, series: str, since: int, until: int, call: Call) -> Stretch:
        """Return a stretch, entered where it is new."""
        self._connection.execute(
            "INSERT OR IGNORE INTO stretches (series, since, until, call) VALUES (?, ?, ?, ?)",
            (series, since, until, msgspec.json.encode(call)),
        )
        return next(s for s in self.stretches(series) if (s.since, s.until) == (since, until))

    def close(self, stretch: Stretch, state: State, words: str = "") -> None:
        """Note how a stretch ended."""
        self._connection.execute(
            "UPDATE stretches SET state = ?, words = ? WHERE id = ?", (state, words, stretch.number)
        )

    # -- pages ----------------------------------------------------------------------------------------------------

    def keep(self, stretch: Stretch, number: int, call: Call, answer: Answer) -> KeptPage:
        """Keep an answer as it came."""
        cursor = self._connection.execute(
            "INSERT INTO pages (stretch, number, call, status, headers, received, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                stretch.number, number, msgspec.json.encode(call), answer.status,
                msgspec.json.encode(answer.headers), answer.received, zlib.compress(answer.body),
            ),
        )  # fmt: skip
        return KeptPage(int(cursor.lastrowid or 0), stretch.number, call, answer)

    def last_pages(self, stretch: Stretch, count: int) -> list[tuple[int, KeptPage]]:
        """Return the last pages of a stretch with their places, in the order in which they came."""
        rows = self._connection.execute(
            "SELECT number, id, stretch, call, status, headers, received, body FROM pages WHERE stretch = ? "
            "ORDER BY number DESC LIMIT ?",
            (stretch.number, count),
        ).fetchall()
        return [(row[0], _page(row[1:])) for row in reversed(rows)]

    def latest(self, count: int) -> Iterator[KeptPage]:
        """Give the pages that came last on each path of a venue, of all stretches, in the order in which they came."""
        numbers = self._connection.execute(_LATEST, (_LOOKED_AT, count)).fetchall()
        yield from (self.page(number) for (number,) in numbers)

    def unstored(self) -> Iterator[KeptPage]:
        """Give the pages whose rows are not known to be in the lake."""
        numbers = [
            n for (n,) in self._connection.execute("SELECT id FROM pages WHERE stored = 0 ORDER BY id").fetchall()
        ]
        yield from map(self.page, numbers)

    def page(self, number: int) -> KeptPage:
        """Return a page by its number."""
        row = self._connection.execute(
            "SELECT id, stretch, call, status, headers, received, body FROM pages WHERE id = ?", (number,)
        ).fetchone()
        return _page(row)

    def answered(self, stretch: Stretch) -> dict[object, int]:
        """Return what was sent for a stretch, and the number of the page that answered it."""
        rows = self._connection.execute("SELECT call, id FROM pages WHERE stretch = ? ORDER BY id", (stretch.number,))
        return {_call(call).request(): number for call, number in rows}

    def mark_stored(self, pages: list[int]) -> None:
        """Note that the rows of pages are in the lake."""
        self._connection.execute("BEGIN")
        self._connection.executemany("UPDATE pages SET stored = 1 WHERE id = ?", [(page,) for page in pages])
        self._connection.execute("COMMIT")

    def counts(self) -> tuple[int, int]:
        """Return how many pages are kept, and bytes of them as kept."""
        pages, size = self._connection.execute("SELECT COUNT(*), COALESCE(SUM(LENGTH(body)), 0) FROM pages").fetchone()
        return pages, size


def _call(encoded: bytes) -> Call:
    return msgspec.json.decode(encoded, type=Call)


def _page(row: tuple[int, int, bytes, int, bytes, int, bytes]) -> KeptPage:
    number, stretch, call, status, headers, received, body = row
    answer = Answer(
        status=status,
        headers=msgspec.json.decode(headers, type=dict[str, str]),
        body=zlib.decompress(body),
        received=received,
    )
    return KeptPage(number, stretch, _call(call), answer)
