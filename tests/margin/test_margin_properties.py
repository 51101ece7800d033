"""What holds for every position and every table."""

import numpy as np
import pytest
import scalar_margin
from hypothesis import assume, given
from hypothesis import strategies as st

from runout import margin
from runout.clock import parse_time

AT = parse_time("2025-08-18")
TABLES = {
    "binance BTC": margin.tiers("binance", "BTCUSDT", AT).brackets(),
    "bybit BTC": margin.tiers("bybit", "BTCUSDT", AT).brackets(),
    "hyperliquid ETH": margin.tiers("hyperliquid", "ETH", AT, nearest=True).brackets(),
    "one": margin.brackets([0], [0.005]),
}
COINS = {name: margin.brackets(np.asarray(table.floors) / 50_000, table.rates) for name, table in TABLES.items()}

side = st.sampled_from([1, -1])
names = st.sampled_from(sorted(TABLES))
quantity = st.floats(1e-3, 3e4)
entry = st.floats(1e-2, 2e5)
leverage = st.floats(1.0, 125.0)
fee = st.sampled_from([0.0, 0.0005])
position = st.tuples(side, quantity, entry, leverage).map(lambda p: (*p[:3], p[1] * p[2] / p[3]))
"""Side, quantity, entry and the collateral of a leverage."""


def floats(values):
    return np.asarray(values, dtype=float)


@given(position, names, fee)
def test_equity_is_the_maintenance_margin_at_the_liquidation_price(held, name, f):
    table, (_, q, e, _) = TABLES[name], held
    price = float(margin.liquidation_price(*held, table, fee_rate=f))
    assume(price > 0)
    equity = float(margin.equity(*held, price))
    required = float(margin.maintenance_margin(q * price, table)) + f * q * price
    # at leverage 1 equity is the difference of two nearly equal notionals: their own precision is the floor
    assert equity == pytest.approx(required, rel=1e-9, abs=1e-12 * q * max(e, price))


@given(side, quantity, entry, st.floats(1.01, 125.0), names)
def test_equity_is_the_maintenance_margin_at_the_inverse_liquidation_price(s, coins, e, times, name):
    table, value, collateral = COINS[name], coins * e, coins / times
    price = float(margin.inverse_liquidation_price(s, value, e, collateral, table))
    assume(np.isfinite(price))
    equity = float(margin.inverse_equity(s, value, e, collateral, price))
    required = float(margin.maintenance_margin(value / price, table))
    assert equity == pytest.approx(required, rel=1e-9, abs=1e-12 * max(coins, value / price))


@given(side, st.floats(10, 10**9), entry, st.floats(1.01, 50.0), st.sampled_from([0.0, 5e-5, 4e-6]))
def test_equity_is_the_growing_maintenance_margin_at_its_liquidation_price(s, value, e, times, per_coin):
    collateral = value / e / times
    price = float(
        margin.growing_inverse_liquidation_price(s, value, e, collateral, base_rate=0.01, rate_per_coin=per_coin)
    )
    assume(0 < price < np.inf)
    size = value / price
    equity = float(margin.inverse_equity(s, value, e, collateral, price))
    assert equity == pytest.approx(size * (0.01 + per_coin * size), rel=1e-9, abs=1e-11 * max(size, value / e))


@given(position, names, fee)
def test_exact_fractions_and_a_search_for_the_bracket_give_the_same_price(held, name, f):
    table = TABLES[name]
    exact = scalar_margin.linear(held, (table.floors, table.rates), f)
    found = float(margin.liquidation_price(*held, table, fee_rate=f))
    assert found == pytest.approx(float(exact), rel=1e-9, abs=1e-12 * held[2])


@given(side, quantity, entry, st.floats(1.01, 125.0), names)
def test_exact_fractions_and_a_search_for_the_bracket_give_the_same_inverse_price(s, coins, e, times, name):
    table, value, collateral = COINS[name], coins * e, coins / times
    exact = scalar_margin.inverse((s, value, e, collateral), (table.floors, table.rates))
    found = float(margin.inverse_liquidation_price(s, value, e, collateral, table))
    assert found == pytest.approx(np.inf if exact is None else float(exact), rel=1e-9)


