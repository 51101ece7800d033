"""The tape holds single liquidations: totals that trail an odd moment are none."""

import polars as pl

from runout.api.market import tape
from runout.api.observed import feeds
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.lake import Lake
from runout.records import KINDS, Series, conform

AT = 20_000 * NANOSECONDS_PER_DAY


def held(lake: Lake, name: str, span: int) -> None:
    series = Series(
        series=f"{name}/liquidations/BTC/perpetual/irregular", kind="liquidations", provider=name, coin="BTC",
        venues=("okx",), instruments="perpetual", market="perpetual", capture="capped",
    )  # fmt: skip
    lake.register([series])
    row = {
        "series": series.series, "coin": "BTC", "event_time": AT - NANOSECONDS_PER_HOUR, "span": span,
        "known_time": AT - NANOSECONDS_PER_HOUR, "liquidated_side": "long", "sequence": 0, "value_usd": 2.1e6,
    }  # fmt: skip
    lake.append("liquidations", conform(pl.DataFrame([row]), KINDS["liquidations"]))


def test_a_total_of_the_day_before_an_odd_moment_is_in_no_tape(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    held(lake, "aggregator", NANOSECONDS_PER_DAY)
    answer = tape(lake, "BTC", AT)
    assert answer.table.is_empty()
    assert "only totals" in answer.note
    held(lake, "venue", 0)
    assert tape(lake, "BTC", AT).table["series"].to_list() == ["venue/liquidations/BTC/perpetual/irregular"]


def test_the_age_of_a_feed_is_that_of_its_newest_row_and_not_of_a_gap(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    held(lake, "venue", 0)
    gap = {
        "series": "venue/liquidations/BTC/perpetual/irregular", "coin": "BTC", "event_time": AT, "known_time": AT,
        "span": NANOSECONDS_PER_HOUR // 60, "reason": "connecting",
    }  # fmt: skip
    lake.append("gaps", conform(pl.DataFrame([gap]), KINDS["gaps"]))
    assert feeds(lake, "BTC", AT).table["age_seconds"].to_list() == [3600]
