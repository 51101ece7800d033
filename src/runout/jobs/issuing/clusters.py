"""Gather what the section on clusters needs: those of the map of the last full four hours."""

import polars as pl

from runout.bulletin.findings import Section
from runout.bulletin.sections import clusters
from runout.jobs.clustering import VENUE, origin_of
from runout.jobs.issuing.reader import Reader


def gather(reader: Reader) -> list[Section]:
    """Return the section, where clusters were found for the last full four hours."""
    found = reader.derived("clusters", "coin", [reader.coin], since=origin_of(reader.at))
    now = found.filter(pl.col("venue") == VENUE, pl.col("event_time") == origin_of(reader.at)).sort("rank")
    return [] if now.is_empty() else [clusters.section(now, at=reader.at)]
