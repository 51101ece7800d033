"""A lake from before an import refused such rows: what cannot be computed from is left out and named."""

from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from forecast.histories import DAY, START
from pipeline.daily_lakes import daily_lake
from pipeline.perpetual_lakes import perpetual_lake
from runout.clock import NANOSECONDS_PER_HOUR
from runout.lake import Lake
from runout.pipeline.bulletin_inputs import issue
from runout.pipeline.derive import compute
from runout.pipeline.verify import verify_lake
from runout.records import KINDS, Series, conform
from runout.render.text import render

DAYS = 60
END = START + DAYS * DAY
EIGHT = 8 * NANOSECONDS_PER_HOUR


def with_funding(lake: Lake, hours_by_venue: dict[str, float]) -> Lake:
    ends = END - EIGHT * np.arange(30)[::-1]
    for venue, hours in hours_by_venue.items():
        one = Series(
            series=f"test/funding/BTC/{venue}/8h", kind="funding", provider="test", coin="BTC", venues=(venue,),
            instruments="perpetual", market="perpetual", step=EIGHT,
        )  # fmt: skip
        rows = pl.DataFrame({"event_time": ends, "known_time": ends, "rate": np.linspace(-1e-4, 2e-4, len(ends))})
        rows = rows.with_columns(
            series=pl.lit(one.series), coin=pl.lit("BTC"), span=pl.lit(EIGHT), interval_hours=pl.lit(hours)
        )
        lake.register([one])
        lake.append("funding", conform(rows, KINDS["funding"]))
    return lake


def test_funding_that_is_quoted_for_no_hours_is_left_out_of_a_bulletin_and_named(tmp_path: Path) -> None:
    hours = {"binance": 8.0, "bybit": 8.0, "gate": 0.0, "htx": 0.0}
    lake = with_funding(daily_lake(tmp_path / "lake", days=DAYS), hours)
    compute(lake)
    made = issue(lake, "BTC", END)
    assert [words for words in made.missing if "0 hours" in words] == [
        "funding of test/funding/BTC/gate/8h that is quoted for 0 hours",
        "funding of test/funding/BTC/htx/8h that is quoted for 0 hours",
    ]
    said = render(made)
    assert "Bybit" in said
    assert "inf%" not in said


def test_open_interest_without_a_step_is_named_by_verify(tmp_path: Path) -> None:
    made, lake = perpetual_lake(tmp_path / "made"), Lake(tmp_path / "lake")
    renamed = "test/open_interest/BTC/binance/irregular"
    stepless = [
        msgspec.structs.replace(one, series=renamed, step=0) if one.kind == "open_interest" else one
        for one in made.series()
    ]
    lake.register(stepless)
    for kind in ("bars", "open_interest", "liquidations"):
        rows = made.scan(kind).collect()
        lake.append(kind, rows.with_columns(series=pl.lit(renamed)) if kind == "open_interest" else rows)
    [said] = [one for one in verify_lake(lake).findings if one.check == "step"]
    assert (said.severity, said.series) == ("warning", renamed)
    assert said.statement.startswith("has no step; its rows come mostly 4h apart")
