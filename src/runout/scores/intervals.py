"""How sure a frequency is, and whether prediction intervals hold what they promise."""

from statistics import NormalDist

import msgspec
import numpy as np
import numpy.typing as npt

from runout.errors import UsageError
from runout.scores.arrays import finite, require_between, require_equal_lengths


class FrequencyInterval(msgspec.Struct, frozen=True):
    """A frequency with its interval.

    Parameters
    ----------
    events, cases
        How often the event came, and of how many cases.
    frequency
        ``events / cases``; None without cases.
    low, high
        Interval at ``level``; [0, 1] without cases.
    level
        Confidence.
    """

    events: int
    cases: int
    frequency: float | None
    low: float
    high: float
    level: float


class IntervalCoverage(msgspec.Struct, frozen=True):
    """How often prediction intervals held the observation.

    Parameters
    ----------
    nominal
        What they promised.
    covered
        How often they did, with a Wilson interval.
    below, above
        Counts of observations under and over their interval.
    mean_width
        In the unit of the observation: coverage alone is won by intervals without end.
    """

    nominal: float
    covered: FrequencyInterval
    below: int
    above: int
    mean_width: float


def wilson_interval(events: int, cases: int, *, level: float = 0.9) -> FrequencyInterval:
    """Return the Wilson score interval of a frequency.

    ``(f + z²/2n ± z √(f(1 − f)/n + z²/4n²)) / (1 + z²/n)``.

    Parameters
    ----------
    events, cases
        ``0 ≤ events ≤ cases``, independent of one another. Days of one wave are not: count waves.
    level
        Confidence, in (0, 1).

    Returns
    -------
    FrequencyInterval
        Without cases the frequency is None and the interval [0, 1].

    Raises
    ------
    UsageError
        If the counts or the level are out of range.

    References
    ----------
    Wilson (1927), JASA 22; Brown, Cai and DasGupta (2001), Interval estimation for a binomial proportion, Stat. Sci.
    16.

    Examples
    --------
    >>> found = wilson_interval(0, 10, level=0.95)
    >>> found.low, round(found.high, 4)
    (0.0, 0.2775)
    """
    _require_counts(events, cases, level)
    if cases == 0:
        return FrequencyInterval(0, 0, None, 0.0, 1.0, level)
    z2 = NormalDist().inv_cdf((1 + level) / 2) ** 2
    frequency = events / cases
    centre = (frequency + z2 / (2 * cases)) / (1 + z2 / cases)
    half = (z2 * (frequency * (1 - frequency) / cases + z2 / (4 * cases**2))) ** 0.5 / (1 + z2 / cases)
    low = 0.0 if events == 0 else max(centre - half, 0.0)
    high = 1.0 if events == cases else min(centre + half, 1.0)
    return FrequencyInterval(events, cases, frequency, low, high, level)


def interval_coverage(
    low: npt.ArrayLike, high: npt.ArrayLike, observation: npt.ArrayLike, *, nominal: float, level: float = 0.9
) -> IntervalCoverage:
    """Return how often prediction intervals, ends included, held what happened.

    Parameters
    ----------
    low, high
        Ends of the intervals, shape (n,), ``low ≤ high``.
    observation
        What happened, shape (n,).
    nominal
        Coverage that was promised, in (0, 1).
    level
        Confidence of the interval around the coverage found, in (0, 1).

    Returns
    -------
    IntervalCoverage
        The confidence takes cases as independent; with overlapping windows it is too narrow.

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN, an interval is upside down, or a level is out of range.
    NotEnoughDataError
        If there are no cases.

    Examples
    --------
    >>> interval_coverage([0, 0], [1, 1], [0.5, 2], nominal=0.5).covered.frequency
    0.5
    """
    bottom, top, y = finite("low", low), finite("high", high), finite("observation", observation)
    require_equal_lengths(low=bottom, high=top, observation=y)
    require_between("nominal", nominal, 0, 1)
    wrong = np.flatnonzero(bottom > top)
    if wrong.size:
        raise UsageError(f"expected low ≤ high, found {wrong.size} intervals upside down, the first at {wrong[0]}")
    below, above = int(np.count_nonzero(y < bottom)), int(np.count_nonzero(y > top))
    covered = wilson_interval(len(y) - below - above, len(y), level=level)
    return IntervalCoverage(nominal, covered, below, above, float(np.mean(top - bottom)))


def _require_counts(events: int, cases: int, level: float) -> None:
    require_between("level", level, 0, 1)
    if not 0 <= events <= cases:
        raise UsageError(f"expected 0 ≤ events ≤ cases, found {events} events in {cases} cases")
