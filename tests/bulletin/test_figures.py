"""Charts: every form, with gaps, single values and none at all."""

import struct
from itertools import pairwise
from xml.etree import ElementTree as ET

import msgspec
import pytest

from bulletin.bulletin_specimen import HOUR, MARKS, charts, line
from bulletin.hostile import LABELS, hostile
from runout.bulletin.findings import Chart, Line, Mark, Panel
from runout.render import axes, figures, layout, palette

FORMS = ("lines", "candles", "mirrored", "bars", "steps")
COURSES = {
    "a gap": (1.0, 2.0, None, None, 3.0, 2.5),
    "one value": (None, None, 4.0, None, None, None),
    "a single row": (4.0,),
    "nothing observed": (None, None, None),
    "no rows": (),
    "all the same": (2.0, 2.0, 2.0),
    "all zero": (0.0, 0.0, 0.0),
    "signs": (-1.0, 1.0, -2.0, 0.5),
    "what is no number": (float("nan"), float("inf"), 1.0, 2.0),
}


def chart(form: str, values: tuple[float | None, ...], **more: object) -> Chart:
    times = tuple(HOUR * (index + 1) for index in range(len(values)))
    names = ("open", "high", "low", "close") if form == "candles" else ("longs", "shorts")
    roles = ("price",) * 4 if form == "candles" else ("long", "short")
    lines = tuple(
        Line(name=name, role=role, times=times, values=values) for name, role in zip(names, roles, strict=True)
    )
    panel = Panel(title="Panel", unit="USD", form=form, lines=lines, span=HOUR)
    return Chart(name="c", section="price", title="Title", caption="Caption.", panels=(panel,), **more)


def drawn(made: Chart, width: int = figures.WIDE, **more: object) -> ET.Element:
    return ET.fromstring(figures.svg(made, width, **more))  # noqa: S314 - our own drawing


