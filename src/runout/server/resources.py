"""The resources under ``/v1``: each names its moment with ``at`` and its form with ``format`` or ``Accept``."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from runout.api.observed import Status
from runout.api.questions import Question
from runout.clock import format_time
from runout.server import replies
from runout.server.asking import AnyRequest, Columns, Subject, Venue, View, answers_of, model, table
from runout.server.problems import Problem
from runout.server.replies import MEDIA, Document

_PROBLEM_MEDIA: Final = "application/problem+json"
_PROBLEMS: Final = {
    400: ResponseSpec(Problem, description="Not of the expected form.", media_type=_PROBLEM_MEDIA),
    404: ResponseSpec(Problem, description="Not enough data.", media_type=_PROBLEM_MEDIA),
    429: ResponseSpec(Problem, description="Too many requests.", media_type=_PROBLEM_MEDIA),
    503: ResponseSpec(Problem, description="Busy, or the lake cannot be read.", media_type=_PROBLEM_MEDIA),
    504: ResponseSpec(Problem, description="Took too long.", media_type=_PROBLEM_MEDIA),
}
_TABLE: Final = {200: ResponseSpec(Document, description="Rows, and what they are of."), **_PROBLEMS}
_SAID: Final = {200: ResponseSpec(dict[str, Any], description="As the command line writes it."), **_PROBLEMS}
_OCTETS: Final = {
    200: ResponseSpec(bytes, description="A tile.", media_type="application/octet-stream"),
    **_PROBLEMS,
}


class StatusDocument(Status, frozen=True, kw_only=True):
    """What the lake holds, and its version.

    Parameters
    ----------
    version
        While it stays the same, so does every answer.
    as_of
        ISO 8601 UTC: the moment it is of.
    """

    version: str
    as_of: str


# -- tables -----------------------------------------------------------------------------------------------------------


@get("/v1/candles", responses=_TABLE, summary="Candles of a coin")
async def candles(
    request: AnyRequest,
    subject: NamedDependency[Subject],
    view: NamedDependency[View],
    columns: Columns = 400,
    venue: Venue = None,
) -> Response[bytes]:
    """Return candles of the coin's perpetual market, or spot where there is none; a bucket without trades is absent."""
    return await table(request, view, subject.question("candles", columns=columns, venue=venue))


@get("/v1/liquidations", responses=_TABLE, summary="Liquidations of a coin by bucket and side")
async def liquidations(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View], columns: Columns = 400
) -> Response[bytes]:
    """Return dollars reported as liquidated; `capture` says whether the feeds show all of them."""
    return await table(request, view, subject.question("liquidations", columns=columns))


@get("/v1/tape", responses=_TABLE, summary="The latest single liquidations")
async def tape(
    request: AnyRequest,
    subject: NamedDependency[Subject],
    view: NamedDependency[View],
    events: Annotated[int, Parameter(description="Most events.", ge=1, le=1_000)] = 100,
    least_usd: Annotated[float, Parameter(description="Smaller ones are left out.", ge=0.0, le=1e12)] = 0.0,
) -> Response[bytes]:
    """Return single liquidations, the newest first; none where only totals of intervals are known."""
    return await table(request, view, subject.question("tape", limit=events, least_usd=least_usd))


@get("/v1/open-interest", responses=_TABLE, summary="Open interest of a coin")
async def open_interest(
    request: AnyRequest,
    subject: NamedDependency[Subject],
    view: NamedDependency[View],
    columns: Columns = 400,
    venue: Venue = None,
) -> Response[bytes]:
    """Return open interest in coins and dollars; its change is parted into positions and price."""
    return await table(request, view, subject.question("open-interest", columns=columns, venue=venue))


@get("/v1/funding", responses=_TABLE, summary="Funding of a coin")
async def funding(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View]
) -> Response[bytes]:
    """Return funding rates as fractions per `interval_hours`; positive: longs pay shorts."""
    return await table(request, view, subject.question("funding"))


@get("/v1/depth", responses=_TABLE, summary="Resting orders around the price")
async def depth(request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View]) -> Response[bytes]:
    """Return dollars of resting orders within a band around the price."""
    return await table(request, view, subject.question("depth"))


@get("/v1/flushes", responses=_TABLE, summary="Flushes and squeezes of a coin")
async def flushes(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View]
) -> Response[bytes]:
    """Return flushes and squeezes as they were known, the newest first."""
    return await table(request, view, subject.question("flushes"))


@get("/v1/screener", responses=_TABLE, summary="All coins side by side")
async def screener(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View]
) -> Response[bytes]:
    """Return the newest daily figures of every coin, ranked within its own past year and among the coins."""
    return await table(request, view, Question(resource="screener", at=subject.at))


@get("/v1/coverage/feeds", responses=_TABLE, summary="The newest row of every series of a coin")
async def feeds(request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View]) -> Response[bytes]:
    """Return how old each series is, and whether its next row is overdue."""
    return await table(request, view, subject.question("feeds"))


@get("/v1/coverage", responses=_TABLE, summary="Stretches that were not observed")
async def unobserved(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View]
) -> Response[bytes]:
    """Return the stretches of a window without prices or liquidations, and every gap on record."""
    return await table(request, view, subject.question("unobserved"))


