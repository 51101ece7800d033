"""What becomes of incoming rows: new, unchanged, a revision, or a conflict. Pure."""

import json

import msgspec
import polars as pl
from xxhash import xxh3_128_digest

from runout.clock import NANOSECONDS_PER_DAY
from runout.records import Schema

_CONFLICT = "another value is held for this key, and this row's vintage is not newer: expected one value for each key"


class Merged(msgspec.Struct, frozen=True):
    """Outcome of bringing rows together with what the lake holds.

    Parameters
    ----------
    added
        Rows to write, revisions included; ``origin`` tells where each came from.
    conflicting
        Rows refused, with a column ``conflict`` that says why.
    unchanged
        Count of rows that the lake already held.
    revised
        Count of rows in ``added`` that revise an earlier value.
    """

    added: pl.DataFrame
    conflicting: pl.DataFrame
    unchanged: int
    revised: int

    def refused(self, name: str) -> pl.DataFrame:
        """Return the conflicting rows as rows of the quarantine, from what is called ``name``."""
        rows = self.conflicting.drop("origin", "conflict").iter_rows(named=True)
        raw = [json.dumps(row, sort_keys=True).encode() for row in rows]
        return pl.DataFrame(
            {
                "sha256": [xxh3_128_digest(text).hex() for text in raw],
                "name": [name] * len(raw),
                "row": [0] * len(raw),
                "fault": self.conflicting["conflict"].to_list(),
                "raw": raw,
            }
        )

    @classmethod
    def nothing(cls, schema: Schema) -> "Merged":
        """Return the outcome of no rows."""
        none = schema.empty().with_columns(origin=pl.lit(None, pl.Int64))
        return cls(none, none.with_columns(conflict=pl.lit(None, pl.String)), 0, 0)


def merge(incoming: pl.DataFrame, table: pl.DataFrame, schema: Schema) -> Merged:
    """Compare ``incoming`` rows with the rows ``table`` for the same keys.

    Parameters
    ----------
    incoming, table
        Tables of ``schema``; ``table`` may contain several versions of a key. ``incoming`` may have a column ``origin``
        (a number of the caller's, kept in the outcome), and is taken in its row order.
    schema
        The record kind.

    Returns
    -------
    Merged
        ``added`` keeps the declared columns. A revision's ``known_time`` is at least the end of the UTC day that its
        vintage names: before that nobody could have read it.
    """
    rows = incoming if "origin" in incoming.columns else incoming.with_columns(origin=pl.lit(0, pl.Int64))
    outcome = Merged.nothing(schema)
    for arrivals in _rounds(rows, schema):
        later = _merge_round(arrivals, pl.concat([table, outcome.added.select(schema.names)]), schema)
        outcome = _together(outcome, later)
    return msgspec.structs.replace(outcome, unchanged=rows.height - outcome.added.height - outcome.conflicting.height)


def _rounds(rows: pl.DataFrame, schema: Schema) -> list[pl.DataFrame]:
    """Split rows so that no two of a round share a key, older vintages first, as if read when they came out.

    Rows of one vintage, or of none, keep their order of arrival.
    """
    edition = ["vintage"] if "vintage" in schema.names else []
    distinct = rows.unique([*schema.key, *schema.value_names, *edition], keep="first", maintain_order=True)
    if not distinct.select(pl.struct(schema.revision_key).is_duplicated().any()).item():
        return [distinct]
    ordered = distinct.sort(edition, nulls_last=False, maintain_order=True) if edition else distinct
    ranked = ordered.with_columns(_round=pl.int_range(pl.len()).over(schema.revision_key))
    return [part.drop("_round") for _, part in sorted(ranked.partition_by("_round", as_dict=True).items())]


