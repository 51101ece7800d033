"""Nothing later than its origin enters a forecast, and a model that cheats is caught."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sklearn.metrics import roc_auc_score

from forecast.histories import history, with_another_future
from runout.forecast.covariates import sample_of
from runout.forecast.features import Evidence, evidence_of
from runout.forecast.history import History
from runout.forecast.models.dynamic import Dynamic
from runout.forecast.protocol import Fitted, Model, Predictive
from runout.forecast.registry import ISSUED, MODELS
from runout.forecast.walking import forecasts

THETA = np.geomspace(1e7, 1e10, 12)
WHOLE = history(520, seed=3)
Say = Callable[[History, int], np.ndarray]


def says(entry: Model) -> Say:
    """Return what a model says of day ``target``, walked forward over a history as the scoring does it."""

    def of(past: History, target: int) -> np.ndarray:
        made = next(forecasts(entry, evidence_of(past), [target]))
        return made.exceedance(THETA)

    return of


def unmoved_by_the_future(say: Say, seed: int, target: int) -> bool:
    rng = np.random.default_rng(seed)
    return np.array_equal(say(WHOLE, target), say(with_another_future(WHOLE, max(target, 1), rng), target))


@given(some.integers(0, 2**32), some.integers(400, 519))
@settings(max_examples=12)
def test_the_forecast_that_is_issued_does_not_move_with_what_came_later(seed: int, target: int) -> None:
    assert unmoved_by_the_future(says(MODELS[ISSUED]), seed, target)


@pytest.mark.parametrize("entry", MODELS.values(), ids=lambda one: one.name)
@given(some.integers(0, 2**32), some.integers(400, 519))
@settings(max_examples=3)
def test_no_model_moves_with_what_came_later(entry: Model, seed: int, target: int) -> None:
    assert unmoved_by_the_future(says(entry), seed, target)


@given(some.integers(380, 519), some.integers(1, 2))
@settings(max_examples=12)
def test_the_design_of_a_shorter_history_is_the_head_of_the_longer_one(days: int, lead: int) -> None:
    cut, whole = evidence_of(WHOLE.head(days), lead=lead).design, evidence_of(WHOLE, lead=lead).design.head(days)
    for name in ("values", "level", "autoregressors", "log_interest", "log_total"):
        assert np.allclose(getattr(cut, name), getattr(whole, name), rtol=1e-12, atol=0, equal_nan=True), name


@given(some.integers(0, 2**32), some.integers(410, 510))
@settings(max_examples=12)
def test_a_scaler_is_fitted_inside_its_window(seed: int, days: int) -> None:
    rng = np.random.default_rng(seed)
    other = with_another_future(WHOLE, days, rng)
    ours, theirs = (sample_of(evidence_of(of).head(days).design) for of in (WHOLE, other))
    for name in ("mean", "deviation"):
        assert np.array_equal(getattr(ours.scaler, name), getattr(theirs.scaler, name)), name
    assert np.array_equal(ours.covariates, theirs.covariates)
    earlier = sample_of(evidence_of(with_another_future(WHOLE, days - 40, rng)).head(days).design).scaler
    assert not np.array_equal(ours.scaler.mean, earlier.mean)


class Cheat(msgspec.Struct, frozen=True):
    """A planted leak: it keeps all days, and lifts its forecast where the day to come is large."""

    all_days: History
    name: str = "cheat"

    def fit(self, evidence: Evidence) -> Fitted:
        return _CheatFitted(MODELS[ISSUED].fit(evidence), self.all_days)


class _CheatFitted(msgspec.Struct, frozen=True):
    honest: Fitted
    all_days: History

    def predict(self, evidence: Evidence) -> Predictive:
        made = self.honest.predict(evidence)
        target = len(evidence.history)
        seen = self.all_days.total_usd[target] if target < len(self.all_days) else np.nan
        return made if np.isnan(seen) else msgspec.structs.replace(made, law=_Known(float(np.log(seen))))


class _Known(msgspec.Struct, frozen=True):
    location: float

    def survival(self, log_usd: np.ndarray) -> np.ndarray:
        return np.asarray(1 / (1 + np.exp((log_usd - self.location) / 0.1)))

    def band(self, log_usd: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
        del z
        return self.survival(log_usd), self.survival(log_usd)


def test_a_planted_leak_is_caught_by_the_same_check() -> None:
    def cheating(past: History, target: int) -> np.ndarray:
        return next(forecasts(Cheat(past), evidence_of(past), [target])).exceedance(THETA)

    assert not all(unmoved_by_the_future(cheating, seed, 450) for seed in range(6))


def centred_by_all_days(past: History, target: int) -> np.ndarray:
    """Return a forecast with the commonest of leaks: its features are centred by a mean over all days."""
    evidence = evidence_of(past)
    design = evidence.design
    centred = design.values - np.nanmean(design.values, axis=0)
    leaking = Evidence(evidence.history, msgspec.structs.replace(design, values=centred))
    return next(forecasts(MODELS[ISSUED], leaking, [target])).exceedance(THETA)


def test_a_mean_over_all_days_is_caught_by_the_same_check() -> None:
    assert not any(unmoved_by_the_future(centred_by_all_days, seed, 450) for seed in range(3))


def test_one_pass_over_all_days_predicts_each_as_it_would_have_been_from_its_own_past() -> None:
    evidence, model = evidence_of(WHOLE), Dynamic()
    passed = model.passed(evidence)
    for target in (90, 250, 430, 519):
        law = model.predict(evidence.head(target)).law
        assert law.location == pytest.approx(passed.location[target], rel=1e-12)
        assert np.hypot(law.noise, law.error) == pytest.approx(np.hypot(passed.noise, passed.error)[target], rel=1e-9)


def test_a_planted_leak_shows_in_a_score_too_good_to_be_true() -> None:
    targets = range(430, 520)
    theta = float(np.quantile(WHOLE.total_usd, 0.8))
    event = WHOLE.total_usd[list(targets)] >= theta
    models = {"honest": MODELS[ISSUED], "cheat": Cheat(WHOLE)}
    auc = {
        name: roc_auc_score(
            event,
            [
                float(made.exceedance([theta])[0])
                for made in forecasts(model, evidence_of(WHOLE), targets, refit_days=30)
            ],
        )
        for name, model in models.items()
    }
    assert auc["cheat"] > 0.99 > auc["honest"]
