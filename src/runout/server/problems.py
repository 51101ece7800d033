"""Errors as problem documents (RFC 9457), each with what to do."""

import sys
import traceback
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from runout.errors import LakeError, NotEnoughDataError, RunoutError, SchemaError, UsageError
from runout.server.answers import BusyError, TooSlowError
from runout.server.parameters import refused

MEDIA: Final = "application/problem+json"
_STATUS: Final[dict[type, tuple[int, str]]] = {
    NotEnoughDataError: (404, "Not enough data"),
    UsageError: (400, "The question is not of the expected form"),
    SchemaError: (500, "The lake is not of the expected form"),
    LakeError: (503, "The lake cannot be read"),
    BusyError: (503, "Too many computations are waiting"),
    TooSlowError: (504, "The computation took too long"),
    RunoutError: (500, "The answer could not be made"),
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong.

    Parameters
    ----------
    type
        Always ``about:blank``: the status says what kind of problem it is.
    title
        The kind in words.
    status
        Of HTTP.
    detail
        What was expected, what was found, and what to do.
    """

    type: str
    title: str
    status: int
    detail: str


def of_runout(_: "Request[Any, Any, Any]", error: RunoutError) -> Response[bytes]:
    """Return the problem document of an error of ours."""
    status, title = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    headers = {"Retry-After": "5"} if status == 503 else {}
    return _response(status, title, str(error), headers)


def of_http(request: "Request[Any, Any, Any]", error: HTTPException) -> Response[bytes]:
    """Return the problem document of a request that the framework refuses."""
    extra = error.extra if isinstance(error.extra, list) else []
    reasons = [
        refused(request, item.get("key", ""), item.get("message", "")) for item in extra if isinstance(item, dict)
    ]
    title = {404: "No such resource", 405: "Only GET is answered", 429: "Too many requests"}.get(
        error.status_code, "The question is not of the expected form" if error.status_code == 400 else error.detail
    )
    detail = "; ".join(reasons) or error.detail
    return _response(error.status_code, title, detail, dict(error.headers or {}))


def of_accident(_: "Request[Any, Any, Any]", error: Exception) -> Response[bytes]:
    """Return the problem document of a defect; what it was is written to the log, not to the asker."""
    traceback.print_exception(error, file=sys.stderr)
    return _response(500, "The server failed", f"{type(error).__name__}: see the server's log", {})


def _response(status: int, title: str, detail: str, headers: dict[str, str]) -> Response[bytes]:
    body = msgspec.json.encode(Problem(type="about:blank", title=title, status=status, detail=detail))
    return Response(body, status_code=status, media_type=MEDIA, headers=headers)
