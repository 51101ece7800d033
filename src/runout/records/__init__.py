"""What one row means: schemas, scope of series, checks and fingerprints."""

from runout.records.fingerprint import combine, fingerprint
from runout.records.kinds import KINDS
from runout.records.schema import Column, Order, Schema, conform, fault_of_each_row, has_fault
from runout.records.series import (
    ALL_VENUES,
    Series,
    from_table,
    provider_name,
    to_table,
    venue_list,
    venue_name,
)

__all__ = [
    "ALL_VENUES",
    "KINDS",
    "Column",
    "Order",
    "Schema",
    "Series",
    "combine",
    "conform",
    "fault_of_each_row",
    "fingerprint",
    "from_table",
    "has_fault",
    "provider_name",
    "to_table",
    "venue_list",
    "venue_name",
]
