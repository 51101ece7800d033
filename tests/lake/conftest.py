"""An S3 of our own on the loopback, for the tests that write to one."""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

_SERVER = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
print("at", *server.get_host_and_port(), flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert server.stdin
    assert server.stdout
    with server:
        host, port = next(line for line in server.stdout if line.startswith(b"at ")).decode().split()[1:]
        yield f"http://{host}:{port}"
        server.stdin.close()


@pytest.fixture
def bucket(s3_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of an empty bucket, with the settings that reach it in the environment."""
    settings = {
        "AWS_ENDPOINT_URL": s3_address, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in tmp_path.name.lower())
    urllib.request.urlopen(urllib.request.Request(f"{s3_address}/lake-{name[-50:].strip('-')}", method="PUT")).close()  # noqa: S310
    return f"s3://lake-{name[-50:].strip('-')}"
