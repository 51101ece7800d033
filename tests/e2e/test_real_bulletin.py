"""The bulletin of 18 August 2025 on real data: numbers are fixed, verdicts are not."""

import random
import shutil
from pathlib import Path

import polars as pl
import pytest

from runout.bulletin.findings import Bulletin, Finding
from runout.clock import NANOSECONDS_PER_HOUR, parse_time, start_of_day
from runout.lake import Lake
from runout.pipeline import ledger
from runout.pipeline.bulletin_inputs import issue
from runout.pipeline.cluster_snapshots import origin_of
from runout.pipeline.derive import compute
from runout.pipeline.issue_bulletin import keep_snapshot
from runout.render import text
from runout.render.encoding import encode

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]

AUGUST_18 = parse_time("2025-08-18T12:00Z")


@pytest.fixture(scope="module")
def bulletin(real_lake: Lake) -> Bulletin:
    return issue(real_lake, "BTC", AUGUST_18)


def finding(bulletin: Bulletin, name: str) -> Finding:
    return next(one for section in bulletin.sections for one in section.findings if one.name == name)


def number(bulletin: Bulletin, name: str, quantity: str) -> float:
    value = next(q.value for q in finding(bulletin, name).evidence.quantities if q.name == quantity)
    assert value is not None
    return value


def test_one_screen_holds_the_short_form_and_four_hundred_lines_the_full_one(bulletin: Bulletin) -> None:
    assert len(text.render_brief(bulletin, 100).splitlines()) <= 24
    assert len(text.render(bulletin, 120).splitlines()) < 400


def test_the_fall_of_the_fourteenth_from_the_high_to_the_low_of_the_day(bulletin: Bulletin) -> None:
    assert number(bulletin, "price.fall.worst-day", "high") == 124_545.6
    assert number(bulletin, "price.fall.worst-day", "low") == 117_004.0


def test_its_liquidations_and_long_share_in_the_measured_scope(bulletin: Bulletin) -> None:
    # Sum over seven coins, Binance + OKX + Bybit, added by hand from the daily export: 454.6 long, 103.9 short.
    assert number(bulletin, "liquidations.worst-day", "long_usd") == pytest.approx(454.6e6, abs=0.1e6)
    assert number(bulletin, "liquidations.worst-day", "short_usd") == pytest.approx(103.9e6, abs=0.1e6)
    assert number(bulletin, "liquidations.worst-day", "long_share") == pytest.approx(0.814, abs=0.001)


def test_price_and_its_change_on_the_day(bulletin: Bulletin) -> None:
    assert number(bulletin, "price.now", "price") == 114_900.0
    assert number(bulletin, "price.now", "change_today") == pytest.approx(114_900.0 / 117_353.8 - 1, abs=1e-5)


def test_open_interest_and_its_exact_changes(bulletin: Bulletin) -> None:
    assert number(bulletin, "leverage.level", "open_interest_usd") == pytest.approx(82_909_990_915, abs=1)
    assert number(bulletin, "leverage.change.24h", "change_usd") == pytest.approx(-123_849_007, abs=1)
    assert number(bulletin, "leverage.change.48h", "change_usd") == pytest.approx(661_699_804, abs=1)
    assert number(bulletin, "leverage.change.48h", "position_usd") == pytest.approx(2_397e6, abs=1e6)
    assert number(bulletin, "leverage.change.48h", "price_usd") == pytest.approx(-1_736e6, abs=1e6)
    assert number(bulletin, "leverage.change.48h", "noise_usd") > 0


def test_the_articles_open_interest_figure_is_not_reproduced(bulletin: Bulletin) -> None:
    assert "not reproduced" in finding(bulletin, "claims.article-open-interest-48h").statement


def test_changes_by_venue(bulletin: Bulletin) -> None:
    table = next(t for s in bulletin.sections for t in s.tables if t.name == "leverage.by-venue")
    change_48h = {row.label: row.values[2] for row in table.rows}
    assert change_48h["Gate"] == pytest.approx(1_186e6, abs=1e6)
    assert change_48h["MEXC"] == pytest.approx(436e6, abs=1e6)
    assert change_48h["BingX"] == pytest.approx(145e6, abs=1e6)


def test_the_coin_change_since_the_fourteenth_with_and_without_three_venues(bulletin: Bulletin) -> None:
    assert number(bulletin, "leverage.change.since", "change_usd") == pytest.approx(-1.35e9, abs=0.02e9)
    assert number(bulletin, "leverage.change.since", "change_share") == pytest.approx(0.056, abs=0.0005)
    without = finding(bulletin, "leverage.without-doubtful").statement
    assert all(venue in without for venue in ("Gate", "MEXC", "BingX"))
    assert number(bulletin, "leverage.without-doubtful", "change_usd") == pytest.approx(-5.29e9, abs=0.01e9)
    assert number(bulletin, "leverage.without-doubtful", "change_share") == pytest.approx(-0.003, abs=0.0005)


