"""Gather what the section on slides needs: those asked for at the last full four hours."""

import polars as pl

from runout.bulletin.findings import Section
from runout.bulletin.sections import runout
from runout.pipeline.bulletin_inputs.reader import Reader
from runout.pipeline.cluster_snapshots import STEP, mapped_venue, origin_of


def gather(reader: Reader) -> list[Section]:
    """Return the section, where slides were asked for at the last full four hours."""
    now = rows_of(reader)
    if not now.is_empty() and not reader.is_current(
        f"what a move would set off, {reader.coin}", int(now["event_time"][0]), STEP
    ):
        return []
    return [] if now.is_empty() else [runout.section(now, at=reader.at)]


def rows_of(reader: Reader) -> pl.DataFrame:
    """Return the ``slides`` of the last full four hours by number; none where none were asked for."""
    venue, origin = mapped_venue(reader.series, reader.coin), origin_of(reader.lake, reader.coin, reader.at)
    table = reader.derived("slides", "coin", [reader.coin], since=origin)
    return table.filter(pl.col("venue") == (venue or ""), pl.col("event_time") == origin).sort("number")
