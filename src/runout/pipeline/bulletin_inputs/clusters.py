"""Gather what the section on clusters needs: those of the map of the last full four hours."""

import polars as pl

from runout.bulletin.findings import Section
from runout.bulletin.sections import clusters
from runout.pipeline.bulletin_inputs.reader import Reader
from runout.pipeline.cluster_snapshots import STEP, mapped_venue, origin_of


def gather(reader: Reader) -> list[Section]:
    """Return the section, where clusters were found for the last full four hours."""
    venue = mapped_venue(reader.series, reader.coin)
    if venue is None:
        return []
    origin = origin_of(reader.lake, reader.coin, reader.at)
    if not reader.is_current(f"liquidation levels, {reader.coin}, {venue}", origin, STEP):
        return []
    now, swept = (_rows(reader, kind, venue, origin) for kind in ("clusters", "swept_clusters"))
    return [] if now.is_empty() else [clusters.section(now, swept, at=reader.at)]


def _rows(reader: Reader, kind: str, venue: str, origin: int) -> pl.DataFrame:
    table = reader.derived(kind, "coin", [reader.coin], since=origin)
    return table.filter(pl.col("venue") == venue, pl.col("event_time") == origin).sort("rank")
