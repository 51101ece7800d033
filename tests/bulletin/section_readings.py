"""Readings and rows of a made-up market for the tests of sections."""

import re

import polars as pl

from runout.bulletin.findings import Finding, Quantity
from runout.bulletin.readings import Reading
from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.records import Series

DAY = NANOSECONDS_PER_DAY
AT = parse_time("2025-08-18T12:00Z")
MIDNIGHT = parse_time("2025-08-18")


def series(kind: str, venue: str = "all", *, coin: str = "BTC", note: str = "", **scope: object) -> Series:
    return Series(
        series=f"test/{kind}/{coin}/{venue}", kind=kind, provider="test", coin=coin, venues=(venue,),
        instruments="BTCUSDT", market="all-derivatives", step=DAY, note=note, **scope,
    )  # fmt: skip


def reading(kind: str, venue: str = "all", rows: pl.DataFrame | None = None, **scope: object) -> Reading:
    one = series(kind, venue, **scope)
    return Reading(series=(one,), rows=pl.DataFrame() if rows is None else rows, scope=one.scope())


def by_name(finding: Finding) -> dict[str, Quantity]:
    return {one.name: one for one in finding.evidence.quantities}


def text_of(finding: Finding) -> str:
    """Return all that a reader may see of a finding."""
    numbers = (f"{one.label} {one.uncertainty}" for one in finding.evidence.quantities)
    return " | ".join([finding.statement, finding.caveat, *numbers])


def is_sound(finding: Finding) -> None:
    """Assert what holds for every finding: no number missing from the words, each with what is uncertain of it."""
    said = text_of(finding)
    assert "None" not in said
    assert "nan" not in said.split()
    assert "the 0 days held" not in said
    assert not re.search(r"(?<![\d-])-\d", finding.statement), "a minus is a minus sign"
    assert finding.statement == " ".join(finding.statement.split())
    assert finding.statement.endswith(".")
    assert all(one.uncertainty and one.unit and one.label for one in finding.evidence.quantities)
