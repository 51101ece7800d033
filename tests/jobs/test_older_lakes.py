"""A lake from before an import refused such rows: what cannot be computed from is left out and named."""

from pathlib import Path

import numpy as np
import polars as pl

from forecast.histories import DAY, START
from jobs.daily_lakes import daily_lake
from runout.bulletin.text import render
from runout.clock import NANOSECONDS_PER_HOUR
from runout.jobs.computing import compute
from runout.jobs.issuing import issue
from runout.lake import Lake
from runout.records import KINDS, Series, conform

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
