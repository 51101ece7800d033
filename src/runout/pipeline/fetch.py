"""Fetch a provider's figures over its API: ask, keep every answer as it came, then import what was kept.

Answers are written below the lake before anything reads them, so nothing that was paid for is lost: a fetch that is
killed is finished by ``runout import coinglass <lake>/raw/coinglass``.
"""

import asyncio
import gzip
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from runout.clock import from_datetime, now_ns
from runout.errors import SchemaError, SourceError
from runout.lake import Lake
from runout.pipeline.file_import import Imported, import_files
from runout.pipeline.progress import Progress, no_progress
from runout.sources import coinglass
from runout.sources.coinglass.answers import read_answer
from runout.sources.coinglass.requests import Request, requests_for

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from aiolimiter import AsyncLimiter

COINGLASS_URL = "https://open-api-v4.coinglass.com"
_SECONDS_PER_MINUTE = 60.0
_UNAUTHORISED, _TIMED_OUT, _TOO_MANY, _SERVER_FAULT = 401, 408, 429, 500


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the API, and how patiently.

    Parameters
    ----------
    key
        API key; sent as a header and written nowhere.
    url
        Base address.
    requests_per_minute
        Most requests within a minute; the smallest plan allows 30.
    attempts
        How often a request is tried before it counts as failed.
    first_wait_seconds, longest_wait_seconds
        Wait after the first failed attempt, doubled each time up to the longest. A ``Retry-After`` of the server goes
        before it, up to the longest.
    timeout_seconds
        Longest time for one answer.
    """

    key: str
    url: str = COINGLASS_URL
    requests_per_minute: int = 30
    attempts: int = 5
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    timeout_seconds: float = 30.0


class Answered(msgspec.Struct, frozen=True):
    """What became of one request: its answer ``kept``, or it was ``refused``, or no answer came (``failed``)."""

    name: str
    status: Literal["kept", "refused", "failed"]
    detail: str = ""
    path: Path | None = None


class Fetched(msgspec.Struct, frozen=True):
    """What became of a fetch: of its requests, and of the rows in the answers kept."""

    answers: tuple[Answered, ...]
    imported: tuple[Imported, ...]


class _RefusedError(SourceError):
    """The provider will not answer this request; asking again does not help."""


class _BusyError(SourceError):
    """The provider may answer later."""

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


def fetch_coinglass(
    lake: Lake,
    access: Access,
    *,
    coins: Iterable[str],
    since: int,
    until: int,
    step: int,
    raw: Path,
    progress: Progress = no_progress,
) -> Fetched:
    """Fetch everything CoinGlass has about coins over a period, and import it into ``lake``.

    Parameters
    ----------
    lake
        Where rows go.
    access
        Key, address and patience.
    coins
        Base assets.
    since, until
        UTC ns.
    step
        Nanoseconds between rows.
    raw
        Folder that keeps the answers, gzipped.
    progress
        Called with each request's name, its number and how many there are.

    Raises
    ------
    UsageError
        If the extra ``live`` is not installed.
    SourceError
        If the provider does not accept the key, or answers no request at all.
    """
    plan = [request for coin in coins for request in requests_for(coin, since=since, until=until, step=step)]
    answers = asyncio.run(_ask_all(plan, access, raw, progress))
    paths = [answer.path for answer in answers if answer.path is not None]
    if not paths:
        first = answers[0] if answers else None
        raise SourceError(
            f"expected answers from {access.url}, found none to {len(plan)} requests"
            + (f"; the first: {first.detail}" if first else "; name a longer period")
        )
    return Fetched(tuple(answers), tuple(import_files(lake, coinglass.source(), paths)))


async def _ask_all(plan: list[Request], access: Access, raw: Path, progress: Progress) -> list[Answered]:
    import aiohttp  # noqa: PLC0415 - only where the network is used
    from aiolimiter import AsyncLimiter  # noqa: PLC0415

    limiter = AsyncLimiter(access.requests_per_minute, _SECONDS_PER_MINUTE)
    timeout = aiohttp.ClientTimeout(total=access.timeout_seconds)
    headers = {"CG-API-KEY": access.key, "accept": "application/json"}
    answers: list[Answered] = []
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        for number, request in enumerate(plan, start=1):
            progress(request.name, number, len(plan))
            answers.append(await _answered(session, limiter, access, request, raw))
    return answers


async def _answered(
    session: "ClientSession", limiter: "AsyncLimiter", access: Access, request: Request, raw: Path
) -> Answered:
    try:
        body = await _ask(session, limiter, access, request)
    except _RefusedError as error:
        return Answered(request.name, "refused", str(error))
    except _BusyError as error:
        return Answered(request.name, "failed", str(error))
    return Answered(request.name, "kept", path=_keep(body, raw / request.file_name(now_ns())))


async def _ask(session: "ClientSession", limiter: "AsyncLimiter", access: Access, request: Request) -> bytes:
    import stamina  # noqa: PLC0415 - an extra, only where the network is used

    def wait(error: Exception) -> bool | float:
        if not isinstance(error, _BusyError):
            return False
        return True if error.wait_seconds is None else min(error.wait_seconds, access.longest_wait_seconds)

    retries = stamina.retry_context(
        on=wait,
        attempts=access.attempts,
        timeout=None,
        wait_initial=access.first_wait_seconds,
        wait_max=access.longest_wait_seconds,
        wait_jitter=access.first_wait_seconds,
    )
    async for attempt in retries:
        with attempt:
            async with limiter:
                return await _ask_once(session, access, request)
    raise SourceError(f"expected at least one attempt at {request.path}, found attempts = {access.attempts}")


async def _ask_once(session: "ClientSession", access: Access, request: Request) -> bytes:
    import aiohttp  # noqa: PLC0415

    try:
        async with session.get(access.url.rstrip("/") + request.path, params=request.query) as response:
            body = await response.read()
            _check_status(response, request)
    except TimeoutError as error:
        raise _BusyError(
            f"expected an answer to {request.path} within {access.timeout_seconds:g} s, found none"
        ) from error
    except aiohttp.ClientError as error:
        raise _BusyError(f"expected an answer to {request.path}, found {error or type(error).__name__}") from error
    _check_envelope(body, request)
    return body


def _check_status(response: "ClientResponse", request: Request) -> None:
    status = response.status
    if status == _UNAUTHORISED:
        raise SourceError(
            "expected CoinGlass to accept the key, found 401 Unauthorized; set RUNOUT_COINGLASS_KEY to a valid key"
        )
    if status in {_TIMED_OUT, _TOO_MANY} or status >= _SERVER_FAULT:
        raise _BusyError(
            f"expected an answer to {request.path}, found status {status}",
            _retry_after(response.headers.get("Retry-After")),
        )
    if not response.ok:
        raise _RefusedError(
            f"expected an answer to {request.path}, found status {status}; does the plan of this key include it?"
        )


def _check_envelope(body: bytes, request: Request) -> None:
    try:
        answer = read_answer(body)
    except SchemaError as error:
        raise _BusyError(f"{request.path}: {error}") from error
    if answer.done:
        return
    fault = f"expected code 0 from {request.path}, found code {answer.code}: {answer.msg}"
    if str(answer.code) in {str(_TOO_MANY), str(_SERVER_FAULT)}:
        raise _BusyError(fault)
    raise _RefusedError(f"{fault}; does the plan of this key include it?")


def _retry_after(header: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header: a number or a date (RFC 9110, section 10.2.3)."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, (from_datetime(parsedate_to_datetime(header)) - now_ns()) / 1e9)
    except ValueError:
        return None


def _keep(body: bytes, path: Path) -> Path:
    """Write an answer whole or not at all; the same answer gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(gzip.compress(body, mtime=0))
    return partial.replace(path)
