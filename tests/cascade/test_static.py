"""The exact solver against closed forms, against iteration, and at its ends."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runout.cascade.depth import Impact, book_walk, depth
from runout.cascade.ladder import rungs
from runout.cascade.static import curve, joint_stops, reproduction, stops, stops_of_orders, tipping_levels
from runout.errors import UsageError

LINEAR = Impact(100e6, 0.01, 1.0)


def homogeneous(ratio, bins=20_000, horizon=0.5):
    """Return a ladder with R = ratio in a book of $100M a percent."""
    return rungs(np.linspace(0, horizon, bins + 1), np.full(bins, ratio * 100e6 * horizon / 0.01 / bins))


def iterated(levels, cumulative, impact, shocks):
    """Return the least fixed points the long way: from each shock upward until nothing more is reached."""
    gone = np.full(len(shocks), -1)
    while True:
        inside = np.maximum(gone, 0)
        moved = np.where(
            gone > len(cumulative) - 1, np.inf, impact.displacement(cumulative[np.minimum(inside, len(cumulative) - 1)])
        )
        reached = np.searchsorted(levels, shocks + moved, side="right")
        if (reached <= gone).all():
            return gone, shocks + moved
        gone = np.maximum(gone, reached)


@pytest.mark.parametrize("ratio", [0.05, 0.3, 0.6, 0.9])
def test_a_homogeneous_ladder_amplifies_by_r_over_one_minus_r(ratio):
    side = homogeneous(ratio)
    shock = np.array([0.005, 0.01, 0.02, 0.04])
    found = stops(curve(side, LINEAR), shock)
    amplification = found.distance / shock - 1
    assert amplification == pytest.approx(ratio / (1 - ratio), rel=0.006 / (1 - ratio))
    assert reproduction(curve(side, LINEAR), shock) == pytest.approx(ratio, rel=0.01)


def test_the_error_of_bins_falls_with_their_width():
    widths = np.array([500, 1000, 2000, 4000])
    shocks = np.linspace(0.01, 0.05, 101)
    errors = [np.abs(stops(curve(homogeneous(0.5, n), LINEAR), shocks).distance - 2 * shocks).max() for n in widths]
    order = -np.polyfit(np.log(widths), np.log(errors), 1)[0]
    assert order == pytest.approx(1, abs=0.15)


def test_a_supercritical_ladder_has_no_equilibrium():
    found = stops(curve(homogeneous(1.1), LINEAR), [0.001])
    assert math.isinf(found.distance[0])
    assert found.liquidated_usd[0] == pytest.approx(1.1 * 100e6 * 50)


def test_ten_thousand_random_ladders_stop_where_iteration_stops():
    rng = np.random.default_rng(42)
    cases = without_stop = jumps = 0
    for _ in range(10_000):
        n = int(rng.integers(1, 120))
        usd = rng.lognormal(0, 1.5, n) * rng.lognormal(16, 1.5) * (rng.random(n) < rng.uniform(0.2, 1))
        side = rungs(np.concatenate([[0], np.cumsum(rng.uniform(0.0005, 0.01, n))]), usd)
        impact = Impact(rng.lognormal(18, 0.7), 0.01, rng.uniform(0.5, 1.6), rng.choice([0.0, 1e6]))
        of = curve(side, impact)
        shocks = rng.uniform(0, side.horizon * 1.05, 12)
        found = stops(of, shocks)
        gone, distance = iterated(of.levels, of.cumulative_usd[:-1], impact, shocks)
        assert np.array_equal(found.levels_gone, gone)
        assert np.array_equal(found.distance, distance)
        cases += len(shocks)
        without_stop += int(np.isinf(distance).sum())
        jumps += int((of.running[1:] == of.running[:-1]).any())
    assert cases == 120_000
    assert 0.05 < without_stop / cases < 0.95
    assert jumps > 5_000


def test_an_order_stops_where_the_book_holds_it_and_what_follows():
    side = homogeneous(0.2, bins=40_000)
    convex = Impact(100e6, 0.01, 4 / 3)
    of = curve(side, convex)
    for order in (1e6, 30e6, 100e6):
        found = stops_of_orders(of, order)
        gone, usd = 0, order
        while True:
            reached = np.searchsorted(of.levels, convex.displacement(usd), side="right")
            if reached == gone:
                break
            gone, usd = reached, order + of.cumulative_usd[reached]
        assert found.levels_gone[0] == gone
        assert found.distance[0] == pytest.approx(float(convex.displacement(usd)))


def test_in_a_linear_book_an_order_and_the_move_it_makes_are_the_same_shock():
    of = curve(homogeneous(0.4), LINEAR)
    orders = np.array([5e6, 50e6, 300e6])
    assert stops_of_orders(of, orders).distance == pytest.approx(stops(of, LINEAR.displacement(orders)).distance)


def test_no_impact_means_nothing_endogenous():
    of = curve(homogeneous(0.9), Impact(100e6, 0.0, 1.0))
    shocks = np.array([0.01, 0.2])
    assert np.array_equal(stops(of, shocks).distance, shocks)
    assert tipping_levels(of, least_jump=1e-12) == ()


def test_an_empty_ladder_stops_where_it_is_pushed():
    of = curve(rungs([0, 0.1, 0.3], [0, 0]), LINEAR)
    found = stops(of, [0.0, 0.05, 0.2999, 0.3, 9.0, math.inf])
    assert found.distance[:3].tolist() == [0.0, 0.05, 0.2999]
    assert np.isinf(found.distance[3:]).all()
    assert (found.liquidated_usd == 0).all()


def test_without_depth_the_first_dollar_runs_off_the_map():
    none = book_walk((), "down")
    of = curve(rungs([0, 0.1, 0.2, 0.3], [0, 1, 0]), none)
    found = stops(of, [0.1, 0.16])
    assert found.distance[0] == 0.1
    assert math.isinf(found.distance[1])
    assert reproduction(of, [0.145])[0] == math.inf
    assert math.isinf(stops_of_orders(of, 1.0).distance[0])
    assert [one.stop_distance for one in tipping_levels(of)] == [None]


def test_shocks_that_are_no_distances_are_refused():
    of = curve(homogeneous(0.5, 10), LINEAR)
    for wrong in (-0.1, math.nan):
        with pytest.raises(UsageError, match="at least 0"):
            stops(of, wrong)
        with pytest.raises(UsageError, match="at least 0"):
            stops_of_orders(of, wrong)


def test_a_cluster_is_a_tipping_level_with_its_size_and_its_stop():
    usd = np.zeros(300)
    usd[50], usd[60], usd[200] = 200e6, 250e6, 1e6
    of = curve(rungs(np.linspace(0, 0.3, 301), usd), LINEAR)
    (found,) = tipping_levels(of)
    assert found.trigger_distance == found.shock_distance == pytest.approx(0.0505)
    assert found.liquidated_usd == pytest.approx(450e6)
    assert found.stop_distance == pytest.approx(0.0505 + 0.045)
    assert found.before_usd == 0
    below, above = stops(of, [found.shock_distance - 1e-9, found.shock_distance + 1e-9]).distance
    assert (below, above) == (pytest.approx(0.0505, abs=1e-8), pytest.approx(found.stop_distance, abs=1e-8))


@given(st.integers(0, 2**32 - 1))
def test_more_ladder_or_less_depth_never_stops_earlier(seed):
    rng = np.random.default_rng(seed)
    usd = rng.lognormal(0, 1, 60) * 3e6
    edges, shocks = np.linspace(0, 0.3, 61), rng.uniform(0, 0.3, 20)
    base = stops(curve(rungs(edges, usd), LINEAR), shocks).distance
    assert (stops(curve(rungs(edges, usd * 1.2), LINEAR), shocks).distance >= base).all()
    assert (stops(curve(rungs(edges, usd), Impact(80e6, 0.01, 1.0)), shocks).distance >= base).all()


@given(st.integers(0, 2**32 - 1))
def test_every_stop_is_a_fixed_point_and_grows_with_the_shock(seed):
    rng = np.random.default_rng(seed)
    of = curve(rungs(np.linspace(0, 0.3, 61), rng.lognormal(0, 1, 60) * 3e6), Impact(100e6, 0.01, rng.uniform(0.5, 2)))
    shocks = np.sort(rng.uniform(0, 0.3, 30))
    found = stops(of, shocks)
    inside = np.isfinite(found.distance)
    liquidated = of.cumulative_usd[np.searchsorted(of.levels[:-1], found.distance[inside], side="right")]
    assert found.distance[inside] == pytest.approx(shocks[inside] + of.impact.displacement(liquidated), rel=1e-12)
    assert (np.diff(found.distance[inside]) >= 0).all()


def test_coins_apart_stop_as_they_would_alone_and_together_no_earlier():
    curves = (curve(homogeneous(0.5, 2000), LINEAR), curve(homogeneous(0.7, 2000), LINEAR))
    shock, none = np.array([0.02, 0.03]), np.zeros(2)
    alone = [stops(one, s).distance[0] for one, s in zip(curves, shock, strict=True)]
    assert joint_stops(curves, shock, none, np.eye(2)).distance == pytest.approx(alone)
    coupled = joint_stops(curves, shock, none, np.array([[1, 0.1], [0.2, 1]]))
    # x = s + B R x for homogeneous ladders.
    exact = np.linalg.solve(np.eye(2) - np.array([[1, 0.1], [0.2, 1]]) * [0.5, 0.7], shock)
    assert coupled.distance == pytest.approx(exact, rel=0.01)
    assert (coupled.distance >= alone).all()


def test_a_coin_that_runs_off_its_map_takes_a_coupled_one_along():
    curves = (curve(homogeneous(1.2, 2000), LINEAR), curve(homogeneous(0.2, 2000), LINEAR))
    coupled = joint_stops(curves, np.array([0.01, 0.0]), np.zeros(2), np.array([[1, 0], [0.5, 1]]))
    assert np.isinf(coupled.distance).all()


# -- impact -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "impact", [LINEAR, Impact(150e6, 0.01, 1.33), Impact(3e10, 0.02, 0.5, 3e4), Impact(1e8, 0.01, 0.5, 1e6)]
)
def test_the_inverse_belongs_to_the_impact(impact):
    usd = np.array([0.0, 1e2, 1e5, 1e6, 5e7, 2e9])
    assert impact.inverse(impact.displacement(usd)) == pytest.approx(usd)


def test_books_add_up_and_the_recorded_snapshot_moves_by_its_own_fit():
    one = depth(192.8e6, exponent=0.776, definition="Binance perpetual, 2025-05-19")
    walk = book_walk((one, one), "down")
    assert float(walk.displacement(2 * 192.8e6)) == pytest.approx(0.01)
    assert float(book_walk((one,), "down").displacement(331.5e6)) == pytest.approx(0.02, rel=0.02)


def test_books_of_different_shape_are_not_added():
    with pytest.raises(UsageError, match="one exponent"):
        book_walk((depth(1e6, definition="a"), depth(1e6, definition="b", exponent=0.5)), "up")