def _merge_round(incoming: pl.DataFrame, table: pl.DataFrame, schema: Schema) -> Merged:
    """Merge rows of which no two share a key."""
    compared = _without_known_editions(incoming, table, schema).join(
        _versions(table, schema), on=schema.revision_key, how="left", nulls_equal=True, maintain_order="left"
    )
    absent = pl.col("_held_known").is_null()
    same = ~absent & pl.all_horizontal(
        [pl.lit(value=True), *(pl.col(name).eq_missing(pl.col(f"_held_{name}")) for name in schema.value_names)]
    )
    known = _revision_known_time(schema)
    newer = ~absent & ~same & known.is_not_null() & (known > pl.col("_held_known"))
    revisions = compared.filter(newer)
    if "known_time" in schema.names:
        revisions = revisions.with_columns(known.alias("known_time"))
    conflicts = compared.filter(~absent & ~same & ~newer).with_columns(conflict=pl.lit(_CONFLICT))
    return Merged(
        added=pl.concat([frame.select(*schema.names, "origin") for frame in (compared.filter(absent), revisions)]),
        conflicting=conflicts.select(*schema.names, "origin", "conflict"),
        unchanged=0,
        revised=revisions.height,
    )


def _without_known_editions(incoming: pl.DataFrame, table: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Leave out rows that the lake holds as an earlier version: an old edition read again is no news.

    A revision by vintage was written with a later known time than its file says, so its vintage identifies it.
    """
    with_vintage = ["vintage"] if "vintage" in schema.names else []
    once = [*schema.key, *schema.value_names, *with_vintage]
    unheard = incoming.join(table.select(once), on=once, how="anti", nulls_equal=True, maintain_order="left")
    if not with_vintage:
        return unheard
    edition = [*schema.revision_key, *schema.value_names, "vintage"]
    editions = table.filter(pl.col("vintage").is_not_null()).select(edition)
    # A null vintage on the left finds no partner, since none is null on the right.
    return unheard.join(editions, on=edition, how="anti", nulls_equal=True, maintain_order="left")


def _together(first: Merged, second: Merged) -> Merged:
    return Merged(
        added=pl.concat([first.added, second.added]),
        conflicting=pl.concat([first.conflicting, second.conflicting]),
        unchanged=0,
        revised=first.revised + second.revised,
    )


def _versions(table: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Return the latest held version of each key with its columns renamed ``_held_…``."""
    latest = table.sort(schema.key).unique(schema.revision_key, keep="last", maintain_order=True)
    known = pl.col("known_time") if "known_time" in schema.names else pl.lit(0, pl.Int64)
    columns = [pl.col(name).alias(f"_held_{name}") for name in schema.value_names]
    vintage = [pl.col("vintage").alias("_held_vintage")] if "vintage" in schema.names else []
    return latest.select(*schema.revision_key, known.alias("_held_known"), *columns, *vintage)


def _revision_known_time(schema: Schema) -> pl.Expr:
    """Return when a differing row became known: its own known time if later, else the end of its vintage's day."""
    if "known_time" not in schema.names:
        return pl.lit(None, pl.Int64)
    own = pl.when(pl.col("known_time") > pl.col("_held_known")).then(pl.col("known_time"))
    if "vintage" not in schema.names:
        return own
    digits = pl.col("vintage").str.replace_all("-", "").str.slice(0, 8)
    day = digits.str.to_date("%Y%m%d", strict=False).cast(pl.Datetime("ns")).cast(pl.Int64) + NANOSECONDS_PER_DAY
    newer = pl.col("_held_vintage").is_not_null() & (pl.col("vintage") > pl.col("_held_vintage"))
    return pl.coalesce(own, pl.when(newer).then(pl.max_horizontal(day, "known_time")))


def latest_versions(rows: pl.LazyFrame, schema: Schema) -> pl.LazyFrame:
    """Keep the version of each key that was known last, sorted by key."""
    ordered = rows.sort(schema.key)
    if "known_time" not in schema.key:
        return ordered
    return ordered.unique(schema.revision_key, keep="last", maintain_order=True)
