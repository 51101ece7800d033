"""The resources under ``/v1``: each names its moment with ``at`` and its form with ``format`` or ``Accept``."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from runout.api.observed import Status
from runout.api.questions import Question
from runout.bulletin.liquidation_map import Model
from runout.clock import exact_time
from runout.server import replies
from runout.server.asking import AnyRequest, Asking, Columns, Subject, Venue, answers_of
from runout.server.problems import Problem
from runout.server.replies import MEDIA, Document

_PROBLEM_MEDIA: Final = "application/problem+json"
PROBLEMS: Final = {
    status: ResponseSpec(Problem, generate_examples=False, description=text, media_type=_PROBLEM_MEDIA)
    for status, text in {
        400: "Not of the expected form.", 404: "Not enough data.", 429: "Too many requests.",
        503: "Busy, or the lake cannot be read.", 504: "Took too long.",
    }.items()
}  # fmt: skip


def described(kind: Any, text: str, media: str = "application/json") -> dict[int, ResponseSpec]:
    """Return what a resource answers, as the description of the API has it: what is asked for, or a problem."""
    return {200: ResponseSpec(kind, generate_examples=False, description=text, media_type=media), **PROBLEMS}


MapModel = Annotated[
    Model,
    Parameter(
        description="inferred; path: the same of the price path alone; measured: positions that a venue publishes."
    ),
]
_TABLE: Final = described(Document, "Rows, and what they are of.")
_SAID: Final = described(dict[str, Any], "As the command line writes it.")
_OCTETS: Final = described(bytes, "A tile.", "application/octet-stream")


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
    ask: NamedDependency[Asking],
    columns: Columns = 400,
    venue: Venue = None,
) -> Response[bytes]:
    """Return candles of the coin's perpetual market, or spot where there is none; a bucket without trades is absent."""
    return await ask.table(ask.subject.question("candles", columns=columns, venue=venue))


@get("/v1/liquidations", responses=_TABLE, summary="Liquidations of a coin by bucket and side")
async def liquidations(ask: NamedDependency[Asking], columns: Columns = 400) -> Response[bytes]:
    """Return dollars reported as liquidated; `capture` says whether the feeds show all of them."""
    return await ask.table(ask.subject.question("liquidations", columns=columns))


@get("/v1/tape", responses=_TABLE, summary="The latest single liquidations")
async def tape(
    ask: NamedDependency[Asking],
    events: Annotated[int, Parameter(description="Most events.", ge=1, le=1_000)] = 100,
    least_usd: Annotated[float, Parameter(description="Smaller ones are left out.", ge=0.0, le=1e12)] = 0.0,
) -> Response[bytes]:
    """Return single liquidations, the newest first; none where only totals of intervals are known."""
    return await ask.table(ask.subject.question("tape", limit=events, least_usd=least_usd))


@get("/v1/open-interest", responses=_TABLE, summary="Open interest of a coin")
async def open_interest(
    ask: NamedDependency[Asking],
    columns: Columns = 400,
    venue: Venue = None,
) -> Response[bytes]:
    """Return open interest in coins and dollars; its change is parted into positions and price."""
    return await ask.table(ask.subject.question("open-interest", columns=columns, venue=venue))


@get("/v1/funding", responses=_TABLE, summary="Funding of a coin")
async def funding(ask: NamedDependency[Asking]) -> Response[bytes]:
    """Return funding rates as fractions per `interval_hours`; positive: longs pay shorts."""
    return await ask.table(ask.subject.question("funding"))


@get("/v1/depth", responses=_TABLE, summary="Resting orders around the price")
async def depth(ask: NamedDependency[Asking]) -> Response[bytes]:
    """Return dollars of resting orders within a band around the price."""
    return await ask.table(ask.subject.question("depth"))


@get("/v1/flushes", responses=_TABLE, summary="Flushes and squeezes of a coin")
async def flushes(ask: NamedDependency[Asking]) -> Response[bytes]:
    """Return flushes and squeezes as they were known, the newest first."""
    return await ask.table(ask.subject.question("flushes"))


@get("/v1/screener", responses=_TABLE, summary="All coins side by side")
async def screener(ask: NamedDependency[Asking]) -> Response[bytes]:
    """Return the newest daily figures of every coin, ranked within its own past year and among the coins."""
    return await ask.table(Question(resource="screener", at=ask.subject.at))


@get("/v1/coverage/feeds", responses=_TABLE, summary="The newest row of every series of a coin")
async def feeds(ask: NamedDependency[Asking]) -> Response[bytes]:
    """Return how old each series is, and whether its next row is overdue."""
    return await ask.table(ask.subject.question("feeds"))


@get("/v1/coverage", responses=_TABLE, summary="Stretches that were not observed")
async def unobserved(ask: NamedDependency[Asking], venue: Venue = None) -> Response[bytes]:
    """Return the stretches of a window without prices (of `venue`) or liquidations, and every gap on record."""
    return await ask.table(ask.subject.question("unobserved", venue=venue))


@get("/v1/series", responses=_TABLE, summary="The series of the lake")
async def series(ask: NamedDependency[Asking]) -> Response[bytes]:
    """Return every series with its scope, its rows, and the times they speak of; of one coin if `coin` is named."""
    coin = ask.subject.coin if "coin" in ask.request.query_params else ""
    return await ask.table(Question(resource="series", at=ask.subject.at, coin=coin))


