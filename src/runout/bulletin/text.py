"""Bulletin as terminal text, in the order and the tone of an avalanche bulletin."""

import itertools
import textwrap
from collections.abc import Iterator
from typing import Final

from runout.bulletin import captions, quantities, wording
from runout.bulletin.findings import Bulletin, Chart, Finding, Line, Panel, Section, Table

LEAST_WIDTH: Final = 40
"""Narrower terminals get lines of this width."""

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_STYLES: Final = {"bold": "1", "dim": "2", "warning": "1;33", "title": "1;36"}
_SPARK_SIGNS: Final = 32
_BAR_SIGNS: Final = 12


class _Sheet:
    """Lines of text under way: width, margin and colour in one place."""

    def __init__(self, width: int, *, colour: bool) -> None:
        self.width = max(width, LEAST_WIDTH)
        self.colour = colour
        self.lines: list[str] = []

    def styled(self, text: str, style: str | None) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour and style and text else text

    def line(self, text: str = "", style: str | None = None) -> None:
        self.lines.append(self.styled(text.rstrip(), style))

    def paragraph(self, text: str, *, first: str = "", rest: str | None = None, style: str | None = None) -> None:
        """Wrap text to the width; ``first`` and ``rest`` are the margins of its first and of its other lines."""
        margin = " " * len(first) if rest is None else rest
        wrapped = textwrap.wrap(
            wording.clean(text), self.width, initial_indent=first, subsequent_indent=margin, break_on_hyphens=False
        )
        for line in wrapped:
            self.line(line, style)

    def rule(self, title: str = "", sign: str = "─") -> None:
        shown = wording.short(title, self.width - 4)
        self.line(f"{shown} {sign * (self.width - len(shown) - 1)}" if shown else sign * self.width, "title")


def render(bulletin: Bulletin, width: int = 100, *, colour: bool = False) -> str:
    """Return the bulletin as text for a terminal.

    Parameters
    ----------
    bulletin
        What it says.
    width
        Signs a line; at least :data:`LEAST_WIDTH`.
    colour
        Whether to write ANSI styles (dim source lines, bold headline). Nothing is said by colour alone.

    Returns
    -------
    str
        Lines ending with a line feed. Control characters in labels are shown as U+FFFD.
    """
    sheet = _Sheet(width, colour=colour)
    _banner(bulletin, sheet)
    _header(bulletin, sheet)
    for section in bulletin.sections:
        _section(section, bulletin.coin, sheet)
    _evidence(bulletin, sheet)
    _banner(bulletin, sheet)
    return "\n".join(sheet.lines) + "\n"


def sparkline(line: Line, signs: int = _SPARK_SIGNS) -> str:
    """Return the course of a line in block signs, lowest to highest; a blank where nothing was observed.

    Each sign stands for an equal share of the values and shows the last one observed in it.
    """
    course = captions.summary(line)
    if course is None:
        return ""
    count = min(signs, len(line.values))
    cuts = [round(index * len(line.values) / count) for index in range(count + 1)]
    shown = (_last(line.values[start:end]) for start, end in itertools.pairwise(cuts))
    return "".join(" " if value is None else _block(value, course.lowest, course.highest) for value in shown)


