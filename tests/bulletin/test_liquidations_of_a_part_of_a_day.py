"""Of the first hours of collecting a bulletin says what was reported in them, and of how many hours that is."""

from pathlib import Path

import msgspec
import polars as pl
import pytest

from runout.bulletin.brief import brief
from runout.bulletin.findings import Bulletin
from runout.lake import Lake
from runout.pipeline.derive import compute
from runout.pipeline.issue_bulletin import publish
from synthetic.worlds import DAY, START, market, world

DAYS = 10
END = START + DAYS * DAY
HOUR = DAY // 24


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake with four-hour totals of the last eight hours, and finer ones that ended two days ago."""
    published, _ = market(world(days=DAYS, coins=1))
    series, totals = published["synthetic/liquidations/BTC/synth-a/4h"]
    finer = msgspec.structs.replace(
        series, series="synthetic/liquidations/BTC/synth-b/1h", venues=("synth-b",), step=HOUR
    )
    of_finer = totals.filter(pl.col("event_time") < END - 2 * DAY).with_columns(
        span=pl.lit(HOUR), series=pl.lit(finer.series)
    )
    lake = Lake(tmp_path / "lake")
    bars = published["synthetic/bars/BTC/synth-a-perpetual/4h"]
    for one, rows in (bars, (series, totals.filter(pl.col("event_time") > END - 8 * HOUR)), (finer, of_finer)):
        lake.register([one])
        lake.append(one.kind, rows)
    compute(lake)
    return lake


def statement_of(bulletin: Bulletin) -> str:
    (said,) = [
        finding.statement for part in bulletin.sections for finding in part.findings
        if finding.name == "liquidations.24h"
    ]  # fmt: skip
    return said


def test_the_part_that_goes_on_to_now_is_told_with_its_hours(lake: Lake) -> None:
    bulletin = publish(lake, "BTC", END)
    assert "of which 8 h are held, liquidations totalled at least $" in statement_of(bulletin)
    reported = brief(bulletin).liquidated
    assert reported is not None
    assert reported.held_hours == 8.0
    rows = lake.scan("liquidations").filter(pl.col("series") == "synthetic/liquidations/BTC/synth-a/4h").collect()
    assert reported.usd.value == pytest.approx(rows["value_usd"].sum())
    assert "n/a" not in statement_of(bulletin)


def test_what_ended_is_left_out_and_the_bulletin_says_so(lake: Lake) -> None:
    later = publish(lake, "BTC", END - DAY)
    assert not [finding for part in later.sections for finding in part.findings if finding.name == "liquidations.24h"]
    assert any(note.startswith("liquidations, ") for note in brief(later).missing)
