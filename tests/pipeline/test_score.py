"""The issued forecast is scored on any lake and period, and says what a short period cannot tell."""

import csv
import io
import json
from pathlib import Path

import pytest

from forecast.histories import START
from pipeline.daily_lakes import FINE_FROM, FINE_TO, FOUR_HOURS, add_fine, daily_lake
from runout.cli.main import main
from runout.clock import format_date
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.registry import CLIMATOLOGY, ISSUED, REFERENCE
from runout.lake import Lake
from runout.pipeline.forecast_history import read_past
from runout.pipeline.score import LEAST_DAYS, OWN_DAYS, READ_AT_HOUR, score_forecast

DAY = 86_400 * 10**9
FAR = START + 430 * DAY


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return daily_lake(tmp_path_factory.mktemp("lake"), days=430)


@pytest.fixture(scope="module")
def end(lake: Lake) -> int:
    return int(read_past(lake, FAR).history.day[-1])


def test_a_period_shorter_than_ten_days_has_losses_and_says_why_it_has_no_intervals(lake: Lake, end: int) -> None:
    scored = score_forecast(lake, end - 4 * DAY, end, threshold_usd=1e8)
    assert scored.days == 5
    assert {loss.model for loss in scored.losses} == {ISSUED, REFERENCE, CLIMATOLOGY}
    assert all(loss.low is None for loss in scored.losses)
    assert any("No intervals" in note and "5" in note for note in scored.notes)


def test_a_longer_period_has_paired_intervals_around_the_mean_difference(lake: Lake, end: int) -> None:
    scored = score_forecast(lake, end - (LEAST_DAYS - 1) * DAY, end, threshold_usd=1e8)
    others = [loss for loss in scored.losses if loss.model != ISSUED]
    assert scored.days == LEAST_DAYS
    assert all(loss.low <= loss.gain <= loss.high for loss in others)
    ours = {loss.measure: loss.loss for loss in scored.losses if loss.model == ISSUED}
    assert all(loss.gain == pytest.approx(ours[loss.measure] - loss.loss) for loss in others)


def test_a_day_is_forecast_from_the_days_before_it_alone(lake: Lake, end: int) -> None:
    alone = score_forecast(lake, end - 9 * DAY, end - 9 * DAY, threshold_usd=1e8)
    cut = daily_lake(Path(lake.root).parent / "cut", days=430)
    assert score_forecast(cut, end - 9 * DAY, end - 9 * DAY, threshold_usd=1e8) == alone


def test_a_threshold_that_no_day_reached_is_named(lake: Lake, end: int) -> None:
    scored = score_forecast(lake, end - 2 * DAY, end, threshold_usd=1e15)
    assert scored.events == 0
    assert any("No day reached" in note for note in scored.notes)


def test_a_period_without_data_names_the_days_that_there_are(lake: Lake, end: int) -> None:
    with pytest.raises(NotEnoughDataError, match=format_date(end)):
        score_forecast(lake, end + 30 * DAY, end + 40 * DAY)


@pytest.mark.parametrize(("days", "threshold"), [(-1, 1e8), (1, 0.0)])
def test_a_period_that_ends_before_it_begins_or_no_threshold_is_refused(
    lake: Lake, end: int, days: int, threshold: float
) -> None:
    with pytest.raises(UsageError, match="expected a period"):
        score_forecast(lake, end, end + days * DAY, threshold_usd=threshold)


def test_the_command_prints_the_same_figures_as_text_json_and_csv(
    lake: Lake, end: int, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["score", "--from", format_date(end - 3 * DAY), "--to", format_date(end), "--lake", str(lake.root)]

    def printed(form: str) -> str:
        assert main([*asked, "--threshold", "1e8", "--format", form]) == 0
        return capsys.readouterr().out

    told, rows, text = json.loads(printed("json")), list(csv.DictReader(io.StringIO(printed("csv")))), printed("text")
    assert [float(row["loss"]) for row in rows] == [loss["loss"] for loss in told["losses"]]
    for loss in told["losses"]:
        assert f"{loss['loss']:.4f}" in text
    assert "No intervals" in text


@pytest.fixture(scope="module")
def fine_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("fine") / "lake")
    add_fine(made)
    return made


def test_the_next_24_h_are_scored_from_every_fourth_hour_beside_the_days_forecast_read_at_it(fine_lake: Lake) -> None:
    end = START + (FINE_TO - 6) * DAY
    scored = score_forecast(fine_lake, end - 4 * DAY, end, question="next", threshold_usd=1e7)
    assert scored.days == 5 * DAY // FOUR_HOURS
    assert {loss.model for loss in scored.losses} >= {ISSUED, READ_AT_HOUR, CLIMATOLOGY}


def test_a_young_lake_is_scored_and_names_what_needs_more_days(fine_lake: Lake) -> None:
    first = START + FINE_FROM * DAY
    scored = score_forecast(fine_lake, first + 20 * DAY, first + 40 * DAY, threshold_usd=1e7)
    assert scored.days == 21
    assert any(note.startswith(f"{REFERENCE}: 0 of 21") for note in scored.notes)
    assert any(note.startswith(f"{CLIMATOLOGY}: 1") for note in scored.notes)


def test_whole_days_say_nothing_of_the_next_24_h(lake: Lake, end: int) -> None:
    with pytest.raises(NotEnoughDataError, match="4 h or finer"):
        score_forecast(lake, end - 4 * DAY, end, question="next")


def test_a_newcomer_is_scored_beside_who_has_all_days(lake: Lake, end: int) -> None:
    scored = score_forecast(lake, end - 2 * DAY, end, question="newcomer", threshold_usd=1e8)
    losses = {loss.model: loss.loss for loss in scored.losses if loss.measure == "crps"}
    assert set(losses) == {ISSUED, REFERENCE, CLIMATOLOGY, *(f"issued, from {n} days of own totals" for n in OWN_DAYS)}
    assert len(set(losses.values())) == len(losses)
