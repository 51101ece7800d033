"""The battery on two small worlds: what it measures is oriented, kept, gone on with, and said."""

import json
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from runout.clock import NANOSECONDS_PER_HOUR as HOUR
from runout.forecast.registry import ISSUED
from runout.synthetic.true_levels import would_be_reported
from studies.truth import TruthReport, report_of, run_study
from studies.truth.design import Case, forecast_cases, map_cases
from studies.truth.ladders import transport, whole_cells
from studies.truth.long_worlds import LongMeasures, true_sides
from studies.truth.measuring import ALL_VENUES
from studies.truth.pages import write_truth_pages
from studies.truth.report import MAP, UNIFORM
from studies.truth.study import Study

CASE = Case(scenario="overheated", family="herding", seed=3, days=53, traders=3_000)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("truth")


@pytest.fixture(scope="module")
def study(work: Path) -> Study:
    return run_study(work, short=[CASE], long=[])


def test_true_ladders_are_on_the_side_that_would_be_liquidated(study: Study) -> None:
    world = study.maps[0]
    assert (world.true.sum(axis=2) > 0.0).all()
    assert (world.product.sum(axis=2) > 0.0).all()
    # Nothing rests at the price itself: it would have been closed.
    assert world.true[:, :, 0].sum() < 0.05 * world.true.sum()


def test_the_truth_as_a_map_scores_nothing_and_its_mirror_does_not(study: Study) -> None:
    for one in study.maps:
        for moment, side in np.argwhere(one.accounts >= 5).tolist():
            cells, true = whole_cells(float(one.reach[moment, side])), one.true[moment, side]
            assert transport(true, true, cells) == 0.0
            assert transport(true[:cells][::-1], true, cells) > 0.0


def test_sweeps_have_reports_inside_the_truth(study: Study) -> None:
    rows = np.concatenate([one.sweeps for one in study.maps])
    assert (rows[:, 1] > 0.0).all()
    assert (rows[:, 2] <= rows[:, 1]).all()
    assert (rows[:, 1] <= rows[:, 3]).all()
    # Reports come up to twenty minutes late, so single buckets may differ; all together they are a part of the truth.
    assert 0.0 < rows[:, 4].sum() < rows[:, 5].sum()


def test_what_was_opened_is_told_by_side_and_class_of_distance(study: Study) -> None:
    for one in study.maps:
        assert (one.opened >= 0.0).all()
        assert (one.opened.sum(axis=1) > 0.0).all()


def test_capped_feeds_show_no_more_than_the_truth(study: Study) -> None:
    rows = np.concatenate([one.capture for one in study.maps])
    days = rows[rows[:, 0] == ALL_VENUES]
    assert len(days) == 7
    assert (days[:, 1] <= days[:, 5] * 1.001).all()
    assert (days[:, 3] <= days[:, 2]).all()
    assert (days[:, 2] <= days[:, 4]).all()


def test_what_would_be_reported_is_less_the_more_is_closed_at_once() -> None:
    share = would_be_reported(np.array([1e5, 1e7, 1e9])) / np.array([1e5, 1e7, 1e9])
    assert share[0] > 0.95
    assert (np.diff(share) < 0.0).all()


def test_a_finished_world_is_not_measured_again(study: Study, work: Path) -> None:
    kept = sorted(work.rglob("*.npz"))
    before = [path.stat().st_mtime_ns for path in kept]
    again = run_study(work, short=[CASE], long=[])
    assert [path.stat().st_mtime_ns for path in kept] == before
    assert len(kept) == 1
    for one, other in zip(study.maps, again.maps, strict=True):
        for name in one.__struct_fields__:
            assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)


def test_the_design_has_twenty_seeds_and_every_scenario_and_family() -> None:
    cases = map_cases(20)
    assert len({one.seed for one in cases}) == 20
    assert {(one.scenario) for one in cases} == {(one.scenario) for one in forecast_cases(20)}
    assert min(sum(one.family == family for one in cases) for family in {one.family for one in cases}) == 10


def long_world(seed: int, *, slope: float = 1.0) -> LongMeasures:
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-1.0, 1.0, 150)
    event = rng.random(150) < 1 / (1 + np.exp(-slope * log_odds))
    p = 1 / (1 + np.exp(-log_odds))
    return LongMeasures(
        probability=np.column_stack([np.full(150, event.mean()), p, p]), event=event.astype(float),
        flushes=np.array([[5.0, 4.0, 6.0, 4.0], [0.0, 0.0, 0.0, 0.0]]), scripted=np.array([[1.0, 1.0], [0.0, 0.0]]),
        deleveraging=np.array([100.0, 5.0, 8.0, 4.0]),
    )  # fmt: skip


@pytest.fixture(scope="module")
def report(study: Study) -> TruthReport:
    """Return the report of the world told as if two seeds had given it, and of made-up long worlds."""
    twice = (CASE, msgspec.structs.replace(CASE, seed=4, family="cross"))
    longs = tuple(long_world(seed) for seed in range(10))
    return report_of(
        Study(
            map_cases=twice, maps=study.maps * 2, long_cases=tuple(forecast_cases(10)), longs=longs, fingerprint="test"
        )
    )


def test_the_report_finds_calibration_and_counts_what_was_flagged(report: TruthReport) -> None:
    pool = report.calibration[ISSUED]
    assert pool.slope is not None
    assert pool.low is not None
    assert pool.high is not None
    assert pool.slope == pytest.approx(1.0, abs=0.2)
    assert pool.low < pool.slope < pool.high
    assert (report.flushes["flush"].hits, report.flushes["flush"].true) == (40, 50)
    assert report.deleveraging is not None
    assert report.deleveraging.flagged - report.deleveraging.right == 40


def test_page_figure_and_log_say_what_was_found(report: TruthReport, tmp_path: Path) -> None:
    paths = write_truth_pages(report, tmp_path, run_time=0, commit="abc")
    assert [path.name for path in paths] == ["truth.md", "truth.svg", "log.jsonl"]
    page = paths[0].read_text()
    assert "2 worlds of the map" in page
    assert "| herding | " in page
    assert "## Forecast" in page
    assert "nan" not in page
    line = json.loads(paths[2].read_text())
    assert line["configuration"]["what"] == "truth"
    for one in report.whole.values():
        assert one.transport[UNIFORM] > 0.0
        assert one.ratio == pytest.approx(one.transport[MAP] / one.transport[one.best])


def test_truth_by_hour_becomes_bars_of_four_hours_in_dollars() -> None:
    hours = pl.DataFrame({
        "event_time": [HOUR * n for n in (1, 2, 4, 5)] * 2, "quantity_base": [1.0, 2.0, 4.0, 8.0] * 2,
        "liquidated_side": ["long"] * 4 + ["short"] * 4, "cause": ["exogenous"] * 8,
    })  # fmt: skip
    ends = [4 * HOUR, 8 * HOUR]
    bars = pl.DataFrame({"event_time": ends, "known_time": ends, "span": [4 * HOUR] * 2, "close": [10.0, 100.0]})
    found = true_sides(hours, bars)
    assert found["long_usd"].to_list() == [70.0, 800.0]
    assert found["short_usd"].to_list() == [70.0, 800.0]
