"""Whether the server lives, whether it can answer, and figures for a monitor (Prometheus' text format)."""

from typing import Final

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from runout.api.observed import Status
from runout.api.questions import Question
from runout.clock import now_ns
from runout.errors import NotEnoughDataError
from runout.server.asking import AnyRequest, answers_of


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the server can answer.

    Parameters
    ----------
    ready
        Whether the lake can be read.
    state
        ``empty``, ``stale`` or ``live``: an empty or stale lake is served, and says so.
    newest
        ISO 8601 UTC of its newest price; empty without one.
    age_seconds
        Of that price; null without one.
    """

    ready: bool
    state: str
    newest: str
    age_seconds: int | None


@get("/health/live", summary="Whether the server lives")
async def alive() -> dict[str, bool]:
    """Return that the server lives; nothing is read."""
    return {"alive": True}


@get(
    "/health/ready",
    summary="Whether the lake can be read",
    responses={503: ResponseSpec(Readiness, generate_examples=False)},
)
async def ready(request: AnyRequest) -> Readiness:
    """Return whether the lake can be read, and how old its newest price is."""
    results = await _status(request)
    return Readiness(ready=True, state=results.state, newest=results.newest, age_seconds=results.age_seconds)


@get("/metrics", summary="Figures for a monitor", media_type="text/plain")
async def metrics(request: AnyRequest) -> Response[bytes]:
    """Return figures in Prometheus' text format."""
    results = await _status(request)
    answers, channel = answers_of(request), request.app.state.channel
    registry = CollectorRegistry()

    def gauge(name: str, meaning: str, value: float) -> None:
        Gauge(f"runout_{name}", meaning, registry=registry).set(value)

    gauge(
        "lake_age_seconds",
        "Age of the newest price; -1 without one.",
        -1 if results.age_seconds is None else results.age_seconds,
    )
    gauge("lake_series", "Series with rows.", results.series)
    gauge("lake_live", "Whether the newest price is current.", results.state == "live")
    gauge("answers_computed", "Answers computed since the start.", answers.computed)
    gauge("answers_reused", "Answers served again since the start.", answers.reused)
    gauge("stream_readers", "Open streams.", channel.readers)
    gauge("stream_messages", "Messages sent since the start.", channel.last)
    try:
        feeds = (await answers.get(Question(resource="feeds", at=now_ns() // 60_000_000_000 * 60_000_000_000))).tables[
            "feeds"
        ]
    except NotEnoughDataError:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)
    age = Gauge("runout_feed_age_seconds", "Age of the newest row.", ("series", "venues"), registry=registry)
    for row in feeds.table.select("series", "venues", "age_seconds").iter_rows():
        age.labels(row[0], row[1]).set(row[2])
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _status(request: AnyRequest) -> Status:
    minute = now_ns() // 60_000_000_000 * 60_000_000_000
    answer = await answers_of(request).get(Question(resource="status", at=minute))
    return msgspec.json.decode(answer.documents["json"], type=Status)


HANDLERS: Final = (alive, ready, metrics)
