"""What an audit says: one typed finding for each thing that is wrong, odd, or worth knowing."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from runout.records import Series

Severity = Literal["note", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

Times = NDArray[np.int64]
Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

_MOST_STRETCHES = 5
"""Up to so many stretches are told one by one; a reader of more wants their number and their extent."""


class AuditFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One remark of an audit.

    Parameters
    ----------
    check
        Name of the check, as in ``docs/verify.md``.
    severity
        ``error``: impossible, a figure computed from it is wrong. ``warning``: not plausible, look before use.
        ``note``: true, and worth knowing. Only the first two make ``runout verify`` exit with 1.
    series, coin
        What it speaks of; a family of series is written ``provider/kind/*``.
    start_time, end_time
        UTC ns: event times of the first and last row concerned (of the first and last missing row for a gap).
    observed, expected
        The number found, and the bound or value it was held against; None where no number says it.
    statement
        One plain sentence with the numbers in it.
    remedy
        What to do.
    """

    check: str
    severity: Severity
    series: str
    coin: str
    start_time: int
    end_time: int
    statement: str
    remedy: str
    observed: float | None = None
    expected: float | None = None


def finding(
    check: str,
    severity: Severity,
    series: Series,
    extent: tuple[int, int],
    *,
    statement: str,
    remedy: str,
    observed: float | None = None,
    expected: float | None = None,
) -> AuditFinding:
    """Return a finding about one series; ``extent`` is the first and last event time concerned."""
    return AuditFinding(
        check=check,
        severity=severity,
        series=series.series,
        coin=series.coin,
        start_time=extent[0],
        end_time=extent[1],
        observed=observed,
        expected=expected,
        statement=statement,
        remedy=remedy,
    )


class Stretch(msgspec.Struct, frozen=True):
    """Rows ``first`` to ``last`` (inclusive) of which ``count`` are concerned."""

    first: int
    last: int
    count: int


def stretches(mask: Mask) -> list[Stretch]:
    """Return the runs of True; where there are many, one stretch that covers them all.

    Examples
    --------
    >>> [(s.first, s.last, s.count) for s in stretches(np.array([False, True, True, False, True]))]
    [(1, 2, 2), (4, 4, 1)]
    """
    runs = runs_of(mask)
    if len(runs) <= _MOST_STRETCHES:
        return runs
    return [Stretch(runs[0].first, runs[-1].last, sum(run.count for run in runs))]


def runs_of(mask: Mask) -> list[Stretch]:
    """Return every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [Stretch(int(a), int(b) - 1, int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


class Breach(msgspec.Struct, frozen=True):
    """Rows ``first`` to ``last`` of which ``count`` exceed a limit, ``row`` by most."""

    first: int
    last: int
    count: int
    row: int


def breaches(badness: Values, limit: float) -> list[Breach]:
    """Return where ``badness`` exceeds ``limit``, as :func:`stretches` does; NaN does not.

    Examples
    --------
    >>> breaches(np.array([0.0, 2.0, 3.0, np.nan]), 1.0)
    [Breach(first=1, last=2, count=2, row=2)]
    """
    above = badness > limit
    return [
        Breach(
            s.first, s.last, s.count, s.first + int(np.argmax(np.where(above, badness, -np.inf)[s.first : s.last + 1]))
        )
        for s in stretches(above)
    ]


def in_order(findings: list[AuditFinding]) -> list[AuditFinding]:
    """Return findings with the severest first, then by check, series and time."""
    return sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), f.check, f.series, f.start_time, f.statement))
