"""A replay: interrupted it goes on, in any order it says the same, and it leaves what was issued as it was."""

import json
import shutil
from pathlib import Path

import msgspec
import polars as pl
import pytest

from forecast.histories import DAY, START
from forecast.made_up import made_up
from pipeline.daily_lakes import daily_lake
from runout.bulletin.findings import Bulletin
from runout.cli.main import main
from runout.clock import format_date
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.ledger import FIRST, chain, without_chain
from runout.forecast.targets import DANGER_USD
from runout.lake import Lake
from runout.pipeline import ledger
from runout.pipeline.bulletin_inputs import issue
from runout.pipeline.bulletin_inputs.danger import past_outcomes
from runout.pipeline.derive import compute
from runout.pipeline.replay import by_level, replay

pytestmark = pytest.mark.xdist_group("replaying")

DAYS = 385
LAST = START + DAYS * DAY
ORIGINS = [LAST - back * DAY for back in (4, 3, 2)]
TOO_EARLY = [START - day * DAY for day in range(20, 5, -1)]
"""Origins before any data: as many as a batch holds, less one."""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = daily_lake(tmp_path_factory.mktemp("replaying") / "lake", days=DAYS)
    compute(lake)
    return lake


@pytest.fixture(scope="module")
def whole(bare: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Return the lake with the ledger of one run, not interrupted."""
    lake = copy(bare, tmp_path_factory.mktemp("whole"))
    assert ledger.issue_daily(lake, "BTC", [*TOO_EARLY, *ORIGINS]) == len(ORIGINS)
    return lake


def copy(lake: Lake, folder: Path) -> Lake:
    return Lake(shutil.copytree(lake.root, folder / "copy"))


def entries(lake: Lake) -> pl.DataFrame:
    return lake.scan("ledger").collect().sort("sequence")


# -- resumable --------------------------------------------------------------------------------------------------------


class Interrupted:
    """A progress that is interrupted from the keyboard as the second batch begins."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def __call__(self, _name: str, number: int, total: int) -> None:
        self.calls.append((number, total))
        if len(self.calls) == 2:
            raise KeyboardInterrupt


def test_an_interrupted_run_keeps_what_it_wrote_and_goes_on_to_what_one_run_gives(
    bare: Lake, whole: Lake, tmp_path: Path
) -> None:
    lake, progress = copy(bare, tmp_path), Interrupted()
    with pytest.raises(KeyboardInterrupt):
        ledger.issue_daily(lake, "BTC", [*TOO_EARLY, *ORIGINS], progress=progress)
    assert progress.calls == [(16, 18), (18, 18)]
    assert entries(lake)["event_time"].to_list() == ORIGINS[:1]
    assert ledger.issue_daily(lake, "BTC", [*TOO_EARLY, *ORIGINS]) == 2
    assert entries(lake)["forecast"].equals(entries(whole)["forecast"])
    assert ledger.audit(lake) == []


def test_days_asked_for_twice_and_out_of_order_are_issued_once_and_say_the_same(
    bare: Lake, whole: Lake, tmp_path: Path
) -> None:
    lake = copy(bare, tmp_path)
    assert ledger.issue_daily(lake, "BTC", ORIGINS[2:]) == 1
    assert ledger.issue_daily(lake, "BTC", [ORIGINS[1], ORIGINS[0], ORIGINS[1]]) == 2
    assert entries(lake)["event_time"].to_list() == [ORIGINS[2], ORIGINS[0], ORIGINS[1]]
    assert without_chain(entries(lake)).equals(without_chain(entries(whole)))
    assert ledger.audit(lake) == []


def test_entries_written_once_are_as_they_were_after_later_runs(whole: Lake, tmp_path: Path) -> None:
    lake = copy(whole, tmp_path)
    ledger.issue_daily(lake, "ETH", ORIGINS[:1])
    ledger.issue_daily(lake, "BTC", ORIGINS)
    assert entries(lake)[: len(ORIGINS)].equals(entries(whole))
    assert entries(lake)["coin"].to_list() == ["BTC", "BTC", "BTC", "ETH"]
    assert ledger.audit(lake) == []


@pytest.mark.parametrize("place", [0, 2])
def test_an_entry_written_over_by_another_is_refused_or_found(place: int, whole: Lake, tmp_path: Path) -> None:
    lake = copy(whole, tmp_path)
    forged = entries(lake)[place : place + 1].with_columns(forecast=pl.lit(b"{}"))
    merged = lake.append("ledger", forged)
    assert merged.conflicting.height == 1
    assert entries(lake).equals(entries(whole))
    lake.append("ledger", forged.with_columns(pl.col("known_time") + DAY))
    assert f"entry {place + 1}: its content differs from its hash" in " ".join(
        one.statement for one in ledger.audit(lake)
    )


# -- bulletins --------------------------------------------------------------------------------------------------------


def findings(made: Bulletin) -> dict[str, bytes]:
    return {one.name: msgspec.json.encode(one) for section in made.sections for one in section.findings}


def test_days_replayed_before_a_bulletin_change_nothing_in_it(bare: Lake, whole: Lake, tmp_path: Path) -> None:
    lake, at = copy(bare, tmp_path), ORIGINS[2] + DAY // 2
    ledger.issue_daily(lake, "BTC", ORIGINS[2:])
    alone, after = findings(issue(lake, "BTC", at)), findings(issue(whole, "BTC", at))
    assert alone == after


def test_a_forecast_issued_on_another_day_is_not_taken_for_that_of_the_bulletin(whole: Lake) -> None:
    made = findings(issue(whole, "BTC", ORIGINS[2] + DAY))
    assert b"the ledger holds no forecast" in made["danger.level"]


# -- what followed ----------------------------------------------------------------------------------------------------


def test_what_followed_is_what_was_measured_times_the_ratio_of_its_time(whole: Lake) -> None:
    days = replay(whole, "BTC", ORIGINS[0], ORIGINS[-1])
    said = [one.read() for one in ledger.entries(whole, "BTC")]
    rows = whole.scan("liquidations").collect()
    for day, forecast in zip(days, said, strict=True):
        total = rows.filter(pl.col("event_time") == forecast.at + DAY)["value_usd"].sum()
        assert day.day == format_date(forecast.at)
        assert day.measured_usd == pytest.approx(total)
        assert day.estimated_usd == pytest.approx(total * (forecast.ratio_median or 0))
        assert day.level == forecast.windows[0].level
    assert sum(one.days for one in by_level(whole, "BTC", days)) == len(days)


def test_outcomes_leave_out_days_without_level_total_or_start_of_day() -> None:
    issued = [
        made_up(START), made_up(START + DAY, headline=False), made_up(START + 2 * DAY),
        msgspec.structs.replace(made_up(START + 3 * DAY), at=START + 3 * DAY + DAY // 2),
    ]  # fmt: skip
    links = [chain(one, sequence=i, previous=FIRST, issued_time=one.at) for i, one in enumerate(issued, start=1)]
    found = past_outcomes(links, {("totals",): {START + DAY: 6e8, START + 2 * DAY: 9e9, START + 4 * DAY: 9e9}})
    assert [(one.level, one.probability, one.estimated_usd, one.live) for one in found] == [
        (3, pytest.approx(0.084), 1.2e9, True)
    ]


def test_an_empty_period_is_wrong_usage_and_one_without_forecasts_too_little(whole: Lake) -> None:
    with pytest.raises(UsageError, match="expected a period whose first day"):
        replay(whole, "BTC", ORIGINS[1], ORIGINS[0])
    with pytest.raises(NotEnoughDataError, match="totals or prices of the 45 days before must be there"):
        replay(whole, "BTC", TOO_EARLY[0], TOO_EARLY[2])


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_shows_days_and_levels_and_writes_the_bulletins_of_then(
    whole: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, last = format_date(ORIGINS[0]), format_date(ORIGINS[1])
    arguments = ["replay", "btc", "--from", first, "--to", last, "--lake", str(whole.root), "--out", str(tmp_path)]
    assert main(arguments) == 0
    told = capsys.readouterr()
    assert first in told.out
    assert last in told.out
    assert "How each level fared" in told.out
    assert told.err == ""
    written = sorted(tmp_path.glob("BTC-*.json"))
    assert [one.name for one in written] == [f"BTC-{first}.json", f"BTC-{last}.json"]
    once = [one.read_bytes() for one in written]
    assert json.loads(once[0])["coin"] == "BTC"
    page, table = ((tmp_path / name).read_text(encoding="utf-8") for name in ("track-record.md", "track-record.csv"))
    assert "![Levels by day, what followed, and how each level fared](track-record.svg)" in page
    assert [line.split(",")[0] for line in table.splitlines()] == ["day", first, last]
    assert (tmp_path / "track-record.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert main(arguments) == 0
    assert capsys.readouterr().out == told.out
    assert [one.read_bytes() for one in written] == once


@pytest.mark.parametrize(("first", "last", "code"), [("2022-01-05", "2022-01-01", 2), ("2020-02-01", "2020-02-02", 4)])
def test_the_command_ends_with_the_code_of_what_was_wrong(
    first: str, last: str, code: int, whole: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "BTC", "--from", first, "--to", last, "--lake", str(whole.root), "--workers", "1"]) == code
    assert capsys.readouterr().out == ""


def test_a_wave_is_counted_from_the_threshold_on(whole: Lake) -> None:
    days = replay(whole, "BTC", ORIGINS[0], ORIGINS[-1])
    waves = sum((one.estimated_usd or 0.0) >= DANGER_USD for one in days)
    records = by_level(whole, "BTC", days)
    assert sum(one.waves for one in records) == waves
    for one in records:
        assert one.interval.low <= one.waves / one.days <= one.interval.high
