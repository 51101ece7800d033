"""What happens in a world, and why: causes, amplification, truth, scenarios, and the same bytes every time."""

import numpy as np
import polars as pl
import pytest

from runout.synthetic.generating import simulated
from runout.synthetic.prices import latent_returns
from runout.synthetic.scenarios import DAYS_BEFORE_END, HOUR_OF_DAY, SCRIPTS
from runout.synthetic.simulation import Track
from runout.synthetic.state import (
    BAR_CLOSE,
    BAR_VOLUME,
    DELEVERAGING_STAGE,
    HOUR_LONG,
    HOUR_SHORT,
    INSURANCE_STAGE,
)
from runout.synthetic.traits import drawn_traits, fall_scale
from runout.synthetic.world import World
from synthetic.worlds import DAY, market, tracks, world

MINUTES = 1440


def forced_usd(track: Track) -> np.ndarray:
    return track.forced.quantity * track.forced.price


def total(of: World) -> float:
    return sum(float(forced_usd(track).sum()) for track in tracks(of).values())


def share_set_off(of: World) -> float:
    """Return the share of forced dollars that would not have been closed had forced orders moved no price."""
    found = tracks(of).values()
    return sum(float(forced_usd(one)[one.endogenous].sum()) for one in found) / max(total(of), 1.0)


# -- causes -----------------------------------------------------------------------------------------------------------


def test_without_impact_of_forced_orders_no_liquidation_is_endogenous() -> None:
    found = tracks(world(days=30, coins=1, forced_impact=0.0))["BTC"]
    assert len(found.forced) > 50
    assert not found.endogenous.any()


def test_some_liquidations_are_set_off_by_others_and_most_are_not() -> None:
    assert 0.0 < share_set_off(world(days=30)) < 0.5


@pytest.mark.parametrize(("dial", "calm", "tense"), [("depth_scale", 4.0, 0.4), ("leverage_scale", 0.5, 1.5)])
def test_the_share_set_off_by_others_grows_as_books_thin_and_as_leverage_rises(
    dial: str, calm: float, tense: float
) -> None:
    """Ten pairs of worlds that share every random number; of fair coins eight of ten fall so in one try of eighteen."""
    growth = np.array([
        share_set_off(world(days=30, coins=1, traders=800, seed=seed, **{dial: tense}))
        - share_set_off(world(days=30, coins=1, traders=800, seed=seed, **{dial: calm}))
        for seed in range(1, 11)
    ])  # fmt: skip
    assert (growth > 0).sum() >= 8
    assert (growth < 0).sum() <= 1
    assert growth.mean() > 0.03


# -- books ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["flush", "systemic"])
def test_longs_equal_shorts_every_hour_and_trades_cover_the_change(scenario: str) -> None:
    for found in tracks(world(scenario=scenario)).values():
        np.testing.assert_allclose(found.hourly[:, :, HOUR_LONG], found.hourly[:, :, HOUR_SHORT], rtol=1e-9)
        traded = found.bars[:-1, :, BAR_VOLUME].reshape(4, -1, 12).sum(axis=2).T
        change = np.abs(np.diff(found.hourly[:, :, HOUR_LONG], axis=0))
        assert (change <= traded[1:] * (1 + 1e-9)).all()


def test_winners_are_deleveraged_in_a_systemic_slide_alone_and_only_when_the_fund_can_bear_no_more() -> None:
    calm, systemic = world(scenario="calm"), world(scenario="systemic")
    assert all((one.forced.stage != DELEVERAGING_STAGE).all() for one in tracks(calm).values())
    for found in tracks(systemic).values():
        deleveraged = found.forced[found.forced.stage == DELEVERAGING_STAGE]
        assert len(deleveraged) > 0
        assert (deleveraged.insurance_room <= 0.05 * deleveraged.quantity).all()
        assert (found.forced.stage == INSURANCE_STAGE).any()


# -- truth ------------------------------------------------------------------------------------------------------------


def test_hidden_positions_have_not_been_crossed_and_both_sides_are_equal() -> None:
    of = world()
    truth = market(of)[1]["positions"]
    net = (pl.col("side") * pl.col("size")).sum().alias("net")
    sides = truth.group_by("coin", "day", "venue").agg(net, pl.col("size").sum())
    assert (sides["net"].abs() <= 1e-9 * sides["size"]).all()
    isolated = truth.filter(pl.col("kind").is_in(["taker", "trend follower"]))
    assert isolated["liquidation_price"].null_count() < 0.1 * isolated.height
    assert truth.filter(pl.col("kind") == "hedger")["liquidation_price"].is_null().all()
    close = tracks(of)["BTC"].bars[-1, 287::288, BAR_CLOSE]
    btc = isolated.filter(pl.col("coin") == "BTC").drop_nulls("liquidation_price")
    away = btc["side"].to_numpy() * (close[btc["day"].to_numpy()] / btc["liquidation_price"].to_numpy() - 1)
    assert (away > -0.01).all()  # marks are the venues' own, a little off spot


