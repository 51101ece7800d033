"""Follows a raw log into the tail, and the tail into the lake: live beside the recording, or once for a replay."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from runout.clock import monotonic_seconds
from runout.collect.gap_rows import Output
from runout.collect.health import Health
from runout.collect.normaliser import Normaliser
from runout.errors import LakeError
from runout.lake import Lake
from runout.lake.raw_reader import Cursor, Position
from runout.lake.raw_segments import remove_before
from runout.lake.tail import TAIL_FILE, Tail
from runout.sources.venue import Venue

_CHECKPOINT_ROWS = 50_000
_DELIVERED = "delivered"
"""Name of the tail in a collector's folder."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often the normaliser saves where it is, and the tail goes to the lake.

    Parameters
    ----------
    checkpoint_seconds
        Between checkpoints: what a restart reads again.
    deliver_seconds
        Between deliveries to the tables of the lake.
    compact_deliveries
        Between compactions of them: each delivery leaves files, and nobody else may be there to put them together.
    replaced_hours
        Age at which files that were put together, or replaced otherwise, are removed.
    keep_seconds
        Age at which segments that were read may be removed; 0: never.
    """

    checkpoint_seconds: float = 5.0
    deliver_seconds: float = 60.0
    compact_deliveries: int = 60
    replaced_hours: int = 24
    keep_seconds: float = 0.0


class Status(msgspec.Struct, kw_only=True):
    """What the follower last said of itself.

    Parameters
    ----------
    position
        How far in the raw log it is.
    read, rows
        Records read and rows stored by this process.
    behind
        UTC ns of receive time up to which all is read.
    passed_bytes
        Bytes of the log that were no records.
    fault
        What it waits for; empty if nothing.
    health
        How the feeds are.
    """

    position: Position
    read: int = 0
    rows: int = 0
    behind: int = 0
    passed_bytes: int = 0
    fault: str = ""
    health: Health = msgspec.field(default_factory=Health)


class Follower:
    """Reads a raw log from where the tail says that it stopped.

    Parameters
    ----------
    folder
        Folder of the raw log.
    venue_of
        Returns a venue by name.
    tail, lake
        Where rows go at once, and later.
    pace
        How often.
    """

    def __init__(
        self, folder: Path, venue_of: Callable[[str], Venue], tail: Tail, lake: Lake, pace: Pace | None = None
    ) -> None:
        self._tail, self._lake, self._pace = tail, lake, pace or Pace()
        place = tail.state("position")
        position = msgspec.json.decode(place, type=Position) if place else Position()
        self._cursor = Cursor(folder, position)
        self._normaliser = Normaliser(venue_of, tail.state("normaliser"))
        self.status = Status(position=position)
        self._folder = folder
        self._saved = self._delivered = monotonic_seconds()
        self._deliveries = 0
        self._since_save = 0
        self._after = position
        self._through: int | None = None
        tail.commit({}, state={_DELIVERED: msgspec.json.encode(None)})

    def step(self, limit: int = 20_000) -> bool:
        """Read on, at most ``limit`` records, and return whether there was anything to read.

        Raises
        ------
        LakeError
            If the tail cannot be written; what was read since the last checkpoint is read again after a restart.
        """
        records = self._cursor.read(limit)
        for record in records:
            ended = self._normaliser.take(record)
            self.status.behind = max(self.status.behind, record.received)
            self._after = Position(self._cursor.origin, record.end)
            if ended:
                self._store(self._normaliser.output())
                self._through = record.received
        self.status.read += len(records)
        self.status.passed_bytes = self._cursor.passed_bytes
        if monotonic_seconds() - self._delivered >= self._pace.deliver_seconds:
            self.deliver()
        return bool(records)

    def drain(self) -> None:
        """Read to the end, make rows of the last slot too, and bring all to the lake."""
        while self.step():
            pass
        self.end()

    def end(self) -> None:
        """Make rows of what was read, save, and bring all to the lake.

        Raises
        ------
        LakeError
            If the lake cannot be written; the rows stay.
        """
        self._normaliser.finish()
        self._store(self._normaliser.output(), at_once=True)
        self.deliver()
        if self.status.fault:
            raise LakeError(self.status.fault)

    def deliver(self) -> None:
        """Bring the rows of the tail to the lake; if it cannot be written they stay, and :attr:`status` says so."""
        self._delivered = monotonic_seconds()
        try:
            self._tail.deliver(self._lake)
            self._tail.commit({}, state={_DELIVERED: msgspec.json.encode(self._through)})
            self.status.fault = ""
            self._deliveries += 1
            if self._deliveries % self._pace.compact_deliveries == 0:
                self._lake.compact(self._pace.replaced_hours)
        except LakeError as error:
            self.status.fault = str(error)
        with contextlib.suppress(OSError):
            remove_before(self._folder, self.status.position.segment, self._pace.keep_seconds)

    def _store(self, output: Output, *, at_once: bool = False) -> None:
        """Store what the finished slots gave; where it came from is saved with it every few seconds."""
        state: dict[str, bytes] = {}
        due = monotonic_seconds() - self._saved >= self._pace.checkpoint_seconds
        if at_once or due or self._since_save > _CHECKPOINT_ROWS:
            self.status.position, self.status.health = self._after, self._normaliser.health
            state = {
                "position": msgspec.json.encode(self._after),
                "normaliser": self._normaliser.state(),
                "status": msgspec.json.encode(self.status),
            }
            self._saved, self._since_save = monotonic_seconds(), 0
        tables = output.rows()
        if tables or output.series or state:
            added = self._tail.commit(tables, output.series.values(), state)
            self.status.rows += added
            self._since_save += sum(table.height for table in tables.values())


def delivered_through(folder: Path) -> int | None:
    """Return the receive time (UTC ns) up to which rows of a collector are in the lake; None before it has delivered.

    What the lake says of a moment up to it does not change by what the collector brings later.
    """
    try:
        tail = Tail(folder / TAIL_FILE, read_only=True)
    except LakeError:
        return None
    try:
        text = tail.state(_DELIVERED)
    finally:
        tail.close()
    return None if text is None else msgspec.json.decode(text, type=int | None)
