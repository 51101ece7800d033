"""Branching ratios: recovered from processes whose ratio is known, and what their checks catch."""

import numpy as np
import pytest

from runout.clock import NANOSECONDS_PER_DAY as DAY
from runout.errors import NotEnoughDataError, UsageError
from runout.indicators.endogeneity import Problem, count_ratio, hawkes

SECOND = 1_000_000_000


def self_exciting(seed, ratio, *, rate=1.0, decay=2.0, span=100_000.0):
    """Return events of a Hawkes process as clusters: immigrants, their children, theirs. Mean rate as asked."""
    rng = np.random.default_rng(seed)
    born = rng.uniform(0, span, rng.poisson(rate * (1 - ratio) * span))
    parts = [born]
    while len(born):
        born = np.repeat(born, rng.poisson(ratio, len(born)))
        born += rng.exponential(1 / decay, len(born))
        born = born[born < span]
        parts.append(born)
    return (np.sort(np.concatenate(parts)) * SECOND).astype(np.int64), int(span * SECOND)


def plain_likelihood(times, end, mu, n, beta):
    value = -mu * end - n * np.sum(1 - np.exp(-beta * (end - times)))
    for i, one in enumerate(times):
        value += np.log(mu + n * beta * np.exp(-beta * (one - times[:i])).sum())
    return value


def test_the_recursion_is_its_plain_twin_and_its_derivatives_are_right():
    from runout.kernels.hawkes import compensator, likelihood

    times = np.sort(np.random.default_rng(1).uniform(0, 50, 300))
    at = (2.0, 0.5, 1.7)
    value, *slopes = likelihood(times, 51.0, *at)
    assert value == pytest.approx(plain_likelihood(times, 51.0, *at), rel=1e-12)
    for place, slope in enumerate(slopes):
        up, down = (np.array(at) + 1e-6 * sign * np.eye(3)[place] for sign in (1, -1))
        rise = plain_likelihood(times, 51.0, *up) - plain_likelihood(times, 51.0, *down)
        assert slope == pytest.approx(rise / 2e-6, rel=1e-5)
    grid = [np.linspace(a, b, 4001) for a, b in zip([0, *times[:5]], times[:6], strict=False)]
    rate = [2.0 + 0.85 * np.exp(-1.7 * (t[:, None] - times[:i])).sum(axis=1) for i, t in enumerate(grid)]
    plain = [np.trapezoid(r, t) for r, t in zip(rate, grid, strict=True)]
    assert compensator(times, *at)[:6] == pytest.approx(plain, rel=1e-4)


@pytest.mark.parametrize("ratio", [0.3, 0.6, 0.9])
def test_the_ratio_of_a_known_process_is_recovered(ratio):
    times, end = self_exciting(7, ratio)
    fit = hawkes(times, 0, end)
    assert fit.events == pytest.approx(100_000, rel=0.1)
    assert fit.branching_ratio == pytest.approx(ratio, abs=0.02)
    assert fit.half_life_seconds == pytest.approx(np.log(2) / 2, rel=0.1)
    assert fit.baseline_per_second == pytest.approx(1 - ratio, rel=0.1)
    assert fit.residual_p > 0.01
    assert fit.problems == ()


@pytest.mark.parametrize("ratio", [0.3, 0.6, 0.9])
def test_counts_alone_recover_it_too(ratio):
    times, end = self_exciting(8, ratio)
    found = count_ratio(times, 0, end, window=200 * SECOND)
    assert found.branching_ratio == pytest.approx(ratio, abs=0.05)
    assert abs(found.branching_ratio - ratio) < 4 * found.standard_error + 0.02
    assert found.problems == ()


def test_events_that_do_not_excite_each_other_have_ratio_zero():
    times, end = self_exciting(9, 0.0, span=50_000.0)
    fit = hawkes(times, 0, end)
    assert fit.branching_ratio < 0.1  # with a memory of minutes, hardly to be told from a constant rate
    assert fit.problems == (Problem.CONSTANT,)
    assert count_ratio(times, 0, end, window=100 * SECOND).branching_ratio < 0.1


def test_a_window_as_short_as_the_memory_is_noticed():
    times, end = self_exciting(10, 0.9)
    found = count_ratio(times, 0, end, window=2 * SECOND)
    assert found.branching_ratio < 0.8
    assert Problem.MEMORY in found.problems


def test_a_trend_is_noticed():
    calm, end = self_exciting(11, 0.0, span=50_000.0)
    wild, _ = self_exciting(11, 0.8, span=50_000.0)
    found = count_ratio(np.concatenate([calm, wild + end]), 0, 2 * end, window=100 * SECOND)
    assert Problem.DRIFT in found.problems


def test_another_kernel_is_noticed_by_the_residuals():
    rng = np.random.default_rng(3)
    bursts = np.repeat(rng.uniform(0, 50_000, 5_000), 4)
    times = np.sort(bursts + rng.pareto(0.8, len(bursts)) * 0.01)
    times = (times[times < 50_000] * SECOND).astype(np.int64)
    assert Problem.RESIDUALS in hawkes(times, 0, 50_000 * SECOND).problems


def daily(seed, days=40):
    """Return events of a rate that follows the clock, without any excitement."""
    rng = np.random.default_rng(seed)
    kept = rng.uniform(0, days, days * 1500)
    kept = kept[rng.random(len(kept)) < 0.5 * (1 + 0.95 * np.sin(2 * np.pi * kept))]
    return np.sort((kept * DAY).astype(np.int64)), days * DAY


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda t, end: hawkes(t[:100], 0, end), NotEnoughDataError),
        (lambda t, end: hawkes(t[::-1], 0, end), UsageError),
        (lambda t, end: hawkes(t, 0, end // 2), UsageError),
        (lambda t, end: count_ratio(t, 0, end, window=end // 3), NotEnoughDataError),
        (lambda t, end: count_ratio(t, 0, end, window=0), UsageError),
    ],
)
def test_too_little_and_wrong_input_is_refused(call, error):
    times, end = self_exciting(14, 0.3, span=2_000.0)
    with pytest.raises(error):
        call(times, end)
