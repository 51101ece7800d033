"""What a move would set off, asked of a lake."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from runout.api.shock_inputs import named_shock
from runout.bulletin.liquidation_map import LiquidationMap
from runout.cascade.depth import Band
from runout.cascade.shock import Move, Order, ToPrice
from runout.cli.main import main
from runout.clock import format_time, say_moment
from runout.errors import NotEnoughDataError, UsageError
from runout.lake import Lake
from runout.pipeline import build_map, whatif_answers
from runout.pipeline.derive import compute
from runout.pipeline.issue_bulletin import Publication, keep_snapshot, publish
from runout.pipeline.market_wide_scale import Scale
from runout.pipeline.whatif_answers import MOVES, Setting, in_rounds, setting_of, slides, whatif
from runout.records import fingerprint
from runout.records.kinds import KINDS
from synthetic.worlds import DAY, START, market, world

pytestmark = pytest.mark.xdist_group("cascading")

DAYS = 70
END = START + DAYS * DAY


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    published, _ = market(world(days=DAYS, coins=1))
    made = Lake(tmp_path_factory.mktemp("cascading") / "lake")
    mine = [(one, rows) for one, rows in published.values() if one.coin == "BTC" and one.step]
    made.register([one for one, _ in mine])
    for kind in {one.kind for one, _ in mine}:
        made.append(kind, pl.concat([rows for one, rows in mine if one.kind == kind]))
    return made


@pytest.fixture(scope="module")
def setting(lake: Lake) -> Setting:
    return setting_of(lake, "BTC", END)


def test_a_larger_fall_liquidates_no_less_and_stops_no_higher(setting: Setting):
    answers = [whatif(setting, Move(-size)) for size in (0.0, 0.01, 0.03, 0.05, 0.1)]
    for one, farther in pairwise(answers):
        assert farther.slide.value.liquidated_usd >= one.slide.value.liquidated_usd
        assert farther.slide.value.price_usd <= one.slide.value.price_usd
        assert farther.chance.frequency <= one.chance.frequency
    assert answers[0].slide.value.price_usd == pytest.approx(setting.price)


def test_the_edges_lie_around_the_central_answer(setting: Setting):
    made = whatif(setting, Move(-0.04))
    assert made.slide.mild.liquidated_usd <= made.slide.value.liquidated_usd <= made.slide.severe.liquidated_usd
    assert made.reported_usd.low <= made.reported_usd.value <= made.reported_usd.high
    assert made.headline_usd is None
    assert made.setting.map.synthetic


def test_a_price_is_the_move_that_reaches_it_and_an_order_has_no_chance(setting: Setting):
    by_move, by_price = whatif(setting, Move(-0.03)), whatif(setting, ToPrice(setting.price * 0.97))
    assert by_price.slide.value == by_move.slide.value
    assert whatif(setting, Order("sell", 1e8)).chance is None


def test_dollars_by_class_add_up_to_those_of_the_slide(setting: Setting):
    slide = whatif(setting, Move(-0.05)).slide
    assert slide.liquidated["liquidated_usd"].sum() == pytest.approx(slide.value.liquidated_usd)
    assert set(slide.liquidated["liquidated_side"]) == {"long"}


def test_books_that_refill_stop_a_slide_no_lower(setting: Setting):
    at_once, timed = whatif(setting, Move(-0.05)).slide.value, in_rounds(setting, Move(-0.05)).value
    assert timed.price_usd >= at_once.price_usd * (1 - 1e-9)


def test_the_table_has_every_move_within_the_map_and_those_through_clusters(setting: Setting):
    rows = slides(setting, setting.map.clusters)
    down = rows.filter(trigger="move", direction="down")["move"].to_list()
    assert down == [-move for move in MOVES]
    through = rows.filter(trigger="cluster")["trigger_price"].to_list()
    edges = [one.low if one.side == "long" else one.high for one in setting.map.clusters]
    assert all(any(price == pytest.approx(edge) for edge in edges) for price in through)
    assert rows.columns == KINDS["slides"].names


def test_nothing_known_later_changes_what_is_said(lake: Lake, setting: Setting, tmp_path: Path):
    earlier = END - 2 * DAY
    cut = lake.copy_as_of(earlier, tmp_path / "cut")
    held, alone = (slides(setting_of(one, "BTC", earlier)) for one in (lake, cut))
    assert fingerprint(held, KINDS["slides"]) == fingerprint(alone, KINDS["slides"])


def test_without_depth_or_map_the_refusal_names_what_is_missing(lake: Lake, tmp_path: Path):
    bare = lake.copy_as_of(END, tmp_path / "bare")
    bare._commit("depth", lambda _: lake.scan("depth").collect().clear(), overwrite=True)
    with pytest.raises(NotEnoughDataError, match="depth of the perpetual market of Synth-A"):
        setting_of(bare, "BTC", END)
    assert "slides" not in keep_snapshot(bare, "BTC", END)
    with pytest.raises(NotEnoughDataError, match="intraday perpetual bars of DOGE"):
        setting_of(lake, "DOGE", END)


def test_slides_are_kept_once_and_stand_in_the_bulletin(lake: Lake):
    compute(lake)
    made = publish(lake, "BTC", END)
    section = next(one for one in made.sections if one.key == "runout")
    assert {"runout.down", "runout.reproduction"} <= {one.name for one in section.findings}
    assert "runout.wave.down" not in {one.name for one in section.findings}, "a made-up market has no headline"
    assert not lake.scan("slides").collect().height


@pytest.mark.parametrize("pictures", [False, True], ids=["text", "page"])
def test_one_map_is_built_for_a_bulletin_of_a_moment_not_asked_before(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, *, pictures: bool
):
    compute(lake)
    runs: list[int] = []
    real = build_map.liquidation_map

    def counted(*arguments: Any, **named: Any) -> LiquidationMap:
        runs.append(arguments[2])
        return real(*arguments, **named)

    for module in (build_map, whatif_answers):
        monkeypatch.setattr(module, "liquidation_map", counted)
    published = Publication(lake, "BTC", END, pictured=pictures)
    assert {section.key for section in published.bulletin.sections} >= {"clusters", "runout"}
    if pictures:
        assert set(published.pictures()) == {"clusters", "runout"}
    assert runs == [END]


def test_a_headline_takes_both_spreads_and_no_dollars_give_none():
    scale = Scale(long=Band(10.0, 20.0, 40.0), short=Band(1.0, 1.0, 1.0), days=60, events=20)
    made = scale.headline(Band(5e6, 10e6, 20e6), "down")
    assert made.value == pytest.approx(200e6)
    assert made.low == pytest.approx(200e6 / 2 ** (2**0.5))
    assert made.high == pytest.approx(200e6 * 2 ** (2**0.5))
    assert scale.headline(Band(5e6, 10e6, 20e6), "up") == Band(
        pytest.approx(5e6), pytest.approx(10e6), pytest.approx(20e6)
    )
    assert scale.headline(Band(0.0, 0.0, 1e6), "down").low == 0.0


@pytest.mark.parametrize(
    ("option", "text", "shock"),
    [
        ("drop", "5%", Move(-0.05)), ("rise", "0.05", Move(0.05)), ("to", "110000", ToPrice(110_000.0)),
        ("to", "$110,000", ToPrice(110_000.0)), ("sell", "500M", Order("sell", 5e8)),
        ("buy", "1.5b", Order("buy", 1.5e9)),
    ],
)  # fmt: skip
def test_amounts_as_a_trader_writes_them(option: str, text: str, shock: object):
    assert named_shock(mark="--", **{option: text}) == shock


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("drop", "5"), ("drop", "100%"), ("drop", "-5%"), ("drop", "five"), ("to", "5%"), ("sell", "5,5M"),
        ("sell", "1e9"), ("buy", ""), ("drop", "5M"), ("rise", "0%"), ("drop", "150%"),
    ],
)  # fmt: skip
def test_other_amounts_are_refused_with_what_was_expected(option: str, text: str):
    with pytest.raises(UsageError, match=f"expected --{option}"):
        named_shock(mark="--", **{option: text})


def ask(lake: Lake, *words: str) -> list[str]:
    return ["whatif", "btc", "--lake", lake.root, "--at", format_time(END), *words]


def test_the_command_answers_as_text_json_table_and_picture(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(ask(lake, "--drop", "5%")) == 0
    told = capsys.readouterr().out
    assert told.startswith("SYNTHETIC MARKET · BTC")
    assert "With order books that refill" in told
    assert main(ask(lake, "--sell", "100M", "--format", "json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["cases"]["value"]["liquidated_usd"] > 0
    assert (document["chance_24h"], document["synthetic"], document["inferred"]) == (None, True, True)
    assert (document["flow"] is None) == ("a net taker flow of" not in told)
    assert main(ask(lake, "--ladder", "--format", "csv")) == 0
    assert capsys.readouterr().out.startswith("coin,venue,event_time")
    for name in ("slide.png", "slide.html"):
        assert main(ask(lake, "--rise", "3%", "--out", str(tmp_path / name))) == 0
    assert (tmp_path / "slide.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "slide.html").read_text(encoding="utf-8")
    assert "SYNTHETIC MARKET" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_price_is_stamped_with_its_own_time_when_none_is_known_later(lake: Lake, capsys: pytest.CaptureFixture[str]):
    words = ["whatif", "BTC", "--lake", lake.root, "--at", format_time(END + DAY // 2), "--drop", "5%"]
    assert main(words) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert say_moment(END) in first
    assert say_moment(END + DAY // 2) not in first


@pytest.mark.parametrize("command", [("whatif", "--drop", "5%"), ("whatif", "--ladder"), ("map",)])
def test_an_answer_from_old_prices_says_so_before_anything_else(
    lake: Lake, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
):
    word, *rest = command
    for hours, old in ((1, False), (12, True)):
        at = format_time(END + hours * (DAY // 24))
        assert main([word, "BTC", "--lake", lake.root, "--at", at, *rest]) == 0
        second = capsys.readouterr().out.splitlines()[1]
        assert second.startswith(f"OLD DATA: the newest price is of {say_moment(END)}, 12 h before") == old


def test_a_share_of_no_past_day_is_given_with_its_upper_bound(
    lake: Lake, setting: Setting, capsys: pytest.CaptureFixture[str]
):
    never = slides(setting).filter(pl.col("chance") == 0.0)
    assert never.height
    assert main(ask(lake, "--ladder")) == 0
    assert capsys.readouterr().out.count(" below ") == never.height
    move = float(never["move"].min() or 0.0)
    assert main(ask(lake, "--drop" if move < 0.0 else "--rise", f"{abs(move):.4%}")) == 0
    assert "comparable days moved this far within 24 h (90%: below " in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [(), ("--drop", "5%", "--ladder"), ("--drop", "5%", "--rise", "5%"), ("--drop", "5%", "--format", "csv")]
)
def test_what_is_not_one_question_is_a_usage_error(
    lake: Lake, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
):
    assert main(ask(lake, *words)) == 2
    assert capsys.readouterr().err.startswith("error: expected")


def test_a_lake_without_the_coin_is_not_enough_data(lake: Lake, capsys: pytest.CaptureFixture[str]):
    assert main(["whatif", "DOGE", "--lake", lake.root, "--at", format_time(END), "--drop", "5%"]) == 4
    assert "DOGE" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [("--drop", "99%"), ("--to", "1"), ("--to", "99000000"), ("--sell", "900B"), ("--buy", "900B")],
)
def test_absurd_shocks_end_off_the_map_with_a_floor(
    lake: Lake, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
):
    assert main(ask(lake, *words, "--format", "json")) == 0
    case = json.loads(capsys.readouterr().out)["cases"]["value"]
    assert case["ending"] in {"the shock itself lies beyond the map", "no equilibrium within the horizon"}
    assert case["price_usd"] is None
    assert case["liquidated_usd"] >= 0.0


def test_no_shock_at_all_is_refused(lake: Lake, capsys: pytest.CaptureFixture[str]):
    for words in (("--drop", "0%"), ("--sell", "0")):
        assert main(ask(lake, *words, "--format", "json")) == 2
        assert f"expected {words[0]}" in capsys.readouterr().err


@pytest.mark.parametrize("dollars", [None, 0.0])
def test_no_books_or_empty_ones_are_not_enough_data(
    lake: Lake, dollars: float | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    bare = lake.copy_as_of(END, tmp_path / "bare")
    held = lake.scan("depth").collect()
    empty = pl.lit(dollars, pl.Float64)
    without = held.clear() if dollars is None else held.with_columns(bid_usd=empty, ask_usd=empty)
    bare._commit("depth", lambda _: without, overwrite=True)
    assert main(ask(bare, "--drop", "5%")) == 4
    assert "depth" in capsys.readouterr().err
