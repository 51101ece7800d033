"""Charts drawn with matplotlib's primitives: places in CSS pixels from the top, no axes objects (a third of the time).

Imported only by :mod:`runout.bulletin.figures`, and only when something is drawn: matplotlib takes half a second.
"""

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from runout.bulletin import axes, captions, palette, quantities, wording
from runout.bulletin.findings import Chart, Line, Mark, Panel, Unit
from runout.bulletin.palette import Ink

Point = tuple[float, float]
Box = tuple[float, float, float, float]

_SIGN: Final = 0.56  # mean width of a sign in ems; the browser chooses the font, so widths are estimates
_SIZE: Final = 11.0
_ROW: Final = 14.0
_GAP: Final = 18.0
_TITLE: Final = 22.0
_FOOT: Final = 22.0
_WIDE: Final = 560.0
_MARK_ROWS: Final = 2


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


class _Label(NamedTuple):
    name: str
    value: str
    ink: Ink
    observed: float | None

    @property
    def text(self) -> str:
        return " ".join(part for part in (self.name, self.value) if part)


class _Frame(NamedTuple):
    """A panel's place on paper: where its title, its names and its plot lie."""

    panel: Panel
    labels: tuple[_Label, ...]
    rows: tuple[tuple[_Label, ...], ...]
    title: float
    top: float
    bottom: float


class _Layout(NamedTuple):
    frames: tuple[_Frame, ...]
    left: float
    right: float
    height: float
    foot: float
    marks: tuple[tuple[Mark, int], ...]


