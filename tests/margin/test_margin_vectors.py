"""Numbers of cited sources and of the notes on methods, reproduced."""

import numpy as np
import pytest

from runout import margin
from runout.clock import parse_time

BINANCE = margin.tiers("binance", "BTCUSDT", parse_time("2024-10-24")).brackets()


@pytest.mark.parametrize(
    ("side", "quantity", "expected"),
    [(margin.LONG, 1, 57_236.1809), (margin.SHORT, 1, 62_736.3184), (margin.LONG, 100, 57_460.1010)],
)
def test_binance_positions_of_twenty_times_at_60_000(side, quantity, expected):
    collateral = margin.initial_margin(quantity * 60_000, 20)
    assert margin.liquidation_price(side, quantity, 60_000, collateral, BINANCE) == pytest.approx(expected, abs=1e-4)


def test_hyperliquid_forty_times_long_by_its_own_formula_and_by_ours():
    entry, rate, isolated = 60_000, 1 / 80, 60_000 / 40
    theirs = entry - (isolated - entry * rate) / (1 - rate)
    ours = float(margin.liquidation_price(1, 1, entry, isolated, rate))
    assert ours == pytest.approx(59_240.5063, abs=1e-4)
    assert ours == pytest.approx(theirs, rel=1e-12)


def test_bybit_inverse_long_and_short_of_the_page_of_2026():
    prices = margin.inverse_liquidation_price([1, -1], [10_000, 60_000], 50_000, [0.02, 0.12], 0.005)
    assert prices == pytest.approx([45_681.8182, 55_277.7778], abs=1e-4)


def test_bybit_inverse_short_by_the_older_rule_on_the_entry_value():
    price = margin.entry_value_inverse_liquidation_price(-1, 60_000, 50_000, 0.12, 0.005)
    assert price == pytest.approx(60_000 / (1.2 - (0.12 - 0.006)))
    assert round(float(price), 1) == 55_248.6


def test_bybit_linear_long_by_the_older_rule_and_by_the_newer():
    assert margin.entry_value_liquidation_price(1, 1, 20_000, 400, 0.005) == pytest.approx(19_700)
    assert margin.liquidation_price(1, 1, 20_000, 400, 0.005) == pytest.approx(19_698.49, abs=0.005)


def test_bybit_cross_inverse_example_with_the_fee_to_close_set_aside():
    # help centre, How to calculate Liquidation Price (Inverse Contract); shown prices are rounded up to 0.5
    bankruptcy = margin.inverse_bankruptcy_price(1, 10_000, 8_000, 0.5, fee_rate=0.00075)
    assert bankruptcy == pytest.approx(5_718.57, abs=0.005)
    collateral = 0.5 - 10_000 * 0.00075 / bankruptcy
    price = float(margin.entry_value_inverse_liquidation_price(1, 10_000, 8_000, collateral, 0.005))
    assert np.ceil(price * 2) / 2 == 5_739.5


@pytest.mark.parametrize("leverage", [2, 10, 100])
def test_bankruptcy_prices_of_a_set_leverage(leverage):
    entry = 50_000
    linear = margin.bankruptcy_price([1, -1], 3, entry, 3 * entry / leverage)
    assert linear == pytest.approx([entry * (1 - 1 / leverage), entry * (1 + 1 / leverage)])
    inverse = margin.inverse_bankruptcy_price([1, -1], 10_000, entry, 10_000 / entry / leverage)
    assert inverse == pytest.approx([entry * leverage / (leverage + 1), entry * leverage / (leverage - 1)])


def test_an_inverse_short_of_leverage_one_is_never_liquidated():
    assert margin.inverse_liquidation_price(-1, 10_000, 50_000, 0.2, 0.005) == np.inf
    assert margin.inverse_bankruptcy_price(-1, 10_000, 50_000, 0.2) == np.inf
    assert (
        margin.growing_inverse_liquidation_price(-1, 10_000, 50_000, 0.2, base_rate=0.01, rate_per_coin=5e-5) == np.inf
    )
    assert margin.liquidation_distance(-1, 1, 0.005, contract="inverse") == np.inf


def test_a_linear_long_of_leverage_one_is_never_liquidated():
    assert margin.liquidation_price(1, 2, 50_000, 100_000, BINANCE) == 0
    assert margin.liquidation_distance(1, 1, 0.005) == -1


