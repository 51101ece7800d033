"""The bulletin of 18 August 2025 on real data: numbers are fixed, verdicts are not."""

import random
from pathlib import Path

import pytest

from runout.bulletin.encoding import encode
from runout.bulletin.findings import Bulletin, Finding
from runout.clock import NANOSECONDS_PER_HOUR, parse_time
from runout.jobs.computing import compute
from runout.jobs.issuing import issue
from runout.lake import Lake

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


def cut_equals_full(real_lake: Lake, at: int, folder: Path, *, anew: bool) -> None:
    cut = real_lake.copy_as_of(at, folder)
    if anew:
        cut.forget_derived()
        compute(cut)
    assert encode(issue(cut, "BTC", at)) == encode(issue(real_lake, "BTC", at))


def random_times(count: int, seed: int) -> list[int]:
    first, last = parse_time("2025-06-20"), parse_time("2025-08-31")
    generator = random.Random(seed)  # noqa: S311 - which times are tried, nothing secret
    return [generator.randrange(first, last, NANOSECONDS_PER_HOUR // 4) for _ in range(count)]


@pytest.mark.parametrize("at", random_times(3, 1))
def test_a_lake_cut_by_known_time_gives_the_same_bytes(real_lake: Lake, at: int, tmp_path: Path) -> None:
    cut_equals_full(real_lake, at, tmp_path / "cut", anew=False)


def test_a_lake_cut_and_computed_anew_gives_the_same_bytes(real_lake: Lake, tmp_path: Path) -> None:
    cut_equals_full(real_lake, random_times(1, 2)[0], tmp_path / "cut", anew=True)


@pytest.mark.study
@pytest.mark.parametrize("at", random_times(30, 3))
def test_thirty_cut_lakes_computed_anew_give_the_same_bytes(real_lake: Lake, at: int, tmp_path: Path) -> None:
    cut_equals_full(real_lake, at, tmp_path / "cut", anew=True)
