"""The paragraph to quote, and the figure to print beside it."""

import re
from pathlib import Path

import msgspec
import pytest

from bulletin.bulletin_specimen import only, specimen
from bulletin.hostile import LABELS, hostile
from bulletin.test_brief import asked, lake, whole
from runout.bulletin import citation, wording
from runout.bulletin.findings import Bulletin
from runout.cli.main import main
from runout.lake import Lake
from runout.render import encoding, figures, markdown, page, text

__all__ = ["lake"]


def test_it_says_estimate_interval_scope_method_time_level_base_rate_and_source() -> None:
    said = citation.paragraph(whole())
    for words in (
        "In the 24 hours to 18 Mar 2031 12:00 UTC, an estimated $1.02B", "(80% interval $730.0M to $1.41B)",
        "across all coins and exchanges", "The total is inferred", "at least $112.9M",
        "The danger level for 18 Mar 2031 (UTC), set at 00:00 UTC, was 3 of 5 (considerable).",
        "A statistical model put the chance of at least $1.00B", "BTC last traded at $114,900",
        "Source: Runout leverage bulletin for BTC as of 18 Mar 2031 12:00 UTC", wording.versions(whole()),
        whole().fingerprint[:12],
    ):  # fmt: skip
        assert words in said


@pytest.mark.parametrize("made", [whole(), whole(hours_old=20), specimen()])
def test_it_is_whole_sentences_without_an_address(made: Bulletin) -> None:
    said = citation.paragraph(made)
    assert "://" not in said
    assert all(re.match(r"[A-Z]", sentence) for sentence in re.split(r"(?<=\.) (?=[A-Z])", said))
    assert said.endswith(").")


@pytest.mark.parametrize("label", LABELS)
def test_hostile_labels_stay_on_one_line(label: str) -> None:
    said = citation.paragraph(hostile(label))
    assert said == wording.clean(said)


def test_of_old_data_it_gives_no_figure_of_the_last_day_and_says_how_old_they_are() -> None:
    said = citation.paragraph(whole(hours_old=20))
    assert "24 hours" not in said
    assert "OLD DATA" in said
    assert "BTC last traded at $114,900 (18 Mar 2031 12:00 UTC)." in said


def test_of_a_simulated_market_that_comes_first() -> None:
    assert citation.paragraph(specimen()).startswith("These figures are of a simulated market")


def test_page_text_markdown_and_json_hold_the_same_paragraph() -> None:
    said = citation.paragraph(whole())
    assert said in " ".join(text.render(whole(), 120).split())
    assert markdown.escape(said) in markdown.render(whole())
    assert said in re.sub(r"<[^>]*>", "", page.render(whole()))
    document = msgspec.json.decode(encoding.encode(whole()))
    assert document["cite"] == citation.paragraph(encoding.rounded(whole()))


def test_a_figure_that_stands_alone_has_its_title_its_source_and_colours_of_its_own() -> None:
    chart = only(specimen(), "price").sections[0].charts[0]
    drawn = figures.alone(chart, "svg", coin="BTC", synthetic=True)
    assert "var(" not in drawn.decode()
    assert b">SYNTHETIC MARKET<" in drawn
    assert chart.title[:12].encode() in drawn
    assert figures.alone(chart, "png", coin="BTC").startswith(b"\x89PNG")
    assert figures.alone(chart, "svg") == figures.alone(chart, "svg")


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_out_with_the_name_of_a_figure_writes_the_price_chart(lake: Lake, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"price.{suffix}"
    assert main(asked(lake, "--out", str(path))) == 0
    assert path.read_bytes().startswith(b"<svg" if suffix == "svg" else b"\x89PNG")


def test_a_figure_without_a_file_is_refused(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(asked(lake, "--format", "png")) == 2
    assert "--out" in capsys.readouterr().err
