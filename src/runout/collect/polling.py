"""Repeated calls: what venues have no stream for, and the lists of instruments."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from runout.clock import loop_seconds
from runout.collect.http import VenueRefusedError
from runout.collect.keeping import FIRST_WAIT, LONGEST_WAIT
from runout.collect.notes import Failed, Heading, Listed, Source
from runout.collect.recorder import Recorder
from runout.errors import RunoutError
from runout.sources.answers import follow_listing, listing_fault
from runout.sources.venue import Answer, Call, Instrument, Poll, Venue, Verdict

Ask = Callable[[Venue, Call], Awaitable[Answer]]
"""Makes a call within the limits of its venue; raises ``SourceError`` where nothing came back."""

_MISSES = 2.5
_SHORTEST = 5.0
"""Seconds between two calls where a clock that runs faster than ours would have them closer."""
# Seconds until a call that a venue will not answer is tried again.
_REFUSED = {"banned": 300.0, "blocked": 900.0, "gone": 3600.0}


def feed_of(call: Call) -> str:
    """Return the name of the feed that a repeated call is."""
    return f"{call.purpose} {call.symbol}".strip() + f" {call.path}"


async def keep_polling(recorder: Recorder, venue: Venue, poll: Poll, ask: Ask, kinds: tuple[str, ...]) -> None:
    """Make a call again and again, each answer into the raw log; failures are noted, and waited out as asked.

    Parameters
    ----------
    recorder, venue, poll
        Where answers go, whom to ask, and what.
    ask
        Makes the call.
    kinds
        Record kinds that it gives.
    """
    call = poll.call
    chance = random.Random(f"{venue.name}/{feed_of(call)}/{recorder.clock()}")  # noqa: S311 - jitter
    every = max(poll.every / recorder.pace, min(poll.every, _SHORTEST))
    source = Source(venue=venue.name, feed=feed_of(call), kinds=kinds, limit=_MISSES * every, pace=recorder.pace)
    number = recorder.open(source)
    tries = 0
    due = loop_seconds() + chance.uniform(0, min(every, 5.0))
    try:
        while True:
            await asyncio.sleep(max(0.0, due - loop_seconds()))
            due = max(due + every, loop_seconds())
            verdict = await _make(recorder, number, venue, call, ask)
            if verdict.kind == "ok":
                tries = 0
                continue
            tries += 1
            recorder.note(Failed(venue.name, feed_of(call), f"{verdict.kind}: {verdict.words}"[:300]))
            wait = max(verdict.wait, min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(tries, 16)))
            due = loop_seconds() + wait * chance.uniform(1.0, 1.2)
    finally:
        recorder.close(number, "stopped")


async def _make(recorder: Recorder, number: int, venue: Venue, call: Call, ask: Ask) -> Verdict:
    try:
        answer = await ask(venue, call)
    except (RunoutError, OSError) as error:
        return Verdict(kind="broken", words=str(error), wait=_silence(error))
    heading = Heading(call=call, status=answer.status, headers=answer.headers)
    recorder.answer(number, heading, answer.body, answer.received)
    verdict = venue.judge(call, answer)
    if verdict.kind == "ok":
        recorder.prove(number, answer.received)
    return verdict


async def list_instruments(
    recorder: Recorder, venue: Venue, ask: Ask, former: dict[Call, bytes]
) -> tuple[tuple[Instrument, ...], bool]:
    """Ask a venue for its instruments, and return them, and whether every call brought its part of the list.

    What a call brought earlier stays where it now fails, or brings an empty list: a contract is not delisted because a
    page failed. A venue is asked for ever if need be; an empty list is no answer.

    Parameters
    ----------
    recorder, venue, ask
        As of :func:`keep_polling`.
    former
        Latest answer to each call; brought up to date here.
    """
    chance = random.Random(f"{venue.name}/instruments/{recorder.clock()}")  # noqa: S311 - jitter
    tries = 0
    while True:
        faults: list[str] = []
        wait = 0.0
        calls = list(venue.instrument_calls())
        for call in calls:
            fault, silence = await _list_part(recorder, venue, call, ask, former)
            if fault:
                stays = "the former list stays" if call in former else "this part is not known yet"
                faults.append(f"{fault} ({call.path}: {stays})")
                wait = max(wait, silence)
            follow_listing(venue, calls, call, former.get(call))
        parts = [(call, former[call]) for call in calls if call in former]
        instruments = venue.read_instruments(parts) if parts else ()
        if faults or not instruments:
            recorder.note(Failed(venue.name, "instruments", "; ".join(faults)[:300] or "an empty list"))
        if instruments:
            recorder.note(Listed(venue.name, whole=not faults))
            return instruments, not faults
        tries += 1
        usual = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(tries, 16))
        await asyncio.sleep(max(wait, usual) * chance.uniform(1.0, 1.2))


async def _list_part(
    recorder: Recorder, venue: Venue, call: Call, ask: Ask, former: dict[Call, bytes]
) -> tuple[str, float]:
    """Take the answer to one of the calls, or return what is wrong with it and the seconds to wait."""
    try:
        answer = await ask(venue, call)
    except (RunoutError, OSError) as error:
        return str(error) or type(error).__name__, _silence(error)
    verdict = venue.judge(call, answer)
    if verdict.kind != "ok":
        return f"{verdict.kind}: {verdict.words}", verdict.wait
    fault = listing_fault(venue, call, answer.body, former.get(call))
    if not fault:
        heading = Heading(call=call, status=answer.status, headers=answer.headers)
        recorder.answer(0, heading, answer.body, answer.received)
        former[call] = answer.body
    return fault, 0.0


def _silence(error: Exception) -> float:
    """Return how many seconds a venue that will not answer is left alone."""
    return _REFUSED.get(error.kind, 0.0) if isinstance(error, VenueRefusedError) else 0.0
