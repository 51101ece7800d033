"""The Python interface answers what the command line answers, as of the same moments, in the same errors."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from html import escape
from pathlib import Path

import polars as pl
import pytest

import runout
from pipeline.daily_lakes import daily_lake
from pipeline.perpetual_lakes import perpetual_lake
from pipeline.test_build_map import AT as MAPPED
from pipeline.test_derive import market, write
from runout.api import Session
from runout.api.questions import Question
from runout.api.time_inputs import nanoseconds
from runout.bulletin import brief_words
from runout.cli.main import main
from runout.clock import format_time
from runout.errors import NotEnoughDataError, UsageError
from runout.lake import Lake
from runout.pipeline.derive import compute
from runout.server.questions import answer

AT = "1970-05-11"  # the end of 130 days


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Session:
    made = Lake(tmp_path_factory.mktemp("serve") / "lake")
    write(made, market(130))
    compute(made)
    return runout.open(made.root)


@pytest.fixture(scope="module")
def perpetual(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return runout.open(perpetual_lake(tmp_path_factory.mktemp("perpetual") / "lake").root)


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return runout.open(daily_lake(tmp_path_factory.mktemp("daily") / "lake").root)


def of_command(capsys: pytest.CaptureFixture[str], session: Session, *arguments: str) -> str:
    assert main([*arguments, "--lake", session._lake.root]) == 0
    return capsys.readouterr().out


# -- the same answers -------------------------------------------------------------------------------------------------


def test_a_bulletin_is_that_of_the_command_in_every_form(lake: Session, capsys: pytest.CaptureFixture[str]) -> None:
    made = lake.bulletin("btc", at=AT)
    for form, mine in (("json", made.to_json()), ("text", made.to_text()), ("html", made.to_html())):
        assert mine == of_command(capsys, lake, "bulletin", "BTC", "--full", "--at", AT, "--format", form)


def test_a_bulletin_is_the_same_however_its_lake_was_opened_and_in_the_worker_of_a_server(
    lake: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(lake._lake.root)
    monkeypatch.chdir(root.parent)
    asked = Question(resource="bulletin", at=nanoseconds(AT))
    served = [answer(name, asked).documents["json"].decode() for name in (str(root), "lake", "./lake")]
    assert set(served) == {runout.open(name).bulletin("BTC", at=AT).to_json() for name in (root, "lake")}
    assert " --lake lake" in served[0]


def test_a_map_is_that_of_the_command(perpetual: Session, capsys: pytest.CaptureFixture[str]) -> None:
    at = format_time(MAPPED)
    made = perpetual.map("BTC", at=at)
    for form, mine in (("json", made.to_json()), ("text", made.to_text()), ("html", made.to_html())):
        assert mine == of_command(capsys, perpetual, "map", "BTC", "--at", at, "--format", form)
    csv = pl.read_csv(of_command(capsys, perpetual, "map", "--at", at, "--format", "csv").encode())
    assert made.to_polars().height == csv.height
    assert made.to_polars().columns == csv.columns


def test_a_model_of_the_map_has_one_name_everywhere(perpetual: Session, capsys: pytest.CaptureFixture[str]) -> None:
    at = format_time(MAPPED)
    of_path = perpetual.map("BTC", at=at, model="path").to_json()
    assert of_path == of_command(capsys, perpetual, "map", "--at", at, "--model", "path", "--format", "json")
    assert json.loads(of_path)["model"] == "path"
    with pytest.raises(UsageError, match="no model 'exact' of the map; there are inferred, path, measured"):
        perpetual.map("BTC", at=at, model="exact")  # pyright: ignore[reportArgumentType]
    with pytest.raises(NotEnoughDataError, match="--positions FILE"):
        perpetual.map("BTC", at=at, model="measured")


def test_a_forecast_is_that_of_the_command(daily: Session, capsys: pytest.CaptureFixture[str]) -> None:
    at = last_day(daily)
    made = daily.forecast("BTC", at=at)
    assert made.to_json() == of_command(capsys, daily, "forecast", "BTC", "--at", at, "--format", "json")


def test_rows_and_series_are_those_of_the_commands(lake: Session, capsys: pytest.CaptureFixture[str]) -> None:
    listed = pl.read_csv(of_command(capsys, lake, "series", "--coin", "BTC", "--format", "csv").encode())
    assert lake.series("BTC")["series"].to_list() == listed["series"].to_list()
    name = listed["series"][0]
    printed = pl.read_csv(of_command(capsys, lake, "rows", name, "--at", AT, "--since", "1970-04-01").encode())
    mine = lake.rows(name, at=AT, since="1970-04-01")
    assert mine.columns == printed.columns
    assert mine.height == printed.height > 0
    assert mine["event_time"].max() <= datetime(1970, 5, 11, tzinfo=UTC)


def last_day(session: Session) -> str:
    last = session._lake.scan("liquidations").select(pl.col("known_time").max()).collect().item()
    return format_time(last)


# -- tables -----------------------------------------------------------------------------------------------------------


def test_a_row_of_a_bulletins_table_is_a_quantity_of_its_json(lake: Session) -> None:
    made = lake.bulletin(at=AT)
    document = json.loads(made.to_json())
    said = [
        (section["key"], finding["name"], one["name"], one["unit"])
        for section in document["sections"]
        for finding in section["findings"]
        for one in finding["evidence"]["quantities"]
    ]
    table = made.to_polars()
    assert table.select("section", "finding", "quantity", "unit").rows() == said
    assert table["window_end"].dtype == pl.Datetime("ns", "UTC")
    assert table["window_end"].max() <= datetime(1970, 5, 12, tzinfo=UTC)


def test_a_forecasts_table_holds_each_chance_of_its_json(daily: Session) -> None:
    made = daily.forecast(at=last_day(daily))
    document, table = json.loads(made.to_json()), made.to_polars()
    first = document["windows"][0]
    mine = table.filter(pl.col("lead_days") == first["lead_days"], pl.col("condition_coin").is_null())
    said = [one["probability"] for one in first["headline"] + first["measured"]]
    assert mine["probability"].to_list() == pytest.approx(said, abs=1e-6)
    given = table.filter(pl.col("condition_coin") == "BTC")
    moves = [one["move"] for one in document["conditions"]]
    assert given["condition_move"].unique().sort().to_list() == moves
    refused = [one["move"] for one in document["conditions"] if one["refused"]]
    assert given.filter(pl.col("refused").is_not_null())["condition_move"].to_list() == refused


def test_sweeps_and_clusters_of_a_map_are_tables_with_times(perpetual: Session) -> None:
    made = perpetual.map(at=format_time(MAPPED))
    document = json.loads(made.to_json())
    assert made.clusters().height == len(document["clusters"])
    assert made.sweeps()["realised_usd"].round().to_list() == [one["realised_usd"] for one in document["sweeps"]]
    assert made.sweeps()["end_time"].dtype == pl.Datetime("ns", "UTC")


# -- pictures ---------------------------------------------------------------------------------------------------------


def test_a_map_is_a_picture_in_a_notebook(perpetual: Session) -> None:
    assert perpetual.map(at=format_time(MAPPED))._repr_png_().startswith(b"\x89PNG")


def test_a_bulletin_in_a_notebook_has_its_one_screen_and_a_figure_and_fetches_nothing(lake: Session) -> None:
    made = lake.bulletin(at=AT)
    shown = made._repr_html_()
    for label, words in brief_words.lines(made.brief()):
        assert escape(words) in shown or label == brief_words.MORE
    assert "<svg" in shown
    assert "<script" not in shown
    assert "src=" not in shown


def test_a_forecast_in_a_notebook_has_a_row_a_chance(daily: Session) -> None:
    made = daily.forecast(at=last_day(daily))
    chances = sum(len(window.headline) + len(window.measured) for window in made.content.windows)
    assert made._repr_html_().count("position: relative") == chances


def test_an_answer_says_in_a_line_what_it_is(lake: Session, perpetual: Session, daily: Session) -> None:
    assert repr(lake.bulletin(at=AT)) == "<bulletin of BTC as of 1970-05-11T00:00Z>"
    said = repr(perpetual.map(at=format_time(MAPPED)))
    assert said == f"<liquidation map of BTC on binance as of {format_time(MAPPED)}, inferred>"
    assert repr(daily.forecast(at=last_day(daily))) == f"<forecast of BTC as of {last_day(daily)}>"
    assert repr(lake) == f"runout.open({lake._lake.root!r})"


# -- moments ----------------------------------------------------------------------------------------------------------


def test_text_date_and_datetime_of_one_moment_are_the_same() -> None:
    noon = nanoseconds("2025-08-18T12:00Z")
    assert nanoseconds("2025-08-18T12:00") == noon
    assert nanoseconds(datetime(2025, 8, 18, 12, tzinfo=UTC)) == noon
    assert nanoseconds(datetime(2025, 8, 18, 14, tzinfo=timezone(timedelta(hours=2)))) == noon
    assert nanoseconds(date(2025, 8, 18)) == nanoseconds("2025-08-18")


def test_no_moment_is_now() -> None:
    before = datetime.now(UTC)
    assert abs(nanoseconds(None) / 1e9 - before.timestamp()) < 60


def test_a_datetime_without_a_zone_is_refused_and_told_how() -> None:
    with pytest.raises(UsageError, match="with a zone"):
        nanoseconds(datetime(2025, 8, 18, 12))  # noqa: DTZ001 - the point


@pytest.mark.parametrize("wrong", ["yesterday", 1_755_518_400, 1.5, True, b"2025"])
def test_what_is_no_moment_is_a_usage_error(wrong: object) -> None:
    with pytest.raises(UsageError, match="expected"):
        nanoseconds(wrong)  # type: ignore[arg-type] - the point


# -- errors -----------------------------------------------------------------------------------------------------------


def test_a_folder_without_a_lake_is_said_when_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughDataError, match="runout import"):
        runout.open(tmp_path / "none")


def test_too_little_data_is_a_lookup_error(lake: Session) -> None:
    with pytest.raises(LookupError, match="expected bars of DOGE"):
        lake.bulletin("DOGE", at=AT)
    with pytest.raises(NotEnoughDataError):
        lake.forecast(at="2015-01-01")
    with pytest.raises(NotEnoughDataError):
        lake.map("DOGE", at=AT)


def test_series_of_two_kinds_or_of_none_are_refused(lake: Session) -> None:
    two = lake.series("BTC").unique("kind", maintain_order=True)["series"].head(2).to_list()
    for wrong in (two, ["nobody/nothing"], []):
        with pytest.raises(UsageError, match="series of one kind"):
            lake.rows(*wrong)


# -- cost -------------------------------------------------------------------------------------------------------------


def test_import_runout_loads_nothing_heavy_and_shows_open() -> None:
    code = (
        "import sys, runout; heavy = {'polars', 'numpy', 'msgspec', 'deltalake', 'runout.api'} & set(sys.modules); "
        "assert not heavy, heavy; assert runout.open.__doc__"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_interface_is_what_the_public_contract_names() -> None:
    questions = {name for name in vars(Session) if not name.startswith("_")}
    page = (Path(__file__).parents[2] / "docs" / "public-contract.md").read_text(encoding="utf-8")
    assert {name for name in questions if f"| `.{name}(" not in page} == set()
