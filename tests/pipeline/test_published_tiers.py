"""A maintenance table that a venue published is read from the lake, as it was known at a moment."""

from pathlib import Path

import polars as pl
import pytest

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.margin.cross_account import Holding
from runout.pipeline.position_risk import RiskSetting, risk_of_one
from runout.pipeline.published_tiers import published_tiers
from runout.records import KINDS, conform
from runout.sources.candidates import series_of
from runout.sources.venue import Instrument

FIRST = parse_time("2026-11-20")
DAY = NANOSECONDS_PER_DAY


def lake_with(folder: Path, venue: str, symbol: str, rates: list[float]) -> Lake:
    """Return a lake with a look a day, whose second tier has one of ``rates`` each."""
    instrument = Instrument(
        venue=venue, symbol=symbol, coin="BTC", market="perpetual", margin="stablecoin", contract_base=1.0
    )
    series = series_of(instrument, "margin_tiers", measure="brackets", feed="risk-limit", instant=True)
    rows = [
        (FIRST + day * DAY, number, floor, tier_rate, leverage)
        for day, rate in enumerate(rates)
        for number, floor, tier_rate, leverage in ((1, 0.0, 0.004, 125.0), (2, 1e5, rate, 50.0))
    ]
    names = ["event_time", "tier", "floor_usd", "rate", "max_leverage"]
    table = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        series=pl.lit(series.series), coin=pl.lit("BTC"), span=0, known_time="event_time"
    )
    lake = Lake(folder)
    lake.register([series])
    lake.append("margin_tiers", conform(table, KINDS["margin_tiers"]))
    return lake


def test_a_table_holds_since_the_first_look_that_showed_it_and_later_looks_are_not_known_before(tmp_path: Path) -> None:
    lake = lake_with(tmp_path, "bybit", "BTCUSDT", [0.01, 0.02, 0.02])
    now = published_tiers(lake, "bybit", "BTC", FIRST + 9 * DAY)
    assert now is not None
    assert (now.rates, now.since, now.changed_after, now.last_seen) == (
        (0.004, 0.02), FIRST + DAY, FIRST, FIRST + 2 * DAY,
    )  # fmt: skip
    before = published_tiers(lake, "bybit", "BTC", FIRST + DAY // 2)
    assert before is not None
    assert (before.rates, before.since) == ((0.004, 0.01), FIRST)
    assert published_tiers(lake, "bybit", "BTC", FIRST - 1) is None
    assert published_tiers(lake, "gate", "BTC", FIRST + DAY) is None


@pytest.mark.parametrize(("venue", "symbol", "fee"), [("bybit", "BTCUSDT", None), ("gate", "BTC_USDT", 0.0005)])
def test_the_risk_of_a_position_follows_the_table_that_was_published_last(
    tmp_path: Path, venue: str, symbol: str, fee: float | None
) -> None:
    lake = lake_with(tmp_path, venue, symbol, [0.02])
    holding = Holding(coin="BTC", side="long", quantity=10.0, entry=60_000.0, leverage=10.0)
    risk = risk_of_one(RiskSetting(venue=venue, at=FIRST + DAY, fee_rate=fee, lake=lake), holding)
    (own,) = risk.positions
    assert own.requirement.source == f"risk-limit of {venue}, as the venue answered on 2026-11-20T00:00Z"
    # By hand: equity 60,000 + 10 (P - 60,000) is 0.02 * 10 P less the deduction 100,000 * 0.016.
    assert own.liquidation_price == pytest.approx((600_000 - 60_000 - 1600) / (10 * (1 - 0.02)))
    if venue == "gate":
        with pytest.raises(NotEnoughDataError):
            risk_of_one(RiskSetting(venue=venue, at=FIRST - 1, fee_rate=fee, lake=lake), holding)
