"""Nothing is learnt from what was not yet known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runout.scores import Split, require_no_overlap, walk_forward

HOUR = 3_600_000_000_000
DAY = 24 * HOUR

settings = st.fixed_dictionaries(
    {
        "first_fit_time": st.integers(100, 300).map(lambda hours: hours * HOUR),
        "refit_every_ns": st.integers(1, 80).map(lambda hours: hours * HOUR),
        "embargo_ns": st.integers(0, 30).map(lambda hours: hours * HOUR),
        "train_window_ns": st.none() | st.integers(24, 200).map(lambda hours: hours * HOUR),
        "least_train_cases": st.just(0),
    }
)
timetables = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 48)), min_size=1, max_size=80).map(
    lambda rows: (
        np.array([origin for origin, _ in rows]) * HOUR,
        np.array([origin + wait for origin, wait in rows]) * HOUR,
    )
)


@given(timetables, settings)
def test_no_training_outcome_is_known_later_than_the_fit(timetable, setting):
    origin, known = timetable
    for fold in walk_forward(origin, known, **setting):
        require_no_overlap(fold, origin, known, embargo_ns=setting["embargo_ns"])
        assert (known[fold.train] + setting["embargo_ns"] <= fold.fit_time).all()
        assert (origin[fold.test] >= fold.fit_time).all()
        assert (origin[fold.test] < fold.fit_time + setting["refit_every_ns"]).all()


@given(timetables, settings)
def test_each_later_case_is_tested_once_and_no_usable_case_is_left_out(timetable, setting):
    origin, known = timetable
    folds = walk_forward(origin, known, **setting)
    tested = np.concatenate([fold.test for fold in folds]) if folds else np.array([], dtype=np.int64)
    assert sorted(tested.tolist()) == np.flatnonzero(origin >= setting["first_fit_time"]).tolist()
    window = setting["train_window_ns"]
    for fold in folds:
        usable = known + setting["embargo_ns"] <= fold.fit_time
        if window is not None:
            usable &= origin >= fold.fit_time - window
        assert fold.train.tolist() == np.flatnonzero(usable).tolist()


@given(timetables, settings, st.integers(0, 2**32 - 1))
def test_later_cases_never_change_what_earlier_fits_learn_from(timetable, setting, seed):
    origin, known = timetable
    rng = np.random.default_rng(seed)
    for fold in walk_forward(origin, known, **setting):
        future = known > fold.fit_time
        changed = np.where(future, known + rng.integers(0, 1000, size=len(known)) * HOUR, known)
        again = walk_forward(origin, changed, **setting)
        assert next(one for one in again if one.fit_time == fold.fit_time).train.tolist() == fold.train.tolist()


def test_hourly_origins_of_a_daily_target_lose_their_last_day():
    origin = np.arange(0, 10 * 24) * HOUR
    (fold,) = walk_forward(origin, origin + DAY, first_fit_time=9 * DAY, refit_every_ns=DAY)
    assert origin[fold.train].max() == 8 * DAY
    assert fold.test.tolist() == list(range(9 * 24, 10 * 24))


def test_the_embargo_adds_to_the_purge():
    origin = np.arange(0, 10) * DAY
    (fold,) = walk_forward(origin, origin + DAY, first_fit_time=9 * DAY, refit_every_ns=DAY, embargo_ns=2 * DAY)
    assert fold.train.tolist() == list(range(7))


def test_figures_published_late_are_learnt_late():
    origin = np.arange(0, 10) * DAY
    (fold,) = walk_forward(origin, origin + 4 * DAY, first_fit_time=9 * DAY, refit_every_ns=DAY)
    assert fold.train.tolist() == list(range(6))


def test_a_rolling_window_forgets_and_an_expanding_one_does_not():
    origin = np.arange(0, 12) * DAY
    setting = {"first_fit_time": 8 * DAY, "refit_every_ns": 2 * DAY}
    expanding = walk_forward(origin, origin + DAY, **setting)
    rolling = walk_forward(origin, origin + DAY, train_window_ns=3 * DAY, **setting)
    assert [fold.train.tolist() for fold in expanding] == [list(range(8)), list(range(10))]
    assert [fold.train.tolist() for fold in rolling] == [[5, 6, 7], [7, 8, 9]]


def test_coins_that_share_an_origin_stay_together():
    origin = np.repeat(np.arange(6), 2) * DAY
    folds = walk_forward(origin, origin + DAY, first_fit_time=4 * DAY, refit_every_ns=DAY)
    assert [fold.test.tolist() for fold in folds] == [[8, 9], [10, 11]]


def test_spans_without_origins_give_no_fold():
    origin = np.array([0, 1, 2, 20]) * DAY
    folds = walk_forward(origin, origin + DAY, first_fit_time=2 * DAY, refit_every_ns=DAY)
    assert [fold.fit_time // DAY for fold in folds] == [2, 20]
    assert walk_forward(origin, origin + DAY, first_fit_time=30 * DAY, refit_every_ns=DAY) == ()


def test_too_little_to_learn_from_is_said():
    origin = np.arange(0, 5) * DAY
    with pytest.raises(LookupError, match=r"at least 3 cases known at fit time .* found 2"):
        walk_forward(origin, origin + DAY, first_fit_time=2 * DAY, refit_every_ns=DAY, least_train_cases=3)


def test_a_split_by_origin_alone_is_caught():
    origin = np.arange(0, 72) * HOUR
    naive = Split(48 * HOUR, np.arange(48), np.arange(48, 72))
    with pytest.raises(ValueError, match="found 23 later, such as case 25"):
        require_no_overlap(naive, origin, origin + DAY)
    purged = Split(48 * HOUR, np.arange(25), np.arange(48, 72))
    require_no_overlap(purged, origin, origin + DAY)
    with pytest.raises(ValueError, match="embargo"):
        require_no_overlap(purged, origin, origin + DAY, embargo_ns=1)


def test_shared_cases_and_early_tests_are_caught():
    origin = np.arange(0, 10) * DAY
    with pytest.raises(ValueError, match="both train and test"):
        require_no_overlap(Split(8 * DAY, np.arange(8), np.array([7, 8])), origin, origin + 1)
    with pytest.raises(ValueError, match="test origins from the fit time"):
        require_no_overlap(Split(8 * DAY, np.arange(3), np.array([7, 8])), origin, origin + 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"refit_every_ns": 0}, "refit_every_ns"),
        ({"embargo_ns": -1}, "embargo_ns"),
        ({"train_window_ns": 0}, "train_window_ns"),
        ({"known_time": [1, 1]}, "known after its origin"),
        ({"known_time": [1]}, "equal length"),
        ({"origin_time": [0.0, 1.0]}, "int64 UTC nanoseconds"),
        ({"origin_time": [[0, 1]]}, "int64 UTC nanoseconds"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(change, message):
    setting = {"origin_time": [0, 1], "known_time": [1, 2], "first_fit_time": 1, "refit_every_ns": 1} | change
    with pytest.raises(ValueError, match=message):
        walk_forward(**setting)


def test_no_cases_are_refused():
    with pytest.raises(LookupError, match="at least one time"):
        walk_forward([], [], first_fit_time=0, refit_every_ns=1)
