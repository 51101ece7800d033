"""Danger levels by their definition, and the problem type by its stated rules."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from forecast.histories import history, without
from runout.errors import UsageError
from runout.forecast.danger import EDGES, DangerLevel, danger_level
from runout.forecast.problems import DEAR_FUNDING, RULES, Problem, diagnose
from runout.forecast.quantities import known_quantities

# -- levels -----------------------------------------------------------------------------------------------------------

DEFINED = {"low": (0.0, 0.02), "moderate": (0.02, 0.05), "considerable": (0.05, 0.1), "high": (0.1, 0.25)}
"""The definition: a level holds its lower edge and not its upper one; extreme is the rest."""


@pytest.mark.parametrize(("word", "edges"), DEFINED.items())
def test_each_level_holds_its_lower_edge_and_not_its_upper_one(word: str, edges: tuple[float, float]) -> None:
    low, high = edges
    assert danger_level(low).word == word
    assert danger_level(math.nextafter(high, 0.0)).word == word
    assert danger_level(high) == danger_level(low) + 1


def test_a_quarter_and_more_is_extreme_up_to_certainty() -> None:
    assert danger_level(0.25) is danger_level(1.0) is DangerLevel.EXTREME
    assert EDGES == (0.02, 0.05, 0.10, 0.25)
    assert [int(level) for level in DangerLevel] == [1, 2, 3, 4, 5]


@given(some.floats(0, 1), some.floats(0, 1))
def test_a_higher_chance_is_never_a_lower_level(one: float, other: float) -> None:
    assert danger_level(min(one, other)) <= danger_level(max(one, other))


@pytest.mark.parametrize("wrong", [-1e-12, 1.0000001, math.nan, math.inf, -math.inf])
def test_what_is_no_probability_has_no_level(wrong: float) -> None:
    with pytest.raises(UsageError, match=r"expected a probability in \[0, 1\]"):
        danger_level(wrong)


# -- problem type -----------------------------------------------------------------------------------------------------

CALM: dict[str, float | None] = {
    "absolute_return_1d": 0.01, "liquidations_percentile": 50.0, "coin_interest_drawdown_60d": -0.02,
    "peak_percentile_7d": 60.0, "funding_3d": 0.0001,
}  # fmt: skip
SLIDE = {"absolute_return_1d": 0.03, "liquidations_percentile": 95.0}
SPENT = {"coin_interest_drawdown_60d": -0.11, "peak_percentile_7d": 95.0}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, Problem.TWO_SIDED),
        (SLIDE, Problem.SLIDE),
        (SLIDE | {"absolute_return_1d": 0.0299}, Problem.TWO_SIDED),
        (SLIDE | {"liquidations_percentile": 94.9}, Problem.TWO_SIDED),
        (SPENT, Problem.SPENT),
        (SPENT | {"coin_interest_drawdown_60d": -0.1}, Problem.TWO_SIDED),
        (SPENT | {"peak_percentile_7d": 94.9}, Problem.TWO_SIDED),
        (SPENT | {"funding_3d": DEAR_FUNDING}, Problem.LONG_OVERHANG),
        (SPENT | SLIDE, Problem.SLIDE),
        ({"funding_3d": DEAR_FUNDING}, Problem.LONG_OVERHANG),
        ({"funding_3d": 0.0}, Problem.TWO_SIDED),
        ({"funding_3d": -1e-9}, Problem.SHORT_OVERHANG),
    ],
)
def test_the_first_rule_whose_bounds_hold_decides(changes: dict[str, float], problem: Problem) -> None:
    found = diagnose(CALM | changes)
    assert found is not None
    assert found.problem is problem


@given(
    some.fixed_dictionaries({}, optional={
        name: some.none() | some.floats(-2, 101)
        for name in CALM
    })
)  # fmt: skip
def test_a_problem_names_the_rule_and_the_figures_that_decided(quantities: dict[str, float | None]) -> None:
    found = diagnose(quantities)
    if found is None:
        return
    rule = next(one for one in RULES if one.words == found.rule)
    assert rule.problem is found.problem
    assert set(found.quantities) == {bound.quantity for bound in rule.bounds}
    assert all(quantities[name] == value for name, value in found.quantities.items())
    assert all(bound.holds(found.quantities[bound.quantity]) for bound in rule.bounds)


@pytest.mark.parametrize("quantities", [{}, dict.fromkeys(CALM), {"absolute_return_1d": 0.9}, {"funding_3d": None}])
def test_where_no_rule_is_known_whole_no_problem_is_stated(quantities: dict[str, float | None]) -> None:
    assert diagnose(quantities) is None


def test_a_rule_with_a_figure_missing_is_passed_over_and_not_guessed() -> None:
    found = diagnose(CALM | SLIDE | {"liquidations_percentile": None})
    assert found is not None
    assert found.problem is Problem.TWO_SIDED


# -- what a history knows ---------------------------------------------------------------------------------------------


def test_quantities_are_those_of_the_last_day_in_the_units_of_the_rules() -> None:
    past = history(450)
    found = known_quantities(past)
    assert set(found) == set(CALM)
    assert found["absolute_return_1d"] == abs(math.log(past.close[-1, 0] / past.close[-2, 0]))
    year = past.total_usd[-365:]
    below = 100 * ((year < year[-1]).sum() + 0.5) / 365
    assert found["liquidations_percentile"] == pytest.approx(below)
    funding = np.average(past.funding_rate[-3:], axis=1, weights=past.open_interest_usd[-3:]).mean()
    assert found["funding_3d"] == pytest.approx(funding, rel=0.01)


def test_the_largest_day_of_a_year_is_at_the_top_for_a_week_and_no_longer() -> None:
    past = history(450)
    long_usd = past.long_usd.copy()
    long_usd[-7] = 1e12
    assert (known_quantities(msgspec.structs.replace(past, long_usd=long_usd))["peak_percentile_7d"] or 0) > 99
    long_usd[-7], long_usd[-8] = past.long_usd[-7], 1e12
    later = known_quantities(msgspec.structs.replace(past, long_usd=long_usd))["peak_percentile_7d"]
    # The day before is itself the largest but one of its year at most: the week holds nothing as large.
    assert later == max(
        100 * ((w < w[-1]).sum() + 0.5) / 365
        for w in (
            msgspec.structs.replace(past, long_usd=long_usd).total_usd[-365 - b : len(past) - b] for b in range(7)
        )
    )


def test_what_a_history_lacks_is_not_known() -> None:
    past = without(history(100), "open_interest_usd", "funding_rate", "close")
    found = known_quantities(past)
    absent = ("absolute_return_1d", "coin_interest_drawdown_60d", "funding_3d")
    assert [found[name] for name in absent] == [None, None, None]
    silent = without(history(100), "long_usd")
    assert known_quantities(silent)["liquidations_percentile"] is None
    assert diagnose(known_quantities(without(past, "long_usd"))) is None
