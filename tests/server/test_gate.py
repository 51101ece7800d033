"""What strangers try, and what they get: each attempt of the list is made over a real socket."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from runout.cli.main import main
from runout.errors import ConfigurationError, UsageError
from runout.server.gate import LARGEST_BODY
from runout.server.settings import Settings, check
from runout.server.tokens import keep_token, new_token, read_tokens
from server.running import free_port, running


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("gate") / "lake") as served:
        yield served


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as opened:
        yield opened


def raw(address: str, request: bytes) -> bytes:
    """Send bytes as they are and return all that comes back."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as opened:
        opened.sendall(request)
        parts = iter(lambda: opened.recv(65_536), b"")
        return b"".join(parts)


TRAVERSALS = (
    "/../pyproject.toml", "/..%2f..%2fpyproject.toml", "/%2e%2e/%2e%2e/etc/passwd", "/page.js/../../tokens.py",
    "/....//....//etc/passwd", "/page.css%00.html", "//etc/passwd", "/v1/../../etc/passwd", "/.git/config",
    "/page/index.html", "/\\..\\..\\etc\\passwd",
)  # fmt: skip


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out_of_the_page(address: str, path: str) -> None:
    answer = raw(address, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] in {b"400", b"404"}
    assert b"root:" not in answer
    assert b"[project]" not in answer


@pytest.mark.parametrize("value", ["BTC%0d%0aSet-Cookie:%20a=b", "%0d%0a%0d%0a<html>", "BTC%00", "%e2%80%8fBTC"])
@pytest.mark.parametrize("name", ["coin", "venue", "at", "format", "cursor", "version"])
def test_no_header_is_injected_by_a_parameter(client: httpx.Client, address: str, name: str, value: str) -> None:
    answer = client.get(f"{address}/v1/candles?{name}={value}")
    assert answer.status_code in {400, 404}
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8420", "", "[::2]"])
def test_a_foreign_host_is_misdirected(client: httpx.Client, address: str, host: str) -> None:
    answer = client.get(f"{address}/v1/status", headers={"Host": host})
    assert answer.status_code == 421
    trusting = client.get(f"{address}/v1/status", headers={"Host": host, "X-Forwarded-Host": "localhost"})
    assert trusting.status_code == 421


@pytest.mark.parametrize("host", ["localhost:1", "LOCALHOST", "127.0.0.1", "[::1]:8420"])
def test_names_of_loopback_are_answered(client: httpx.Client, address: str, host: str) -> None:
    assert client.get(f"{address}/health/live", headers={"Host": host}).status_code == 200


