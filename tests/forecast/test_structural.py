"""The structural model: its law, conditions that nobody saw, and losses of whole distributions."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import norm

from forecast.histories import history, with_another_future, without
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.conditional import Condition
from runout.forecast.covariates import covariates_of
from runout.forecast.features import evidence_of
from runout.forecast.laws import StateLaw
from runout.forecast.protocol import Predictive
from runout.forecast.structural.conditions import MOST_STRETCHED, conditional
from runout.forecast.structural.day import Day
from studies.forecast.distribution_losses import losses, survivals

PAST = history(520, seed=3)
EVIDENCE = evidence_of(PAST)
DAY = Day.after(EVIDENCE)
THETA = np.geomspace(1e7, 1e10, 12)


def unconditional(day: Day) -> Predictive:
    return day.predictive(day.scenarios())


def test_longer_ways_sweep_more_and_mean_more_dollars() -> None:
    scenarios = DAY.scenarios()
    assert scenarios.weight.sum() == pytest.approx(1.0)
    longer = DAY.located(scenarios.ways * 1.5, scenarios.weight)
    assert (longer.location >= scenarios.location - 1e-9).mean() > 0.95
    assert DAY.law(longer).location > DAY.law(scenarios).location


def test_a_richer_ladder_means_more_dollars_on_the_same_way() -> None:
    richer = msgspec.structs.replace(DAY, terrain=msgspec.structs.replace(DAY.terrain, usd=DAY.terrain.usd * 3.0))
    medians = [float(unconditional(day).quantile([0.5])[0]) for day in (DAY, richer)]
    assert medians[1] > medians[0]


def test_what_is_not_observed_makes_the_answer_wider() -> None:
    gone = {name: getattr(PAST, name).copy() for name in ("funding_rate", "long_short_ratio")}
    for values in gone.values():
        values[-8:] = np.nan
    known = covariates_of(evidence_of(msgspec.structs.replace(PAST, **gone)).design, DAY.fit.sample.scaler)
    blind = unconditional(msgspec.structs.replace(DAY, known=known))
    assert "long_short_ratio" in blind.missing
    spread = [np.ptp(np.log(predictive.quantile([0.1, 0.9]))) for predictive in (unconditional(DAY), blind)]
    assert spread[1] > spread[0]


@pytest.mark.parametrize("name", ["volume_usd", "open_interest_usd", "close"])
def test_without_ladders_or_prices_weekday_and_lags_are_left(name: str) -> None:
    chance = unconditional(Day.after(evidence_of(without(PAST, name)))).exceedance(THETA)
    assert np.isfinite(chance).all()
    assert (np.diff(chance) <= 0).all()


# -- conditions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["fall", "rise"])
def test_a_larger_move_never_makes_a_wave_less_likely(direction: str) -> None:
    conditions = [Condition(move, "rise" if direction == "rise" else "fall") for move in (0.01, 0.03, 0.06, 0.1, 0.2)]
    chances = [conditional(DAY, one).exceedance(THETA) for one in conditions]
    assert (np.diff(chances, axis=0) >= -0.03).all()
    assert chances[-1].sum() > chances[0].sum() + 1.0


def test_a_move_that_no_past_day_made_is_answered_up_to_four_times_their_length() -> None:
    seen = float(1 - (PAST.low[:, 0] / PAST.open[:, 0]).min())
    beyond = conditional(DAY, Condition(min(1.3 * seen, 0.6)))
    assert beyond.start == EVIDENCE.target_start
    low, high = beyond.interval(THETA)
    assert (low <= beyond.exceedance(THETA)).all()
    assert (beyond.exceedance(THETA) <= high).all()
    with pytest.raises(NotEnoughDataError, match=f"at {MOST_STRETCHED:g} times their length, found 99.9% of BTC"):
        conditional(DAY, Condition(0.999))


@pytest.mark.parametrize("wrong", [Condition(0.0), Condition(1.0), Condition(-0.1), Condition(0.1, coin="X")])
def test_a_condition_that_is_none_is_wrong_usage(wrong: Condition) -> None:
    with pytest.raises(UsageError, match="expected a move above zero of one of BTC ETH SOL"):
        conditional(DAY, wrong)


@given(some.integers(0, 2**32), some.integers(440, 519))
@settings(max_examples=3)
def test_a_conditional_answer_does_not_move_with_what_came_later(seed: int, days: int) -> None:
    other = evidence_of(with_another_future(PAST, days, np.random.default_rng(seed)))
    days_known = (Day.after(evidence.head(days)) for evidence in (EVIDENCE, other))
    ours, theirs = (conditional(day, Condition(0.05)).exceedance(THETA) for day in days_known)
    assert np.array_equal(ours, theirs)


# -- losses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [-9.0, -1.0, 0.0, 0.4, 2.5, 8.0])
def test_losses_of_a_normal_distribution_are_those_of_the_textbook(outcome: float) -> None:
    law = StateLaw(location=18.0, noise=1.0, error=0.0, freedom=1e6)
    made = Predictive(law=law, start=0, scope="")
    expected = outcome * (2 * norm.cdf(outcome) - 1) + 2 * norm.pdf(outcome) - 1 / np.sqrt(np.pi)
    total = np.array([np.exp(18.0 + outcome)])
    found = losses(survivals([made], total, float(np.exp(19.0))), total, float(np.exp(19.0)))
    assert found.crps[0] == pytest.approx(expected, abs=0.02)
    assert found.log[0] == pytest.approx(-np.log(max(float(norm.pdf(outcome)), 1e-6)), abs=2e-3)
    assert found.brier[0] == pytest.approx((norm.sf(1.0) - (outcome >= 1.0)) ** 2, abs=1e-6)
