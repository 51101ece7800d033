"""Reading the raw log from a place on, also while it is written."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import zstandard

from runout.lake.raw_format import Kind, Record, next_record, parse
from runout.lake.raw_segments import Segment, segments

_CHUNK = 4 << 20


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in a raw log: segment, and byte in it (not compressed) where the next record begins."""

    segment: int = 0
    offset: int = 0


class Cursor:
    """Reads a raw log from a position on; at the end it returns nothing, and can be asked again.

    Parameters
    ----------
    folder
        Folder of the segments.
    position
        Where to begin.

    Notes
    -----
    An unfinished record at the end of the newest segment is awaited. Once a newer segment exists it is what a crash
    left, and is passed over; so is damage in the middle. Both are counted in :attr:`passed_bytes`.
    """

    def __init__(self, folder: Path, position: Position | None = None) -> None:
        self.folder = folder
        self.position = position or Position()
        self.passed_bytes = 0
        self.origin = self.position.segment
        self._segment: Segment | None = None
        self._fd = -1
        self._data = b""
        self._base = 0
        self._segments: list[Segment] = []
        self._changed = 0

    def read(self, limit: int = 20_000) -> list[Record]:
        """Return the next records, all of one segment; none if there are no more yet."""
        while self._segment is not None or self._open():
            parsed = parse(self._data, self.position.offset - self._base, self._base, limit)
            self.position = Position(self.position.segment, self._base + parsed.end)
            if parsed.records:
                self.origin = self.position.segment
                if parsed.records[-1].kind == Kind.END:
                    self._leave()
                return parsed.records
            if not self._more():
                superseded = self._is_superseded()
                if not self._more() and not self._pass_over(superseded=superseded, broken=parsed.broken):
                    break
        return []

    def close(self) -> None:
        """Let go of the open file."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._segment, self._data = -1, None, b""

    def _open(self) -> bool:
        segment = next((item for item in self._listed() if item.number >= self.position.segment), None)
        if segment is None:
            return False
        if segment.number > self.position.segment:
            self.position = Position(segment.number, 0)
        try:
            if segment.compressed:
                self._data, self._base = segment.read(), 0
            else:
                self._fd = os.open(segment.path, os.O_RDONLY)
                self._data, self._base = b"", self.position.offset
        except FileNotFoundError:  # It was compressed or removed since it was listed: look again.
            self._changed = 0
            return self._open()
        except zstandard.ZstdError:
            self.passed_bytes += segment.path.stat().st_size
            self.position = Position(segment.number + 1, 0)
            return self._open()
        self._segment = segment
        return True

    def _more(self) -> bool:
        """Read on in the file, and return whether there is anything new.

        What was read of an unfinished record is read again: recovery may have put an end in its place.
        """
        if self._fd < 0:
            return False
        rest = self._data[self.position.offset - self._base :]
        self._data = os.pread(self._fd, max(_CHUNK, 2 * len(rest)), self.position.offset)
        self._base = self.position.offset
        return self._data != rest

    def _pass_over(self, *, superseded: bool, broken: bool) -> bool:
        """Go on behind what is no record, and return whether there is anything to go on with."""
        rest = self._data[self.position.offset - self._base :]
        if not superseded and not (broken and self._fd < 0):
            return False
        following = next_record(rest, 0) if rest else -1
        if following >= 0:
            self.passed_bytes += following
            self.position = Position(self.position.segment, self.position.offset + following)
            return True
        self.passed_bytes += len(rest)
        self._leave()
        return True

    def _is_superseded(self) -> bool:
        return any(segment.number > self.position.segment for segment in self._listed())

    def _listed(self) -> list[Segment]:
        """Return the segments; the folder is read again only if it has changed."""
        changed = self.folder.stat().st_mtime_ns if self.folder.is_dir() else 0
        if changed != self._changed or not self._segments:
            self._segments, self._changed = segments(self.folder), changed
        return self._segments

    def _leave(self) -> None:
        number = self.position.segment
        self.close()
        self.position = Position(number + 1, 0)


def read_all(folder: Path, position: Position | None = None) -> Iterator[tuple[Position, list[Record]]]:
    """Yield all records from a position to the end, in batches, with the position after each batch."""
    cursor = Cursor(folder, position)
    while records := cursor.read():
        yield cursor.position, records
    cursor.close()
