"""Small worlds for the tests of the synthetic market."""

from functools import cache
from typing import Any

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.records import Series
from runout.synthetic import Scenario, World, generate
from runout.synthetic.generating import simulated
from runout.synthetic.population import made_market
from runout.synthetic.prices import latent_returns
from runout.synthetic.simulation import Track
from runout.synthetic.state import Draws, Log, Market, empty_log
from runout.synthetic.world import COINS, VENUES, Venue

DAY = NANOSECONDS_PER_DAY
START = parse_time("2025-01-01")


def world(
    *, days: int = 40, seed: int = 7, scenario: Scenario = "flush", coins: int = 2, venues: tuple[Venue, ...] = VENUES,
    **more: Any,
) -> World:  # fmt: skip
    more.setdefault("traders", 1600)
    return World(scenario=scenario, days=days, seed=seed, start=START, coins=COINS[:coins], venues=venues, **more)


@cache
def tracks(of: World) -> dict[str, Track]:
    """Return what happens to each coin of a world."""
    return simulated(of)


@cache
def market(of: World) -> tuple[dict[str, tuple[Series, pl.DataFrame]], dict[str, pl.DataFrame]]:
    """Return what a world publishes, by series, and its truth, by table."""
    published, truth = generate(of, lambda *_: None)
    return {one.series: (one, rows) for one, rows in published}, truth


def rows(of: World, series: str) -> pl.DataFrame:
    return market(of)[0][f"synthetic/{series}"][1].sort("event_time")


def small_market(of: World, seed: int = 0) -> Market:
    """Return the market of the first coin of a world before its first minute."""
    return made_market(of, of.coins[0], log_of(of), np.random.default_rng(seed))


def log_of(of: World) -> Log:
    """Return an empty log for the first coin of a world."""
    return empty_log(len(of.venues), 60_000, of.traders_of(of.coins[0]))


def draws(of: World, minutes: int, *, turns: float, seed: int = 0, shock: float = 0.0, at: int = 0) -> Draws:
    """Return random numbers for some minutes of the first coin; a shock takes five minutes."""
    rng = np.random.default_rng(seed)
    latent = latent_returns(of, rng)[0][:minutes].copy()
    latent[at : at + 5] += shock / 5
    first = np.concatenate([[0], np.cumsum(rng.poisson(turns, minutes))]).astype(np.int64)
    coin = of.coins[0]
    target = np.full(minutes, coin.open_interest_usd / coin.price)
    return Draws(latent, target, np.exp(np.cumsum(latent)), first, rng.random((int(first[-1]), 4)))
