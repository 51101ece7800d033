"""The bulletin as one HTML file."""

import re
from html.parser import HTMLParser

import msgspec
import pytest

from bulletin.bulletin_specimen import evidence, finding, only, quantity, specimen
from bulletin.hostile import LABELS, MARKDOWN, SCRIPT, hostile
from bulletin.test_brief import whole
from runout.bulletin import brief_words, wording
from runout.bulletin.brief import brief
from runout.bulletin.findings import Bulletin, Section
from runout.render import page, palette
from runout.units import percent, price

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Reader(HTMLParser):
    """Reads a page strictly: every element closes where it should."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(content)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def rendered() -> str:
    return page.render(specimen())


def without_charts(section: Section) -> Section:
    return msgspec.structs.replace(section, charts=())


def test_the_page_is_well_formed_and_has_one_title_and_one_main_heading(rendered: str) -> None:
    tags = [tag for tag, _ in Reader(rendered).elements]
    assert [tags.count(tag) for tag in ("html", "head", "title", "h1", "main")] == [1, 1, 1, 1, 1]


def test_a_synthetic_page_says_so_in_its_title_its_charts_and_twice_in_its_text(rendered: str) -> None:
    assert Reader(rendered).text.count(wording.SYNTHETIC) == 2
    assert "<title>Synthetic: " in rendered
    assert rendered.count(">SYNTHETIC MARKET<") == rendered.count("<svg ")
    observed = page.render(only(specimen(synthetic=False), "positioning"))
    assert wording.SYNTHETIC not in observed
    assert ">SYNTHETIC MARKET<" not in observed


def test_the_page_asks_nothing_of_anyone(rendered: str) -> None:
    for tag, attributes in Reader(rendered).elements:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed", "base", "image", "use"}
        for name, value in attributes.items():
            assert name not in {"src", "srcset", "data", "action", "poster"}
            assert not name.startswith("on")
            if name.endswith("href"):
                assert value is not None
                assert value.startswith("#")
            elif not name.startswith("xmlns"):
                assert "url(" not in (value or "").replace("url(#", "")
    style = re.findall(r"<style>(.*?)</style>", rendered, re.DOTALL)
    assert len(style) == 1
    assert "url(" not in style[0]
    assert "@import" not in style[0]
    assert set(re.findall(r"https?://[^\"'\s<]*", rendered)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_every_anchor_leads_somewhere_and_no_identifier_stands_twice(rendered: str) -> None:
    elements = Reader(rendered).elements
    found = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(found) == len(set(found))
    wanted = {str(attributes["href"])[1:] for tag, attributes in elements if tag == "a"}
    assert wanted <= set(found)


@pytest.mark.parametrize("label", LABELS)
def test_hostile_labels_stay_text(label: str) -> None:
    read = Reader(page.render(hostile(label)))
    assert not {"script", "img", "f"} & {tag for tag, _ in read.elements}
    assert not any(name.startswith("on") for _, attributes in read.elements for name in attributes)


def test_a_label_is_shown_as_it_was_written() -> None:
    assert SCRIPT in Reader(page.render(hostile(SCRIPT))).text
    assert MARKDOWN in Reader(page.render(hostile(MARKDOWN))).text


def test_a_signed_number_is_kept_on_one_line() -> None:
    words = "It fell by −$2.39B & rose by +$1.2M, or −0.8%, in 24 h to 12:00 UTC."
    said = msgspec.structs.replace(specimen(), sections=(Section(key="flows", title="Flows", summary=words),))
    shown = page.render(said)
    for kept in ("−0.8%", "24 h", "12:00 UTC"):
        assert f'<span class="whole">{kept}</span>' in shown
    assert '<span class="whole">−$2.39B</span> &amp; rose by <span class="whole">+$1.2M</span>' in shown


def head_of(made: Bulletin) -> str:
    """Return the words of the first screen."""
    shown = page.render(made)
    return Reader(shown[shown.index("<header>") : shown.index("</header>") + len("</header>")]).text


@pytest.mark.parametrize("hours_old", [0, 20])
def test_the_first_screen_says_what_the_brief_says(hours_old: int) -> None:
    head = head_of(whole(hours_old=hours_old)).replace(" ", "")
    short = brief(whole(hours_old=hours_old))
    elsewhere = {"Danger", "Above", "Below", "", brief_words.MORE}
    wanted = [line.text for line in brief_words.lines(short) if line.label not in elsewhere]
    for words in (*wanted, brief_words.warning(short), brief_words.levels_note(short)):
        assert words.replace(" ", "") in head
    for level in short.levels:
        assert f"{level.side}s{price(level.low_price)}to{price(level.high_price)}" in head
        assert percent(level.distance, signed=True) in head


def test_the_chance_that_sets_the_level_is_marked_and_has_its_base_rate_beside_it() -> None:
    made = whole()
    shown = page.render(made)
    head = shown[: shown.index("</header>")]
    assert "Danger level 3 of 5, considerable" in head
    assert "set 18 Mar 00:00 UTC" in head_of(made)
    assert re.findall(r'<li class="level-(\d)( here)?">', head) == [
        ("1", ""), ("2", ""), ("3", " here"), ("4", ""), ("5", ""),
    ]  # fmt: skip
    bars = re.findall(r'<div( class="set")?><dt>([^<]*)</dt>', head)
    danger = brief(made).danger
    assert danger is not None
    assert danger.chance is not None
    assert bars[0] == (' class="set"', percent(danger.chance.value))
    assert danger.base_rate is None or bars[1] == ("", percent(danger.base_rate))


def test_the_first_screen_says_no_figure_of_the_danger_level_twice() -> None:
    head = head_of(whole())
    danger = brief(whole()).danger
    assert danger is not None
    assert danger.chance is not None
    assert head.count(percent(danger.chance.value)) == 1
    assert head.count("$114,900") == 2  # the heading, and the rung of the ladder


def test_a_danger_level_that_is_not_stated_says_why() -> None:
    level = quantity("danger_level", None, "level", uncertainty="no calibrated forecast by then")
    proof = evidence(level)
    section = Section(
        key="danger", title="Danger", summary="None.", findings=(finding("danger", "level", "None is stated.", proof),)
    )
    made = msgspec.structs.replace(specimen(), sections=(section,))
    assert "No danger level: no calibrated forecast by then." in head_of(made)
    assert 'class="badge' not in page.render(made)


def test_a_bulletin_without_a_danger_section_has_no_scale() -> None:
    assert 'class="badge' not in page.render(only(specimen(), "rotation"))


def test_empty_sections_and_missing_numbers_read_so() -> None:
    empty = Section(key="flows", title="Flows", summary="")
    assert wording.NOTHING in page.render(msgspec.structs.replace(specimen(), sections=(empty,)))
    leverage = without_charts(only(specimen(), "leverage").sections[0])
    shown = page.render(msgspec.structs.replace(specimen(), sections=(leverage,)))
    assert "<td>n/a</td>" in shown
    assert "not observed by then" in shown


def test_the_same_bulletin_gives_the_same_page(rendered: str) -> None:
    assert page.render(specimen()) == rendered


def test_a_picture_stands_in_its_section_with_its_words_escaped_and_nowhere_else():
    key = specimen().sections[0].key
    picture = page.Picture("<svg role='img'></svg>", "<svg role='none'></svg>", title="<b>drawn</b>", note="a & b")
    drawn = page.render(specimen(), {key: [picture], "nowhere": [picture]})
    assert drawn.count("<svg role='img'></svg>") == drawn.count("<svg role='none'></svg>") == 1
    assert "&lt;b&gt;drawn&lt;/b&gt;" in drawn.split(f'<section id="{key}"')[1].split("</section>")[0]
    assert "a &amp; b" in drawn
    Reader(drawn)


def test_every_section_folds_and_only_the_first_ones_are_open(rendered: str) -> None:
    folds = [attributes for tag, attributes in Reader(rendered).elements if attributes.get("class") == "fold"]
    assert len(folds) == len(specimen().sections)
    assert 1 <= sum("open" in attributes for attributes in folds) <= 3
    assert "::details-content" in rendered  # folded sections are printed


def test_the_contents_are_there_on_every_screen_with_a_way_back(rendered: str) -> None:
    style = rendered[rendered.index("<style>") : rendered.index("</style>")]
    assert "nav { display: none" not in style
    assert 'href="#contents"' in rendered
    assert 'href="#top"' in rendered


def test_the_source_of_neighbouring_statements_is_said_once() -> None:
    section = only(specimen(), "rotation").sections[0]
    twice = msgspec.structs.replace(section, findings=(section.findings[0],) * 3, summary="", charts=())
    shown = page.render(msgspec.structs.replace(specimen(), sections=(twice,)))
    assert shown.count('class="source shared"') == 1


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(first: str, second: str) -> float:
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_higher_the_danger_the_more_visible_and_its_words_are_read_on_it(mode: str) -> None:
    ground = getattr(palette.GROUND, mode)
    seen = [_contrast(getattr(ink, mode), ground) for ink in palette.LEVELS]
    assert seen == sorted(seen)
    assert seen[-1] > 7
    for level, ink in zip(palette.LEVELS, palette.LEVEL_INKS, strict=True):
        assert _contrast(getattr(level, mode), getattr(ink, mode)) >= 4.5


def test_nothing_floats_over_the_figures_and_every_section_ends_with_a_way_back(rendered: str) -> None:
    assert "position: fixed" not in rendered
    links = [attributes for tag, attributes in Reader(rendered).elements if tag == "a"]
    assert [one["href"] for one in links if one.get("class") == "to-contents"] == ["#contents"] * (
        rendered.count('class="fold"') + 1
    )
