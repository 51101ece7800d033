"""Agent events of a busy day, compiled beside the same rules in plain Python."""

import pytest

from bench.conftest import Work
from runout.synthetic import engine
from runout.synthetic.compiled import compiled_day
from runout.synthetic.state import copied
from synthetic.worlds import draws, log_of, small_market, world

pytestmark = pytest.mark.bench


def days_of(rules, of, warm, coming):
    """Return a function that runs one day of a market, and how many events that is."""

    def run():
        market = copied(warm, log_of(of), forced_impact=1.0)
        rules(market, coming)
        return market.whole[0].events - warm.whole[0].events

    return run, int(run())


def test_agent_events_of_a_busy_day(beside):
    """An event is one turn of one trader, one re-quote or arbitrage turn of a venue, one forced close, one payment."""
    made = []
    for rules, traders in ((compiled_day(), 20_000), (engine.day, 200)):
        of = world(days=30, coins=1, traders=traders)
        coming, warm = draws(of, 1440, turns=4.0 * of.traders_of(of.coins[0]) / 1440), small_market(of)
        compiled_day()(warm, coming)
        made.append(days_of(rules, of, warm, coming))
    (fast, events), (plain, few) = made
    beside(
        "events",
        Work("agent events of a day, 20,000 traders", fast, events),
        Work("the same rules in plain Python, 200 traders", plain, few),
        turns=2,
    )
