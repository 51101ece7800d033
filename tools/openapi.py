"""Write docs/openapi.json: the description of the API, which a test holds the server to."""

import json
from pathlib import Path

import msgspec

from runout.server.app import framework
from runout.server.settings import Settings

FILE = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


def described() -> bytes:
    """Return the description, a key a line so that a change can be read."""
    schema = framework(Settings(lake="lake")).openapi_schema.to_schema()
    return json.dumps(json.loads(msgspec.json.encode(schema)), indent=1, sort_keys=True).encode() + b"\n"


if __name__ == "__main__":
    FILE.write_bytes(described())
    print(f"wrote {FILE}")