def test_a_page_of_another_site_gets_nothing(client: httpx.Client, address: str) -> None:
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    assert client.get(f"{address}/v1/status", headers=foreign).status_code == 403
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert client.get(f"{address}/v1/bulletin", headers=image).status_code == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get(f"{address}/docs", headers=link).status_code == 200
    simple = client.get(f"{address}/v1/status", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in simple.headers


def test_an_origin_that_is_named_may_read(client: httpx.Client, tmp_path: Path) -> None:
    with running(tmp_path / "lake", origins=("https://desk.example",)) as address:
        headers = {"Origin": "https://desk.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
        allowed = client.get(f"{address}/v1/status", headers=headers)
        assert allowed.headers["access-control-allow-origin"] == "https://desk.example"
        other = client.get(f"{address}/v1/status", headers=headers | {"Origin": "https://evil.example"})
        assert other.status_code == 403


def test_a_socket_of_another_site_is_closed(address: str) -> None:
    async def opened(origin: str) -> None:
        async with connect(f"{address.replace('http', 'ws')}/v1/ws", origin=origin) as socket:  # pyright: ignore[reportArgumentType]
            await socket.send('{"op": "subscribe"}')
            await socket.recv()

    with pytest.raises((ConnectionClosed, InvalidStatus)):
        asyncio.run(opened("https://evil.example"))
    asyncio.run(opened(address))


def test_a_large_body_is_refused_before_it_is_read(address: str) -> None:
    head = b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    for body in (f"Content-Length: {LARGEST_BODY + 1}\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
        assert raw(address, head + body.encode()).split(b" ")[1] == b"413"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_nothing_is_written_by_any_method(client: httpx.Client, address: str, method: str) -> None:
    assert client.request(method, f"{address}/v1/status").status_code == 405


def test_every_answer_keeps_its_page_on_its_own(client: httpx.Client, address: str) -> None:
    for path in ("/", "/v1/status", "/nothing", "/v1/candles?at=x"):
        headers = client.get(f"{address}{path}").headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers or "python" not in headers["server"].lower()


def test_too_many_requests_are_slowed_and_health_is_not(tmp_path: Path) -> None:
    with (
        running(tmp_path / "lake", requests_per_second=5) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        refused = next(answer for _ in range(100) if (answer := client.get("/docs")).status_code != 200)
        assert (refused.status_code, refused.json()["title"]) == (429, "Too many requests")
        assert {client.get("/health/live").status_code for _ in range(20)} == {200}


def test_with_a_token_nobody_asks_without_it(client: httpx.Client, tmp_path: Path) -> None:
    text, kept = new_token("desk")
    file = tmp_path / "tokens.toml"
    keep_token(file, kept)
    assert text not in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0
    with running(tmp_path / "lake", tokens=read_tokens(file)) as address:
        for path in ("/v1/status", "/metrics", "/v1/stream", "/docs", "/openapi/openapi.json", "/nothing"):
            refused = client.get(f"{address}{path}")
            assert (refused.status_code, refused.headers["www-authenticate"][:6]) == (401, "Bearer")
        for wrong in ("Bearer", "Bearer x", f"Basic {text}", f"Bearer {text}x", "Bearer é".encode()):
            assert client.get(f"{address}/v1/status", headers={"Authorization": wrong}).status_code == 401
        right = {"Authorization": f"Bearer {text}"}
        assert client.get(f"{address}/v1/status", headers=right).status_code == 200
        assert client.get(f"{address}/health/live").status_code == 200


def test_a_token_without_the_scope_may_not_read(client: httpx.Client, tmp_path: Path) -> None:
    text, kept = new_token("bot", ("alerts",))
    with running(tmp_path / "lake", tokens=(kept,)) as address:
        answer = client.get(f"{address}/v1/status", headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == 403


def test_others_are_let_in_only_with_a_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, kept = new_token("desk")
    check(Settings(lake="x", host="0.0.0.0", tokens=(kept,)))  # noqa: S104 - allowed with a token
    with pytest.raises(ConfigurationError, match="no token is set"):
        check(Settings(lake="x", host="0.0.0.0"))  # noqa: S104 - what is refused
    tokens = str(tmp_path / "none.toml")
    assert main(["serve", "--lake", str(tmp_path), "--host", "0.0.0.0", "--tokens", tokens]) == 2  # noqa: S104
    assert "no token is set" in capsys.readouterr().err


def test_a_new_token_is_printed_once_and_kept_as_a_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tokens.toml"
    assert main(["serve", "--new-token", "desk", "--tokens", str(file)]) == 0
    token = capsys.readouterr().out.strip()
    assert token.startswith("runout_")
    assert token not in file.read_text(encoding="utf-8")
    assert main(["serve", "--new-token", "desk", "--tokens", str(file)]) == 2
    with pytest.raises(UsageError):
        new_token('x"\n[evil]')


def test_a_port_that_is_taken_is_named(address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = address.rsplit(":", 1)[1]
    tokens = str(tmp_path / "none.toml")
    assert main(["serve", "--lake", str(tmp_path), "--port", port, "--tokens", tokens]) == 2
    assert "is another `runout serve` running there?" in capsys.readouterr().err
    assert free_port() != int(port)
