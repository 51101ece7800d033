"""Answers as responses: the form that was asked for, with the headers that let it be kept and asked for again."""

import base64
import binascii
import gzip
import hashlib
from functools import lru_cache
from io import BytesIO
from typing import Any, Final, Literal
from urllib.parse import quote

import msgspec
import polars as pl
from litestar import Request, Response

from runout.api.table_answer import TableAnswer
from runout.errors import UsageError
from runout.server.questions import arrow
from runout.version import METHOD_VERSION, SCHEMA_VERSION

AnyRequest = Request[Any, Any, Any]
Form = Literal["json", "csv", "arrow", "parquet", "text", "md", "html", "heat", "brief"]

MEDIA: Final[dict[str, str]] = {  # the framework adds the charset of text
    "json": "application/json",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
    "text": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "heat": "application/octet-stream",
    "brief": "application/json",
}
_ASKED: Final = {
    "application/json": "json", "text/csv": "csv", "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.apache.parquet": "parquet", "text/plain": "text", "text/markdown": "md", "text/html": "html",
}  # fmt: skip
_TYPES: Final = {
    "Datetime": "time", "Float64": "number", "String": "text", "Boolean": "flag", "Int64": "integer",
    "UInt32": "integer",
}  # fmt: skip
_ABOUT: Final = ("scope", "series", "capture", "synthetic", "inferred", "note")
_READABLE: Final = ' ,;:+/()=-_.{}[]"$'
_YEAR: Final = 365 * 86_400
_WORTH_PACKING: Final = 1_000


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list: rows from ``offset``, at most ``limit`` of them, of the moment ``at`` (UTC ns)."""

    at: int
    offset: int = 0
    limit: int = 10_000


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A table as JSON.

    Parameters
    ----------
    schema_version, method_version
        Of the output and of the methods.
    as_of
        ISO 8601 UTC: nothing known later is inside.
    scope, series, capture
        What the rows are of, and whether the feeds show every event.
    inferred, synthetic
        Modelled rather than reported; no market made them.
    note
        What a careful reader must see beside them.
    reproduce
        Path that gives the same rows again.
    columns
        Name and type of each column.
    count
        Rows in all; ``rows`` holds a part of them where ``next_cursor`` is given.
    next_cursor
        Where the list goes on; null at its end.
    rows
        Times are ISO 8601 UTC; what was not observed is null.
    """

    schema_version: str
    method_version: str
    as_of: str
    scope: str
    series: tuple[str, ...]
    capture: str
    inferred: bool
    synthetic: bool
    note: str
    reproduce: str
    columns: dict[str, str]
    count: int
    next_cursor: str | None
    rows: list[dict[str, Any]]


def cursor_of(page: Page) -> str:
    """Return where a list goes on, as text to hand back."""
    return base64.urlsafe_b64encode(f"{page.at}:{page.offset}".encode()).decode().rstrip("=")


def page_of(cursor: str | None, at: int, limit: int) -> Page:
    """Return which part of a list a cursor names.

    Raises
    ------
    UsageError
        If it is not a cursor of ours.

    Examples
    --------
    >>> page_of(cursor_of(Page(at=7, offset=100)), at=9, limit=50)
    Page(at=7, offset=100, limit=50)
    """
    if cursor is None:
        return Page(at=at, limit=limit)
    try:
        moment, offset = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode().split(":")
        return Page(at=int(moment), offset=min(max(int(offset), 0), 2**40), limit=limit)
    except (ValueError, binascii.Error) as error:
        raise UsageError(f"expected a cursor as next_cursor gave it, found {cursor[:80]!r}") from error


def chosen_form(request: AnyRequest, form: str | None, forms: tuple[str, ...]) -> str:
    """Return the form that ``format=`` or ``Accept`` asks for; the first of those there are if neither does.

    Raises
    ------
    UsageError
        If the answer has no such form.
    """
    if form is not None:
        if form not in forms:
            raise UsageError(f"format must be one of {', '.join(forms)}, found {form[:40]!r}")
        return form
    for part in request.headers.get("accept", "").split(","):
        answer = _ASKED.get(part.split(";")[0].strip().lower())
        if answer in forms and not (answer == "html" and "json" in forms):
            return answer
    return forms[0]


def respond(
    request: AnyRequest,
    body: bytes,
    media: str,
    *,
    fixed: bool,
    extra: dict[str, str] | None = None,
) -> Response[bytes]:
    """Return bytes with their fingerprint; 304 where the asker has them.

    Parameters
    ----------
    request
        What was asked.
    body, media
        What is sent, and its type.
    fixed
        Whether the address names moment and version, so that it will never have another answer.
    extra
        Further headers.
    """
    packs = len(body) >= _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", "")
    tag = hashlib.sha256(body).hexdigest()[:24]
    etag = f'"{tag}-gz"' if packs else f'"{tag}"'
    headers = {
        "ETag": etag,
        "Cache-Control": f"private, max-age={_YEAR}, immutable" if fixed else "private, no-cache",
        "Vary": "Accept, Accept-Encoding, Authorization",
        **(extra or {}),
    }
    asked = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if asked & {etag, f'"{tag}"', "*"}:
        return Response(b"", status_code=304, headers=headers, media_type=media)
    if packs:
        headers["Content-Encoding"] = "gzip"
        body = _packed(body)
    return Response(body, headers=headers, media_type=media)


def table_body(
    answer: TableAnswer, form: str, page: Page, *, as_of: str, reproduce: str
) -> tuple[bytes, dict[str, str]]:
    """Return a part of a table in a form, with headers that say what it is of.

    Parameters
    ----------
    answer, page
        The table, and which part of it.
    form
        json, csv, arrow or parquet.
    as_of, reproduce
        The moment, and the path that gives the same again.
    """
    part = answer.table.slice(page.offset, page.limit)
    following = page.offset + part.height
    cursor = None
    if following < answer.table.height:
        cursor = cursor_of(Page(at=page.at, offset=following))
    text = {name: getattr(answer, name) for name in _ABOUT}
    headers = {"X-Runout-As-Of": as_of, "X-Runout-About": quote(msgspec.json.encode(text), safe=_READABLE)}
    if cursor:
        headers["X-Runout-Next-Cursor"] = cursor
    if form == "json":
        about = Document(
            schema_version=SCHEMA_VERSION, method_version=METHOD_VERSION, as_of=as_of, scope=answer.scope,
            series=answer.series, capture=answer.capture, inferred=answer.inferred, synthetic=answer.synthetic,
            note=answer.note, reproduce=reproduce,
            columns={name: _TYPES.get(kind.base_type().__name__, "list") for name, kind in answer.table.schema.items()},
            count=answer.table.height, next_cursor=cursor, rows=[],
        )  # fmt: skip
        rows = msgspec.Raw(in_text(part).write_json().encode())  # written by polars, as they are
        return msgspec.json.encode(msgspec.structs.asdict(about) | {"rows": rows}) + b"\n", headers
    if form == "csv":
        return in_text(part).write_csv().encode(), headers
    if form == "arrow":
        return arrow(part), headers
    buffer = BytesIO()
    part.write_parquet(buffer)
    return buffer.getvalue(), headers


@lru_cache(maxsize=64)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=6, mtime=0)


def in_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with times as text."""
    times = [name for name, kind in rows.schema.items() if isinstance(kind, pl.Datetime)]
    return rows.with_columns(pl.col(times).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"))
