"""The market keeps its books in every minute: both sides equal, cash conserved, nobody left below maintenance."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runout.margin import brackets, liquidation_price
from runout.synthetic import book, engine, levels
from runout.synthetic.compiled import compiled_day
from runout.synthetic.liquidation import FUND_LIMIT
from runout.synthetic.state import (
    BAR_VOLUME,
    DELEVERAGING_STAGE,
    OWN,
    TAKER,
    TREND_FOLLOWER,
    Market,
    copied,
    empty_log,
)
from runout.synthetic.world import Family, World
from synthetic.worlds import draws, small_market, world

SMALL = world(days=30, coins=1, traders=400)


def warmed(of: World, seed: int = 0) -> Market:
    """Return a market in which a day of busy traders has passed."""
    made = small_market(of, seed)
    compiled_day()(made, draws(of, 1440, turns=3.0, seed=seed))
    return made


def side_sums(m: Market, v: int) -> tuple[float, float]:
    mine = m.accounts.quantity[m.accounts.venue == v]
    return float(mine[mine > 0].sum()), float(-mine[mine < 0].sum())


def require_books(m: Market, cash: float) -> None:
    for v in range(len(m.edge)):
        longs, shorts = side_sums(m, v)
        assert longs == pytest.approx(shorts, rel=1e-9)
        assert m.markets.long_open[v] == pytest.approx(longs, rel=1e-9)
        assert m.markets.short_open[v] == pytest.approx(shorts, rel=1e-9)
    assert m.accounts.cash.sum() + m.accounts.outside.sum() == pytest.approx(0.0, abs=1e-9 * cash)


def require_nobody_below_maintenance(m: Market) -> None:
    a = m.accounts
    listed = np.flatnonzero(np.isin(a.kind, [TAKER, TREND_FOLLOWER]) & (a.quantity != 0))
    mark = m.markets.mark[a.venue[listed]]
    notional = np.abs(a.quantity[listed]) * mark
    tiers = m.tiers[a.venue[listed]]
    needed = (notional[:, None] * tiers[:, 0] - tiers[:, 1]).max(axis=1)
    equity = a.cash[listed] + a.quantity[listed] * mark
    assert (equity >= needed - 1e-9 * notional).all()


# -- minute by minute -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", get_args(Family))
@pytest.mark.parametrize("scenario", ["flush", "systemic"])
@settings(max_examples=2)
@given(seed=st.integers(0, 1000), shock=st.floats(-0.2, 0.2))
@example(seed=382, shock=0.1484375)
def test_books_balance_after_every_minute_of_random_worlds(scenario: str, family: str, seed: int, shock: float) -> None:
    of = world(days=30, coins=1, traders=400, scenario=scenario, family=family, leverage_scale=1.5, seed=seed)
    made = warmed(of, seed)
    coming = draws(of, 60, turns=2.0, seed=seed + 1, shock=shock, at=10)
    made.counts[:] = 0
    with np.errstate(all="raise"):
        for number in range(30):
            before = [side_sums(made, v)[0] for v in range(len(made.edge))]
            traded = made.bars[:-1, number // 5, BAR_VOLUME].copy() if number % 5 else np.zeros(len(made.edge))
            engine.minute(made, coming, number)
            require_books(made, of.coins[0].open_interest_usd)
            require_nobody_below_maintenance(made)
            for v, then in enumerate(before):
                volume = made.bars[v, number // 5, BAR_VOLUME] - traded[v]
                assert abs(side_sums(made, v)[0] - then) <= volume * (1 + 1e-9) + 1e-9
    closed = made.forced[: int(made.counts[1])]
    deleveraged = closed[closed.stage == DELEVERAGING_STAGE]
    # A fund that is full has a little room again where it took over at a gain: some percent of what it can hold.
    capacity = FUND_LIMIT * np.maximum(deleveraged.insurance_usd, 0.0) / deleveraged.mark
    assert (deleveraged.insurance_room <= 0.05 * capacity).all()


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("venue", range(4))
def test_a_level_is_that_of_the_margin_arithmetic_in_every_tier(side: int, venue: int) -> None:
    made = small_market(SMALL)
    i = OWN * 4
    a = made.accounts
    rates, amounts = made.tiers[venue]
    unique = np.flatnonzero(np.diff(rates, prepend=0) > 0)
    floors = np.concatenate([[0.0], np.diff(amounts[unique]) / np.diff(rates[unique])])
    table = brackets(floors, rates[unique])
    for leverage in (2.0, 5.0, 20.0):
        for quantity in (10.0, 1e4, 1e5, 1e6):
            a.venue[i], a.quantity[i], a.entry[i] = venue, side * quantity, 60_000.0
            margin = quantity * 60_000.0 / leverage
            a.cash[i] = margin - side * quantity * 60_000.0
            wanted = float(liquidation_price(side, quantity, 60_000.0, margin, table))
            assert levels.liquidation_level(made, i) == pytest.approx(wanted, rel=1e-12)


def test_lists_hold_every_position_with_a_level_once() -> None:
    made = warmed(SMALL)
    a, found = made.accounts, []
    for v in range(4):
        for side in range(2):
            for b in np.flatnonzero(made.heads[v, side] >= 0):
                i = made.heads[v, side, b]
                while i >= 0:
                    found.append(int(i))
                    assert levels.bucket_of(made, a.level[i]) == b
                    assert (a.quantity[i] > 0) == (side == 0)
                    i = a.following[i]
    assert sorted(found) == np.flatnonzero(a.level > 0).tolist()


@given(depths=st.floats(-11.9, 11.9))
def test_the_walk_through_the_book_and_its_inverse_agree(depths: float) -> None:
    assert book.consumed_at(book.impact(depths)) == pytest.approx(depths, rel=1e-9, abs=1e-12)


def test_one_depth_moves_the_price_by_one_percent_and_the_book_thickens_no_further() -> None:
    assert book.impact(1.0) == pytest.approx(0.01)
    assert book.impact(-2.0) < 2 * book.impact(-1.0)


# -- twins ------------------------------------------------------------------------------------------------------------


def test_plain_python_gives_the_very_same_market_as_the_compiled_rules() -> None:
    fast = warmed(SMALL)
    coming = draws(SMALL, 1440, turns=0.3, seed=5, shock=-0.08, at=200)
    slow = copied(fast, empty_log(4, 20_000, 400), forced_impact=1.0)
    compiled_day()(fast, coming)
    engine.day(slow, coming)
    assert slow.counts.tolist() == fast.counts.tolist()
    assert slow.counts[1] > 0
    for name in ("accounts", "markets", "whole", "heads", "edge", "bars", "hourly"):
        assert getattr(slow, name).tobytes() == getattr(fast, name).tobytes(), name
    for name, count in zip(("changes", "forced"), fast.counts, strict=True):
        assert getattr(slow, name)[:count].tobytes() == getattr(fast, name)[:count].tobytes(), name
