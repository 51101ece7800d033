"""Scoring: which days are scored, scores against plain arithmetic, and the pages and log that a run leaves."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from forecast.histories import DAY, START, history
from pipeline.daily_lakes import daily_lake
from runout.clock import parse_time
from runout.errors import NotEnoughDataError
from runout.forecast.danger import level_records
from runout.forecast.features import evidence_of
from runout.forecast.walking import walk
from runout.pipeline.forecasts import Past, read_past
from runout.scores import reliability_curve
from studies.forecast.pages import FIGURE, LOG, PAGE, page, write_pages
from studies.forecast.registry import ISSUED, REFERENCE, model_named
from studies.forecast.report import Case, ConditionScore, HeadlineLevel, Period, Report
from studies.forecast.scorecard import Score, brier_difference, score
from studies.forecast.study import ground_of

pytestmark = pytest.mark.xdist_group("scoring")

DAYS = 1475

# -- which days -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    lake = daily_lake(tmp_path_factory.mktemp("scoring") / "lake", days=DAYS, coins=("BTC", "ETH"))
    return read_past(lake, START + DAYS * DAY)


def test_every_day_from_2022_on_that_has_a_total_is_scored(past: Past) -> None:
    ground = ground_of(past)
    assert ground.day.tolist() == list(range(parse_time("2022-01-01"), START + DAYS * DAY, DAY))
    assert np.array_equal(ground.total_usd, np.exp(np.log(past.history.total_usd[ground.rows])))
    first = Period("one day", int(ground.day[5]), int(ground.day[6]))
    assert ground.inside(first).sum() == 1
    assert ground.events(float(ground.total_usd[5]))[5]


def test_a_day_without_a_total_is_not_scored(past: Past) -> None:
    long_usd = past.history.long_usd.copy()
    long_usd[900] = np.nan
    silent = msgspec.structs.replace(past, history=msgspec.structs.replace(past.history, long_usd=long_usd))
    assert set(ground_of(past).rows.tolist()) - set(ground_of(silent).rows.tolist()) == {900}


def test_rows_that_were_revised_later_are_refused(past: Past) -> None:
    known = past.history.known_time.copy()
    known[700] += 5 * DAY
    revised = msgspec.structs.replace(past, history=msgspec.structs.replace(past.history, known_time=known))
    with pytest.raises(NotEnoughDataError, match=r"found 1 revised later.*score a lake of one vintage"):
        ground_of(revised)


@pytest.mark.parametrize("days", [900, 1400])
def test_a_lake_that_ends_before_2025_is_refused(days: int, past: Past) -> None:
    short = msgspec.structs.replace(past, history=past.history.head(days))
    with pytest.raises(NotEnoughDataError, match="from a year before 2022-01-01 to after 2025-01-01"):
        ground_of(short)


# -- walks ------------------------------------------------------------------------------------------------------------


def test_a_walk_says_of_each_day_what_a_fit_on_the_days_before_it_says() -> None:
    evidence, model, theta = evidence_of(history(480)), model_named(REFERENCE), [1e8, 3e8]
    walked = walk(model, evidence, range(460, 480), theta, levels=[0.1, 0.9])
    assert walked.probability.shape == walked.low.shape == walked.high.shape == walked.quantiles.shape == (20, 2)
    for place, target in ((0, 460), (19, 479)):
        known = evidence.head(target)
        made = model.fit(known).predict(known)
        assert np.array_equal(walked.probability[place], made.exceedance(theta))
        assert np.array_equal(walked.quantiles[place], made.quantile([0.1, 0.9]))


def test_a_model_fitted_once_keeps_the_parameters_of_the_first_day() -> None:
    evidence, model = evidence_of(history(480)), model_named("constant")
    once = walk(model, evidence, range(460, 480), [2e8], refit_days=None).probability[:, 0]
    weekly = walk(model, evidence, range(460, 480), [2e8], refit_days=7).probability[:, 0]
    assert len(set(once.tolist())) == 1
    assert np.array_equal(once[:7], weekly[:7])
    assert len(set(weekly.tolist())) <= 3


# -- scores -----------------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(8)
CHANCE = np.clip(RNG.beta(1.0, 6.0, 400), 0.01, 0.95)
EVENT = RNG.random(400) < CHANCE
CLIMATE = np.full(400, 0.14)
BLURRED = np.clip(0.5 * CHANCE + 0.3 * RNG.beta(1.0, 6.0, 400), 0.01, 0.95)


def scored(name: str, chance: np.ndarray, *, against: bool = True) -> Score:
    return score(name, chance, EVENT, reference=BLURRED if against else None, climatology=CLIMATE)


def test_scores_are_those_of_plain_arithmetic() -> None:
    one = scored("ours", CHANCE)
    brier = sum((p - float(e)) ** 2 for p, e in zip(CHANCE, EVENT, strict=True)) / 400
    theirs = sum((p - float(e)) ** 2 for p, e in zip(BLURRED, EVENT, strict=True)) / 400
    climate = sum((p - float(e)) ** 2 for p, e in zip(CLIMATE, EVENT, strict=True)) / 400
    assert one.brier == pytest.approx(brier)
    assert one.skill == pytest.approx(1 - brier / climate)
    assert one.log == pytest.approx(-np.mean(np.log(np.where(EVENT, CHANCE, 1 - CHANCE))))
    pairs = [(p > q) + 0.5 * (p == q) for p in CHANCE[EVENT] for q in CHANCE[~EVENT]]
    assert one.auc == pytest.approx(np.mean(pairs))
    assert one.against_reference is not None
    assert one.against_reference.mean == pytest.approx(brier - theirs)
    assert (one.days, one.events, one.frequency) == (400, int(EVENT.sum()), EVENT.mean())


def test_a_forecast_against_itself_differs_by_nothing_and_one_that_knows_beats_it() -> None:
    same = brier_difference(CHANCE, CHANCE, EVENT)
    assert (same.mean, same.low, same.high) == (0, 0, 0)
    assert brier_difference(np.where(EVENT, 0.9, 0.05), CHANCE, EVENT).upper_bound < 0


def test_a_calibrated_forecast_has_a_slope_about_one_inside_its_interval() -> None:
    one = scored("ours", CHANCE)
    assert one.slope_low is not None
    assert one.slope_high is not None
    assert one.slope_low < 1 < one.slope_high


def test_without_events_there_is_no_slope_and_no_ranking() -> None:
    one = score("ours", CHANCE, np.zeros(400, bool), reference=None, climatology=CLIMATE)
    assert (one.auc, one.slope_low, one.against_reference) == (None, None, None)


# -- pages ------------------------------------------------------------------------------------------------------------

PERIOD = Period("2022 to 2024", parse_time("2022-01-01"), parse_time("2025-01-01"))


def report() -> Report:
    name, ours = PERIOD.name, scored(ISSUED, CHANCE)
    condition = ConditionScore(
        move=0.03, period=name, days=90, events=30, brier=0.15, brier_unconditional=0.2, brier_climatology=0.18,
        mean_probability=0.31,
    )  # fmt: skip
    case = Case(
        day=parse_time("2025-08-18"), probability=0.17, low=0.1, high=0.3, headline_probability=None, total_usd=2.7e8
    )
    return Report(
        scope="seven coins, three venues", fingerprint="f" * 64, periods=(PERIOD,),
        scores={name: (scored(REFERENCE, BLURRED, against=False), ours)}, thresholds={"2.5e+08": {name: ours}},
        leads={name: (scored(REFERENCE, BLURRED, against=False), ours)},
        shares={"0.2%": {name: (12, brier_difference(CHANCE, BLURRED, EVENT))}, "0.5%": {}},
        dropouts={"nothing": {name: (0.0541, 0.87)}, "lags": {name: (0.06, None)}},
        levels={name: level_records(CHANCE, EVENT)},
        headline_levels={
            name: (HeadlineLevel(level=1, days=0, share=0.0, mean_probability=None, expected_waves=0.0),) * 5
        },
        conditions=(condition,), cases=(case,),
        curves={name: reliability_curve(CHANCE, EVENT, rng=np.random.default_rng(0))}, width=0.071,
    )  # fmt: skip


def test_a_run_writes_page_and_figure_and_adds_to_the_log(tmp_path: Path) -> None:
    folder, made = tmp_path / "scores", report()
    paths = write_pages(made, folder, run_time=parse_time("2026-11-01"), commit="abc1234")
    assert paths == [folder / PAGE, folder / FIGURE, folder / LOG]
    first = (folder / LOG).read_bytes()
    figure = (folder / FIGURE).read_bytes()
    write_pages(made, folder, run_time=parse_time("2026-11-02"), commit="abc1235")
    lines = (folder / LOG).read_bytes()
    assert lines.startswith(first)
    assert [json.loads(line)["commit"] for line in lines.splitlines()] == ["abc1234", "abc1235"]
    assert (folder / FIGURE).read_bytes() == figure


def test_a_line_of_the_log_holds_commit_configuration_period_and_scores(tmp_path: Path) -> None:
    made = report()
    write_pages(made, tmp_path, run_time=parse_time("2026-11-01"), commit="abc1234")
    line = json.loads((tmp_path / LOG).read_bytes())
    assert (line["kind"], line["run"], line["commit"]) == ("scored run", "2026-11-01T00:00Z", "abc1234")
    assert (line["configuration"]["issued"], line["configuration"]["reference"]) == (ISSUED, REFERENCE)
    assert line["configuration"]["fingerprint"] == made.fingerprint
    assert line["period"] == {"name": PERIOD.name, "first": "2022-01-01", "last": "2024-12-31"}
    assert line["scores"][ISSUED]["brier"] == round(made.scores[PERIOD.name][1].brier, 6)
    assert "against_reference" not in line["scores"][REFERENCE]


def test_the_page_has_every_part_and_its_tables_are_whole() -> None:
    text = page(report(), "abc1234", (31, 4))
    heads = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert heads == [
        "2022 to 2024", "Other thresholds", "Share of open interest", "Two days ahead", "What carries it",
        "Danger levels", "Conditions", "Days of August 2025",
    ]  # fmt: skip
    assert "in 31 looks, of which 4 showed days of 2025 too" in text
    assert "commit `abc1234`" in text
    assert "None" not in text
    assert "nan" not in text.split()
    widths: list[int] = []
    for line in text.splitlines():
        if not line.startswith("|"):
            widths.clear()
            continue
        widths.append(line.count("|"))
        assert len(set(widths)) == 1, line


def test_looks_of_the_research_are_counted_from_the_log(tmp_path: Path) -> None:
    looks = [{"kind": "research look", "period": period} for period in ("2022-2024", "2025", "all")]
    (tmp_path / LOG).write_text("".join(json.dumps(one) + "\n" for one in looks))
    write_pages(report(), tmp_path, run_time=0, commit="abc1234")
    assert "in 3 looks, of which 2 showed days of 2025 too" in (tmp_path / PAGE).read_text()
