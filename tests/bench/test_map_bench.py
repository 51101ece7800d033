"""The cohort filter beside the two open methods in their published form, and snapshots beside a copy of memory."""

from collections import defaultdict

import numpy as np
import pytest

from bench.conftest import Work
from runout.kernels.cohorts import ladder_side
from runout.liquidation_map import Bars, Cohorts, advance, start
from runout.liquidation_map.parameters import of_leverages

pytestmark = pytest.mark.bench

MINUTE = 60 * 10**9
YEAR = 525_600
LEVERAGES = (125, 100, 75, 50, 25, 20, 10, 5, 3, 2)


def cohorts() -> Cohorts:
    made = of_leverages(LEVERAGES, (0.05,) * 10)
    return Cohorts(distance=made.distance, share=made.share, cell=0.001)


@pytest.fixture(scope="module")
def year() -> Bars:
    rng = np.random.default_rng(0)
    x = 11.5 + np.concatenate([[0.0], np.cumsum(rng.standard_t(4, YEAR) * 0.0004)])
    wick = np.abs(rng.normal(0, 0.0003, (2, YEAR)))
    low, high = np.exp(np.minimum(x[1:], x[:-1]) - wick[0]), np.exp(np.maximum(x[1:], x[:-1]) + wick[1])
    volume = rng.gamma(1, 100, YEAR)
    interest = 90_000 + np.cumsum(rng.normal(0, 0.02, YEAR) * volume)
    return Bars(
        event_time=np.arange(1, YEAR + 1) * MINUTE, low=low, high=high, volume_base=volume,
        open_interest_base=interest, mark_low=low, mark_high=high,
    )  # fmt: skip


def filtered(year: Bars):
    return advance(start(float(year.low[0]), 90_000, 0, MINUTE, cohorts()), year)


def taker_ladder(price, volume):
    """Each bar's buys open longs at four tiers, at fixed distances: a loop over rows, as published."""
    levels = defaultdict(float)
    for p, v in zip(price, volume, strict=True):
        for distance in (0.90, 0.96, 0.98, 0.99):
            levels[round(p * distance, -1)] += v
    return levels


def interest_map(price, interest):
    """Rising open interest opens longs if the price rose, else shorts, in four tiers: a loop, as published."""
    levels = defaultdict(float)
    for i in range(1, len(price)):
        change = interest[i] - interest[i - 1]
        if change > 0:
            side = 1 if price[i] > price[i - 1] else -1
            for leverage, weight in ((10, 0.3), (25, 0.35), (50, 0.25), (100, 0.1)):
                levels[round(price[i] * (1 - side / leverage), -1)] += change * weight
    return levels


def test_a_year_of_minutes_through_the_cohort_filter(beside, year):
    count = 20_000
    price, volume = ((year.low + year.high) / 2)[:count].tolist(), (year.volume_base / 2)[:count].tolist()
    interest = (year.open_interest_base[:count] * year.low[:count]).tolist()
    assert filtered(year).coins.sum() > 0
    beside(
        "bars",
        Work("cohort filter, a year of minutes, 10 classes", lambda: filtered(year), YEAR),
        Work("published ladder of taker buys", lambda: taker_ladder(price, volume), count),
        Work("published map of open interest by price sign", lambda: interest_map(price, interest), count),
        turns=3,
    )


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    classes, populations, buckets = 10, 2, 2_400
    opened = np.cumsum(rng.random((populations, buckets)), axis=1)
    swept = opened * rng.random((classes, populations, buckets))
    return opened, swept, np.zeros((classes, populations, buckets))


def test_a_snapshot_of_all_levels(beside, arrays):
    opened, swept, out = arrays
    scale, edge = np.ones(2), np.full(10, opened.shape[1] - 1)
    shift, share = np.arange(1, 11) * 5, np.full(10, 0.05)
    beside(
        "numbers",
        Work("snapshot of all levels", lambda: ladder_side(opened, swept, scale, edge, shift, share, out), out.size),
        Work("copy of as many numbers", lambda: np.copyto(out, swept), out.size),
        turns=200,
    )
