"""Asking venues over HTTP: within their limits, patient where they ask for it, silent where they ban."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Literal

import aiohttp
import msgspec
import stamina

from runout.clock import now_ns, wait_limit_seconds
from runout.collect.addresses import Hosts, address_of
from runout.collect.budget import Budget
from runout.collect.repeats import Repeats
from runout.errors import SourceError
from runout.sources.venue import Answer, Call, Venue, Verdict

Waiting = Callable[[str, float, str], None]
"""Called with the venue, seconds and the venue's words when a venue asks for silence."""

# Retries are part of the work: what a venue's silence costs is said by the caller, not by a log on stdout.
stamina.instrumentation.set_on_retry_hooks(())

_AT_ONCE = contextlib.nullcontext()
_LARGEST_BODY = 64 * 2**20


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long is waited.

    Parameters
    ----------
    attempts
        How often a call is tried that is answered with something broken, or not at all.
    first_wait, longest_wait
        Seconds after the first broken answer, doubled each time up to the longest, with as much jitter.
    longest_silence
        Longest silence a venue may ask for; a longer ban ends its calls.
    timeout
        Seconds for one answer.
    """

    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0
    longest_silence: float = 900.0
    timeout: float = 60.0


class VenueRefusedError(SourceError):
    """A venue will not answer.

    ``kind`` says why: this call never (``gone``), nobody here (``blocked``), not for long (``banned``), nothing sound.
    """

    def __init__(self, kind: Literal["gone", "blocked", "banned", "broken"], message: str) -> None:
        super().__init__(message)
        self.kind = kind


class _BrokenError(Exception):
    """An answer that is none; the next may be."""


class Client:
    """Asks venues.

    Parameters
    ----------
    session
        The HTTP session.
    budget
        Ledger of limits, shared with other processes.
    hosts
        Addresses that replace the venues' own.
    patience
        How long is waited.
    waiting
        Called with the venue, seconds and the venue's words when a venue asks for silence.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        budget: Budget,
        *,
        hosts: Hosts = "",
        patience: Patience | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self._session, self._budget, self._hosts = session, budget, hosts
        self._patience, self._waiting = patience or Patience(), waiting or _unheard
        self.calls = 0
        self._silenced: dict[str, int] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._repeats = Repeats()

    def remember(self, call: Call, answer: Answer) -> None:
        """Know an answer of an earlier run: should it come again to another call, it is doubted."""
        self._repeats.note(call, answer.body)

    async def ask(self, venue: Venue, call: Call) -> Answer:
        """Return the answer to a call, once the venue gives one.

        Raises
        ------
        VenueRefusedError
            If it will not.
        """
        patience = self._patience
        retries = stamina.retry_context(
            on=_BrokenError,
            attempts=patience.attempts,
            timeout=None,
            wait_initial=patience.first_wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.first_wait,
        )
        try:
            async for attempt in retries:
                with attempt:
                    return await self._ask_patiently(venue, call)
        except _BrokenError as error:
            message = f"expected an answer of {venue.name} to {call.path}, found {error} {patience.attempts} times"
            raise VenueRefusedError("broken", message) from error
        raise VenueRefusedError("broken", f"expected at least one attempt at {call.path}, found none allowed")

    async def _ask_patiently(self, venue: Venue, call: Call) -> Answer:
        """Return an answer, waiting as often as the venue asks to slow down.

        After a silence one call goes ahead, and the others wait for its answer: a ban that is not over is not ignored
        by all of them at once.
        """
        while True:
            async with self._turns.setdefault(venue.name, asyncio.Lock()) if venue.name in self._silenced else _AT_ONCE:
                await self._take(venue, call)
                with self._repeats.sent(call):
                    answer = await self._ask_once(venue, call)
                    verdict = venue.judge(call, answer)
                    if verdict.kind == "ok":
                        self._repeats.note(call, answer.body)
                pool = venue.facts.pools[call.pool]
                if verdict.used is not None:
                    self._budget.observe(venue.name, call.pool, pool, verdict.used)
                if verdict.kind == "ok":
                    self._silenced.pop(venue.name, None)
                    if not await self._repeats.is_own(call):
                        raise _BrokenError("the answer to another call")
                    return answer
                self._obey(venue, call, verdict)

    async def _take(self, venue: Venue, call: Call) -> None:
        pool = venue.facts.pools[call.pool]
        while wait := self._budget.take(venue.name, call.pool, pool, call.weight):
            if wait > self._patience.longest_silence:
                raise VenueRefusedError("banned", f"expected {venue.name} to be asked now, found {_long_ban(wait)}")
            await wait_limit_seconds(wait)

    async def _ask_once(self, venue: Venue, call: Call) -> Answer:
        url = address_of(venue.facts, call.host, self._hosts) + call.path
        is_post = call.method == "POST"
        headers = _key_header(venue) | ({"content-type": "application/json"} if is_post else {})
        try:
            async with self._session.request(
                call.method,
                url,
                params=None if is_post else call.parameters,
                data=call.body if is_post else None,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self._patience.timeout),
            ) as response:
                body = await response.content.read(_LARGEST_BODY)
                while chunk := await response.content.read(_LARGEST_BODY):
                    body += chunk
                self.calls += 1
                answered = {name.lower(): value for name, value in response.headers.items()}
                return Answer(status=response.status, headers=answered, body=body, received=now_ns())
        except TimeoutError as error:
            raise _BrokenError(f"nothing within {self._patience.timeout:g} s") from error
        except aiohttp.ClientError as error:
            raise _BrokenError(str(error) or type(error).__name__) from error
        finally:
            self._budget.answered(venue.name, call.pool)

    def _obey(self, venue: Venue, call: Call, verdict: Verdict) -> None:
        """Keep the silence that the venue asks for, or raise where it will not answer."""
        text = f"{venue.name}: {verdict.words}" if verdict.words else venue.name
        if verdict.kind == "broken":
            raise _BrokenError(verdict.words or "an answer that is none")
        if verdict.kind in {"gone", "blocked"}:
            raise VenueRefusedError("gone" if verdict.kind == "gone" else "blocked", f"{text} ({call.path})")
        silence = self._silence(venue.name, verdict)
        self._budget.pause(venue.name, silence, verdict.words)
        if silence > self._patience.longest_silence:
            raise VenueRefusedError("banned", f"{text}: {_long_ban(silence)}")
        self._waiting(venue.name, silence, verdict.words)

    def _silence(self, venue: str, verdict: Verdict) -> float:
        """Return the seconds to stay silent: twice as long for each ban that was met again after it should be over."""
        earlier = self._silenced.setdefault(venue, 0)
        if verdict.kind != "banned":
            return verdict.wait
        if not self._budget.is_paused(venue):
            self._silenced[venue] = earlier + 1
        return verdict.wait * 2 ** max(self._silenced[venue] - 1, 0)


def _key_header(venue: Venue) -> dict[str, str]:
    """Return the header that carries a provider's key, which is nowhere else than in the environment."""
    key = venue.facts.key
    if key is None:
        return {}
    value = os.environ.get(key.variable, "").strip()
    if not value:
        message = f"expected a free key of {venue.facts.title} in {key.variable}, found none; get one at {key.where}"
        raise VenueRefusedError("blocked", message)
    return {key.header: value}


def _unheard(venue: str, seconds: float, words: str) -> None:
    """Leave a silence unsaid."""
    del venue, seconds, words


def _long_ban(seconds: float) -> str:
    return f"a ban of {seconds / 60:.0f} minutes; run the same command again after it"
