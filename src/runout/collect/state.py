"""What the normaliser must remember between two moments of a raw log: everything a restart needs."""

import msgspec

from runout.clock import format_time
from runout.collect.coverage import Coverage
from runout.collect.health import Health
from runout.collect.notes import Source
from runout.records import Series
from runout.sources.venue import Call, Instrument


class Clock(msgspec.Struct):
    """The latest event time of a feed (UTC ns, the venue's clock), and when we received it (ours)."""

    event: int
    received: int

    def venue_time(self, received: int) -> int:
        """Return a moment of our clock on the venue's."""
        return received - (self.received - self.event)


class Hole(msgspec.Struct, frozen=True):
    """A gap of a feed (UTC ns, the venue's clock), its cause, and of which kind and stream (empty: of all)."""

    since: int
    until: int
    cause: str
    kind: str = ""
    stream: str = ""


class State(msgspec.Struct, kw_only=True):
    """State of a normaliser.

    Parameters
    ----------
    sources, coverage, health
        Open sources; what is proven of feeds; how they are.
    instruments, answers
        Instruments by venue; answers to instrument calls that were not read yet.
    clocks
        By (venue, feed); the venue's own under an empty feed.
    holes
        Gaps of each feed, the latest: bars are not made of them, and a series that first speaks later has them too.
    feed_of, scopes
        Feed and scope of each series.
    since
        Time (the venue's clock) from which each series of bars is whole.
    minutes
        Last minute stored of each series that speaks more often.
    bars
        Open bars by venue.
    synthetic
        Whether the market is emulated: its series say so, in a replay too.
    written
        End (our clock, the venue's clock) of the last gap of each feed, so that pieces of an outage join.
    ended
        Of series whose contract was delisted: when, UTC ns.
    """

    sources: dict[int, Source] = {}
    coverage: Coverage = msgspec.field(default_factory=Coverage)
    health: Health = msgspec.field(default_factory=Health)
    instruments: dict[str, tuple[Instrument, ...]] = {}
    answers: dict[str, list[tuple[Call, bytes]]] = {}
    clocks: dict[tuple[str, str], Clock] = {}
    holes: dict[tuple[str, str], list[Hole]] = {}
    feed_of: dict[str, tuple[str, str]] = {}
    scopes: dict[str, Series] = {}
    since: dict[str, int] = {}
    minutes: dict[str, int] = {}
    bars: dict[str, bytes] = {}
    synthetic: bool = False
    written: dict[tuple[str, str], tuple[int, int]] = {}
    ended: dict[str, int] = {}

    def note(self, series: Series) -> str:
        """Return the caveats of a series, with its end where its contract was delisted."""
        end = self.ended.get(series.series)
        return series.note if end is None else f"{series.note} delisted {format_time(end)}".strip()


_DECODER = msgspec.msgpack.Decoder(State)


def dump(state: State) -> bytes:
    """Return the state as bytes."""
    return msgspec.msgpack.encode(state)


def load(data: bytes | None) -> State:
    """Return the state in bytes; a new one if there are none, or if another version of the code wrote them."""
    if data is None:
        return State()
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError:
        return State()
