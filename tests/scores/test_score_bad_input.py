"""Every score refuses what it cannot score, in the same way."""

import numpy as np
import pytest

from runout import scores
from runout.errors import NotEnoughDataError, RunoutError, UsageError

RNG_SEED = 0


def call(name, first, second):
    rng = np.random.default_rng(RNG_SEED)
    calls = {
        "brier_losses": lambda: scores.brier_losses(first, second),
        "log_losses": lambda: scores.log_losses(first, second),
        "log_score": lambda: scores.log_score(first, second),
        "fit_recalibration": lambda: scores.fit_recalibration(first, second),
        "crps_ensemble": lambda: scores.crps_ensemble(np.reshape(first, (-1, 1)), second),
        "crps_student_t": lambda: scores.crps_student_t(second, 4.0, first, 1.0),
        "paired_difference": lambda: scores.paired_difference(first, second, block_length=1, rng=rng, resamples=2),
        "interval_coverage": lambda: scores.interval_coverage(first, first, second, nominal=0.5),
    }
    return calls[name]()


OF_PROBABILITIES = [
    "brier_losses",
    "log_losses",
    "log_score",
    "fit_recalibration",
]
ALL = [
    *OF_PROBABILITIES,
    "crps_ensemble",
    "crps_student_t",
    "paired_difference",
    "interval_coverage",
]


@pytest.mark.parametrize("name", ALL)
def test_good_input_is_scored(name):
    call(name, [0.2, 0.4, 0.6], [1.0, 0.0, 1.0])


@pytest.mark.parametrize("name", ALL)
def test_lengths_that_differ_are_refused(name):
    with pytest.raises(UsageError, match="equal length"):
        call(name, [0.2, 0.4, 0.6], [1.0, 0.0])


@pytest.mark.parametrize("wrong", [np.nan, np.inf, None])
@pytest.mark.parametrize("name", ALL)
def test_what_is_not_finite_is_refused_and_located(name, wrong):
    with pytest.raises(UsageError, match="found 1 that are not, the first at position 1"):
        call(name, [0.2, wrong, 0.6], [1.0, 0.0, 1.0])
    with pytest.raises(UsageError, match="found 1 that are not, the first at position 2"):
        call(name, [0.2, 0.4, 0.6], [1.0, 0.0, wrong])


@pytest.mark.parametrize("name", ALL)
def test_no_cases_are_not_a_score(name):
    with pytest.raises(NotEnoughDataError, match="at least one"):
        call(name, [], [])


@pytest.mark.parametrize("name", ALL)
def test_text_is_refused(name):
    with pytest.raises((UsageError, RunoutError), match="expected numbers"):
        call(name, ["a", "b"], ["c", "d"])


@pytest.mark.parametrize("wrong", [-0.01, 1.01, 5.0])
@pytest.mark.parametrize("name", OF_PROBABILITIES)
def test_probabilities_outside_the_unit_interval_are_refused(name, wrong):
    with pytest.raises(UsageError, match=r"in \[0, 1\], found .* at position 2"):
        call(name, [0.2, 0.4, wrong], [1, 0, 1])


@pytest.mark.parametrize("name", OF_PROBABILITIES)
def test_outcomes_that_are_no_events_are_refused(name):
    with pytest.raises(UsageError, match="0 or 1 in outcome, found 2 at position 1"):
        call(name, [0.2, 0.4, 0.6], [1, 2, 0])


@pytest.mark.parametrize("clip", [0.0, 0.5, float("nan")])
def test_a_clip_that_does_not_clip_is_refused(clip):
    for score in (scores.log_losses, scores.fit_recalibration):
        with pytest.raises(UsageError, match="clip"):
            score([0.5, 0.2], [1, 0], clip=clip)


def test_refusals_are_also_the_builtins_that_callers_know():
    with pytest.raises(ValueError, match="expected"):
        scores.brier_losses([2.0], [1])
    with pytest.raises(LookupError, match="expected"):
        scores.brier_losses([], [])
