"""The lake: durable tables of records, read by what was known when."""

from runout.lake.merging import Merged
from runout.lake.store import Lake
from runout.lake.tables import Table, storage_options
from runout.lake.words import DEFAULT_LAKE, known_span, other_lakes

__all__ = ["DEFAULT_LAKE", "Lake", "Merged", "Table", "known_span", "other_lakes", "storage_options"]
