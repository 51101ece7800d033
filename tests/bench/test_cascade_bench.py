"""Paths a second on one core, beside what memory would do."""

import numpy as np
import pytest

from bench.conftest import Work
from cascade.markets import random_walks
from runout.cascade.depth import Band, depth
from runout.cascade.ladder import ladder, rungs
from runout.cascade.market import Venue, coin_market, market
from runout.cascade.montecarlo import simulate_day

pytestmark = pytest.mark.bench

PATHS, STEPS, LEVELS = 100_000, 96, 500


@pytest.fixture(scope="module")
def exposed():
    rng = np.random.default_rng(2)
    usd = rng.lognormal(0, 1, LEVELS) * 2e6
    side = rungs(np.linspace(0, 0.3, LEVELS + 1), usd, usd * 0.6, usd * 1.6)
    book = depth(Band(100e6, 150e6, 220e6), definition="made up", half_life_seconds=60)
    coin = coin_market(ladder("BTC", 1e5, long=side, short=side), (Venue(name="one", depth=book),))
    return market(coin), random_walks(rng, PATHS, STEPS, 0.03)


def test_a_day_of_a_hundred_thousand_paths(beside, exposed):
    whole, paths = exposed
    rng, copied = np.random.default_rng(3), np.empty_like(paths)
    step = 86_400 / STEPS
    beside(
        "path steps",
        Work("days of 100,000 paths through 500 levels", lambda: simulate_day(whole, paths, rng, step_seconds=step), PATHS * STEPS),
        Work("copy of the paths", lambda: np.copyto(copied, paths), PATHS * STEPS),
    )  # fmt: skip
