"""How forecasts turned out: scores of each model over a period, against a named reference, with their uncertainty."""

import msgspec
import numpy as np

from runout.scores import (
    PairedDifference,
    Recalibration,
    RecalibrationOutcome,
    average_precision,
    brier_losses,
    crps_ensemble_above,
    fit_recalibration,
    log_score,
    paired_difference,
    roc_auc,
    stationary_blocks,
)
from runout.scores.arrays import BoolArray, FloatArray

BLOCK_DAYS = 10.0
RESAMPLES = 4000
LEVEL = 0.95
_SLOPE_RESAMPLES = 400
_SEED = 0


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of one model over one period, for one threshold.

    Parameters
    ----------
    model
        Name.
    days, events
        Counts.
    brier, log
        Mean losses; lower is better.
    skill
        Brier skill against the expanding climatology.
    crps_above
        Mean CRPS of the part of the distribution above the threshold, dollars; None without quantiles.
    auc, average_precision
        Of the ranking; None with one class.
    against_reference
        Brier loss less the reference's, paired, with its interval; None for the reference.
    calibration
        Slope and intercept of outcomes on log odds.
    slope_low, slope_high
        Its 95% interval by block bootstrap; None where there is no estimate.
    mean_probability, frequency
        What was said and what came, on average.
    """

    model: str
    days: int
    events: int
    brier: float
    log: float
    skill: float
    crps_above: float | None
    auc: float | None
    average_precision: float | None
    against_reference: PairedDifference | None
    calibration: Recalibration
    slope_low: float | None
    slope_high: float | None
    mean_probability: float
    frequency: float


def score(
    model: str,
    probability: FloatArray,
    event: BoolArray,
    *,
    reference: FloatArray | None,
    climatology: FloatArray,
    tail: tuple[FloatArray, FloatArray, float] | None = None,
) -> Score:
    """Return the scores of one model's probabilities over one period.

    Parameters
    ----------
    model
        Name.
    probability
        As issued, in time order, shape (n,).
    event
        Whether it came.
    reference
        Probabilities of the model to compare with; None for that model itself.
    climatology
        Probabilities of the expanding climatology.
    tail
        Quantiles (n, levels), totals (n,) and the threshold, dollars; None leaves the CRPS out.
    """
    losses = brier_losses(probability, event)
    calibration = fit_recalibration(probability, event)
    low, high = _slope_interval(probability, event, calibration)
    return Score(
        model=model,
        days=len(event),
        events=int(event.sum()),
        brier=float(losses.mean()),
        log=log_score(probability, event),
        skill=1.0 - float(losses.mean()) / float(brier_losses(climatology, event).mean()),
        crps_above=None if tail is None else float(crps_ensemble_above(tail[0], tail[1], threshold=tail[2]).mean()),
        auc=roc_auc(probability, event),
        average_precision=average_precision(probability, event),
        against_reference=None if reference is None else brier_difference(probability, reference, event),
        calibration=calibration,
        slope_low=low,
        slope_high=high,
        mean_probability=float(probability.mean()),
        frequency=float(event.mean()),
    )


def brier_difference(ours: FloatArray, theirs: FloatArray, event: BoolArray) -> PairedDifference:
    """Return our Brier loss less theirs with its 95% interval: paired, stationary blocks of 10 days on average.

    The resampling takes the forecasts as given: it does not know that a model was chosen on some of these days.
    """
    return paired_difference(
        brier_losses(ours, event),
        brier_losses(theirs, event),
        block_length=BLOCK_DAYS,
        rng=np.random.default_rng(_SEED),
        resamples=RESAMPLES,
        level=LEVEL,
    )


def _slope_interval(
    probability: FloatArray, event: BoolArray, found: Recalibration
) -> tuple[float, float] | tuple[None, None]:
    if found.outcome is not RecalibrationOutcome.FITTED:
        return None, None
    rng = np.random.default_rng(_SEED)
    drawn = stationary_blocks(len(event), _SLOPE_RESAMPLES, BLOCK_DAYS, rng)
    fits = [fit_recalibration(probability[rows], event[rows]).slope for rows in drawn]
    slopes = [slope for slope in fits if slope is not None]
    # Resamples of few events that are separable have no slope; their share is what the interval cannot see.
    if len(slopes) < len(fits) / 2:
        return None, None
    low, high = np.quantile(slopes, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0]).tolist()
    return low, high
