"""Impact seen from taker flow: known laws come back, and what cannot be said is refused."""

import numpy as np
import pytest

from runout.cascade.flow_impact import flow_impact
from runout.errors import NotEnoughDataError


def test_a_straight_line_comes_back_with_its_noise():
    rng = np.random.default_rng(3)
    flow = rng.normal(0.0, 40e6, 20_000)
    moved = flow * (0.01 / 200e6) + rng.normal(0.0, 0.002, len(flow))
    found = flow_impact(flow, moved)
    assert found.usd_per_percent == pytest.approx(200e6, rel=0.03)
    assert found.r_squared == pytest.approx(0.5, abs=0.02)
    assert found.exponent == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("delta", [0.5, 0.75, 1.25])
def test_the_exponent_of_a_curved_law_comes_back(delta: float):
    rng = np.random.default_rng(4)
    flow = rng.standard_t(4, 20_000) * 30e6
    moved = np.sign(flow) * 0.002 * (np.abs(flow) / 30e6) ** delta + rng.normal(0.0, 0.001, len(flow))
    assert flow_impact(flow, moved).exponent == pytest.approx(delta, abs=0.05)


def test_unknown_bars_are_left_out():
    flow, moved = np.arange(1.0, 121.0), np.arange(1.0, 121.0) / 1e4
    flow[5], moved[7] = np.nan, np.nan
    found = flow_impact(flow, moved)
    assert (found.bars, found.r_squared) == (118, pytest.approx(1.0))
    assert found.usd_per_percent == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("flow", "moved"),
    [
        (np.ones(99), np.ones(99)), (np.full(200, np.nan), np.ones(200)), (np.zeros(200), np.ones(200)),
        (np.ones(200), -np.ones(200)),
    ],
)  # fmt: skip
def test_too_little_or_flow_against_the_price_is_refused(flow: np.ndarray, moved: np.ndarray):
    with pytest.raises(NotEnoughDataError, match="expected"):
        flow_impact(flow, moved)
