"""Chances given a move of the price: larger falls never make a wave less likely, rare ones are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from forecast.histories import history, with_another_future, without
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast import conditional
from runout.forecast.conditional import LEAST_DAYS, Condition, excursions
from runout.forecast.covariates import WARM_UP_DAYS
from runout.forecast.features import evidence_of

PAST = history(500)
EVIDENCE = evidence_of(PAST)
THETA = np.geomspace(1e7, 1e10, 12)
SEEN = excursions(PAST, Condition(0.01))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_larger_fall_never_makes_a_wave_less_likely(seed: int) -> None:
    evidence = evidence_of(history(500, seed=seed))
    chances = [
        conditional.given(evidence, Condition(move)).exceedance(THETA) for move in (0.005, 0.01, 0.02, 0.03, 0.04)
    ]
    assert (np.diff(chances, axis=0) >= 0.0).all()
    assert (chances[-1] > chances[0] + 0.02).any()


def test_a_condition_gives_a_distribution_with_its_interval() -> None:
    made = conditional.given(EVIDENCE, Condition(0.03))
    chance, (low, high) = made.exceedance(THETA), made.interval(THETA)
    assert (np.diff(chance) <= 1e-12).all()
    assert ((low >= 0) & (low <= chance) & (chance <= high) & (high <= 1)).all()
    assert made.start == EVIDENCE.target_start


def test_a_fall_that_fewer_than_twenty_days_saw_is_refused_with_their_number() -> None:
    usable = np.sort(SEEN[WARM_UP_DAYS:])[::-1]
    just_enough, one_short = float(usable[LEAST_DAYS - 1]), float(usable[LEAST_DAYS - 2])
    assert conditional.given(EVIDENCE, Condition(just_enough)).exceedance([1e8])[0] > 0
    with pytest.raises(NotEnoughDataError, match=r"at least 20 past days .* found 19; ask for a smaller move"):
        conditional.given(EVIDENCE, Condition(one_short))
    with pytest.raises(NotEnoughDataError, match="found 0;"):
        conditional.given(EVIDENCE, Condition(0.9))


def test_the_days_behind_a_condition_are_those_it_learns_from_and_no_earlier_ones() -> None:
    usable = SEEN[WARM_UP_DAYS:]
    assert conditional.days_behind(EVIDENCE, Condition(0.03)) == (usable >= 0.03).sum() < (SEEN >= 0.03).sum()


def test_under_a_year_no_condition_is_answered() -> None:
    with pytest.raises(NotEnoughDataError, match="at least 365 finished days"):
        conditional.given(evidence_of(history(300)), Condition(0.01))


@pytest.mark.parametrize(
    "wrong", [Condition(0.0), Condition(-0.03), Condition(float("nan")), Condition(0.03, coin="X")]
)
def test_a_condition_that_is_none_is_wrong_usage(wrong: Condition) -> None:
    with pytest.raises(UsageError, match="expected a move above zero of one of BTC ETH SOL"):
        conditional.given(EVIDENCE, wrong)


@pytest.mark.parametrize("direction", ["fall", "rise"])
def test_an_excursion_is_the_way_from_the_opening_to_the_extreme(direction: str) -> None:
    coin = PAST.coins.index("ETH")
    condition = Condition(0.01, "rise" if direction == "rise" else "fall", "ETH")
    plain = [
        max((high / opening - 1) if direction == "rise" else (1 - low / opening), 0.0)
        for opening, high, low in zip(PAST.open[:, coin], PAST.high[:, coin], PAST.low[:, coin], strict=True)
    ]
    assert np.allclose(excursions(PAST, condition), plain, rtol=1e-14)


def test_days_without_a_price_are_neither_falls_nor_calm() -> None:
    gone = without(PAST, "open", coin=0)
    assert np.isnan(excursions(gone, Condition(0.01))).all()
    with pytest.raises(NotEnoughDataError, match="found 0;"):
        conditional.given(evidence_of(gone), Condition(0.01))


@given(some.integers(0, 2**32), some.integers(420, 499))
@settings(max_examples=8)
def test_a_condition_does_not_move_with_what_came_later(seed: int, days: int) -> None:
    changed = with_another_future(PAST, days, np.random.default_rng(seed))
    said = [conditional.given(evidence_of(of).head(days), Condition(0.02)).exceedance(THETA) for of in (PAST, changed)]
    assert np.array_equal(*said)
