"""One value for each key, and every row under a registered series."""

from collections.abc import Iterable

import polars as pl

from runout.clock import format_time
from runout.quality.audit_findings import AuditFinding, finding, runs_of
from runout.quality.quantity_series import Observed
from runout.records import Schema, Series

LEAST_REPEATED = 10
"""Two equal events of one millisecond happen; ten in a row that are all there twice do not."""


def duplicates(rows: pl.DataFrame, schema: Schema) -> list[AuditFinding]:
    """Return keys that hold several values which no vintage tells apart.

    Parameters
    ----------
    rows
        All versions of all rows of a kind, in any order.
    schema
        The kind. Two rows of one ``revision_key`` are a revision if their vintages differ, and a duplicate otherwise:
        nothing says which of them is right.
    """
    several = rows.filter(pl.struct(schema.revision_key).is_duplicated())
    if several.is_empty():
        return []
    edition = [*schema.revision_key, "vintage"] if "vintage" in schema.names else schema.revision_key
    clashing = (
        several.group_by(edition)
        .agg(pl.struct(schema.value_names).n_unique().alias("values"), pl.len().alias("rows"), pl.col("coin").first())
        .filter(pl.col("rows") > 1)
    )
    by_series = clashing.group_by("series", "coin").agg(
        pl.len().alias("keys"),
        (pl.col("values") > 1).sum().alias("differing"),
        pl.col("event_time").min().alias("first"),
        pl.col("event_time").max().alias("last"),
    )
    return [_duplicate(row) for row in by_series.sort("series", "coin").iter_rows(named=True)]


def repeated_events(observed: Observed) -> list[AuditFinding]:
    """Return stretches of single events that each stand there more than once: a feed that sent a stretch again."""
    series, rows = observed.series, observed.rows
    if series.kind != "liquidations" or series.step or rows["span"].to_numpy().any():
        return []
    columns = ["event_time", "liquidated_side", "value_usd", "quantity_base", "price"]
    events = rows.group_by(columns).len().sort(columns)
    times, times_said = events["event_time"].to_numpy(), events["len"].to_numpy()
    return [
        finding(
            "repeated_events",
            "warning",
            series,
            (int(times[s.first]), int(times[s.last])),
            statement=f"{s.count} events in a row stand there {int(times_said[s.first])} times each, equal in every "
            f"value, from {format_time(int(times[s.first]))} to {format_time(int(times[s.last]))}: the feed sent them "
            "again, and their dollars are counted again",
            remedy="take the repeated lines out of the file and import into a new lake",
            observed=float(times_said[s.first]),
            expected=1.0,
        )
        for s in runs_of(times_said > 1)
        if s.count >= LEAST_REPEATED
    ]


def unregistered(rows: pl.DataFrame, kind: str, register: Iterable[Series]) -> list[AuditFinding]:
    """Return rows whose series is not in the register, or stands there with another kind or coin."""
    known = {series.series: series for series in register}
    present = rows.group_by("series", "coin").agg(
        pl.len().alias("rows"), pl.col("event_time").min().alias("first"), pl.col("event_time").max().alias("last")
    )
    audit_findings: list[AuditFinding] = []
    for row in present.sort("series", "coin").iter_rows(named=True):
        fault = _scope_fault(known.get(row["series"]), kind, row["coin"])
        if fault:
            audit_findings.append(
                AuditFinding(
                    check="scope_missing",
                    severity="error",
                    series=row["series"],
                    coin=row["coin"],
                    start_time=row["first"],
                    end_time=row["last"],
                    observed=float(row["rows"]),
                    expected=0.0,
                    statement=f"{row['rows']} rows of {kind} {fault}",
                    remedy="register the series with its scope, or import again: no number stands without its scope",
                )
            )
    return audit_findings


def empty_series(register: Iterable[Series], present: set[str]) -> list[AuditFinding]:
    """Return registered series that have no row."""
    return [
        AuditFinding(
            check="empty_series",
            severity="note",
            series=series.series,
            coin=series.coin,
            start_time=0,
            end_time=0,
            observed=0.0,
            statement="is registered and has no row",
            remedy="nothing, if every row of it was refused on purpose; else import it again",
        )
        for series in register
        if series.series not in present
    ]


def _duplicate(row: dict[str, int]) -> AuditFinding:
    words = f"{row['differing']} of them with differing values" if row["differing"] else "all with equal values"
    return AuditFinding(
        check="duplicate",
        severity="error" if row["differing"] else "warning",
        series=str(row["series"]),
        coin=str(row["coin"]),
        start_time=row["first"],
        end_time=row["last"],
        observed=float(row["keys"]),
        expected=0.0,
        statement=f"{row['keys']} keys stand twice without a vintage that tells which is newer, {words}, "
        f"{format_time(row['first'])} to {format_time(row['last'])}",
        remedy="find out which edition is right and import it with its vintage",
    )


def _scope_fault(series: Series | None, kind: str, coin: str) -> str:
    if series is None:
        return "whose series is not registered"
    if kind not in {series.kind, "gaps"}:  # a gap speaks of a series of another kind
        return f"in a series registered as {series.kind}"
    if series.coin != coin:
        return f"say {coin}, their series says {series.coin}"
    return ""
