"""The form that every emulated venue fills: contracts, routes, limits, errors, streams."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from runout.clock import NANOSECONDS_PER_SECOND
from runout.emulator.contracts import Contract

if TYPE_CHECKING:
    from runout.emulator.desk import Desk
    from runout.emulator.wire import Socket

MILLISECOND = 1_000_000
FOREVER = 4_102_444_800_000 * MILLISECOND


class Reply(msgspec.Struct, frozen=True):
    """An answer of HTTP: status, body, headers."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):  # noqa: N818 - an outcome that every venue words in its own way
    """A call that the venue answers with an error; ``kind`` is a key of the venue's errors.

    Kinds: ``symbol`` (unknown or delisted), ``parameter``, ``too-old``, ``path``, ``slow-down``, ``banned``,
    ``blocked`` (this country), ``broken`` (the server's fault), ``key`` (one is needed).
    """

    def __init__(self, kind: str, words: str = "", seconds: float = 0.0) -> None:
        super().__init__(kind, words, seconds)
        self.kind, self.words, self.seconds = kind, words, seconds


class Query:
    """What a call asks for.

    Parameters
    ----------
    parameters
        Of the query string, of the path's braces, and of a JSON body.
    faults
        Paging faults that befall this call: ``overlap``, ``short-page``, ``empty``.
    """

    def __init__(self, parameters: dict[str, Any], faults: frozenset[str] = frozenset()) -> None:
        self.parameters, self.faults = parameters, faults

    def text(self, name: str, default: str | None = None) -> str:
        """Return a parameter; one that is missing and has no default is refused."""
        answer = self.parameters.get(name, default)
        if answer is None:
            raise Refused("parameter", f"Mandatory parameter '{name}' was not sent")
        return str(answer)

    def whole(self, name: str, default: int | None = None) -> int:
        """Return a whole-number parameter."""
        text = self.text(name, None if default is None else str(default))
        try:
            return int(text)
        except ValueError:
            raise Refused("parameter", f"Illegal characters found in parameter '{name}'") from None

    def limit(self, default: int, most: int, name: str = "limit") -> int:
        """Return the rows asked for, cut to what the venue gives."""
        rows = min(max(self.whole(name, default), 1), most)
        return max(rows * 2 // 3, 1) if "short-page" in self.faults else rows

    def span(self, since: str, until: str, unit: int = MILLISECOND) -> tuple[int, int]:
        """Return the stretch asked for, UTC ns inclusive; ``unit`` is the nanoseconds of the venue's stamps."""
        begin, end = self.whole(since, 0), self.whole(until, FOREVER // unit)
        return begin * unit, (end + 1) * unit - 1


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One path.

    Parameters
    ----------
    path
        From the base address; ``{name}`` is a part that the query gets as a parameter.
    answer
        Makes the answer: what JSON can hold, or a :class:`Reply`.
    method
        HTTP method.
    pool, weight
        Limit it counts towards, and what it takes, which may hang on the query.
    """

    path: str
    answer: Callable[["Desk", Query], Any]
    method: str = "GET"
    pool: str = "default"
    weight: int | Callable[[Query], int] = 1


class Pool(msgspec.Struct, frozen=True):
    """A limit: so much weight in so many seconds of the wire's clock, by address.

    ``header`` says what is used; ``by_path``: each path has its own.
    """

    name: str
    capacity: int
    seconds: float
    header: str = ""
    by_path: bool = False


class Law(msgspec.Struct, frozen=True, kw_only=True):
    """What exceeding a limit leads to.

    Parameters
    ----------
    patience
        Refused calls in a window before the address is banned; −1: never.
    ban_seconds
        Length of the first ban; calls during a ban make it last longer.
    longest
        No ban lasts longer than so many seconds.
    """

    patience: int = -1
    ban_seconds: float = 0.0
    longest: float = 3 * 86_400.0


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of stream.

    Parameters
    ----------
    name
        As truth counts it: ``liquidations``, ``trades``, ``ticker``, ``mark``, ``depth``, …
    produce
        Yield market time and message of a topic in a stretch of market time, in order: bytes, or what is sent as JSON.
    first
        Return the messages that a subscription begins with: a snapshot, old events.
    """

    name: str
    produce: Callable[["Desk", str, int, int], Iterable[tuple[int, Any]]]
    first: Callable[["Desk", str, int], list[bytes]] | None = None

    def payloads(self, desk: "Desk", topic: str, since: int, until: int) -> list[tuple[int, bytes]]:
        """Return market time and payload of each message of a topic in a stretch of market time, in order."""
        return [
            (time, message if isinstance(message, bytes) else msgspec.json.encode(message))
            for time, message in self.produce(desk, topic, since, until)
        ]


class StreamForm(msgspec.Struct, frozen=True, kw_only=True):
    """How a venue's websockets behave.

    Parameters
    ----------
    hosts
        Keys of its websocket addresses, and the path that each stands for.
    opened
        Called after the handshake: may subscribe from the address, or send a first frame.
    heard
        Called with every frame of the client's; subscribes, answers pings, refuses.
    feed
        Return the feed of a topic, or none where the venue knows no such topic.
    server_ping_every, pong_within
        Seconds between the server's ping frames, and after which an unanswered one ends the connection; 0: none.
    idle_close
        Seconds without a word from the client after which it is closed; 0: never.
    cut_after
        Seconds after which every connection is cut; 0: never.
    connects, connects_seconds
        Connections that an address may open in so many seconds; 0: any number.
    most_connections
        Connections that an address may hold at a time; 0: any number.
    most_topics
        Subscriptions that a connection may hold; 0: any number.
    messages, messages_seconds
        Messages that a client may send in so many seconds; 0: any number.
    gzip
        Frames are gzipped binary.
    server_ping
        Called where the server's ping is a message of its own; else it is a ping frame.
    finish
        Completes a message of data for a connection: channel numbers, running numbers.
    too_many_messages
        Close code for a client that sends too many messages.
    idle_unless_sent
        What the server sends counts against idleness too.
    idle_code
        Close code for a client that is idle or does not answer pings.
    shutdown
        Says that the server will shut down, where the venue says so.
    """

    hosts: dict[str, str] = msgspec.field(default_factory=lambda: {"stream": ""})
    opened: Callable[["Socket"], None] | None = None
    heard: Callable[["Socket", bytes], None]
    feed: Callable[["Desk", str], Feed | None]
    server_ping_every: float = 0.0
    pong_within: float = 0.0
    idle_close: float = 0.0
    cut_after: float = 0.0
    connects: int = 0
    connects_seconds: float = 0.0
    most_connections: int = 0
    most_topics: int = 0
    messages: int = 0
    messages_seconds: float = 0.0
    gzip: bool = False
    server_ping: Callable[["Socket"], None] | None = None
    finish: Callable[["Socket", str, bytes], bytes] | None = None
    too_many_messages: int = 1008
    idle_code: int = 1006
    idle_unless_sent: bool = False
    shutdown: Callable[["Socket"], None] | None = None


class VenueForm(msgspec.Struct, frozen=True, kw_only=True):
    """A venue on the wire.

    Parameters
    ----------
    name
        Its name, the first part of every address.
    contracts
        Return its contracts of coins.
    routes
        Its paths.
    refuse
        Word an error: a refusal and the market's time to an answer.
    pools, law
        Its limits, and what exceeding them leads to.
    hosts, bases
        Keys of its REST addresses, and paths that one of them may stand for.
    stream
        Its websockets, where they are emulated.
    capture
        Law of its liquidation feed from a UTC time on, in order: ``largest``, ``latest`` (one a second a symbol),
        ``complete``.
    """

    name: str
    contracts: Callable[[tuple[str, ...]], tuple[Contract, ...]]
    routes: tuple[Route, ...]
    refuse: Callable[[Refused, int], Reply]
    pools: tuple[Pool, ...] = (Pool("default", 1_000_000, 60.0),)
    law: Law = Law()
    hosts: tuple[str, ...] = ("rest",)
    bases: tuple[str, ...] = ()
    stream: StreamForm | None = None
    capture: tuple[tuple[str, str], ...] = (("1970-01-01", "complete"),)


def json_reply(body: Any, status: int = 200, *headers: tuple[str, str]) -> Reply:
    """Return an answer whose body is JSON."""
    return Reply(status, msgspec.json.encode(body), (("Content-Type", "application/json"), *headers))


def milliseconds(time: int) -> int:
    """Return UTC milliseconds of UTC nanoseconds, rounded down."""
    return int(time) // MILLISECOND


def seconds(time: int) -> int:
    """Return UTC seconds of UTC nanoseconds, rounded down."""
    return int(time) // NANOSECONDS_PER_SECOND
