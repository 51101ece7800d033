"""Trailing windows over rows in time order: sums that refuse gaps, ranks, and when a window was known.

Shared conventions
------------------
Rows are sorted by ``event_time`` (UTC ns, unique). A trailing window of length ``w`` at time ``t`` holds the rows with
``event_time`` in ``(t − w, t]``. A value is null unless the window is complete, and it is known when the last of its
rows was known. Nothing after ``t`` enters a value at ``t``.
"""

from bisect import bisect_left, bisect_right, insort

import numpy as np
import numpy.typing as npt
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


def rows_in_window(times: Times, window: int) -> npt.NDArray[np.int64]:
    """Return, for each row, the index of the first row inside its trailing window.

    Examples
    --------
    >>> rows_in_window(np.array([0, 4, 8, 12]), 8).tolist()
    [0, 0, 1, 2]
    """
    return np.searchsorted(times, times - window, side="right")


def trailing_sum(values: Floats, times: Times, spans: Times, window: int) -> Floats:
    """Return the sum over each complete trailing window, NaN where the rows do not cover it.

    A window is complete when the spans of its rows add up to it exactly: a missing interval is not a zero.

    Parameters
    ----------
    values, times, spans
        Shape (n,): the summands, their times and the nanoseconds each one covers.
    window
        Nanoseconds.
    """
    first = rows_in_window(times, window)
    covered = _window_sum(spans.astype(np.float64), first)
    return np.where(covered == window, _window_sum(values, first), np.nan)


def _window_sum(values: Floats, first: npt.NDArray[np.int64]) -> Floats:
    # Added row by row from the newest to the oldest: differences of a running total would leave the rounding of all
    # history in every value, and a value computed from a tail would differ in its last bits from one computed from
    # everything.
    length = np.arange(len(values)) - first
    total = np.zeros(len(values))
    for back in range(int(length.max(initial=-1)) + 1):
        total[back:] += np.where(length[back:] >= back, values[: len(values) - back], 0.0)
    return total


def trailing_known_time(known: Times, times: Times, window: int) -> Times:
    """Return the moment at which every row of each trailing window was known."""
    first = rows_in_window(times, window)
    running = np.maximum.accumulate(known) if len(known) else known
    if np.array_equal(running, known):
        return known
    return np.array([known[a : i + 1].max() for i, a in enumerate(first)], dtype=np.int64)


def extreme_before(values: Floats, first: npt.NDArray[np.int64], pick: np.ufunc) -> Floats:
    """Return the extreme of the values from each row's ``first`` up to, without, the row itself; NaN of none.

    ``pick`` is ``np.maximum`` or ``np.minimum``; NaN within a window makes NaN. A window of any length is two
    overlapping ones whose lengths are powers of two.
    """
    row = np.arange(len(values))
    length = row - first
    results = np.full(len(values), np.nan)
    widest, size = np.asarray(values, dtype=np.float64), 1
    while len(values) and size <= length.max():
        here = np.flatnonzero((length >= size) & (length < 2 * size))
        results[here] = pick(widest[first[here]], widest[row[here] - size])
        widest = pick(widest[:-size], widest[size:]) if len(widest) > size else widest
        size *= 2
    return results


def percentile_rank(values: Floats, times: Times, window: int, minimum: int, after: int = -1) -> Floats:
    r"""Return the mid-rank of each value among those of its trailing window, in percent.

    .. math:: 100 \frac{\#\{v_j < v_i\} + \tfrac12 \#\{v_j = v_i\}}{n}

    over the n observed values of the window, the value itself included.

    Parameters
    ----------
    values, times
        Shape (n,); NaN is "not observed" and takes part in nothing.
    window
        Nanoseconds.
    minimum
        Observed values below which the rank is NaN: a rank among few says nothing.
    after
        Ranks at ``times`` up to this one are not wanted, and NaN.
    """
    first = rows_in_window(times, window)
    ranks = np.full(len(values), np.nan)
    begin = int(np.searchsorted(times, after, side="right"))
    start = int(first[begin]) if begin < len(values) else 0
    ascending: list[float] = np.sort(values[start:begin][~np.isnan(values[start:begin])]).tolist()
    for i, value in enumerate(values[begin:].tolist(), start=begin):
        for left in range(start, first[i]):
            if not np.isnan(values[left]):
                ascending.pop(bisect_left(ascending, float(values[left])))
        start = max(start, int(first[i]))
        if np.isnan(value):
            continue
        insort(ascending, value)
        if len(ascending) >= minimum:
            below, upto = bisect_left(ascending, value), bisect_right(ascending, value)
            ranks[i] = 100.0 * (below + 0.5 * (upto - below)) / len(ascending)
    return ranks


