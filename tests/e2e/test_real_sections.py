"""All sections on real data, 18 August 2025 12:00 and 19 August 01:00 UTC: numbers are fixed, verdicts are not."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from runout.bulletin.findings import Bulletin, Finding, Quantity
from runout.clock import parse_time
from runout.lake import Lake
from runout.pipeline.bulletin_inputs import issue

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]


@pytest.fixture(scope="module")
def noon(real_lake: Lake) -> Bulletin:
    return issue(real_lake, "BTC", parse_time("2025-08-18T12:00Z"))


@pytest.fixture(scope="module")
def night(real_lake: Lake) -> Bulletin:
    return issue(real_lake, "BTC", parse_time("2025-08-19T01:00Z"))


def finding(bulletin: Bulletin, name: str) -> Finding:
    return next(one for section in bulletin.sections for one in section.findings if one.name == name)


def quantity(bulletin: Bulletin, name: str, of: str) -> Quantity:
    return next(one for one in finding(bulletin, name).evidence.quantities if one.name == of)


def number(bulletin: Bulletin, name: str, of: str) -> float:
    value = quantity(bulletin, name, of).value
    assert value is not None
    return value


def raw_dominance(real_data: Path) -> dict[str, float]:
    """Read the file by hand: percent by day."""
    folder = real_data / "daily-dominance-reserves-sharafa32"
    rows = (folder / "btc_dominance.csv").read_text().splitlines()
    parsed = [line.split(",") for line in rows[1:]]
    return {one[0][:10]: float(one[1]) for one in parsed}


def test_dominance_is_what_each_moment_knew(noon: Bulletin, night: Bulletin, real_data: Path) -> None:
    raw = raw_dominance(real_data)
    assert number(noon, "rotation.dominance", "dominance") == pytest.approx(0.5862, abs=5e-5)
    assert number(night, "rotation.dominance", "dominance") == pytest.approx(0.5898, abs=5e-5)
    assert number(night, "rotation.dominance", "dominance_change") == pytest.approx(0.0036, abs=1e-4)
    assert raw["2025-08-17"] == pytest.approx(58.62, abs=0.005)
    assert raw["2025-08-18"] == pytest.approx(58.98, abs=0.005)


def test_total2_is_derived_from_dominance_and_price_and_says_so(night: Bulletin, real_data: Path) -> None:
    raw, found = raw_dominance(real_data), finding(night, "rotation.total2")
    before, after = raw["2025-08-17"] / 100, raw["2025-08-18"] / 100
    price = 116_227.05 / 117_405.01  # closes of BTCUSDT spot, 17 and 18 August, from any chart
    by_hand = price * (1 - after) / after * before / (1 - before) - 1
    assert number(night, "rotation.total2", "total2_return") == pytest.approx(by_hand, abs=1e-3)
    assert number(night, "rotation.total2", "total2_return") == pytest.approx(-0.0246, abs=5e-5)
    assert found.inferred
    assert "derived" in found.statement


def test_the_leverage_ratio_has_direction_percentile_and_provider(noon: Bulletin) -> None:
    assert number(noon, "leverage.ratio", "ratio_percentile") == pytest.approx(90.3, abs=0.1)
    assert number(noon, "leverage.ratio", "ratio_change_30d") == pytest.approx(-0.0393, abs=1e-4)
    assert number(noon, "leverage.ratio", "ratio_change_7d") == pytest.approx(0.0572, abs=1e-4)
    assert "daily-dominance" in finding(noon, "leverage.ratio").statement


def test_spot_and_leveraged_flow_summed_from_the_bars(noon: Bulletin, real_data: Path) -> None:
    end = datetime(2025, 8, 18, 12, tzinfo=UTC)
    for market, name in (("spot", "spot_net_usd"), ("perp", "perpetual_net_usd")):
        bars = pl.read_parquet(real_data / f"klines-5m-2025/{market}_BTCUSDT_5m_2025.parquet")
        opened = next(column for column in bars.columns if column in {"open_time", "ts", "t"})
        seconds = pl.col(opened).cast(pl.Int64)
        scale = 10 ** (len(str(bars.select(seconds.max()).item())) - 10)
        last = int(end.timestamp()) * scale
        day = bars.filter(seconds.is_between(last - 86_400 * scale, last - 1))
        bought = next(c for c in bars.columns if "taker" in c and ("quote" in c or "usd" in c))
        traded = next(c for c in bars.columns if c in {"quote_volume", "quote_asset_volume", "volume_usd"})
        by_hand = 2 * day[bought].sum() - day[traded].sum()
        assert number(noon, "flows.spot-against-leverage", name) == pytest.approx(by_hand, rel=1e-6)
    assert "no false signal" in finding(noon, "flows.spot-against-leverage").statement


def test_may_2025_from_the_same_series_with_the_caveat_on_venues(noon: Bulletin) -> None:
    peak = "cycles.peak.2025-05-22"
    assert number(noon, peak, "interest_usd") == pytest.approx(81.33e9, abs=0.01e9)
    assert number(noon, peak, "price") == pytest.approx(111_756, abs=1)
    assert number(noon, peak, "low_2d_usd") == pytest.approx(76.52e9, abs=0.01e9)
    assert number(noon, peak, "low_2d_price") == pytest.approx(107_272, abs=1)
    assert "exchanges" in (finding(noon, peak).caveat or "")


@pytest.mark.parametrize(
    ("name", "of", "said"),
    [
        ("liquidations.headline.24h", "total_usd", 563e6),
        ("liquidations.headline.24h", "long_usd", 485e6),
        ("liquidations.headline.worst-day", "total_usd", 961e6),
        ("liquidations.headline.worst-day", "long_usd", 821e6),
    ],
)
def test_the_articles_totals_beside_the_estimate(noon: Bulletin, name: str, of: str, said: float) -> None:
    found = quantity(noon, name, of)
    assert found.low is not None
    assert found.value is not None
    assert found.high is not None
    assert found.low <= said <= found.high
    assert finding(noon, name).inferred
    claim = next(
        one
        for section in noon.sections
        if section.key == "claims"
        for one in section.findings
        if any(q.value == said for q in one.evidence.quantities)
    )
    assert "inside our interval" in claim.statement


def test_the_trailing_day_is_measured_in_the_wide_scope(noon: Bulletin) -> None:
    assert number(noon, "liquidations.headline.24h", "measured_usd") == pytest.approx(187.2e6, abs=0.1e6)
    assert number(noon, "liquidations.headline.worst-day", "measured_usd") == pytest.approx(558.4e6, abs=0.1e6)


def test_the_danger_level_with_its_base_rate(noon: Bulletin, night: Bulletin) -> None:
    assert number(noon, "danger.level", "danger_level") == 4
    assert number(noon, "danger.level", "probability_1b") == pytest.approx(0.111, abs=0.001)
    assert number(noon, "danger.level", "base_rate") == pytest.approx(0.054, abs=0.001)
    assert number(night, "danger.level", "danger_level") == 3


@pytest.mark.parametrize("name", ["cycles.divergence", "cycles.deleveraging", "cycles.analogues"])
def test_verdicts_carry_their_score_against_the_base_rate(noon: Bulletin, name: str) -> None:
    said = finding(noon, name).statement
    assert "no more than chance" in said or "no predictive value" in said
