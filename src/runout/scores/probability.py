"""Scores of the probability of an event: Brier and logarithmic, lower is better.

Both are proper: a forecaster does best, on average, by saying what he believes. Per-case losses are public beside the
means because comparisons (:mod:`runout.scores.bootstrap`) need them case by case and in time order.
"""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from runout.errors import UsageError
from runout.scores.arrays import FloatArray, outcomes, probabilities, require_between, require_equal_lengths

PROBABILITY_CLIP: Final = 1e-4
"""Probabilities are kept this far from 0 and 1 wherever a logarithm is taken."""


class Skill(msgspec.Struct, frozen=True):
    """A score beside that of a named reference.

    Parameters
    ----------
    reference
        Name of the reference forecast, such as ``"climatology, expanding"``. A skill without it says nothing.
    score, reference_score
        Mean losses over the same cases, lower is better.
    skill
        ``1 − score / reference_score``: 1 perfect, 0 as good as the reference, negative worse. None if the reference
        is without loss.
    cases
        Count of cases.
    """

    reference: str
    score: float
    reference_score: float
    skill: float | None
    cases: int


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


def brier_score(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> float:
    """Return the mean of :func:`brier_losses`, 0 best, 1 worst; parameters and errors as there.

    Examples
    --------
    >>> round(brier_score([0.9, 0.2, 0.1], [1, 0, 0]), 10)
    0.02
    """
    return float(np.mean(brier_losses(probability, outcome)))


def brier_skill(
    probability: npt.ArrayLike, outcome: npt.ArrayLike, reference_probability: npt.ArrayLike, *, reference: str
) -> Skill:
    """Return the Brier skill score against a named reference.

    Parameters
    ----------
    probability, outcome
        As in :func:`brier_losses`.
    reference_probability
        The reference's probabilities for the same cases, shape (n,). Leakage: the base rate of the *scored* period is
        not a forecast, nobody knew it. It makes the reference too good; a base rate over a period that ends before
        each origin is the honest climatology.
    reference
        Its name.

    Returns
    -------
    Skill
        Not itself a proper score: compare forecasts by their losses, show the skill.

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN or out of range, or the reference has no name.
    NotEnoughDataError
        If there are no cases.

    Examples
    --------
    >>> brier_skill([1, 0], [1, 0], [0.5, 0.5], reference="coin toss").skill
    1.0
    """
    losses = brier_losses(probability, outcome)
    reference_losses = brier_losses(reference_probability, outcome)
    return skill_of(losses, reference_losses, reference=reference)


def skill_of(losses: FloatArray, reference_losses: FloatArray, *, reference: str) -> Skill:
    """Return the skill of any losses that are never negative against those of a named reference.

    Raises
    ------
    UsageError
        If lengths differ or the reference has no name.
    """
    require_equal_lengths(losses=losses, reference_losses=reference_losses)
    if not reference.strip():
        raise UsageError("expected the name of the reference forecast, found an empty text: say what was beaten")
    score, reference_score = float(np.mean(losses)), float(np.mean(reference_losses))
    skill = 1 - score / reference_score if reference_score > 0 else None
    return Skill(reference, score, reference_score, skill, len(losses))


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
