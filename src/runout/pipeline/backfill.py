"""Backfill a lake with what venues give away without a key: asked for within their limits, resumable to the page.

Answers are kept as they came before anything reads them. A run that is killed goes on where it was: no call is made
twice but the one that was in flight, and the lake ends with the same rows.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Self

import aiohttp
import msgspec

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, now_ns
from runout.collect.addresses import Hosts
from runout.collect.budget import Budget
from runout.collect.http import Client, Patience, VenueRefusedError, Waiting
from runout.errors import SchemaError
from runout.lake import Lake
from runout.pipeline.backfill_journal import Journal, KeptPage, Stretch
from runout.pipeline.backfill_plan import Plan, Request, chosen, histories, missing_stretches, series_name
from runout.pipeline.backfill_store import Store
from runout.pipeline.progress import Progress, no_progress
from runout.sources.answers import follow_listing, listing_fault
from runout.sources.venue import Answer, Call, History, Instrument, Page, Venue

_LISTING_AGE = 12 * NANOSECONDS_PER_HOUR
_READINGS = 3
"""Answers of no known form to one call, after which its stretch is left for another run."""
_BARE_READINGS = 3
"""How often a window without rows is asked for again: an empty answer may be one gone wrong. After two such windows in
a row the next are believed at once: the venue has nothing there."""
_DENIED_READINGS = 12
"""The same where the answer itself says that there are more rows."""
_FIRST = ("bars", "open_interest", "liquidations", "funding")
"""Kinds that are asked for before all others: what a first bulletin is made of."""
LINES = 4
"""Stretches of a venue that are asked for at the same time."""
_REMEMBERED = 16
"""Pages of earlier runs, by path, of which it is known which call they answered."""


class Got(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one stretch.

    Parameters
    ----------
    series
        ``venue/market-SYMBOL/purpose``.
    since, until
        UTC ns; what was asked for.
    state, words
        As in the journal: ``done``, or ``stopped`` in the venue's words.
    """

    series: str
    since: int
    until: int
    state: str
    words: str = ""


class Backfilled(msgspec.Struct, frozen=True, kw_only=True):
    """What a backfill brought.

    Parameters
    ----------
    got
        What became of each stretch, those of earlier runs that were open included.
    calls
        Calls answered in this run.
    added, refused, conflicting
        Rows new in the lake; rows and answers refused with their bytes; rows that say something else than the lake.
    unknown, cases
        What no structure of a venue knows, and which case was met of what is unsettled of it, with how often, by venue.
    """

    got: tuple[Got, ...]
    calls: int
    added: int
    refused: int
    conflicting: int
    unknown: dict[str, dict[str, int]]
    cases: dict[str, dict[str, int]]


def _order(requested: Request) -> int:
    kind = requested.history.kind
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


