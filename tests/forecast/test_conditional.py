"""A move of the price within a day, and the past days that went as far."""

import numpy as np
import pytest

from forecast.histories import history, without
from runout.errors import UsageError
from runout.forecast import conditional
from runout.forecast.conditional import Condition, excursions
from runout.forecast.covariates import WARM_UP_DAYS
from runout.forecast.features import evidence_of

PAST = history(500)
EVIDENCE = evidence_of(PAST)
SEEN = excursions(PAST, Condition(0.01))


def test_the_days_behind_a_condition_are_those_it_learns_from_and_no_earlier_ones() -> None:
    usable = SEEN[WARM_UP_DAYS:]
    assert conditional.days_behind(EVIDENCE, Condition(0.03)) == (usable >= 0.03).sum() < (SEEN >= 0.03).sum()


@pytest.mark.parametrize(
    "wrong", [Condition(0.0), Condition(-0.03), Condition(float("nan")), Condition(0.03, coin="X")]
)
def test_a_condition_that_is_none_is_wrong_usage(wrong: Condition) -> None:
    with pytest.raises(UsageError, match="expected a move above zero of one of BTC ETH SOL"):
        excursions(PAST, wrong)


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
    assert conditional.days_behind(evidence_of(gone), Condition(0.01)) == 0
