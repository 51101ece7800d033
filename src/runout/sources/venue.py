"""What every venue folder answers: one form for all, so that a new venue is a form to fill.

A venue folder is pure: it says which calls to make and which messages to send, and reads the bytes that came back.
Sockets, limits, retries, files and clocks are the collector's and the pipeline's.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, runtime_checkable

import msgspec
import polars as pl

from runout.records import Series
from runout.records.series import Margin, Market
from runout.sources.facts import Facts
from runout.sources.protocol import REFUSED_SCHEMA

EVERY_COIN = "TOTAL"
"""Coin of an instrument that stands for the whole market, or for all coins in one answer: always asked for."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One contract or pair of a venue, with what turns its sizes into coins and dollars.

    Parameters
    ----------
    venue, symbol
        Venue folder and the venue's own name.
    coin
        Base asset without multiplier, under its present name: ``PEPE`` for ``1000PEPEUSDT``.
    quote
        What prices are quoted in (``USDT``, ``USD``); empty where unknown.
    market, margin
        Market segment; which collateral the contract has.
    contract_base
        Coins in one unit of size (0.01 for an OKX BTC swap, 1000 for 1000PEPE); null for contracts of dollars.
        A size is what the venue calls size or quantity: some count contracts, others coins (then it is 1).
    contract_usd
        Dollars in one unit of size (100 for Binance BTCUSD); null for contracts of coins.
    priced_coins
        Coins that a quoted price is the price of: 1000 for 1000PEPE, else 1.
    tick
        Price step, quote units.
    funding_hours
        Hours between settlements; null for dated futures and spot.
    listed, delisted
        UTC ns; null where not published.
    traded_at
        Venue where a provider's figures arose; empty for a venue's own.
    former_coin
        Name of the coin that the contract is listed under, where it has another today.
    """

    venue: str
    symbol: str
    coin: str
    quote: str = ""
    market: Market
    margin: Margin
    contract_base: float | None = None
    contract_usd: float | None = None
    priced_coins: float = 1.0
    tick: float | None = None
    funding_hours: float | None = None
    listed: int | None = None
    delisted: int | None = None
    traded_at: str = ""
    former_coin: str = ""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a venue's REST interface.

    Parameters
    ----------
    venue, purpose, symbol
        Which venue; what for (``instruments``, ``bars``, ``open_interest``, …); of which instrument, empty for all.
    host
        Key of the venue's base addresses (``venue.toml`` ``[hosts]``), which a setting may replace.
    path, parameters, method, body
        Path from the base address; query in sending order; HTTP method. Of a POST the JSON body is sent instead of the
        parameters, which only keep the window for paging.
    pool, weight
        Limit pool of ``venue.toml`` and what the call takes from it.
    since, until
        UTC ns; stretch of event times the caller wants.
    edge
        ``sequence`` of liquidations stamped ``until`` on pages before, where a cursor leads: two alike may be on two.
    """

    venue: str
    purpose: str
    symbol: str = ""
    host: str = "rest"
    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    method: Literal["GET", "POST"] = "GET"
    body: bytes = b""
    pool: str = "default"
    weight: int = 1
    since: int = 0
    until: int = 0
    edge: tuple[int, ...] = ()

    def request(self) -> tuple[str, str, tuple[tuple[str, str], ...], bytes]:
        """Return what is sent: calls for several instruments may be one request."""
        return self.host, self.path, self.parameters, self.body


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: HTTP status, headers in lower case, the bytes, receive time (UTC ns)."""

    status: int
    headers: dict[str, str]
    body: bytes
    received: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an answer is one, or what the venue said instead.

    Parameters
    ----------
    kind
        ``ok``; ``slow-down`` (wait, same address, then again); ``banned`` (nothing may be sent before ``wait`` is
        over); ``blocked`` (this country or address is refused: stop, in the venue's words); ``gone`` (no such symbol
        or path: stop this series); ``broken`` (HTML, cut JSON, server fault: try again).
    wait, words
        Seconds to stay silent; the venue's own words, cut to a line.
    used
        Weight used in the running window as the venue counts it, where a header says so.
    """

    kind: Literal["ok", "slow-down", "banned", "blocked", "gone", "broken"]
    wait: float = 0.0
    words: str = ""
    used: int | None = None


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """What a payload held.

    Parameters
    ----------
    series
        Scope of every series that occurs in ``tables``.
    tables
        Rows by record kind, columns as declared in :mod:`runout.records`, ready for the lake. ``known_time`` is the
        receive time of what came over a stream or a poll, and the end of its interval plus the series' publication
        lag in a page of history. The kind ``trades`` (:data:`runout.sources.candidates.TRADES`) goes to no lake: the
        caller makes bars of it.
    refused
        Columns ``row``, ``fault``, ``raw``.
    unknown
        Fields and enum values that no dated structure knows, with how often: kept in the raw log, counted, never fatal.
    cases
        Which case was met of what ``venue.toml`` calls unsettled, in words, with how often.
    """

    series: tuple[Series, ...] = ()
    tables: dict[str, pl.DataFrame] = msgspec.field(default_factory=dict[str, pl.DataFrame])
    refused: pl.DataFrame = msgspec.field(default_factory=lambda: pl.DataFrame(schema=REFUSED_SCHEMA))
    unknown: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    cases: dict[str, int] = msgspec.field(default_factory=dict[str, int])


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of history: its rows, and the next call; no next call ends the series.

    ``horizon``: the venue keeps nothing older; what is missing before it cannot be had, only collected. ``bare``: asked
    rows are not in it, a gap or an answer gone wrong, to be asked again. ``denied``: it says itself that it has more.
    """

    rows: Rows
    next: Call | None = None
    horizon: bool = False
    bare: bool = False
    denied: bool = False


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A series whose past a venue gives away.

    Parameters
    ----------
    kind, purpose
        Record kind of the rows; purpose of its calls.
    step
        Nanoseconds between rows; 0 for events.
    keeps
        Nanoseconds of past the venue keeps; 0: all since listing.
    settles
        Nanoseconds after its stamp until a row can be asked for: stretches end that much before the present.
    rows_a_call
        Rows in a full page, for the plan's count of calls.
    terms
        What the provider asks of users of it, in a sentence; empty for none.
    """

    kind: str
    purpose: str
    step: int
    keeps: int = 0
    settles: int = 0
    rows_a_call: int
    terms: str = ""


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """A call to repeat: every ``every`` seconds."""

    call: Call
    every: float


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One stream on a connection.

    Parameters
    ----------
    name
        As frames name it (:attr:`Frame.stream`).
    kind
        Record kind it fills.
    first_datum
        Seconds within which something must have come, else the subscription is dead; 0: may be silent for ever
        (liquidations), and then only the connection's canary proves life.
    canary
        True for the stream that always speaks on this connection.
    """

    name: str
    kind: str
    first_datum: float = 0.0
    canary: bool = False


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One websocket: where to, what to say, how to keep it alive.

    Parameters
    ----------
    venue, name
        Venue folder; name unique within it (``market-1``).
    host, path
        Key of the venue's websocket addresses (``venue.toml`` ``[hosts]``) and what follows it.
    opening
        Messages to send after the handshake, in order.
    opening_pause
        Seconds between them.
    keep_alive, keep_alive_every
        Client's ping and its period in seconds; null where the server's ping frames do.
    rotate_after
        Seconds after which a new connection is opened before this one is closed; 0: never.
    copies
        How many overlapping connections hold it (2 for liquidations that nobody can ask for again).
    streams
        What it carries.
    """

    venue: str
    name: str
    host: str = "stream"
    path: str = ""
    opening: tuple[bytes, ...] = ()
    opening_pause: float = 0.0
    keep_alive: bytes | None = None
    keep_alive_every: float = 0.0
    rotate_after: float = 0.0
    copies: int = 1
    streams: tuple[Stream, ...]


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What one websocket frame is.

    Parameters
    ----------
    kind
        ``data``; ``acknowledged``; ``refused`` (a subscription was, ``words`` say why); ``alive`` (heartbeat or pong:
        proves the socket, not the feed); ``leave`` (the server asks to reconnect); ``unknown``.
    streams
        Names of the streams that spoke.
    reply
        What the protocol asks to be sent back at once.
    sequence
        Stream to the sequence number it carried, where numbers prove that nothing is missing.
    words
        The venue's own words of a refusal.
    """

    kind: Literal["data", "acknowledged", "refused", "alive", "leave", "unknown"]
    streams: tuple[str, ...] = ()
    reply: bytes | None = None
    sequence: tuple[tuple[str, int], ...] = ()
    words: str = ""


@runtime_checkable
class Venue(Protocol):
    """A venue or keyless provider. Every method is pure: same bytes, same answer."""

    @property
    def name(self) -> str:
        """Folder name, as typed on the command line."""
        ...

    @property
    def facts(self) -> Facts:
        """Addresses, limits and conventions, as ``venue.toml`` of the folder has them."""
        ...

    def instrument_calls(self) -> tuple[Call, ...]:
        """Return the calls that list the venue's instruments."""
        ...

    def next_listing(self, call: Call, body: bytes, /) -> Call | None:
        """Return the call for the page of a list after the answer to one of its calls; null after the last."""
        ...

    def read_instruments(self, answers: Sequence[tuple[Call, bytes]], /) -> tuple[Instrument, ...]:
        """Return the instruments in the answers to :meth:`instrument_calls`; contracts not on crypto are left out.

        Answers may be missing (a segment was refused): the rest is read all the same.

        Raises
        ------
        SchemaError
            If a body is not of the form of any date.
        """
        ...

    def histories(self, instrument: Instrument, /) -> tuple[History, ...]:
        """Return what of the past the venue gives away without a key."""
        ...

    def first_call(self, history: History, instrument: Instrument, since: int, until: int, /) -> Call:
        """Return the call that begins a stretch of history (UTC ns)."""
        ...

    def read_page(self, call: Call, answer: Answer, instruments: Sequence[Instrument], /) -> Page:
        """Return the rows of one page inside the asked stretch, and the next call.

        Rows of an interval still running at ``answer.received`` are left out. Answers to :meth:`polls` are read here
        too: their rows are known when they were received, and no call follows.

        Raises
        ------
        SchemaError
            If the body is not of the form of any date.
        """
        ...

    def judge(self, call: Call, answer: Answer, /) -> Verdict:
        """Return whether an answer is one, or what the venue said instead."""
        ...

    def polls(self, instruments: Sequence[Instrument], /) -> tuple[Poll, ...]:
        """Return the calls that stand in for streams the venue does not have."""
        ...

    def connections(self, instruments: Sequence[Instrument], kinds: Sequence[str], /) -> tuple[Connection, ...]:
        """Return the websockets that carry the record kinds ``kinds`` of the instruments."""
        ...

    def classify(self, payload: bytes, /) -> Frame:
        """Return what a frame is, without building rows: cheap, called on the receiving side."""
        ...

    def normalise(
        self, payloads: Sequence[bytes], received: Sequence[int], instruments: Sequence[Instrument], /
    ) -> Rows:
        """Return the rows of a batch of frames of any streams, in order; ``received`` is UTC ns of each.

        Frames that are not data (acknowledgements, heartbeats) give nothing. A frame that is not of any form is refused
        with its bytes; ``row`` of :attr:`Rows.refused` is its place in the batch, from 1.
        """
        ...


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A venue put together from the functions of its folder; :class:`Venue` says what each of them does."""

    facts: Facts
    instrument_calls: Callable[[], tuple[Call, ...]]
    read_instruments: Callable[[Sequence[tuple[Call, bytes]]], tuple[Instrument, ...]]
    histories: Callable[[Instrument], tuple[History, ...]]
    first_call: Callable[[History, Instrument, int, int], Call]
    read_page: Callable[[Call, Answer, Sequence[Instrument]], Page]
    judge: Callable[[Call, Answer], Verdict]
    polls: Callable[[Sequence[Instrument]], tuple[Poll, ...]]
    connections: Callable[[Sequence[Instrument], Sequence[str]], tuple[Connection, ...]]
    classify: Callable[[bytes], Frame]
    normalise: Callable[[Sequence[bytes], Sequence[int], Sequence[Instrument]], Rows]
    next_listing: Callable[[Call, bytes], Call | None] = lambda call, body: None  # noqa: ARG005

    @property
    def name(self) -> str:
        """Folder name, as typed on the command line."""
        return self.facts.name
