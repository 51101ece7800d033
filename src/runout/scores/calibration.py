"""Do events happen as often as said? Reliability by isotonic regression, without bins to choose.

The outcomes are regressed on the forecasts under monotonicity alone (pool adjacent violators, PAV), after forecasts of
equal probability are pooled. Leakage: the recalibrated probabilities use every outcome of the scored period. They
diagnose a forecast; issued as one, they would be fitted on their own answers.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from runout.errors import UsageError
from runout.scores.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    outcomes,
    probabilities,
    require_between,
    require_equal_lengths,
)


class Decomposition(msgspec.Struct, frozen=True):
    """A Brier score taken apart: ``brier = miscalibration − discrimination + uncertainty``.

    Parameters
    ----------
    brier
        Mean Brier score.
    miscalibration
        What isotonic recalibration would have saved, at least 0. In small samples it is above 0 even for a perfect
        forecast, because the recalibration fits noise.
    discrimination
        What the recalibrated forecast gains over the base rate, at least 0; inflated alike.
    uncertainty
        Brier score of the sample's base rate, p(1 − p): a property of the period, not of the forecast.
    cases, events
        Counts.
    """

    brier: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    cases: int
    events: int


class ReliabilityCurve(msgspec.Struct, frozen=True, eq=False):
    """The CORP reliability diagram: one entry a distinct forecast probability, ascending.

    Parameters
    ----------
    probability
        Distinct forecast probabilities, shape (k,).
    count
        Cases at each, shape (k,).
    recalibrated
        Event frequency by isotonic regression, shape (k,), not falling.
    band_low, band_high
        Where ``recalibrated`` would lie, pointwise at ``level``, if the forecast were calibrated, shape (k,).
    level
        Level of the band.
    resamples
        Simulations behind the band.
    """

    probability: FloatArray
    count: IntArray
    recalibrated: FloatArray
    band_low: FloatArray
    band_high: FloatArray
    level: float
    resamples: int


class _Pooled(msgspec.Struct, frozen=True, eq=False):
    probability: FloatArray
    level: IntArray
    count: IntArray


def decompose_brier(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> Decomposition:
    """Return the CORP decomposition of the Brier score into miscalibration, discrimination and uncertainty.

    ``MCB = S − S_c``, ``DSC = S_r − S_c``, ``UNC = S_r`` with S the score of the forecast, S_c of its isotonic
    recalibration and S_r of the base rate. The identity is exact, unlike with bins.

    Parameters
    ----------
    probability
        Forecast probabilities, shape (n,), in [0, 1].
    outcome
        Whether the event happened, shape (n,), bool or 0/1.

    Returns
    -------
    Decomposition
        Defined for one class too: uncertainty and discrimination are then 0.

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN or out of range.
    NotEnoughDataError
        If there are no cases.

    References
    ----------
    Dimitriadis, Gneiting and Jordan (2021), Stable reliability diagrams for probabilistic classifiers, PNAS 118.

    Examples
    --------
    >>> parts = decompose_brier([0.2, 0.2, 0.8, 0.8], [0, 0, 1, 1])
    >>> [round(part, 4) for part in (parts.brier, parts.miscalibration, parts.discrimination, parts.uncertainty)]
    [0.04, 0.04, 0.25, 0.25]
    """
    p, y = _cases(probability, outcome)
    pooled = _pool(p)
    recalibrated = _isotonic(pooled, y)[pooled.level]
    brier = float(np.mean((p - y) ** 2))
    best = float(np.mean((recalibrated - y) ** 2))
    base_rate = float(np.mean(y))
    uncertainty = base_rate * (1 - base_rate)
    return Decomposition(brier, brier - best, uncertainty - best, uncertainty, len(y), int(np.count_nonzero(y)))


def reliability_curve(
    probability: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    resamples: int = 500,
    level: float = 0.9,
) -> ReliabilityCurve:
    """Return the reliability curve with the band in which a calibrated forecast would lie.

    Parameters
    ----------
    probability
        Forecast probabilities, shape (n,), in [0, 1].
    outcome
        Whether the event happened, shape (n,), bool or 0/1.
    rng
        Source of randomness; the same seed gives the same band.
    resamples
        How many times the outcomes are simulated from the forecasts taken at their word.
    level
        Pointwise level of the band, in (0, 1).

    Returns
    -------
    ReliabilityCurve
        The simulated outcomes are independent of one another. Forecasts whose windows overlap (a 24-hour target at
        hourly origins) are not: their band is too narrow, so draw the curve from origins one horizon apart.

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN or out of range, or ``resamples`` is below 1.
    NotEnoughDataError
        If there are no cases.

    References
    ----------
    Bröcker and Smith (2007), Increasing the reliability of reliability diagrams, Weather and Forecasting 22;
    Dimitriadis, Gneiting and Jordan (2021), PNAS 118.
    """
    p, y = _cases(probability, outcome)
    require_between("level", level, 0, 1)
    if resamples < 1:
        raise UsageError(f"expected at least 1 resample, found {resamples}")
    pooled = _pool(p)
    curves = np.stack([_isotonic(pooled, rng.random(len(p)) < p) for _ in range(resamples)])
    low, high = np.quantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return ReliabilityCurve(pooled.probability, pooled.count, _isotonic(pooled, y), low, high, level, resamples)


def _cases(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> tuple[FloatArray, BoolArray]:
    p, y = probabilities("probability", probability), outcomes("outcome", outcome)
    require_equal_lengths(probability=p, outcome=y)
    return p, y


def _pool(probability: FloatArray) -> _Pooled:
    distinct, level, count = np.unique(probability, return_inverse=True, return_counts=True)
    return _Pooled(distinct, level.astype(np.int64), count.astype(np.int64))


def _isotonic(pooled: _Pooled, outcome: BoolArray) -> FloatArray:
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - half a second that most callers never need

    frequency = np.bincount(pooled.level, weights=outcome, minlength=len(pooled.count)) / pooled.count
    return np.asarray(isotonic_regression(frequency, weights=pooled.count).x, dtype=np.float64)
