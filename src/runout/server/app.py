"""The application: resources, stream, health, metrics and page."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from runout.errors import RunoutError
from runout.server import health, live, pages, parameters, problems, udf
from runout.server.answers import Answers
from runout.server.asking import asking_of, subject_of, view_of
from runout.server.resources import RESOURCES
from runout.server.settings import Settings
from runout.server.stream import Channel
from runout.server.tail import LakeTail
from runout.version import SCHEMA_VERSION

if TYPE_CHECKING:
    from runout.server.tail import Tail

_DESCRIPTION: Final = (
    "Answers of a lake as of any moment. Every resource takes `at`: only what was known by then goes in. Times are ISO "
    "8601 UTC, what was not observed is null, fractions are fractions."
)


def framework(settings: Settings, tail: "Tail | None" = None) -> Litestar:
    """Return the application, to be put behind its gate.

    Parameters
    ----------
    settings
        How it is run.
    tail
        Where news come from; the tables of the lake if absent.
    """

    @contextlib.asynccontextmanager
    async def running(app: Litestar) -> AsyncGenerator[None]:
        app.state.settings = settings
        app.state.answers = Answers(settings)
        app.state.channel = Channel()
        news = tail or LakeTail(settings.lake)
        expire = app.state.answers.expire
        watching = asyncio.ensure_future(live.watch(news, app.state.channel, settings.poll_seconds, expire))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await app.state.answers.close()

    limits = RateLimitConfig(("second", settings.requests_per_second), exclude=["^/health/"])
    resources = Router("/", route_handlers=[*RESOURCES, live.stream], guards=[parameters.check])
    return Litestar(
        [resources, live.socket, *udf.FEED, *health.HANDLERS, *pages.handlers(settings)],
        dependencies={"subject": Provide(subject_of), "view": Provide(view_of), "ask": Provide(asking_of)},
        exception_handlers={
            RunoutError: problems.of_runout,
            HTTPException: problems.of_http,
            Exception: problems.of_accident,
        },
        lifespan=[running],
        middleware=[limits.middleware],
        cors_config=CORSConfig(allow_origins=list(settings.origins), allow_methods=["GET"])
        if settings.origins
        else None,
        openapi_config=OpenAPIConfig(
            title="Runout",
            version=SCHEMA_VERSION,
            description=_DESCRIPTION,
            path="/openapi",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            use_handler_docstrings=True,
        ),
        request_max_body_size=65_536,
        logging_config=None,
        debug=False,
    )
