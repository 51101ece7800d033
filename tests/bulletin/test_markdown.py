"""The bulletin as Markdown."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from bulletin.bulletin_specimen import only, specimen
from bulletin.hostile import LABELS, hostile
from bulletin.test_brief import whole
from runout.bulletin import brief_words, wording
from runout.bulletin.brief import brief
from runout.bulletin.findings import Section
from runout.render import markdown

ACTIVE = re.compile(r"(?<!\\)(?:\\\\)*[*\[\]<>|~&]")


def test_a_synthetic_bulletin_says_so_at_its_top_and_its_bottom() -> None:
    rendered = markdown.render(specimen()).rstrip()
    banner = f"> **{wording.SYNTHETIC}**"
    assert rendered.startswith(banner)
    assert rendered.endswith(banner)
    assert banner not in markdown.render(specimen(synthetic=False))


@given(some.text(max_size=60))
def test_no_sign_of_a_label_acts(label: str) -> None:
    shown = markdown.escape(label)
    assert not ACTIVE.search(shown)
    assert "\n" not in shown
    assert not shown.startswith(("#", "- ", "+ ", "> ", "    "))
    assert not re.match(r"\d+[.)]\s", shown)


@given(some.text(max_size=60))
def test_escaping_loses_no_sign(label: str) -> None:
    assert re.sub(r"\\([\\`*\[\]<>|~&_!#+\-=.)])", r"\1", markdown.escape(label)) == wording.clean(label)


@given(some.text(alphabet="`ab ", min_size=1, max_size=12).filter(str.strip))
def test_code_holds_whatever_backticks_there_are(label: str) -> None:
    shown = markdown.code(label)
    fence = re.match("`+", shown)
    assert fence is not None
    inner = shown[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall("`+", inner)
    assert inner.strip(" ") == wording.clean(label).strip(" ")


@pytest.mark.parametrize("label", LABELS)
def test_hostile_labels_make_no_markup(label: str) -> None:
    rendered = markdown.render(hostile(label))
    prose = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", rendered)
    assert not re.search(r"(?<!\\)<(?=[a-z/!])", prose)
    assert not re.search(r"(?<!\\)\]\(", prose)


def test_every_row_of_a_table_has_its_cells() -> None:
    rendered = markdown.render(hostile("a|b"))
    rows = [row for row in rendered.splitlines() if row.startswith("|")]
    assert len(rows) == 5
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}


def test_a_chart_with_a_figure_is_an_image_whose_words_are_its_text() -> None:
    made = only(specimen(), "price")
    assert "![Chart, " in markdown.render(made, {"price.liquidations": "figures/price.png"})
    assert "](<figures/price.png>)" in markdown.render(made, {"price.liquidations": "figures/price.png"})
    assert "![" not in markdown.render(made)


def test_empty_sections_and_missing_numbers_read_so() -> None:
    empty = Section(key="flows", title="Flows", summary="")
    assert wording.NOTHING in markdown.render(msgspec.structs.replace(specimen(), sections=(empty,)))
    assert "exchange reserve: n/a; not observed by then" in markdown.render(specimen())


def test_the_head_says_what_the_brief_says_with_its_age_and_its_warning() -> None:
    made = whole(hours_old=20)
    head = markdown.render(made).split("## ")[0]
    short = brief(made)
    assert f"> **{markdown.escape(brief_words.warning(short))}**" in head
    for label, words in brief_words.lines(short):
        assert markdown.escape(words) in head or label == brief_words.MORE
    assert "> **" not in markdown.render(whole()).split("## ")[0]


def test_the_same_bulletin_gives_the_same_markdown() -> None:
    assert markdown.render(specimen()) == markdown.render(specimen())