class Backfill:
    """A backfill of one lake, planned first and then run; ``with`` closes its files.

    Parameters
    ----------
    lake
        Where rows go.
    state
        Folder of the journal and of the ledger of limits.
    venues
        What is asked.
    hosts
        Addresses that replace the venues' own.
    patience
        How long is waited.
    waiting
        Called when a venue asks for silence.
    """

    def __init__(
        self,
        lake: Lake,
        state: Path,
        venues: Sequence[Venue],
        *,
        hosts: Hosts = "",
        patience: Patience | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self._lake, self._venues = lake, {venue.name: venue for venue in venues}
        self._hosts, self._patience, self._waiting = hosts, patience, waiting
        self._files = contextlib.ExitStack()
        self._journal = self._files.enter_context(Journal(state))
        self._budget = self._files.enter_context(Budget(state / "limits.sqlite"))
        self._instruments: dict[str, tuple[Instrument, ...]] = {}
        self._refused: dict[str, str] = {}
        self._partial: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    # -- planning -------------------------------------------------------------------------------------------------

    def plan(self, coins: Sequence[str], since: int, until: int) -> Plan:
        """Return what would be asked; this itself asks for listings that are older than half a day.

        Parameters
        ----------
        coins
            Base assets.
        since, until
            UTC ns.
        """
        asyncio.run(self._list_instruments())
        requests: list[Request] = []
        stored = 0
        missing: dict[str, tuple[str, ...]] = {}
        for name, instruments in self._instruments.items():
            listed = chosen(instruments, coins)
            absent = tuple(coin for coin in coins if coin not in {i.coin for i in listed})
            missing |= {name: absent} if absent and name not in self._partial else {}
            for instrument in listed:
                for history in histories(self._venues[name], instrument, listed):
                    stretches = self._requests(self._venues[name], instrument, history, (since, until))
                    requests += stretches
                    stored += not stretches
        answering = [self._venues[name].facts for name in self._instruments]
        return Plan(
            since=since,
            until=until,
            requests=tuple(requests),
            series_complete=stored,
            refused=dict(self._refused),
            missing=missing,
            cannot={facts.title: facts.cannot for facts in answering if facts.cannot},
            terms={facts.title: facts.terms for facts in answering if facts.terms},
        )

    def _requests(
        self, venue: Venue, instrument: Instrument, history: History, asked: tuple[int, int]
    ) -> list[Request]:
        begun = self._journal.stretches(series_name(venue, instrument, history))
        parts = [
            Request(venue=venue, instrument=instrument, history=history, since=s.since, until=s.until, begun=s)
            for s in begun
            if s.state == "open"
        ]
        for since, until in missing_stretches(*asked, history, begun, instrument):
            parts.append(Request(venue=venue, instrument=instrument, history=history, since=since, until=until))
        return parts

    async def _list_instruments(self) -> None:
        async with self._client() as client:
            await asyncio.gather(*(self._list_venue(client, venue) for venue in self._venues.values()))
        self._instruments = {name: self._instruments[name] for name in self._venues if name in self._instruments}

    async def _list_venue(self, client: Client, venue: Venue) -> None:
        """Read what a venue lists; where a part fails, what it said earlier stays, and the venue's words are kept."""
        former = dict(self._journal.listing(venue.name, 0))
        answers = dict(self._journal.listing(venue.name, now_ns() - _LISTING_AGE))
        calls = list(venue.instrument_calls())
        for number, call in enumerate(calls):
            if call not in answers:
                answer, fault = await self._ask_listing(client, venue, call, former.get(call))
                if answer is not None:
                    self._journal.keep_listing(venue.name, number, call, answer)
                    answers[call] = answer.body
                else:
                    self._partial.add(venue.name)
                    if call in former:
                        answers[call] = former[call]
                        fault += "; its former list of instruments is used"
                    self._refused[venue.facts.title] = fault
            follow_listing(venue, calls, call, answers.get(call))
        try:
            self._instruments[venue.name] = venue.read_instruments(list(answers.items()))
        except SchemaError as error:
            self._refused[venue.facts.title] = str(error)

    async def _ask_listing(
        self, client: Client, venue: Venue, call: Call, former: bytes | None
    ) -> tuple[Answer | None, str]:
        """Return the answer to one of the calls, or what is wrong with it."""
        try:
            answer = await client.ask(venue, call)
        except VenueRefusedError as error:
            return None, str(error)
        fault = listing_fault(venue, call, answer.body, former)
        return (None if fault else answer), fault

    # -- running --------------------------------------------------------------------------------------------------

    def run(self, plan: Plan, progress: Progress = no_progress) -> Backfilled:
        """Ask for what is planned, and store it.

        Parameters
        ----------
        plan
            As :meth:`plan` returned it.
        progress
            Called with the series, the number of the call and how many there are.
        """
        store = Store(self._lake, self._journal, self._read)
        for page in self._journal.unstored():
            store.add(page)
        requests = sorted(plan.requests, key=_order)
        stretches = [self._begun(requested) for requested in requests]
        calls = asyncio.run(self._ask_all(stretches, store, _Counter(progress, sum(w.calls for w in plan.requests))))
        store.flush()
        if calls:
            self._lake.compact()
        numbers = {stretch.number for stretch in stretches}
        ended = [stretch for stretch in self._journal.stretches() if stretch.number in numbers]
        return Backfilled(
            got=tuple(Got(series=s.series, since=s.since, until=s.until, state=s.state, words=s.words) for s in ended),
            calls=calls,
            added=store.added,
            refused=store.refused,
            conflicting=store.conflicting,
            unknown=store.unknown,
            cases=store.cases,
        )

    def _begun(self, requested: Request) -> Stretch:
        if requested.begun is not None:
            return requested.begun
        call = requested.venue.first_call(requested.history, requested.instrument, requested.since, requested.until)
        return self._journal.begin(requested.series, requested.since, requested.until, call)

    async def _ask_all(self, stretches: list[Stretch], store: Store, counter: "_Counter") -> int:
        by_venue: dict[str, dict[object, list[Stretch]]] = {}
        for stretch in stretches:
            groups = by_venue.setdefault(stretch.call.venue, {})
            groups.setdefault((stretch.call.request(), stretch.since, stretch.until), []).append(stretch)
        async with self._client() as client:
            for kept in self._journal.latest(_REMEMBERED):
                client.remember(kept.call, kept.answer)
            queues = [list(groups.values()) for groups in by_venue.values()]
            lines = [self._ask_line(client, queue, store, counter) for queue in queues for _ in range(LINES)]
            await asyncio.gather(*lines)
            return client.calls

    async def _ask_line(self, client: Client, queue: list[list[Stretch]], store: Store, counter: "_Counter") -> None:
        """Work on a venue's stretches, one after another; several lines share a queue.

        Stretches that ask for the same (a venue that answers for all contracts) are together: an answer to one of them
        is one to the others.
        """
        while queue:
            alike = queue.pop(0)
            for place, stretch in enumerate(alike):
                try:
                    await self._ask_stretch(client, stretch, store, counter, alike[:place])
                except VenueRefusedError as error:
                    if error.kind == "gone":
                        self._journal.close(stretch, "stopped", str(error))
                    else:
                        self._journal.close(stretch, "open", str(error))
                    if error.kind in {"blocked", "banned"}:
                        queue.clear()
                        break

    async def _ask_stretch(
        self, client: Client, stretch: Stretch, store: Store, counter: "_Counter", alike: Sequence[Stretch]
    ) -> None:
        """Ask to the end of a stretch, from where it was left."""
        venue, walk = self._venues[stretch.call.venue], self._left_off(stretch)
        answered = {request: page for other in alike for request, page in self._journal.answered(other).items()}
        while walk.call is not None:
            known = answered.get(walk.call.request())
            answer = await client.ask(venue, walk.call) if known is None else self._journal.page(known).answer
            kept = self._journal.keep(stretch, walk.number, walk.call, answer)
            counter.count(stretch.series)
            page = self._try_read(kept)
            store.add(kept, page if isinstance(page, Page) else None)
            walk.take(page if isinstance(page, Page) else None)
            if walk.unread == _READINGS:
                self._journal.close(stretch, "open", str(page))
                return
            if walk.loops or walk.number > _most_calls(stretch):
                words = f"expected paging to end, found it at call {walk.number}"
                self._journal.close(stretch, "stopped", words)
                return
        self._journal.close(stretch, "done")

    def _left_off(self, stretch: Stretch) -> "_Walk":
        """Return where a stretch was left: the next call follows from the last pages that were kept."""
        walk = _Walk(stretch.call)
        for number, kept in self._journal.last_pages(stretch, 2 * _BARE_READINGS + _DENIED_READINGS):
            walk.call, walk.number = kept.call, number
            page = self._try_read(kept)
            walk.take(page if isinstance(page, Page) else None)
        walk.unread = 0
        return walk

    def _try_read(self, kept: KeptPage) -> Page | SchemaError:
        try:
            return self._read(kept)
        except SchemaError as error:
            return error

    def _read(self, kept: KeptPage) -> Page:
        venue = self._venues[kept.call.venue]
        return venue.read_page(kept.call, kept.answer, self._instruments[venue.name])

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncGenerator[Client]:
        # No call may wait for a connection once its weight is taken: a ban could be read meanwhile.
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, headers={"accept": "application/json"}) as session:
            yield Client(session, self._budget, hosts=self._hosts, patience=self._patience, waiting=self._waiting)


