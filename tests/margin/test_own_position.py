"""One's own position: the venue's arithmetic, and what the map has on the way."""

import pytest

from runout.clock import parse_time
from runout.errors import NotEnoughDataError, UsageError
from runout.margin.own_position import Requirement, own_risk, requirement


@pytest.fixture
def binance() -> Requirement:
    return requirement("binance", "BTC", parse_time("2025-01-01"))


@pytest.mark.parametrize(
    ("side", "quantity", "level"), [("long", 1, 57_236.1809), ("short", 1, 62_736.3184), ("long", 100, 57_460.1010)]
)
def test_textbook_liquidation_prices(binance: Requirement, side: str, quantity: float, level: float):
    found = own_risk(side=side, entry=60_000, leverage=20, quantity=quantity, requirement=binance)
    assert found.liquidation_price == pytest.approx(level, abs=1e-4)
    assert found.distance == pytest.approx(level / 60_000 - 1)
    assert found.bankruptcy_price == pytest.approx(57_000 if side == "long" else 63_000)


def test_under_cross_margin_the_balance_answers_and_the_leverage_does_not(binance: Requirement):
    common = {"side": "long", "entry": 60_000, "quantity": 1, "requirement": binance, "margin_mode": "cross"}
    rich, same = (own_risk(leverage=leverage, balance=20_000, **common) for leverage in (5, 50))
    assert rich.liquidation_price == same.liquidation_price
    assert rich.liquidation_price < own_risk(leverage=5, balance=3_000, **common).liquidation_price
    assert own_risk(leverage=5, balance=60_000, **common).liquidation_price is None
    with pytest.raises(UsageError, match="balance with cross"):
        own_risk(leverage=5, **common)
    with pytest.raises(UsageError, match="none with isolated"):
        own_risk(leverage=5, balance=1.0, **(common | {"margin_mode": "isolated"}))


def test_leverage_that_the_venue_does_not_allow_is_said(binance: Requirement):
    common = {"side": "short", "entry": 118_000, "requirement": binance}
    assert own_risk(leverage=125, quantity=0.1, **common).too_high is False
    small = own_risk(leverage=200, quantity=30, **common)
    assert small.too_high
    assert small.highest_leverage == 50
    assert small.below_maintenance
    assert not own_risk(leverage=20, quantity=1, **common).below_maintenance


def test_a_table_that_is_not_known_to_hold_is_named_as_the_nearest():
    assert requirement("binance", "BTC", parse_time("2025-01-01")).holds
    assert not requirement("hyperliquid", "BTC", parse_time("2024-01-01")).holds
    with pytest.raises(NotEnoughDataError):
        requirement("binance", "NOSUCHCOIN", 0)
