"""Analogues: the days of the past that looked most like this one, what followed, and what that is worth."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators.windows import Floats, Times

DAY = NANOSECONDS_PER_DAY
APART = 10 * DAY
NEIGHBOURS = 12


class Analogue(NamedTuple):
    """One past day and how far its state was from the present one (root mean square of standard scores)."""

    time: int
    distance: float


def nearest(features: Floats, t: Times, *, now: int, outcome_known: Times, count: int = NEIGHBOURS) -> list[Analogue]:
    """Return the past days nearest to the state at row ``now``, at least ten days apart from it and each other.

    Parameters
    ----------
    features
        Shape (n, k): one row a day; scaled here by the mean and deviation of the rows before ``now``.
    t
        Shape (n,): times, increasing.
    now
        Row index of the present state.
    outcome_known
        Shape (n,): when what followed each day was known; days whose outcome is not known at ``t[now]`` are left out.
    count
        How many analogues to return.

    Returns
    -------
    list of Analogue
        Nearest first; empty where the present state or the past is incomplete.
    """
    eligible = np.flatnonzero((outcome_known <= t[now]) & (t <= t[now] - APART) & ~np.isnan(features).any(axis=1))
    if len(eligible) < 3 * count or np.isnan(features[now]).any():
        return []
    past = features[eligible]
    scale = past.std(axis=0, ddof=1)
    scale[scale == 0] = 1.0
    distance = np.sqrt((((past - features[now]) / scale) ** 2).mean(axis=1))
    return _spread_out(t[eligible], distance, count)


def _spread_out(t: Times, distance: Floats, count: int) -> list[Analogue]:
    chosen: list[Analogue] = []
    for place in np.argsort(distance, kind="stable"):
        time = int(t[place])
        if all(abs(time - other.time) >= APART for other in chosen):
            chosen.append(Analogue(time, float(distance[place])))
        if len(chosen) == count:
            break
    return chosen


def frequency(outcomes: npt.NDArray[np.bool_], base_rate: float, prior_weight: float = 4.0) -> float:
    r"""Return the share of analogues with the event, drawn to the base rate as if ``prior_weight`` days had shown it.

    .. math:: p = \frac{k + w\,p_0}{n + w}

    Examples
    --------
    >>> frequency(np.array([True, False, False, False]), base_rate=0.05)
    0.15
    """
    return float((outcomes.sum() + prior_weight * base_rate) / (len(outcomes) + prior_weight))
