"""The map of a lake: nothing later enters it, its pictures and tables say what it is, and the commands run."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipeline.perpetual_lakes import DAYS, FIRST, STEP, WARM_DAYS, perpetual_lake
from runout.bulletin.liquidation_map import LiquidationMap
from runout.cli.main import main
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_time, parse_time
from runout.errors import NotEnoughDataError, UsageError
from runout.lake import Lake
from runout.liquidation_map.ladder import table as levels
from runout.liquidation_map.state import Steps
from runout.pipeline.build_map import liquidation_map
from runout.pipeline.derive import compute
from runout.pipeline.file_import import import_files
from runout.render import palette
from runout.render.map import export, pictures
from runout.render.map.colours import DARKEST, LIGHTEST, lab, ramp
from runout.render.map.frame import apart
from runout.render.palette import LONG, SHORT
from runout.sources.registry import source_of

END = FIRST + (WARM_DAYS + DAYS) * NANOSECONDS_PER_DAY
AT = END - NANOSECONDS_PER_DAY - 3 * STEP


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return perpetual_lake(tmp_path_factory.mktemp("perpetual") / "lake")


@pytest.fixture(scope="module")
def made(lake: Lake) -> LiquidationMap:
    return liquidation_map(lake, "BTC", AT)


def test_a_lake_cut_at_the_moment_gives_the_same_map(lake: Lake, made: LiquidationMap, tmp_path: Path):
    cut = liquidation_map(lake.copy_as_of(AT, tmp_path / "cut"), "BTC", AT)
    assert levels(cut.ladder).equals(levels(made.ladder))
    assert np.array_equal(cut.heat.usd, made.heat.usd)
    assert export.json(cut) == export.json(made)
    assert pictures.svg(cut, "heatmap") == pictures.svg(made, "heatmap")


def test_the_map_is_as_of_its_moment_and_warm(made: LiquidationMap):
    assert made.through == AT
    assert made.warm
    assert made.irregular == ()
    assert made.ladder.dollars.until <= AT
    assert max(one.end for one in made.sweeps) <= AT
    assert made.heat.time[-1] == AT
    assert made.candles["event_time"].is_sorted()
    assert {one.side for one in made.clusters} == {"long", "short"}


def test_the_last_column_of_the_heatmap_is_the_ladder(made: LiquidationMap):
    for side, name in enumerate(("long", "short")):
        assert made.heat.usd[side, -1] == pytest.approx(made.ladder.total_usd(name))


def test_sweeps_were_expected_before_they_came(lake: Lake, made: LiquidationMap):
    earlier = liquidation_map(lake, "BTC", made.since)
    assert earlier.ladder.dollars.until <= made.since
    realised = np.array([one.realised_usd for one in made.sweeps])
    expected = np.array([one.predicted.usd for one in made.sweeps])
    inside = [one.predicted.low_usd <= one.realised_usd <= one.predicted.high_usd for one in made.sweeps]
    assert 0.7 < np.mean(inside) <= 1.0
    assert 0.4 < expected.sum() / realised.sum() < 2.5


def test_a_window_in_the_warm_up_is_said(lake: Lake):
    early = liquidation_map(lake, "BTC", AT, since=FIRST + 6 * NANOSECONDS_PER_DAY)
    assert not early.warm
    assert "warm-up" in export.text(early)


def test_a_silence_of_open_interest_is_not_bridged_and_moves_no_level(lake: Lake, made: LiquidationMap, tmp_path: Path):
    silence = (AT - 4 * NANOSECONDS_PER_DAY, AT - 2 * NANOSECONDS_PER_DAY)
    found = liquidation_map(perpetual_lake(tmp_path / "holed", hole=silence), "BTC", AT)
    assert found.ladder.dollars.buckets < made.ladder.dollars.buckets
    assert np.allclose(found.ladder.coins / found.open_interest_base, made.ladder.coins / made.open_interest_base)


def without(lake: Lake, folder: Path, *kinds: str, since: int = 0) -> Lake:
    """Return a copy of a lake without some kinds, from a moment on."""
    copy = Lake(folder)
    known = [one for one in lake.series() if one.kind not in kinds]
    copy.register(known)
    for kind in sorted({one.kind for one in known}):
        copy.append(kind, lake.scan(kind).filter(pl.col("event_time") >= since).collect())
    return copy


def test_without_open_interest_dollars_are_those_of_the_reports(lake: Lake, made: LiquidationMap, tmp_path: Path):
    found = liquidation_map(without(lake, tmp_path / "bare", "open_interest"), "BTC", AT)
    assert found.open_interest_base is None
    assert found.ladder.usd.sum() == pytest.approx(made.ladder.usd.sum(), rel=0.2)
    assert "open interest not known" in export.text(found)
    assert json.loads(export.json(found))["open_interest_base"] is None


def test_without_liquidations_dollars_are_shipped_and_said_to_be(lake: Lake, tmp_path: Path):
    found = liquidation_map(without(lake, tmp_path / "silent", "liquidations"), "BTC", AT)
    assert found.ladder.dollars.buckets == 0
    assert (found.ladder.assumed == 1.0).all()
    assert "of an order of magnitude only" in export.text(found)
    assert {row["kind"] for row in json.loads(export.json(found))["levels"]} == {"assumption"}


def test_without_either_there_is_no_map(lake: Lake, tmp_path: Path):
    bare = without(lake, tmp_path / "nothing", "liquidations", "open_interest")
    with pytest.raises(NotEnoughDataError, match="open interest or liquidations"):
        liquidation_map(bare, "BTC", AT)


def test_kept_states_give_the_same_map_to_the_byte_and_reading_writes_none(
    lake: Lake, made: LiquidationMap, tmp_path: Path
):
    kept = lake.copy_as_of(AT, tmp_path / "kept")
    compute(kept)
    states = kept.scan("map_states").collect()
    assert states["state"].drop_nulls().len() >= WARM_DAYS - 1
    found = liquidation_map(kept, "BTC", AT)
    assert export.json(found) == export.json(made)
    assert pictures.svg(found, "heatmap") == pictures.svg(made, "heatmap")
    assert kept.scan("map_states").collect().equals(states)


def test_states_that_were_gone_on_from_are_those_of_the_whole_and_walk_what_is_new_alone(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    silent = AT - 3 * NANOSECONDS_PER_DAY  # a midnight without a bar keeps no state
    hole = (pl.col("event_time") - silent).is_between(0, 5 * NANOSECONDS_PER_HOUR)
    bars, walked = lake.scan("bars").filter(~hole).collect(), list[int]()
    through = Steps.through
    monkeypatch.setattr(Steps, "through", lambda own, time: (walked.append(time), through(own, time)))
    pieces, whole = Lake(tmp_path / "pieces"), Lake(tmp_path / "whole")
    for until in (*(AT - hours * NANOSECONDS_PER_HOUR for hours in (100, 77, 66, 61, 52, 31, 4)), AT):
        pieces.register(lake.series())
        pieces.append("bars", bars.filter(pl.col("event_time") <= until))
        walked.clear()
        compute(pieces)
    assert min(walked) >= AT - 36 * NANOSECONDS_PER_HOUR
    whole.register(lake.series())
    whole.append("bars", bars.filter(pl.col("event_time") <= AT))
    compute(whole)
    key = ["series", "event_time"]
    ours, theirs = (one.scan("map_states").sort(key).collect() for one in (pieces, whole))
    assert ours.equals(theirs.select(ours.columns))


def test_states_of_other_bars_are_not_gone_on_from(lake: Lake, made: LiquidationMap, tmp_path: Path):
    late = FIRST + 20 * NANOSECONDS_PER_DAY
    kept = without(lake, tmp_path / "kept", since=late)
    compute(kept)
    shorter = export.json(liquidation_map(kept, "BTC", AT))
    kept.append("bars", lake.scan("bars").filter(pl.col("event_time") < late).collect())
    for kind in ("open_interest", "liquidations"):
        kept.append(kind, lake.scan(kind).filter(pl.col("event_time") < late).collect())
    assert shorter != export.json(made)
    assert export.json(liquidation_map(kept, "BTC", AT)) == export.json(made)


@pytest.mark.parametrize(
    ("venue", "at", "wanted"), [("bybit", AT, "intraday perpetual bars of BTC on Bybit"), ("binance", FIRST, "bars")]
)
def test_what_a_lake_does_not_hold_is_named(lake: Lake, venue: str, at: int, wanted: str):
    with pytest.raises(NotEnoughDataError, match=wanted):
        liquidation_map(lake, "BTC", at, venue=venue)


def test_too_few_liquidations_leave_shipped_dollars(lake: Lake):
    early = liquidation_map(lake, "BTC", FIRST + 15 * NANOSECONDS_PER_DAY)
    assert early.ladder.dollars.buckets == 0


def test_a_window_after_the_last_bar_is_refused(lake: Lake):
    with pytest.raises(UsageError, match="window before"):
        liquidation_map(lake, "BTC", AT, since=AT)


# -- forms ------------------------------------------------------------------------------------------------------------


def test_every_form_says_inferred_and_that_tests_found_no_gain(made: LiquidationMap):
    page = export.html(made)
    for form in (
        export.text(made),
        page,
        export.json(made),
        pictures.svg(made, "heatmap"),
        pictures.svg(made, "levels"),
    ):
        assert "nferred" in form
        assert "no better than the price path alone" in form
    assert page.count("<svg") == 4  # each for a desktop and for a phone


def test_pictures_of_a_page_follow_light_and_dark_and_write_nothing_small(made: LiquidationMap):
    for kind in ("heatmap", "levels"):
        for drawn in pictures.both_widths(made, kind):
            assert "fill: #ffffff" not in drawn
            assert set(re.findall(r"#[0-9a-f]{6}", drawn)) <= {ink.light for ink in palette.ALL} | {"#000000"}
            assert min(float(size) for size in re.findall(r"font-size: ([\d.]+)px", drawn)) >= 11.0


def test_the_page_of_a_map_needs_nothing_else(made: LiquidationMap):
    page = export.html(made)
    assert "<h1>" in page
    assert "prefers-color-scheme: dark" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_tables_and_json_agree(made: LiquidationMap):
    rows = export.table(made)
    document = json.loads(export.json(made))
    assert len(document["levels"]) == rows.height
    assert document["clusters"][0]["usd"] == round(made.clusters[0].total.usd)
    assert export.comma_separated(made).count("\n") == rows.height + 1
    assert document["through"] == format_time(AT)


def test_colours_darken_in_even_steps_of_lightness():
    for ink in (LONG, SHORT):
        lightness = lab(ramp(ink))[:, 0]
        assert lightness[0] == pytest.approx(LIGHTEST, abs=1)
        assert lightness[-1] == pytest.approx(DARKEST, abs=2)
        assert np.diff(lightness).max() < 0
        assert np.abs(np.diff(lightness) / np.diff(lightness).mean() - 1).max() < 0.5


def test_labels_stand_apart_near_where_they_belong():
    places = apart([10.0, 11.0, 90.0], 10.0, 0.0, 100.0)
    assert places[1] - places[0] >= 9.99
    assert places[2] == 90.0
    assert apart([5.0], 10.0, 20.0, 30.0) == [20.0]


# -- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["png", "html", "parquet"])
def test_the_command_writes_each_form(lake: Lake, tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / f"map.{ending}"
    assert main(["map", "BTC", "--at", format_time(AT), "--lake", lake.root, "--out", str(out)]) == 0
    assert out.stat().st_size > 1000
    assert capsys.readouterr().out == f"wrote {out}\n"
    if ending == "parquet":
        assert pl.read_parquet(out)["coin"].unique().to_list() == ["BTC"]


def test_the_command_refuses_to_print_a_picture(lake: Lake, capsys: pytest.CaptureFixture[str]):
    assert main(["map", "BTC", "--format", "png", "--lake", lake.root]) == 2
    assert "--out FILE" in capsys.readouterr().err


def test_the_command_begins_where_it_is_told(lake: Lake, capsys: pytest.CaptureFixture[str]):
    begin = format_time(AT - 2 * NANOSECONDS_PER_DAY)
    assert main(["map", "--at", format_time(AT), "--from", begin, "--lake", lake.root, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["since"] == begin


def test_own_risk_names_the_level_and_what_stands_between(
    lake: Lake, made: LiquidationMap, capsys: pytest.CaptureFixture[str]
):
    wanted = ["positions", "risk", "--entry", f"{made.price:.0f}", "--leverage", "20", "--side", "long"]
    assert main([*wanted, "--at", format_time(AT), "--lake", lake.root]) == 0
    said = capsys.readouterr().out
    assert "liquidated at a mark price of" in said
    assert "between: longs of $" in said
    assert "maintenance table of binance BTCUSDT" in said


def test_own_risk_without_a_lake_and_beyond_the_price(
    lake: Lake, made: LiquidationMap, capsys: pytest.CaptureFixture[str]
):
    wanted = ["positions", "risk", "--entry", f"{made.price * 1.5:.0f}", "--leverage", "20", "--side", "long"]
    assert main([*wanted, "--at", format_time(AT)]) == 0
    assert "between" not in capsys.readouterr().out
    assert main([*wanted, "--at", format_time(AT), "--lake", lake.root]) == 0
    assert "such a position would be gone" in capsys.readouterr().out
    assert main(["positions", "risk", "--entry", "9", "--leverage", "0.5", "--side", "long"]) == 2


# -- the real market --------------------------------------------------------------------------------------------------


FILES = (
    ("binance-perpetual", "klines-5m-2025/perp_BTCUSDT_5m_2025.parquet"),
    ("coinglass", "coinglass-4h-felipe/futures_liquidation_aggregated_coin_history_BTC__4h.parquet"),
    ("coinglass", "coinglass-4h-felipe/futures_openInterest_ohlc_aggregated_stablecoin_BTC__4h.parquet"),
)


@pytest.mark.real
def test_the_long_clusters_of_the_article_were_swept_and_others_accumulate(real_data: Path, tmp_path: Path):
    lake = Lake(tmp_path / "real")
    for provider, name in FILES:
        import_files(lake, source_of(provider), [real_data / name])
    fallen = liquidation_map(lake, "BTC", parse_time("2025-08-14T23:00Z"))
    taken = [one for one in fallen.swept if one.cluster.side == "long" and one.share > 0.8]
    assert taken
    for one in taken[0].sweeps:
        assert one.predicted.low_usd < (one.realised_usd or 0.0) < one.predicted.high_usd
    after = liquidation_map(lake, "BTC", parse_time("2025-08-18T12:00Z"))
    largest = [one for one in after.clusters if one.side == "long"][:2]
    assert [(one.low, one.high) for one in largest] == [(113_400.0, 114_600.0), (111_100.0, 112_200.0)]


# -- published positions ----------------------------------------------------------------------------------------------


def published(folder: Path, rows: str) -> Path:
    file = folder / "positions.csv"
    file.write_text(f"coin,side,size_base,liquidation_price\n{rows}", encoding="utf-8")
    return file


def test_published_positions_stand_beside_what_is_inferred_of_the_rest(
    lake: Lake, made: LiquidationMap, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    interest = made.open_interest_base or 0.0
    inside = made.price * 0.97
    file = published(tmp_path, f"BTC,long,{interest / 4},{inside}\nBTC,short,{interest / 8},\nETH,long,1,1\n")
    asked = ["map", "BTC", "--at", format_time(AT), "--lake", lake.root, "--positions", str(file)]
    assert main([*asked, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["measured"]["positions"] == 2
    assert document["measured"]["share"] == pytest.approx({"long": 0.25, "short": 0.125}, abs=1e-5)
    level = max(document["measured"]["levels"], key=lambda row: row["measured_usd"])
    assert level["low_price"] <= inside < level["high_price"]
    assert level["measured_usd"] == pytest.approx(interest / 4 * inside, rel=1e-6)
    whole = {(row["side"], row["low_price"]): row["usd"] for row in document["levels"]}
    for row in document["measured"]["levels"]:
        left = 0.75 if row["side"] == "long" else 0.875
        assert row["inferred_usd"] == pytest.approx(left * whole.get((row["side"], row["low_price"]), 0.0), abs=1.0)
    assert main(asked) == 0
    text = capsys.readouterr().out
    assert "Measured levels, the largest" in text
    assert "2 published positions, 25% of longs and 12% of shorts" in re.sub(r"\s+", " ", text)
    assert main([*asked, "--format", "csv"]) == 0
    assert "measured_share,inferred_usd,measured_usd" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ("BTC,both,1,2\n", "side long or short .* in position 1"),
        ("BTC,long,0,2\n", "above zero"),
        ("ETH,long,1,2\n", "expected positions of BTC .* found none"),
        ("BTC,long,1e12,2\n", "expected at most"),
        ("BTC,long,many,2\n", "expected published positions in"),
    ],
)
def test_a_file_of_positions_that_cannot_be_is_refused(
    lake: Lake, tmp_path: Path, rows: str, error: str, capsys: pytest.CaptureFixture[str]
):
    file = published(tmp_path, rows)
    assert main(["map", "BTC", "--at", format_time(AT), "--lake", lake.root, "--positions", str(file)]) == 2
    assert re.search(error, re.sub(r"\s+", " ", capsys.readouterr().err))


def test_a_file_without_the_columns_or_of_another_form_is_refused(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    bare = tmp_path / "bare.csv"
    bare.write_text("side,size\nlong,1\n", encoding="utf-8")
    for file, error in (
        (bare, "found none of liquidation_price, size_base"),
        (tmp_path / "p.xlsx", ".csv or .parquet"),
    ):
        assert main(["map", "BTC", "--at", format_time(AT), "--lake", lake.root, "--positions", str(file)]) == 2
        assert error in re.sub(r"\s+", " ", capsys.readouterr().err)


def test_a_window_without_a_bar_is_said_so(lake: Lake):
    newest = int(lake.scan("bars").select(pl.col("event_time").max()).collect().item())
    with pytest.raises(NotEnoughDataError, match="expected bars between"):
        liquidation_map(lake, "BTC", newest + NANOSECONDS_PER_DAY // 2, since=newest + NANOSECONDS_PER_DAY // 3)
