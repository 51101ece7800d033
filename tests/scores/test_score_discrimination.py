"""ROC, average precision and warning rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runout.scores import average_precision, roc_auc, warning_rates


def test_auc_of_the_radiologist_of_hanley_and_mcneil():
    # 1982, table I: 109 CT images in five rating classes; the area is 0.893.
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    rating = np.concatenate([np.repeat(np.arange(5), normal), np.repeat(np.arange(5), abnormal)])
    outcome = np.repeat([0, 1], [sum(normal), sum(abnormal)])
    assert roc_auc(rating, outcome) == pytest.approx(0.893, abs=5e-4)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30))
def test_auc_is_the_share_of_pairs_in_the_right_order(cases):
    events = [value for value, happened in cases if happened]
    others = [value for value, happened in cases if not happened]
    pairs = [(a > b) + (a == b) / 2 for a in events for b in others]
    found = roc_auc([value for value, _ in cases], [happened for _, happened in cases])
    assert found == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


def test_auc_does_not_change_under_a_rising_transform_and_mirrors_under_a_falling_one():
    rng = np.random.default_rng(1)
    values, outcome = rng.normal(size=200), rng.random(200) < 0.2
    auc = roc_auc(values, outcome)
    assert roc_auc(np.exp(values), outcome) == auc
    assert roc_auc(-values, outcome) == pytest.approx(1 - auc)


def test_one_class_has_no_ranking():
    assert roc_auc([0.1, 0.2], [1, 1]) is None
    assert roc_auc([0.1, 0.2], [0, 0]) is None
    assert average_precision([0.1, 0.2], [0, 0]) is None
    assert average_precision([0.1, 0.2], [1, 1]) == 1


def test_average_precision_of_a_constant_forecast_is_the_base_rate():
    assert average_precision(np.full(20, 0.3), np.arange(20) < 3) == pytest.approx(0.15)


def test_finley_tornado_warnings_give_the_published_rates():
    # Finley 1884: 28 hits, 72 false alarms, 23 misses, 2680 correct negatives.
    warned = np.repeat([1.0, 1.0, 0.0, 0.0], [28, 72, 23, 2680])
    outcome = np.repeat([1, 0, 1, 0], [28, 72, 23, 2680])
    rates = warning_rates(warned, outcome, threshold=0.5)
    assert (rates.hits, rates.false_alarms, rates.misses, rates.quiet) == (28, 72, 23, 2680)
    assert rates.hit_rate == pytest.approx(0.549, abs=5e-4)
    assert rates.false_alarm_rate == pytest.approx(0.0262, abs=5e-5)
    assert rates.false_alarm_ratio == pytest.approx(0.720)


def test_a_warning_is_given_at_the_threshold_itself():
    assert warning_rates([0.25], [1], threshold=0.25).hits == 1


def test_rates_over_nothing_are_none():
    quiet = warning_rates([0.1], [0], threshold=0.5)
    assert quiet.hit_rate is None
    assert quiet.false_alarm_ratio is None
    assert quiet.false_alarm_rate == 0
    assert warning_rates([0.1], [1], threshold=0.5).false_alarm_rate is None
