"""Forecasts from a lake: the same whatever the lake learns later, refused in words where there is too little."""

import json
import re
import shutil
from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from forecast.histories import DAY, START
from pipeline.daily_lakes import daily_lake
from runout.cli.main import main
from runout.clock import format_time
from runout.forecast.targets import DANGER_USD, HEADLINE_USD
from runout.lake import Lake
from runout.pipeline.forecast_history import read_past
from runout.pipeline.forecasts import FALLS, issue_forecast

pytestmark = pytest.mark.xdist_group("forecasting")

DAYS = 400
LAST = START + DAYS * DAY
ORIGIN = LAST - 6 * DAY
FIGURES = {
    "liquidations": "value_usd", "bars": "close", "open_interest": "open_interest_usd", "funding": "rate",
    "positioning": "long_short_ratio",
}  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return daily_lake(tmp_path_factory.mktemp("forecasting") / "lake", days=DAYS)


@pytest.fixture(scope="module")
def said(lake: Lake) -> bytes:
    return as_bytes(lake)


def as_bytes(lake: Lake, at: int = ORIGIN) -> bytes:
    return msgspec.json.encode(issue_forecast(lake, "BTC", at))


def rewritten(lake: Lake, folder: Path, kind: str, rows: pl.DataFrame) -> Lake:
    """Return a copy of a lake in which a table holds other rows."""
    copy = Lake(shutil.copytree(lake.root, folder / "copy"))
    shutil.rmtree(f"{copy.root}/{kind}")
    copy.append(kind, rows)
    return copy


# -- later rows -------------------------------------------------------------------------------------------------------


def test_rows_known_later_may_be_anything(lake: Lake, said: bytes, tmp_path: Path) -> None:
    corrupt = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    later = pl.col("known_time") > ORIGIN
    for kind, name in FIGURES.items():
        figure = pl.col(name)
        rows = lake.scan(kind).collect().with_columns(pl.when(later).then(figure * 1000).otherwise(figure))
        shutil.rmtree(f"{corrupt.root}/{kind}")
        corrupt.append(kind, rows)
    assert as_bytes(corrupt) == said


def test_rows_known_later_may_be_exchanged_or_gone(lake: Lake, said: bytes, tmp_path: Path) -> None:
    rows = lake.scan("liquidations").collect()
    known, later = rows.filter(pl.col("known_time") <= ORIGIN), rows.filter(pl.col("known_time") > ORIGIN)
    mixed = later.with_columns(pl.col("value_usd").shuffle(seed=3))
    for number, kept in enumerate((known, pl.concat([mixed, known]))):
        (tmp_path / str(number)).mkdir()
        assert as_bytes(rewritten(lake, tmp_path / str(number), "liquidations", kept)) == said


def test_a_revision_known_later_does_not_move_what_was_said_before(lake: Lake, said: bytes, tmp_path: Path) -> None:
    copy = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    day = copy.scan("liquidations").filter(pl.col("event_time") == ORIGIN - 3 * DAY).collect()
    copy.append(
        "liquidations", day.with_columns(pl.col("value_usd") * 50, known_time=pl.lit(ORIGIN + DAY)).select(day.columns)
    )
    assert as_bytes(copy) == said
    assert as_bytes(copy, ORIGIN + DAY) != as_bytes(lake, ORIGIN + DAY)


def test_a_row_known_by_then_does_move_it(lake: Lake, said: bytes, tmp_path: Path) -> None:
    figure = pl.col("value_usd")
    last = pl.col("known_time") == ORIGIN
    rows = lake.scan("liquidations").collect().with_columns(pl.when(last).then(figure * 3).otherwise(figure))
    moved = json.loads(as_bytes(rewritten(lake, tmp_path, "liquidations", rows)))
    assert moved["fingerprint"] != json.loads(said)["fingerprint"]
    assert moved["windows"] != json.loads(said)["windows"]


