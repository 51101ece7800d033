"""What sockets and polls write through: the raw log, numbers of sources, proof of life, and the collector's notes."""

import asyncio
import itertools
from collections.abc import Callable

import msgspec

from runout.clock import NANOSECONDS_PER_SECOND, followed, monotonic_seconds, now_ns
from runout.collect.notes import Closed, Dropped, Heading, Jumped, Note, Opened, Source, Tick, pack_answer
from runout.lake.raw_format import Kind
from runout.lake.raw_log import RawLog

_JUMP_SECONDS = 0.5
_SOURCES_A_SEGMENT = 10_000


class Recorder:
    """Writes what comes in to the raw log before anything reads it.

    Parameters
    ----------
    log
        The raw log.
    clock
        Returns UTC ns.
    pace
        Seconds of that clock in a second; 0: as the clock that is followed.

    Attributes
    ----------
    urgent
        Set where a liquidation came: somebody may wait for its slot to end.
    """

    def __init__(self, log: RawLog, clock: Callable[[], int] = now_ns, pace: float = 0.0) -> None:
        self.log = log
        self.clock = clock
        self.pace = pace or pace_of_clock()
        self.dropped = 0
        self.jumps = 0
        self.urgent = asyncio.Event()
        self._numbers = itertools.count(log.segment * _SOURCES_A_SEGMENT % (1 << 32))
        self._alive: dict[int, tuple[int, int, int]] = {}
        self._offset = self._clock_offset()

    def open(self, source: Source) -> int:
        """Describe a new source and return its number."""
        number = next(self._numbers)
        self.log.open_source(number, msgspec.json.encode(source), self.clock())
        return number

    def opened(self, number: int) -> None:
        """Note that a source is subscribed."""
        self.note(Opened(number))

    def close(self, number: int, cause: str, *, planned: bool = False) -> None:
        """Note that a source ended, after what it proved."""
        self._say_alive(regular=False)
        self.note(Closed(number, cause, planned=planned))
        self.log.close_source(number)

    def frame(self, number: int, payload: bytes, received: int) -> None:
        """Keep a frame."""
        self.log.append(Kind.FRAME, number, payload, received)

    def answer(self, number: int, heading: Heading, body: bytes, received: int) -> None:
        """Keep an answer."""
        self.log.append(Kind.ANSWER, number, pack_answer(heading, body), received)

    def prove(self, number: int, received: int) -> None:
        """Count a frame of data: it proves that the source lives."""
        count, first, _ = self._alive.get(number, (0, received, 0))
        self._alive[number] = (count + 1, first, received)

    def note(self, note: Note) -> None:
        """Keep a note."""
        self.log.append(Kind.NOTE, 0, msgspec.json.encode(note), self.clock())

    def tick(self) -> None:
        """Note what lives, what was dropped, and whether the clock was set: every second, sooner where it is urgent."""
        self.urgent.clear()
        offset = self._clock_offset()
        if abs(offset - self._offset) > _JUMP_SECONDS * self.pace:
            self.jumps += 1
            self.note(Jumped(round((offset - self._offset) * NANOSECONDS_PER_SECOND)))
        self._offset = offset
        if dropped := self.log.take_dropped():
            self.dropped += dropped.count
            cause = f"{dropped.count} records dropped: the disk took none ({self.log.last_fault or 'too slow'})"
            self.note(Dropped(count=dropped.count, since=dropped.first, until=dropped.last, cause=cause))
        self._say_alive(regular=True)

    def _say_alive(self, *, regular: bool) -> None:
        alive, self._alive = self._alive, {}
        self.note(Tick(alive, regular=regular))

    def _clock_offset(self) -> float:
        return self.clock() / NANOSECONDS_PER_SECOND - monotonic_seconds() * self.pace


def pace_of_clock() -> float:
    """Return seconds of our clock in a second: 1, or the speed of the emulated market that is followed."""
    emulated = followed()
    return emulated.speed if emulated else 1.0
