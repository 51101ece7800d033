"""How well a forecast tells events from non-events, whatever its calibration.

None of these is a proper score: a forecast that says 90% for every 9% keeps its ranking. They stand beside a proper
score, never alone.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from runout.scores.arrays import BoolArray, FloatArray, finite, outcomes, probabilities, require_equal_lengths


class WarningRates(msgspec.Struct, frozen=True):
    """The contingency table of warnings at one threshold, and its rates.

    Parameters
    ----------
    threshold
        A warning is given where the probability is at least this.
    hits, misses, false_alarms, quiet
        Counts: warned events, events without warning, warnings without event, neither.
    hit_rate
        Hits over events. None without events.
    false_alarm_rate
        False alarms over non-events (probability of false detection). None without non-events.
    false_alarm_ratio
        False alarms over warnings: the share of warnings that were wrong. None without warnings.
    """

    threshold: float
    hits: int
    misses: int
    false_alarms: int
    quiet: int
    hit_rate: float | None
    false_alarm_rate: float | None
    false_alarm_ratio: float | None


def roc_auc(ranking: npt.ArrayLike, outcome: npt.ArrayLike) -> float | None:
    """Return the area under the ROC curve: the chance that an event ranks above a non-event, ties counting one half.

    ``AUC = (R₁ − n₁(n₁ + 1)/2) / (n₁ n₀)`` with R₁ the sum of the mid-ranks of the n₁ events.

    Parameters
    ----------
    ranking
        Probabilities or any finite quantity that rises with the expected chance, shape (n,).
    outcome
        Whether the event happened, shape (n,), bool or 0/1.

    Returns
    -------
    float or None
        In [0, 1], 0.5 without discrimination; None if all or none of the cases are events. Pooling several coins or
        regimes rewards knowing which coin it is: pool only what one user would compare.

    Raises
    ------
    UsageError
        If lengths differ or a value is NaN.
    NotEnoughDataError
        If there are no cases.

    References
    ----------
    Hanley and McNeil (1982), The meaning and use of the area under a ROC curve, Radiology 143.

    Examples
    --------
    >>> roc_auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    0.75
    """
    values, events = _ranked_cases(ranking, outcome)
    positives = int(np.count_nonzero(events))
    negatives = len(events) - positives
    if positives == 0 or negatives == 0:
        return None
    rank_sum = float(np.sum(_mid_ranks(values)[events]))
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def average_precision(ranking: npt.ArrayLike, outcome: npt.ArrayLike) -> float | None:
    """Return the area under the precision-recall curve as average precision.

    ``AP = Σ_k (R_k − R_{k−1}) P_k`` over the distinct thresholds from high to low, without interpolation. More telling
    than the ROC where events are rare; a forecast without discrimination gets the base rate, so show it beside.

    Parameters
    ----------
    ranking, outcome
        As in :func:`roc_auc`.

    Returns
    -------
    float or None
        In (0, 1]; None if no case is an event.

    Raises
    ------
    UsageError
        If lengths differ or a value is NaN.
    NotEnoughDataError
        If there are no cases.

    References
    ----------
    Davis and Goadrich (2006), The relationship between precision-recall and ROC curves, ICML.

    Examples
    --------
    >>> round(average_precision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 4)
    0.8333
    """
    values, events = _ranked_cases(ranking, outcome)
    if not events.any():
        return None
    _, level, count = np.unique(-values, return_inverse=True, return_counts=True)
    events_at_level = np.bincount(level, weights=events)
    precision = np.cumsum(events_at_level) / np.cumsum(count)
    return float(np.sum(events_at_level * precision) / np.sum(events_at_level))


def warning_rates(probability: npt.ArrayLike, outcome: npt.ArrayLike, *, threshold: float) -> WarningRates:
    """Return hit and false-alarm rates of warnings at ``threshold``.

    Parameters
    ----------
    probability
        Forecast probabilities, shape (n,), in [0, 1].
    outcome
        Whether the event happened, shape (n,), bool or 0/1.
    threshold
        In [0, 1]. For a reader whose protection costs C against a loss L, a calibrated forecast is best acted upon at
        C/L. Leakage: a threshold chosen as the best of the scored period is fitted on the answers; declare it, or
        choose it on earlier cases.

    Returns
    -------
    WarningRates
        Counts and rates; a rate over nothing is None.

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN or out of range.
    NotEnoughDataError
        If there are no cases.

    References
    ----------
    Richardson (2000), Skill and relative economic value of the ECMWF ensemble prediction system, QJRMS 126.

    Examples
    --------
    >>> rates = warning_rates([0.9, 0.6, 0.4, 0.1], [1, 0, 1, 0], threshold=0.5)
    >>> rates.hit_rate, rates.false_alarm_rate
    (0.5, 0.5)
    """
    p, y = probabilities("probability", probability), outcomes("outcome", outcome)
    require_equal_lengths(probability=p, outcome=y)
    warned = p >= float(probabilities("threshold", [threshold])[0])
    hits, warnings, events = (int(np.count_nonzero(mask)) for mask in (warned & y, warned, y))
    false_alarms, others = warnings - hits, len(y) - events
    return WarningRates(
        threshold=float(threshold),
        hits=hits,
        misses=events - hits,
        false_alarms=false_alarms,
        quiet=others - false_alarms,
        hit_rate=_share(hits, events),
        false_alarm_rate=_share(false_alarms, others),
        false_alarm_ratio=_share(false_alarms, warnings),
    )


def _ranked_cases(ranking: npt.ArrayLike, outcome: npt.ArrayLike) -> tuple[FloatArray, BoolArray]:
    values, events = finite("ranking", ranking), outcomes("outcome", outcome)
    require_equal_lengths(ranking=values, outcome=events)
    return values, events


def _mid_ranks(values: FloatArray) -> FloatArray:
    _, level, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[level]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
