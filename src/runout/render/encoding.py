"""Bulletin as JSON: the same bulletin gives the same bytes.

Field order is that of :mod:`runout.bulletin.findings`. Figures are rounded by their unit as in :data:`ROUNDING`,
so that the last bits of a sum never reach a byte. What was not observed is ``null``. Moments of the text
(``at``, windows) are ISO 8601 UTC; times inside charts (``times``, ``start``, ``end``, ``span``) are integers,
nanoseconds since 1970-01-01T00:00Z. A reader without 64-bit integers loses less than a microsecond of them.
"""

import math
from collections.abc import Iterable
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from runout.bulletin import citation
from runout.bulletin.brief import brief
from runout.bulletin.brief_record import Brief
from runout.bulletin.findings import Bulletin, Chart, Finding, Line, Panel, Quantity, Row, Section, Table, Unit
from runout.errors import SchemaError

ROUNDING: Final[dict[Unit, tuple[Literal["decimals", "significant"], int]]] = {
    "USD": ("decimals", 2),
    "coins": ("significant", 10),
    "USD per coin": ("significant", 8),
    "fraction": ("significant", 8),
    "ratio": ("significant", 8),
    "percentile": ("decimals", 4),
    "count": ("decimals", 4),
    "hours": ("decimals", 4),
    "level": ("decimals", 2),
}
"""Digits kept of a figure, by unit. A change of them changes bytes and is a minor version of the schema."""


class Document(Bulletin, frozen=True, kw_only=True):
    """A bulletin as its JSON holds it: with its one screen and a paragraph to quote, taken from the rounded figures."""

    brief: Brief
    cite: str


def encode(bulletin: Bulletin) -> bytes:
    """Return the bulletin as JSON on one line, ending with a line feed."""
    kept = rounded(bulletin)
    fields = {name: getattr(kept, name) for name in kept.__struct_fields__}
    document = Document(**fields, brief=brief(kept), cite=citation.paragraph(kept))
    return msgspec.json.encode(document) + b"\n"


def decode(content: bytes) -> Bulletin:
    """Return the bulletin of a JSON text, checked against the schema.

    Raises
    ------
    SchemaError
        If the text is not JSON or not a bulletin of this schema major; unknown fields of a later minor are ignored.
    """
    try:
        return msgspec.json.decode(content, type=Bulletin)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SchemaError(
            f"expected the JSON of a bulletin as `runout bulletin --format json` writes it: {error}"
        ) from error


def rounded(bulletin: Bulletin) -> Bulletin:
    """Return the bulletin with every figure rounded by its unit."""
    return replace(bulletin, sections=tuple(_section(section) for section in bulletin.sections))


def round_figure(value: float | None, unit: Unit) -> float | None:
    """Return a figure with the digits its unit keeps; None for what is not a finite number.

    Examples
    --------
    >>> round_figure(82909990915.12345, "USD"), round_figure(0.61811234567, "fraction"), round_figure(-0.001, "USD")
    (82909990915.12, 0.61811235, 0.0)
    """
    if value is None or not math.isfinite(value):
        return None
    kind, digits = ROUNDING[unit]
    result = round(value, digits) if kind == "decimals" else float(f"{value:.{digits}g}")
    if not math.isfinite(result):  # the largest of floats, rounded up
        return None
    return float(result) + 0.0  # adding zero turns a negative zero into zero


def _section(section: Section) -> Section:
    return replace(
        section,
        findings=tuple(_finding(finding) for finding in section.findings),
        tables=tuple(_table(table) for table in section.tables),
        charts=tuple(_chart(chart) for chart in section.charts),
    )


def _finding(finding: Finding) -> Finding:
    quantities = tuple(_quantity(quantity) for quantity in finding.evidence.quantities)
    return replace(finding, evidence=replace(finding.evidence, quantities=quantities))


def _quantity(quantity: Quantity) -> Quantity:
    value, low, high = _figures((quantity.value, quantity.low, quantity.high), quantity.unit)
    return replace(quantity, value=value, low=low, high=high)


def _table(table: Table) -> Table:
    return replace(table, rows=tuple(_row(row, table.units) for row in table.rows))


def _row(row: Row, units: tuple[Unit, ...]) -> Row:
    return replace(row, values=tuple(round_figure(value, unit) for value, unit in zip(row.values, units, strict=True)))


def _chart(chart: Chart) -> Chart:
    return replace(chart, panels=tuple(_panel(panel) for panel in chart.panels))


def _panel(panel: Panel) -> Panel:
    return replace(panel, lines=tuple(_line(line, panel.unit) for line in panel.lines))


def _line(line: Line, unit: Unit) -> Line:
    return replace(line, values=_figures(line.values, unit))


def _figures(values: Iterable[float | None], unit: Unit) -> tuple[float | None, ...]:
    return tuple(round_figure(value, unit) for value in values)
