"""The ladder: the state's masses, no more and no less, at their prices; what was swept is gone."""

import numpy as np
import pytest

from liquidation_map.map_specimens import OPEN_INTEREST, dollars, swept_to, traded
from runout.errors import UsageError
from runout.liquidation_map.ladder import Ladder, cumulative, cumulative_band, ladder, price_edges, table, total
from runout.liquidation_map.state import crossed, resting


def drawn(seed: int = 5) -> Ladder:
    state, price = traded(seed)
    return ladder(state.masses(), dollars(), price, price_edges(price * 0.9, price * 1.1), OPEN_INTEREST)


def test_all_that_a_state_holds_lies_between_edges_that_reach_far_enough():
    state, price = traded()
    found = resting(state.masses(), price, np.geomspace(price * 0.4, price * 2.6, 97))
    assert found.sum(axis=1) == pytest.approx(state.masses().sum(axis=1), rel=1e-9)


def test_finer_levels_add_up_to_coarser_ones():
    state, price = traded()
    fine = np.linspace(price * 0.9, price * 1.1, 401)
    parts = resting(state.masses(), price, fine).reshape(2, 100, 4).sum(axis=2)
    assert np.allclose(parts, resting(state.masses(), price, fine[::4]), atol=1e-12)


def test_a_move_crosses_what_the_ladder_had_along_it():
    state, price = traded()
    for side, target in ((0, price * 0.9), (1, price * 1.1)):
        edges = np.linspace(*sorted((price, target)), 3000)
        levels = (resting(state.masses(), price, edges)[side] * (edges[1:] + edges[:-1]) / 2.0).sum()
        assert crossed(state.masses(), side, price, target) == pytest.approx(levels, rel=1e-3)


def test_where_the_price_has_been_nothing_rests():
    state, price = traded()
    after = swept_to(state, price * 0.97)
    assert resting(after.masses(), price * 0.97, np.array([price * 0.972, price]))[0].sum() == 0.0


def test_longs_rest_below_the_price_and_shorts_above():
    found = drawn()
    # What opened in the last bar at the far end of its range may lie beyond the price by less than the range.
    for side, beyond in (("long", found.edges[:-1] > found.price), ("short", found.edges[1:] < found.price)):
        assert found.total_usd(side)[beyond].sum() < 0.01 * found.total_usd(side).sum()


def test_the_sum_outward_ends_with_all_of_it_and_its_band_holds_it():
    found = drawn()
    for side, end in (("long", 0), ("short", -1)):
        outward = cumulative(found, side)
        assert outward[end] == pytest.approx(found.total_usd(side).sum())
        whole = total(found.dollars, side, *found.between(side, found.edges[0], found.edges[-1]))
        assert whole.usd == pytest.approx(outward[end])
        low, high = (ends[end] for ends in cumulative_band(found, side))
        assert low == pytest.approx(whole.low_usd)
        assert low < outward[end] < high


def test_near_levels_are_data_and_far_ones_assumption():
    found = drawn()
    rows = table(found)
    (low, _), (_, high) = found.near("long"), found.near("short")
    assert found.price * 0.9 < low < found.price < high < found.price * 1.1
    near = rows.filter((rows["low_price"] >= low) & (rows["high_price"] <= high))
    assert set(near["kind"]) == {"data"}
    assert set(rows.filter(rows["high_price"] <= low)["kind"]) == {"assumption"}
    longs = rows.filter(rows["side"] == "long")
    assert longs["prior_share"].is_sorted(descending=True)


def test_the_table_holds_every_level_once():
    rows = table(drawn())
    assert rows.select("side", "low_price").is_unique().all()
    assert ((rows["low_usd"] <= rows["usd"]) & (rows["usd"] <= rows["high_usd"])).all()
    assert rows["prior_share"].is_between(0, 1).all()
    assert rows.null_count().sum_horizontal().item() == 0


def test_an_empty_range_of_prices_is_refused():
    with pytest.raises(UsageError, match="0 < low < high"):
        price_edges(2.0, 1.0)
