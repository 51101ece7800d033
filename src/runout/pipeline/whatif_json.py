"""What-if answers as JSON: which digits each figure keeps."""

from typing import Any

import msgspec
import polars as pl

from runout.cascade.outcome import Extent
from runout.clock import format_time
from runout.forecast.record import LevelAnswer


def plain_extent(extent: Extent) -> dict[str, object]:
    """Return how far a slide goes, as JSON: fractions of six digits, dollars whole."""
    return {
        "ending": extent.ending.value,
        "shock_distance": six_digits(extent.shock_distance),
        "distance": six_digits(extent.distance),
        "price_usd": None if extent.price_usd is None else round(extent.price_usd, 2),
        "liquidated_usd": round(extent.liquidated_usd),
        "amplification": six_digits(extent.amplification),
    }


def plain_day(subject: LevelAnswer) -> dict[str, object]:
    """Return what a level means for the chances of its day, as JSON."""
    return {
        "price_usd": round(subject.price_usd, 2), "start": format_time(subject.start), "end": format_time(subject.end),
        "headline": [plain_row(msgspec.structs.asdict(probability)) for probability in subject.headline],
        "measured": [plain_row(msgspec.structs.asdict(probability)) for probability in subject.measured],
    }  # fmt: skip


def plain_numbers(subject: Any) -> dict[str, int]:
    """Return whole numbers by field."""
    return {name: round(value) for name, value in msgspec.structs.asdict(subject).items()}


def plain_rows(table: pl.DataFrame | None) -> list[dict[str, object]]:
    """Return rows of a table as JSON: prices and dollars to the cent, others to six digits; null where not finite."""
    return [] if table is None else [plain_row(row) for row in table.iter_rows(named=True)]


def plain_row(row: dict[str, Any]) -> dict[str, object]:
    """Return a row of :func:`plain_rows`."""
    return {name: _figure(name, value) for name, value in row.items()}


def _figure(name: str, value: object) -> object:
    if not isinstance(value, float):
        return value
    if value in {float("inf"), float("-inf")} or value != value:  # noqa: PLR0124 - not a number is unlike itself
        return None
    return round(value, 2) if name.endswith(("usd", "price")) else round(value, 6)


def six_digits(value: float | None) -> float | None:
    """Return a fraction of six digits; null where it is not finite."""
    return None if value is None or not abs(value) < float("inf") else round(value, 6)