def test_okx_counts_the_taker_fee_in_its_margin_ratio():
    # margin ratio (margin + UPL) / (ctVal·|n|·mark·(mmr + fee)) is 100% at the level
    price = float(margin.liquidation_price(1, 2, 60_000, 6_000, 0.004, fee_rate=0.0005))
    assert (6_000 + 2 * (price - 60_000)) / (2 * price * (0.004 + 0.0005)) == pytest.approx(1)
    assert price > margin.liquidation_price(1, 2, 60_000, 6_000, 0.004)


def test_binance_maintenance_amount_of_its_page():
    # faq b3c689c1: a BTCUSDT position of 500,000 USDT had the amount 1,300 in the table that began 0.4 / 0.5 / 1%
    table = margin.tiers("binance", "BTCUSDT", parse_time("2021-03-26T12:00")).brackets()
    assert table.amounts[margin.bracket_of(500_000, table)] == pytest.approx(1_300)


def test_binance_cross_margin_takes_the_others_off_the_wallet():
    price = margin.cross_liquidation_price(
        1, 1, 60_000, 10_000, BINANCE, other_maintenance_margin=2_000, other_unrealized_pnl=-5_000
    )
    assert price == pytest.approx(float(margin.liquidation_price(1, 1, 60_000, 3_000, BINANCE)))


@pytest.mark.parametrize(("long", "short"), [(2.0, 0.5), (0.5, 2.0), (40.0, 10.0)])
def test_binance_hedge_mode_formula_in_the_brackets_that_hold(long, short):
    below, above = (
        float(price)
        for price in margin.hedge_liquidation_prices(long, 60_000, short, 61_000, collateral=9_000, maintenance=BINANCE)
    )
    price = below if long > short else above
    (ml, cl), (ms, cs) = (
        (BINANCE.rates[i], BINANCE.amounts[i]) for i in margin.bracket_of([long * price, short * price], BINANCE)
    )
    formula = (9_000 + cl + cs - long * 60_000 + short * 61_000) / (long * ml + short * ms - long + short)
    assert price == pytest.approx(formula, rel=1e-12)


def test_a_balanced_hedge_is_liquidated_from_above_only():
    below, above = margin.hedge_liquidation_prices(
        1, 60_000, 1, 60_000, collateral=900, maintenance=margin.brackets([0], [0.005])
    )
    assert float(below) == 0
    assert float(above) == pytest.approx(90_000)


def test_an_overdrawn_hedge_has_no_price_at_which_it_lives():
    below, above = margin.hedge_liquidation_prices(1, 60_000, 1, 60_000, collateral=-5, maintenance=BINANCE)
    assert below >= above


def test_a_leg_of_zero_makes_the_hedge_a_single_position():
    below, above = margin.hedge_liquidation_prices(0, 1, 1, 60_000, collateral=3_000, maintenance=BINANCE)
    assert below == 0
    assert above == pytest.approx(float(margin.liquidation_price(-1, 1, 60_000, 3_000, BINANCE)))


def test_deribit_rates_of_its_support_article():
    table = margin.tiers("deribit", "BTC_USDC-PERPETUAL", parse_time("2025-06-01"))
    rates = margin.maintenance_rate(table, [0, 25])
    assert rates == pytest.approx([0.01, 0.01125])
    assert 25 * rates[1] * 100_000 == pytest.approx(28_125)


def test_bitmex_rates_of_its_risk_limit_examples():
    table = margin.tiers("bitmex", "XBTUSD", parse_time("2024-01-01"))
    assert margin.maintenance_rate(table, [180, 200, 230, 350, 351, 650]) == pytest.approx(
        [0.005, 0.005, 0.01, 0.01, 0.015, 0.02]
    )


def test_profit_and_equity_of_both_contracts():
    assert margin.pnl([1, -1], 2, 100, 110).tolist() == [20, -20]
    assert margin.equity(1, 2, 100, 5, 90) == -15
    assert margin.inverse_pnl([1, -1], 1_000, 100, 125) == pytest.approx([2, -2])
    assert margin.inverse_equity(-1, 1_000, 100, 3, 125) == pytest.approx(1)


def test_hyperliquid_cross_accounts_by_its_own_formula_and_by_ours():
    side, size, mark, rate = (
        np.array([1, -1]),
        np.array([2.0, 30.0]),
        np.array([60_000.0, 3_000.0]),
        np.array([1 / 80, 1 / 50]),
    )
    value, required = 20_000.0, (size * mark * rate).sum()
    theirs = mark - side * (value - required) / size / (1 - rate * side)
    ours = margin.account_liquidation_prices(side, size, mark, value, [margin.brackets([0], [one]) for one in rate])
    assert ours == pytest.approx(theirs, rel=1e-12)
