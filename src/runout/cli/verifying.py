"""``runout verify``."""

import math
import sys
from itertools import groupby
from typing import Literal

import msgspec
from rich.console import Console
from rich.table import Table

from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.clock import format_time
from runout.errors import ExitCode
from runout.pipeline.verify import Audit, verify_lake
from runout.quality import SEVERITIES, AuditFinding
from runout.version import SCHEMA_VERSION

_COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}
_NOTES_SHOWN = 5
_SIGNIFICANT_DIGITS = 9


def verify(*, lake: str | None = None, at: str | None = None, format: Literal["text", "json"] = "text") -> int:  # noqa: A002 - the public name of the flag
    """Audit a lake: gaps, duplicates, frozen series, unit jumps, swapped sides.

    Exits with 1 if there is a warning or an error; a note is true, worth knowing, and no fault.

    Parameters
    ----------
    lake
        Folder of the lake.
    at
        Audit what was known at this moment (UTC, such as 2025-08-18T12:00Z); without it, everything.
    format
        ``text`` for a reader, ``json`` for a program.
    """
    moment = None if at is None else time_option(at)
    audit = verify_lake(open_lake(lake), at=moment)
    if format == "json":
        sys.stdout.write(as_json(audit) + "\n")
    else:
        _print(audit)
    return ExitCode.DONE if audit.is_clean() else ExitCode.FINDINGS


def as_json(audit: Audit) -> str:
    """Return an audit as JSON text; times are ISO 8601 UTC, figures have nine significant digits."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "lake": audit.lake,
        "at": format_time(audit.at),
        "newest_known": None if audit.newest_known is None else format_time(audit.newest_known),
        "series": audit.series,
        "rows": audit.rows,
        "clean": audit.is_clean(),
        "counts": {severity: audit.count(severity) for severity in SEVERITIES},
        "findings": [_plain(finding) for finding in audit.findings],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _plain(audit_finding: AuditFinding) -> dict[str, object]:
    return {
        "check": audit_finding.check,
        "severity": audit_finding.severity,
        "series": audit_finding.series,
        "coin": audit_finding.coin,
        "start": format_time(audit_finding.start_time),
        "end": format_time(audit_finding.end_time),
        "observed": _rounded(audit_finding.observed),
        "expected": _rounded(audit_finding.expected),
        "statement": audit_finding.statement,
        "remedy": audit_finding.remedy,
    }


def _rounded(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{_SIGNIFICANT_DIGITS}g}")


def _print(audit: Audit) -> None:
    console = screen.console()
    newest = "no rows" if audit.newest_known is None else f"known up to {format_time(audit.newest_known)}"
    console.print(f"{audit.lake}: {audit.series:,} series, {audit.rows:,} rows, {newest}", soft_wrap=True, markup=False)
    if audit.findings:
        console.print(_overview(audit))
    for (severity, check), group in groupby(audit.findings, key=lambda results: (results.severity, results.check)):
        _print_group(console, severity, check, list(group))
    counts = ", ".join(_counted(audit.count(severity), severity) for severity in SEVERITIES)
    console.print(f"{'clean' if audit.is_clean() else 'not clean'}: {counts}")


def _counted(number: int, severity: str) -> str:
    return f"{number} {severity}{'' if number == 1 else 's'}"


def _overview(audit: Audit) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("severity")
    table.add_column("check")
    table.add_column("series", justify="right")
    table.add_column("findings", justify="right")
    for (severity, check), group in groupby(audit.findings, key=lambda result: (result.severity, result.check)):
        results = list(group)
        series = len({item.series for item in results})
        table.add_row(f"[{_COLOURS[severity]}]{severity}[/]", check, str(series), str(len(results)))
    return table


def _print_group(console: Console, severity: str, check: str, audit_findings: list[AuditFinding]) -> None:
    shown = audit_findings[:_NOTES_SHOWN] if severity == "note" else audit_findings
    console.print(f"\n[{_COLOURS[severity]}]{severity}[/] [bold]{check}[/]")
    for audit_finding in shown:
        console.print(f"  {audit_finding.series}: {audit_finding.statement}", soft_wrap=True, markup=False)
    if len(audit_findings) > len(shown):
        console.print(f"  … and {len(audit_findings) - len(shown)} more; --format json lists all")
    for remedy in dict.fromkeys(item.remedy for item in audit_findings):
        console.print(f"  → {remedy}", soft_wrap=True, markup=False)