def _last(values: tuple[float | None, ...]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def _block(value: float, lowest: float, highest: float) -> str:
    if highest == lowest:
        return _BLOCKS[3]
    return _BLOCKS[round((value - lowest) / (highest - lowest) * (len(_BLOCKS) - 1))]


def _banner(bulletin: Bulletin, sheet: _Sheet) -> None:
    if bulletin.synthetic:
        sheet.line("▒" * sheet.width, "warning")
        for line in textwrap.wrap(wording.SYNTHETIC, sheet.width):
            sheet.line(line.center(sheet.width), "warning")
        sheet.line("▒" * sheet.width, "warning")


def _header(bulletin: Bulletin, sheet: _Sheet) -> None:
    sheet.line()
    sheet.line("RUNOUT LEVERAGE BULLETIN", "title")
    sheet.paragraph(bulletin.coin, first="Region  ", style="bold")
    sheet.paragraph(f"{wording.moment(bulletin.at)}, from what was known by then", first="Valid   ")
    level = wording.danger(bulletin)
    if level is not None:
        meter = "■" * level + "□" * (len(quantities.LEVEL_NAMES) - level)
        sheet.line(f"Danger  {meter} {quantities.value_text(level, 'level')}", "bold")
    sheet.rule()
    sheet.paragraph(bulletin.headline, style="bold")


def _section(section: Section, coin: str, sheet: _Sheet) -> None:
    sheet.line()
    sheet.rule(wording.clean(section.title).upper())
    sheet.paragraph(section.summary, style="bold")
    if not (section.findings or section.tables or section.charts):
        sheet.paragraph(wording.NOTHING)
    for finding in section.findings:
        _finding(finding, sheet)
    for table in section.tables:
        sheet.line()
        _table(table, coin, sheet)
    for chart in section.charts:
        sheet.line()
        _chart(chart, coin, sheet)


def _finding(finding: Finding, sheet: _Sheet) -> None:
    sheet.line()
    sheet.paragraph(finding.statement, first="• ")
    if finding.caveat:
        sheet.paragraph(wording.CAVEAT + finding.caveat, first="    ")
    sheet.paragraph(wording.source_line(finding), first="  └ ", style="dim")


def _table(table: Table, coin: str, sheet: _Sheet) -> None:
    sheet.paragraph(table.title, first="  ", style="bold")
    for columns in _columns_that_fit(table, coin, sheet.width):
        for index, line in enumerate(columns):
            sheet.line("  " + line, "dim" if index == 0 else None)
    notes = " · ".join(part for part in (table.source, table.note) if part)
    sheet.paragraph(notes, first="  └ ", style="dim")


def _columns_that_fit(table: Table, coin: str, width: int) -> Iterator[list[str]]:
    """Yield blocks of lines, each as wide as fits: labels, then columns aligned right, then a bar if there is room."""
    room = width - 2
    label_width = min(max([len(wording.clean(row.label)) for row in table.rows] or [0]), max(room // 3, 12))
    labels = ["", *(wording.short(wording.clean(row.label), label_width) for row in table.rows)]
    blocks = [label.ljust(label_width) for label in labels]
    for index in range(len(table.columns)):
        cells = _cells(table, index, coin, room - label_width - 2)
        if len(blocks[0]) + 2 + len(cells[0]) > room:
            yield blocks
            blocks = [label.ljust(label_width) for label in labels]
        blocks = [f"{line}  {cell}" for line, cell in zip(blocks, cells, strict=True)]
    bars = _bars(table)
    if bars and len(blocks[0]) + 2 + _BAR_SIGNS <= room:
        blocks = [f"{line}  {bar}" for line, bar in zip(blocks, ["", *bars], strict=True)]
    yield blocks


def _cells(table: Table, index: int, coin: str, room: int) -> list[str]:
    unit, signed = table.units[index], table.signed[index]
    texts = [quantities.value_text(row.values[index], unit, coin=coin, signed=signed) for row in table.rows]
    texts.insert(0, wording.clean(table.columns[index]))
    width = min(max(len(text) for text in texts), max(room, 8))
    return [wording.short(text, width).rjust(width) for text in texts]


def _bars(table: Table) -> list[str]:
    """Return a bar a row for the first column, where it holds amounts without sign."""
    if len(table.rows) < 3 or not table.units or table.signed[0] or table.units[0] not in {"USD", "coins", "count"}:
        return []
    values = [row.values[0] or 0.0 for row in table.rows]
    if min(values) < 0 or max(values) <= 0:
        return []
    return [_bar(value / max(values)) for value in values]


def _bar(share: float) -> str:
    whole, eighths = divmod(round(share * _BAR_SIGNS * 8), 8)
    return ("█" * whole + _EIGHTHS[eighths]).rstrip()


def _chart(chart: Chart, coin: str, sheet: _Sheet) -> None:
    sheet.paragraph(chart.title, first="  ", style="bold")
    for panel in chart.panels:
        sheet.paragraph(panel.title, first="  ")
        for line in captions.shown_lines(panel):
            _course(line, panel, coin, sheet)
    sheet.paragraph(
        " ".join(part for part in (chart.caption, captions.marks(chart)) if part), first="  └ ", style="dim"
    )


def _course(line: Line, panel: Panel, coin: str, sheet: _Sheet) -> None:
    name_width = min(16, sheet.width // 4)
    name = wording.short(wording.clean(line.name), name_width).ljust(name_width)
    course = captions.summary(line)
    if course is None:
        sheet.line(f"    {name}  not observed")
        return
    ends = "last {1}" if panel.form in {"bars", "mirrored"} else "{0} → {1}"
    words = ends.format(*(quantities.value_text(value, panel.unit, coin=coin) for value in course[:2]))
    signs = min(_SPARK_SIGNS, sheet.width - name_width - len(words) - 8)
    sheet.line("  ".join(part for part in ("    " + name, sparkline(line, signs) if signs > 7 else "", words) if part))


def _evidence(bulletin: Bulletin, sheet: _Sheet) -> None:
    sheet.line()
    sheet.rule("EVIDENCE AND LIMITS")
    for limit in bulletin.limits:
        sheet.paragraph(limit, first="• ")
    sheet.line()
    # A command and a fingerprint are copied as they stand, so they are never wrapped.
    sheet.line(f"Reproduce    {wording.clean(bulletin.reproduce)}")
    sheet.line(f"Fingerprint  {wording.clean(bulletin.fingerprint)}")
    sheet.line(f"Versions     {wording.versions(bulletin)}")
