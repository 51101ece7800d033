"""A small market of positions for the tests of ladder, clusters and risk."""

import numpy as np

from runout.liquidation_map import Bars, Cohorts, MapState, advance, start
from runout.liquidation_map.weights import SideWeights, Weights

STEP = 300 * 10**9
COHORTS = Cohorts(distance=(0.005, 0.02, 0.06), share=(0.2, 0.3, 0.1), cell=0.001, half_width=0.4)
PRICE = 30_000.0


def bars(path: np.ndarray, since: int = 0) -> Bars:
    """Return bars along a path of prices, two of them a bar."""
    low, high = np.minimum(path[:-1], path[1:]), np.maximum(path[:-1], path[1:])
    count = len(low)
    return Bars(
        event_time=since + STEP * np.arange(1, count + 1), low=low, high=high, volume_base=np.full(count, 800.0),
        open_interest_base=np.full(count, 50_000.0), mark_low=low, mark_high=high,
    )  # fmt: skip


def traded(seed: int = 5, count: int = 400, deviation: float = 0.002) -> tuple[MapState, float]:
    """Return a map after a walk of the price, and the last price."""
    rng = np.random.default_rng(seed)
    path = PRICE * np.exp(np.concatenate([[0.0], np.cumsum(rng.normal(0, deviation, count))]))
    state = start(PRICE, 50_000, 0, STEP, COHORTS)
    advance(state, bars(path))
    return state, float(path[-1])


def side_weights(value: float = 0.01) -> SideWeights:
    weight = np.array([[2.0, 1.0], [1.0, 1.0], [1.0, 1.0]]) * value
    told = np.array([[0.9, 0.8], [0.5, 0.4], [0.0, 0.0]])
    return SideWeights(
        weight=weight, prior=value, told=told, class_told=told.mean(axis=1), covariance=np.eye(6) * 0.05,
        background_usd=1e4, lump_usd=1e3, shape=3.0, background_shape=0.5, buckets=100,
    )  # fmt: skip


def weights() -> Weights:
    return Weights(long=side_weights(), short=side_weights(0.02), since=0, until=STEP)
