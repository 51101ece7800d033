"""Bulletin as terminal text, in the order and the tone of an avalanche bulletin."""

import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from runout.bulletin import brief_words, citation, quantities, wording
from runout.bulletin.brief import brief
from runout.bulletin.findings import Bulletin, Chart, Line, Panel, Section, Table
from runout.render import captions, cells

LEAST_WIDTH: Final = 40
"""Narrower terminals get lines of this width."""

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_STYLES: Final = {"bold": "1", "dim": "2", "warning": "1;33", "title": "1;36"}
_SPARK_SIGNS: Final = 32
_BAR_SIGNS: Final = 12
_LABEL_SIGNS: Final = 11
_CHECKED: Final = (
    "Our figures are those of the sections above, with their sources; the page and JSON have a remark on each."
)
_MOST_ROWS: Final = 12
"""Rows up to which the text shows a whole table."""
_ROWS_OF_MANY: Final = 8
"""Rows that it shows of a longer one; the page and JSON have all."""


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
        for row in cells.rows(wording.clean(text), self.width, first, margin):
            self.line(row, style)

    def rule(self, title: str = "", sign: str = "─") -> None:
        shown = cells.short(title, self.width - 4)
        self.line(f"{shown} {sign * (self.width - cells.cells(shown) - 1)}" if shown else sign * self.width, "title")


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
    sentences: set[str] = set()
    for section in bulletin.sections:
        _section(section, bulletin, sheet, sentences)
    _evidence(bulletin, sheet)
    _banner(bulletin, sheet)
    return "\n".join(sheet.lines) + "\n"


def render_brief(bulletin: Bulletin, width: int = 100, *, colour: bool = False) -> str:
    """Return the bulletin on one screen: at most 24 lines at 100 signs.

    Parameters
    ----------
    bulletin
        What it says.
    width
        Signs a line; at least :data:`LEAST_WIDTH`.
    colour
        Whether to write ANSI styles.
    """
    sheet, short = _Sheet(width, colour=colour), brief(bulletin)
    if short.synthetic:
        sheet.paragraph(wording.SYNTHETIC, style="warning")
    sheet.paragraph(brief_words.head(short), style="title")
    sheet.paragraph(brief_words.warning(short), style="warning")
    margin = " " * _LABEL_SIGNS
    for label, words in brief_words.lines(short):
        if label == brief_words.MORE:
            _command(words, label, sheet)
            continue
        style = "bold" if label == "Danger" else None
        sheet.paragraph(words, first=cells.left(label, _LABEL_SIGNS), rest=margin, style=style)
    return "\n".join(sheet.lines) + "\n"


def _command(command: str, label: str, sheet: _Sheet) -> None:
    """Write a command so that it can be copied: a long one goes on behind the backslash a shell understands."""
    if cells.cells(command) + _LABEL_SIGNS <= sheet.width:
        sheet.line(cells.left(label, _LABEL_SIGNS) + command)
        return
    sheet.line(label)
    sheet.lines += cells.command_rows(command, sheet.width)


def sparkline(line: Line, signs: int = _SPARK_SIGNS, *, bars: bool = False) -> str:
    """Return the course of a line in block signs, lowest to highest; a blank where nothing was observed.

    Each sign stands for an equal share of the values. It shows the last one observed in it, or of bars the largest,
    so that a single tall one is not lost; bars stand on zero.
    """
    course = captions.summary(line)
    if course is None:
        return ""
    count = min(signs, len(line.values))
    cuts = [round(index * len(line.values) / count) for index in range(count + 1)]
    shown = (_representative(line.values[start:end], bars=bars) for start, end in itertools.pairwise(cuts))
    lowest = min(course.lowest, 0.0) if bars else course.lowest
    return "".join(" " if value is None else _block(value, lowest, course.highest) for value in shown)


def _representative(values: tuple[float | None, ...], *, bars: bool) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return None
    return max(known, key=abs) if bars else known[-1]


def _block(value: float, lowest: float, highest: float) -> str:
    if highest == lowest:
        return _BLOCKS[3]
    return _BLOCKS[round((value - lowest) / (highest - lowest) * (len(_BLOCKS) - 1))]


def _banner(bulletin: Bulletin, sheet: _Sheet) -> None:
    if bulletin.synthetic:
        sheet.line("▒" * sheet.width, "warning")
        for row in cells.rows(wording.SYNTHETIC, sheet.width):
            sheet.line(row.center(sheet.width), "warning")
        sheet.line("▒" * sheet.width, "warning")


def _header(bulletin: Bulletin, sheet: _Sheet) -> None:
    short = brief(bulletin)
    sheet.line("RUNOUT LEVERAGE BULLETIN", "title")
    sheet.paragraph(brief_words.head(short), style="bold")
    sheet.paragraph(brief_words.warning(short), style="warning")
    for label, words in brief_words.full_head(short):
        sheet.paragraph(words, first=cells.left(label, _LABEL_SIGNS), rest=" " * _LABEL_SIGNS)


