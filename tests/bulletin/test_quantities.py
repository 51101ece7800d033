"""Numbers in words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bulletin.bulletin_specimen import quantity
from runout.bulletin import quantities
from runout.render.encoding import ROUNDING

UNITS = tuple(ROUNDING)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_no_number_reads_as_not_observed(unit: quantities.Unit, value: float | None) -> None:
    assert quantities.value_text(value, unit, coin="BTC", signed=True) == "n/a"


@pytest.mark.parametrize("unit", UNITS)
def test_a_whole_number_reads_alike_whether_it_came_as_an_integer(unit: quantities.Unit) -> None:
    assert quantities.value_text(3, unit, coin="BTC") == quantities.value_text(3.0, unit, coin="BTC")


@given(some.floats(-1e13, 1e13), some.sampled_from(UNITS), some.booleans())
def test_a_minus_is_a_minus_sign_and_never_a_hyphen(value: float, unit: quantities.Unit, signed: bool) -> None:
    shown = quantities.value_text(value, unit, coin="BTC", signed=signed)
    assert "-" not in shown.replace("e-", "") or unit in {"percentile", "level"}
    assert "\n" not in shown


@given(some.lists(some.none() | some.floats(-2, 2), max_size=6))
def test_a_column_of_fractions_has_the_same_digits(values: list[float | None]) -> None:
    shown = quantities.column_texts(values, "fraction")
    assert len({len(text.split(".")[1]) for text in shown if text != "n/a"}) <= 1


@pytest.mark.parametrize(
    ("value", "level"), [(1.0, 1), (4.6, 5), (5.0, 5), (0.2, None), (6.0, None), (None, None), (float("nan"), None)]
)
def test_a_danger_level_lies_between_one_and_five(value: float | None, level: int | None) -> None:
    assert quantities.danger_level(value) == level


def test_an_interval_names_what_it_is() -> None:
    one = quantity("x", 661.7e6, "USD", low=-0.9e9, high=2.2e9, signed=True, uncertainty="80% interval")
    assert quantities.quantity_text(one) == "+$661.7M (80% interval −$900.0M to +$2.20B)"
    half = quantity("x", 1.0, "USD", low=0.5, uncertainty="floor")
    assert re.fullmatch(r"floor .*n/a", quantities.interval_text(half))


def test_without_an_interval_the_reason_stands() -> None:
    one = quantity("x", 1.0, "USD", uncertainty="as published")
    assert quantities.interval_text(one) == ""
    assert quantities.certainty_text(one) == "as published"
