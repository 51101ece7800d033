"""Draws and quantiles of a forecast fit the distribution they come from."""

import numpy as np
import pytest

from forecast.histories import history
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.features import evidence_of
from runout.forecast.models.climatology import Climatology
from runout.forecast.protocol import Predictive
from runout.forecast.walking import walk

OF = history(500)
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


@pytest.fixture(scope="module")
def made() -> Predictive:
    evidence = evidence_of(OF, lead=1)
    return Climatology(name="all days").fit(evidence).predict(evidence)


def test_quantiles_turn_exceedances_round(made: Predictive) -> None:
    usd = made.quantile(LEVELS)
    assert (np.diff(usd) > 0).all()
    np.testing.assert_allclose(1.0 - made.exceedance(usd), LEVELS, atol=0.03)


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.1, np.nan])
def test_a_quantile_of_no_probability_is_refused(made: Predictive, wrong: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        made.quantile(wrong)


def test_draws_lie_as_the_distribution_says(made: Predictive) -> None:
    drawn = made.sample(np.random.default_rng(2), 4000)
    for level, usd in zip(LEVELS, made.quantile(LEVELS), strict=True):
        assert (drawn <= usd).mean() == pytest.approx(level, abs=0.03)


def test_a_climatology_of_a_window_without_a_day_says_so() -> None:
    with pytest.raises(NotEnoughDataError, match="last 0"):
        Climatology(name="none", window_days=0).fit(evidence_of(OF, lead=1))


def test_a_walk_holds_what_each_origin_said(made: Predictive) -> None:
    evidence = evidence_of(OF, lead=1)
    targets = np.arange(evidence.design.days - 10, evidence.design.days)
    model = Climatology(name="all days")
    found = walk(model, evidence, targets, theta_usd=(1e6, 1e7), levels=(0.1, 0.9))
    assert found.target.tolist() == targets.tolist()
    assert found.probability.shape == (10, 2)
    assert (found.low <= found.probability).all()
    assert (found.probability <= found.high).all()
