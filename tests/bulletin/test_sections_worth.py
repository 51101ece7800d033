"""Verdicts and what they have been worth: track record and analogues."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bulletin.section_readings import AT, DAY, MIDNIGHT, by_name, is_sound, reading
from runout.bulletin.findings import Finding
from runout.bulletin.sections import analogues
from runout.bulletin.sections.analogues import Neighbour
from runout.bulletin.sections.track_record import Record, quantities, record, sentence, worth
from runout.scores import wilson_interval

SCORED = {
    "neighbours": 12.0, "with_fall": 3.0, "frequency": 0.26, "base_rate": 0.30, "median_return": -0.003,
    "days_scored": 1558.0, "brier": 0.22, "base_brier": 0.208,
}  # fmt: skip


def kept(cases: int, hits: int, base_rate: float) -> Record:
    interval = wilson_interval(hits, cases)
    return Record(cases, hits, base_rate, interval.low, interval.high)


def similar(**changes: float | None) -> Finding:
    values = {name: value for name, value in (SCORED | changes).items() if value is not None}
    return analogues.finding(values, MIDNIGHT, reading("open_interest"), AT)


# -- track record -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cases", "hits", "base_rate", "expected"),
    [
        (4, 4, 0.0, "too few to say anything"),
        (5, 5, 0.1, "more often than by chance"),
        (132, 35, 0.30, "no more than chance"),
        (400, 40, 0.30, "less often than by chance"),
    ],
)
def test_a_record_is_worth_something_only_where_the_base_rate_lies_outside_its_interval(
    cases: int, hits: int, base_rate: float, expected: str
) -> None:
    assert worth(kept(cases, hits, base_rate)) == expected
    assert sentence(kept(cases, hits, base_rate), "a fall followed").endswith(f": {expected}.")


@given(some.integers(1, 500), some.floats(0, 1), some.floats(0, 1))
def test_a_verdict_no_better_than_the_base_rate_never_claims_to_be(cases: int, share: float, base: float) -> None:
    one = kept(cases, round(share * cases), base)
    if one.hits / one.cases <= one.base_rate:
        assert worth(one) != "more often than by chance"


def test_without_an_earlier_case_that_is_said_and_no_number_given() -> None:
    assert sentence(None, "a fall followed") == "There is no earlier case to judge this by."
    assert quantities(None, "a fall") == ()


@pytest.mark.parametrize("missing", ["cases", "hits", "base_rate", "low", "high"])
def test_a_record_that_lacks_a_number_is_no_record(missing: str) -> None:
    whole = {"r.cases": 9.0, "r.hits": 0.0, "r.base_rate": 0.0, "r.low": 0.0, "r.high": 0.2}
    assert record(whole, "r.") == Record(9, 0, 0.0, 0.0, 0.2)
    assert record({name: value for name, value in whole.items() if name != f"r.{missing}"}, "r.") is None


def test_one_case_is_said_in_the_singular() -> None:
    assert sentence(kept(1, 1, 0.3), "a fall followed").startswith("In 1 earlier case a fall followed 1 time (100%)")
    assert sentence(kept(7, 2, 0.3), "a fall followed").startswith("In 7 earlier cases a fall followed 2 times (29%)")


def test_a_record_is_given_with_its_interval_and_its_cases() -> None:
    rate, base, cases = quantities(kept(132, 35, 0.3), "a fall", "record_7d")
    assert (rate.name, base.name, cases.name) == ("record_7d_rate", "record_7d_base_rate", "record_7d_cases")
    assert (rate.unit, base.unit, cases.unit) == ("fraction", "fraction", "count")
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low < 35 / 132 < rate.high
    assert rate.value == 35 / 132


# -- analogues --------------------------------------------------------------------------------------------------------


def test_analogues_that_score_worse_than_the_base_rate_are_called_worth_nothing() -> None:
    found = similar()
    assert "5.8% worse than the base rate: analogues have had no predictive value." in found.statement
    assert by_name(found)["skill"].value == pytest.approx(1 - 0.22 / 0.208)
    assert found.inferred
    is_sound(found)


def test_equal_to_the_base_rate_is_worth_nothing_too() -> None:
    assert "no predictive value" in similar(brier=0.208).statement


def test_better_ones_are_called_better_and_no_more() -> None:
    assert similar(brier=0.1872).statement.endswith("scored 10.0% better than the base rate.")


@pytest.mark.parametrize(
    "absent", [{"brier": None}, {"days_scored": None}, {"days_scored": 0.0}, {"base_brier": None}, {"base_brier": 0.0}]
)
def test_what_could_not_be_scored_is_said_to_be_so(absent: dict[str, float | None]) -> None:
    found = similar(**absent)
    assert found.statement.endswith("Whether that is worth anything cannot be said yet.")
    is_sound(found)


def test_frequencies_are_fractions_beside_the_base_rate_and_the_day_is_the_one_compared() -> None:
    found = similar(median_return=None)
    assert "Of the 12 past days most like 17 Aug, 3 were followed" in found.statement
    assert "26%, against 30% of all days" in found.statement
    units = {name: one.unit for name, one in by_name(found).items()}
    assert units == {
        "frequency": "fraction", "base_rate": "fraction", "median_return": "fraction", "days_scored": "count",
        "brier": "ratio", "base_brier": "ratio", "skill": "fraction",
    }  # fmt: skip
    assert by_name(found)["median_return"].value is None


def test_each_nearest_day_is_named_by_its_date_with_what_followed() -> None:
    end = MIDNIGHT - 100 * DAY
    made = analogues.table([Neighbour(end, 0.8, -0.07, 0.02)], reading("open_interest"))
    assert [(row.label, row.values) for row in made.rows] == [("2025-05-09", (0.8, -0.07, 0.02))]
    assert made.units == ("ratio", "fraction", "fraction")
