"""A map is found to know more where it does, and only there; nothing scored has seen its own outcome."""

import msgspec
import numpy as np
import pytest

from runout.errors import NotEnoughDataError, UsageError
from studies.map import (
    FROZEN,
    ONE_STEP,
    Market,
    along_path,
    columns_that_see_later,
    covariates,
    fit_index,
    gain,
    r_squared,
    swept_by,
    top_decile_ratio,
)
from studies.map.columns import MapColumns
from studies.map.covariates import before, chosen, everything, volatility_and_interest
from studies.map.fitting import EMBARGO_BUCKETS, out_of_fold, split_of
from studies.map.learners import least_squares, ridge
from studies.map.placebos import other_dates, placebos, swept_levels
from studies.map.rivals import interest_by_sign, naive_ladder, volume_profile
from studies.map.study import study

EACH, LEAD, SCORED = 6, 30, 400
STEP = 300 * 10**9


def a_market(seed=0, *, buckets=LEAD + SCORED, lead=LEAD):
    """Return a market whose volume comes in bursts, so that it matters where it was traded."""
    rng = np.random.default_rng(seed)
    count = buckets * EACH
    burst = np.exp(np.repeat(rng.normal(0.0, 1.5, buckets), EACH) + rng.normal(0.0, 0.3, count))
    close = 100.0 * np.exp(np.cumsum(rng.standard_t(4, count) * 0.0015))
    open_ = np.concatenate([[100.0], close[:-1]])
    wick = 1.0 + np.abs(rng.normal(0.0, 0.0006, (2, count)))
    volume = 100.0 * burst
    return Market(
        coin="BTC",
        event_time=(np.arange(count) + 1) * STEP,
        open=open_,
        high=np.maximum(open_, close) * wick[0],
        low=np.minimum(open_, close) / wick[1],
        close=close,
        volume_base=volume,
        taker_buy_base=volume * rng.uniform(0.3, 0.7, count),
        trades=np.round(volume * 10.0),
        open_interest_base=20_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.0005, count))),
        liquidated_usd=np.exp(rng.normal(12.0, 1.0, (buckets, 2))),
        bars_each=EACH,
        scored=buckets - lead,
    )


def with_liquidations_of(market, swept, seed=1):
    """Return the market in which what a map sweeps is what was liquidated, up to noise."""
    rng = np.random.default_rng(seed)
    dollars = np.ones_like(market.liquidated_usd)
    true = swept.frozen.sum(axis=(2, 3)) * 1e6 + 100.0
    dollars[market.lead :] = true * np.exp(rng.normal(0.0, 0.3, true.shape))
    return _with(market, liquidated_usd=dollars)


def _with(market, **fields):
    return Market(**{name: fields.get(name, getattr(market, name)) for name in Market.__struct_fields__})


@pytest.fixture(scope="module")
def planted():
    """A market in which volume decides where liquidations lie."""
    market = a_market()
    swept = swept_by(market, keep_levels=True)
    return with_liquidations_of(market, swept), swept


def predicted(market, mass, side):
    split, target = split_of(market), market.log_dollars[:, side]
    given = chosen(covariates(market, side), ("range",))
    index = fit_index(mass[split.train, side], given[split.train], target[split.train])
    return index.predict(mass[split.test, side], given[split.test]), target[split.test]


# -- what is there is found -------------------------------------------------------------------------------------------


def test_where_volume_decides_the_filter_beats_the_path_alone(planted):
    market, swept = planted
    path = swept_by(market, "constant clock")
    for side in (0, 1):
        (ours, realised), (theirs, _) = (predicted(market, one.frozen, side) for one in (swept, path))
        assert r_squared(ours, realised) > 0.75
        assert gain(ours, theirs, realised).low > 0.02


def test_where_only_the_path_decides_the_filter_gains_nothing():
    market = a_market()
    path = swept_by(market, "constant clock")
    market = with_liquidations_of(market, path)
    (ours, realised), (theirs, _) = (predicted(market, one.frozen, 0) for one in (swept_by(market), path))
    assert gain(ours, theirs, realised).high < 0.0


def test_every_placebo_of_a_true_map_is_worse(planted):
    market, swept = planted
    ours, realised = predicted(market, swept.frozen, 0)
    made = list(placebos(market, swept, np.random.default_rng(0)))
    assert [name.split()[0] for name, _ in made] == ["reflection", *["shift"] * 3, *["date"] * 3]
    for name, mass in made:
        assert gain(ours, predicted(market, mass, 0)[0], realised).low > 0.0, name


def test_rivals_with_the_same_head_stay_behind_the_true_map(planted):
    market, swept = planted
    ours, realised = predicted(market, swept.frozen, 0)
    for rival in (naive_ladder, interest_by_sign, volume_profile):
        theirs, _ = predicted(market, rival(market).frozen, 0)
        assert r_squared(theirs, realised) < r_squared(ours, realised) - 0.05


