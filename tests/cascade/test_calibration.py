"""Numbers of a cascade's market from past books and prices."""

import numpy as np
import pytest

from runout.cascade.calibration import chance_of_touching, extremes, side_band, volatility
from runout.errors import NotEnoughDataError

DAY = 24


def walk(days: int, daily: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    steps = np.random.default_rng(seed).normal(0.0, daily / np.sqrt(DAY), days * DAY)
    close = 100.0 * np.exp(np.cumsum(steps))
    before = np.concatenate([[100.0], close[:-1]])
    return np.maximum(before, close), np.minimum(before, close), close


def test_depth_is_the_median_of_the_last_samples_with_the_spread_of_all():
    samples = np.concatenate([np.linspace(100.0, 200.0, 101), [50.0, 60.0, 70.0]])
    band = side_band(samples, recent=3)
    assert band.value == 60.0
    assert band.low == pytest.approx(min(60.0, np.quantile(samples, 0.05)))
    assert band.high == pytest.approx(np.quantile(samples, 0.95))


def test_samples_that_are_not_there_are_no_depth():
    assert side_band([np.nan, 0.0, 5.0], recent=10).value == 5.0
    with pytest.raises(NotEnoughDataError, match="depth above 0"):
        side_band([0.0, np.nan], recent=3)


def test_volatility_of_a_random_walk_is_that_of_its_steps():
    *_, close = walk(400, 0.02)
    found = volatility(close, DAY)
    assert np.isnan(found[: 2 * DAY]).all()
    assert np.nanmean(found) == pytest.approx(0.02, rel=0.05)


def test_the_chance_of_touching_is_that_of_a_random_walk():
    high, low, close = walk(1500, 0.02)
    found = extremes(high, low, close, per_day=DAY)
    sigma = found.sigma
    # Reflection principle, for a walk watched hourly: a touch is a little rarer than twice the chance of ending there.
    for distance in (0.5, 1.0, 2.0):
        exact = {0.5: 0.617, 1.0: 0.317, 2.0: 0.0455}[distance]
        for direction in ("down", "up"):
            touched = chance_of_touching(found, distance * sigma, direction)
            assert touched.frequency == pytest.approx(exact, rel=0.25)
            assert touched.low <= touched.frequency <= touched.high
    assert chance_of_touching(found, 20 * sigma, "down").frequency == 0.0


def test_what_comes_later_moves_nothing_and_a_day_that_is_not_over_is_no_case():
    high, low, close = walk(200, 0.02)
    whole = extremes(high, low, close, per_day=DAY)
    cut = extremes(high[: -5 * DAY], low[: -5 * DAY], close[: -5 * DAY], per_day=DAY)
    assert np.array_equal(whole.down[: len(cut.down)], cut.down)
    assert len(cut.down) == len(whole.down) - 5 * DAY
    assert len(whole.down) == 200 * DAY - 3 * DAY


def test_too_few_days_are_refused():
    high, low, close = walk(4, 0.02)
    with pytest.raises(NotEnoughDataError, match="at least 100"):
        extremes(high, low, close, per_day=DAY)
