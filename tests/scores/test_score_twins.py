"""The scores against independent implementations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss

from runout import scores

level = st.sampled_from([0.01, 0.05, 0.1, 0.5, 0.9])
cases = (
    st.lists(st.tuples(level | st.floats(0.001, 0.999), st.booleans()), min_size=4, max_size=60)
    .map(lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True)))
    .filter(lambda columns: 0 < columns[1].sum() < len(columns[1]))
)


@given(cases)
def test_probability_scores_agree_with_scikit_learn(columns):
    probability, outcome = columns
    assert scores.brier_losses(probability, outcome).mean() == pytest.approx(
        brier_score_loss(outcome, probability), abs=1e-15
    )
    assert scores.log_score(probability, outcome) == pytest.approx(log_loss(outcome, probability), rel=1e-12)


def test_recalibration_agrees_with_scikit_learn():
    rng = np.random.default_rng(3)
    log_odds = rng.normal(-1.5, 1, size=600)
    outcome = rng.random(600) < 1 / (1 + np.exp(0.3 - 0.7 * log_odds))
    ours = scores.fit_recalibration(1 / (1 + np.exp(-log_odds)), outcome)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(log_odds[:, np.newaxis], outcome)
    assert ours.slope == pytest.approx(theirs.coef_[0, 0], rel=1e-5)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], rel=1e-5)
