"""``runout verify`` reads a lake as of a moment, and its exit code says whether to look."""

import json
from pathlib import Path

import polars as pl
import pytest

from runout.cli.main import main
from runout.clock import parse_time
from runout.lake import Lake
from runout.pipeline.verify import verify_lake
from runout.records import KINDS, Series, conform

DAY = 86_400_000_000_000
START = parse_time("2025-01-01")
RESERVES = "test/reserves/BTC/binance/1d"


def series() -> Series:
    return Series(
        series=RESERVES,
        kind="reserves",
        provider="test",
        coin="BTC",
        venues=("binance",),
        instruments="wallets",
        market="on-chain",
        margin="none",
        step=DAY,
        stamp="day",
    )


def rows(days: range) -> pl.DataFrame:
    times = [START + day * DAY for day in days]
    return conform(
        pl.DataFrame(
            {
                "series": RESERVES,
                "coin": "BTC",
                "event_time": times,
                "span": 0,
                "known_time": times,
                "reserve_base": [2e6 + 100.0 * (day * 7919 % 31) for day in days],
            }
        ),
        KINDS["reserves"],
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.register([series()])
    lake.append("reserves", rows(range(40)))
    return lake


def at(day: int) -> str:
    return f"2025-01-{day:02d}T00:00Z"


def test_a_clean_lake_exits_with_zero_and_says_so(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--lake", lake.root, "--at", at(31)]) == 0
    out = capsys.readouterr().out
    assert "1 series, 31 rows, known up to 2025-01-31T00:00Z" in out
    assert "clean: 0 errors, 0 warnings, 0 notes" in out


def test_a_gap_makes_the_exit_code_one_and_is_told_in_words(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    lake.append("reserves", rows(range(45, 50)))
    assert main(["verify", "--lake", lake.root, "--at", "2025-02-20"]) == 1
    out = capsys.readouterr().out
    assert f"{RESERVES}: 5 rows of 1d are missing, 2025-02-10T00:00Z to 2025-02-14T00:00Z" in out
    assert "→ import the period again" in out


def test_what_was_not_known_yet_is_not_audited(lake: Lake) -> None:
    lake.append("reserves", rows(range(45, 50)))
    assert verify_lake(lake, at=START + 30 * DAY).is_clean()
    assert not verify_lake(lake, at=START + 50 * DAY).is_clean()


def test_a_series_that_had_not_begun_is_not_missed(lake: Lake) -> None:
    assert verify_lake(lake, at=START - DAY).findings == ()


def test_notes_alone_leave_the_exit_code_zero(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    lake.append("reserves", rows(range(45, 50)))
    gap = pl.DataFrame(
        {
            "series": [RESERVES],
            "coin": ["BTC"],
            "event_time": [START + 45 * DAY],
            "span": [5 * DAY],
            "known_time": [START + 45 * DAY],
            "reason": ["the provider was down"],
        }
    )
    lake.append("gaps", gap)
    assert main(["verify", "--lake", lake.root, "--at", "2025-02-20"]) == 0
    assert "recorded as a gap: the provider was down" in capsys.readouterr().out


def test_json_is_one_document_with_the_findings_and_their_counts(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    lake.append("reserves", rows(range(45, 50)))
    assert main(["verify", "--lake", lake.root, "--at", "2025-02-20", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["counts"] == {"error": 0, "warning": 1, "note": 0}
    assert document["clean"] is False
    assert document["schema_version"]
    (found,) = document["findings"]
    assert list(found) == [
        "check",
        "severity",
        "series",
        "coin",
        "start",
        "end",
        "observed",
        "expected",
        "statement",
        "remedy",
    ]
    assert (found["check"], found["start"], found["expected"]) == ("gap", "2025-02-10T00:00Z", 5.0)


def test_the_same_lake_gives_the_same_bytes(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    lake.append("reserves", rows(range(45, 50)))
    outputs: list[str] = []
    for _ in range(2):
        main(["verify", "--lake", lake.root, "--at", "2025-02-20", "--format", "json"])
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


def test_without_a_moment_a_row_from_the_future_of_the_clock_is_an_error(lake: Lake) -> None:
    lake.append("reserves", rows(range(60_000, 60_001)))
    found = verify_lake(lake).findings
    assert ("future", "error", RESERVES) in {(one.check, one.severity, one.series) for one in found}


def test_rows_of_no_registered_series_are_found(lake: Lake) -> None:
    stranger = rows(range(3)).with_columns(series=pl.lit("test/reserves/BTC/nobody/1d"))
    lake.append("reserves", stranger)
    found = verify_lake(lake, at=START + 39 * DAY).findings
    assert [(one.check, one.series) for one in found] == [("scope_missing", "test/reserves/BTC/nobody/1d")]


def test_no_lake_is_not_enough_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--lake", str(tmp_path / "nothing")]) == 4
    assert "expected a lake" in capsys.readouterr().err


def test_a_moment_that_is_no_time_is_a_usage_error(lake: Lake) -> None:
    assert main(["verify", "--lake", lake.root, "--at", "yesterday"]) == 2