@given(st.floats(0, 3e9), names)
def test_maintenance_margin_of_arrays_is_that_of_exact_fractions(notional, name):
    table = TABLES[name]
    exact = scalar_margin.maintenance(scalar_margin.Fraction(notional), (table.floors, table.rates))
    assert float(margin.maintenance_margin(notional, table)) == pytest.approx(float(exact), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_maintenance_margin_has_no_step_at_a_floor(table):
    floors = table.floors[1:]
    below = margin.maintenance_margin(np.nextafter(floors, 0), table)
    assert margin.maintenance_margin(floors, table) == pytest.approx(below, rel=1e-12)


@given(names, st.lists(st.floats(0, 3e9), min_size=3, max_size=3, unique=True))
def test_maintenance_margin_is_convex_and_rises(name, notionals):
    low, middle, high = sorted(notionals)
    a, b, c = margin.maintenance_margin([low, middle, high], TABLES[name])
    share = (middle - low) / (high - low)
    assert a <= b <= c
    assert b <= (1 - share) * a + share * c + 1e-6 * max(c, 1)


@given(side, quantity, entry, names, st.lists(st.floats(1.0, 125.0), min_size=2, max_size=2))
def test_more_leverage_brings_the_liquidation_price_nearer(s, q, e, name, pair):
    low, high = sorted(pair)
    far, near = margin.liquidation_price(s, q, e, q * e / floats([low, high]), TABLES[name])
    assert s * near >= s * far - 1e-9 * e


@given(side, quantity, entry, names, st.lists(st.floats(0.0, 3.0), min_size=2, max_size=2))
def test_more_collateral_moves_the_liquidation_price_away(s, q, e, name, pair):
    little, much = margin.liquidation_price(s, q, e, floats(sorted(pair)) * q * e, TABLES[name])
    assert s * much <= s * little + 1e-9 * e


@given(quantity, entry, names, leverage)
def test_a_long_is_liquidated_below_its_entry_and_a_short_above(q, e, name, times):
    table = TABLES[name]
    assume(q * e / times > float(margin.maintenance_margin(q * e, table)) * (1 + 1e-9))
    below, above = margin.liquidation_price([1, -1], q, e, q * e / times, table)
    assert below < e < above


@given(quantity, entry, names, st.floats(1.01, 125.0))
def test_an_inverse_long_is_liquidated_below_its_entry_and_a_short_above(coins, e, name, times):
    table = COINS[name]
    assume(coins / times > float(margin.maintenance_margin(coins, table)) * (1 + 1e-9))
    below, above = margin.inverse_liquidation_price([1, -1], coins * e, e, coins / times, table)
    assert below < e < above


@given(side, quantity, entry, leverage, names)
def test_bankruptcy_lies_beyond_liquidation(s, q, e, times, name):
    collateral = q * e / times
    liquidation = float(margin.liquidation_price(s, q, e, collateral, TABLES[name]))
    assert s * float(margin.bankruptcy_price(s, q, e, collateral)) <= s * liquidation + 1e-9 * e


@given(side, entry, leverage, st.sampled_from([0.004, 0.0125]), fee)
def test_the_distance_is_that_of_the_price(s, e, times, rate, f):
    price = float(margin.liquidation_price(s, 2, e, 2 * e / times, rate, fee_rate=f))
    assert e * (1 + margin.liquidation_distance(s, times, rate, fee_rate=f)) == pytest.approx(
        price, rel=1e-9, abs=1e-9 * e
    )
    assume(times > 1.01)
    price = float(margin.inverse_liquidation_price(s, 2 * e, e, 2 / times, rate, fee_rate=f))
    distance = margin.liquidation_distance(s, times, rate, fee_rate=f, contract="inverse")
    assert e * (1 + distance) == pytest.approx(price, rel=1e-9)


@given(st.tuples(quantity, entry, quantity, entry), st.floats(0, 2e6), names)
def test_a_hedged_account_has_its_maintenance_margin_at_both_levels(legs, w, name):
    table, (ql, el, qs, es) = TABLES[name], legs
    levels = margin.hedge_liquidation_prices(ql, el, qs, es, collateral=w, maintenance=table)
    assume(levels[0] < levels[1])
    for price in (float(level) for level in levels):
        if 0 < price < np.inf:
            equity = w + ql * (price - el) + qs * (es - price)
            required = margin.maintenance_margin([ql * price, qs * price], table).sum()
            scale = max(ql, qs) * max(price, el, es)
            assert equity == pytest.approx(required, rel=1e-9, abs=1e-11 * scale)


def test_many_positions_at_once_are_the_same_as_one_by_one():
    rng = np.random.default_rng(7)
    n = 20_000
    s, q, e = rng.choice([1.0, -1.0], n), rng.lognormal(0, 3, n), rng.uniform(1, 1e5, n)
    w, table = q * e / rng.uniform(1, 125, n), TABLES["binance BTC"]
    together = margin.liquidation_price(s, q, e, w, table)
    chosen = rng.integers(0, n, 50)
    alone = [float(margin.liquidation_price(s[i], q[i], e[i], w[i], table)) for i in chosen]
    assert together[chosen].tolist() == alone


def test_a_rate_for_each_position_is_the_same_as_a_table_of_one_bracket():
    rates = floats([0.004, 0.01, 0.025])
    alone = [float(margin.liquidation_price(-1, 1, 100, 10, margin.brackets([0], [rate]))) for rate in rates]
    assert margin.liquidation_price(-1, 1, 100, 10, rates) == pytest.approx(alone, rel=1e-15)


def test_shapes_broadcast():
    prices = margin.liquidation_price([[1], [-1]], 1, 100, [5.0, 10.0, 20.0], TABLES["one"])
    assert prices.shape == (2, 3)
    assert margin.liquidation_price([], [], [], [], TABLES["one"]).shape == (0,)
