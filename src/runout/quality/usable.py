"""What of a lake's rows a figure may be computed from: rows that cannot be, or are no plausible price, are left out.

An older lake may hold what an import refuses now. Rows stay as they are; ``runout verify`` names them.
"""

import polars as pl

from runout.quality.prints import without_far_prints

_PAID = (pl.col("interval_hours") > 0.0) | pl.col("interval_hours").is_null()


def usable(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows of a kind without what no figure should be computed from.

    Parameters
    ----------
    kind
        Record kind. Of bars the far prints are left out, of funding the rows that are quoted for no hours.
    rows
        Rows of it.
    """
    if kind == "bars":
        return without_far_prints(rows)
    return rows.filter(_PAID) if kind == "funding" else rows


def without_interval(funding: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of funding that are quoted for no hours."""
    return funding.filter(~_PAID)
