"""Audit a lake: read what it holds, let every check look at it."""

import msgspec
import polars as pl

from runout.clock import now_ns
from runout.lake import Lake
from runout.lake.merging import latest_versions
from runout.pipeline import ledger
from runout.quality import AuditFinding, Severity, Tables, audit
from runout.records import KINDS, Schema, Series
from runout.records.kinds import OBSERVED


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found.

    Parameters
    ----------
    lake
        Address of the lake.
    at
        UTC ns; what was known by then was audited.
    newest_known
        UTC ns; the latest known time up to ``at``, None for a lake without rows.
    series, rows
        How many series with rows, and versions of rows, were looked at.
    findings
        Severest first.
    """

    lake: str
    at: int
    newest_known: int | None
    series: int
    rows: int
    findings: tuple[AuditFinding, ...]

    def count(self, severity: Severity) -> int:
        """Return the number of findings of one severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def is_clean(self) -> bool:
        """Whether there is no warning and no error; notes are true and no fault."""
        return not self.count("error") and not self.count("warning")


def verify_lake(lake: Lake, *, at: int | None = None) -> Audit:
    """Audit the observed tables of a lake.

    Parameters
    ----------
    lake
        The lake.
    at
        UTC ns; audit what was known by then. None: everything, and rows from the future of the clock are errors.

    Returns
    -------
    Audit
        Broken links of the ledger, and the findings of :func:`runout.quality.audit`. Derived state is not audited:
        it is computed again from these tables.
    """
    now = now_ns() if at is None else at
    versions = {schema.kind: _versions(lake, schema, at) for schema in OBSERVED}
    latest = {kind: latest_versions(rows.lazy(), KINDS[kind]).collect() for kind, rows in versions.items()}
    present = {str(name) for rows in versions.values() for name in rows["series"].unique()}
    register = _register(lake, present, at)
    findings = [*_ledger(lake), *audit(Tables(versions=versions, latest=latest, register=register), now)]
    return Audit(
        lake=lake.root,
        at=now,
        newest_known=_newest_known(versions, now),
        series=len(present),
        rows=sum(rows.height for rows in versions.values()),
        findings=tuple(findings),
    )


def _ledger(lake: Lake) -> list[AuditFinding]:
    return [
        AuditFinding(
            check="ledger_chain",
            severity="error",
            series="ledger",
            coin=broken.coin,
            start_time=broken.moment,
            end_time=broken.moment,
            statement=broken.statement,
            remedy="restore the ledger from a copy: forecasts that were changed after issue prove nothing",
        )
        for broken in ledger.audit(lake)
    ]


def _versions(lake: Lake, schema: Schema, at: int | None) -> pl.DataFrame:
    rows = lake.scan(schema.kind)
    return (rows if at is None else rows.filter(pl.col("known_time") <= at)).collect()


def _register(lake: Lake, present: set[str], at: int | None) -> tuple[Series, ...]:
    """Return the register; as of an earlier moment a series without rows is one that had not begun."""
    return tuple(series for series in lake.series() if at is None or series.series in present)


def _newest_known(versions: dict[str, pl.DataFrame], now: int) -> int | None:
    known = (rows.filter(pl.col("known_time") <= now)["known_time"].to_numpy() for rows in versions.values())
    return max((int(times.max()) for times in known if len(times)), default=None)
