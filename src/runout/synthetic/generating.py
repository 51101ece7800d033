"""From a world to what it publishes and what it hides."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from runout.records import Series
from runout.synthetic.prices import latent_returns
from runout.synthetic.publication import publish
from runout.synthetic.simulation import Track, simulate
from runout.synthetic.truth import truth_tables
from runout.synthetic.world import World


def generate(
    world: World, progress: Callable[[str, int, int], None], *, workers: int = 1
) -> tuple[Iterator[tuple[Series, pl.DataFrame]], dict[str, pl.DataFrame]]:
    """Simulate a world; return what it publishes, and its hidden truth by table name.

    Every coin draws from its own stream of random numbers, so that one coin's fate does not change another's, and
    neither does the number of workers.

    Parameters
    ----------
    world
        The world.
    progress
        Called with each coin.
    workers
        Threads; each simulates one coin at a time.
    """
    tracks = simulated(world, progress, workers=workers)
    published = publish(world, tracks, np.random.default_rng([world.seed, 1000]))
    return published, truth_tables(world, tracks)


def simulated(
    world: World, progress: Callable[[str, int, int], None] | None = None, *, workers: int = 1
) -> dict[str, Track]:
    """Simulate the coins of a world; return what happened to each, by name."""
    latent = latent_returns(world, np.random.default_rng([world.seed, 0]))

    def simulated(number: int) -> Track:
        coin = world.coins[number]
        if progress:
            progress(f"market of {coin.name}", number + 1, len(world.coins))
        return simulate(world, coin, latent[number], latent[-1], np.random.default_rng([world.seed, number + 1]))

    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(simulated, range(len(world.coins))))
    return {coin.name: track for coin, track in zip(world.coins, results, strict=True)}
