"""Scores of forecasts and maps, with the plumbing that keeps them honest.

Losses are negatively oriented: lower is better. NaN is refused; what is not defined (a rate over nothing, the ROC of
one class) is None. Every randomised result takes a ``numpy.random.Generator`` and repeats with its seed.
"""

from runout.scores.bootstrap import (
    IndexScheme,
    PairedDifference,
    circular_blocks,
    paired_difference,
    resampled_means,
    stationary_blocks,
)
from runout.scores.calibration import Decomposition, ReliabilityCurve, decompose_brier, reliability_curve
from runout.scores.diebold_mariano import DieboldMariano, diebold_mariano
from runout.scores.discrimination import WarningRates, average_precision, roc_auc, warning_rates
from runout.scores.distribution import (
    crps_ensemble,
    crps_ensemble_above,
    crps_lognormal,
    crps_student_t,
    pit_ensemble,
    pit_lognormal,
    pit_student_t,
    quantile_losses,
)
from runout.scores.information import (
    FLOOR_SHARE,
    InformationGain,
    PooledInformationGain,
    information_gain,
    lift_at,
    pool_information_gain,
)
from runout.scores.intervals import (
    FrequencyInterval,
    IntervalCoverage,
    interval_coverage,
    jeffreys_interval,
    wilson_interval,
)
from runout.scores.probability import (
    PROBABILITY_CLIP,
    Skill,
    brier_losses,
    brier_score,
    brier_skill,
    log_losses,
    log_score,
    skill_of,
)
from runout.scores.recalibration import Recalibration, RecalibrationOutcome, fit_recalibration
from runout.scores.walk_forward import Split, require_no_overlap, walk_forward

__all__ = [
    "FLOOR_SHARE",
    "PROBABILITY_CLIP",
    "Decomposition",
    "DieboldMariano",
    "FrequencyInterval",
    "IndexScheme",
    "InformationGain",
    "IntervalCoverage",
    "PairedDifference",
    "PooledInformationGain",
    "Recalibration",
    "RecalibrationOutcome",
    "ReliabilityCurve",
    "Skill",
    "Split",
    "WarningRates",
    "average_precision",
    "brier_losses",
    "brier_score",
    "brier_skill",
    "circular_blocks",
    "crps_ensemble",
    "crps_ensemble_above",
    "crps_lognormal",
    "crps_student_t",
    "decompose_brier",
    "diebold_mariano",
    "fit_recalibration",
    "information_gain",
    "interval_coverage",
    "jeffreys_interval",
    "lift_at",
    "log_losses",
    "log_score",
    "paired_difference",
    "pit_ensemble",
    "pit_lognormal",
    "pit_student_t",
    "pool_information_gain",
    "quantile_losses",
    "reliability_curve",
    "require_no_overlap",
    "resampled_means",
    "roc_auc",
    "skill_of",
    "stationary_blocks",
    "walk_forward",
    "warning_rates",
    "wilson_interval",
]
