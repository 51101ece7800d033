"""The ledger of forecasts: issued once, chained, and altered by nobody unseen."""

import shutil
from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as some

from forecast.histories import DAY, START
from pipeline.daily_lakes import daily_lake
from runout.cli.main import main
from runout.errors import NotEnoughDataError
from runout.forecast.ledger import broken_links
from runout.forecast.targets import DANGER_USD
from runout.lake import Lake
from runout.pipeline import ledger
from runout.pipeline.bulletin_inputs import issue
from runout.pipeline.derive import compute
from runout.pipeline.forecasts import issue_forecast
from runout.pipeline.replay import by_level, replay
from runout.pipeline.verify import verify_lake
from runout.render.encoding import encode

pytestmark = pytest.mark.xdist_group("ledger")

DAYS = 420
ORIGINS = [START + day * DAY for day in range(DAYS - 4, DAYS + 1)]
LAST = ORIGINS[-1]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = daily_lake(tmp_path_factory.mktemp("bare") / "lake", days=DAYS)
    compute(lake)
    return lake


@pytest.fixture(scope="module")
def held(bare: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = copy(bare, tmp_path_factory.mktemp("held"))
    assert ledger.issue_daily(lake, "BTC", ORIGINS) == len(ORIGINS)
    return lake


def copy(lake: Lake, folder: Path) -> Lake:
    return Lake(shutil.copytree(lake.root, folder / "copy"))


def rows(lake: Lake) -> pl.DataFrame:
    return lake.scan("ledger").collect().sort("sequence")


def test_a_forecast_states_level_chances_and_conditions_of_the_day_ahead(bare: Lake) -> None:
    made = issue_forecast(bare, "BTC", LAST)
    today, tomorrow = made.windows
    assert (today.start, today.end, tomorrow.start) == (LAST, LAST + DAY, LAST + DAY)
    assert today.level is not None
    chances = [one.probability for one in today.headline]
    assert chances == sorted(chances, reverse=True)
    falls = [one.headline[0].probability for one in made.conditions if one.headline]
    assert falls == sorted(falls)
    assert made.data_through == LAST


def test_within_a_day_the_forecast_is_of_that_day_from_what_was_known_at_its_start(bare: Lake) -> None:
    noon, midnight = issue_forecast(bare, "BTC", LAST + DAY // 2), issue_forecast(bare, "BTC", LAST)
    assert noon.windows[0].start == LAST
    assert noon.windows[0].measured == midnight.windows[0].measured


def test_thin_and_old_data_are_refused_with_their_reason(bare: Lake, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughDataError, match="found no totals in"):
        issue_forecast(bare, "BTC", START - DAY)
    with pytest.raises(NotEnoughDataError, match=r"found test/liquidations/ADA\S+ of 7 coins, by 1d, to 20.*import"):
        issue_forecast(bare, "BTC", LAST + 50 * DAY)
    with pytest.raises(NotEnoughDataError, match="expected PEPE among the coins"):
        issue_forecast(bare, "PEPE", LAST)
    assert main(["forecast", "BTC", "--at", "2020-06-01", "--lake", str(bare.root)]) == 4


def test_a_narrower_scope_has_a_level_by_a_larger_and_less_certain_ratio(bare: Lake, tmp_path: Path) -> None:
    narrow = issue_forecast(daily_lake(tmp_path / "narrow", days=DAYS, coins=("BTC", "ETH")), "BTC", LAST)
    wide = issue_forecast(bare, "BTC", LAST)
    assert narrow.windows[0].level is not None
    assert narrow.windows[0].measured
    assert (narrow.ratio_median or 0) > (wide.ratio_median or 0)


def test_data_after_the_moment_do_not_move_it(bare: Lake, tmp_path: Path) -> None:
    for number, at in enumerate((ORIGINS[0], ORIGINS[2] + DAY // 3)):
        cut = bare.copy_as_of(at, tmp_path / f"cut{number}")
        assert msgspec.json.encode(issue_forecast(cut, "BTC", at)) == msgspec.json.encode(
            issue_forecast(bare, "BTC", at)
        )


def test_each_origin_is_issued_once(held: Lake) -> None:
    before = rows(held)
    assert ledger.issue_daily(held, "BTC", ORIGINS) == 0
    assert rows(held).equals(before)
    assert ledger.audit(held) == []


def test_two_processes_write_what_one_writes(bare: Lake, held: Lake, tmp_path: Path) -> None:
    lake = copy(bare, tmp_path)
    ledger.issue_daily(lake, "BTC", ORIGINS, workers=2)
    assert rows(lake)["forecast"].equals(rows(held)["forecast"])


FIELDS = ("coin", "event_time", "known_time", "issued_time", "forecast", "previous", "entry_hash", "method_version")


@given(some.integers(0, len(ORIGINS) - 1), some.sampled_from(FIELDS), some.integers(1, 10**6))
def test_a_changed_field_of_any_entry_is_found(held: Lake, place: int, name: str, by: int) -> None:
    entries = rows(held).to_dicts()
    value = entries[place][name]
    entries[place][name] = value + by if isinstance(value, int) else value + (b" " if isinstance(value, bytes) else "x")
    assert broken_links(pl.DataFrame(entries, schema=rows(held).schema))


@given(some.integers(0, len(ORIGINS) - 2))
def test_an_entry_taken_out_or_exchanged_is_found(held: Lake, place: int) -> None:
    whole = rows(held)
    assert broken_links(pl.concat([whole[:place], whole[place + 1 :]]))
    order = [*range(place), place + 1, place, *range(place + 2, len(whole))]
    assert broken_links(whole[order].with_columns(sequence=whole["sequence"]))


def test_verify_names_a_forged_entry(held: Lake, tmp_path: Path) -> None:
    lake = copy(held, tmp_path)
    forged = rows(lake).with_columns(
        forecast=pl.when(pl.col("sequence") == 2).then(pl.lit(b"{}")).otherwise(pl.col("forecast"))
    )
    shutil.rmtree(f"{lake.root}/ledger")
    lake.append("ledger", forged)
    found = [one for one in verify_lake(lake).findings if one.check == "ledger_chain"]
    assert [one.severity for one in found] == ["error"]
    assert "entry 2: its content differs from its hash" in found[0].statement


def test_a_replay_says_what_followed_and_a_second_adds_nothing(bare: Lake, tmp_path: Path) -> None:
    lake = copy(bare, tmp_path)
    replay(lake, "BTC", ORIGINS[0], ORIGINS[1])
    days = replay(lake, "BTC", ORIGINS[0], ORIGINS[-1])
    assert len(days) == len(ORIGINS)
    assert [one.measured_usd is None for one in days] == [False] * 4 + [True]
    assert rows(lake).height == len(ORIGINS)
    assert replay(lake, "BTC", ORIGINS[0], ORIGINS[-1]) == days
    records = by_level(lake, "BTC", days)
    over = [one for one in days if one.estimated_usd is not None]
    assert sum(one.days for one in records) == len(over)
    assert sum(one.waves for one in records) == sum((one.estimated_usd or 0) >= DANGER_USD for one in over)


def test_a_bulletin_does_not_change_with_forecasts_issued_later(bare: Lake, tmp_path: Path) -> None:
    lake, at = copy(bare, tmp_path), ORIGINS[2] + DAY // 2
    ledger.issue_daily(lake, "BTC", ORIGINS[:3])
    then = encode(issue(lake, "BTC", at))
    ledger.issue_daily(lake, "BTC", ORIGINS)
    assert encode(issue(lake, "BTC", at)) == then
    assert b"danger_level" in then


def test_a_bulletin_of_a_day_without_forecast_says_so(bare: Lake) -> None:
    made = issue(bare, "BTC", LAST)
    assert made.sections[0].findings[0].statement.startswith("No danger level: the ledger holds no forecast")


def test_the_bulletin_command_says_the_forecast_of_its_day_and_writes_nothing(
    bare: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = copy(bare, tmp_path)
    assert main(["bulletin", "BTC", "--at", "2022-02-25T06:00Z", "--lake", str(lake.root)]) == 0
    assert "of 5, " in capsys.readouterr().out
    assert rows(lake).height == 0
    assert main(["forecast", "BTC", "--at", "2022-02-25T06:00Z", "--issue", "--lake", str(lake.root)]) == 0
    assert rows(lake).height == 1
