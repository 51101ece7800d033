"""What messages say of a lake: where others are, and what period its rows speak of."""

from pathlib import Path

import msgspec
import polars as pl

from runout.clock import format_time

DEFAULT_LAKE = "lakes/real"
"""Where the lake is if nobody says otherwise."""


def other_lakes(root: str) -> str:
    """Return which lakes lie beside ``root``, or where lakes are by default, as text."""
    if "://" in root:
        return "other buckets were not searched"
    folders = {Path(root).parent, Path(DEFAULT_LAKE).parent}
    results = {path.parent for folder in folders if folder.is_dir() for path in folder.glob("*/series")}
    results -= {Path(root)}
    return f"other lakes here: {', '.join(sorted(map(str, results)))}" if results else "no other lake is beside it"


def known_span(rows: pl.DataFrame) -> str:
    """Return the period a table speaks of as text, for messages."""
    if rows.is_empty():
        return "no rows"
    first, last = rows["event_time"].min(), rows["event_time"].max()
    return f"{format_time(msgspec.convert(first, int))} … {format_time(msgspec.convert(last, int))}"
