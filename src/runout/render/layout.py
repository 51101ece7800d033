"""Where everything of a chart lies: panels, names, marks; in CSS pixels from the top."""

import math
import textwrap
from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from runout.bulletin import quantities, wording
from runout.bulletin.findings import Chart, Line, Mark, Panel
from runout.render import axes, captions, palette
from runout.render.palette import Ink

SIZE: Final = 11.0
"""Height of the letters."""

ROW: Final = 14.0
"""Distance of two rows of text."""

_SIGN: Final = 0.6  # mean width of a sign in ems; the browser chooses the font, so widths are estimates
_GAP: Final = 18.0
_TITLE: Final = 22.0
_FOOT: Final = 22.0
_WIDE: Final = 560.0
_MARK_ROWS: Final = 2
_NAME_SIGNS: Final = 40
_END_SIGNS: Final = 22
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


class Look(NamedTuple):
    """What differs between a figure in a page, on a phone, and alone on paper."""

    width: float
    coin: str = ""
    synthetic: bool = False
    framed: bool = False

    @property
    def wide(self) -> bool:
        """Whether names stand at the ends of the lines; else above them."""
        return self.width >= _WIDE


class Label(NamedTuple):
    """The name of a line with its last value, where it is observed."""

    name: str
    value: str
    ink: Ink
    observed: float | None

    @property
    def text(self) -> str:
        """The label on one row."""
        return " ".join(part for part in (self.name, self.value) if part)

    @property
    def rows(self) -> tuple[str, ...]:
        """The label beside the end of its line; a value is never broken."""
        kept = self.value.replace(" ", _NO_BREAK)
        return tuple(textwrap.wrap(f"{self.name} {kept}".strip(), _END_SIGNS, break_on_hyphens=False)) or ("",)


class Frame(NamedTuple):
    """A panel's place on paper: where its title, its names and its plot lie."""

    panel: Panel
    labels: tuple[Label, ...]
    rows: tuple[tuple[Label, ...], ...]
    title: float
    top: float
    bottom: float

    @property
    def most_ticks(self) -> int:
        """How many values beside the axis there is room for."""
        return most_ticks(self.panel, self.bottom - self.top)


class Shade(NamedTuple):
    """A marked period between two places, and where its label stands; ``row`` -1 where there is no room for one."""

    label: str
    start: float
    end: float
    middle: float
    row: int
    leader: float | None = None


class Layout(NamedTuple):
    """Places of a whole chart."""

    frames: tuple[Frame, ...]
    shades: tuple[Shade, ...]
    left: float
    right: float
    height: float
    foot: float


def layout(chart: Chart, look: Look) -> Layout:
    """Return where everything of a chart lies."""
    labels = [_labels(panel, look.coin) for panel in chart.panels]
    heights = [_plot_height(index, named, look) for index, named in enumerate(labels)]
    right = look.width - (_label_room(labels) if look.wide else 6)
    left = max([_axis_room(*pair) for pair in zip(chart.panels, heights, strict=True)] or [0])
    shades = _shades(chart, left, right)
    y = _head(chart, look)
    frames: list[Frame] = []
    for index, panel in enumerate(chart.panels):
        rows = () if look.wide else _label_rows(labels[index], look.width)
        strip = (max([shade.row for shade in shades] or [-1]) + 1) * ROW if index == 0 else 0
        top = y + _TITLE + len(rows) * ROW + strip
        frames.append(Frame(panel, labels[index], rows, y + 13, top, top + heights[index]))
        y = top + heights[index] + _GAP
    foot = (frames[-1].bottom if frames else y) + _FOOT
    height = foot + (ROW * len(caption_rows(chart, look)) + 10 if look.framed else 2)
    return Layout(tuple(frames), shades, left, right, height, foot)


def text_width(text: str, size: float = SIZE) -> float:
    """Return about how wide a text will be."""
    # A percent sign is nearly as wide as two digits in every font.
    return (len(text) + 0.7 * text.count("%")) * size * _SIGN


