"""Liquidation prices of a million positions beside the closed form of one bracket, and beside exact fractions."""

import numpy as np
import pytest

from bench.conftest import Work
from margin.scalar_margin import linear
from runout import margin
from runout.clock import parse_time

pytestmark = pytest.mark.bench

POSITIONS, FEW = 1_000_000, 300
TABLE = margin.tiers("binance", "BTCUSDT", parse_time("2025-08-18")).brackets()


@pytest.fixture(scope="module")
def positions():
    rng = np.random.default_rng(11)
    side = rng.choice([1.0, -1.0], POSITIONS)
    quantity, entry = rng.lognormal(0, 3, POSITIONS), rng.uniform(2e4, 1.2e5, POSITIONS)
    leverage = rng.uniform(1, 125, POSITIONS)
    return side, quantity, entry, quantity * entry / leverage, leverage


def test_linear_liquidation_prices_in_twelve_brackets(beside, positions):
    side, quantity, entry, balance, _ = positions
    few = list(zip(*(column[:FEW].tolist() for column in positions[:4]), strict=True))
    beside(
        "prices",
        Work("linear liquidation prices, 12 brackets", lambda: margin.liquidation_price(*positions[:4], TABLE), POSITIONS),
        Work("numpy, closed form of one bracket", lambda: (side * quantity * entry - balance) / (quantity * (side - 0.004)), POSITIONS),
        Work("exact fractions, one by one", lambda: [linear(position, (TABLE.floors, TABLE.rates)) for position in few], FEW),
    )  # fmt: skip


def test_inverse_liquidation_prices_in_twelve_brackets(beside, positions):
    side, quantity, entry, _, leverage = positions
    table = margin.brackets(np.asarray(TABLE.floors) / 50_000, TABLE.rates)
    size, balance = quantity * entry, quantity / leverage
    beside(
        "prices",
        Work("inverse liquidation prices, 12 brackets", lambda: margin.inverse_liquidation_price(side, size, entry, balance, table), POSITIONS),
        Work("numpy, closed form of one bracket", lambda: size * (side + 0.004) / (balance + side * size / entry), POSITIONS),
    )  # fmt: skip


def test_distances_of_liquidation(beside, positions):
    side, leverage = positions[0], positions[4]
    out = np.empty_like(side)
    beside(
        "positions",
        Work("distances to liquidation", lambda: margin.liquidation_distance(side, leverage, 0.004), POSITIONS),
        Work("copy of as many numbers", lambda: np.copyto(out, side), POSITIONS),
    )
