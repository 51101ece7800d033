"""Bulletin as Markdown that lifts into an article: paragraphs with their source lines, then the evidence."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from runout.bulletin import brief_words, citation, quantities, wording
from runout.bulletin.brief import brief
from runout.bulletin.findings import Bulletin, Chart, Finding, Quantity, Section, Table
from runout.render import captions

_ACTIVE: Final = re.compile(r"([\\`*\[\]<>|~&]|(?<!\w)_|_(?!\w)|!(?=\[))")
_LEADING: Final = re.compile(r"^(#|[-+](?=\s)|=+$|-+$|\d+(?=[.)]\s))")
_NO_IMAGES: Final[Mapping[str, str]] = MappingProxyType({})


def render(bulletin: Bulletin, images: Mapping[str, str] = _NO_IMAGES) -> str:
    """Return the bulletin as Markdown (CommonMark with the tables of GitHub).

    Parameters
    ----------
    bulletin
        What it says.
    images
        Where the figure of a chart stands, by chart name. A chart without one is told in words.

    Returns
    -------
    str
        Blocks parted by blank lines. Every sign of a label or statement that Markdown would act on is escaped.
    """
    blocks = [
        *_banner(bulletin),
        *_header(bulletin),
        *(block for section in bulletin.sections for block in _section(section, bulletin, images)),
        *_evidence(bulletin),
        *_banner(bulletin),
    ]
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    r"""Return text on one line that Markdown shows as it is.

    Examples
    --------
    >>> print(escape("# a *b* | open_interest <c>"))
    \# a \*b\* \| open_interest \<c\>
    """
    escaped = _ACTIVE.sub(r"\\\1", wording.clean(text))
    leading = _LEADING.match(escaped)
    if leading is None:
        return escaped
    if escaped[0].isdigit():
        return f"{leading[0]}\\{escaped[leading.end() :]}"
    return "\\" + escaped


def code(text: str) -> str:
    """Return text as inline code, whatever backticks it holds."""
    shown = wording.clean(text)
    fence = "`" * (max([len(run) for run in re.findall("`+", shown)] or [0]) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown else ""


def _banner(bulletin: Bulletin) -> Iterator[str]:
    if bulletin.synthetic:
        yield f"> **{wording.SYNTHETIC}**"


def _header(bulletin: Bulletin) -> Iterator[str]:
    short = brief(bulletin)
    yield f"# {escape(wording.title(bulletin))}"
    yield f"**{escape(brief_words.head(short))}**, from what was known by then."
    warning = brief_words.warning(short)
    if warning:
        yield f"> **{escape(warning)}**"
    yield "\n".join(_item(line) for line in brief_words.lines(short) if line.label != brief_words.MORE)


def _item(line: brief_words.Words) -> str:
    return f"- **{escape(line.label)}**: {escape(line.text)}" if line.label else f"  - {escape(line.text)}"


def _section(section: Section, bulletin: Bulletin, images: Mapping[str, str]) -> Iterator[str]:
    coin = wording.clean(bulletin.coin)
    yield f"## {escape(section.title)}"
    summary = wording.summary(section)
    if summary:
        yield escape(summary)
    if not (section.findings or section.tables or section.charts):
        yield f"*{wording.NOTHING}*"
    for finding, source in zip(section.findings, wording.source_lines(section.findings), strict=True):
        yield from _finding(finding, source)
    for table in section.tables:
        yield from _table(table, coin)
    for chart in section.charts:
        yield from _chart(chart, coin, images)


def _finding(finding: Finding, source: str) -> Iterator[str]:
    yield escape(finding.statement)
    if finding.caveat:
        yield f"{wording.CAVEAT}{escape(finding.caveat)}"
    if source:
        yield f"*Source: {escape(source)}*"


def _table(table: Table, coin: str) -> Iterator[str]:
    yield f"**{escape(table.title)}**"
    head = ["", *(escape(column) for column in table.columns)]
    rows = [head, [":--", *("--:" for _ in table.columns)]]
    cells = quantities.row_texts(table, coin=wording.clean(coin))
    rows += [[escape(row.label), *map(escape, texts)] for row, texts in zip(table.rows, cells, strict=True)]
    yield "\n".join(f"| {' | '.join(row)} |" for row in rows)
    yield "*" + " ".join(part for part in (f"Source: {escape(table.source)}.", escape(table.note)) if part) + "*"


def _chart(chart: Chart, coin: str, images: Mapping[str, str]) -> Iterator[str]:
    words = escape(captions.describe(chart, coin=coin))
    if chart.name in images:
        yield f"![{words}](<{images[chart.name]}>)"
        yield f"**{escape(chart.title)}**"
    else:
        yield f"**{escape(chart.title)}** {words}"
    if chart.caption:
        yield f"*{escape(chart.caption)}*"


def _evidence(bulletin: Bulletin) -> Iterator[str]:
    yield "## Evidence and limits"
    items = [
        line for section in bulletin.sections for finding in section.findings for line in _proof(finding, bulletin)
    ]
    if items:
        yield "\n".join(items)
    if bulletin.missing:
        yield "\n".join(f"- Not shown: {escape(words)}." for words in bulletin.missing)
    if bulletin.limits:
        yield "\n".join(f"- {escape(limit)}" for limit in bulletin.limits)
    yield f"Cite as: {escape(citation.paragraph(bulletin))}"
    yield f"Reproduce: {code(bulletin.reproduce)}"
    yield f"Fingerprint of the rows read: {code(bulletin.fingerprint)}. {escape(wording.versions(bulletin))}."


def _proof(finding: Finding, bulletin: Bulletin) -> Iterator[str]:
    evidence = finding.evidence
    numbers = ". ".join(_quantity(quantity, bulletin) for quantity in evidence.quantities)
    command = code(evidence.reproduce) if evidence.reproduce else ""
    parts = (escape(evidence.coverage), numbers, command)
    yield f"- {code(finding.name)}: {'. '.join(part for part in parts if part)}"


def _quantity(quantity: Quantity, bulletin: Bulletin) -> str:
    value = quantities.quantity_text(quantity, coin=wording.clean(bulletin.coin))
    why = "" if quantities.interval_text(quantity) else quantity.uncertainty
    return f"{escape(quantity.label)}: " + "; ".join(escape(part) for part in (value, why) if part)
