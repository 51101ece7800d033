"""The lake: durable tables of records, read by what was known when."""

from runout.lake.merging import Merged
from runout.lake.store import DEFAULT_LAKE, Lake, known_span

__all__ = ["DEFAULT_LAKE", "Lake", "Merged", "known_span"]
