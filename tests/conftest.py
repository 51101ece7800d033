"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from runout.clock import parse_time
from runout.emulator import Market, Plan

if TYPE_CHECKING:
    from runout.lake import Lake

settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.register_profile("search", settings.get_profile("suite"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

REPOSITORY = Path(__file__).resolve().parents[1]


def real_data_folder() -> Path | None:
    named = os.environ.get("RUNOUT_REAL_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(autouse=True)
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test captures is written to no screen, whatever terminal runs it."""
    for name in ("COLUMNS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = real_data_folder()
    if folder is None:
        pytest.skip("the developers' real data is absent: set RUNOUT_REAL_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def market() -> Market:
    """Return one small market for all tests of the emulator: two coins, simulated once."""
    return Market(Plan(start=parse_time("2026-11-02T12:00Z"), coins=("BTC", "ETH"), history_days=12, traders=800))


@pytest.fixture(scope="session")
def market_lake(tmp_path_factory: pytest.TempPathFactory) -> "Lake":
    """The lake that is served; rows are added to it only after its end, so that past answers stay."""
    from server.running import market

    return market(tmp_path_factory.mktemp("served") / "lake")


@pytest.fixture(scope="session")
def served(market_lake: "Lake") -> Iterator[str]:
    """The address of a server of that lake: its models are computed once for all tests of a worker."""
    from server.running import running

    with running(market_lake.root) as address:
        yield address