def observed_in_window(values: Floats, times: Times, window: int) -> npt.NDArray[np.int64]:
    """Return how many observed values each trailing window holds."""
    seen = np.concatenate([[0], np.cumsum(~np.isnan(values))])
    return seen[1:] - seen[rows_in_window(times, window)]


def days_in_window(values: Floats, times: Times, window: int) -> npt.NDArray[np.int64]:
    """Return on how many UTC days each trailing window holds an observed value.

    How much history a rank or deviation rests on, whatever the spacing of the rows: a count of rows would need a step,
    and a step taken from all rows would let later rows decide whether an earlier value stands.
    """
    day = (times - 1) // NANOSECONDS_PER_DAY  # a row stamped midnight speaks of the day that ends then
    observed = np.flatnonzero(~np.isnan(values))
    opens_day = np.zeros(len(values), dtype=np.int64)
    opens_day[observed[np.flatnonzero(np.diff(day[observed], prepend=-1))]] = 1
    days_so_far = np.cumsum(opens_day)
    following = np.searchsorted(observed, rows_in_window(times, window))
    has_rows = following < np.searchsorted(observed, np.arange(len(values)), side="right")
    first = observed[np.where(has_rows, following, 0)] if len(observed) else np.zeros(len(values), dtype=np.int64)
    return np.where(has_rows, days_so_far - days_so_far[first] + 1, 0)


def at_least_days(result: Floats, values: Floats, times: Times, window: int, days: int) -> Floats:
    """Return ``result`` where its trailing window holds ``values`` on at least so many days, else NaN.

    Parameters
    ----------
    result, values, times
        Shape (n,): what is kept, what must have been observed, and when (UTC ns, increasing).
    window
        Nanoseconds.
    days
        UTC days with a value that the window must hold.
    """
    return np.where(days_in_window(values, times, window) >= days, result, np.nan)


def quotient(numerator: Floats, denominator: Floats) -> Floats:
    """Return a ratio to something positive; NaN where the denominator is zero, negative or not observed."""
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)


def value_before(values: Floats, times: Times, window: int) -> Floats:
    """Return the value exactly ``window`` earlier, NaN where no row stands there."""
    earlier = times - window
    place = np.searchsorted(times, earlier)
    place = np.minimum(place, max(len(times) - 1, 0))
    return np.where(times[place] == earlier, values[place], np.nan) if len(times) else values


def deviation(values: Floats, times: Times, window: int, minimum: int) -> Floats:
    """Return the standard deviation of the observed values of each trailing window, NaN below ``minimum`` of them."""
    first = rows_in_window(times, window)
    return np.array(
        [_deviation(values[a : i + 1], minimum) for i, a in enumerate(first)],
        dtype=np.float64,
    )


def _deviation(values: Floats, minimum: int) -> float:
    observed = values[~np.isnan(values)]
    return float(np.std(observed, ddof=1)) if len(observed) >= minimum else float("nan")


def floats(rows: pl.DataFrame, name: str) -> Floats:
    """Return a column as float64 with NaN for null."""
    return rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def times(rows: pl.DataFrame, name: str = "event_time") -> Times:
    """Return a column of times or durations as int64."""
    return rows[name].to_numpy().astype(np.int64)
