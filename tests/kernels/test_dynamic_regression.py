"""The dynamic regression: as Bayes says for fixed coefficients, and blind to what comes later."""

import numpy as np
import pytest

from runout.kernels.dynamic_regression import filter_rows

RNG = np.random.default_rng(11)
COUNT, COLUMNS = 200, 3
ROWS = np.column_stack([np.ones(COUNT), RNG.normal(size=(COUNT, COLUMNS - 1))])
TARGET = ROWS @ np.array([1.0, 0.5, -0.3]) + 0.4 * RNG.normal(size=COUNT)


def passed(target=TARGET, rows=ROWS, *, drift=0.0, innovation=0.0, memory=1.0, counted=5.0):
    mean, covariance = np.zeros(COLUMNS + 1), np.diag([4.0, 1.0, 1.0, innovation / 0.19])
    out = filter_rows(
        rows,
        target,
        np.ones(len(rows)),
        mean,
        covariance,
        np.full(COLUMNS, drift),
        0.9,
        innovation,
        memory,
        0.25,
        counted,
    )
    return *out, mean, covariance


def test_without_drift_or_deviation_the_coefficients_are_those_of_the_conjugate_regression():
    *_, mean, covariance = passed()
    precision = np.diag([1 / 4.0, 1.0, 1.0]) + ROWS.T @ ROWS
    assert mean[:COLUMNS] == pytest.approx(np.linalg.solve(precision, ROWS.T @ TARGET), rel=1e-8)
    assert covariance[:COLUMNS, :COLUMNS] == pytest.approx(np.linalg.inv(precision), rel=1e-6)


def test_the_noise_variance_is_learnt():
    _, _, noise, _, _, _ = passed()
    assert noise[-1] == pytest.approx(0.16, rel=0.25)


def test_a_row_is_predicted_from_the_rows_before_it_alone():
    changed = TARGET.copy()
    changed[120:] = RNG.normal(5.0, 9.0, COUNT - 120)
    for one, other in zip(
        passed(drift=0.01, innovation=0.05)[:3], passed(changed, drift=0.01, innovation=0.05)[:3], strict=True
    ):
        assert np.array_equal(one[:121], other[:121])
        assert not np.array_equal(one[121:], other[121:])


def test_rows_without_a_target_teach_nothing_and_let_the_state_drift():
    target = TARGET.copy()
    target[100:] = np.nan
    location, uncertainty, noise, *_ = passed(target, rows=np.tile(ROWS[0], (COUNT, 1)), drift=0.01)
    assert np.all(np.diff(uncertainty[101:]) > 0)
    assert np.all(noise[101:] == noise[101])
    assert location[101:] == pytest.approx(location[101])