def test_planted_weights_are_found_up_to_a_factor():
    rng = np.random.default_rng(0)
    swept = rng.gamma(0.5, 1.0, (4000, 3, 2))
    weight = np.array([[0.5, 1.0], [2.0, 4.0], [1.0, 0.25]])
    target = 3.0 + np.log(np.tensordot(swept, weight, axes=2) + 0.05) + rng.normal(0.0, 0.2, 4000)
    index = fit_index(swept, np.zeros((4000, 0)), target)
    ratio = np.exp(index.log_weight) / weight
    assert ratio.max() / ratio.min() < 1.6  # of planted ones that differ by a factor of 16
    assert index.power == pytest.approx(1.0, abs=0.05)


def test_the_gradient_of_the_head_is_that_of_its_objective():
    from scipy.optimize import approx_fprime

    from studies.map.index import _Problem

    rng = np.random.default_rng(0)
    problem = _Problem(rng.gamma(1.0, 1.0, (50, 6)), rng.normal(size=(50, 2)), rng.normal(size=50), 3, 0.01)
    point = rng.normal(size=11) * 0.3
    numeric = approx_fprime(point, lambda at: problem(at)[0], 1e-6)
    np.testing.assert_allclose(problem(point)[1], numeric, atol=1e-5)


# -- nothing has seen its own outcome ---------------------------------------------------------------------------------

BUCKET = SCORED // 2 + 40


def _all_covariates(mode):
    return lambda market: np.column_stack(
        [
            *(chosen(covariates(market, side), everything(mode)) for side in (0, 1)),
            volatility_and_interest(market, mode),
        ]
    )


def _of_map(weighting, mode):
    def made(market):
        swept = swept_by(market, weighting)
        parts = (swept.frozen if mode == FROZEN else swept.ahead, swept.near, swept.held)
        return np.column_stack([one.reshape(market.scored, -1) for one in parts])

    return made


def _of_rival(rival, mode):
    return lambda market: rival(market)[0 if mode == FROZEN else 1].reshape(market.scored, -1)


@pytest.mark.parametrize("mode", [FROZEN, ONE_STEP])
@pytest.mark.parametrize(
    "maker",
    [
        _all_covariates,
        *(lambda mode, w=w: _of_map(w, mode) for w in ("map", "constant clock", "range clock")),
        *(lambda mode, r=r: _of_rival(r, mode) for r in (naive_ladder, interest_by_sign, volume_profile)),
    ],
)
def test_no_column_sees_later(maker, mode):
    market = a_market(buckets=200 + LEAD)
    found = columns_that_see_later(maker(mode), market, 140, mode, np.random.default_rng(0))
    assert found.tolist() == []


def test_columns_of_a_map_for_learners_see_no_later_bucket(planted):
    market, _ = planted
    rows = split_of(market).train

    def made(changed):
        groups = [covariates(changed, side) for side in (0, 1)]
        again = swept_by(changed)
        return MapColumns(again, groups, changed.log_dollars).of(ONE_STEP, 0, rows)

    assert columns_that_see_later(made, market, BUCKET, ONE_STEP, np.random.default_rng(0)).tolist() == []


def test_a_planted_leak_is_caught(planted):
    market, _ = planted

    def leaky(changed):
        dollars = changed.log_dollars[:, 0]
        ahead = changed.open_interest_base[EACH - 1 :: EACH][changed.lead :]
        return np.column_stack([before(dollars, 6), dollars, np.roll(dollars, -1), ahead])

    found = columns_that_see_later(leaky, market, BUCKET, ONE_STEP, np.random.default_rng(0))
    assert found.tolist() == [1, 2, 3]


def test_the_volume_of_a_bucket_is_a_leak_only_if_frozen(planted):
    market, _ = planted

    def volume(changed):
        return covariates(changed, 0)["volume"]

    assert columns_that_see_later(volume, market, BUCKET, FROZEN, np.random.default_rng(0)).tolist() == [0, 1]
    assert columns_that_see_later(volume, market, BUCKET, ONE_STEP, np.random.default_rng(0)).tolist() == []


def test_training_outcomes_were_known_a_day_before_the_first_test(planted):
    market, _ = planted
    split = split_of(market)
    length = STEP * EACH
    ends = market.origin[split.train] + length
    assert ends.max() + EMBARGO_BUCKETS * length <= market.origin[split.test].min()
    assert len(split.test) == SCORED - SCORED // 2


def test_out_of_fold_predictions_come_from_rows_further_than_the_embargo():
    rows = np.arange(20, 110)

    def model(fitted_on):
        return lambda at: np.array([np.abs(fitted_on - row).min() for row in at], dtype=float)

    assert (out_of_fold(model, rows) > EMBARGO_BUCKETS).all()


# -- parts ------------------------------------------------------------------------------------------------------------


def test_levels_that_are_kept_give_the_same_sweep_up_to_a_cell(planted):
    market, swept = planted
    binned = swept_levels(market, swept.levels, swept.cell).sum(axis=(2, 3))
    exact = swept.frozen.sum(axis=(2, 3))
    assert np.corrcoef(binned.ravel(), exact.ravel())[0, 1] > 0.99


