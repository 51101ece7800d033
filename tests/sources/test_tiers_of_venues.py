"""Maintenance tables of venues: their rates in one unit, and a table that does not follow its own rule is refused."""

import msgspec
import pytest

from runout.sources.registry import venue_of
from runout.sources.venue import Answer, Instrument, Rows

BTC = Instrument(
    venue="bybit", symbol="BTCUSDT", coin="BTC", quote="USDT", market="perpetual", margin="stablecoin",
    contract_base=1.0, funding_hours=8.0,
)  # fmt: skip


def tier(cap: float, rate: float, leverage: float, deduction: str, percent: float = 1.0) -> dict[str, object]:
    return {
        "id": 1, "symbol": "BTCUSDT", "riskLimitValue": f"{cap:.0f}", "maintenanceMargin": str(rate * percent),
        "initialMargin": str(percent / leverage), "isLowestRisk": 1, "maxLeverage": str(leverage),
        "mmDeduction": deduction,
    }  # fmt: skip


def read(tiers: list[dict[str, object]]) -> Rows:
    venue = venue_of("bybit")
    call = next(poll.call for poll in venue.polls([BTC]) if poll.call.purpose == "tiers")
    body = msgspec.json.encode({"retCode": 0, "result": {"list": tiers, "category": "linear"}, "time": 1})
    return venue.read_page(call, Answer(status=200, headers={}, body=body, received=10**18), [BTC]).rows


@pytest.mark.parametrize("percent", [1.0, 100.0])
def test_rates_in_percent_and_as_fractions_are_one_table(percent: float) -> None:
    rows = read([tier(2e6, 0.01, 50, "10", percent), tier(2e3, 0.005, 100, "", percent)])
    assert not rows.refused.height
    table = rows.tables["margin_tiers"]
    assert table.select("tier", "floor_usd", "rate", "max_leverage").rows() == [
        (1, 0.0, pytest.approx(0.005), 100.0), (2, 2000.0, pytest.approx(0.01), 50.0),
    ]  # fmt: skip


@pytest.mark.parametrize("second", [tier(2e6, 0.005, 50, "10"), tier(2e6, 0.01, 50, "400")])
def test_a_table_that_does_not_follow_its_own_rule_is_refused_whole(second: dict[str, object]) -> None:
    rows = read([tier(2e3, 0.005, 100, ""), second])
    assert "margin_tiers" not in rows.tables
    assert "margin tiers of BTCUSDT" in rows.refused["fault"][0]
