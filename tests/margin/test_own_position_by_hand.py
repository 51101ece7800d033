"""Two positions worked by hand, and what is refused before any number."""

import pytest

from runout.cli.main import main
from runout.clock import parse_time
from runout.errors import UsageError
from runout.margin.own_position import (
    margin_ratio,
    margin_to_add,
    own_risk,
    refuse_impossible,
    requirement,
    unrealised_usd,
)

# Binance, bracket of $12M to $70M: m = 2%, c = $132,000.
TABLE = requirement("binance", "BTC", parse_time("2025-08-18T12:00Z"))
COMMON = {"side": "long", "entry": 116_200.0, "leverage": 20, "quantity": 250.0, "requirement": TABLE}
ASKED = ["positions", "risk", "--entry", "116,200", "--side", "long", "--quantity", "250", "--at", "2025-08-18T12:00Z"]


def test_the_isolated_position_is_liquidated_where_the_rule_says() -> None:
    mine = own_risk(**COMMON)
    assert mine.liquidation_price == pytest.approx((116_200 - (1_452_500 + 132_000) / 250) / 0.98)
    assert mine.liquidation_price == pytest.approx(112_104.08, abs=0.01)
    assert unrealised_usd(mine, 114_900.0) == pytest.approx(-325_000.0)
    assert margin_ratio(mine, mine.liquidation_price) == pytest.approx(1.0)


def test_the_cross_position_is_liquidated_where_the_rule_says() -> None:
    mine = own_risk(**COMMON, margin_mode="cross", balance=3_000_000.0)
    assert mine.liquidation_price == pytest.approx(105_787.76, abs=0.01)


def test_margin_added_moves_the_level_to_the_target() -> None:
    mine = own_risk(**COMMON)
    more = margin_to_add(mine, 105_787.7551)
    assert more == pytest.approx(3_000_000 - 1_452_500, abs=1.0)
    assert margin_to_add(mine, 115_000.0) == 0.0


def test_a_position_that_cannot_be_open_is_refused() -> None:
    with pytest.raises(UsageError, match="at most"):
        refuse_impossible(own_risk(**(COMMON | {"leverage": 100})))


def test_the_command_takes_amounts_as_written_and_prints_whole_dollars(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*ASKED, "--leverage", "20x"]) == 0
    said = capsys.readouterr().out
    assert "margin $1,452,500, notional $29,050,000" in said
    assert "valid from" in said
    assert main([*ASKED, "--leverage", "20x", "--margin-mode", "cross", "--balance", "3M"]) == 0
    assert "$105,788" in capsys.readouterr().out
    assert main([*ASKED, "--leverage", "100"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "at most" in captured.err


def test_tables_are_found_whatever_the_case_and_their_lack_is_said_without_advice_on_python() -> None:
    assert requirement("hyperliquid", "kpepe", 0).symbol == "kPEPE"
    assert main([*ASKED, "--leverage", "20", "--venue", "kraken"]) == 4
