"""The bulletin on one screen."""

from pathlib import Path

import msgspec
import pytest

from bulletin.bulletin_specimen import evidence, finding, quantity, specimen
from bulletin.hostile import LABELS, hostile
from pipeline.test_derive import market, write
from runout.bulletin import brief_words, wording
from runout.bulletin.brief import brief
from runout.bulletin.brief_record import Brief
from runout.bulletin.findings import Bulletin, Row, Section, Table
from runout.bulletin.readings import is_current
from runout.cli.main import main
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_time, parse_time
from runout.lake import Lake
from runout.pipeline.derive import compute
from runout.render import cells, encoding, text

AT = parse_time("2031-03-18T12:00Z")


def cluster(side: str, number: int, low: float, distance: float):
    numbers = (
        quantity("usd", 25.7e6, "USD", low=3.4e6, high=65.1e6),
        quantity("low_price", low, "USD per coin"),
        quantity("high_price", low + 2000, "USD per coin"),
        quantity("distance", distance, "fraction"),
    )
    return finding("clusters", f"{side}.{number}", "A cluster.", evidence(*numbers, hours=0), inferred=True)


def whole(*, hours_old: int = 0) -> Bulletin:
    """Return a bulletin that has everything a brief shows, of figures that are so old."""
    total = (quantity("total_usd", 1.02e9, "USD", low=0.73e9, high=1.41e9), quantity("long_usd", 0.8e9, "USD"))
    reported = (quantity("total_usd", 112.9e6, "USD"), quantity("long_usd", 99e6, "USD"))
    moves = Table(
        name="runout.moves", section="runout", title="Moves", columns=("reaches", "chance, 24 h", "stops"),
        units=("USD per coin", "fraction", "USD per coin"), signed=(False,) * 3, source="",
        rows=(Row(label="−5.0%", values=(109_155.0, 0.0101, 108_900.0)),),
    )  # fmt: skip
    levels = [
        cluster("long", 1, 110_800, -0.026),
        cluster("long", 2, 112_400, -0.003),
        cluster("short", 1, 115_300, 0.003),
    ]
    sections = [
        Section(key="price", title="Price", summary="", findings=(
            finding("price", "now", "Price.", evidence(quantity("price", 114_900.0, "USD per coin"))),)),
        Section(key="liquidations", title="Liquidations", summary="", findings=(
            finding("liquidations", "24h", "Some.", evidence(*reported)),)),
        Section(key="headline", title="Headline", summary="", findings=(
            msgspec.structs.replace(finding("headline", "24h", "Much.", evidence(*total), inferred=True),
                                    name="liquidations.headline.24h"),)),
        Section(key="clusters", title="Clusters", summary="", findings=tuple(levels)),
        Section(key="runout", title="Runout", summary="", findings=(
            finding("runout", "down", "A fall.", evidence(quantity("forced_usd", 5e7, "USD"))),), tables=(moves,)),
        Section(key="leverage", title="Leverage", summary="Open interest $82.91B on all venues.", findings=(
            finding("leverage", "level", "Much.", evidence(quantity("open_interest_usd", 8e10, "USD"))),)),
    ]  # fmt: skip
    danger = next(section for section in specimen().sections if section.key == "danger")
    noon = (
        quantity("next_danger_level", 4.0, "level"),
        quantity("next_probability_1b", 0.161, "fraction", low=0.054, high=0.323),
    )
    danger = msgspec.structs.replace(
        danger, findings=(*danger.findings, finding("danger", "next_24h", "Four.", evidence(*noon))),
    )  # fmt: skip
    return msgspec.structs.replace(
        specimen(synthetic=False),
        sections=(danger, *sections),
        at=format_time(AT + hours_old * NANOSECONDS_PER_HOUR),
        missing=("positioning (needs long/short ratios)",),
    )


def test_everything_fits_on_one_screen() -> None:
    shown = text.render_brief(whole()).splitlines()
    assert len(shown) <= 24
    assert max(map(cells.cells, shown)) <= 100


