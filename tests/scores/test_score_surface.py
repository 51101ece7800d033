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
    "FrequencyInterval",
    "IntervalCoverage",
    "PROBABILITY_CLIP",
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