@given(some.integers(366 * 24, DAYS * 24 - 1))
@settings(max_examples=10)
def test_nothing_known_later_enters_the_past_at_any_hour(lake: Lake, hours: int) -> None:
    at = START + hours * DAY // 24
    history = read_past(lake, at).history
    assert history.known_time.max() <= at
    assert int(history.day[-1]) + DAY == at - at % DAY


# -- what it says -----------------------------------------------------------------------------------------------------


def test_chances_conditions_and_versions_are_complete(lake: Lake) -> None:
    made = issue_forecast(lake, "ETH", LAST)
    assert [one.theta_usd for one in made.windows[0].headline] == list(HEADLINE_USD)
    assert [one.move for one in made.conditions] == list(FALLS)
    assert {one.coin for one in made.conditions} == {"ETH"}
    assert [one.lead for one in made.windows] == [1, 2]
    for one in made.conditions:
        assert bool(one.refused) == (one.days == 0) == (not one.headline)
    assert made.ratio_median is not None
    assert made.ratio_median > 0


def test_a_day_later_than_its_data_leads_by_as_many_days(lake: Lake) -> None:
    fresh, stale = issue_forecast(lake, "BTC", LAST), issue_forecast(lake, "BTC", LAST + 2 * DAY)
    assert [one.lead for one in stale.windows] == [3, 4]
    assert stale.windows[0].start == LAST + 2 * DAY
    assert stale.data_through == fresh.data_through == LAST


MISSED = {"bars": "displacement", "open_interest": "open_interest_change_7d"}


def without(lake: Lake, folder: Path, *kinds: str) -> Lake:
    copy = Lake(shutil.copytree(lake.root, folder / "copy"))
    for kind in kinds:
        shutil.rmtree(f"{copy.root}/{kind}")
    return copy


@pytest.mark.parametrize(("kind", "feature"), MISSED.items())
def test_a_feed_that_was_never_imported_is_named_and_leaves_a_forecast(
    kind: str, feature: str, lake: Lake, tmp_path: Path
) -> None:
    made = issue_forecast(without(lake, tmp_path, kind), "BTC", ORIGIN)
    assert feature in made.windows[0].missing
    assert all(0 <= one.low <= one.probability <= one.high <= 1 for one in made.windows[0].headline)
    assert all(bool(one.refused) == (kind == "bars") for one in made.conditions if one.move < 0.05)


def test_liquidations_alone_give_a_wider_forecast_that_names_what_lacks(
    lake: Lake, said: bytes, tmp_path: Path
) -> None:
    made = issue_forecast(without(lake, tmp_path, *MISSED, "funding", "positioning"), "BTC", ORIGIN)
    assert {"displacement", "open_interest_change_7d"} <= set(made.windows[0].missing)
    assert made.windows[0].level is not None
    full = json.loads(said)["windows"][0]["median_usd"]
    assert made.windows[0].median_usd == pytest.approx(full, rel=0.5)


def test_prices_and_open_interest_alone_give_a_level_on_the_first_day(lake: Lake, tmp_path: Path) -> None:
    made = issue_forecast(without(lake, tmp_path, "liquidations"), "BTC", ORIGIN)
    assert made.windows[0].level is not None
    assert made.windows[0].measured == ()
    assert made.totals == ()
    assert made.windows[0].base_rate is None
    assert any("No totals of liquidations serve" in note for note in made.notes)
    known = issue_forecast(lake, "BTC", ORIGIN)
    chances = [one.windows[0].headline[2] for one in (made, known)]
    assert chances[0].high / chances[0].low > 2 * chances[1].high / chances[1].low


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def thin(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return daily_lake(tmp_path_factory.mktemp("thin") / "lake", days=200, coins=("BTC", "ETH"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["BTC", "--at", "2020-06-01"],
            "expected liquidations or prices of the 45 days before 2020-06-01, found no tot",
        ),
        (["BTC", "--at", "2025-06-01"], "test/liquidations/BTC/binance+okx+bybit/1d of 2 coins, by 1d, to 2021-07-19"),
        (["PEPE", "--at", "2021-06-01"], "expected PEPE among the coins with prices or liquidations"),
    ],
)
def test_lack_of_data_is_4_and_says_which(
    arguments: list[str], told: str, thin: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forecast", *arguments, "--lake", str(thin.root)]) == 4
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""


def test_under_a_year_there_is_a_level_and_no_conditions(thin: Lake) -> None:
    made = issue_forecast(thin, "BTC", START + 200 * DAY)
    assert made.windows[0].level is not None
    assert all("at least 365 finished days" in one.refused for one in made.conditions)


def test_an_empty_lake_is_4_and_a_wrong_time_2(thin: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "BTC", "--lake", str(tmp_path / "none")]) == 4
    assert main(["forecast", "BTC", "--at", "soon", "--lake", str(thin.root)]) == 2
    assert capsys.readouterr().out == ""


