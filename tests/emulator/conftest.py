"""One small market for all tests of the emulator: two coins, simulated once."""

import pytest

from runout.clock import parse_time
from runout.emulator import Market, Plan

START = parse_time("2026-11-02T12:00Z")


@pytest.fixture(scope="session")
def market() -> Market:
    return Market(Plan(start=START, coins=("BTC", "ETH"), history_days=12, traders=800))
