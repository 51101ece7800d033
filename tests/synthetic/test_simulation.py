"""The simulated market keeps its books: both sides equal, nobody beyond the liquidation price, trades cover changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runout.synthetic.accounts import Side, liquidation_price
from runout.synthetic.prices import STEPS_PER_DAY, STEPS_PER_HOUR, latent_returns
from runout.synthetic.simulation import ROUNDS, TRUTH_DAYS, Track, _forced, _ordinary, simulate
from runout.synthetic.world import BURN_IN_DAYS, COINS, LEVERAGES, MAINTENANCE_MARGIN
from synthetic.worlds import world

PRICE = 100.0
returns = st.lists(st.floats(-0.03, 0.03), min_size=STEPS_PER_HOUR, max_size=STEPS_PER_HOUR)


def sides(seed: int = 0) -> tuple[Side, Side]:
    """Return a book of both sides, of equal size, opened at prices round the present one."""
    longs, shorts = Side(1), Side(-1)
    for entry in PRICE * np.exp(np.random.default_rng(seed).normal(0, 0.03, 40)):
        longs.open(10.0, float(entry))
        shorts.open(10.0, float(entry))
    longs.fold(longs.crossed(PRICE))
    shorts.fold(shorts.crossed(PRICE))
    return longs, shorts


@pytest.fixture(scope="module")
def track() -> Track:
    small = world(days=40)
    latent = latent_returns(small, np.random.default_rng([7, 0]))
    return simulate(COINS[0], latent[0], np.random.default_rng([7, 1]))


# -- one hour ---------------------------------------------------------------------------------------------------------


@given(hours=st.lists(returns, min_size=1, max_size=6), depth=st.floats(1e3, 1e7), target=st.floats(100.0, 900.0))
def test_longs_equal_shorts_after_every_step_and_trades_cover_the_change(
    hours: list[list[float]], depth: float, target: float
) -> None:
    longs, shorts = sides()
    price = PRICE
    for latent in hours:
        before = longs.total
        path, forced, _ = _forced(price, np.array(latent), longs, shorts, depth)
        price = float(path[-1])
        assert longs.total == pytest.approx(shorts.total, rel=1e-9)
        traded = sum(forced) + _ordinary(longs, shorts, price, target)
        assert longs.total == pytest.approx(shorts.total, rel=1e-9)
        assert abs(longs.total - before) <= traded * (1 + 1e-9)
        assert min(forced) >= 0
        assert longs.size.min() >= 0
        assert shorts.size.min() >= 0


@given(latent=returns, depth=st.floats(1e3, 1e7), seed=st.integers(0, 5))
def test_no_position_survives_beyond_its_liquidation_price(latent: list[float], depth: float, seed: int) -> None:
    longs, shorts = sides(seed)
    path, _, _ = _forced(PRICE, np.array(latent), longs, shorts, depth)
    assert (longs.level < path.min()).all()
    assert (shorts.level > path.max()).all()


@given(latent=returns, seed=st.integers(0, 5))
def test_exogenous_closes_are_exactly_the_positions_that_the_latent_path_crosses(
    latent: list[float], seed: int
) -> None:
    longs, shorts = sides(seed)
    path = PRICE * np.exp(np.cumsum(latent))
    long_due = float(longs.size[longs.level >= path.min()].sum())
    short_due = float(shorts.size[shorts.level <= path.max()].sum())
    after, (long_exogenous, _, short_exogenous, _), _ = _forced(PRICE, np.array(latent), longs, shorts, 1e6)
    assert long_exogenous == pytest.approx(long_due)
    # Shorts that closed longs' counterparties are smaller by the time they are crossed themselves.
    assert short_exogenous <= short_due * (1 + 1e-9)
    assert (short_exogenous > 0) == (short_due > 0)
    if long_due == short_due == 0.0:
        np.testing.assert_array_equal(after, path)


@given(latent=returns)
def test_without_impact_nothing_is_closed_endogenously(latent: list[float]) -> None:
    longs, shorts = sides()
    path, (_, long_endogenous, _, short_endogenous), impact = _forced(
        PRICE, np.array(latent), longs, shorts, float("inf")
    )
    np.testing.assert_array_equal(path, PRICE * np.exp(np.cumsum(latent)))
    assert (long_endogenous, short_endogenous, impact) == (0.0, 0.0, 0.0)


def test_the_thinner_the_book_the_further_a_fall_runs_and_the_more_it_closes() -> None:
    latent = np.full(STEPS_PER_HOUR, -0.03 / STEPS_PER_HOUR)
    lows, closed = [], []
    for depth in (1e7, 1e5, 3e4, 1e4):
        path, forced, _ = _forced(PRICE, latent, *sides(), depth)
        lows.append(path.min())
        closed.append(forced[0] + forced[1])
    assert lows == sorted(lows, reverse=True)
    assert closed == sorted(closed)
    assert closed[-1] > closed[0]


def test_rounds_end_even_where_the_book_is_all_but_empty() -> None:
    latent = np.full(STEPS_PER_HOUR, -0.03 / STEPS_PER_HOUR)
    path, _, impact = _forced(PRICE, latent, *sides(), 1e2)
    assert ROUNDS == 6
    assert np.isfinite(path).all()
    assert (path > 0).all()
    assert impact < 0


# -- the accounts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("leverage", LEVERAGES)
def test_at_the_liquidation_price_equity_is_the_maintenance_margin(side: int, leverage: float) -> None:
    entry = 60_000.0
    level = float(liquidation_price(np.array([entry]), np.array([leverage]), side)[0])
    equity = entry / leverage + side * (level - entry)  # for one coin, isolated, linear
    assert equity == pytest.approx(MAINTENANCE_MARGIN * level)


def test_folding_keeps_the_sum_and_the_mean_entry_and_leaves_nothing_to_liquidate() -> None:
    side, _ = sides()
    total, cost = side.total, float((side.size * side.entry).sum())
    side.fold(side.leverage > 10)
    assert side.total == pytest.approx(total)
    assert float((side.size * side.entry).sum()) == pytest.approx(cost)
    assert side.leverage.max() <= 10
    assert not side.crossed(PRICE * 0.95).any()


def test_the_store_grows_without_losing_a_position() -> None:
    side = Side(1)
    for number in range(1500):
        side.open(1.0, 100.0 + number)
    assert side.total == pytest.approx(1500)
    assert len(side.size) == 1500 * (len(LEVERAGES) + 1)
    level = liquidation_price(side.entry[:6], side.leverage[:6], 1)
    np.testing.assert_allclose(side.level[:6], level, rtol=1e-12)
    side.remove(side.entry >= 101.0)
    assert side.total == pytest.approx(1.0)
    assert set(side.entry.tolist()) == {100.0}


# -- the whole run ----------------------------------------------------------------------------------------------------


def test_every_hour_trades_at_least_what_open_interest_changes(track: Track) -> None:
    assert (np.abs(np.diff(track.open_interest)) <= track.volume).all()


def test_nothing_is_negative_and_no_price_is_zero(track: Track) -> None:
    for name in ("open_interest", "volume", "depth", "price"):
        assert (getattr(track, name) > 0).all(), name
    for name in ("long_exogenous", "long_endogenous", "short_exogenous", "short_endogenous"):
        assert (getattr(track, name) >= 0).all(), name
    assert (np.abs(track.net_taker) <= track.volume).all()
    assert ((track.long_accounts > 0) & (track.long_accounts < 1)).all()


def test_hidden_positions_of_both_sides_add_up_to_open_interest(track: Track) -> None:
    days = np.unique(track.positions[:, 0])
    assert len(days) == TRUTH_DAYS
    for day in days:
        stood = track.open_interest[int(day + 1) * 24]
        for side in (1, -1):
            mine = track.positions[(track.positions[:, 0] == day) & (track.positions[:, 1] == side)]
            assert mine[:, 2].sum() == pytest.approx(stood, rel=1e-9)


def test_hidden_positions_have_not_been_crossed_by_the_price_of_their_day_s_end(track: Track) -> None:
    for day in np.unique(track.positions[:, 0]):
        price = track.price[int(day + 1) * STEPS_PER_DAY]
        mine = track.positions[track.positions[:, 0] == day]
        assert (mine[:, 1] * (price - mine[:, 5]) > 0).all()


def test_the_first_days_are_no_different_from_the_others(track: Track) -> None:
    closed = track.long_exogenous + track.long_endogenous + track.short_exogenous + track.short_endogenous
    daily = closed.reshape(-1, 24).sum(axis=1)
    assert daily[:5].mean() < 3 * daily.mean()
    assert daily.max() < 0.1 * track.open_interest[0]


def test_forced_closes_move_the_price_beyond_its_latent_path() -> None:
    small = world(days=40)
    latent = latent_returns(small, np.random.default_rng([7, 0]))[0]
    run = simulate(COINS[0], latent, np.random.default_rng([7, 1]))
    hour = int(np.argmax(run.long_exogenous + run.long_endogenous))
    steps = slice(hour * STEPS_PER_HOUR, (hour + 1) * STEPS_PER_HOUR)
    lowest = run.price[steps.start + 1 : steps.stop + 1].min() / run.price[steps.start]
    assert lowest < np.exp(np.cumsum(latent[BURN_IN_DAYS * STEPS_PER_DAY :][steps])).min()
