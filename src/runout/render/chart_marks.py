"""Forms of the charts: how the values of a panel become lines and boxes."""

import math
from typing import Final

from runout.bulletin.findings import Line, Panel
from runout.render import axes, palette
from runout.render.canvas import Box, Paper, Point, boxes, strokes


def _lines(panel: Panel, times: axes.Scale, values: axes.Scale, paper: Paper) -> None:
    for line, ink in zip(panel.lines, palette.inks(panel.lines), strict=True):
        dash = (4.0, 3.0) if line.role == "reference" else ()
        for run in _runs(line):
            points = [(times.place(time), values.place(value)) for time, value in run]
            if len(points) == 1:
                x, y = points[0]
                points = [(x - 1.2, y), (x + 1.2, y)]
            paper.line(points, ink, 1.2 if dash else 1.7, dash)


def _steps(panel: Panel, times: axes.Scale, values: axes.Scale, paper: Paper) -> None:
    """Draw each value level over the interval that ends at its time."""
    for line, ink in zip(panel.lines, palette.inks(panel.lines), strict=True):
        for run in _runs(line, panel.span):
            points: list[Point] = []
            for index, (time, value) in enumerate(run):
                since = run[index - 1][0] if index else time - panel.span
                points += [(times.place(since), values.place(value)), (times.place(time), values.place(value))]
            paper.line(points, ink, 1.7, (4.0, 3.0) if line.role == "reference" else ())


def _bars(panel: Panel, times: axes.Scale, values: axes.Scale, paper: Paper) -> None:
    """Draw bars over the interval that ends at their time; several lines share it side by side."""
    zero = values.place(0)
    width = _bar_width(panel, times) / max(len(panel.lines), 1)
    for index, (line, ink) in enumerate(zip(panel.lines, palette.inks(panel.lines), strict=True)):
        bars: list[Box] = []
        for time, value in _observed(line):
            right = times.place(time) - width * (len(panel.lines) - 1 - index)
            bars.append(_bar(right, width, zero, values.place(value)))
        paper.path(boxes(bars), fill=ink)


def _mirrored(panel: Panel, times: axes.Scale, values: axes.Scale, paper: Paper) -> None:
    zero, width = values.place(0), _bar_width(panel, times)
    for line, ink in zip(panel.lines, palette.inks(panel.lines), strict=True):
        sign = -1 if line.role == "long" else 1
        bars = [_bar(times.place(t), width, zero, values.place(sign * abs(value))) for t, value in _observed(line)]
        paper.path(boxes(bars), fill=ink)


def _candles(panel: Panel, times: axes.Scale, values: axes.Scale, paper: Paper) -> None:
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
    paper.path(strokes(wicks), stroke=palette.PRICE, width=0.9)
    paper.path(boxes(rising), stroke=palette.PRICE, fill=palette.GROUND, width=0.9)
    paper.path(boxes(falling), stroke=palette.PRICE, fill=palette.PRICE, width=0.9)


FORMS: Final = {"lines": _lines, "steps": _steps, "bars": _bars, "mirrored": _mirrored, "candles": _candles}
"""What draws each form of a panel: from the panel and its two scales, onto paper."""


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