@pytest.mark.parametrize("width", [40, 60, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for made in (whole(), whole(hours_old=20), specimen(), *map(hostile, LABELS)):
        assert max(map(cells.cells, text.render_brief(made, width).splitlines())) <= width


def test_the_market_wide_estimate_leads_and_what_was_reported_follows() -> None:
    line = next(line for line in brief_words.lines(brief(whole())) if line.label == "Last 24 h")
    assert line.text.startswith("about $1.02B market-wide, inferred (80%: $730.0M to $1.41B)")
    assert "Reported: $112.9M" in line.text


def test_levels_are_named_the_nearest_first_above_and_below() -> None:
    levels = brief(whole()).levels
    assert [(level.side, level.low_price) for level in levels] == [
        ("short", 115_300), ("long", 112_400), ("long", 110_800)
    ]  # fmt: skip


def test_what_the_levels_are_worth_is_said_beside_them() -> None:
    assert "levels farther than past moves are assumption" in " ".join(text.render_brief(whole()).split())


def test_figures_of_twenty_hours_ago_are_not_shown_as_the_present() -> None:
    short = brief(whole(hours_old=20))
    assert (short.liquidated, short.reported, short.levels, short.leverage) == (None, None, (), "")
    assert short.fall is None
    assert {words.split(" (")[0] for words in short.missing} >= {
        "market-wide liquidations", "liquidations", "liquidation levels", "leverage", "what a move would set off"
    }  # fmt: skip
    assert all("18 Mar 12:00 UTC" in words for words in short.missing if "newest" in words)


def test_old_data_are_warned_of_before_anything_else() -> None:
    assert brief_words.warning(brief(whole())) == brief_words.warning(brief(whole(hours_old=1))) == ""
    shown = text.render_brief(whole(hours_old=20)).splitlines()
    assert shown[1].startswith("OLD DATA: the newest price is of 18 Mar 2031 12:00 UTC, 20 h before")


@pytest.mark.parametrize(("step", "hours", "current"), [(4, 5, True), (4, 6, False), (24, 48, True), (24, 49, False)])
def test_a_figure_is_current_until_its_next_is_overdue(step: int, hours: int, current: bool) -> None:
    assert is_current(AT, AT + hours * NANOSECONDS_PER_HOUR, step * NANOSECONDS_PER_HOUR) is current


def test_the_level_says_when_it_was_set() -> None:
    assert "set 18 Mar 00:00 UTC" in text.render_brief(whole())


def test_a_market_without_a_level_says_why() -> None:
    made = msgspec.structs.replace(whole(), sections=whole().sections[1:])
    assert "Danger     no level: no market-wide total is published for these data." in text.render_brief(made)


def test_absent_sections_are_named_with_what_would_fill_them() -> None:
    assert "Not shown  positioning (needs long/short ratios)." in text.render_brief(whole())


def test_a_synthetic_market_is_said_on_the_first_line() -> None:
    assert text.render_brief(specimen()).startswith(wording.SYNTHETIC)


def test_json_holds_the_same_brief() -> None:
    document = msgspec.json.decode(encoding.encode(whole()))
    assert msgspec.convert(document["brief"], Brief) == brief(encoding.rounded(whole()))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("brief") / "lake")
    write(lake, market(30))
    compute(lake)
    return lake


def asked(lake: Lake, *options: str, at: int = 30 * NANOSECONDS_PER_DAY) -> list[str]:
    return ["bulletin", "BTC", "--lake", lake.root, "--at", format_time(at), *options]


def test_the_command_prints_one_screen_and_the_whole_on_request(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(asked(lake)) == 0
    short = capsys.readouterr().out
    assert main(asked(lake, "--full")) == 0
    full = capsys.readouterr().out
    assert len(short.splitlines()) <= 24
    assert "EVIDENCE AND LIMITS" in full
    assert "EVIDENCE AND LIMITS" not in short


def test_the_width_of_the_terminal_is_kept(
    lake: Lake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for columns, limit in ((60, 60), (200, 120)):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert main(asked(lake, "--full")) == 0
        assert main(asked(lake)) == 0
        assert max(map(cells.cells, capsys.readouterr().out.splitlines())) <= limit


def test_a_file_name_writes_that_form_and_a_folder_all(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(asked(lake, "--out", str(tmp_path / "one.md"))) == 0
    assert (tmp_path / "one.md").read_text(encoding="utf-8").startswith("# BTC")
    assert main(asked(lake, "--out", str(tmp_path / "all"))) == 0
    assert {path.suffix for path in (tmp_path / "all").iterdir()} == {".txt", ".md", ".html", ".json"}
    assert main(asked(lake, "--out", str(tmp_path / "one.pdf"))) == 2
    assert main(asked(lake, "--out", str(tmp_path / "one.md"), "--format", "json")) == 2
    assert not (tmp_path / "one.pdf").exists()
    assert "where its name has no dot or it exists" in capsys.readouterr().err
