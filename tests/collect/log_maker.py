"""Writes raw logs as a collector would, on a clock of the test's own."""

from pathlib import Path

import msgspec

from collect import example_venue
from runout.clock import NANOSECONDS_PER_SECOND
from runout.collect.notes import Began, Closed, Heading, Listed, Note, Opened, Source, Stopped, Tick, pack_answer
from runout.lake.raw_format import Kind
from runout.lake.raw_log import Policy, RawLog

SECOND = NANOSECONDS_PER_SECOND
START = 1_700_000_000 * SECOND // (60 * SECOND) * (60 * SECOND)


class LogMaker:
    """A raw log that a test writes, a second at a time."""

    def __init__(self, folder: Path, start: int = START, clock: str = "") -> None:
        self.log = RawLog(folder, Policy(sync_seconds=-1.0, flush_seconds=0.0))
        self.now = start
        self._next = self.log.segment * 100
        self._alive: dict[int, tuple[int, int, int]] = {}
        self._ticks = 0
        self.note(Began(clock))
        for call, symbol in zip(example_venue.calls(), example_venue.SYMBOLS, strict=True):
            body = msgspec.json.encode([symbol])
            self.log.append(Kind.ANSWER, 0, pack_answer(Heading(call=call, status=200), body), self.now)
        self.note(Listed(venue="example"))

    def note(self, note: Note) -> None:
        self.log.append(Kind.NOTE, 0, msgspec.json.encode(note), self.now)

    def open(self, feed: str, *kinds: str, copy: int = 0, limit: float = 2.0) -> int:
        self._next += 1
        source = Source(venue="example", feed=feed, copy=copy, kinds=kinds, limit=limit)
        self.log.open_source(self._next, msgspec.json.encode(source), self.now)
        self.note(Opened(self._next))
        return self._next

    def frame(self, source: int, payload: bytes) -> None:
        self.log.append(Kind.FRAME, source, payload, self.now)
        count, first, _ = self._alive.get(source, (0, self.now, 0))
        self._alive[source] = (count + 1, first, self.now)

    def tick(self) -> None:
        self._ticks += 1
        self.note(Tick(self._alive, regular=self._ticks % 5 == 0))
        self._alive = {}

    def end(self, source: int, cause: str, *, planned: bool = False) -> None:
        self.tick()
        self.note(Closed(source, cause, planned=planned))
        self.log.close_source(source)

    def second(self, *sources: int, marks: bool = True) -> None:
        """Let a second pass in which each source gives its canary."""
        self.now += SECOND
        for source in sources if marks else ():
            self.frame(source, example_venue.mark(self.now))
        self.tick()

    def stop(self) -> None:
        self.note(Stopped())
        self.log.close()
