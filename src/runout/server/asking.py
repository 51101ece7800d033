"""What every request says in the same words: of what coin and moment, in what form; and how its answer is sent."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import Parameter

from runout.api.questions import READS, Question
from runout.api.table_answer import TableAnswer
from runout.clock import NANOSECONDS_PER_MINUTE, exact_time, parse_time
from runout.errors import UsageError
from runout.server import replies
from runout.server.answers import Answers
from runout.server.replies import MEDIA

TABLE_FORMS: Final = ("json", "csv", "arrow", "parquet")

AnyRequest = Request[Any, Any, State]

Venue = Annotated[str | None, Parameter(description="Venue, such as binance.", pattern=r"^[A-Za-z0-9 ._-]{1,40}$")]
Columns = Annotated[int, Parameter(description="Most buckets; the server picks the step.", ge=2, le=5_000)]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is wanted: form, part of a list, and the version of the lake that the asker has seen."""

    format: str | None
    limit: int
    cursor: str | None
    version: str | None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Of what coin and moment, and whether that is named; ``since`` (UTC ns) where a window is asked for."""

    coin: str
    at: int
    named: bool
    since: int | None

    def question(self, resource: str, **more: Any) -> Question:
        """Return the question for a resource."""
        if (venue := more.get("venue")) is not None:
            more["venue"] = venue.lower()
        # A model takes seconds: all who ask it of the present within a minute share its answer.
        at = self.at if resource in READS or self.named else self.at - self.at % NANOSECONDS_PER_MINUTE
        return Question(resource=resource, at=at, coin=self.coin, since=self.since, **more)


async def view_of(
    format: Annotated[str | None, Parameter(description="Form of the answer; before Accept.", max_length=12)] = None,  # noqa: A002 - its public name
    limit: Annotated[int, Parameter(description="Most rows of one answer.", ge=1, le=10_000)] = 10_000,
    cursor: Annotated[str | None, Parameter(description="next_cursor of the answer before.", max_length=80)] = None,
    version: Annotated[
        str | None,
        Parameter(description="Version by /v1/status: while it holds, the answer may be kept.", max_length=400),
    ] = None,
) -> View:
    """Return how an answer is wanted."""
    return View(format=format, limit=limit, cursor=cursor, version=version)


async def subject_of(
    request: AnyRequest,
    coin: Annotated[str, Parameter(description="Base asset: letters, digits.", pattern=r"^[A-Za-z0-9]{1,20}$")] = "BTC",
    at: Annotated[
        str | None,
        Parameter(
            description="UTC moment such as 2025-08-18T12:00Z: what was known then. Now if absent.", max_length=40
        ),
    ] = None,
    since: Annotated[
        str | None, Parameter(description="UTC moment where a window begins; a week before if absent.", max_length=40)
    ] = None,
) -> Subject:
    """Return of what a request is."""
    moment = await answers_of(request).present() if at is None else moment_of("at", at)
    return Subject(
        coin=coin.upper(), at=moment, named=at is not None, since=None if since is None else moment_of("since", since)
    )


def moment_of(name: str, text: str) -> int:
    """Return UTC ns of a moment in a request.

    Raises
    ------
    UsageError
        If it is none between 1970 and 2116.
    """
    try:
        moment = parse_time(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{name}: {error}") from error
    if not 0 <= moment < 2**62:
        raise UsageError(f"{name}: expected a moment between 1970 and 2116, found {text!r}")
    return moment


def answers_of(request: AnyRequest) -> Answers:
    """Return the answers of the server."""
    return request.app.state.answers


class Asking(msgspec.Struct, frozen=True):
    """A request: of what, how it is wanted, and the ways to answer it."""

    request: AnyRequest
    subject: Subject
    view: View

    async def table(self, asked: Question) -> Response[bytes]:
        """Return a part of a table in the form asked for."""
        form = replies.chosen_form(self.request, self.view.format, TABLE_FORMS)
        page = replies.page_of(self.view.cursor, asked.at, self.view.limit)
        asked = msgspec.structs.replace(asked, at=page.at)
        answer = await answers_of(self.request).get(asked)
        return await self._part(answer.tables[asked.resource], form, page, asked.at)

    async def model(self, asked: Question, documents: tuple[str, ...] = (), name: str = "") -> Response[bytes]:
        """Return what a model says: one of its documents, or a table of it in the form asked for.

        Parameters
        ----------
        asked
            What is asked.
        documents
            Forms that the model writes itself.
        name
            Of the table; empty for none.
        """
        forms = tuple(dict.fromkeys((*documents, *(TABLE_FORMS if name else ()))))
        form = replies.chosen_form(self.request, self.view.format, forms)
        answer = await answers_of(self.request).get(asked)
        if form in documents:
            headers = {"X-Runout-As-Of": exact_time(asked.at)}
            return await self._reply(answer.documents[form], form, headers)
        if name not in answer.tables:
            missing = answer.documents.get(f"{name}-missing", b"it cannot be made of what the lake holds")
            raise NotFoundException(missing.decode())
        page = replies.page_of(self.view.cursor, asked.at, self.view.limit)
        return await self._part(answer.tables[name], form, page, asked.at)

    async def _part(self, table: TableAnswer, form: str, page: replies.Page, at: int) -> Response[bytes]:
        body, headers = replies.table_body(table, form, page, as_of=exact_time(at), reproduce=_again(self.request, at))
        return await self._reply(body, form, headers)

    async def _reply(self, body: bytes, form: str, headers: dict[str, str]) -> Response[bytes]:
        """Return an answer; it may be kept where the request names its moment and the version of the lake as it is."""
        version = self.view.version if "at" in self.request.query_params else None
        fixed = version is not None and version == await answers_of(self.request).version()
        return replies.respond(self.request, body, MEDIA[form], fixed=fixed, extra=headers)


async def asking_of(request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View]) -> Asking:
    """Return a request with what its parameters say."""
    return Asking(request, subject, view)


def _again(request: AnyRequest, at: int) -> str:
    """Return the path that asks the same of the same moment."""
    left_out = {"at", "version", "cursor"}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in left_out]
    return f"{request.url.path}?{urlencode([*kept, ('at', exact_time(at))])}"
