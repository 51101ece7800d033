"""One answer as a page that needs nothing else: figures, tables and explanation, light and dark, desktop and phone."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from runout.bulletin import wording
from runout.render import page, palette


class CellTable(NamedTuple):
    """A table whose cells are words already."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def render(
    title: str,
    *,
    kicker: str,
    lead: Sequence[str],
    pictures: Sequence[page.Picture],
    tables: Sequence[CellTable],
    notes: Sequence[str],
    synthetic: bool,
) -> str:
    """Return the page of an answer; every word is escaped.

    Parameters
    ----------
    title
        Its heading.
    kicker
        What kind of answer it is, above the heading.
    lead
        Paragraphs below the heading: what the answer is.
    pictures
        Figures, in order.
    tables
        Tables, in order.
    notes
        Explanation: scope, assumptions, what such answers have been worth.
    synthetic
        Whether the market is simulated; the page says so.
    """
    return page.template("answer.html").render(
        title=title,
        kicker=kicker,
        lead=lead,
        pictures=page.drawings(pictures),
        tables=tables,
        notes=notes,
        synthetic=synthetic,
        colours=Markup(palette.style()),  # noqa: S704 - our own style sheet
        words=wording,
    )
