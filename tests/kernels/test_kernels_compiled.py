"""A kernel compiled and the same source run by plain Python give the same: the compiler changes nothing.

Also what a tracer of coverage can see of them, since it sees nothing that is compiled.
"""

import numpy as np
import pytest

from runout.kernels import cohorts, daily_ladders, fixed_points, hawkes

CLASSES, POPULATIONS, BUCKETS, CELL = 3, 2, 80, 0.004
SHIFT = np.array([2, 5, 12])
SHARE = np.array([0.2, 0.15, 0.1])
HAZARD = np.array([1.0, 8.0])
POPULATION = np.array([0.2, 0.8])


def bars(seed: int, count: int = 60) -> tuple[np.ndarray, ...]:
    """Return low, high, passage, closes, change and slot of made-up bars around the middle of the grid."""
    rng = np.random.default_rng(seed)
    middle = CELL * BUCKETS / 2 + np.cumsum(rng.normal(0, 0.006, count))
    low, high = middle - rng.exponential(0.006, count), middle + rng.exponential(0.006, count)
    passage = low - rng.exponential(0.002, count)
    closes, change = rng.gamma(2, 20, count), rng.normal(0, 10, count)
    return low, high, passage, closes, change, np.arange(count) // 20


def empty() -> tuple[np.ndarray, ...]:
    """Return opened, swept, scale, total, edge and removed before the first bar."""
    opened, swept = np.zeros((POPULATIONS, BUCKETS)), np.zeros((CLASSES, POPULATIONS, BUCKETS))
    edge = np.full(CLASSES, -1, dtype=np.int64)
    return opened, swept, np.ones(POPULATIONS), np.array([400.0, 600.0]), edge, np.zeros((3, CLASSES, POPULATIONS))


def advanced(kernel, seed: int, scale: float = 1.0) -> tuple[np.ndarray, ...]:
    state = empty()
    state[2][:] = scale
    state[3][:] /= scale
    low, high, passage, closes, change, slot = bars(seed)
    opened, swept, factor, total, edge, removed = state
    kernel(
        low, high, passage, closes, change, slot, SHIFT, SHARE, HAZARD, POPULATION, 0.0, CELL, opened, swept, factor,
        total, edge, removed,
    )  # fmt: skip
    return state


def alike(mine, theirs) -> None:
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_step_of_the_filter(seed: int) -> None:
    compiled = advanced(cohorts.advance_side, seed)
    alike(advanced(cohorts.advance_side.py_func, seed), compiled)
    assert (compiled[5] > 0).any(axis=(0, 1)).all()  # both populations were liquidated somewhere


def test_a_scale_about_to_underflow_is_brought_back_and_nothing_else_changes() -> None:
    usual, faint = advanced(cohorts.advance_side.py_func, 1), advanced(cohorts.advance_side.py_func, 1, scale=1e-91)
    assert (faint[2] > cohorts.TINY).all()
    np.testing.assert_allclose(faint[3] * faint[2], usual[3] * usual[2], rtol=1e-9)
    np.testing.assert_allclose(faint[5], usual[5], rtol=1e-9)


def test_bars_off_either_end_of_the_grid_keep_the_totals() -> None:
    for away in (-1.0, 1.0):
        opened, swept, factor, total, edge, removed = empty()
        low, high, passage, closes, change, slot = bars(2)
        cohorts.advance_side.py_func(
            low + away, high + away, passage + away, closes, change, slot, SHIFT, SHARE, HAZARD, POPULATION, 0.0, CELL,
            opened, swept, factor, total, edge, removed,
        )  # fmt: skip
        opened_at = np.flatnonzero(opened.sum(axis=0))
        assert set(opened_at) == {BUCKETS - 1 if away > 0 else 0}
        held, opens_net = float((total * factor).sum()), float(change.sum())
        assert held == pytest.approx(1000.0 + opens_net, rel=0.05)