def texts(element: ET.Element) -> list[str]:
    return [found.text or "" for found in element.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("width", [figures.WIDE, figures.NARROW])
@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_draws_every_course(form: str, course: str, width: int) -> None:
    element = drawn(chart(form, COURSES[course]), width)
    assert element.attrib["role"] == "img"
    assert "nan" not in ET.tostring(element, encoding="unicode").replace("NaN", "nan")


@pytest.mark.parametrize("form", ["lines", "steps"])
def test_a_gap_breaks_the_line(form: str) -> None:
    whole, broken = (
        figures.svg(chart(form, values)).count(palette.LONG.variable)
        for values in ((1.0, 2.0, 3.0, 2.0, 1.0), (1.0, 2.0, None, 2.0, 1.0))
    )
    assert broken == whole + 1


def test_bars_leave_a_gap_empty_and_a_zero_is_drawn_nowhere() -> None:
    def height(values: tuple[float | None, ...]) -> int:
        return figures.svg(chart("bars", values)).count("z")

    assert height((1.0, 2.0, 3.0)) > height((1.0, None, 3.0))


def test_what_was_never_observed_says_so() -> None:
    assert "not observed" in texts(drawn(chart("lines", (None, None))))
    assert "No observations" in texts(drawn(chart("lines", ())))


def test_mirrored_axes_have_no_minus_and_values_on_both_sides() -> None:
    panel = charts()["price"].panels[2]
    made = Chart(name="c", section="price", title="T", caption="", panels=(panel,))
    values = [text for text in texts(drawn(made)) if text.startswith(("$", "−$"))]
    assert "$0" in values
    assert len(values) >= 3
    assert not any(text.startswith("−") for text in values)


def test_candles_are_named_in_the_ink_of_the_price() -> None:
    made = Chart(name="c", section="price", title="T", caption="", panels=(charts()["price"].panels[0],))
    place = layout.layout(made, layout.Look(820.0, coin="BTC"))
    assert [label.ink for label in place.frames[0].labels] == [palette.PRICE]


@pytest.mark.parametrize("rows", [(1,), (1, 1, 1), (2, 3, 1, 2)])
def test_labels_beside_the_lines_never_overlap(rows: tuple[int, ...]) -> None:
    tops = layout.apart([(50.0 + index, count) for index, count in enumerate(rows)], 0.0, 200.0)
    ends = [top + count * layout.ROW for top, count in zip(tops, rows, strict=True)]
    assert all(end <= top for end, (_, top) in zip(ends, pairwise(tops), strict=False))
    assert ends[-1] <= 200.0 + layout.ROW


def test_a_long_name_is_broken_into_rows_and_keeps_its_value_whole() -> None:
    label = layout.Label("top traders' position size of accounts", "721,584 BTC", palette.PRIMARY, 1.0)
    assert len(label.rows) >= 2
    assert label.rows[-1].endswith("721,584\N{NO-BREAK SPACE}BTC")


def test_labels_of_shades_stand_apart() -> None:
    marks = (Mark(start=20 * HOUR, end=22 * HOUR, label="squeeze"), Mark(start=23 * HOUR, end=26 * HOUR, label="flush"))
    made = chart("lines", tuple(float(index) for index in range(100)), marks=marks)
    first, second = layout.layout(made, layout.Look(820.0)).shades
    assert (first.row, second.row) == (0, 1)
    assert second.leader is not None
    assert abs(second.leader - first.middle) > layout.text_width(first.label) / 2


def test_an_event_seen_in_two_scopes_is_shaded_once() -> None:
    spans = ((1, 4, "flush"), (2, 6, "squeeze"), (3, 8, "flush"), (20, 22, "flush"))
    marks = tuple(Mark(start=first * HOUR, end=last * HOUR, label=label) for first, last, label in spans)
    made = chart("lines", tuple(float(index) for index in range(30)), marks=marks)
    shades = layout.layout(made, layout.Look(820.0)).shades
    assert [shade.label for shade in shades] == ["flush", "squeeze", "flush"]
    assert shades[0].end > shades[1].end


def test_a_shade_outside_the_chart_is_not_drawn() -> None:
    made = chart("lines", (1.0, 2.0), marks=(Mark(start=50 * HOUR, end=60 * HOUR, label="later"),))
    assert layout.layout(made, layout.Look(820.0)).shades == ()


def test_axis_labels_stay_on_the_sheet() -> None:
    for made in charts().values():
        places = layout.layout(made, layout.Look(820.0, coin="BTC"))
        for frame in places.frames:
            span = axes.value_range(frame.panel)
            assert span is not None
            ticks = axes.value_ticks(*span, frame.panel.unit, frame.most_ticks)
            assert len(ticks) >= 2
            assert max(layout.text_width(tick.label) for tick in ticks) <= places.left - 6


@pytest.mark.parametrize("label", LABELS)
def test_hostile_labels_stay_text(label: str) -> None:
    element = drawn(hostile(label).sections[0].charts[0], coin=label[:40], synthetic=True)
    assert not list(element.iter("{http://www.w3.org/2000/svg}script"))
    assert "SYNTHETIC MARKET" in texts(element)


def test_a_picture_stands_alone_with_its_title_and_its_source() -> None:
    picture = figures.alone(charts()["flows"], "png", synthetic=True)
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">I", picture[16:20])[0] == 2 * figures.WIDE


def test_the_same_chart_gives_the_same_bytes() -> None:
    made = charts()["price"]
    assert figures.svg(made) == figures.svg(made)
    assert figures.alone(made, "png") == figures.alone(made, "png")


def test_a_chart_says_in_words_what_it_shows() -> None:
    words = drawn(charts()["price"], coin="BTC").attrib["aria-label"]
    assert words.startswith("Chart, 4 Mar 12:00 to 18 Mar 2031 12:00 UTC.")
    assert "Shaded: flush, " in words
    assert "longs liquidated last $" in words


def test_marks_without_room_keep_their_words() -> None:
    crowd = tuple(msgspec.structs.replace(MARKS[0], label=f"flush number {index}") for index in range(6))
    made = msgspec.structs.replace(charts()["price"], marks=crowd)
    shades = layout.layout(made, layout.Look(358.0)).shades
    assert sorted(shade.row for shade in shades) == [-1, -1, -1, -1, 0, 1]
    assert "flush number 5" in drawn(made).attrib["aria-label"]


def test_a_line_with_one_value_leaves_a_dot() -> None:
    made = Chart(
        name="c",
        section="price",
        title="T",
        caption="",
        panels=(Panel(title="P", unit="USD", form="lines", lines=(line("x", "primary", (1.0,), (HOUR,)),)),),
    )
    assert palette.PRIMARY.variable in figures.svg(made)