def signs_in(width: float, size: float = SIZE) -> int:
    """Return about how many signs fit into a width."""
    return max(int(width / (size * _SIGN)), 10)


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Return text in rows of a width."""
    return textwrap.wrap(wording.clean(text), signs_in(width, size))


def caption_rows(chart: Chart, look: Look) -> list[str]:
    """Return the source line of a chart, and its marks in words, in rows."""
    return wrapped(" ".join(part for part in (chart.caption, captions.marks(chart)) if part), look.width, SIZE)


def most_ticks(panel: Panel, height: float) -> int:
    """Return how many values beside an axis there is room for."""
    return max(5 if panel.form == "mirrored" else 4, int(height / 36))


def key_width(label: Label) -> float:
    """Return how wide a label with its stroke is, above a panel."""
    return text_width(label.text) + 28


def apart(places: Sequence[tuple[float, int]], top: float, bottom: float) -> list[float]:
    """Return the first baselines of labels, in order of place, pushed apart where they would overlap.

    Parameters
    ----------
    places
        Where each label wants its middle, and how many rows it has.
    top, bottom
        Between them they stay, as far as they fit.
    """
    shown: list[float] = []
    end = top + 4
    for place, rows in places:
        shown.append(max(place - (rows - 1) * ROW / 2, end))
        end = shown[-1] + rows * ROW
    limit = bottom + ROW
    for index in range(len(shown) - 1, -1, -1):
        shown[index] = min(shown[index], limit - places[index][1] * ROW)
        limit = shown[index]
    return shown


def _head(chart: Chart, look: Look) -> float:
    title = 18.0 * len(wrapped(chart.title, look.width, 15)) + 12 if look.framed else 0.0
    return title + (ROW + 4 if look.synthetic else 0)


def _plot_height(index: int, labels: tuple[Label, ...], look: Look) -> float:
    least = (190.0 if index == 0 else 118.0) if look.wide else (170.0 if index == 0 else 104.0)
    return max(least, sum(len(label.rows) for label in labels) * ROW + 8) if look.wide else least


def _labels(panel: Panel, coin: str) -> tuple[Label, ...]:
    inks = palette.inks(panel.lines)
    shown = captions.shown_lines(panel)
    return tuple(_label(line, panel, ink, coin) for line, ink in zip(panel.lines, inks, strict=True) if line in shown)


def _label(line: Line, panel: Panel, ink: Ink, coin: str) -> Label:
    name = wording.short(wording.clean(line.name), _NAME_SIGNS)
    course = captions.summary(line)
    if course is None:
        return Label(name, "not observed", ink, None)
    last = line.values[-1]
    # The last of many bars says little beside its name: it would be read as the whole of them.
    quiet = last is None or panel.form in {"bars", "mirrored"}
    value = "" if quiet else quantities.value_text(last, panel.unit, coin=coin)
    candles = panel.form == "candles"
    is_named = candles or (name == coin and bool(value))
    return Label("" if is_named else name, value, palette.PRICE if candles else ink, course.last)


def _label_room(labels: Sequence[tuple[Label, ...]]) -> float:
    longest = max([text_width(row) for panel in labels for label in panel for row in label.rows] or [0])
    return min(max(longest + 14, 40), 210)


def _axis_room(panel: Panel, height: float) -> float:
    span = axes.value_range(panel)
    ticks = axes.value_ticks(*span, panel.unit, most_ticks(panel, height)) if span else ()
    return max([text_width(tick.label) for tick in ticks] or [0]) + 8


def _label_rows(labels: tuple[Label, ...], width: float) -> tuple[tuple[Label, ...], ...]:
    """Return the names above a panel, wrapped to the width."""
    rows: list[list[Label]] = []
    used = math.inf
    for label in labels:
        room = key_width(label)
        if used + room > width:
            rows.append([])
            used = 0.0
        rows[-1].append(label)
        used += room
    return tuple(tuple(row) for row in rows)


def _shades(chart: Chart, left: float, right: float) -> tuple[Shade, ...]:
    """Return the marked periods that a chart shows; labels that would overlap stand in two rows."""
    period = captions.time_range(chart)
    if period is None:
        return ()
    times = axes.Scale(period[0], max(period[1], period[0] + 1), left, right)
    placed: list[Shade] = []
    for mark in _merged(chart.marks):
        if mark.end >= times.low and mark.start <= times.high:
            placed.append(_shade(mark, placed, times))
    return tuple(placed)


def _merged(marks: Sequence[Mark]) -> list[Mark]:
    """Return marks in order of time; those of one label that overlap are one (an event seen in two scopes)."""
    merged: dict[str, list[Mark]] = {}
    for mark in sorted(marks, key=lambda mark: (mark.start, mark.end)):
        same = merged.setdefault(mark.label, [])
        if same and mark.start <= same[-1].end:
            same[-1] = replace(same[-1], end=max(same[-1].end, mark.end))
        else:
            same.append(mark)
    return sorted((mark for same in merged.values() for mark in same), key=lambda mark: (mark.start, mark.end))


def _shade(mark: Mark, placed: Sequence[Shade], times: axes.Scale) -> Shade:
    label = wording.clean(mark.label)
    start, end = (min(max(times.place(time), times.start), times.end) for time in (mark.start, mark.end))
    end = max(end, start + 1.5)
    half = text_width(label) / 2
    middle = min(max((start + end) / 2, times.start + half), times.end - half)
    row = next((row for row in range(_MARK_ROWS) if middle - half > _row_end(placed, row)), -1)
    if 2 * half >= times.end - times.start:
        row = -1
    shade = Shade(label, start, end, middle, row)
    return shade._replace(leader=_leader(shade, placed)) if row > 0 else shade


def _row_end(placed: Sequence[Shade], row: int) -> float:
    return max([shade.middle + text_width(shade.label) / 2 + 8 for shade in placed if shade.row == row] or [0.0])


def _leader(shade: Shade, placed: Sequence[Shade]) -> float | None:
    """Return where a stroke leads from a label in an upper row to its shade without crossing a label below."""
    below = [other for other in placed if 0 <= other.row < shade.row]
    for place in ((shade.start + shade.end) / 2, shade.end - 1, shade.start + 1):
        if all(abs(place - other.middle) > text_width(other.label) / 2 + 2 for other in below):
            return place
    return None