def test_changes_lead_from_one_day_s_positions_to_the_next() -> None:
    of = world()
    truth = market(of)[1]
    last = of.days - 1
    isolated = truth["positions"].filter(pl.col("kind") == "taker", pl.col("coin") == "BTC")
    signed = isolated.select("day", "account", pl.col("side") * pl.col("size"))
    before, after = (
        {account: quantity for when, account, quantity in signed.iter_rows() if when == day} for day in (last - 1, last)
    )
    moved = truth["changes"].filter(pl.col("coin") == "BTC", pl.col("event_time") > of.start + last * DAY)
    for account, side, size in moved.select("account", "side", "size").iter_rows():
        before[account] = side * size
    held = {account: quantity for account, quantity in before.items() if quantity}
    assert {account: held[account] for account in after} == after


def test_hourly_forced_closes_are_the_sums_of_the_liquidations() -> None:
    truth = market(world())[1]
    by = ("coin", "liquidated_side", "cause")
    hourly = truth["forced_closes"].group_by(by).agg(pl.col("quantity_base").sum()).filter(pl.col("quantity_base") > 0)
    single = truth["liquidations"].group_by(by).agg(pl.col("quantity_base").sum())
    both = hourly.join(single, on=by, how="full", coalesce=True)
    np.testing.assert_allclose(both["quantity_base"], both["quantity_base_right"], rtol=1e-9)


# -- the same bytes, whoever computes them ----------------------------------------------------------------------------


def test_two_workers_make_the_same_market_as_one() -> None:
    of = world(days=30)
    one, two = tracks(of), simulated(of, workers=2)
    for coin, track in one.items():
        for name in Track.__struct_fields__[:-1]:
            assert getattr(track, name).tobytes() == getattr(two[coin], name).tobytes(), (coin, name)


# -- worlds differ as they say ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", list(SCRIPTS))
def test_the_common_shock_holds_the_moves_of_its_script_and_no_other(scenario: str) -> None:
    calm, own = (latent_returns(world(scenario=name), np.random.default_rng(3)) for name in ("calm", scenario))
    moves = fall_scale(world(scenario=scenario)) * sum(move.size for move in SCRIPTS[scenario].moves)
    wanted = moves + SCRIPTS[scenario].drift
    assert (own - calm)[-1].sum() == pytest.approx(wanted)
    assert (own - calm)[0].sum() == pytest.approx(wanted)


def test_families_break_the_assumption_they_are_named_for() -> None:
    plain = drawn_traits(world(family="isolated"))
    assert plain.cross == plain.top_up == plain.herding == 0.0
    assert drawn_traits(world(family="cross")).cross > 0.3
    assert drawn_traits(world(family="top-ups")).top_up > 0.5
    assert drawn_traits(world(family="herding")).herding > 0.4
    assert drawn_traits(world(family="hedged")).hedgers > 0.3


def test_a_squeeze_closes_shorts_and_a_flush_longs() -> None:
    for scenario, side in (("squeeze", -1), ("flush", 1)):
        for found in tracks(world(scenario=scenario)).values():
            after = found.forced.minute - ((40 - DAYS_BEFORE_END) * MINUTES + HOUR_OF_DAY * 60)
            hours = (after >= 0) & (after < 120)
            assert forced_usd(found)[hours & (found.forced.side == side)].sum() > 0.8 * forced_usd(found)[hours].sum()


def test_an_outage_leaves_a_hole_in_the_lead_venue_s_series_alone() -> None:
    published = market(world(scenario="outage"))[0]
    hole = [name for name, (one, table) in published.items() if one.step and _longest_step(table) > one.step]
    assert hole
    assert all("synth-a" in published[name][0].venues for name in hole)


def test_a_unit_change_doubles_one_venue_s_open_interest_at_one_step() -> None:
    table = market(world(scenario="unit-change"))[0]["synthetic/open_interest/BTC/synth-c/4h"][1]
    ratio = table["open_interest_base"].to_numpy()[1:] / table["open_interest_base"].to_numpy()[:-1]
    assert (ratio > 1.7).sum() == 1
    assert np.argmax(ratio) == len(ratio) - 60


def _longest_step(table: pl.DataFrame) -> int:
    return int(table["event_time"].unique().sort().diff().max() or 0)