@get("/v1/rows", responses=_TABLE, summary="Rows of series")
async def rows(
    ask: NamedDependency[Asking],
    series: Annotated[list[str], Parameter(description="Identifiers of series of one kind.", max_items=20)],
) -> Response[bytes]:
    """Return rows as they were known at a moment; the evidence of every finding names them."""
    asked = Question(resource="rows", at=ask.subject.at, since=ask.subject.since, series=tuple(series))
    return await ask.table(asked)


# -- models -----------------------------------------------------------------------------------------------------------


@get("/v1/map", responses=_SAID, summary="The liquidation map of a coin, inferred")
async def map_(ask: NamedDependency[Asking], venue: Venue = None, model: MapModel = "inferred") -> Response[bytes]:
    """Return where positions would be liquidated, as `runout map` writes it; csv, arrow and parquet: its levels."""
    return await ask.model(ask.subject.question("snapshot", venue=venue, model=model), ("json", "text"), "levels")


@get("/v1/map/heat", responses=_OCTETS, summary="The heat of the map over time, a byte a cell")
async def heat(ask: NamedDependency[Asking], venue: Venue = None, model: MapModel = "inferred") -> Response[bytes]:
    """Return a tile: length of its header, JSON header, and bytes row by row (docs/api.md says how to read them)."""
    return await ask.model(ask.subject.question("snapshot", venue=venue, model=model), ("heat",))


@get("/v1/clusters", responses=_TABLE, summary="Clusters of the map, inferred")
async def clusters(ask: NamedDependency[Asking], venue: Venue = None, model: MapModel = "inferred") -> Response[bytes]:
    """Return clusters with their band, the chance that the price gets there, and what crossing them sets off."""
    return await ask.model(ask.subject.question("snapshot", venue=venue, model=model), name="clusters")


@get("/v1/sweeps", responses=_TABLE, summary="What the map expected, and what was reported")
async def sweeps(ask: NamedDependency[Asking], venue: Venue = None, model: MapModel = "inferred") -> Response[bytes]:
    """Return each bucket of the window: levels that the price crossed, dollars expected there and dollars reported."""
    return await ask.model(ask.subject.question("snapshot", venue=venue, model=model), name="sweeps")


@get("/v1/whatif/ladder", responses=_TABLE, summary="What moves of every size would set off")
async def ladder(ask: NamedDependency[Asking], venue: Venue = None) -> Response[bytes]:
    """Return moves of 0.5% to 15% either way: chance, forced orders, where it stops."""
    return await ask.model(ask.subject.question("snapshot", venue=venue), name="ladder")


@get("/v1/whatif", responses=_SAID, summary="What a move or an order would set off")
async def whatif(
    ask: NamedDependency[Asking],
    shock: Annotated[Literal["drop", "rise", "to", "sell", "buy"], Parameter(description="What happens.")],
    amount: Annotated[str, Parameter(description="5%, a price in dollars, or an order such as 500M.", max_length=20)],
) -> Response[bytes]:
    """Return where a move or an order would end, as `runout whatif` says it; csv, arrow and parquet: its cases."""
    return await ask.model(ask.subject.question("whatif", shock=(shock, amount)), ("json", "text"), "whatif")


@get("/v1/forecast", responses=_SAID, summary="How likely a wave of liquidations is")
async def forecast(ask: NamedDependency[Asking]) -> Response[bytes]:
    """Return the chances of the present UTC day and the next, as `runout forecast` says them."""
    return await ask.model(ask.subject.question("forecast"), ("json",), "forecast")


@get("/v1/bulletin", responses=_SAID, summary="The bulletin of a coin")
async def bulletin(ask: NamedDependency[Asking]) -> Response[bytes]:
    """Return the bulletin as `runout bulletin` writes it (brief: one screen); csv, arrow and parquet: its findings."""
    documents = ("json", "brief", "text", "md", "html")
    form = replies.chosen_form(ask.request, ask.view.format, (*documents, "csv", "arrow", "parquet"))
    asked = ask.subject.question("bulletin-page" if form == "html" else "bulletin")
    return await ask.model(asked, documents, "bulletin")


@get(
    "/v1/status",
    responses=described(StatusDocument, "What the lake holds."),
    summary="What the lake holds, and how old it is",
)
async def status(request: AnyRequest, subject: NamedDependency[Subject]) -> Response[bytes]:
    """Return the coins of the lake, its newest price and that price's age; an empty lake says so."""
    answers = answers_of(request)
    answer = await answers.get(Question(resource="status", at=subject.at))
    results = msgspec.json.decode(answer.documents["json"], type=Status)
    fields = {name: getattr(results, name) for name in results.__struct_fields__}
    document = StatusDocument(**fields, version=await answers.version(), as_of=exact_time(subject.at))
    return replies.respond(request, msgspec.json.encode(document), MEDIA["json"], fixed=False)


RESOURCES: Final = (
    status, candles, liquidations, tape, open_interest, funding, depth, flushes, screener, feeds, unobserved, series,
    rows, map_, heat, clusters, sweeps, ladder, whatif, forecast, bulletin,
)  # fmt: skip
