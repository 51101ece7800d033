"""The ladder: the filter's coins, no more and no less, at their prices; what was swept is gone."""

import numpy as np
import polars as pl
import pytest

from liquidation_map.map_specimens import COHORTS, bars, traded, weights
from runout.errors import UsageError
from runout.liquidation_map import advance, reached
from runout.liquidation_map.ladder import (
    class_column,
    cumulative,
    cumulative_band,
    ladder,
    price_edges,
    resting,
    table,
    total,
)


def test_all_coins_of_the_filter_lie_between_edges_that_reach_far_enough():
    state, price = traded()
    found = resting(state, np.geomspace(price * 0.7, price * 1.4, 97))
    share = np.asarray(COHORTS.share)[:, np.newaxis]
    for side in (0, 1):
        mass = share[:, :, np.newaxis] * (state.opened[side] - state.swept[side]) * state.scale[side][:, np.newaxis]
        assert found[side].sum(axis=0) == pytest.approx(mass.sum(axis=-1), rel=1e-9)


def test_finer_levels_add_up_to_coarser_ones():
    state, price = traded()
    fine = np.linspace(price * 0.9, price * 1.1, 401)
    assert np.allclose(resting(state, fine).reshape(2, 100, 4, 3, 2).sum(axis=2), resting(state, fine[::4]), atol=1e-9)


def test_a_move_sweeps_what_the_ladder_had_on_the_way():
    state, price = traded()
    for side, target in ((0, price * 0.97), (1, price * 1.03)):
        low, high = sorted((price * (1.1 if side == 0 else 0.9), target))
        expected = resting(state, np.array([low, high]))[side, 0]
        assert expected == pytest.approx(reached(state, side, target), rel=1e-9, abs=1e-9)


def test_where_the_price_has_been_nothing_rests():
    state, price = traded()
    down = price * np.exp(np.linspace(0, -0.03, 40))
    advance(state, bars(down, state.event_time))
    found = resting(state, np.array([down[-1] * 1.002, price * 0.999]))
    assert found[0].sum() < 1e-9 * state.held()[0]


def test_longs_rest_below_the_price_and_shorts_above():
    state, price = traded()
    edges = price_edges(price * 0.9, price * 1.1)
    found = ladder(state, weights(), price, edges)
    # What opened in the last bar at the far end of its range may lie beyond the price by less than the range.
    for side, beyond in (("long", found.edges[:-1] > price), ("short", found.edges[1:] < price)):
        assert found.total_usd(side)[beyond].sum() < 0.01 * found.total_usd(side).sum()


def test_the_sum_outward_ends_with_all_of_it_and_its_band_holds_it():
    state, price = traded()
    found = ladder(state, weights(), price, price_edges(price * 0.9, price * 1.1))
    for side, end in (("long", 0), ("short", -1)):
        outward = cumulative(found, side)
        assert outward[end] == pytest.approx(found.total_usd(side).sum())
        whole = total(found.weights, side, found.within(side, found.edges[0], found.edges[-1]))
        assert whole.usd == pytest.approx(outward[end])
        assert cumulative_band(found, side, "low")[end] == pytest.approx(whole.low_usd)
        assert cumulative_band(found, side, "low")[end] < outward[end] < cumulative_band(found, side, "high")[end]


def test_the_table_holds_every_level_once_with_its_classes():
    state, price = traded()
    rows = table(ladder(state, weights(), price, price_edges(price * 0.9, price * 1.1)))
    classes = [class_column(distance) for distance in COHORTS.distance]
    assert rows.select("side", "low_price").is_unique().all()
    assert rows.select(pl.sum_horizontal(classes)).to_series().to_list() == pytest.approx(rows["usd"].to_list())
    assert ((rows["low_usd"] <= rows["usd"]) & (rows["usd"] <= rows["high_usd"])).all()
    assert rows["prior_share"].is_between(0, 1).all()
    assert (rows["exact_fraction"] == 0.0).all()
    assert rows.null_count().sum_horizontal().item() == 0


def test_an_empty_range_of_prices_is_refused():
    with pytest.raises(UsageError, match="0 < low < high"):
        price_edges(2.0, 1.0)
