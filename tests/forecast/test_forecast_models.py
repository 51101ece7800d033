"""One battery for every model: distributions, refusals, missing figures, determinism."""

from functools import cache

import msgspec
import numpy as np
import pytest

from forecast.histories import ARRAYS, history, without
from runout.errors import NotEnoughDataError
from runout.forecast.features import LAGS, evidence_of
from runout.forecast.history import History
from runout.forecast.protocol import Model, Predictive
from runout.forecast.registry import ISSUED, MODELS

EACH = pytest.mark.parametrize("entry", MODELS.values(), ids=lambda one: one.name)
THETA = np.geomspace(1e6, 1e11, 60)
PAST = history()


def forecast(entry: Model, of: History = PAST, *, lead: int = 1) -> Predictive:
    evidence = evidence_of(of, lead=lead)
    return entry.fit(evidence).predict(evidence)


@cache
def usual(name: str) -> Predictive:
    return forecast(MODELS[name])


@EACH
def test_chances_lie_between_0_and_1_and_fall_with_the_threshold(entry: Model) -> None:
    chance = usual(entry.name).exceedance(THETA)
    assert ((chance >= 0) & (chance <= 1)).all()
    assert (np.diff(chance) <= 1e-12).all()
    assert chance[0] > 0.9
    assert chance[-1] < 0.01


@EACH
def test_the_interval_holds_the_chance_and_widens_with_its_level(entry: Model) -> None:
    made = usual(entry.name)
    theta = THETA[::6]
    narrow, wide = made.interval(theta, level=0.5), made.interval(theta, level=0.95)
    chance = made.exceedance(theta)
    assert (narrow[0] <= chance + 1e-12).all()
    assert (chance <= narrow[1] + 1e-12).all()
    assert (wide[1] - wide[0] >= narrow[1] - narrow[0] - 1e-12).all()


@EACH
def test_quantiles_are_where_the_chance_says(entry: Model) -> None:
    made = usual(entry.name)
    levels = np.array([0.1, 0.5, 0.9])
    assert np.allclose(made.exceedance(made.quantile(levels)), 1 - levels, atol=0.02)


@EACH
def test_the_same_evidence_gives_the_same_forecast(entry: Model) -> None:
    assert np.array_equal(forecast(entry).exceedance(THETA), usual(entry.name).exceedance(THETA))


@EACH
def test_a_day_later_than_the_next_is_said_with_its_start(entry: Model) -> None:
    day = 86_400 * 10**9
    assert forecast(entry, lead=2).start - usual(entry.name).start == day


@pytest.mark.parametrize("entry", [one for one in MODELS.values() if one.name != ISSUED], ids=lambda one: one.name)
def test_with_too_few_days_the_others_are_not_fitted(entry: Model) -> None:
    with pytest.raises(NotEnoughDataError, match=r"at least \d+ finished days"):
        forecast(entry, history(25))


@EACH
@pytest.mark.parametrize("name", ["funding_rate", "long_short_ratio", "open_interest_usd", "close"])
def test_a_feed_that_is_missing_leaves_a_forecast(entry: Model, name: str) -> None:
    chance = forecast(entry, without(PAST, name)).exceedance(THETA)
    assert np.isfinite(chance).all()


@EACH
def test_a_coin_that_falls_silent_on_the_last_day_does_not_look_like_a_calm(entry: Model) -> None:
    silent = {name: getattr(PAST, name).copy() for name in ("long_usd", "short_usd")}
    for values in silent.values():
        values[-1, 2] = np.nan
    made = forecast(entry, msgspec.structs.replace(PAST, **silent))
    theta = float(usual(entry.name).quantile([0.5])[0])
    assert made.exceedance([theta])[0] == pytest.approx(0.5, abs=0.2)


def gone(days: int, *columns: int) -> History:
    """Return the past with the last days of some coins gone, liquidations and all."""
    changed = {name: getattr(PAST, name).copy() for name in ARRAYS}
    for values in changed.values():
        values[-days:, list(columns)] = np.nan
    return msgspec.structs.replace(PAST, **changed)


@EACH
def test_a_coin_gone_for_a_month_leaves_a_forecast_of_the_whole(entry: Model) -> None:
    made = forecast(entry, gone(30, 2))
    chance = made.exceedance(THETA)
    assert np.isfinite(chance).all()
    low, high = usual(entry.name).quantile([0.1, 0.9])
    assert low < made.quantile([0.5])[0] < high


AUTOREGRESSIVE = [one for one in MODELS.values() if one.name.startswith("har")]
OTHERS = [one for one in MODELS.values() if one not in AUTOREGRESSIVE]


@pytest.mark.parametrize("entry", AUTOREGRESSIVE, ids=lambda one: one.name)
def test_where_most_coins_are_gone_a_model_of_lags_alone_refuses(entry: Model) -> None:
    with pytest.raises(NotEnoughDataError, match="found them missing; import them"):
        forecast(entry, gone(30, 1, 2))


@pytest.mark.parametrize("entry", OTHERS, ids=lambda one: one.name)
def test_where_most_coins_are_gone_others_name_their_lags_or_rest_on_earlier_days(entry: Model) -> None:
    made = forecast(entry, gone(30, 1, 2))
    assert made.missing == () or set(LAGS) <= set(made.missing)
    assert np.isfinite(made.exceedance(THETA)).all()


def test_what_is_issued_says_more_coins_gone_by_wider_forecasts() -> None:
    spread = [
        np.ptp(np.log(made.quantile([0.1, 0.9])))
        for made in (usual(ISSUED), forecast(MODELS[ISSUED], gone(30, 2)), forecast(MODELS[ISSUED], gone(30, 1, 2)))
    ]
    assert spread[0] < min(spread[1:])


def test_features_missing_today_are_named_and_make_the_forecast_wider() -> None:
    blind, seeing = forecast(MODELS[ISSUED], gone_lately("close", "high")), usual(ISSUED)
    assert seeing.missing == ()
    assert {"displacement", "range"} <= set(blind.missing)
    spread = [np.ptp(np.log(one.quantile([0.1, 0.9]))) for one in (blind, seeing)]
    assert spread[0] > spread[1]


def gone_lately(*names: str) -> History:
    gone = {name: getattr(PAST, name).copy() for name in names}
    for values in gone.values():
        values[-8:] = np.nan
    return msgspec.structs.replace(PAST, **gone)


def test_what_is_issued_ranks_days_better_than_chance_on_days_it_has_not_seen() -> None:
    whole = history(760, seed=5)
    evidence = evidence_of(whole)
    model, chances, totals = MODELS[ISSUED], [], []
    theta = float(np.nanquantile(whole.total_usd[:600], 0.8))
    for target in range(600, 760):
        fitted = model.fit(evidence.head(target))
        chances.append(float(fitted.predict(evidence.head(target)).exceedance([theta])[0]))
        totals.append(whole.total_usd[target] >= theta)
    order = np.argsort(chances)
    ranks = np.empty(len(order))
    ranks[order] = np.arange(len(order))
    event = np.array(totals)
    auc = (ranks[event].mean() - (event.sum() - 1) / 2) / (~event).sum()
    assert auc > 0.6
