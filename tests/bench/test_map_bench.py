"""The state of the map beside the two open methods in their published form, and beside a copy of memory."""

from collections import defaultdict

import numpy as np
import pytest

from bench.conftest import Work
from runout.api.tiles import quantised
from runout.liquidation_map import Bars, advance, shipped, start
from runout.liquidation_map.clusters import clusters
from runout.liquidation_map.dollars import shipped_dollars
from runout.liquidation_map.ladder import edges_around, ladder
from runout.liquidation_map.prior import CELLS
from runout.liquidation_map.state import Steps, resting

pytestmark = pytest.mark.bench

MINUTE = 60 * 10**9
YEAR = 525_600


@pytest.fixture(scope="module")
def year() -> Bars:
    rng = np.random.default_rng(0)
    x = 11.5 + np.concatenate([[0.0], np.cumsum(rng.standard_t(4, YEAR) * 0.0004)])
    wick = np.abs(rng.normal(0, 0.0003, (2, YEAR)))
    low, high = np.exp(np.minimum(x[1:], x[:-1]) - wick[0]), np.exp(np.maximum(x[1:], x[:-1]) + wick[1])
    return Bars(
        event_time=np.arange(1, YEAR + 1) * MINUTE, span=np.full(YEAR, MINUTE), low=low, high=high,
        volume_base=rng.gamma(1, 100, YEAR),
    )  # fmt: skip


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


def test_a_year_of_minutes_through_the_state(beside, year):
    count = 20_000
    price, volume = ((year.low + year.high) / 2)[:count].tolist(), (year.volume_base / 2)[:count].tolist()
    interest = np.cumsum(np.random.default_rng(1).normal(0, 1, count)).tolist()
    out = np.empty((5, YEAR))
    columns = np.stack([year.low, year.high, year.volume_base, year.low, year.high])
    assert advance(start(), year).masses().sum() > 1.0
    beside(
        "bars",
        Work("state of the map, a year of minutes, 10 classes", lambda: advance(start(), year), YEAR),
        Work("published ladder of taker buys", lambda: taker_ladder(price, volume), count),
        Work("published map of open interest by price sign", lambda: interest_map(price, interest), count),
        Work("copy of as many bars", lambda: np.copyto(out, columns), YEAR),
        turns=3,
    )


def test_one_more_bar_and_a_ladder_of_it(beside, year):
    state = advance(start(), year.part(slice(0, 50_000)))
    more = year.part(slice(50_000, 50_001))
    price = float(more.low[0])
    edges = np.linspace(price * 0.8, price * 1.2, 500)
    out, levels = np.empty((2, CELLS)), state.masses()

    def step():
        return resting(advance(state.copy(), more).masses(), price, edges)

    beside(
        "levels",
        Work("one more bar, and all levels read", step, levels.size),
        Work("copy of as many levels", lambda: np.copyto(out, levels), levels.size),
        turns=100,
    )


def test_thirty_days_of_a_new_coin_to_map_clusters_and_tile(beside, year):
    month, week = year.part(slice(0, 8_640)), range(8_640 - 2_016, 8_640, 5)
    price = float(month.low[-1])
    edges = edges_around(price, float(month.low[week[0] :].min()), float(month.high[week[0] :].max()), 0.06)
    dollars = shipped_dollars(shipped(), 1e8, 0)
    out, columns = np.empty((2, len(edges) - 1, len(week))), np.zeros((2, len(edges) - 1, len(week)))

    def drawn():
        state = start()
        steps = Steps(state, month)
        for column, row in enumerate(week):
            steps.through(int(month.event_time[row]))
            columns[:, :, column] = resting(state.masses(), float(month.low[row]), edges)
        steps.through(int(month.event_time[-1]))
        return clusters(ladder(state.masses(), dollars, price, edges, 1e6)), quantised(columns)

    assert drawn()[0]
    beside(
        "bars",
        Work("30 days of 5-minute bars (8,640) to map, clusters, tile", drawn, len(month)),
        Work("copy of as many cells of the tile", lambda: np.copyto(out, columns), len(month)),
        turns=5,
    )
