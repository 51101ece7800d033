"""The data dictionary: every record kind and column as Markdown, written from the schemas and from nothing else."""

from collections.abc import Iterable, Mapping
from typing import Final

from runout.records.kinds import BOOKKEEPING, DERIVED, OBSERVED
from runout.records.schema import Column, Order, Schema

_HEAD: Final = """\
# Data dictionary

This page is generated from `runout.records.kinds` by `make docs`; edit the schemas, not the page.

A lake holds one table for each record kind below. What all of them share:

- **Times** are int64 nanoseconds since 1970-01-01T00:00Z. `event_time` is the *end* of what a row speaks of, `span` how
  far the row reaches back from it: an interval row covers `[event_time − span, event_time)`, an instant has span 0.
- **`known_time`** is when a reader could have had the row. As-of reads use it alone.
- **Null** means not observed. Zero is a value. NaN is refused.
- **Rates** are fractions per stated period; percent exists only where something is shown to a reader.
- **Key**: the columns that identify a row. A row of the same key with another value is a revision if its vintage is
  newer, and a conflict (quarantined) otherwise.
- **Bounds** are physical: a value outside them is impossible, and its row is quarantined with its bytes.
"""

_GROUPS: Final[tuple[tuple[str, str, tuple[Schema, ...]], ...]] = (
    ("Observed", "What venues and providers publish.", OBSERVED),
    ("Derived", "What `runout compute` makes of it; can be thrown away and computed again.", DERIVED),
    ("Bookkeeping", "What the lake knows about itself.", BOOKKEEPING),
)

_COLUMNS_HEAD: Final = "| column | type | unit | null | bounds | meaning |\n|---|---|---|---|---|---|"


def data_dictionary() -> str:
    """Return the data dictionary of every record kind as Markdown; the same schemas give the same text."""
    parts = [_HEAD, _contents()]
    for title, about, schemas in _GROUPS:
        parts.append(f"## {title}\n\n{about}\n")
        parts += [_kind(schema) for schema in schemas]
    return "\n".join(parts)


def rows_of(columns: Iterable[Column]) -> str:
    """Return a Markdown table with one line for each column."""
    return "\n".join([_COLUMNS_HEAD, *(_row(column) for column in columns)])


def _contents() -> str:
    lines = [
        f"- {title}: {', '.join(f'[{schema.kind}](#{schema.kind})' for schema in schemas)}"
        for title, _, schemas in _GROUPS
    ]
    return "\n".join([*lines, ""])


def _kind(schema: Schema) -> str:
    key = ", ".join(f"`{name}`" for name in schema.key)
    rules = f"A sound row obeys: {'; '.join(map(_order, schema.rules))}.\n\n" if schema.rules else ""
    return f"### {schema.kind}\n\n{schema.meaning}\n\nKey: {key}.\n\n{rules}{rows_of(schema.columns)}\n"


def _row(column: Column) -> str:
    null = "no" if column.required else "yes"
    cells = (f"`{column.name}`", column.type, _cell(column.unit), null, _cell(_bounds(column)), _cell(column.meaning))
    return f"| {' | '.join(cells)} |"


def _bounds(column: Column) -> str:
    if column.choices:
        return " or ".join(column.choices)
    limits: Mapping[str, float | None] = {">": column.above, "≥": column.minimum, "≤": column.maximum}
    return ", ".join(f"{sign} {limit:g}" for sign, limit in limits.items() if limit is not None)


def _order(rule: Order) -> str:
    return f"`{rule.smaller}` ≤ `{rule.larger}`"


def _cell(text: str) -> str:
    return text.replace("|", "or")
