"""Bytes of the raw log: records that prove themselves, one after the other.

A record is ``mark (2) | length (4) | checksum (8) | receive time (8) | source (4) | kind (1) | payload``, numbers
little-endian. The checksum is XXH3-64 of what follows it. A segment begins with :attr:`Kind.BEGIN` and, if it was
closed in order, ends with :attr:`Kind.END`, whose payload holds how many records and bytes came before and their
XXH3-128.
"""

import struct
from enum import IntEnum
from typing import Final

import msgspec
from xxhash import xxh3_64_intdigest

MARK: Final = b"\xabR"
LARGEST: Final = 64 << 20
_HEAD: Final = struct.Struct("<2sIQ")
_BODY: Final = struct.Struct("<qIB")
OVERHEAD: Final = _HEAD.size + _BODY.size


class Kind(IntEnum):
    """What a record of the raw log is."""

    BEGIN = 1
    """First of a segment: JSON of :class:`Begin`."""
    SOURCE = 2
    """A connection, as JSON; frames name it by number. Repeated in each segment while it is open."""
    FRAME = 3
    """A websocket message, as it came."""
    ANSWER = 4
    """A REST answer: length (4) of a JSON heading, heading, body."""
    NOTE = 5
    """What the collector noticed, as JSON: connected, lost, silent, dropped, clock jump, tick."""
    END = 6
    """Last of a closed segment: JSON of :class:`End`."""


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """How a segment begins: format, number, when its file was made (UTC ns), and which code made it."""

    format: int = 1
    segment: int
    began: int
    code: str = ""


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a segment ends.

    Parameters
    ----------
    records, length, checksum
        How many records and bytes came before, and XXH3-128 of those bytes as hex.
    torn
        Bytes of an unfinished record that recovery cut off after a crash; 0 for a segment that was closed in order.
    """

    records: int
    length: int
    checksum: str
    torn: int = 0


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record: where it ends in its segment, when it was received (UTC ns), of which source, what, and the bytes."""

    end: int
    received: int
    source: int
    kind: int
    payload: bytes


class Parsed(msgspec.Struct, frozen=True):
    """Records of a stretch of bytes, where the next would begin, and whether what is there is no record."""

    records: list[Record]
    end: int
    broken: bool


def encode(kind: int, source: int, payload: bytes, received: int) -> bytes:
    """Return the bytes of one record."""
    body = _BODY.pack(received, source, kind) + payload
    return _HEAD.pack(MARK, len(body), xxh3_64_intdigest(body)) + body


def parse(data: bytes, start: int, base: int = 0, limit: int = 1 << 62) -> Parsed:
    """Return the records that begin at ``start``, up to the first that is unfinished or broken.

    Parameters
    ----------
    data
        Bytes of a segment, from ``base`` on.
    start
        Where in ``data`` a record begins.
    base
        Place of ``data`` in its segment.
    limit
        How many records at most.
    """
    records: list[Record] = []
    size = len(data)
    while start + _HEAD.size <= size and len(records) < limit:
        mark, length, checksum = _HEAD.unpack_from(data, start)
        if mark != MARK or not _BODY.size <= length <= LARGEST:
            return Parsed(records, start, broken=True)
        first, last = start + _HEAD.size, start + _HEAD.size + length
        if last > size:
            break
        body = data[first:last]
        if xxh3_64_intdigest(body) != checksum:
            return Parsed(records, start, broken=True)
        received, source, kind = _BODY.unpack_from(body)
        records.append(Record(base + last, received, source, kind, body[_BODY.size :]))
        start = last
    return Parsed(records, start, broken=False)


def next_record(data: bytes, start: int) -> int:
    """Return where the next sound record begins after ``start``; -1 if there is none in ``data``."""
    results = data.find(MARK, start + 1)
    while results >= 0:
        if parse(data, results, limit=1).records:
            return results
        results = data.find(MARK, results + 1)
    return -1
