"""Liquidation prices a second on one core, against the limit of 5 million."""

import numpy as np
import pytest

from runout import margin
from runout.clock import parse_time

pytestmark = pytest.mark.bench

POSITIONS = 1_000_000
LIMIT_A_SECOND = 5_000_000
TABLE = margin.tiers("binance", "BTCUSDT", parse_time("2025-08-18")).brackets()


@pytest.fixture(scope="module")
def positions():
    rng = np.random.default_rng(11)
    side = rng.choice([1.0, -1.0], POSITIONS)
    quantity, entry = rng.lognormal(0, 3, POSITIONS), rng.uniform(2e4, 1.2e5, POSITIONS)
    leverage = rng.uniform(1, 125, POSITIONS)
    return side, quantity, entry, quantity * entry / leverage, leverage


def require_fast(benchmark):
    assert benchmark.stats.stats.min < POSITIONS / LIMIT_A_SECOND


def test_linear_liquidation_prices_in_twelve_brackets(benchmark, positions):
    benchmark.extra_info["positions"] = POSITIONS
    prices = benchmark(margin.liquidation_price, *positions[:4], TABLE)
    assert prices.shape == (POSITIONS,)
    require_fast(benchmark)


def test_inverse_liquidation_prices_in_twelve_brackets(benchmark, positions):
    side, quantity, entry, _, leverage = positions
    table = margin.brackets(np.asarray(TABLE.floors) / 50_000, TABLE.rates)
    prices = benchmark(margin.inverse_liquidation_price, side, quantity * entry, entry, quantity / leverage, table)
    assert prices.shape == (POSITIONS,)
    require_fast(benchmark)


def test_distances_of_liquidation(benchmark, positions):
    distances = benchmark(margin.liquidation_distance, positions[0], positions[4], 0.004)
    assert distances.shape == (POSITIONS,)
    require_fast(benchmark)