def test_dates_are_swapped_with_others_at_least_a_week_away(planted):
    market, _ = planted
    other = other_dates(market, np.random.default_rng(0))
    assert (np.abs(other - np.arange(market.scored)) > 42).all()


def test_a_ladder_level_is_taken_once():
    market = a_market(buckets=60)
    rival = naive_ladder(market)
    added = 4 * market.taker_buy_base.sum()
    assert 0.0 < rival.ahead[:, 0].sum() <= added
    assert (rival.frozen[:, 0].sum(axis=(1, 2)) <= rival.ahead[:, 0].sum(axis=(1, 2)) + 1e-6).all()


def test_a_path_through_a_bar_touches_its_extremes_and_ends():
    path = along_path(*(np.array([v]) for v in (100.0, 104.0, 98.0, 102.0)), 1000)[0]
    assert (path[0], path[-1]) == (100.0, 102.0)
    assert path.min() == pytest.approx(98.0, abs=0.02)
    assert path.max() == pytest.approx(104.0, abs=0.02)
    assert path.argmin() < path.argmax()


def test_dollar_ratio_is_one_where_dollars_are_right_and_two_where_half():
    rng = np.random.default_rng(0)
    predicted = rng.normal(10.0, 1.0, 20_000)
    realised = predicted + rng.normal(0.0, 0.5, 20_000)
    assert top_decile_ratio(predicted, realised, np.exp(0.125)) == pytest.approx(1.0, abs=0.05)
    assert top_decile_ratio(predicted - np.log(2.0), realised, np.exp(0.125)) == pytest.approx(2.0, abs=0.1)


def test_holes_and_gaps_are_refused():
    market = a_market(buckets=40)
    with pytest.raises(NotEnoughDataError, match="holes"):
        _with(market, open_interest_base=np.where(np.arange(240) == 7, np.nan, 1.0))
    with pytest.raises(NotEnoughDataError, match="gap"):
        _with(market, event_time=market.event_time + np.where(np.arange(240) > 100, STEP, 0))
    with pytest.raises(UsageError, match="bars for each"):
        _with(market, bars_each=5)
    with pytest.raises(NotEnoughDataError, match="buckets to score"):
        split_of(market)


@pytest.fixture(scope="module")
def small_study():
    market = a_market(buckets=320, lead=0)
    return study(market, with_placebos=False, boosted=ridge, four=ridge)


def test_a_study_holds_every_row_for_both_questions_and_sides(small_study):
    assert {(one.mode, one.side) for one in small_study.scored} == {
        (mode, side) for mode in (FROZEN, ONE_STEP) for side in ("long", "short")
    }
    names = {one.name for one in small_study.scored if one.mode == FROZEN and one.side == "long"}
    assert {"range alone", "naive ladder", "constant clock", "map", "boosted", "four learners + map"} <= names
    assert all(-1.0 <= one.rank_correlation <= 1.0 and one.top_decile_ratio > 0.0 for one in small_study.scored)
    assert all(one.gain.low <= one.gain.mean <= one.gain.high for one in small_study.compared)
    assert small_study.trained + EMBARGO_BUCKETS + 84 == small_study.tested == 160


def test_page_figure_and_log_say_what_the_study_holds(small_study, tmp_path):
    from studies.map.pages import write_map_pages
    from studies.map.reading import MapReport

    report = MapReport(studies=(small_study,), series=(), fingerprint="ab12")
    paths = write_map_pages(report, tmp_path, run_time=STEP, commit="0000000")
    assert [path.name for path in paths] == ["map.md", "map-gains.svg", "log.jsonl"]
    page = paths[0].read_text(encoding="utf-8")
    row = small_study.row("map", "range", FROZEN, "long")
    assert f"| map | range | {row.r_squared:.3f} |" in page
    lines = [msgspec.json.decode(line) for line in paths[2].read_bytes().splitlines()]
    assert [(one["configuration"]["mode"], one["configuration"]["side"]) for one in lines] == [
        (mode, side) for mode in (FROZEN, ONE_STEP) for side in ("long", "short")
    ]
    assert lines[0]["scores"]["map | range"]["r_squared"] == round(row.r_squared, 6)


def test_a_column_that_stood_still_while_it_was_fitted_moves_nothing_later():
    rng = np.random.default_rng(0)
    swept, still = rng.gamma(1.0, 1.0, (80, 2, 1)), np.full((80, 1), 0.1)
    index = fit_index(swept, still, np.log(swept.sum(axis=(1, 2))))
    np.testing.assert_allclose(index.predict(swept, still + 5.0), index.predict(swept, still), atol=1e-6)


def test_least_squares_finds_a_plane():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 2))
    np.testing.assert_allclose(least_squares(x, 1 + x @ [2.0, -3.0])(x), 1 + x @ [2.0, -3.0], atol=1e-9)
