"""Input that is no position is refused, and the message names it."""

import numpy as np
import pytest

from runout import margin
from runout.errors import SchemaError, UsageError

TABLE = margin.brackets([0, 1_000], [0.005, 0.01])
GOOD = {"side": 1, "quantity": 1.0, "entry": 100.0, "collateral": 10.0}
VALUE = {"side": 1, "value": 100.0, "entry": 100.0, "collateral": 0.1}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -1.0, "text", None])
@pytest.mark.parametrize("argument", GOOD)
def test_a_linear_position_with_a_wrong_value_is_refused(argument, bad):
    if argument == "side" and bad == -1.0:
        bad = 0
    with pytest.raises(UsageError, match=argument):
        margin.liquidation_price(**{**GOOD, argument: bad}, maintenance=TABLE)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0, 0.0])
@pytest.mark.parametrize("argument", ["value", "entry"])
def test_an_inverse_position_with_a_wrong_value_is_refused(argument, bad):
    for function in (margin.inverse_liquidation_price, margin.entry_value_inverse_liquidation_price):
        with pytest.raises(UsageError, match=argument):
            function(**{**VALUE, argument: bad}, maintenance=0.005)


@pytest.mark.parametrize("argument", ["quantity", "entry"])
def test_a_quantity_or_entry_of_zero_is_refused(argument):
    with pytest.raises(UsageError, match=argument):
        margin.liquidation_price(**{**GOOD, argument: 0.0}, maintenance=TABLE)


def test_the_message_says_where_and_how_many():
    with pytest.raises(UsageError, match=r"found nan at position 1 \(2 of 3 in all\)"):
        margin.liquidation_price(1, [1.0, np.nan, np.nan], 100, 10, TABLE)


def test_a_collateral_of_zero_is_liquidated_on_the_wrong_side_of_the_entry():
    assert margin.liquidation_price(1, 1, 100, 0, TABLE) > 100
    assert margin.liquidation_price(-1, 1, 100, 0, TABLE) < 100


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="shape"):
        margin.pnl(1, [1.0, 2.0], [1.0, 2.0, 3.0], 5.0)
    with pytest.raises(UsageError, match="shape"):
        margin.liquidation_price(1, [1.0, 2.0], [1.0, 2.0, 3.0], 5.0, TABLE)


@pytest.mark.parametrize("rate", [-0.01, 1.0, np.nan])
def test_a_maintenance_rate_out_of_range_is_refused(rate):
    with pytest.raises(UsageError, match="maintenance rate"):
        margin.liquidation_price(**GOOD, maintenance=rate)


@pytest.mark.parametrize("fee", [-0.001, 0.999, np.nan])
def test_a_fee_out_of_range_is_refused(fee):
    with pytest.raises(UsageError, match="fee rate"):
        margin.liquidation_price(**GOOD, maintenance=TABLE, fee_rate=fee)


def test_a_leverage_below_one_is_refused():
    for call in (lambda: margin.initial_margin(100, 0.5), lambda: margin.liquidation_distance(1, 0.5, 0.005)):
        with pytest.raises(UsageError, match="leverage"):
            call()


def test_a_distance_of_an_unknown_contract_or_impossible_rate_is_refused():
    with pytest.raises(UsageError, match="quanto"):
        margin.liquidation_distance(1, 5, 0.005, contract="quanto")  # pyright: ignore[reportArgumentType] - the point
    with pytest.raises(UsageError, match="below 1"):
        margin.liquidation_distance(1, 5, 0.6, fee_rate=0.5)


def test_an_entry_value_rule_refuses_a_collateral_below_the_maintenance_margin():
    with pytest.raises(UsageError, match="collateral"):
        margin.entry_value_liquidation_price(1, 1, 100, 0.1, 0.005)


def test_an_account_needs_brackets_for_each_position():
    with pytest.raises(UsageError, match="brackets for each of 2 positions"):
        margin.account_liquidation_prices([1, -1], [1, 1], [10, 10], 100, [TABLE])


@pytest.mark.parametrize("floors", [[], [1, 2], [0, 0], [0, -5], [0, np.nan]])
def test_floors_that_do_not_rise_from_zero_are_refused(floors):
    with pytest.raises((SchemaError, UsageError)):
        margin.brackets(floors, [0.01, 0.02][: len(floors)])


@pytest.mark.parametrize("rates", [[0.02, 0.01], [0.01, 0.01], [0.0, 0.1], [0.5, 1.0], [0.01]])
def test_rates_that_do_not_rise_inside_zero_and_one_are_refused(rates):
    with pytest.raises(SchemaError):
        margin.brackets([0, 1_000], rates)


def test_published_amounts_that_do_not_follow_are_refused():
    with pytest.raises(SchemaError, match="wrong"):
        margin.brackets([0, 50_000], [0.004, 0.005], [0, 60])
    with pytest.raises(SchemaError, match="published amounts"):
        margin.brackets([0, 50_000], [0.004, 0.005], [0])


def test_brackets_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        TABLE.floors[0] = 5
