"""From a world to what it publishes and what it hides."""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from runout.records import Series
from runout.synthetic.prices import latent_returns
from runout.synthetic.publication import publish
from runout.synthetic.simulation import Track, simulate
from runout.synthetic.world import World

TRUTH_COLUMNS = ("day", "side", "size", "entry", "leverage", "liquidation_price")


def generate(
    world: World, progress: Callable[[str, int, int], None]
) -> tuple[Iterator[tuple[Series, pl.DataFrame]], dict[str, pl.DataFrame]]:
    """Simulate a world; return what it publishes, and its hidden truth by table name.

    Every coin draws from its own stream of random numbers, so that one coin's fate does not change another's.
    """
    latent = latent_returns(world, np.random.default_rng([world.seed, 0]))
    tracks: dict[str, Track] = {}
    for number, coin in enumerate(world.coins, start=1):
        progress(f"market of {coin.name}", number, len(world.coins))
        tracks[coin.name] = simulate(coin, latent[number - 1], np.random.default_rng([world.seed, number]))
    published = publish(world, tracks, np.random.default_rng([world.seed, 1000]))
    return published, {"positions": _positions(tracks), "forced_closes": _forced_closes(world, tracks)}


def _positions(tracks: dict[str, Track]) -> pl.DataFrame:
    parts = [
        pl.DataFrame(track.positions, schema=list(TRUTH_COLUMNS), orient="row").with_columns(coin=pl.lit(name))
        for name, track in tracks.items()
    ]
    return pl.concat(parts).with_columns(pl.col("day").cast(pl.Int64), pl.col("side").cast(pl.Int64))


def _forced_closes(world: World, tracks: dict[str, Track]) -> pl.DataFrame:
    """Every forced close, by hour, side and cause, in coins and before any publication rule."""
    hour = 3_600_000_000_000
    parts: list[pl.DataFrame] = []
    for name, track in tracks.items():
        causes = {
            ("long", "exogenous"): track.long_exogenous,
            ("long", "endogenous"): track.long_endogenous,
            ("short", "exogenous"): track.short_exogenous,
            ("short", "endogenous"): track.short_endogenous,
        }
        ends = world.start + (np.arange(len(track.volume), dtype=np.int64) + 1) * hour
        parts += [
            pl.DataFrame({"event_time": ends, "quantity_base": amount}).with_columns(
                coin=pl.lit(name), liquidated_side=pl.lit(side), cause=pl.lit(cause)
            )
            for (side, cause), amount in causes.items()
        ]
    return pl.concat(parts)
