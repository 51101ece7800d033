"""Scores of the probability of an event: Brier and logarithmic, lower is better.

Both are proper: a forecaster does best, on average, by saying what he believes. Per-case losses are public beside the
means because comparisons (:mod:`runout.scores.bootstrap`) need them case by case and in time order.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from runout.scores.arrays import FloatArray, outcomes, probabilities, require_between, require_equal_lengths

PROBABILITY_CLIP: Final = 1e-4
"""Probabilities are kept this far from 0 and 1 wherever a logarithm is taken."""


def brier_losses(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> FloatArray:
    """Return the squared error ``(p − y)²`` of each forecast.

    Parameters
    ----------
    probability
        Forecast probabilities of the event, shape (n,), in [0, 1].
    outcome
        Whether it happened, shape (n,), bool or 0/1.

    Returns
    -------
    numpy.ndarray
        Losses in [0, 1], shape (n,), in the order given.

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN or out of range.
    NotEnoughDataError
        If there are no cases.

    References
    ----------
    Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review 78.
    """
    p, y = probabilities("probability", probability), outcomes("outcome", outcome)
    require_equal_lengths(probability=p, outcome=y)
    return (p - y) ** 2


def log_losses(probability: npt.ArrayLike, outcome: npt.ArrayLike, *, clip: float = PROBABILITY_CLIP) -> FloatArray:
    """Return the logarithmic loss ``−ln p`` (event) or ``−ln(1 − p)`` (none) of each forecast, in nats.

    Parameters
    ----------
    probability, outcome
        As in :func:`brier_losses`.
    clip
        Probabilities are moved into [clip, 1 − clip] first. One confident miss then costs −ln(clip) (9.2 nats at the
        default) and not infinity. The price: the score cannot tell forecasts beyond the clip apart.

    Returns
    -------
    numpy.ndarray
        Losses in nats, shape (n,).

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN or out of range, or ``clip`` is not in (0, 0.5).
    NotEnoughDataError
        If there are no cases.

    References
    ----------
    Good (1952), Rational decisions, JRSS B 14.
    """
    require_between("clip", clip, 0, 0.5)
    p, y = probabilities("probability", probability), outcomes("outcome", outcome)
    require_equal_lengths(probability=p, outcome=y)
    clipped = np.clip(p, clip, 1 - clip)
    return -np.log(np.where(y, clipped, 1 - clipped))


def log_score(probability: npt.ArrayLike, outcome: npt.ArrayLike, *, clip: float = PROBABILITY_CLIP) -> float:
    """Return the mean of :func:`log_losses` in nats; parameters and errors as there.

    Examples
    --------
    >>> round(log_score([0.5, 0.5], [1, 0]), 6)
    0.693147
    """
    return float(np.mean(log_losses(probability, outcome, clip=clip)))
