"""The one verb: what it says of ordinary shocks and of those at the ends."""

import math
import subprocess
import sys

import msgspec
import numpy as np
import pytest

from cascade.markets import DEFINITION, homogeneous_coin, random_market
from runout.cascade.depth import Band, Impact, depth
from runout.cascade.engine import Rounds
from runout.cascade.ladder import Group, ladder, ladder_from_prices, rungs
from runout.cascade.market import Venue, coin_market, market
from runout.cascade.outcome import Ending
from runout.cascade.shock import Move, Order, ToPrice, push
from runout.cascade.simulation import Static, simulate
from runout.errors import UsageError

SOLVERS = pytest.mark.parametrize("solver", [Static(), Rounds()], ids=["static", "rounds"])
EMPTY = rungs([0, 0.1, 0.3], [0, 0])
BARE = Venue(name="bare", depth=depth(0.0, definition=DEFINITION))


def coin_of(longs=None, shorts=None, *, usd=100e6, venues=None):
    book = depth(usd, definition=DEFINITION, exponent=1)
    return coin_market(ladder("BTC", 100.0, long=longs, short=shorts), venues or (Venue(name="one", depth=book),))


# -- ordinary shocks --------------------------------------------------------------------------------------------------


def test_a_move_and_the_price_it_leads_to_are_one_shock():
    one = market(homogeneous_coin(0.5))
    moved, reached = simulate(one, Move(-0.05)).value, simulate(one, ToPrice(95_000)).value
    assert moved.price_usd == pytest.approx(reached.price_usd)
    assert moved.liquidated_usd == reached.liquidated_usd
    assert moved.price_usd == pytest.approx(100_000 * 0.95**2, rel=1e-4)  # R = 1/2 doubles the log-distance


def test_up_and_down_are_mirrors_of_each_other():
    one = market(homogeneous_coin(0.4))
    down, up = simulate(one, Move(math.expm1(-0.02))), simulate(one, Move(math.expm1(0.02)))
    assert down.value.distance == pytest.approx(up.value.distance, rel=1e-12)
    assert (down.direction, up.direction) == ("down", "up")
    assert down.value.price_usd * up.value.price_usd == pytest.approx(1e10)
    assert set(down.liquidated["liquidated_side"]) == {"long"}
    assert set(up.liquidated["liquidated_side"]) == {"short"}


def test_bands_hold_the_value_and_widen_with_those_of_map_and_depth():
    whole = random_market(3)
    slide = simulate(whole, Move(-0.05))
    assert slide.mild.liquidated_usd < slide.value.liquidated_usd < slide.severe.liquidated_usd
    assert slide.mild.distance < slide.value.distance < slide.severe.distance
    exact = simulate(market(homogeneous_coin(0.4)), Move(-0.05))
    assert exact.mild == exact.value == exact.severe


def test_the_table_splits_the_total_by_venue_and_class():
    slide = simulate(random_market(3), Move(-0.05))
    assert slide.liquidated["liquidated_usd"].sum() == pytest.approx(slide.value.liquidated_usd)
    assert slide.liquidated["mild_usd"].sum() == pytest.approx(slide.mild.liquidated_usd)
    assert slide.liquidated["severe_usd"].sum() == pytest.approx(slide.severe.liquidated_usd)
    assert slide.liquidated["level_kind"].to_list() == ["low", "high"] * 3 + ["unsplit"]
    assert slide.liquidated["venue"].null_count() == 1


def test_a_result_names_whose_depth_it_rests_on():
    assert simulate(market(homogeneous_coin(0.4)), Move(-0.05)).depth_definitions == (DEFINITION,)


def test_an_impact_law_of_slow_flow_takes_the_place_of_the_book():
    coin = msgspec.structs.replace(homogeneous_coin(0.4), impact=Impact(3e10, 0.02, 0.5))
    slide = simulate(market(coin), Move(math.expm1(-0.02)))
    expected = 0.02 + 0.02 * math.sqrt(slide.value.liquidated_usd / 3e10)
    assert slide.value.distance == pytest.approx(expected)


def test_no_impact_means_that_rounds_and_static_add_nothing():
    coin = homogeneous_coin(0.4, usd=1e30)
    coin = msgspec.structs.replace(coin, ladder=homogeneous_coin(0.4).ladder)
    for solver in (Static(), Rounds()):
        value = simulate(market(coin), Move(-0.05), solver).value
        assert value.amplification == pytest.approx(0, abs=1e-12)
        assert value.liquidated_usd == simulate(market(coin), Move(-0.05)).value.liquidated_usd > 0


# -- at the ends ------------------------------------------------------------------------------------------------------


@SOLVERS
def test_an_empty_ladder_stops_where_it_is_pushed(solver):
    value = simulate(market(coin_of(EMPTY)), Move(-0.05), solver).value
    assert (value.ending, value.liquidated_usd) == (Ending.STOPPED, 0.0)
    assert value.price_usd == pytest.approx(95)
    assert value.amplification == pytest.approx(0, abs=1e-12)


