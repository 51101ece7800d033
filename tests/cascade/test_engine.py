"""The round-based solver: its limits, what it conserves, and what each part does."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade.markets import homogeneous_coin, random_market
from runout.cascade.depth import Band
from runout.cascade.engine import Rounds, branching_ratio, run
from runout.cascade.market import market
from runout.cascade.outcome import Ending
from runout.cascade.shock import Move, Order, push
from runout.cascade.simulation import simulate

FALL = Move(math.expm1(-0.03))


def coin_with(coin, **venue):
    return msgspec.structs.replace(coin, venues=tuple(msgspec.structs.replace(one, **venue) for one in coin.venues))


@pytest.mark.parametrize("shock", [FALL, Move(0.02), Order("sell", 100e6), Order("buy", 50e6)], ids=str)
@pytest.mark.parametrize("exponent", [1.0, 0.75])
def test_without_refilling_latency_or_withdrawal_rounds_stop_where_the_static_slide_stops(shock, exponent):
    one = market(homogeneous_coin(0.4, exponent=exponent))
    static, rounds = simulate(one, shock), simulate(one, shock, Rounds())
    assert rounds.value.ending is static.value.ending is Ending.STOPPED
    assert rounds.value.distance == pytest.approx(static.value.distance, rel=1e-12)
    assert rounds.value.liquidated_usd == pytest.approx(static.value.liquidated_usd)


def test_latency_and_pace_alone_change_when_and_not_where_it_stops():
    plain = homogeneous_coin(0.5)
    slow = coin_with(plain, latency_seconds=7.0, pace_seconds=4.0)
    there = simulate(market(plain), FALL).value.distance
    found = simulate(market(slow), FALL, Rounds())
    assert found.value.distance == pytest.approx(there, abs=0.3 / 4000)  # the dollar that is never worked off: one bin
    assert found.rounds["time_seconds"][-1] > simulate(market(plain), FALL, Rounds()).rounds["time_seconds"][-1]


def test_rounds_approach_the_static_stop_in_first_order_of_refilling_up_to_a_logarithm():
    # A slide of ratio R needs about log(1/e)/log(1/R) rounds to come within e of its stop, and refills by e in each.
    static = simulate(market(homogeneous_coin(0.5, bins=40_000)), FALL).value.distance
    half_lives = np.array([100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0])
    coins = [homogeneous_coin(0.5, bins=40_000, half_life_seconds=h) for h in half_lives]
    errors = np.array([static - simulate(market(one), FALL, Rounds()).value.distance for one in coins])
    refilled = 1 - 0.5 ** (1 / half_lives)
    slope, constant = np.polyfit(np.log(1 / refilled), errors / refilled, 1)
    assert slope > 0
    assert errors == pytest.approx(refilled * (constant + slope * np.log(1 / refilled)), rel=0.01)
    # In a book, what matters is how much comes back in a step: a shorter step is a slower refilling.
    fine = homogeneous_coin(0.5, bins=40_000, half_life_seconds=100.0)
    assert static - simulate(market(fine), FALL, Rounds(step_seconds=0.25)).value.distance == pytest.approx(errors[2])


def test_steps_converge_in_first_order_where_the_engine_works_at_its_own_pace():
    coin = coin_with(homogeneous_coin(0.5, bins=40_000, half_life_seconds=60), pace_seconds=5.0)
    steps = (2.0, 1.0, 0.5, 0.25)
    given_push = push(FALL, 100_000.0)
    found = [float(run(market(coin), given_push, Rounds(step_seconds=step)).extreme[0]) for step in steps]
    gaps = np.diff(found)
    assert np.log2(gaps[:-1] / gaps[1:]) == pytest.approx(1, abs=0.1)


def test_refilling_books_stop_a_slide_earlier_and_let_the_price_come_back():
    rate = [simulate(market(homogeneous_coin(0.8, half_life_seconds=h)), FALL, Rounds()).value for h in (2, 20, 200)]
    assert rate[0].distance < rate[1].distance < rate[2].distance
    calm = simulate(market(homogeneous_coin(0.8, half_life_seconds=2)), FALL, Rounds())
    assert calm.rounds["distance"][-1] < calm.rounds["distance"].max()


def test_makers_who_withdraw_let_it_run_further():
    held = simulate(market(homogeneous_coin(0.3)), FALL, Rounds()).value
    pulled = simulate(market(homogeneous_coin(0.3, withdrawal=0.1, usual_move=0.01)), FALL, Rounds())
    assert pulled.value.distance > held.distance
    assert pulled.rounds["depth_share"].min() < 0.9


def test_a_thin_market_with_panicking_makers_runs_off_the_map():
    found = simulate(market(homogeneous_coin(0.6, withdrawal=2.0, usual_move=0.005)), FALL, Rounds())
    assert found.value.ending is Ending.NO_EQUILIBRIUM
    assert found.value.distance is None


def test_a_slide_of_a_homogeneous_ladder_branches_with_its_ratio():
    found = simulate(market(homogeneous_coin(0.6, bins=40_000)), FALL, Rounds())
    assert branching_ratio(found.rounds) == pytest.approx(0.6, abs=0.01)
    assert found.reproduction == pytest.approx(0.6, abs=0.01)


def test_a_slide_that_has_no_time_left_says_so():
    slow = coin_with(homogeneous_coin(0.5), latency_seconds=60.0)
    found = simulate(market(slow), FALL, Rounds(limit_seconds=30))
    assert found.value.ending is Ending.UNFINISHED
    assert found.stages["pending_usd"].sum() > 0


def test_a_shock_that_arrives_slowly_meets_books_that_refill():
    one = market(homogeneous_coin(0.7, half_life_seconds=20))
    sudden, slow = (simulate(one, FALL, Rounds(shock_seconds=t)).value.distance for t in (0, 600))
    assert slow < sudden


# -- what is conserved ------------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.sampled_from([-0.04, -0.1, 0.05, 0.12]))
@settings(max_examples=6)
def test_every_dollar_ends_in_one_stage_and_cash_balances(seed, change):
    whole = random_market(seed, coins=2)
    found = simulate(whole, Move(change), Rounds())
    stages = found.stages.to_dict(as_series=False)
    parts = {name: np.array(values) for name, values in stages.items() if name not in {"coin", "venue"}}
    closed = parts["market_usd"] + parts["backstop_usd"] + parts["adl_usd"]
    assert parts["triggered_usd"] == pytest.approx(closed + parts["pending_usd"], rel=1e-9, abs=1e-3)
    paid = parts["market_cash_usd"] + parts["backstop_cash_usd"] + parts["adl_cash_usd"]
    sign = -1 if change < 0 else 1
    assert sign * (parts["owed_usd"] - paid) == pytest.approx(parts["insurance_change_usd"], abs=1e-3, rel=1e-9)
    funds = np.array([venue.insurance_usd for coin in whole.coins for venue in coin.venues])
    assert parts["insurance_left_usd"] == pytest.approx(funds + parts["insurance_change_usd"], abs=1e-3)
    assert (parts["insurance_left_usd"] > -1e-3).all()
    assert found.value.liquidated_usd == pytest.approx(parts["triggered_usd"].sum())
    assert found.liquidated["liquidated_usd"].sum() == pytest.approx(parts["triggered_usd"].sum())
    assert found.rounds["triggered_usd"].sum() == pytest.approx(parts["triggered_usd"].sum())


def test_the_books_sell_what_the_market_stage_sells():
    found = simulate(market(homogeneous_coin(0.5)), FALL, Rounds())
    assert found.rounds["market_usd"].sum() == pytest.approx(found.stages["market_usd"].sum())


# -- stages -----------------------------------------------------------------------------------------------------------


def test_an_empty_insurance_fund_closes_against_winners_and_stops_the_slide():
    plain = homogeneous_coin(0.8)
    rich = simulate(market(plain), FALL, Rounds())
    poor = simulate(market(coin_with(plain, insurance_usd=0.0)), FALL, Rounds())
    assert rich.stages["adl_usd"].sum() == 0
    assert rich.stages["insurance_change_usd"].sum() < 0
    assert poor.stages["adl_usd"].sum() > 0
    assert poor.stages["insurance_left_usd"][0] >= 0
    assert poor.value.distance < rich.value.distance


def test_winners_are_closed_only_when_insurance_is_spent():
    found = simulate(market(coin_with(homogeneous_coin(0.8), insurance_usd=2e6)), FALL, Rounds())
    assert found.stages["adl_usd"].sum() > 0
    assert found.stages["insurance_left_usd"][0] < 2e6 * 1e-3


def test_a_backstop_takes_positions_out_of_the_market():
    plain = homogeneous_coin(0.8)
    held = simulate(market(coin_with(plain, backstop_share=2 / 3)), FALL, Rounds())
    assert held.stages["backstop_usd"].sum() > 0
    assert held.value.distance < simulate(market(plain), FALL, Rounds()).value.distance
    limited = simulate(market(coin_with(plain, backstop_share=2 / 3, backstop_usd=1e6)), FALL, Rounds())
    assert limited.stages["backstop_usd"].sum() == pytest.approx(1e6)


def test_orders_that_fill_better_than_the_bankruptcy_price_fill_the_fund():
    found = simulate(market(coin_with(homogeneous_coin(0.05), margin_rate=0.2)), Move(-0.001), Rounds())
    assert found.stages["insurance_change_usd"].sum() > 0


# -- venues and coins -------------------------------------------------------------------------------------------------


def split(coin, shares, *, own=None, **options):
    """Return the coin on several venues of those shares of depth; ``own`` lays the ladder on one of them."""
    one = coin.venues[0]
    books = [
        msgspec.structs.replace(
            one.depth,
            bid_usd=Band(*(edge * share for edge in msgspec.structs.astuple(one.depth.bid_usd))),
            ask_usd=Band(*(edge * share for edge in msgspec.structs.astuple(one.depth.ask_usd))),
        )
        for share in shares
    ]
    venues = tuple(msgspec.structs.replace(one, name=f"v{i}", depth=book) for i, book in enumerate(books))
    groups = tuple(msgspec.structs.replace(group, venue=own) for group in coin.ladder.groups)
    ladder = msgspec.structs.replace(coin.ladder, groups=groups)
    return msgspec.structs.replace(coin, venues=venues, ladder=ladder, **options)


def test_venues_tied_by_immediate_arbitrage_are_one_book():
    coin = homogeneous_coin(0.5)
    there = simulate(market(coin), FALL).value.distance
    for own in (None, "v1"):
        apart = market(split(coin, (0.5, 0.3, 0.2), own=own))
        assert simulate(apart, FALL).value.distance == pytest.approx(there, rel=1e-9)
        assert simulate(apart, FALL, Rounds()).value.distance == pytest.approx(there, rel=1e-9)


def test_without_arbitrage_and_with_its_own_mark_a_thin_venue_slides_alone():
    coin = homogeneous_coin(0.5)
    apart = split(coin, (0.7, 0.3), own="v1", mark_index_weight=0.0, arbitrage_seconds=1e9)
    found = simulate(market(apart), FALL, Rounds())
    assert found.value.ending is Ending.NO_EQUILIBRIUM  # R = 0.5 / 0.3 there
    tied = simulate(market(msgspec.structs.replace(apart, mark_index_weight=1.0)), FALL, Rounds())
    assert tied.value.ending is Ending.STOPPED


def test_coins_coupled_fall_further_and_count_together():
    coins = (homogeneous_coin(0.5), homogeneous_coin(0.7, coin="ETH"))
    apart, coupled = market(*coins), market(*coins, coupling=[[1, 0.1], [0.2, 1]])
    static, rounds = simulate(coupled, FALL), simulate(coupled, FALL, Rounds())
    assert rounds.value.distance == pytest.approx(static.value.distance, rel=1e-6)
    assert rounds.value.liquidated_usd == pytest.approx(static.value.liquidated_usd, rel=1e-6)
    assert static.value.distance > simulate(apart, FALL).value.distance
    assert set(static.liquidated["coin"]) == {"BTC", "ETH"}
    assert static.liquidated["liquidated_usd"].sum() == pytest.approx(static.value.liquidated_usd)


def test_two_runs_are_the_same_bytes():
    one, two = (run(random_market(5, coins=2), push(Move(-0.1), 1.0), Rounds()) for _ in range(2))
    assert one.rounds.equals(two.rounds)
    assert one.stages.equals(two.stages)