class _Paper:
    """A figure under way."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        self.figure.patch.set_visible(False)
        downwards = Affine2D().scale(1 / 72, -1 / 72).translate(0, height / 72)
        self.transform = downwards + self.figure.dpi_scale_trans

    def path(self, path: Path, *, stroke: Ink | None = None, fill: Ink | None = None, width: float = 1.0) -> None:
        patch = PathPatch(
            path,
            facecolor=fill.light if fill else "none",
            edgecolor=stroke.light if stroke else "none",
            linewidth=width if stroke else 0,
            transform=self.transform,
        )
        self.figure.add_artist(patch)

    def line(self, points: Sequence[Point], ink: Ink, width: float = 1.6, dash: tuple[float, ...] = ()) -> None:
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        line = Line2D(xs, ys, color=ink.light, linewidth=width, transform=self.transform, solid_joinstyle="round")
        if dash:
            line.set_dashes(dash)
        self.figure.add_artist(line)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        ink: Ink = palette.INK,
        *,
        align: Literal["left", "center", "right"] = "left",
        size: float = _SIZE,
        bold: bool = False,
    ) -> None:
        # A dollar sign is money here, never mathematics.
        artist = Text(x, y, text, color=ink.light, fontsize=size, ha=align, va="baseline", parse_math=False)
        artist.set_fontweight("bold" if bold else "normal")
        artist.set_transform(self.transform)
        self.figure.add_artist(artist)


def draw(chart: Chart, look: Look) -> Figure:
    """Return the chart as a figure at 72 dots an inch: one pixel is one point."""
    layout = _layout(chart, look)
    paper = _Paper(look.width, layout.height)
    if look.framed:
        _frame_words(chart, look, layout, paper)
    period = captions.time_range(chart)
    if period is None:
        paper.text(0, layout.height - 8, "No observations", palette.MUTED)
        return paper.figure
    times = axes.Scale(period[0], max(period[1], period[0] + 1), layout.left, layout.right)
    _shade(layout, times, paper)
    _time_axis(layout, times, look, paper)
    for frame in layout.frames:
        _panel(frame, layout, times, look, paper)
    return paper.figure


def _layout(chart: Chart, look: Look) -> _Layout:
    labels = [_labels(panel, look.coin) for panel in chart.panels]
    right = look.width - (_label_room(labels) if look.wide else 6)
    left = max([_axis_room(panel) for panel in chart.panels] or [0])
    marks = _mark_rows(chart, left, right)
    y = _head(chart, look)
    frames: list[_Frame] = []
    for index, panel in enumerate(chart.panels):
        rows = () if look.wide else _label_rows(labels[index], look.width)
        strip = (max([row for _, row in marks] or [-1]) + 1) * _ROW if index == 0 else 0
        top = y + _TITLE + len(rows) * _ROW + strip
        bottom = top + _plot_height(index, len(labels[index]), look)
        frames.append(_Frame(panel, labels[index], rows, y + 13, top, bottom))
        y = bottom + _GAP
    foot = (frames[-1].bottom if frames else y) + _FOOT
    height = foot + (_ROW * len(_caption_rows(chart, look)) + 10 if look.framed else 2)
    return _Layout(tuple(frames), left, right, height, foot, marks)


def _head(chart: Chart, look: Look) -> float:
    title = 18.0 * len(_wrapped(chart.title, look.width, 15)) + 12 if look.framed else 0.0
    return title + (_ROW + 4 if look.synthetic else 0)


def _plot_height(index: int, labels: int, look: Look) -> float:
    least = (190.0 if index == 0 else 118.0) if look.wide else (170.0 if index == 0 else 104.0)
    return max(least, labels * _ROW + 8) if look.wide else least


def _frame_words(chart: Chart, look: Look, layout: _Layout, paper: _Paper) -> None:
    ground = _boxes([(0, 0, look.width, layout.height)])
    paper.path(ground, fill=palette.GROUND)
    for index, row in enumerate(_wrapped(chart.title, look.width, 15)):
        paper.text(0, 16 + 18 * index, row, size=15, bold=True)
    for index, row in enumerate(_caption_rows(chart, look)):
        paper.text(0, layout.foot + 14 + _ROW * index, row, palette.MUTED)


def _caption_rows(chart: Chart, look: Look) -> list[str]:
    return _wrapped(" ".join(part for part in (chart.caption, captions.marks(chart)) if part), look.width, _SIZE)


def _wrapped(text: str, width: float, size: float) -> list[str]:
    return textwrap.wrap(wording.clean(text), max(int(width / (size * _SIGN)), 10))


def _labels(panel: Panel, coin: str) -> tuple[_Label, ...]:
    inks = palette.inks(panel.lines)
    shown = captions.shown_lines(panel)
    return tuple(_label(line, panel, ink, coin) for line, ink in zip(panel.lines, inks, strict=True) if line in shown)


def _label(line: Line, panel: Panel, ink: Ink, coin: str) -> _Label:
    last = line.values[-1] if line.values else None
    course = captions.summary(line)
    value = quantities.value_text(last, panel.unit, coin=coin) if last is not None else "" if course else "not observed"
    name = "" if panel.form == "candles" else wording.short(wording.clean(line.name), 22)
    return _Label(name, value, ink, course.last if course else None)


def _label_room(labels: Iterable[tuple[_Label, ...]]) -> float:
    longest = max([len(label.text) for panel in labels for label in panel] or [0])
    return min(max(longest * _SIZE * _SIGN + 14, 40), 210)


def _axis_room(panel: Panel) -> float:
    span = axes.value_range(panel)
    ticks = axes.value_ticks(*span, panel.unit, 4) if span else ()
    return max([len(tick.label) for tick in ticks] or [0]) * _SIZE * _SIGN + 8


def _label_rows(labels: tuple[_Label, ...], width: float) -> tuple[tuple[_Label, ...], ...]:
    """Return the names above a panel, wrapped to the width."""
    rows: list[list[_Label]] = []
    used = math.inf
    for label in labels:
        room = _key_width(label)
        if used + room > width:
            rows.append([])
            used = 0.0
        rows[-1].append(label)
        used += room
    return tuple(tuple(row) for row in rows)


def _key_width(label: _Label) -> float:
    return len(label.text) * _SIZE * _SIGN + 28


def _mark_rows(chart: Chart, left: float, right: float) -> tuple[tuple[Mark, int], ...]:
    """Return a row for the label of each mark; a mark without room keeps its shade and its words in the caption."""
    period = captions.time_range(chart)
    if period is None:
        return ()
    times = axes.Scale(period[0], max(period[1], period[0] + 1), left, right)
    ends = [-math.inf] * _MARK_ROWS
    placed: list[tuple[Mark, int]] = []
    for mark in sorted(chart.marks, key=lambda mark: (mark.start, mark.end)):
        half = len(mark.label) * _SIZE * _SIGN / 2
        middle = _mark_middle(mark, half, times)
        row = next((row for row, end in enumerate(ends) if middle - half > end), -1)
        if row >= 0 and 2 * half < right - left:
            ends[row] = middle + half + 8
            placed.append((mark, row))
        else:
            placed.append((mark, -1))
    return tuple(placed)


def _mark_middle(mark: Mark, half: float, times: axes.Scale) -> float:
    start, end = _mark_places(mark, times)
    return min(max((start + end) / 2, times.start + half), times.end - half)


def _mark_places(mark: Mark, times: axes.Scale) -> Point:
    start, end = (min(max(times.place(time), times.start), times.end) for time in (mark.start, mark.end))
    return start, max(end, start + 1.5)


def _shade(layout: _Layout, times: axes.Scale, paper: _Paper) -> None:
    boxes: list[Box] = []
    for mark, row in layout.marks:
        start, end = _mark_places(mark, times)
        if mark.end < times.low or mark.start > times.high:
            continue
        boxes += [(start, frame.top, end, frame.bottom) for frame in layout.frames]
        if row >= 0:
            half = len(mark.label) * _SIZE * _SIGN / 2
            top = layout.frames[0].top
            paper.text(
                _mark_middle(mark, half, times),
                top - 5 - row * _ROW,
                wording.clean(mark.label),
                palette.OCHRE,
                align="center",
            )
    if boxes:
        paper.path(_boxes(boxes), fill=palette.SHADE)


def _time_axis(layout: _Layout, times: axes.Scale, look: Look, paper: _Paper) -> None:
    most = int((layout.right - layout.left) / (78 if look.wide else 62))
    ticks = [(times.place(tick.value), tick) for tick in axes.time_ticks(int(times.low), int(times.high), most)]
    for frame in layout.frames:
        segments = [((x, frame.top), (x, frame.bottom)) for x, _ in ticks]
        if segments:
            paper.path(_strokes(segments), stroke=palette.GRID, width=0.8)
    for x, tick in ticks:
        half = len(tick.label) * _SIZE * _SIGN / 2
        middle = min(x, look.width - half)
        if middle - half > layout.left - 14:
            ink = palette.INK if tick.strong else palette.MUTED
            paper.text(middle, layout.foot - 6, tick.label, ink, align="center")
    paper.text(0, layout.foot - 6, "UTC", palette.MUTED)
    if look.synthetic:
        paper.text(0, layout.frames[0].title - 17, "SYNTHETIC MARKET", palette.SHORT, bold=True)


def _panel(frame: _Frame, layout: _Layout, times: axes.Scale, look: Look, paper: _Paper) -> None:
    panel = frame.panel
    unit = _unit_words(panel.unit, look.coin)
    title_room = int((layout.right - len(unit) * _SIZE * _SIGN - 16) / (12 * _SIGN * 1.06))
    paper.text(0, frame.title, wording.short(wording.clean(panel.title), title_room), size=12, bold=True)
    paper.text(layout.right, frame.title, unit, palette.MUTED, align="right")
    _key(frame, paper)
    span = axes.value_range(panel)
    if span is None:
        paper.text(
            (layout.left + layout.right) / 2,
            (frame.top + frame.bottom) / 2,
            "not observed",
            palette.MUTED,
            align="center",
        )
        return
    values = axes.Scale(span[0], span[1], frame.bottom, frame.top)
    _value_axis(frame, layout, values, paper)
    _FORMS[panel.form](panel, times, values, paper)
    if look.wide:
        _end_labels(frame, layout, values, paper)


def _unit_words(unit: Unit, coin: str) -> str:
    return {"coins": coin or "coins", "USD per coin": f"USD per {coin or 'coin'}", "fraction": "%"}.get(unit, unit)


def _key(frame: _Frame, paper: _Paper) -> None:
    for index, row in enumerate(frame.rows):
        x, y = 0.0, frame.title + 15 + index * _ROW
        for label in row:
            paper.line([(x, y - 4), (x + 10, y - 4)], label.ink, 2.4)
            paper.text(x + 14, y, label.text, label.ink)
            x += _key_width(label)


def _value_axis(frame: _Frame, layout: _Layout, values: axes.Scale, paper: _Paper) -> None:
    mirrored = frame.panel.form == "mirrored"
    most = max(2, int((frame.bottom - frame.top) / 38))
    ticks = axes.value_ticks(values.low, values.high, frame.panel.unit, most)
    places = [(values.place(tick.value), tick) for tick in ticks]
    if places:
        grid = [((layout.left, y), (layout.right, y)) for y, _ in places]
        paper.path(_strokes(grid), stroke=palette.GRID, width=0.8)
    for y, tick in places:
        label = tick.label.lstrip("−") if mirrored else tick.label
        paper.text(layout.left - 6, y + 4, label, palette.MUTED, align="right")
    if values.low <= 0 <= values.high:
        zero = values.place(0)
        paper.path(_strokes([((layout.left, zero), (layout.right, zero))]), stroke=palette.AXIS, width=1.0)


def _end_labels(frame: _Frame, layout: _Layout, values: axes.Scale, paper: _Paper) -> None:
    """Write the names beside the ends of the lines, pushed apart where they would overlap."""
    mirrored = frame.panel.form == "mirrored"
    wanted: list[tuple[float, _Label]] = []
    for label, line in zip(frame.labels, captions.shown_lines(frame.panel), strict=True):
        if mirrored:
            wanted.append((values.place((values.low if line.role == "long" else values.high) * 0.6), label))
        else:
            wanted.append((values.place(label.observed) if label.observed is not None else frame.bottom, label))
    wanted.sort(key=lambda item: item[0])
    for y, (_, label) in zip(_apart([y for y, _ in wanted], frame), wanted, strict=True):
        room = int((paper.figure.bbox.width - layout.right - 8) / (_SIZE * _SIGN))
        paper.text(layout.right + 8, y + 4, _fitted(label, room), label.ink)


def _fitted(label: _Label, room: int) -> str:
    """Return a label within ``room`` signs: the name gives way, the value stays."""
    if len(label.text) <= room or not label.name:
        return label.text
    return f"{wording.short(label.name, max(room - len(label.value) - 1, 4))} {label.value}".rstrip()


def _apart(places: Sequence[float], frame: _Frame) -> list[float]:
    shown: list[float] = []
    for place in places:
        shown.append(max(place, shown[-1] + _ROW) if shown else max(place, frame.top + 4))
    excess = shown[-1] - frame.bottom if shown else 0
    for index in range(len(shown) - 1, -1, -1):
        if excess <= 0:
            break
        limit = shown[index + 1] - _ROW if index + 1 < len(shown) else frame.bottom
        shown[index] = min(shown[index], limit)
    return shown


def _lines(panel: Panel, times: axes.Scale, values: axes.Scale, paper: _Paper) -> None:
    for line, ink in zip(panel.lines, palette.inks(panel.lines), strict=True):
        dash = (4.0, 3.0) if line.role == "reference" else ()
        for run in _runs(line):
            points = [(times.place(time), values.place(value)) for time, value in run]
            if len(points) == 1:
                x, y = points[0]
                points = [(x - 1.2, y), (x + 1.2, y)]
            paper.line(points, ink, 1.2 if dash else 1.7, dash)


def _steps(panel: Panel, times: axes.Scale, values: axes.Scale, paper: _Paper) -> None:
    """Draw each value level over the interval that ends at its time."""
    for line, ink in zip(panel.lines, palette.inks(panel.lines), strict=True):
        for run in _runs(line, panel.span):
            points: list[Point] = []
            for index, (time, value) in enumerate(run):
                since = run[index - 1][0] if index else time - panel.span
                points += [(times.place(since), values.place(value)), (times.place(time), values.place(value))]
            paper.line(points, ink, 1.7, (4.0, 3.0) if line.role == "reference" else ())


def _bars(panel: Panel, times: axes.Scale, values: axes.Scale, paper: _Paper) -> None:
    """Draw bars over the interval that ends at their time; several lines share it side by side."""
    zero = values.place(0)
    width = _bar_width(panel, times) / max(len(panel.lines), 1)
    for index, (line, ink) in enumerate(zip(panel.lines, palette.inks(panel.lines), strict=True)):
        boxes: list[Box] = []
        for time, value in _observed(line):
            right = times.place(time) - width * (len(panel.lines) - 1 - index)
            boxes.append(_bar(right, width, zero, values.place(value)))
        paper.path(_boxes(boxes), fill=ink)


def _mirrored(panel: Panel, times: axes.Scale, values: axes.Scale, paper: _Paper) -> None:
    zero, width = values.place(0), _bar_width(panel, times)
    for line, ink in zip(panel.lines, palette.inks(panel.lines), strict=True):
        sign = -1 if line.role == "long" else 1
        boxes = [_bar(times.place(t), width, zero, values.place(sign * abs(value))) for t, value in _observed(line)]
        paper.path(_boxes(boxes), fill=ink)


def _candles(panel: Panel, times: axes.Scale, values: axes.Scale, paper: _Paper) -> None:
    """Draw rising candles hollow and falling ones filled, so that colour is left to longs and shorts."""
    by_name = {line.name: line.values for line in panel.lines}
    if not {"open", "high", "low", "close"} <= set(by_name):
        _lines(panel, times, values, paper)
        return
    width = _bar_width(panel, times)
    wicks: list[tuple[Point, Point]] = []
    rising: list[Box] = []
    falling: list[Box] = []
    rows = zip(panel.lines[0].times, *(by_name[name] for name in ("open", "high", "low", "close")), strict=True)
    for time, first, high, low, last in rows:
        if first is None or high is None or low is None or last is None:
            continue
        right = times.place(time)
        middle = right - width / 2
        wicks.append(((middle, values.place(high)), (middle, values.place(low))))
        body = _bar(right, width, values.place(first), values.place(last))
        (rising if last >= first else falling).append(body)
    paper.path(_strokes(wicks), stroke=palette.PRICE, width=0.9)
    paper.path(_boxes(rising), stroke=palette.PRICE, fill=palette.GROUND, width=0.9)
    paper.path(_boxes(falling), stroke=palette.PRICE, fill=palette.PRICE, width=0.9)


_FORMS: Final = {"lines": _lines, "steps": _steps, "bars": _bars, "mirrored": _mirrored, "candles": _candles}


def _observed(line: Line) -> list[tuple[int, float]]:
    return [(t, value) for t, value in zip(line.times, line.values, strict=True) if value is not None]


def _runs(line: Line, span: int = 0) -> list[list[tuple[int, float]]]:
    """Return the stretches of a line without a gap; with a span, a missing row is a gap too."""
    runs: list[list[tuple[int, float]]] = [[]]
    for time, value in zip(line.times, line.values, strict=True):
        if value is None or (span and runs[-1] and time - runs[-1][-1][0] > span):
            runs.append([])
        if value is not None:
            runs[-1].append((time, value))
    return [run for run in runs if run]


def _bar_width(panel: Panel, times: axes.Scale) -> float:
    return times.place(times.low + panel.span) - times.start


def _bar(right: float, width: float, start: float, end: float) -> Box:
    air = min(width * 0.14, 1.5)
    left, right = right - width + air, right - air
    if right - left < 0.7:
        left, right = (left + right) / 2 - 0.35, (left + right) / 2 + 0.35
    # A value too small for a pixel still leaves a hairline: zero and little must look different.
    return (
        left,
        start,
        right,
        end if abs(end - start) >= 0.4 or end == start else start + math.copysign(0.4, end - start),
    )


def _boxes(boxes: Sequence[Box]) -> Path:
    vertices: list[Point] = []
    for left, top, right, bottom in boxes:
        vertices += [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(boxes)
    return Path(vertices or [(0.0, 0.0)], codes or [Path.MOVETO])


def _strokes(segments: Sequence[tuple[Point, Point]]) -> Path:
    vertices = [point for segment in segments for point in segment]
    return Path(vertices or [(0.0, 0.0)], [Path.MOVETO, Path.LINETO] * len(segments) or [Path.MOVETO])
