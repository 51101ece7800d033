"""The learners of the map's study: they learn, they repeat themselves, a mean of several is one."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from studies.map import learners

RNG = np.random.default_rng(8)
COLUMNS = RNG.normal(size=(400, 4))
TARGET = 2.0 * COLUMNS[:, 0] + np.sin(2.0 * COLUMNS[:, 1]) + RNG.normal(0, 0.3, 400) + 10.0
FIRST, SECOND = slice(0, 300), slice(300, 400)


@pytest.fixture(autouse=True)
def one_thread():
    # Trees of 300 rows are grown in a moment by one thread, and in many by two that wait for each other.
    with threadpool_limits(1):
        yield


def skill(predicted: np.ndarray) -> float:
    realised = TARGET[SECOND]
    return float(1 - np.mean((realised - predicted) ** 2) / np.var(realised))


@pytest.mark.parametrize("learner", learners.FOUR, ids=lambda one: one.__name__)
def test_a_learner_explains_most_of_what_it_has_not_seen_and_does_so_again(learner) -> None:
    predicted = learner(COLUMNS[FIRST], TARGET[FIRST])(COLUMNS[SECOND])
    assert skill(predicted) > 0.6
    again = learner(COLUMNS[FIRST], TARGET[FIRST])(COLUMNS[SECOND])
    np.testing.assert_array_equal(predicted, again)


def test_kernels_see_the_wave_that_a_line_does_not() -> None:
    line, kernel = (
        one(COLUMNS[FIRST], TARGET[FIRST])(COLUMNS[SECOND]) for one in (learners.ridge, learners.kernel_ridge)
    )
    assert skill(kernel) > skill(line)


@pytest.mark.parametrize(
    ("mean", "of"),
    [(learners.mean_of_four, learners.FOUR), (learners.mean_of_two, (learners.ridge, learners.kernel_ridge))],
)
def test_a_mean_of_learners_is_the_mean_of_what_they_say(mean, of) -> None:
    said = [one(COLUMNS[FIRST], TARGET[FIRST])(COLUMNS[SECOND]) for one in of]
    np.testing.assert_allclose(mean(COLUMNS[FIRST], TARGET[FIRST])(COLUMNS[SECOND]), np.mean(said, axis=0), rtol=1e-12)
