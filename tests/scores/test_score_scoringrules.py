"""The scores of distributions against scoringrules, which takes three seconds to import and is for development only."""

import numpy as np
import pytest

from runout import scores

scoringrules = pytest.importorskip("scoringrules")

RNG = np.random.default_rng(17)
DOLLARS = RNG.lognormal(19.5, 0.8, size=(200, 31))
REALISED = RNG.lognormal(19.5, 0.8, size=200)


def test_crps_of_an_ensemble():
    expected = scoringrules.crps_ensemble(REALISED, DOLLARS, estimator="nrg")
    np.testing.assert_allclose(scores.crps_ensemble(DOLLARS, REALISED), expected, rtol=1e-10)


def test_crps_of_a_student_t():
    freedom, location, scale = RNG.uniform(2, 40, 200), RNG.normal(size=200), RNG.uniform(0.2, 3, 200)
    observation = RNG.normal(0, 3, 200)
    expected = scoringrules.crps_t(observation, freedom, location, scale)
    np.testing.assert_allclose(scores.crps_student_t(observation, freedom, location, scale), expected, rtol=1e-9)


def test_brier():
    probability, outcome = RNG.random(200), RNG.random(200) < 0.3
    expected = scoringrules.brier_score(outcome.astype(float), probability)
    np.testing.assert_allclose(scores.brier_losses(probability, outcome), expected, rtol=1e-12)