def test_ladders_of_days() -> None:
    rng = np.random.default_rng(5)
    days, parts = 40, 4
    price = CELL * BUCKETS / 2 + np.cumsum(rng.normal(0, 0.01, days))
    middle = price[:, np.newaxis] + rng.normal(0, 0.004, (days, parts))
    low, high = middle - 0.006, middle + 0.006
    interest = 1000.0 * np.exp(np.cumsum(rng.normal(0, 0.01, days)))
    interest[[0, 17]] = np.nan  # before the first report, and a day without one
    inputs = (
        low, high, rng.gamma(2, 20, (days, parts)), rng.normal(0, 10, (days, parts)), interest, price, SHIFT, SHARE,
        HAZARD, POPULATION, np.array([0, 0, 1]), 2, np.array([0.004, 0.01, 0.03]), 0.0, CELL, BUCKETS,
    )  # fmt: skip
    compiled = daily_ladders.daily_ladders_side(*inputs)
    alike([daily_ladders.daily_ladders_side.py_func(*inputs)], [compiled])
    assert not compiled[0].any()
    assert (np.diff(compiled[1:], axis=-1) >= -1e-9).all()  # farther holds what nearer does
    assert compiled.max() > 0


# -- the cascade ------------------------------------------------------------------------------------------------------


def running(seed: int, count: int = 50) -> np.ndarray:
    rng = np.random.default_rng(seed)
    # Flat stretches, where several levels go together, and many values in one bucket.
    return np.maximum.accumulate(np.cumsum(rng.choice([-0.2, 0.0, 1e-6, 1.0, 3.0], count)))


def walked(kernel, seed: int, keep: float, paths: int = 60) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.normal(0, 0.01, (paths, 40)), axis=1)
    downs, ups = np.array([0.01, 0.02, 0.05, 0.08]), np.array([0.015, 0.03, 0.07])
    usd = rng.gamma(2, 1e6, (2, 3)), rng.gamma(2, 1e6, (2, 2))
    bids, asks = rng.uniform(5e6, 5e7, paths), rng.uniform(5e6, 5e7, paths)
    reach, forced, beyond = np.zeros((paths, 2)), np.zeros((paths, 2)), np.zeros(paths, dtype=np.bool_)
    kernel(
        steps, downs, ups, *usd, rng.integers(0, 2, paths), bids, asks, 0.01, np.full(paths, 1.2), keep, reach, forced,
        beyond,
    )  # fmt: skip
    return reach, forced, beyond


@pytest.mark.parametrize("keep", [0.0, 0.4, 0.97, 1.0])
def test_walks_through_ladders_of_both_sides(keep: float) -> None:
    compiled = walked(fixed_points.walk, 3, keep)
    alike(walked(fixed_points.walk.py_func, 3, keep), compiled)
    reach, forced, beyond = compiled
    assert (forced > 0).any(axis=0).all()
    assert beyond.any()
    assert not beyond.all()
    assert (reach[:, 0] <= 0).all()
    assert (reach[:, 1] >= 0).all()


def test_displacement_has_the_sign_of_the_other_side_and_the_depth_of_its_own() -> None:
    moved = fixed_points.displacement.py_func
    assert moved(4e6, 2e6, 1e6, 0.01, 1.0) == pytest.approx(-0.02)
    assert moved(-4e6, 2e6, 1e6, 0.01, 1.0) == pytest.approx(0.04)
    assert moved(0.0, 2e6, 1e6, 0.01, 1.0) == 0.0


# -- the self-exciting process ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "beta"), [(100.0, 0.5), (1000.0, 2.0)])
def test_likelihood_of_a_self_exciting_process_and_its_slopes(end: float, beta: float) -> None:
    times = np.sort(np.random.default_rng(4).uniform(0, 100, 80))
    compiled = hawkes.likelihood(times, end, 0.4, 0.5, beta)
    alike(hawkes.likelihood.py_func(times, end, 0.4, 0.5, beta), compiled)
    step = 1e-6
    for place, slope in enumerate(compiled[1:]):
        up, down = ([0.4, 0.5, beta] for _ in range(2))
        up[place] += step
        down[place] -= step
        between = hawkes.likelihood(times, end, *up)[0] - hawkes.likelihood(times, end, *down)[0]
        assert slope == pytest.approx(between / (2 * step), rel=1e-4, abs=1e-4)


def test_expected_numbers_between_events() -> None:
    times = np.sort(np.random.default_rng(6).uniform(0, 100, 50))
    compiled = hawkes.compensator(times, 0.4, 0.5, 0.8)
    alike([hawkes.compensator.py_func(times, 0.4, 0.5, 0.8)], [compiled])
    # Expected of a period: the baseline, and what each event before sets off by its end.
    last = times[-1]
    whole = 0.4 * last + 0.5 * (1 - np.exp(-0.8 * (last - times))).sum()
    assert compiled.sum() == pytest.approx(whole)
