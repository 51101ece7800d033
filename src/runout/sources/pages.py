"""History and polls as a table of ways: a folder says where each series is asked for, the walk is the same for all."""

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Literal

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_MINUTE
from runout.errors import SchemaError
from runout.sources.candidates import Candidates, read_frames
from runout.sources.facts import read_facts
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, Connection, Folder, Frame, History, Instrument, Page, Poll, Rows

Take = Callable[[Candidates, Instrument, Call], NDArray[np.int64]]
"""Adds the rows of a page, and returns the stamps (UTC ns) of everything in it: paging goes by them."""
Normalise = Callable[[Sequence[bytes], Sequence[int], Sequence[Instrument]], Rows]
TakeAll = Callable[[Candidates], None]
"""Adds the rows of an answer that speaks of all instruments."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a series is asked for.

    Parameters
    ----------
    kind
        Record kind of the rows; of a page with several, the one for which a contract beside the principal is asked.
    path, fixed
        Path and query; names in braces become what :attr:`Pages.names` says of the instrument.
    take
        Reads a page.
    step, keeps, settles, rows, pool, weight, host
        As in :class:`runout.sources.venue.History` and :class:`runout.sources.venue.Call`.
    windows
        How a window is named; null where one call gives all there is.
    follow
        ``windows``: the next window. ``older``: the page that ends with the oldest row of this one, for settlements,
        whose interval is read off the one before. ``number``: the next page, by its number. ``cursor``: the next page,
        older than this one, as the answer names it; it is taken for a place that does not move with new rows.
    lead
        Nanoseconds asked for before the stretch.
    late
        Nanoseconds by which what a row says is later than its stamp: as much earlier is asked for.
    number
        Name of the parameter that numbers pages, or names the cursor.
    total
        Reads how many numbered pages there are, and rows on all of them, where the venue says it.
    cursor, start
        Reads the cursor of an answer, empty at the end; gives that of a stretch's end (UTC ns), where one can.
    horizon
        Words in an answer that say that the window is older than what the venue keeps.
    """

    kind: str
    path: str
    fixed: tuple[tuple[str, str], ...] = ()
    take: Take
    step: int
    keeps: int = 0
    settles: int = 0
    rows: int
    pool: str = "default"
    weight: int = 1
    host: str = "rest"
    windows: Windows | None = None
    follow: Literal["windows", "older", "number", "cursor"] = "windows"
    lead: int = 0
    late: int = 0
    number: str = ""
    total: Callable[[bytes], tuple[int, int]] | None = None
    cursor: Callable[[bytes], str] | None = None
    start: Callable[[int], str] | None = None
    horizon: bytes = b""


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is repeated, whose answer speaks of many instruments.

    Parameters
    ----------
    take
        Reads an answer.
    path, fixed
        As in :class:`Way`: a call for each way in which names in braces turn out; of one instrument where a parameter
        is its ``{symbol}``.
    every
        Seconds between calls.
    markets
        For instruments of which markets; none: all.
    """

    take: TakeAll
    path: str
    fixed: tuple[tuple[str, str], ...] = ()
    every: float = 60.0
    markets: tuple[str, ...] = ()


def always(instrument: Instrument, purpose: str) -> bool:
    """Whether a series is asked for: of every perpetual."""
    del purpose
    return instrument.market == "perpetual"


class Pages(msgspec.Struct, frozen=True, kw_only=True):
    """The REST side of a venue.

    Parameters
    ----------
    venue
        Folder name.
    ways
        By purpose.
    polled
        Calls that are repeated, by purpose.
    serves
        Whether the venue has a series (purpose) of an instrument.
    names
        What the names in braces in paths and queries become: ``symbol`` and what else a venue needs.
    """

    venue: str
    ways: Mapping[str, Way]
    polled: Mapping[str, Polled] = msgspec.field(default_factory=dict[str, Polled])
    serves: Callable[[Instrument, str], bool] = always
    names: Callable[[Instrument], Mapping[str, str]] = lambda instrument: {"symbol": instrument.symbol}

    def histories(self, instrument: Instrument) -> tuple[History, ...]:
        """Return what of the past the venue gives away of an instrument."""
        return tuple(
            History(
                kind=way.kind,
                purpose=purpose,
                step=way.step,
                keeps=way.keeps,
                settles=way.settles,
                rows_a_call=way.rows,
            )
            for purpose, way in self.ways.items()
            if self.serves(instrument, purpose)
        )

    def first_call(self, history: History, instrument: Instrument, since: int, until: int) -> Call:
        """Return the call that begins a stretch."""
        way = self.ways[history.purpose]
        names = self.names(instrument)
        fixed = tuple((key, value.format_map(names)) for key, value in way.fixed)
        call = Call(
            venue=self.venue, purpose=history.purpose, symbol=instrument.symbol, host=way.host, pool=way.pool,
            weight=way.weight, path=way.path.format_map(names), parameters=fixed,
            since=since - way.late, until=until - way.late,
        )  # fmt: skip
        if way.follow == "number":
            return _numbered(call, way, 1)
        if way.start is not None:
            return _numbered(call, way, way.start(until))
        if way.windows is None:
            return call
        if way.follow == "older":  # settlements are stamped some milliseconds late
            return way.windows.window(call, since - way.lead, until + NANOSECONDS_PER_MINUTE)
        return way.windows.first(call)

    def polls(self, instruments: Sequence[Instrument]) -> tuple[Poll, ...]:
        """Return the calls that are repeated for the state of instruments."""
        polls: dict[Call, float] = {}
        for purpose, polled in self.polled.items():
            of_one = "{symbol}" in dict(polled.fixed).values()
            for instrument in instruments:
                if not polled.markets or instrument.market in polled.markets:
                    names = self.names(instrument)
                    call = Call(
                        venue=self.venue, purpose=purpose, symbol=instrument.symbol if of_one else "",
                        path=polled.path.format_map(names),
                        parameters=tuple((key, value.format_map(names)) for key, value in polled.fixed),
                    )  # fmt: skip
                    polls[call] = polled.every
        calls = sorted(polls, key=lambda call: (call.purpose, call.path, call.parameters))
        return tuple(Poll(call=call, every=polls[call]) for call in calls)

    def read_page(self, call: Call, answer: Answer, instruments: Sequence[Instrument]) -> Page:
        """Return the rows of an answer inside the asked stretch, and the next call.

        Raises
        ------
        SchemaError
            If the body is of no known form, or names an instrument that is not listed.
        """
        candidates = Candidates((answer.body,), (answer.received,), instruments)
        if call.purpose in self.polled:
            self.polled[call.purpose].take(candidates)
            return Page(rows=candidates.rows())
        way = self.ways[call.purpose]
        if way.horizon and way.horizon in answer.body and way.windows is not None:
            return Page(rows=Rows(), next=way.windows.beyond(call), horizon=True)
        instrument = next((i for i in instruments if i.symbol == call.symbol), None)
        if instrument is None:
            raise SchemaError(f"expected {call.symbol} among the instruments, found it missing")
        stamps = way.take(candidates, instrument, call)
        candidates.restrict(call.since + way.late, min(call.until + way.late, answer.received))
        if way.follow == "number":
            following, bare = _after_number(call, way, stamps, answer.body)
            return Page(rows=candidates.rows(), next=following, bare=bare, denied=bare and way.total is not None)
        if way.cursor is not None:
            cursor, rows = way.cursor(answer.body), _apart_from_edge(candidates.rows(), call, stamps)
            if way.start is None and _came_before(call, way, stamps, cursor):
                return Page(rows=Rows(), bare=True)
            return Page(rows=rows, next=_after_cursor(call, way, stamps, cursor, rows), bare=stamps.size == 0)
        bare = _is_bare(call, way, stamps)
        # Rows, but of other times than asked for: the venue keeps none of these.
        beyond = bare and stamps.size > 0 and not ((stamps >= call.since) & (stamps <= call.until)).any()
        return Page(rows=candidates.rows(), next=_following(call, way, stamps), bare=bare, horizon=beyond)


def _is_bare(call: Call, way: Way, stamps: NDArray[np.int64]) -> bool:
    if way.windows is not None:
        return way.windows.bare(call, stamps)
    # All there is in one answer: without the older rows of the stretch it was cut short.
    inside = stamps[(stamps >= call.since) & (stamps <= call.until)]
    return not inside.size or bool(inside.min() - 2 * way.step >= call.since)


def _after_number(call: Call, way: Way, stamps: NDArray[np.int64], body: bytes) -> tuple[Call | None, bool]:
    """Return the call after a numbered page, and whether rows are missing from it.

    A page that is not full is no end by itself: some are smaller than asked. It ends where the stretch does, where the
    venue says how many rows there are, or with a page that stays empty.
    """
    if stamps.size:
        newest_first = np.sort(stamps)[::-1]
        apart = newest_first[-2] - newest_first[-1] if stamps.size > 1 else way.step
        if newest_first[-1] - apart < call.since:
            return None, False
    number = int(dict(call.parameters)[way.number])
    pages, rows = (number + min(stamps.size, 1), number * way.rows) if way.total is None else way.total(body)
    # Where the venue counts other pages than ours, this one is of another size, and begins at another row.
    missing = stamps.size < min(rows - (number - 1) * way.rows, way.rows) or (
        way.total and pages != -(-rows // way.rows)
    )
    return None if number >= pages else _numbered(call, way, number + 1), bool(missing)


def _came_before(call: Call, way: Way, stamps: NDArray[np.int64], cursor: str) -> bool:
    """Whether a page leads to itself, or is younger than one that reached the stretch: the answer to another call."""
    leads_to_itself = bool(cursor) and cursor == dict(call.parameters).get(way.number)
    return leads_to_itself or (bool(call.edge) and stamps.size > 0 and int(stamps.min()) > call.until)


def _after_cursor(call: Call, way: Way, stamps: NDArray[np.int64], cursor: str, rows: Rows) -> Call | None:
    """Return the call after a page; each must be older than the one before, or of its last moment with other rows."""
    if not cursor or cursor == dict(call.parameters).get(way.number) or not stamps.size:
        return None
    oldest = int(stamps.min())
    if oldest <= call.since:
        return None
    if oldest > call.until:  # a first page may be younger than the stretch
        return None if way.start else _numbered(call, way, cursor)
    edge = _sequences(rows, oldest)
    if oldest == call.until:
        if not edge:
            return None
        edge = (*call.edge, *edge)
    return msgspec.structs.replace(_numbered(call, way, cursor), until=oldest, edge=edge)


def _sequences(rows: Rows, moment: int) -> tuple[int, ...]:
    table = rows.tables.get("liquidations")
    return () if table is None else tuple(table.filter(event_time=moment)["sequence"].sort())


def _apart_from_edge(rows: Rows, call: Call, stamps: NDArray[np.int64]) -> Rows:
    """Return rows, of which the newest liquidations are numbered on from those alike on the page before."""
    table = rows.tables.get("liquidations")
    if not call.edge or table is None or int(stamps.max(initial=0)) > call.until:  # or what a cursor names has moved
        return rows
    taken = set(call.edge)
    numbers = table["sequence"].to_list()
    for place in (table["event_time"] == call.until).arg_true():
        while numbers[place] in taken:
            numbers[place] += 1
        taken.add(numbers[place])
    changed = table.with_columns(pl.Series("sequence", numbers, pl.Int64))
    return msgspec.structs.replace(rows, tables={**rows.tables, "liquidations": changed})


def _following(call: Call, way: Way, stamps: NDArray[np.int64]) -> Call | None:
    if way.windows is None:
        return None
    return way.windows.older(call, stamps) if way.follow == "older" else way.windows.following(call, stamps)


def _numbered(call: Call, way: Way, number: int | str) -> Call:
    fixed = tuple(pair for pair in call.parameters if pair[0] != way.number)
    return msgspec.structs.replace(call, parameters=(*fixed, (way.number, str(number))))


def folder(name: str, rest: ModuleType, stream: ModuleType | None = None, normalise: Normalise | None = None) -> Folder:
    """Return a venue of modules that have the names of the form; one without streams connects to nothing.

    The history's side is ``rest.PAGES``, or where that does not carry it functions of the same names in ``rest``.
    """
    pages: Any = getattr(rest, "PAGES", rest)
    polls: Any = getattr(rest, "polls", None) or getattr(pages, "polls", _no_polls)
    return Folder(
        facts=read_facts(name),
        instrument_calls=rest.instrument_calls,
        **({"next_listing": rest.next_listing} if hasattr(rest, "next_listing") else {}),
        read_instruments=rest.read_instruments,
        histories=pages.histories,
        first_call=pages.first_call,
        read_page=pages.read_page,
        judge=rest.judge,
        polls=polls,
        connections=stream.connections if stream else _no_connections,
        classify=stream.classify if stream else _no_frame,
        normalise=normalise or _no_rows,
    )


def _no_polls(instruments: Sequence[Instrument]) -> tuple[Poll, ...]:
    del instruments
    return ()


def _no_connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    del instruments, kinds
    return ()


def _no_frame(payload: bytes) -> Frame:
    del payload
    return Frame(kind="unknown")


def _no_rows(payloads: Sequence[bytes], received: Sequence[int], instruments: Sequence[Instrument]) -> Rows:
    return read_frames(lambda _: "stream of a venue without streams", {}, payloads, received, instruments)
