"""What a bar opens that trading cannot explain: only what was traded opens at its price, the rest is scaled."""

import numpy as np
import pytest

from runout.liquidation_map import Bars, Cohorts, MapState, advance, start

STEP = 60 * 10**9
COHORTS = Cohorts(distance=(0.01,), share=(0.5,), cell=0.001, half_width=0.4)
BEFORE, TRADED = 1000.0, 100.0


def after_one_bar(interest: float) -> MapState:
    """Return the map after a bar at one price that traded 100 coins and ended with this open interest."""
    state = start(100.0, BEFORE, 0, STEP, COHORTS)
    price, one = np.array([100.0]), np.array([1.0])
    bar = Bars(
        event_time=np.array([STEP]), low=price, high=price, mark_low=price, mark_high=price,
        volume_base=TRADED * one, open_interest_base=interest * one,
    )  # fmt: skip
    jumps = advance(state, bar).jumps
    assert [jump.kind for jump in jumps] == ["open interest moved more than volume allows"]
    return state


def opened_here(state: MapState) -> np.ndarray:
    """Return coins of each side whose entry is known."""
    return (state.opened.sum(axis=-1) * state.scale).sum(axis=1)


@pytest.mark.parametrize("interest", [1100.5, 1500.0, 9000.0])
def test_of_a_rise_beyond_the_volume_only_the_volume_was_opened_at_this_price(interest: float) -> None:
    state = after_one_bar(interest)
    # All of the volume opens, nothing closes; then every position grows alike to the reported figure.
    np.testing.assert_allclose(opened_here(state), TRADED * interest / (BEFORE + TRADED))
    np.testing.assert_allclose(state.held(), interest)


@pytest.mark.parametrize("interest", [899.5, 500.0, 10.0])
def test_of_a_fall_beyond_the_volume_nothing_was_opened_at_this_price(interest: float) -> None:
    state = after_one_bar(interest)
    np.testing.assert_allclose(opened_here(state), 0.0, atol=1e-9)
    np.testing.assert_allclose(state.held(), interest)
