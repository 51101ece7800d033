"""What every request passes first: the name it is addressed to, where it comes from, its size, its token.

The gate stands around the whole application, so that a path that does not exist is guarded like any other.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from runout.server.settings import Settings
from runout.server.tokens import holder

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send, WebSocketScope

LARGEST_BODY: Final = 65_536
_OPEN: Final = frozenset({"/health/live", "/", "/index.html", "/page.js", "/page.css", "/favicon.svg"})
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_ADDED: Final = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]

Refusal = tuple[int, str, str]
"""Status, title and what to do."""


class Gate:
    """The application behind its gate.

    Parameters
    ----------
    app
        What answers.
    settings
        Names, origins and tokens.
    """

    def __init__(self, app: "ASGIApp", settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._hosts = settings.allowed_hosts()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Refuse the request, or let it pass and add the headers that keep a page on its own."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(scope["type"], refusal, send)
            return

        async def sender(message: "Message") -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                kept = [item for item in _ADDED if item[0] not in present]
                message["headers"] = [*message["headers"], *kept]
            await send(message)

        await self._app(scope, receive, sender)

    def _refusal(self, scope: "HTTPScope | WebSocketScope") -> Refusal | None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if _name(headers.get("host", "")) not in self._hosts:
            return 421, "Misdirected request", "ask by the address that `runout serve` prints, or name the host there"
        if self._is_foreign(headers, socket=scope["type"] == "websocket"):
            return 403, "Cross-site request", "pages of other sites may not ask; allow one with --origin"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY or "transfer-encoding" in headers:
            return 413, "Body too large", f"no request needs a body of more than {LARGEST_BODY} bytes"
        if self._settings.tokens and scope["path"] not in _OPEN:
            kind, _, token = headers.get("authorization", "").partition(" ")
            who = holder(token.strip(), self._settings.tokens) if kind.lower() == "bearer" else None
            if who is None:
                words = "send `Authorization: Bearer …` with a token of `runout serve --new-token NAME`"
                return 401, "Token needed", words
            if "read" not in who.scopes:
                return 403, "Token without that scope", "this token may not read answers"
        return None

    def _is_foreign(self, headers: dict[str, str], *, socket: bool) -> bool:
        """Return whether a page of another site asks: a browser says so, and a socket is opened without being asked."""
        origin = headers.get("origin", "")
        if origin in self._settings.origins and origin:
            return False
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return True
        if not origin or not socket:
            return False
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _name(host: str) -> str:
    """Return a host without its port.

    Examples
    --------
    >>> [_name(host) for host in ("LocalHost:8420", "[::1]:8420", "127.0.0.1")]
    ['localhost', '::1', '127.0.0.1']
    """
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


async def _refuse(kind: str, refusal: Refusal, send: "Send") -> None:
    status, title, detail = refusal
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 4000 + status, "reason": title})
        return
    document = {"type": "about:blank", "status": status, "title": title, "detail": detail}
    head: list[tuple[bytes, bytes]] = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    if status == 401:
        head.append((b"www-authenticate", b'Bearer realm="runout"'))
    await send({"type": "http.response.start", "status": status, "headers": _all(head)})
    await send({"type": "http.response.body", "body": msgspec.json.encode(document), "more_body": False})


def _all(head: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [*head, *_ADDED]
