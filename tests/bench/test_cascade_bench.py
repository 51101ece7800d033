"""Cascades a second on one core, beside what memory and the iterated solver would do."""

import numpy as np
import pytest

from bench.conftest import Work
from runout.cascade.depth import Band, Impact, depth
from runout.cascade.ladder import ladder, rungs
from runout.cascade.market import Venue, coin_market, market
from runout.cascade.montecarlo import random_walks, simulate_day
from runout.cascade.static import curve, many_stops, stops
from runout.kernels.fixed_points import iterate

pytestmark = pytest.mark.bench

SHOCKS = 4_000_000
PATHS, STEPS, LEVELS = 100_000, 96, 500


@pytest.fixture(scope="module")
def slope():
    """Return a lumpy ladder of 4,000 bins in a convex book, and shocks all over it."""
    rng = np.random.default_rng(1)
    of = curve(rungs(np.linspace(0, 0.3, 4001), rng.lognormal(0, 1.5, 4000) * 1e5), Impact(150e6, 0.01, 1.33))
    return of, rng.uniform(0, of.running[-1], SHOCKS)


@pytest.fixture(scope="module")
def exposed():
    rng = np.random.default_rng(2)
    usd = rng.lognormal(0, 1, LEVELS) * 2e6
    side = rungs(np.linspace(0, 0.3, LEVELS + 1), usd, usd * 0.6, usd * 1.6)
    book = depth(Band(100e6, 150e6, 220e6), definition="made up", half_life_seconds=60)
    coin = coin_market(ladder("BTC", 1e5, long=side, short=side), (Venue(name="one", depth=book),))
    return market(coin), random_walks(rng, PATHS, STEPS, 0.03)


def test_exact_stops_of_millions_of_shocks(beside, slope):
    of, shocks = slope
    few = shocks[: SHOCKS // 10]
    far, lost, copied = np.empty(len(few)), np.empty(len(few)), np.empty(SHOCKS)
    iterate(of.levels, of.cumulative_usd, of.displacement, few, far, lost)
    assert np.array_equal(many_stops(of, few)[0], far)
    beside(
        "shocks",
        Work("exact stops, 4,000 bins", lambda: many_stops(of, shocks), SHOCKS),
        Work("solver by iteration, compiled", lambda: iterate(of.levels, of.cumulative_usd, of.displacement, few, far, lost), len(few)),
        Work("numpy searchsorted", lambda: stops(of, few), len(few)),
        Work("copy of as many numbers", lambda: np.copyto(copied, shocks), SHOCKS),
    )  # fmt: skip


def test_a_day_of_a_hundred_thousand_paths(beside, exposed):
    whole, paths = exposed
    rng, copied = np.random.default_rng(3), np.empty_like(paths)
    step = 86_400 / STEPS
    beside(
        "path steps",
        Work("days of 100,000 paths through 500 levels", lambda: simulate_day(whole, paths, rng, step_seconds=step), PATHS * STEPS),
        Work("copy of the paths", lambda: np.copyto(copied, paths), PATHS * STEPS),
    )  # fmt: skip
