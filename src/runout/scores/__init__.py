"""Scores of forecasts and maps, with the plumbing that keeps them honest.

Losses are negatively oriented: lower is better. NaN is refused; what is not defined (a rate over nothing, the ROC of
one class) is None. Every randomised result takes a ``numpy.random.Generator`` and repeats with its seed.
"""

from runout.scores.bootstrap import (
    PairedDifference,
    paired_difference,
    resampled_means,
    stationary_blocks,
)
from runout.scores.distribution import (
    crps_ensemble,
    crps_student_t,
)
from runout.scores.intervals import (
    FrequencyInterval,
    IntervalCoverage,
    interval_coverage,
    wilson_interval,
)
from runout.scores.probability import (
    PROBABILITY_CLIP,
    brier_losses,
    log_losses,
    log_score,
)
from runout.scores.recalibration import Recalibration, RecalibrationOutcome, fit_recalibration
from runout.scores.walk_forward import Split, require_no_overlap, walk_forward

__all__ = [
    "PROBABILITY_CLIP",
    "FrequencyInterval",
    "IntervalCoverage",
    "PairedDifference",
    "Recalibration",
    "RecalibrationOutcome",
    "Split",
    "brier_losses",
    "crps_ensemble",
    "crps_student_t",
    "fit_recalibration",
    "interval_coverage",
    "log_losses",
    "log_score",
    "paired_difference",
    "require_no_overlap",
    "resampled_means",
    "stationary_blocks",
    "walk_forward",
    "wilson_interval",
]