@SOLVERS
@pytest.mark.parametrize("shock", [Move(0.0), Order("sell", 0.0), ToPrice(100.0)], ids=str)
def test_no_shock_is_no_slide(solver, shock):
    value = simulate(market(coin_of(rungs([0, 0.1, 0.3], [1e9, 0]))), shock, solver).value
    assert value.ending is Ending.STOPPED
    assert (value.distance, value.liquidated_usd, value.amplification) == (0.0, 0.0, None)


@SOLVERS
def test_a_side_that_is_not_mapped_is_not_taken_for_an_empty_one(solver):
    slide = simulate(market(coin_of(longs=EMPTY)), Move(0.05), solver)
    assert slide.value.ending is slide.mild.ending is slide.severe.ending is Ending.NOT_MAPPED
    assert slide.value.price_usd is None
    assert slide.reproduction is None
    assert simulate(market(coin_of(longs=EMPTY)), Move(-0.05), solver).value.ending is Ending.STOPPED


@SOLVERS
@pytest.mark.parametrize("venues", [(), None], ids=["no venue", "an empty book"])
def test_without_depth_what_is_forced_runs_off_the_map(solver, venues):
    coin = coin_of(rungs([0, 0.02, 0.04, 0.3], [0, 1e6, 0]), usd=0.0)
    coin = coin if venues is None else msgspec.structs.replace(coin, venues=venues)
    slide = simulate(market(coin), Move(-0.05), solver)
    assert slide.value.ending is Ending.NO_EQUILIBRIUM
    assert slide.value.price_usd is None
    assert slide.value.liquidated_usd == pytest.approx(1e6)
    assert simulate(market(coin), Move(-0.01), solver).value.ending is Ending.STOPPED
    assert simulate(market(coin), Order("sell", 1.0), solver).value.ending is Ending.BEYOND_MAP


def test_a_venue_without_orders_closes_against_winners():
    books = [depth(usd, definition=DEFINITION, exponent=1) for usd in (100e6, 0.0)]
    venues = tuple(Venue(name=name, depth=one) for name, one in zip(("full", "bare"), books, strict=True))
    side = rungs([0, 0.02, 0.04, 0.3], [[0, 1e6, 0], [0, 3e6, 0]])
    coin = coin_market(ladder("BTC", 100.0, long=side, groups=(Group("full"), Group("bare"))), venues)
    found = simulate(market(coin), Move(-0.05), Rounds())
    assert found.value.ending is Ending.STOPPED
    assert found.stages["adl_usd"].to_list() == [0.0, 3e6]


@SOLVERS
@pytest.mark.parametrize("change", [-1.0, -0.9999999, 1e6, -0.5], ids=str)
def test_an_absurd_shock_lies_beyond_the_map_and_counts_what_is_on_it(solver, change):
    side = rungs([0, 0.1, 0.3], [5e6, 1e6])
    slide = simulate(market(coin_of(side, side)), Move(change), solver)
    assert slide.value.ending is Ending.BEYOND_MAP
    assert slide.value.liquidated_usd == pytest.approx(6e6)
    assert slide.liquidated["liquidated_usd"].sum() == pytest.approx(6e6)
    assert slide.value.price_usd is None


@SOLVERS
def test_an_order_larger_than_the_book_lies_beyond_the_map(solver):
    assert simulate(market(homogeneous_coin(0.4)), Order("buy", 1e13), solver).value.ending is Ending.BEYOND_MAP


@SOLVERS
def test_a_slide_without_end_is_an_outcome(solver):
    found = simulate(market(homogeneous_coin(1.2, bins=300)), Move(-0.01), solver)
    assert found.value.ending is Ending.NO_EQUILIBRIUM
    assert found.value.amplification is None
    assert found.value.liquidated_usd > 0


def test_the_first_solver_to_reach_no_end_still_says_which_level_tips():
    (tip,) = simulate(market(homogeneous_coin(1.2, bins=300)), Move(-0.01)).tipping[:1]
    assert tip.stop_distance is None
    assert tip.trigger_distance == pytest.approx(0.0005)


BAD = [Move(math.nan), Move(-1.1), Move(math.inf), ToPrice(0.0), ToPrice(-1.0),
                                   ToPrice(math.nan), Order("sell", -1.0), Order("buy", math.inf)]  # fmt: skip


@pytest.mark.parametrize("shock", BAD, ids=str)
def test_what_is_no_shock_is_refused(shock):
    with pytest.raises(UsageError):
        push(shock, 100.0)


# -- markets ----------------------------------------------------------------------------------------------------------


