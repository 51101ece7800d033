"""A small market for the tests of ladder, clusters and risk."""

import msgspec
import numpy as np

from runout.liquidation_map import Bars, MapState, advance, start
from runout.liquidation_map.dollars import Dollars, SideDollars

STEP = 300 * 10**9
PRICE = 30_000.0
OPEN_INTEREST = 50_000.0


def bars(path: np.ndarray, since: int = 0) -> Bars:
    """Return bars along a path of prices, two of them a bar."""
    low, high = np.minimum(path[:-1], path[1:]), np.maximum(path[:-1], path[1:])
    count = len(low)
    return Bars(
        event_time=since + STEP * np.arange(1, count + 1), span=np.full(count, STEP), low=low, high=high,
        volume_base=np.full(count, 800.0),
    )  # fmt: skip


def walked(seed: int = 5, count: int = 1200, deviation: float = 0.002) -> np.ndarray:
    """Return a walk of the price."""
    rng = np.random.default_rng(seed)
    return PRICE * np.exp(np.concatenate([[0.0], np.cumsum(rng.normal(0, deviation, count))]))


def traded(seed: int = 5, count: int = 1200, deviation: float = 0.002) -> tuple[MapState, float]:
    """Return a map after a walk of the price, and the last price."""
    path = walked(seed, count, deviation)
    return advance(start(), bars(path)), float(path[-1])


def side_dollars(shown: float = 0.04) -> SideDollars:
    return SideDollars(
        shown=shown,
        background_usd=1e4,
        lump_usd=1e3,
        spread=0.5,
        typical_usd=1e6,
        ways=np.sort(np.geomspace(1e-4, 0.05, 200)),
    )


def dollars() -> Dollars:
    return Dollars(long=side_dollars(), short=side_dollars(0.02), buckets=200, since=0, until=STEP)


def swept_to(state: MapState, price: float) -> MapState:
    """Return a copy of a map after one bar at a price."""
    at = np.array([price, price])
    one = msgspec.structs.replace(bars(at, state.event_time), volume_base=np.zeros(1))
    return advance(state.copy(), one)