class _Walk:
    """Where paging through a stretch is.

    Attributes
    ----------
    call, number
        The next call, null at the end, and its place.
    unread, loops
        Answers of no known form to this call; whether the last answer led to its own call.
    """

    def __init__(self, call: Call) -> None:
        self.call: Call | None = call
        self.number = self.unread = self._bare = self._windows_bare = 0
        self.loops = False

    def take(self, page: Page | None) -> None:
        """Go on after an answer, null if of no known form: it is asked for again, as a window without rows is."""
        self.number += 1
        most = _DENIED_READINGS if page is not None and page.denied else _BARE_READINGS
        if page is None:
            self.unread += 1
        elif page.bare and self._windows_bare < 2 and self._bare < most:
            self._bare += 1
        else:
            self._windows_bare = self._windows_bare + 1 if page.bare else 0
            self._bare = self.unread = 0
            self.loops, self.call = page.next == self.call, page.next


def _most_calls(stretch: Stretch) -> int:
    """Return how many calls a stretch may take: one for each minute is more than even a flush of liquidations needs."""
    return 100 + (stretch.until - stretch.since) // NANOSECONDS_PER_MINUTE


class _Counter:
    """Counts calls for the progress."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._number = progress, total, 0

    def count(self, series: str) -> None:
        self._number += 1
        self._progress(series, self._number, max(self._total, self._number))
