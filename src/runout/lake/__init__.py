"""The lake: durable tables of records, read by what was known when."""

from runout.lake.merging import Merged
from runout.lake.store import Lake, known_span

__all__ = ["Lake", "Merged", "known_span"]
