"""The lake: durable tables of records, read by what was known when."""

from runout.lake.merging import Merged
from runout.lake.store import DEFAULT_LAKE, Lake, known_span, other_lakes
from runout.lake.tables import Table, storage_options

__all__ = ["DEFAULT_LAKE", "Lake", "Merged", "Table", "known_span", "other_lakes", "storage_options"]
