"""What is read in a browser: the page, and the description of the API. Nothing in them comes from another host."""

import mimetypes
from html import escape
from typing import Any, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from runout.server import replies
from runout.server.asking import AnyRequest
from runout.server.settings import Settings

FILES: Final = ("index.html", "page.js", "page.css", "favicon.svg")
_NO_PAGE: Final = (
    "<!doctype html><meta charset=utf-8><title>Runout</title><h1>No page in this installation</h1>"
    "<p>The API is served: see <a href=/docs>/docs</a>. <code>make page</code> builds the page.</p>"
)
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{background:#8882;padding:.1em .3em}dt{margin-top:.6em;font-weight:600}:root{color-scheme:light dark}"
    "h2{margin-top:2rem;border-top:1px solid #8886;padding-top:1rem}"
)


def handlers(settings: Settings) -> list[HTTPRouteHandler]:
    """Return the handlers of the page; a file is served by its name only, so that no path leads elsewhere."""
    folder = settings.page

    def serve(request: AnyRequest, name: str) -> Response[bytes]:
        path = folder / name
        if not path.is_file():
            return Response(_NO_PAGE.encode(), status_code=404, media_type="text/html")
        media = (
            "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(name)[0] or "application/octet-stream"
        )
        return replies.respond(request, path.read_bytes(), media, fixed=False)

    def route(path: str, name: str) -> HTTPRouteHandler:
        @get(path, include_in_schema=False, name=f"file {path}")
        async def file(request: AnyRequest) -> Response[bytes]:
            return serve(request, name)

        return file

    return [route("/", "index.html"), *(route(f"/{name}", name) for name in FILES), docs]


@get("/docs", include_in_schema=False)
async def docs(request: AnyRequest) -> Response[bytes]:
    """Return the description of the API as a page without scripts."""
    schema = request.app.openapi_schema.to_schema()
    parts = [_operation(path, item["get"]) for path, item in schema["paths"].items() if "get" in item]
    info = schema["info"]
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Runout API</title><style>{_STYLE}</style><h1>Runout API {escape(info['version'])}</h1>"
        f"<p>{escape(info['description'])}</p><p><a href=/openapi/openapi.json>openapi.json</a></p>{''.join(parts)}"
    )
    return Response(page.encode(), media_type="text/html")


def _operation(path: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<dt><code>{escape(item['name'])}</code>{' (needed)' if item.get('required') else ''}"
        f"<dd>{escape(item.get('description', ''))}"
        for item in operation.get("parameters", [])
    )
    return (
        f"<h2><code>GET {escape(path)}</code></h2><p><strong>{escape(operation.get('summary', ''))}.</strong> "
        f"{escape(operation.get('description', ''))}</p><dl>{rows}</dl>"
    )
