"""Small worlds for the tests of the synthetic market."""

from functools import cache

import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.records import Series
from runout.synthetic import Scenario, World, generate
from runout.synthetic.world import COINS, VENUES, Venue

DAY = NANOSECONDS_PER_DAY
START = parse_time("2025-01-01")


def world(
    *, days: int = 40, seed: int = 7, scenario: Scenario = "flush", coins: int = 2, venues: tuple[Venue, ...] = VENUES
) -> World:
    return World(scenario=scenario, days=days, seed=seed, start=START, coins=COINS[:coins], venues=venues)


@cache
def market(of: World) -> tuple[dict[str, tuple[Series, pl.DataFrame]], dict[str, pl.DataFrame]]:
    """Return what a world publishes, by series, and its truth, by table."""
    published, truth = generate(of, lambda *_: None)
    return {one.series: (one, rows) for one, rows in published}, truth


def rows(of: World, series: str) -> pl.DataFrame:
    return market(of)[0][f"synthetic/{series}"][1].sort("event_time")
