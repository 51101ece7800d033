"""Parameters of a request as the description of the API has them: unknown and missing ones are named, all at once."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import Parameter, Schema

from runout.errors import UsageError

Connection = ASGIConnection[Any, Any, Any, Any]


def described(connection: Connection) -> dict[str, Parameter]:
    """Return the query parameters of the resource that is asked, by name; none where there is no such resource."""
    handler = connection.scope.get("route_handler")
    item = (connection.app.openapi_schema.paths or {}).get(min(handler.paths)) if handler else None
    listed = item.get.parameters if item is not None and item.get is not None else None
    return {member.name: member for member in listed or () if isinstance(member, Parameter)}


def check(connection: Connection, _: BaseRouteHandler) -> None:
    """Refuse a request with parameters that its resource does not have, or without some that it needs.

    Raises
    ------
    UsageError
        If there are such; all are named, and what there is.
    """
    known = described(connection)
    unknown = sorted(set(connection.query_params) - set(known))
    missing = [item for name, item in known.items() if item.required and name not in connection.query_params]
    faults = [f"unknown: {', '.join(repr(name[:40]) for name in unknown[:10])}"] if unknown else []
    faults += [f"missing: {', '.join(f'{item.name} ({expected(item)})' for item in missing)}"] if missing else []
    window = "; a range is from `since` to `at`" if "since" in known and unknown else ""
    if faults:
        raise UsageError(f"parameters {'; '.join(faults)}; there are {', '.join(sorted(known))}{window}")


def refused(connection: Connection, name: str, message: str) -> str:
    """Return in words why the value of a parameter was refused, where the framework shows a pattern or a type."""
    item = described(connection).get(name)
    if item is None or not ("regex" in message or "enum" in message):
        return f"{name}: {message}"
    return f"{name}: expected {expected(item)}, found {connection.query_params.get(name, '')[:80]!r}"


def expected(item: Parameter) -> str:
    """Return what a parameter is to be: one of a few words, or as it is described."""
    if isinstance(item.schema, Schema) and item.schema.enum:
        return f"one of {', '.join(map(str, item.schema.enum))}"
    text = (item.description or "").rstrip(".")
    return text[:1].lower() + text[1:]