def test_price_bins_are_cut_at_the_price_and_dollars_on_the_wrong_side_are_counted():
    edges = [80.0, 90.0, 98.0, 102.0, 110.0]
    one = ladder_from_prices("BTC", 100.0, edges, long_usd=[10, 20, 8, 5], short_usd=[1, 0, 8, 40], band=(0.5, 2.0))
    assert one.long.usd.tolist() == [[4.0, 20.0, 10.0]]
    assert one.long.high_usd.tolist() == [[8.0, 40.0, 20.0]]
    assert one.short.usd.tolist() == [[4.0, 40.0]]
    assert one.outside_usd == pytest.approx(5 + 4 + 1 + 4)
    assert one.long.horizon == pytest.approx(math.log(100 / 80))
    assert one.short.distance == pytest.approx([math.log(1.02) / 2, (math.log(1.02) + math.log(1.1)) / 2])


def test_a_map_that_ends_above_the_price_holds_no_longs():
    one = ladder_from_prices("BTC", 100.0, [101.0, 102.0], long_usd=[7.0], short_usd=[1.0])
    assert one.long is None
    assert one.outside_usd == 7.0


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: rungs([0, 0.1], [-1]), "at least 0"),
        (lambda: rungs([0, 0.1], [math.nan]), "at least 0"),
        (lambda: rungs([0.1, 0], [1]), "increase"),
        (lambda: rungs([0, 0.1], [1, 2]), "shape"),
        (lambda: rungs([0, 0.1], [1], [2], [3]), "band"),
        (lambda: ladder("BTC", 0.0), "price_usd"),
        (lambda: ladder("BTC", 1.0, long=EMPTY, groups=(Group("a"), Group("b"))), "2 rows"),
        (lambda: ladder("BTC", 1.0, groups=(Group("a"), Group("a"))), "once"),
        (lambda: coin_market(ladder("BTC", 1.0, groups=(Group("nowhere"),)), ()), "nowhere"),
        (lambda: depth(Band(2, 1, 3), definition=""), "low ≤ value"),
        (lambda: depth(1.0, definition="", exponent=0), "exponent"),
        (lambda: coin_of(EMPTY, venues=(msgspec.structs.replace(BARE, margin_rate=2),)), "margin_rate"),
        (market, "at least one coin"),
        (lambda: market(coin_of(EMPTY), coupling=[[0.5]]), "diagonal"),
        (lambda: ladder_from_prices("BTC", 1.0, [0.0, 1.0], long_usd=[1]), "above 0"),
        (lambda: ladder_from_prices("BTC", 1.0, [0.5, 1.0], long_usd=[1, 2]), "bins"),
    ],
)  # fmt: skip
def test_what_is_no_market_is_refused(build, said):
    with pytest.raises(UsageError, match=said):
        build()


def test_arrays_of_a_market_cannot_be_changed_afterwards():
    mine = np.array([1.0, 2.0])
    side = rungs([0, 0.1, 0.2], mine)
    mine[0] = 99.0
    assert side.usd[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        side.usd[0, 0] = 5.0


def test_with_convex_impact_an_order_slides_further_than_the_move_it_makes():
    coin = homogeneous_coin(0.2, exponent=0.75)
    order = simulate(market(coin), Order("sell", 150e6)).value
    move = simulate(market(coin), Move(math.expm1(-order.shock_distance))).value
    assert order.distance > move.distance
    assert simulate(market(coin), Order("sell", 150e6), Rounds()).value.distance == pytest.approx(order.distance)


@pytest.mark.parametrize(
    "solver", [Rounds(step_seconds=0), Rounds(limit_seconds=-1), Rounds(shock_seconds=-1)], ids=str
)
def test_rounds_that_cannot_be_are_refused(solver):
    with pytest.raises(UsageError, match="_seconds"):
        simulate(market(homogeneous_coin(0.4)), Move(-0.05), solver)


WITHOUT_COMPILER = """
import sys
import runout.cli.main, runout.cli.bulletin, runout.pipeline.bulletin_inputs
import runout.indicators.registry, runout.cascade.montecarlo
from runout.cascade.depth import depth
from runout.cascade.engine import Rounds
from runout.cascade.ladder import ladder, rungs
from runout.cascade.market import Venue, coin_market, market
from runout.cascade.shock import Move
from runout.cascade.simulation import Static, simulate
book = Venue(name="one", depth=depth(1e8, definition="made up"))
one = market(coin_market(ladder("BTC", 1e5, long=rungs([0, 0.1, 0.3], [1e6, 1e6])), (book,)))
for solver in (Static(), Rounds()):
    assert simulate(one, Move(-0.06), solver).value.ending.value == "stopped"
sys.exit("numba" in sys.modules)
"""


def test_neither_a_bulletin_nor_a_single_shock_loads_the_compiler():
    assert subprocess.run([sys.executable, "-c", WITHOUT_COMPILER], check=False).returncode == 0
