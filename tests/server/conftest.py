"""What tests of the server share: the lake itself, and its map, computed here once."""

import pytest

import runout
from runout.api.answers import MapAnswer
from runout.api.session import Session
from runout.lake import Lake
from server.running import AT


@pytest.fixture(scope="session")
def near(market_lake: Lake) -> Session:
    return runout.open(market_lake.root)


@pytest.fixture(scope="session")
def local_map(near: Session) -> MapAnswer:
    return near.map("BTC", at=AT)