def test_the_long_ratio_at_noon_and_four_hours_before(bulletin: Bulletin) -> None:
    assert number(bulletin, "positioning.global-accounts", "long_share") == pytest.approx(0.6181)
    assert number(bulletin, "positioning.global-accounts", "long_share_4h_before") == pytest.approx(0.6087)


def test_trailing_liquidations_by_side(bulletin: Bulletin) -> None:
    # Binance, four coins, six 4 h bars to 12:00, added by hand from the exports.
    assert number(bulletin, "liquidations.24h", "long_usd") == pytest.approx(48.3e6, abs=0.1e6)
    assert number(bulletin, "liquidations.24h", "short_usd") == pytest.approx(10.5e6, abs=0.1e6)


def test_every_finding_names_source_scope_window_and_a_command(bulletin: Bulletin) -> None:
    for section in bulletin.sections:
        for one in section.findings:
            proof = one.evidence
            assert all((proof.source, proof.scope, proof.window_start, proof.window_end, proof.coverage)), one.name
            assert proof.reproduce.startswith("runout "), one.name
            assert all(quantity.uncertainty for quantity in proof.quantities), one.name


def forecast_anew(cut: Lake, at: int) -> None:
    """Take the forecast of the day out of the ledger of a cut lake, and make it again from what the cut lake holds."""
    entries = cut.scan("ledger").collect()
    assert entries["known_time"].max() == start_of_day(at)
    shutil.rmtree(f"{cut.root}/ledger")
    cut.append("ledger", entries.filter(pl.col("event_time") < start_of_day(at)))
    ledger.issue_daily(cut, "BTC", [start_of_day(at)])


def everything_anew(real_lake: Lake, at: int, folder: Path) -> None:
    cut = real_lake.copy_as_of(at, folder)
    cut.forget_derived()
    compute(cut)
    forecast_anew(cut, at)
    for lake in (real_lake, cut):
        keep_snapshot(lake, "BTC", at)
    assert {row["event_time"] for row in cut.scan("slides").collect().to_dicts()} == {origin_of(cut, "BTC", at)}
    made = issue(cut, "BTC", at)
    assert {"danger.level", "danger.problem"} <= {one.name for one in made.sections[0].findings}
    assert made.sections[0].findings[0].evidence.quantities[0].value is not None
    assert encode(made) == encode(issue(real_lake, "BTC", at))


def random_times(count: int, seed: int) -> list[int]:
    first, last = parse_time("2025-06-20"), parse_time("2025-08-31")
    generator = random.Random(seed)  # noqa: S311 - which times are tried, nothing secret
    return [generator.randrange(first, last, NANOSECONDS_PER_HOUR // 4) for _ in range(count)]


@pytest.mark.parametrize("at", random_times(3, 1))
def test_a_lake_cut_by_known_time_gives_the_same_bytes(real_lake: Lake, at: int, tmp_path: Path) -> None:
    cut = real_lake.copy_as_of(at, tmp_path / "cut")
    assert encode(issue(cut, "BTC", at)) == encode(issue(real_lake, "BTC", at))


@pytest.mark.parametrize("at", ["2025-08-14T18:40Z", "2025-08-19T01:00Z"])
def test_danger_and_ledger_are_the_same_when_the_forecast_is_made_from_a_cut_lake(
    real_lake: Lake, at: str, tmp_path: Path
) -> None:
    cut = real_lake.copy_as_of(parse_time(at), tmp_path / "cut")
    forecast_anew(cut, parse_time(at))
    assert encode(issue(cut, "BTC", parse_time(at))) == encode(issue(real_lake, "BTC", parse_time(at)))


def test_all_of_it_made_anew_from_a_cut_lake_gives_the_same_bytes(real_lake: Lake, tmp_path: Path) -> None:
    everything_anew(real_lake, AUGUST_18 + NANOSECONDS_PER_HOUR // 3, tmp_path / "cut")


STUDIED = random_times(30, 3)


@pytest.fixture(scope="module")
def forecast_lake(real_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Return a copy of the real lake with a forecast of each day that is studied."""
    lake = Lake(shutil.copytree(real_lake.root, tmp_path_factory.mktemp("studied") / "lake"))
    ledger.issue_daily(lake, "BTC", sorted({start_of_day(at) for at in STUDIED}))
    return lake


@pytest.mark.study
@pytest.mark.parametrize("at", STUDIED)
def test_thirty_cut_lakes_made_anew_give_the_same_bytes(forecast_lake: Lake, at: int, tmp_path: Path) -> None:
    everything_anew(forecast_lake, at, tmp_path / "cut")
