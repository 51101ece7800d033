"""Segments of the raw log as files: names, recovery after a crash, compression, checks, removal."""

import os
import re
from pathlib import Path
from typing import Final

import msgspec
import zstandard
from xxhash import xxh3_128_hexdigest

from runout.clock import to_datetime
from runout.errors import NotEnoughDataError
from runout.lake.raw_format import OVERHEAD, End, Kind, Record, encode, next_record, parse

_NAME: Final = re.compile(r"(\d{8,})-\d{8}T\d{6}Z\.log(\.zst)?")
_LEVEL: Final = 6


class Segment(msgspec.Struct, frozen=True, order=True):
    """A file of the raw log: its number, where it lies, and whether it is compressed."""

    number: int
    path: Path
    compressed: bool

    @classmethod
    def fresh(cls, folder: Path, number: int, began: int) -> "Segment":
        """Return the segment that begins at a moment (UTC ns), not compressed."""
        return cls(number, folder / f"{number:08d}-{to_datetime(began):%Y%m%dT%H%M%SZ}.log", compressed=False)

    def read(self) -> bytes:
        """Return the bytes of the segment, decompressed.

        A damaged compressed file raises ``zstandard.ZstdError``.
        """
        data = self.path.read_bytes()
        if not self.compressed:
            return data
        return zstandard.ZstdDecompressor().stream_reader(data).read()


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of a segment found.

    Parameters
    ----------
    segment, records, length, stored
        Number; sound records; bytes of records; bytes of the file.
    first, last
        Receive times (UTC ns) of the first and last record; null where there is none.
    closed
        Whether it ends in order.
    torn
        Bytes cut off when it was recovered after a crash.
    faults
        What is wrong, a sentence each; none for a sound segment.
    """

    segment: int
    records: int
    length: int
    stored: int
    first: int | None
    last: int | None
    closed: bool
    torn: int
    faults: tuple[str, ...]


def segments(folder: Path) -> list[Segment]:
    """Return the segments in a folder by number; of one that is there twice (a crash in compression) the plain file."""
    results: dict[int, Segment] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if named := _NAME.fullmatch(path.name):
            segment = Segment(int(named[1]), path, compressed=named[2] is not None)
            if segment.number not in results or not segment.compressed:
                results[segment.number] = segment
    return [results[number] for number in sorted(results)]


def recover(segment: Segment) -> int:
    """Close a segment that a crash left open, and return how many bytes of an unfinished record were cut off.

    The bytes stay beside it as ``.torn``. What is damaged in the middle is left for :func:`check` to report.
    """
    data = segment.read()
    records, sound = _records(data)
    if records and records[-1].kind == Kind.END:
        return 0
    torn = data[sound:]
    if torn:
        segment.path.with_suffix(".torn").write_bytes(torn)
    end = End(records=len(records), length=sound, checksum=xxh3_128_hexdigest(data[:sound]), torn=len(torn))
    with segment.path.open("r+b") as file:
        file.truncate(sound)
        file.seek(sound)
        file.write(encode(Kind.END, 0, msgspec.json.encode(end), records[-1].received if records else 0))
        file.flush()
        os.fsync(file.fileno())
    return len(torn)


def compress(segment: Segment) -> Segment:
    """Compress a closed segment, prove that it comes out the same, and remove the plain file."""
    target = segment.path.with_name(segment.path.name + ".zst")
    partial = target.with_suffix(".partial")
    data = segment.path.read_bytes()
    packed = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(data)
    if zstandard.ZstdDecompressor().decompress(packed) != data:
        return segment
    with partial.open("wb") as file:
        file.write(packed)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)
    segment.path.unlink()
    return Segment(segment.number, target, compressed=True)


def check(segment: Segment, *, newest: bool) -> Checked:
    """Check each record of a segment and what its end says.

    Parameters
    ----------
    segment
        File of the raw log.
    newest
        Whether it may still be written to: then an unfinished record and no end are in order.
    """
    try:
        data = segment.read()
    except zstandard.ZstdError as error:
        stored = segment.path.stat().st_size
        return Checked(
            segment=segment.number, records=0, length=0, stored=stored, first=None, last=None, closed=False, torn=0,
            faults=(f"cannot be decompressed: {error}",),
        )  # fmt: skip
    records, sound = _records(data)
    faults = _damage(records)
    ends = [record for record in records if record.kind == Kind.END]
    end = msgspec.json.decode(ends[-1].payload, type=End) if ends else None
    if sound < len(data) and not newest:
        faults.append(f"{len(data) - sound} bytes after the last sound record")
    if end is None and not newest:
        faults.append("is not closed")
    if end is not None and xxh3_128_hexdigest(data[: end.length]) != end.checksum:
        faults.append(f"checksum of the segment differs; {end.records} records were written, {len(records) - 1} read")
    return Checked(
        segment=segment.number, records=len(records), length=sound, stored=segment.path.stat().st_size,
        first=records[0].received if records else None, last=records[-1].received if records else None,
        closed=end is not None, torn=end.torn if end else 0, faults=tuple(faults),
    )  # fmt: skip


def verify(folder: Path) -> list[Checked]:
    """Check all segments of a folder, in order; a number that is absent is a fault of the next.

    Raises
    ------
    NotEnoughDataError
        If there is none.
    """
    results = segments(folder)
    if not results:
        raise NotEnoughDataError(f"no raw log in {folder}; `runout collect` makes one")
    checked: list[Checked] = []
    for segment in results:
        result = check(segment, newest=segment is results[-1])
        if checked and segment.number != checked[-1].segment + 1:
            missing = f"segments {checked[-1].segment + 1} to {segment.number - 1} are absent"
            result = msgspec.structs.replace(result, faults=(missing, *result.faults))
        checked.append(result)
    return checked


def remove_before(folder: Path, number: int, keep_seconds: float) -> int:
    """Remove compressed segments below a number, written more than ``keep_seconds`` before the newest; return how many.

    With ``keep_seconds`` 0 nothing is removed.
    """
    results = segments(folder)
    oldest = max((segment.path.stat().st_mtime for segment in results), default=0.0) - keep_seconds
    gone = [
        segment
        for segment in results
        if keep_seconds > 0 and segment.compressed and segment.number < number
        if segment.path.stat().st_mtime < oldest
    ]
    for segment in gone:
        segment.path.unlink()
    return len(gone)


def _records(data: bytes) -> tuple[list[Record], int]:
    """Return all sound records of a segment's bytes, and where the last of them ends."""
    records: list[Record] = []
    start = 0
    while 0 <= start < len(data):
        parsed = parse(data, start)
        records += parsed.records
        start = next_record(data, parsed.end) if parsed.end < len(data) else -1
    return records, records[-1].end if records else 0


def _damage(records: list[Record]) -> list[str]:
    """Return a sentence for each stretch between sound records that holds none."""
    faults: list[str] = []
    before = 0
    for record in records:
        begin = record.end - OVERHEAD - len(record.payload)
        if begin > before:
            faults.append(f"bytes {before} to {begin} are no record")
        before = record.end
    return faults
