"""A chart on paper: axes, names and marks around the forms.

Imported only by :mod:`runout.render.figures`, and only where something is drawn.
"""

from typing import Final

from matplotlib.figure import Figure

from runout.bulletin import wording
from runout.bulletin.findings import Chart, Unit
from runout.render import axes, captions, palette
from runout.render.canvas import Box, Paper, boxes, strokes
from runout.render.chart_marks import FORMS
from runout.render.layout import (
    ROW,
    Frame,
    Label,
    Layout,
    Look,
    apart,
    caption_rows,
    key_width,
    layout,
    signs_in,
    text_width,
    wrapped,
)

_TITLE_SIZE: Final = 15.0
_PANEL_SIZE: Final = 12.0


def draw(chart: Chart, look: Look) -> Figure:
    """Return the chart as a figure at 72 dots an inch: one pixel is one point."""
    places = layout(chart, look)
    paper = Paper(look.width, places.height)
    if look.framed:
        _frame_words(chart, look, places, paper)
    period = captions.time_range(chart)
    if period is None:
        paper.text(0, places.height - 8, "No observations", palette.MUTED)
        return paper.figure
    times = axes.Scale(period[0], max(period[1], period[0] + 1), places.left, places.right)
    _shade(places, paper)
    _time_axis(places, times, look, paper)
    for frame in places.frames:
        _panel(frame, places, times, look, paper)
    return paper.figure


def _frame_words(chart: Chart, look: Look, places: Layout, paper: Paper) -> None:
    paper.path(boxes([(0, 0, look.width, places.height)]), fill=palette.GROUND)
    for index, row in enumerate(wrapped(chart.title, look.width, _TITLE_SIZE)):
        paper.text(0, 16 + 18 * index, row, size=_TITLE_SIZE, bold=True)
    for index, row in enumerate(caption_rows(chart, look)):
        paper.text(0, places.foot + 14 + ROW * index, row, palette.MUTED)


def _shade(places: Layout, paper: Paper) -> None:
    shaded: list[Box] = []
    for shade in places.shades:
        shaded += [(shade.start, frame.top, shade.end, frame.bottom) for frame in places.frames]
        if shade.row >= 0:
            top = places.frames[0].top
            paper.text(shade.middle, top - 5 - shade.row * ROW, shade.label, palette.OCHRE, align="center")
            if shade.leader is not None:
                paper.line([(shade.leader, top - 2 - shade.row * ROW), (shade.leader, top)], palette.OCHRE, 0.8)
    if shaded:
        paper.path(boxes(shaded), fill=palette.SHADE)
        edges = [((left, top), (left, bottom)) for left, top, _, bottom in shaded]
        paper.path(strokes(edges), stroke=palette.GROUND, width=1.5)


def _time_axis(places: Layout, times: axes.Scale, look: Look, paper: Paper) -> None:
    most = int((places.right - places.left) / (78 if look.wide else 62))
    ticks = [(times.place(tick.value), tick) for tick in axes.time_ticks(int(times.low), int(times.high), most)]
    for frame in places.frames:
        segments = [((x, frame.top), (x, frame.bottom)) for x, _ in ticks]
        if segments:
            paper.path(strokes(segments), stroke=palette.GRID, width=0.8)
    for x, tick in ticks:
        half = text_width(tick.label) / 2
        middle = min(x, look.width - half)
        if middle - half > places.left - 14:
            ink = palette.INK if tick.strong else palette.MUTED
            paper.text(middle, places.foot - 6, tick.label, ink, align="center")
    paper.text(0, places.foot - 6, "UTC", palette.MUTED)
    if look.synthetic:
        paper.text(0, places.frames[0].title - 17, "SYNTHETIC MARKET", palette.SHORT, bold=True)


def _panel(frame: Frame, places: Layout, times: axes.Scale, look: Look, paper: Paper) -> None:
    panel = frame.panel
    unit = _unit_words(panel.unit, look.coin)
    room = signs_in(places.right - text_width(unit) - 16, _PANEL_SIZE)
    paper.text(0, frame.title, wording.short(_capital(wording.clean(panel.title)), room), size=_PANEL_SIZE, bold=True)
    paper.text(places.right, frame.title, unit, palette.MUTED, align="right")
    _key(frame, paper)
    span = axes.value_range(panel)
    if span is None:
        x, y = (places.left + places.right) / 2, (frame.top + frame.bottom) / 2
        paper.text(x, y, "not observed", palette.MUTED, align="center")
        return
    values = axes.Scale(span[0], span[1], frame.bottom, frame.top)
    _value_axis(frame, places, values, paper)
    FORMS[panel.form](panel, times, values, paper)
    if look.wide:
        _end_labels(frame, places, values, paper)


def _unit_words(unit: Unit, coin: str) -> str:
    return {"coins": coin or "coins", "USD per coin": f"USD per {coin or 'coin'}", "fraction": "%"}.get(unit, unit)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _key(frame: Frame, paper: Paper) -> None:
    for index, row in enumerate(frame.rows):
        x, y = 0.0, frame.title + 15 + index * ROW
        for label in row:
            paper.line([(x, y - 4), (x + 10, y - 4)], label.ink, 2.4)
            paper.text(x + 14, y, label.text, label.ink)
            x += key_width(label)


def _value_axis(frame: Frame, places: Layout, values: axes.Scale, paper: Paper) -> None:
    mirrored = frame.panel.form == "mirrored"
    ticks = axes.value_ticks(values.low, values.high, frame.panel.unit, frame.most_ticks)
    placed = [(values.place(tick.value), tick) for tick in ticks]
    if placed:
        grid = [((places.left, y), (places.right, y)) for y, _ in placed]
        paper.path(strokes(grid), stroke=palette.GRID, width=0.8)
    for y, tick in placed:
        label = tick.label.lstrip("−") if mirrored else tick.label
        paper.text(places.left - 6, y + 4, label, palette.MUTED, align="right")
    if values.low <= 0 <= values.high:
        zero = values.place(0)
        paper.path(strokes([((places.left, zero), (places.right, zero))]), stroke=palette.AXIS, width=1.0)


def _end_labels(frame: Frame, places: Layout, values: axes.Scale, paper: Paper) -> None:
    """Write the names beside the ends of the lines."""
    requested = sorted(_label_places(frame, values), key=lambda item: item[0])
    tops = apart([(y, len(label.rows)) for y, label in requested], frame.top, frame.bottom)
    for top, (_, label) in zip(tops, requested, strict=True):
        for index, row in enumerate(label.rows):
            paper.text(places.right + 8, top + 4 + index * ROW, row, label.ink)


def _label_places(frame: Frame, values: axes.Scale) -> list[tuple[float, Label]]:
    """Return where each label would stand: at the last value, of mirrored bars in the middle of its side."""
    requested: list[tuple[float, Label]] = []
    for label, line in zip(frame.labels, captions.shown_lines(frame.panel), strict=True):
        if frame.panel.form == "mirrored":
            place = values.place((values.low if line.role == "long" else values.high) * 0.6)
        else:
            place = frame.bottom if label.observed is None else values.place(label.observed)
        requested.append((place, label))
    return requested
