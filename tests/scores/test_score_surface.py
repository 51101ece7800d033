"""The public surface of the scores, and its examples."""

import doctest
import importlib
import pkgutil
import subprocess
import sys
import types

import pytest

from runout import scores

PUBLIC_THINGS = [name for name in scores.__all__ if isinstance(getattr(scores, name), type | types.FunctionType)]
MODULES = sorted(module.name for module in pkgutil.iter_modules(scores.__path__, "runout.scores."))
SURFACE = [
    "Decomposition",
    "DieboldMariano",
    "FLOOR_SHARE",
    "FrequencyInterval",
    "IndexScheme",
    "InformationGain",
    "IntervalCoverage",
    "PROBABILITY_CLIP",
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


def test_the_surface_is_what_it_was():
    assert sorted(scores.__all__) == SURFACE


@pytest.mark.parametrize("name", PUBLIC_THINGS)
def test_every_public_name_has_a_docstring(name):
    assert getattr(scores, name).__doc__.strip()


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


def test_importing_the_scores_does_not_import_scipy():
    code = "import sys, runout.scores; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
