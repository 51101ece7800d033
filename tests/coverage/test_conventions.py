"""Venue conventions: the right rule at the right time, and nothing where nothing is known."""

import itertools

import pytest

from runout.clock import parse_time
from runout.coverage.conventions import (
    convention,
    conventions_of,
    parse_conventions,
    shipped_conventions,
    single_sided,
)
from runout.errors import SchemaError, UsageError

RULES = shipped_conventions()
SUMMER = parse_time("2025-08-18T12:00Z")


def test_bybit_counts_both_sides_and_its_display_changes_on_one_day():
    change = parse_time("2026-06-11")
    assert single_sided(100.0, "bybit", SUMMER, field="openInterest") == 50.0
    assert single_sided(100.0, "bybit", change, field="openInterest") == 50.0
    assert single_sided(100.0, "bybit", change - 1, field="display") == 50.0
    assert single_sided(100.0, "bybit", change, field="display") == 100.0
    assert single_sided(100.0, "bybit", change - 1, field="singleOpenInterest") is None
    assert single_sided(100.0, "bybit", change, field="singleOpenInterest") == 100.0


def test_binance_and_okx_count_one_side_and_hyperliquid_two():
    found = {venue: single_sided(100.0, venue, SUMMER) for venue in ("binance", "okx", "hyperliquid")}
    assert found == {"binance": 100.0, "okx": 100.0, "hyperliquid": 50.0}


def test_a_venue_with_several_fields_must_be_asked_for_one():
    with pytest.raises(UsageError, match="name the field"):
        convention("bybit", "open_interest_sides", SUMMER)


def test_an_unknown_venue_has_no_rule_and_no_guess():
    assert convention("mtgox", "liquidation_side", SUMMER) is None
    assert single_sided(1.0, "mtgox", SUMMER) is None
    assert conventions_of("mtgox", SUMMER) == ()


def test_a_sell_is_a_liquidated_long_at_binance_and_a_buy_is_one_at_bybit():
    binance = convention("binance", "liquidation_side", SUMMER)
    bybit = convention("bybit", "liquidation_side", SUMMER)
    assert binance is not None
    assert bybit is not None
    assert (binance.value, bybit.value) == ("order", "position")
    assert "S=SELL" in binance.remark
    assert "S=Buy" in bybit.remark


def test_the_mark_window_of_binance_changes_to_the_minute():
    change = parse_time("2025-09-18T08:01Z")
    before, after = (convention("binance", "mark_price", moment) for moment in (change - 1, change))
    assert before is not None
    assert after is not None
    assert "30 s" not in before.value
    assert "30 s" in after.value


def test_rules_of_one_field_never_overlap():
    def overlap(one, other):
        starts = one.since is None or other.until is None or one.since < other.until
        return starts and (other.since is None or one.until is None or other.since < one.until)

    for one, other in itertools.combinations(RULES, 2):
        if (one.venue, one.aspect, one.field) == (other.venue, other.aspect, other.field):
            assert not overlap(one, other), (one, other)


def test_sides_are_numbers_and_captures_are_the_known_words():
    assert {rule.value for rule in RULES if rule.aspect == "open_interest_sides"} == {"1", "2"}
    assert {r.value for r in RULES if r.aspect == "liquidation_capture"} <= {"complete", "capped", "unknown"}


@pytest.mark.parametrize("text", ["", "[[conventions]]\nvenue = 'x'", "[[conventions]", "conventions = 3"])
def test_a_wrong_table_is_refused_with_one_error_of_ours(text):
    with pytest.raises(SchemaError):
        parse_conventions(text)