def test_the_command_says_both_days_and_writes_nothing(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    before = lake.fingerprint()
    noon = format_time(LAST + DAY // 2)
    assert main(["forecast", "btc", "--at", noon, "--lake", str(lake.root)]) == 0
    told = capsys.readouterr().out
    assert told.count("danger level") == 2
    assert told.count("if BTC trades at ") == 3
    assert "Market-wide over reported:" in told
    assert lake.fingerprint() == before
    assert not Path(f"{lake.root}/ledger").exists()


def test_the_text_keeps_to_the_width_of_the_screen(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = list[list[str]]()
    for width in ("50", "100"):
        monkeypatch.setenv("COLUMNS", width)
        assert main(["forecast", "BTC", "--at", format_time(ORIGIN), "--lake", str(lake.root)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= int(width)
        said.append(sorted(set(re.findall(r"\d[\d.]*%", " ".join(lines)))))
    assert said[0] == said[1]


def test_as_json_it_carries_versions_and_the_same_figures(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "BTC", "--at", format_time(ORIGIN), "--lake", str(lake.root), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    made = issue_forecast(lake, "BTC", ORIGIN, moves=())
    assert (told["schema_version"], told["method_version"]) == ("1.0", made.method_version)
    assert (told["at"], told["fingerprint"]) == (format_time(ORIGIN), made.fingerprint)
    first, level = told["windows"][0], made.windows[0].level
    assert level is not None
    assert (first["danger_level"], first["danger_word"]) == (int(level), level.word)
    wave = next(one for one in made.windows[0].headline if one.theta_usd == DANGER_USD)
    assert next(one for one in first["headline"] if one["theta_usd"] == DANGER_USD) == {
        "theta_usd": DANGER_USD, "probability": round(wave.probability, 6), "low": round(wave.low, 6),
        "high": round(wave.high, 6),
    }  # fmt: skip
    assert [one["move"] for one in told["conditions"]] == list(FALLS)


def test_hourly_liquidations_serve_as_the_days_they_complete(lake: Lake, tmp_path: Path):
    hourly = Lake(tmp_path / "hourly")
    for one in lake.series():
        rows = lake.scan(one.kind).filter(pl.col("series") == one.series).collect()
        if one.kind == "liquidations":
            name, hour = one.series.replace("/1d", "/1h"), DAY // 24
            hours = rows.join(pl.DataFrame({"hour": range(24)}), how="cross")
            end = pl.col("event_time") - DAY + (pl.col("hour") + 1) * hour
            rows = hours.with_columns(
                event_time=end, known_time=end, span=hour, value_usd=pl.col("value_usd") / 24, series=pl.lit(name)
            ).filter((pl.col("coin") != "BTC") | (pl.col("event_time") != LAST - hour))
            one = msgspec.structs.replace(one, series=name, step=hour)  # noqa: PLW2901
        hourly.register([one])
        hourly.append(one.kind, rows)
    daily, summed = read_past(lake, LAST).history, read_past(hourly, LAST).history
    assert summed.coins == daily.coins
    assert summed.long_usd[:-1] == pytest.approx(daily.long_usd[:-1], rel=1e-9, nan_ok=True)
    lacking = [coin for coin, value in zip(summed.coins, summed.long_usd[-1], strict=True) if value != value]  # noqa: PLR0124
    assert lacking == ["BTC"]  # an hour of its last day is missing