def _section(section: Section, bulletin: Bulletin, sheet: _Sheet, sentences: set[str]) -> None:
    """Write a section: what it says, its tables and charts, and its sources once; no caveat is said twice."""
    coin = wording.clean(bulletin.coin)
    sheet.line()
    sheet.rule(wording.clean(section.title).upper())
    sheet.paragraph(wording.summary(section), style="bold")
    if not (section.findings or section.tables or section.charts):
        sheet.paragraph(wording.NOTHING)
    sources, numbers = wording.grouped_sources(section.findings)
    checked = section.key == "claims"
    for finding, number in zip(section.findings, numbers, strict=True):
        mark = f" [{number}]" if number and not checked else ""
        statement = "" if wording.in_table(finding, section, coin) else finding.statement + mark
        caveat = "" if checked else wording.new_sentences(finding.caveat, sentences)
        sheet.paragraph(
            " ".join(part for part in (statement, wording.CAVEAT * bool(caveat) + caveat) if part), first="• "
        )
    for table in section.tables:
        _table(table, coin, sheet, sentences, sources)
    for chart in section.charts:
        _chart(chart, coin, sheet, sentences, {finding.evidence.scope for finding in section.findings})
    if checked:
        sheet.paragraph(_CHECKED, first="  └ ", style="dim")
        return
    numbered = [f"[{number}] {source}" for number, source in enumerate(sources, start=1)] if any(numbers) else sources
    sheet.paragraph("; ".join(numbered), first="  └ ", rest=" " * 4, style="dim")


def _table(table: Table, coin: str, sheet: _Sheet, sentences: set[str], sources: Sequence[str]) -> None:
    sheet.paragraph(table.title, first="  ", style="bold")
    shown = len(table.rows) if len(table.rows) <= _MOST_ROWS else _ROWS_OF_MANY
    for columns in _columns_that_fit(table, coin, sheet.width):
        for index, line in enumerate(columns[: shown + 1]):
            sheet.line("  " + line, "dim" if index == 0 else None)
    if shown < len(table.rows):
        sheet.line(f"  … and {len(table.rows) - shown} more, in the page and in JSON")
    source = "" if any(table.source in item for item in sources) else table.source
    notes = " · ".join(part for part in (source, wording.new_sentences(table.note, sentences)) if part)
    sheet.paragraph(notes, first="  └ ", style="dim")


def _columns_that_fit(table: Table, coin: str, width: int) -> Iterator[list[str]]:
    """Yield blocks of lines, each as wide as fits: labels, then columns aligned right, then a bar if there is room."""
    room = width - 2
    widest = max([cells.cells(wording.clean(row.label)) for row in table.rows] or [0])
    label_width = min(widest, max(room // 3, 12))
    labels = ["", *(cells.short(wording.clean(row.label), label_width) for row in table.rows)]
    labels = [cells.left(label, label_width) for label in labels]
    blocks = labels
    for index in range(len(table.columns)):
        column = _column(table, index, coin, room - label_width - 2)
        if cells.cells(blocks[0] + column[0]) + 2 > room:
            yield blocks
            blocks = labels
        blocks = [f"{line}  {cell}" for line, cell in zip(blocks, column, strict=True)]
    bars = _bars(table)
    if bars and cells.cells(blocks[0]) + 2 + _BAR_SIGNS <= room:
        blocks = [f"{line}  {bar}" for line, bar in zip(blocks, ["", *bars], strict=True)]
    yield blocks


def _column(table: Table, index: int, coin: str, room: int) -> list[str]:
    unit, signed = table.units[index], table.signed[index]
    values = [row.values[index] for row in table.rows]
    texts = [wording.clean(table.columns[index]), *quantities.column_texts(values, unit, coin=coin, signed=signed)]
    width = min(max(cells.cells(text) for text in texts), max(room, 8))
    return [cells.right(cells.short(text, width), width) for text in texts]


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


def _chart(chart: Chart, coin: str, sheet: _Sheet, sentences: set[str], scopes: Collection[str]) -> None:
    sheet.paragraph(chart.title, first="  ", style="bold")
    shown = [(panel, line, _line_name(panel, line)) for panel in chart.panels for line in captions.shown_lines(panel)]
    name_width = min(max((cells.cells(name) for _, _, name in shown), default=0), sheet.width // 3)
    for panel, line, name in shown:
        _course(line, panel, coin, cells.left(cells.short(name, name_width), name_width), sheet)
    sheet.paragraph(wording.new_sentences(chart.caption, sentences, scopes), first="  └ ", style="dim")


def _line_name(panel: Panel, line: Line) -> str:
    """Return what a line is called beside its course: the title of its panel where it is alone in it."""
    alone = len(captions.shown_lines(panel)) == 1
    return wording.clean(panel.title if alone else line.name)


def _course(line: Line, panel: Panel, coin: str, name: str, sheet: _Sheet) -> None:
    course = captions.summary(line)
    if course is None:
        sheet.line(f"    {name}  not observed")
        return
    bars = panel.form in {"bars", "mirrored"}
    first, last = quantities.column_texts((course.first, course.last), panel.unit, coin=coin)
    words = f"last {last}" if bars or course.lowest == course.highest else f"{first} → {last}"
    signs = min(_SPARK_SIGNS, sheet.width - cells.cells(name) - cells.cells(words) - 8)
    spark = sparkline(line, signs, bars=bars) if signs > 7 else ""
    sheet.line(cells.short("  ".join(part for part in ("    " + name, spark, words) if part), sheet.width))


def _evidence(bulletin: Bulletin, sheet: _Sheet) -> None:
    sheet.line()
    sheet.rule("EVIDENCE AND LIMITS")
    for limit in bulletin.limits:
        sheet.paragraph(limit, first="• ")
    sheet.line()
    sheet.paragraph(citation.paragraph(bulletin), first="Cite as      ")
    command = wording.clean(bulletin.reproduce)
    if cells.cells(command) + 13 <= sheet.width:
        sheet.line(f"Reproduce    {command}")
    else:
        # A command is copied as it stands: a long one goes on behind the backslash that a shell understands.
        sheet.line("Reproduce")
        sheet.lines += cells.command_rows(command, sheet.width)
    sheet.paragraph(bulletin.fingerprint, first="Fingerprint  ")
    sheet.paragraph(wording.versions(bulletin), first="Versions     ")