@get("/v1/series", responses=_TABLE, summary="The series of the lake")
async def series(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View]
) -> Response[bytes]:
    """Return every series with its scope, its rows, and the times they speak of; of one coin if `coin` is named."""
    coin = subject.coin if "coin" in request.query_params else ""
    return await table(request, view, Question(resource="series", at=subject.at, coin=coin))


@get("/v1/rows", responses=_TABLE, summary="Rows of series")
async def rows(
    request: AnyRequest,
    subject: NamedDependency[Subject],
    view: NamedDependency[View],
    series: Annotated[list[str], Parameter(description="Identifiers of series of one kind.", max_items=20)],
) -> Response[bytes]:
    """Return rows as they were known at a moment; the evidence of every finding names them."""
    asked = Question(resource="rows", at=subject.at, since=subject.since, series=tuple(series))
    return await table(request, view, asked)


# -- models -----------------------------------------------------------------------------------------------------------


@get("/v1/map", responses=_SAID, summary="The liquidation map of a coin, inferred")
async def map_(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View], venue: Venue = None
) -> Response[bytes]:
    """Return where positions would be liquidated, as `runout map` writes it; csv, arrow and parquet: its levels."""
    return await model(request, view, subject.question("snapshot", venue=venue), ("json", "text"), "levels")


@get("/v1/map/heat", responses=_OCTETS, summary="The heat of the map over time, a byte a cell")
async def heat(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View], venue: Venue = None
) -> Response[bytes]:
    """Return a tile: length of its header, JSON header, and bytes row by row (docs/api.md says how to read them)."""
    return await model(request, view, subject.question("snapshot", venue=venue), ("heat",))


@get("/v1/clusters", responses=_TABLE, summary="Clusters of the map, inferred")
async def clusters(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View], venue: Venue = None
) -> Response[bytes]:
    """Return clusters with their band, the chance that the price gets there, and what crossing them sets off."""
    return await model(request, view, subject.question("snapshot", venue=venue), name="clusters")


@get("/v1/sweeps", responses=_TABLE, summary="What the map expected, and what was reported")
async def sweeps(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View], venue: Venue = None
) -> Response[bytes]:
    """Return each bucket of the window: levels that the price crossed, dollars expected there and dollars reported."""
    return await model(request, view, subject.question("snapshot", venue=venue), name="sweeps")


@get("/v1/whatif/ladder", responses=_TABLE, summary="What moves of every size would set off")
async def ladder(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View], venue: Venue = None
) -> Response[bytes]:
    """Return moves of 0.5% to 15% either way: chance, forced orders, where it stops."""
    return await model(request, view, subject.question("snapshot", venue=venue), name="ladder")


@get("/v1/whatif", responses=_SAID, summary="What a move or an order would set off")
async def whatif(
    request: AnyRequest,
    subject: NamedDependency[Subject],
    view: NamedDependency[View],
    shock: Annotated[Literal["drop", "rise", "to", "sell", "buy"], Parameter(description="What happens.")],
    amount: Annotated[str, Parameter(description="5%, a price in dollars, or an order such as 500M.", max_length=20)],
) -> Response[bytes]:
    """Return where a move or an order would end, as `runout whatif` says it; csv, arrow and parquet: its cases."""
    return await model(request, view, subject.question("whatif", shock=(shock, amount)), ("json", "text"), "whatif")


@get("/v1/forecast", responses=_SAID, summary="How likely a wave of liquidations is")
async def forecast(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View]
) -> Response[bytes]:
    """Return the chances of the present UTC day and the next, as `runout forecast` says them."""
    return await model(request, view, subject.question("forecast"), ("json",), "forecast")


@get("/v1/bulletin", responses=_SAID, summary="The bulletin of a coin")
async def bulletin(
    request: AnyRequest, subject: NamedDependency[Subject], view: NamedDependency[View]
) -> Response[bytes]:
    """Return the bulletin as `runout bulletin` writes it (brief: one screen); csv, arrow and parquet: its findings."""
    documents = ("json", "brief", "text", "md", "html")
    form = replies.chosen_form(request, view.format, (*documents, "csv", "arrow", "parquet"))
    asked = subject.question("bulletin-page" if form == "html" else "bulletin")
    return await model(request, msgspec.structs.replace(view, format=form), asked, documents, "bulletin")


@get(
    "/v1/status",
    responses={200: ResponseSpec(StatusDocument, description="What the lake holds."), **_PROBLEMS},
    summary="What the lake holds, and how old it is",
)
async def status(request: AnyRequest, subject: NamedDependency[Subject]) -> Response[bytes]:
    """Return the coins of the lake, its newest price and that price's age; an empty lake says so."""
    answers = answers_of(request)
    answer = await answers.get(Question(resource="status", at=subject.at))
    found = msgspec.json.decode(answer.documents["json"], type=Status)
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    document = StatusDocument(**fields, version=await answers.version(), as_of=format_time(subject.at))
    return replies.respond(request, msgspec.json.encode(document), MEDIA["json"], fixed=False)


RESOURCES: Final = (
    status, candles, liquidations, tape, open_interest, funding, depth, flushes, screener, feeds, unobserved, series,
    rows, map_, heat, clusters, sweeps, ladder, whatif, forecast, bulletin,
)  # fmt: skip
