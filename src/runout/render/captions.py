"""A chart in words: for those who do not see it, and for forms that cannot draw."""

import math
from typing import Final, NamedTuple

from msgspec.structs import replace

from runout.bulletin import quantities, wording
from runout.bulletin.findings import Chart, Line, Panel

_FORMS: Final = {
    "lines": "lines",
    "candles": "candles",
    "mirrored": "bars, shorts upwards and longs downwards",
    "bars": "bars",
    "steps": "steps",
}


class Summary(NamedTuple):
    """First, last, lowest and highest value of a line, where it has any."""

    first: float
    last: float
    lowest: float
    highest: float


def summary(line: Line) -> Summary | None:
    """Return the summary of a line, or None where nothing was observed."""
    values = [value for value in line.values if value is not None and math.isfinite(value)]
    return Summary(values[0], values[-1], min(values), max(values)) if values else None


def finite(chart: Chart) -> Chart:
    """Return the chart with None for every value that is no finite number: it was not observed."""
    return replace(chart, panels=tuple(_finite_panel(panel) for panel in chart.panels))


def _finite_panel(panel: Panel) -> Panel:
    return replace(panel, lines=tuple(_finite_line(line) for line in panel.lines))


def _finite_line(line: Line) -> Line:
    values = tuple(value if value is not None and math.isfinite(value) else None for value in line.values)
    return replace(line, values=values)


def shown_lines(panel: Panel) -> tuple[Line, ...]:
    """Return the lines of a panel that stand for it in words: of candles only the close."""
    if panel.form != "candles":
        return panel.lines
    return tuple(line for line in panel.lines if line.name == "close") or panel.lines[:1]


def time_range(chart: Chart) -> tuple[int, int] | None:
    """Return the first and last time of a chart in UTC ns, bar widths included; None where it holds no time."""
    ends = [time for panel in chart.panels for line in panel.lines for time in line.times]
    starts = [time - panel.span for panel in chart.panels for line in panel.lines for time in line.times]
    return (min(starts), max(ends)) if ends else None


def describe(chart: Chart, *, coin: str = "") -> str:
    """Return the text alternative of a chart: period, form and course of each of its lines, shaded periods."""
    period = time_range(chart)
    if period is None:
        return f"{wording.clean(chart.title)}: no observations."
    panels = " ".join(_panel(panel, coin) for panel in chart.panels)
    return " ".join(part for part in (f"Chart, {wording.period(*period)}.", panels, marks(chart)) if part)


def marks(chart: Chart) -> str:
    """Return the shaded periods of a chart in words, or an empty text."""
    if not chart.marks:
        return ""
    periods = "; ".join(f"{wording.clean(mark.label)}, {wording.period(mark.start, mark.end)}" for mark in chart.marks)
    return f"Shaded: {periods}."


def _panel(panel: Panel, coin: str) -> str:
    courses = "; ".join(_course(line, panel, coin) for line in shown_lines(panel)) or "no observations"
    return f"{wording.clean(panel.title)} ({_FORMS[panel.form]}): {courses}."


def _course(line: Line, panel: Panel, coin: str) -> str:
    course = summary(line)
    name = wording.clean(line.name)
    if course is None:
        return f"{name} not observed"
    first, last, lowest, highest = (quantities.value_text(value, panel.unit, coin=coin) for value in course)
    if course.lowest == course.highest:
        return f"{name} {last} throughout"
    if panel.form in {"bars", "mirrored"}:
        return f"{name} last {last}, highest {highest}"
    return f"{name} from {first} to {last}, between {lowest} and {highest}"
