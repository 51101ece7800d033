"""What the collector writes into the raw log about itself, so that a replay knows what a live run knew."""

import msgspec

from runout.sources.venue import Call, Connection


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Description of one opened socket, or of one repeated call.

    Parameters
    ----------
    venue, feed
        Venue folder; name of the connection or call, the same for all its copies and over all reconnects.
    copy
        Which of several overlapping copies.
    kinds
        Record kinds it carries.
    limit
        Seconds of silence after which it does not prove anything any more.
    pace
        Seconds of the clock of receive times in a second: not 1 where an emulated market's clock is followed.
    """

    venue: str
    feed: str
    copy: int = 0
    kinds: tuple[str, ...]
    limit: float
    pace: float = 1.0


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before the body of an answer: the call, status and headers."""

    call: Call
    status: int
    headers: dict[str, str] = {}


class Began(msgspec.Struct, frozen=True, tag="began"):
    """The collector started; ``clock`` is the emulated clock that it follows, empty for our own."""

    clock: str = ""


class Stopped(msgspec.Struct, frozen=True, tag="stopped"):
    """The collector was stopped in order."""


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """The collector lives: of each source that received data since the last tick, how many frames, first and last when.

    ``alive`` is source → [data frames, receive time of the first and of the last (UTC ns)]. A regular tick ends a slot
    of the log; what a source proved is also noted when it ends.
    """

    alive: dict[int, tuple[int, int, int]]
    regular: bool = True


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """A socket finished its handshake and sent its subscriptions."""

    source: int


class Closed(msgspec.Struct, frozen=True, tag="closed"):
    """A source ended; ``cause`` says why in words, ``planned`` whether another had taken over."""

    source: int
    cause: str
    planned: bool = False


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """A feed could not be opened or asked; ``cause`` in words."""

    venue: str
    feed: str
    cause: str


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """Frames of a stream are missing on one source: by a sequence number, or because it was refused or never spoke.

    ``count`` is how many (0: unknown), between ``since`` and ``until`` (UTC ns, receive times).
    """

    source: int
    kind: str
    stream: str
    cause: str
    count: int
    since: int
    until: int


class Dropped(msgspec.Struct, frozen=True, tag="dropped"):
    """Records could not be kept: how many, between ``since`` and ``until`` (UTC ns)."""

    count: int
    since: int
    until: int
    cause: str


class Jumped(msgspec.Struct, frozen=True, tag="jumped"):
    """Our clock was set by ``nanoseconds`` against its own steady count."""

    nanoseconds: int


class Listed(msgspec.Struct, frozen=True, tag="listed"):
    """New answers to a venue's instrument calls precede this note; ``whole`` if to all of them."""

    venue: str
    whole: bool = False


Note = Began | Stopped | Tick | Opened | Closed | Failed | Missing | Dropped | Jumped | Listed
"""Any note."""

_NOTES = msgspec.json.Decoder(Note)
_SOURCES = msgspec.json.Decoder(Source)
_HEADINGS = msgspec.json.Decoder(Heading)


def read_note(payload: bytes) -> Note:
    """Return the note of a record."""
    return _NOTES.decode(payload)


def read_source(payload: bytes) -> Source:
    """Return the description of a source."""
    return _SOURCES.decode(payload)


def pack_answer(heading: Heading, body: bytes) -> bytes:
    """Return the payload of an answer."""
    head = msgspec.json.encode(heading)
    return len(head).to_bytes(4, "little") + head + body


def unpack_answer(payload: bytes) -> tuple[Heading, bytes]:
    """Return heading and body of an answer's payload."""
    end = 4 + int.from_bytes(payload[:4], "little")
    return _HEADINGS.decode(payload[4:end]), payload[end:]


def source_of(connection: Connection, copy: int, limit: float, pace: float) -> Source:
    """Return the description of a copy of a connection."""
    kinds = tuple(dict.fromkeys(stream.kind for stream in connection.streams))
    return Source(venue=connection.venue, feed=connection.name, copy=copy, kinds=kinds, limit=limit, pace=pace)
