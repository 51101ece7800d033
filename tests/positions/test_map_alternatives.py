"""Alternatives of the map: where nothing is changed nothing changes, and what only the future knows stays out."""

import msgspec
import numpy as np
import pytest

from positions.test_map_scoring import a_market
from runout.errors import NotEnoughDataError
from runout.positions.scoring import SIDES, swept_by_filter
from runout.positions.scoring import alternatives as other
from runout.positions.scoring.ceiling import common_to_venues, lumps
from runout.positions.scoring.covariates import FROZEN
from runout.positions.scoring.dollars import walked
from runout.positions.scoring.learners import ridge
from runout.positions.scoring.variants import Alternative, Changed, Trials, chosen_only, worth_repeating


@pytest.fixture(scope="module")
def market():
    return a_market(buckets=340, lead=20)


@pytest.fixture(scope="module")
def plain(market):
    return swept_by_filter(market)


def beside(market, seed=4):
    rng = np.random.default_rng(seed)
    count = len(market.close)
    return other.Beside(
        positioning=rng.normal(0, 0.1, (count, 3)), funding=rng.normal(1e-4, 1e-5, (count, 2)), spot_low=market.low,
        spot_high=market.high, spot_close=market.close, interest_all_base=market.open_interest_base * 3.0,
        interest_margins_base=market.open_interest_base, volume_factor=np.ones(count),
    )  # fmt: skip


def same(one, two):
    return all(
        np.allclose(getattr(one, name), getattr(two, name), rtol=1e-7, atol=1e-9) for name in ("frozen", "ahead")
    )


def test_the_link_turns_back_what_it_turned_and_lifts_large_totals_more():
    link = other.captured_link(1e5)
    shown = np.linspace(5.0, 18.0, 200)
    assert np.abs(link.back(link.to(shown)) - shown).max() < 0.01
    assert (np.diff(link.to(shown) - shown) > -0.02).all()
    assert link.to(np.array([18.0]))[0] - 18.0 > 1.0 > link.to(np.array([8.0]))[0] - 8.0


def test_an_alternative_that_changes_nothing_is_the_map(market, plain):
    here = beside(market)
    signal = np.random.default_rng(0).uniform(-1, 1, len(market.close))
    assert same(other.by_side(market, signal, 0.0), plain)
    assert same(other.thinned(market, 1.0), plain)
    assert same(other.marked(market, here), plain)
    assert same(other.with_interest(market, here.interest_all_base), plain)
    assert same(other.with_volume(market, here.volume_factor), plain)
    basket = other.with_basket(market, market, 0.3)
    assert np.allclose(basket.ahead[:, :, :9], plain.ahead)
    assert np.allclose(basket.ahead[:, :, 9:], plain.ahead, rtol=1e-6, atol=1e-6)


def test_longs_that_close_more_leave_fewer_old_levels(market, plain):
    moved = other.by_side(market, np.ones(len(market.close)), 0.3)
    assert moved.frozen[:, 0].sum() != pytest.approx(plain.frozen[:, 0].sum())
    assert np.allclose(moved.held.sum(axis=2), plain.held.sum(axis=2))


def test_sides_do_not_see_the_open_interest_of_their_own_bucket(market):
    signal, bucket = np.zeros(len(market.close)), market.scored - 1
    start = (market.lead + bucket) * market.bars_each
    interest = market.open_interest_base.copy()
    interest[start:] *= 1.003
    changed = msgspec.structs.replace(market, open_interest_base=interest)
    before, after = (other.by_side(one, signal, 0.25) for one in (market, changed))
    assert np.allclose(before.ahead[bucket], after.ahead[bucket])
    assert np.allclose(before.frozen[bucket], after.frozen[bucket])


def test_a_mark_price_that_cuts_wicks_sweeps_less(market, plain):
    flat = msgspec.structs.replace(
        beside(market), spot_low=np.minimum(market.open, market.close), spot_high=np.maximum(market.open, market.close)
    )
    assert other.marked(market, flat).frozen.sum() < plain.frozen.sum()
    gone = np.full(len(market.close), np.nan)
    assert same(
        other.marked(market, msgspec.structs.replace(flat, spot_low=gone, spot_high=gone, spot_close=gone)), plain
    )


def test_levels_that_spread_keep_at_most_their_mass(market, plain):
    spread = other.topped_up(market, 0.002)
    assert spread.frozen.sum() == pytest.approx(plain.frozen.sum(), rel=0.3)
    assert spread.ahead == pytest.approx(plain.ahead)


def test_an_alternative_is_chosen_in_the_first_half_and_told_the_second_only_if_asked(market, plain):
    known = np.column_stack([market.log_dollars])
    trials = Trials(market, ridge)
    noise = np.random.default_rng(2).normal(0.0, 0.05, known.shape)

    def make(weight):
        column = np.where(weight > 0.5, 1.0, 0.0) * known + noise
        return Changed(swept=plain, columns=(column[:, :1], column[:, 1:]))

    offered = Alternative("leak", "the answer itself", (FROZEN,), (0.0, 1.0), make)
    found = trials.compare(offered, tell=True)
    assert [one.side for one in found] == list(SIDES)
    assert all(one.setting == 1.0 and one.first.low > 0.0 and one.second.low > 0.0 for one in found)
    assert worth_repeating(found)
    assert chosen_only(offered, found).settings == (1.0,)
    assert all(one.second is None for one in trials.compare(chosen_only(offered, found), tell=False))


def test_lumps_of_many_equal_orders_leave_nothing_open():
    mean, rng = np.full(200, 1e6), np.random.default_rng(0)
    reported = mean * np.exp(rng.normal(0, 1, 200))
    few = lumps(mean, reported, tail=1.3, orders=np.full(200, 20.0), rng=rng)
    many = lumps(mean, reported, tail=5.0, orders=np.full(200, 10_000.0), rng=rng)
    assert many.deviation < 0.02
    assert few.deviation > 0.3
    assert many.reachable > 0.99 > few.reachable


def test_what_venues_have_in_common_is_found_again():
    rng = np.random.default_rng(1)
    common = rng.normal(13, 1.0, 4000)
    logs = common[:, np.newaxis] + rng.normal(0, 1, (4000, 3)) * np.array([0.5, 1.0, 1.5])
    found = common_to_venues(np.exp(logs), rng)
    assert found.share == pytest.approx(0.8, abs=0.03)
    assert found.own_deviation == pytest.approx(0.5, abs=0.04)
    assert found.low < found.share < found.high
    with pytest.raises(NotEnoughDataError):
        common_to_venues(np.exp(logs[:10]), rng)


def test_dollars_along_past_ways_are_nearer_to_what_is_reported():
    market = a_market(seed=3, buckets=260, lead=20)
    swept = swept_by_filter(market)
    true = swept.ahead.sum(axis=(2, 3)) * 5e4 + 5e4
    dollars = np.ones_like(market.liquidated_usd)
    dollars[market.lead :] = true * np.exp(np.random.default_rng(0).normal(0, 0.3, true.shape))
    found = list(walked(msgspec.structs.replace(market, liquidated_usd=dollars), swept, first_told=80))
    assert len(found) == 8
    for before in (one for one in found if one.drawn == "weights alone"):
        after = next(
            one for one in found
            if (one.drawn, one.period, one.side) == ("along past ways", before.period, before.side)
        )  # fmt: skip
        assert before.ratio > 1.05
        assert abs(np.log(after.ratio)) < abs(np.log(before.ratio))
