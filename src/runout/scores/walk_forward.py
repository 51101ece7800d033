"""Which cases a model may learn from, at each moment of the past.

A case has an origin (when the forecast is issued) and an outcome that becomes known later. Leakage bites at the seam: a
24-hour target issued at 23:00 yesterday is not known at 00:00 today, though its origin is past. Training on it tells
the model 23 hours of the future, and with hourly origins the last 23 training rows are all like that. Cutting by origin
is therefore not enough; the *outcome* must have been known. Known is later than the end of the window where figures
are published late or revised.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from runout.errors import NotEnoughDataError, UsageError
from runout.scores.arrays import BoolArray, IntArray, require_equal_lengths, times


class Split(msgspec.Struct, frozen=True, eq=False):
    """One fold: a model fitted on ``train`` as of ``fit_time`` forecasts ``test``.

    Parameters
    ----------
    fit_time
        The moment of the fit, UTC nanoseconds; no test origin is earlier.
    train, test
        Positions of the cases, ascending, shapes (k,) and (l,).
    """

    fit_time: int
    train: IntArray
    test: IntArray


def walk_forward(
    origin_time: npt.ArrayLike,
    known_time: npt.ArrayLike,
    *,
    first_fit_time: int,
    refit_every_ns: int,
    embargo_ns: int = 0,
    train_window_ns: int | None = None,
    least_train_cases: int = 1,
) -> tuple[Split, ...]:
    """Return the folds of a walk through time: fit, forecast until the next fit, repeat.

    At each fit time T the training cases are those with ``known_time + embargo ≤ T`` (the purge: origin before T alone
    is not enough) and, if rolling, ``origin_time ≥ T − train_window``. The test cases are those with origin in
    [T, T + refit_every).

    Parameters
    ----------
    origin_time
        When each forecast is issued, UTC nanoseconds, shape (n,), in any order; coins may share an origin.
    known_time
        When each outcome could be read, UTC nanoseconds, shape (n,): the end of the target's window, or later.
    first_fit_time
        First T, UTC nanoseconds.
    refit_every_ns
        Distance of fits, nanoseconds. At least the horizon if folds are to be called independent.
    embargo_ns
        Extra distance between a known outcome and T, for features that reach into the target's window (moving
        averages, the headline's late corrections).
    train_window_ns
        None expands from the first case; a length rolls.
    least_train_cases
        Fewest cases worth fitting.

    Returns
    -------
    tuple of Split
        In time order, each test case in exactly one; spans without test origins give none. Whatever else is fitted
        (scalers, imputation, choice of features, recalibration, the threshold that defines the event) belongs inside
        the fold too: these splits cannot see it.

    Raises
    ------
    UsageError
        If lengths differ, times are not integers, an outcome is known before its window began, or a setting is out of
        range.
    NotEnoughDataError
        If there are no cases, or a fold has fewer than ``least_train_cases``.

    References
    ----------
    López de Prado (2018), Advances in Financial Machine Learning, ch. 7 (purging and embargo).

    Examples
    --------
    >>> day = 86_400_000_000_000
    >>> origins = np.arange(4) * day
    >>> folds = walk_forward(origins, origins + day, first_fit_time=2 * day, refit_every_ns=day)
    >>> [(fold.train.tolist(), fold.test.tolist()) for fold in folds]
    [([0, 1], [2]), ([0, 1, 2], [3])]
    """
    origin, known = _cases(origin_time, known_time)
    _require_settings(refit_every_ns, embargo_ns, train_window_ns)
    folds: list[Split] = []
    for fit_time in _fit_times(origin, first_fit_time, refit_every_ns):
        test = np.flatnonzero((origin >= fit_time) & (origin < fit_time + refit_every_ns))
        train = np.flatnonzero(_learnable(origin, known, fit_time, embargo_ns, train_window_ns))
        if len(train) < least_train_cases:
            raise NotEnoughDataError(
                f"expected at least {least_train_cases} cases known at fit time {fit_time} (UTC ns), found"
                f" {len(train)}: start later, or shorten the embargo with a reason"
            )
        folds.append(Split(fit_time, train, test))
    return tuple(folds)


def require_no_overlap(
    split: Split, origin_time: npt.ArrayLike, known_time: npt.ArrayLike, *, embargo_ns: int = 0
) -> None:
    """Raise if a training outcome was not yet known, embargo included, at the fold's fit or first test origin.

    For splits of any making: a call of this in front of each fit turns the commonest leak into an error.

    Parameters
    ----------
    split
        The fold.
    origin_time, known_time
        As in :func:`walk_forward`, for all cases.
    embargo_ns
        As in :func:`walk_forward`.

    Raises
    ------
    UsageError
        If a training window, ``(origin, known + embargo]``, reaches beyond the fit time or the first test origin, a
        case is in both parts, or a test origin is before the fit. The message names the first.
    NotEnoughDataError
        If there are no cases.
    """
    origin, known = _cases(origin_time, known_time)
    shared = np.intersect1d(split.train, split.test)
    if shared.size:
        raise UsageError(f"expected no case in both train and test, found {shared.size}, the first is {shared[0]}")
    first_test = int(np.min(origin[split.test], initial=np.iinfo(np.int64).max))
    if first_test < split.fit_time:
        raise UsageError(f"expected test origins from the fit time {split.fit_time} on, found {first_test}")
    late = split.train[known[split.train] + embargo_ns > split.fit_time]
    if late.size:
        raise UsageError(
            f"expected every training outcome known by {split.fit_time} (UTC ns, embargo {embargo_ns} ns), found"
            f" {late.size} later, such as case {late[0]} known at {known[late[0]]}: purge them"
        )


def _cases(origin_time: npt.ArrayLike, known_time: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    origin, known = times("origin_time", origin_time), times("known_time", known_time)
    require_equal_lengths(origin_time=origin, known_time=known)
    early = np.flatnonzero(known <= origin)
    if early.size:
        raise UsageError(
            f"expected each outcome to be known after its origin, found {early.size} that are not, the first at"
            f" position {early[0]}: known_time is the end of the target's window, or later"
        )
    return origin, known


def _require_settings(refit_every_ns: int, embargo_ns: int, train_window_ns: int | None) -> None:
    if refit_every_ns < 1:
        raise UsageError(f"expected refit_every_ns of at least 1, found {refit_every_ns}")
    if embargo_ns < 0:
        raise UsageError(f"expected embargo_ns of at least 0, found {embargo_ns}")
    if train_window_ns is not None and train_window_ns < 1:
        raise UsageError(f"expected train_window_ns of at least 1, or None to expand, found {train_window_ns}")


def _fit_times(origin: IntArray, first_fit_time: int, refit_every_ns: int) -> list[int]:
    later = origin[origin >= first_fit_time]
    steps = np.unique((later - first_fit_time) // refit_every_ns)
    return [first_fit_time + int(step) * refit_every_ns for step in steps]


def _learnable(
    origin: IntArray, known: IntArray, fit_time: int, embargo_ns: int, train_window_ns: int | None
) -> BoolArray:
    mask = known <= fit_time - embargo_ns
    return mask if train_window_ns is None else mask & (origin >= fit_time - train_window_ns)
