"""Clusters of the inferred map on real data, around the slides of 14 and 18 August 2025."""

import polars as pl
import pytest

from runout.cascade.shock import ToPrice
from runout.clock import parse_time
from runout.lake import Lake
from runout.pipeline.bulletin_inputs import issue
from runout.pipeline.issue_bulletin import Publication, keep_snapshot
from runout.pipeline.whatif_answers import setting_of, whatif
from runout.render import page
from runout.render.encoding import encode

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]


def clusters(lake: Lake, at: str) -> list[dict[str, object]]:
    rows = lake.as_of("clusters", at=parse_time(at))
    return [row for row in rows.sort("rank").to_dicts() if row["event_time"] == parse_time(at)]


def test_on_the_18th_two_long_clusters_lay_under_the_price_and_both_had_grown(real_lake: Lake) -> None:
    longs = [row for row in clusters(real_lake, "2025-08-18T12:00Z") if row["side"] == "long"]
    assert [(row["low_price"], row["high_price"]) for row in longs[:2]] == [(113_400, 114_600), (111_100, 112_200)]
    assert all(row["growth_usd"] > 0 for row in longs[:2])
    assert longs[1]["state"] == "accumulating"
    assert all(row["low_usd"] < row["usd"] < row["high_usd"] for row in longs)


def test_the_slide_of_the_14th_went_through_a_long_cluster_of_its_morning(real_lake: Lake) -> None:
    longs = [row for row in clusters(real_lake, "2025-08-14T00:00Z") if row["side"] == "long"]
    assert any(row["low_price"] < 117_600 < row["high_price"] or 117_004 < row["low_price"] < 124_000 for row in longs)


def test_the_bulletin_of_the_18th_says_that_the_last_ones_were_swept(real_lake: Lake) -> None:
    made = issue(real_lake, "BTC", parse_time("2025-08-18T12:00Z"))
    found = next(one for one in made.sections if one.key == "clusters")
    swept = next(one for one in found.findings if one.name == "clusters.swept.long")
    assert "$113,400 to $116,800" in swept.statement
    numbers = {one.name: one.value for one in swept.evidence.quantities}
    assert numbers["passed_share"] == pytest.approx(0.65, abs=0.01)  # the price was still inside
    assert numbers["reported_usd"] is not None
    assert numbers["reported_usd"] > 5e6


def test_the_page_has_both_pictures_of_the_map_in_the_section_of_its_clusters(real_lake: Lake) -> None:
    at = parse_time("2025-08-18T12:00Z")
    made = issue(real_lake, "BTC", at)
    drawn = page.render(made, Publication(real_lake, made.coin, at).pictures())
    inside = drawn.split('<section id="clusters"')[1].split("</section>")[0]
    assert inside.count('<figure class="picture">') == 2
    assert "Inferred liquidation levels over the past week" in inside
    assert "Inferred liquidation levels by price" in inside
    assert page.render(made).count("<figure") == drawn.count("<figure") - 3


def test_the_bulletin_names_them_as_inferred_with_their_band(real_lake: Lake) -> None:
    made = issue(real_lake, "BTC", parse_time("2025-08-18T12:00Z"))
    found = next(one for one in made.sections if one.key == "clusters")
    first = found.findings[0]
    assert first.inferred
    assert "accumulating" in first.statement
    assert "no better than the price path alone" in first.caveat
    usd = first.evidence.quantities[0]
    assert usd.low is not None
    assert usd.high is not None


def test_a_cut_lake_finds_the_same_clusters(real_lake: Lake, tmp_path: object) -> None:
    at = parse_time("2025-08-18T12:00Z")
    cut = real_lake.copy_as_of(at, f"{tmp_path}/cut")
    cut.discard("clusters", pl.col("rank") > 0)
    assert keep_snapshot(cut, "BTC", at)["clusters"] > 0
    assert encode(issue(cut, "BTC", at)) == encode(issue(real_lake, "BTC", at))


def test_what_a_billion_more_would_take_on_the_18th(real_lake: Lake) -> None:
    made = issue(real_lake, "BTC", parse_time("2025-08-18T12:00Z"))
    found = {one.name: one for part in made.sections if part.key == "runout" for one in part.findings}
    numbers = {one.name: one.value for one in found["runout.wave.down"].evidence.quantities}
    assert numbers["move"] is not None
    assert -0.10 < numbers["move"] < -0.02
    assert numbers["move_high"] is not None
    assert numbers["move"] < numbers["move_high"] < 0.0
    ratio = {one.name: one.value for one in found["runout.reproduction"].evidence.quantities}["reproduction"]
    assert ratio is not None
    assert 0.0 < ratio < 1.0
    assert "A self-feeding slide would need those bids to shrink" in found["runout.reproduction"].statement


def test_what_was_said_before_the_slide_of_the_14th_holds_what_came(real_lake: Lake) -> None:
    setting = setting_of(real_lake, "BTC", parse_time("2025-08-14T00:00Z"))
    answer = whatif(setting, ToPrice(117_004.0))
    assert answer.headline_usd is not None
    assert answer.headline_usd.low < 961e6 < answer.headline_usd.high
    assert answer.chance is not None
    assert answer.chance.frequency < 0.1
