"""The synthetic market against its limits: a million agent events a second, 60 days of 20,000 traders in a minute."""

import numpy as np
import pytest

from runout.clock import parse_time
from runout.synthetic import World
from runout.synthetic.compiled import compiled_day
from runout.synthetic.generating import simulated
from runout.synthetic.state import copied
from synthetic.worlds import draws, log_of, small_market, world

pytestmark = pytest.mark.bench

LIMIT_A_SECOND, LIMIT_SECONDS = 1_000_000, 60.0


def test_agent_events_of_a_busy_day(benchmark):
    """An event is one turn of one trader, one re-quote or arbitrage turn of a venue, one forced close, one payment."""
    of = world(days=30, coins=1, traders=20_000)
    run, coming = compiled_day(), draws(of, 1440, turns=4.0 * of.traders_of(of.coins[0]) / 1440)
    warm = small_market(of)
    run(warm, coming)
    before = warm.whole[0].events
    last = {}

    def fresh():
        last["market"] = copied(warm, log_of(of), forced_impact=1.0)
        return (last["market"], coming), {}

    benchmark.pedantic(run, setup=fresh, rounds=20)
    events = last["market"].whole[0].events - before
    benchmark.extra_info["events"] = int(events)
    assert events / benchmark.stats.stats.min > LIMIT_A_SECOND


def test_sixty_days_of_four_venues_and_twenty_thousand_traders(benchmark):
    compiled_day()
    of = World(scenario="flush", days=60, seed=7, start=parse_time("2025-07-03"), traders=20_000)
    found = benchmark.pedantic(simulated, args=(of,), rounds=1, warmup_rounds=0)
    benchmark.extra_info["events"] = int(np.sum([track.events for track in found.values()]))
    assert benchmark.stats.stats.min < LIMIT_SECONDS
