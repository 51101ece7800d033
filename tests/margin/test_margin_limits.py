"""Margin at its limits: levels that no price reaches, moments at which tables change."""

import numpy as np
import pytest

from runout.margin import bankruptcy_price, brackets, cross_liquidation_price, liquidation_price
from runout.margin.tiers import parse_tiers, shipped_tiers, tiers

BRACKETS = brackets([0, 50_000, 600_000], [0.004, 0.005, 0.0065])


@pytest.mark.parametrize("collateral", [60_000.0, 60_000.5, 90_000.0])
def test_a_long_with_all_of_its_value_as_collateral_is_liquidated_at_no_price(collateral: float) -> None:
    assert liquidation_price(1, 1, 60_000, collateral, BRACKETS) == 0.0
    assert cross_liquidation_price(1, 1, 60_000, collateral, BRACKETS) == 0.0
    assert bankruptcy_price(1, 1, 60_000, collateral) == 0.0


def test_just_below_that_there_is_a_price_and_it_goes_to_zero() -> None:
    collateral = 60_000.0 - np.array([100.0, 10.0, 1.0])
    prices = liquidation_price(1, 1, 60_000, collateral, BRACKETS)
    np.testing.assert_allclose(prices, np.array([100.0, 10.0, 1.0]) / (1 - 0.004))


def test_at_the_moment_of_a_change_the_old_table_no_longer_holds() -> None:
    ended = [(one, one.until) for one in shipped_tiers() if one.until is not None]
    assert ended
    for table, until in ended:
        assert table.holds(until - 1)
        assert not table.holds(until)
        assert tiers(table.venue, table.symbols[0], until - 1) == table


def test_two_tables_that_meet_do_not_overlap() -> None:
    form = """
[[tiers]]
venue = "venue"
symbols = ["COIN"]
contract = "linear"
kind = "brackets"
unit = "usd"
floors = [0.0]
rates = [0.01]
since = "{since}"
{until}
dating = "announced"
standing = "venue"
source = "made up"
"""
    first = form.format(since="2025-01-01", until='until = "2025-02-01"')
    found = parse_tiers(first + form.format(since="2025-02-01", until=""))
    boundary = found[1].since
    assert [one.holds(boundary) for one in found] == [False, True]
    assert [one.holds(boundary - 1) for one in found] == [True, False]
