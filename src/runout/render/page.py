"""Bulletin as one HTML file that needs nothing else: no script, no request, charts inline."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Final, cast

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from runout.bulletin import citation, quantities, wording
from runout.bulletin.brief import brief
from runout.bulletin.findings import Bulletin, Chart, Finding, Quantity, Section, Table
from runout.render import captions, figures, header, palette


class Picture(msgspec.Struct, frozen=True):
    """A drawing of a section that is no chart of the bulletin.

    Parameters
    ----------
    wide, narrow
        One ``svg`` element for a desktop and one for a phone, their words escaped.
    title
        Above it.
    note
        Below it.
    """

    wide: str
    narrow: str
    title: str
    note: str = ""


_NO_PICTURES: Final[Mapping[str, Sequence[Picture]]] = MappingProxyType({})
_OPENED: Final = frozenset({"danger", "price", "clusters"})
"""Keys of the sections that are unfolded at first."""
_WHOLE: Final = re.compile(r"([−+]\$?[\d.,]*\d[\w%]?|\d\d:\d\d UTC|\b\d+ h\b)")
_BARRED_UNITS: Final = frozenset({"USD", "coins", "count"})


def render(bulletin: Bulletin, pictures: Mapping[str, Sequence[Picture]] = _NO_PICTURES) -> str:
    """Return the bulletin as a self-contained HTML page, light or dark as the reader's system asks.

    Every label is escaped; charts are drawn once for a desktop and once for a phone, and the style sheet shows one.
    The same bulletin and pictures give the same page.

    Parameters
    ----------
    bulletin
        What it says.
    pictures
        Drawings that are no charts of the bulletin, by key of the section they join; of sections it has not, none is
        shown.
    """
    return template("page.html").render(
        bulletin=bulletin,
        title=wording.title(bulletin),
        front=header.front(brief(bulletin)),
        sections=[
            _section(section, bulletin) | {"pictures": drawings(pictures.get(section.key, ()))}
            for section in bulletin.sections
        ],
        colours=Markup(palette.style()),  # noqa: S704 - our own style sheet
        opened=_OPENED,
        words=wording,
        cite=citation.paragraph(bulletin),
        versions=wording.versions(bulletin),
    )


def template(name: str) -> Template:
    """Return a template of a page: what it is given is escaped."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("runout.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Jinja types its filters as a union of its own; a filter is any function to it.
    filters = cast("dict[str, object]", environment.filters)
    filters |= {
        "clean": wording.clean,
        "moment": wording.moment,
        "quantity": _value,
        "certainty": _certainty,
        "prose": _prose,
    }
    return environment


def _section(section: Section, bulletin: Bulletin) -> dict[str, object]:
    summary = wording.summary(section)
    sources, sentences = wording.source_lines(section.findings), set[str]()
    return {
        "key": section.key,
        "title": section.title,
        "summary": summary,
        "gist": section.summary or (section.findings[0].statement if section.findings else ""),
        "findings": [_finding(item, source, sentences) for item, source in zip(section.findings, sources, strict=True)],
        "tables": [_table(table, bulletin.coin) for table in section.tables],
        "charts": [_chart(chart, bulletin) for chart in section.charts],
    }


def drawings(pictures: Sequence[Picture]) -> list[dict[str, str]]:
    """Return pictures as a template takes them."""
    # A picture's words are escaped where it is drawn; see vector.element.
    return [
        {"title": item.title, "note": item.note, "wide": Markup(item.wide), "narrow": Markup(item.narrow)}  # noqa: S704
        for item in pictures
    ]


def _finding(finding: Finding, source: str, sentences: set[str]) -> dict[str, object]:
    return {
        "finding": finding,
        "evidence": finding.evidence,
        "source": source,
        "caveat": wording.new_sentences(finding.caveat, sentences),
        "window": wording.window(finding.evidence),
    }


def _table(table: Table, coin: str) -> dict[str, object]:
    cells = quantities.row_texts(table, coin=wording.clean(coin))
    return {
        "table": table,
        "rows": [
            (row.label, texts, share) for row, texts, share in zip(table.rows, cells, _shares(table), strict=True)
        ],
    }


def _shares(table: Table) -> list[float | None]:
    """Return how long the bar behind a row's first number is, in percent; none where numbers have signs."""
    values = [row.values[0] if row.values else None for row in table.rows]
    known = [value for value in values if value is not None]
    if len(known) < 3 or table.signed[0] or table.units[0] not in _BARRED_UNITS or min(known) < 0 or max(known) <= 0:
        return [None] * len(values)
    return [None if value is None else round(100 * value / max(known), 1) for value in values]


def _chart(chart: Chart, bulletin: Bulletin) -> dict[str, object]:
    coin = wording.clean(bulletin.coin)
    drawn = (
        figures.svg(chart, width, coin=coin, synthetic=bulletin.synthetic) for width in (figures.WIDE, figures.NARROW)
    )
    # Figures escape what they hold; see figures.svg.
    wide, narrow = (Markup(drawing) for drawing in drawn)  # noqa: S704 - our own element, its labels escaped
    return {"chart": chart, "wide": wide, "narrow": narrow, "marks": captions.marks(chart)}


def _value(quantity: Quantity, coin: str) -> str:
    return quantities.value_text(quantity.value, quantity.unit, coin=wording.clean(coin), signed=quantity.signed)


def _certainty(quantity: Quantity, coin: str) -> str:
    return wording.clean(quantities.certainty_text(quantity, coin=wording.clean(coin)))


def _prose(text: str) -> Markup:
    """Return text whose signed numbers, hours and spans stay whole: a browser would break behind a minus sign."""
    parts = _WHOLE.split(wording.clean(text))
    kept = (
        Markup('<span class="whole">{}</span>').format(part) if odd % 2 else escape(part)
        for odd, part in enumerate(parts)
    )
    return Markup("").join(kept)
