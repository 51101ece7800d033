"""Answers kept and shared: each question is computed once, however many ask it at a time.

An answer is kept under what the lake knew at its moment. While no table has a new version it is served as it is; once
one has, the rows known at the moment are counted, and only if that number has changed it is computed anew.
"""

import asyncio
import contextlib
import math
import os
from collections import OrderedDict
from functools import cache
from typing import Final

import anyio
import anyio.to_process
import anyio.to_thread
import msgspec

from runout.api.questions import READS, Question
from runout.clock import NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND, monotonic_seconds, now_ns
from runout.errors import RunoutError
from runout.lake.tailed import TailedLake
from runout.server.questions import Answer, answer, read, refuse_stale
from runout.server.settings import Settings, changed_at

_KEPT_BYTES: Final = 96_000_000
_THREADS: Final = 4
_ALLOCATOR: Final = "_RJEM_MALLOC_CONF"
_AT_ONCE: Final = "dirty_decay_ms:0,muzzy_decay_ms:0"
"""How polars gives memory back: as it sets it, a worker at rest would keep the peak of its largest question."""
_PRESENT: Final = 5 * NANOSECONDS_PER_MINUTE


@cache
def _step_back() -> None:
    with contextlib.suppress(OSError):
        os.nice(10)


def _answer(root: str, question: Question) -> Answer:
    """Answer in a worker, behind what is live: a model of seconds delays neither news nor the rows of a collector."""
    _step_back()
    return answer(root, question)


class BusyError(RunoutError):
    """Too many computations are waiting; ask again later."""


class TooSlowError(RunoutError):
    """A computation took longer than it may."""


class Answers:
    """The answers of one lake.

    Parameters
    ----------
    settings
        The lake, how many workers there are, and how long one may compute.
    """

    def __init__(self, settings: Settings) -> None:
        settled = os.environ.get(_ALLOCATOR, "").removesuffix(_AT_ONCE).rstrip(",")  # polars has set its own
        os.environ[_ALLOCATOR] = f"{settled},{_AT_ONCE}".lstrip(
            ","
        )  # workers read it as they start; the last word holds
        self._settings = settings
        self._kept: OrderedDict[tuple[Question, str], Answer] = OrderedDict()
        self._running: dict[tuple[Question, str], asyncio.Task[Answer]] = {}
        self._known: OrderedDict[tuple[int, str], str] = OrderedDict()
        self._workers = anyio.CapacityLimiter(settings.workers)
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._lake = TailedLake(settings.lake)
        self._lock = asyncio.Lock()
        self._version, self._tables, self._looked, self._changed = "", "", -math.inf, 0
        self.computed = 0
        self.reused = 0

    async def version(self) -> str:
        """Return the version of the lake: while it is the same, so is every answer.

        Tables are looked at once in the time between two polls, however many ask.
        """
        async with self._lock:
            if monotonic_seconds() - self._looked > self._settings.poll_seconds:
                versions = await anyio.to_thread.run_sync(self._lake.versions, limiter=self._threads)
                waiting = await anyio.to_thread.run_sync(self._lake.waiting, limiter=self._threads)
                self._tables = "-".join(str(version + 1) for version in versions.values())
                newest = self._tables + "".join(f"-{kind}.{count}" for kind, count in sorted(waiting.items()))
                self._looked = monotonic_seconds()
                if newest != self._version:
                    self._version, self._changed = newest, now_ns() // 1_000_000 * 1_000_000
        return self._version

    def expire(self) -> None:
        """Look at the lake again with the next question: there is news."""
        self._looked = -math.inf

    async def present(self) -> int:
        """Return the moment (UTC ns) that questions of the present are of: all within a second share their answer.

        It is the present second, or the millisecond at which the lake was last seen to have changed within it: a row
        is in the answer as soon as it is there, and the same moment asked of later gives the same rows.
        """
        await self.version()
        return max(now_ns() // NANOSECONDS_PER_SECOND * NANOSECONDS_PER_SECOND, self._changed)

    async def get(self, question: Question) -> Answer:
        """Return the answer to a question.

        Raises
        ------
        RunoutError
            As the question does; if too many wait for a worker, or it took too long.
        """
        if question.model == "measured" and (file := self._settings.positions) is not None:
            changed = await anyio.to_thread.run_sync(changed_at, file, limiter=self._threads)
            question = msgspec.structs.replace(question, positions=(str(file), changed))
        key = question, await self._state(question)
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            self.reused += 1
            return kept
        task = self._running.get(key)
        if task is None:
            if len(self._running) >= self._settings.waiting + self._settings.workers:
                raise BusyError(f"{len(self._running)} answers are being computed; ask again in a few seconds")
            task = asyncio.ensure_future(self._compute(question))
            self._running[key] = task
            task.add_done_callback(lambda done: self._finish(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Give up what is being computed."""
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _state(self, question: Question) -> str:
        """Return what the lake knew at the moment of a question."""
        version = await self.version()
        if question.at > now_ns() - _PRESENT:
            return version if question.resource in READS else self._tables  # models read the tables alone
        moment = question.at, version
        if moment not in self._known:
            async with self._lock:
                rows = await anyio.to_thread.run_sync(self._lake.known_rows, question.at, limiter=self._threads)
            self._known[moment] = "-".join(map(str, rows.values()))
            while len(self._known) > 1_000:
                self._known.popitem(last=False)
        return self._known[moment]

    async def _compute(self, question: Question) -> Answer:
        self.computed += 1
        root, seconds = self._settings.lake, self._settings.answer_seconds
        if question.resource == "status" or question.resource in READS:
            return await anyio.to_thread.run_sync(read, self._lake, question, limiter=self._threads)
        await anyio.to_thread.run_sync(refuse_stale, self._lake, question, limiter=self._threads)
        try:
            async with self._workers:
                with anyio.fail_after(seconds):
                    return await anyio.to_process.run_sync(_answer, root, question, cancellable=True)
        except TimeoutError as error:
            raise TooSlowError(f"the answer was not ready after {seconds:g} s and was given up") from error

    def _finish(self, key: tuple[Question, str], done: "asyncio.Task[Answer]") -> None:
        del self._running[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._kept[key] = done.result()
        while len(self._kept) > 1 and sum(item.size() for item in self._kept.values()) > _KEPT_BYTES:
            self._kept.popitem(last=False)
