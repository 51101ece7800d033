"""Ladders on one grid: a truth held against itself is no distance away, and sides are not confused."""

import numpy as np
import polars as pl
import pytest

from runout.synthetic.true_levels import by_class, true_levels
from studies.truth import ladders, nulls
from studies.truth.ladders import CELL, CELLS, histogram, on_grid, sampling_floor, transport

POSITIONS = pl.DataFrame({
    "side": [1, 1, -1, 1], "size": [2.0, 1.0, 3.0, 5.0], "liquidation_price": [95.0, 90.0, 108.0, None],
})  # fmt: skip


def test_the_truth_as_a_map_is_no_distance_away() -> None:
    for side in (0, 1):
        true = histogram(*true_levels(POSITIONS, side, 100.0))
        assert transport(true, true, CELLS) == 0.0
        assert transport(true, 7.0 * true, CELLS) == pytest.approx(0.0)


def test_longs_rest_below_the_price_and_shorts_above_and_what_cannot_be_liquidated_nowhere() -> None:
    distance, usd = true_levels(POSITIONS, 0, 100.0)
    assert distance == pytest.approx(-np.log([0.95, 0.90]))
    assert usd.tolist() == [190.0, 90.0]
    distance, usd = true_levels(POSITIONS, 1, 100.0)
    assert distance == pytest.approx([np.log(1.08)])
    assert usd.tolist() == [324.0]


def test_a_ladder_by_price_and_the_same_by_distance_agree() -> None:
    price, edges = 100.0, np.arange(80.0, 120.01, 0.01)
    for side, (level, distance) in enumerate(((95.004, -np.log(0.95004)), (107.996, np.log(1.07996)))):
        usd = np.histogram([level], edges, weights=[50.0])[0].astype(float)
        grid = on_grid(edges, usd, price, side)
        assert grid.sum() == pytest.approx(50.0)
        assert int(grid.argmax()) == int(distance / CELL)
        assert on_grid(edges, usd, price, 1 - side).sum() == 0.0


def test_moving_all_dollars_costs_the_way_they_are_moved() -> None:
    one, other = np.zeros(CELLS), np.zeros(CELLS)
    one[3], other[13] = 1.0, 40.0
    assert transport(one, other, CELLS) == pytest.approx(10 * CELL)
    assert np.isnan(transport(one, np.zeros(CELLS), CELLS))
    assert np.isnan(transport(one, other, 10))


def test_the_floor_falls_as_accounts_become_many() -> None:
    rng = np.random.default_rng(1)
    many = rng.uniform(0.0, 0.1, 4000)
    few = sampling_floor(many[:40], np.ones(40), 50, np.random.default_rng(0))
    assert sampling_floor(many, np.ones(4000), 50, np.random.default_rng(0)) < few / 4.0
    # A uniform law of width w and n accounts lies about 0.31 w / sqrt(n) away from its sample.
    assert few == pytest.approx(0.31 * 0.1 / np.sqrt(40), rel=0.5)
    assert np.isnan(sampling_floor(many[:3], np.ones(3), 50, rng))


def test_classes_are_the_nearest_in_the_logarithm_and_the_far_come_last() -> None:
    found = by_class(np.array([0.001, 0.011, 0.019, 0.5]), np.array([1.0, 2.0, 4.0, 8.0]), (0.01, 0.02))
    assert found.tolist() == [3.0, 4.0, 8.0]


def test_a_uniform_ladder_ends_at_the_reach() -> None:
    assert nulls.uniform(0.005).sum() == pytest.approx(0.005)
    assert nulls.uniform(0.005)[3:].sum() == 0.0


def test_the_naive_ladder_has_four_tiers_of_what_takers_bought_and_forgets_what_was_passed() -> None:
    flat = {"low": 100.0, "high": 100.0, "close": 100.0, "volume_base": 10.0, "taker_buy_base": 6.0}
    bars = pl.DataFrame([flat, flat])
    found = nulls.naive_ladder(bars, 100.0)
    assert found[0].sum() == pytest.approx(12.0 * 100.0 * (0.90 + 0.96 + 0.98 + 0.99))
    assert found[1].sum() == pytest.approx(8.0 * 100.0 * (1 / 0.90 + 1 / 0.96 + 1 / 0.98 + 1 / 0.99))
    dipped = pl.concat([bars, pl.DataFrame([flat | {"low": 97.5, "taker_buy_base": 0.0}])])
    assert nulls.naive_ladder(dipped, 100.0)[0].sum() == pytest.approx(12.0 * 100.0 * (0.90 + 0.96))


def test_whole_cells_lie_inside_the_reach() -> None:
    assert ladders.whole_cells(0.0061) == 3
    assert ladders.whole_cells(9.0) == CELLS
