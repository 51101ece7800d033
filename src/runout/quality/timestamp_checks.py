"""Are the times possible: order of magnitude, the declared step, the future, and nothing known before it happens."""

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_HOUR, format_duration, format_time, parse_time
from runout.quality.audit_findings import AuditFinding, finding, stretches
from runout.quality.quantity_series import Observed

EARLIEST = parse_time("2009-01-03")
"""Bitcoin's first block: no figure of this field is older. A time before it was read in the wrong unit."""

MOST_OF_INTERVAL = 0.75
"""Payments closer together than three quarters of their interval are of another one: venues halve it, or more."""
LEAST_CLOSER = 3
"""One row between two payments is an odd one out; three are a schedule."""


def before_time(observed: Observed) -> list[AuditFinding]:
    """Return rows from before there was anything to observe: seconds, milliseconds or microseconds read as another."""
    early = observed.rows.filter(pl.col("event_time") < EARLIEST)["event_time"]
    if early.is_empty():
        return []
    times = early.to_numpy()
    return [
        finding(
            "clock_unit",
            "error",
            observed.series,
            (int(times[0]), int(times[-1])),
            statement=f"{len(times)} rows speak of {format_time(int(times[0]))} and later, before the first "
            "block of 2009-01-03: a time was read in the wrong unit (seconds, ms, µs, ns)",
            remedy="import the file again with the right unit of time",
            observed=float(times[0]),
            expected=float(EARLIEST),
        )
    ]


def future(observed: Observed, now: int) -> list[AuditFinding]:
    """Return rows that speak of, or were known at, moments later than ``now`` (UTC ns)."""
    times = observed.rows.filter((pl.col("event_time") > now) | (pl.col("known_time") > now))["event_time"].to_numpy()
    if not len(times):
        return []
    return [
        finding(
            "future",
            "error",
            observed.series,
            (int(times[0]), int(times[-1])),
            statement=f"{len(times)} rows speak of or were known after {format_time(now)}: the first is of "
            f"{format_time(int(times[0]))}",
            remedy="find the wrong clock or unit of time and import again; as-of reads hide these rows until then",
            observed=float(times[-1]),
            expected=float(now),
        )
    ]


def known_before_event(observed: Observed) -> list[AuditFinding]:
    """Return rows that were known before what they speak of had ended: a look-ahead for everything built on them."""
    bad = observed.rows.filter(pl.col("known_time") < pl.col("event_time"))
    if bad.is_empty():
        return []
    lead = bad.select((pl.col("event_time") - pl.col("known_time")).max()).item()
    times = bad["event_time"].to_numpy()
    return [
        finding(
            "known_before_event",
            "error",
            observed.series,
            (int(times[0]), int(times[-1])),
            statement=f"{bad.height} rows were known up to {format_duration(lead)} before they happened",
            remedy="import again: event_time is the end of the interval and known_time never earlier",
            observed=float(-lead),
            expected=0.0,
        )
    ]


def off_grid(observed: Observed) -> list[AuditFinding]:
    """Return rows that do not stand on the series' grid of steps, and series whose rows come at another step.

    The grid is the remainder of the event time by the step that most rows have, so a feed that is stamped
    at five past the hour is regular too.
    """
    series, times = observed.series, observed.times
    if not series.step or len(times) < 3:
        return []
    usual, share = _mode(np.diff(times))
    if usual != series.step and share > 0.5:
        return [
            finding(
                "step",
                "warning",
                observed.series,
                (int(times[0]), int(times[-1])),
                statement=f"is declared with a row every {format_duration(series.step)}; {share:.0%} of its rows come "
                f"{format_duration(usual)} apart",
                remedy="correct the step in the register: windows count rows by it",
                observed=float(usual),
                expected=float(series.step),
            )
        ]
    anchor, _ = _mode(times % series.step)
    off = (times - anchor) % series.step
    return [
        finding(
            "off_grid",
            "warning",
            observed.series,
            (int(times[s.first]), int(times[s.last])),
            statement=f"{s.count} rows stand off the grid of {format_duration(series.step)} from "
            f"{format_time(int(times[s.first]))} on, the first by {format_duration(int(off[s.first]))}",
            remedy="see whether the provider's stamp changed its meaning or its unit there",
            observed=float(off[s.first]),
            expected=0.0,
        )
        for s in stretches(off != 0)
    ]


def funding_closer_than_quoted(observed: Observed) -> list[AuditFinding]:
    """Return payments of funding that come more often than the interval their rate is quoted for.

    Series whose declared step is shorter than the interval are samples of a running rate, and judged no further.
    """
    series, rows = observed.series, observed.rows
    if series.kind != "funding" or rows.height < 2:
        return []
    times, hours = rows["event_time"].to_numpy(), rows["interval_hours"].to_numpy()
    if 0 < series.step < MOST_OF_INTERVAL * float(np.median(hours)) * NANOSECONDS_PER_HOUR:
        return []
    apart = np.diff(times) / NANOSECONDS_PER_HOUR
    return [
        finding(
            "funding_interval",
            "warning",
            series,
            (int(times[s.first + 1]), int(times[s.last + 1])),
            statement=f"from {format_time(int(times[s.first + 1]))} on {s.count} rows come "
            f"{np.median(apart[s.first : s.last + 1]):g} h apart, quoted for {hours[s.first + 1]:g} h: if the venue "
            "pays more often since, their yearly rate is too small",
            remedy="give each row its own interval_hours (a column, or a dated block of the mapping for each interval)",
            observed=float(np.median(apart[s.first : s.last + 1])),
            expected=float(hours[s.first + 1]),
        )
        for s in stretches(apart < MOST_OF_INTERVAL * hours[1:])
        if s.count >= LEAST_CLOSER
    ]


def without_step(observed: list[Observed]) -> list[AuditFinding]:
    """Return open interest without a step, of providers that have none with one: maps and leverage pass it over."""
    interest = [entry for entry in observed if entry.series.kind == "open_interest" and entry.rows.height]
    stepped = {entry.series.provider for entry in interest if entry.series.step}
    audit_findings: list[AuditFinding] = []
    for item in interest:
        if item.series.step or item.series.provider in stepped:
            continue
        times = item.times
        usual = _mode(np.diff(times))[0] if len(times) > 1 else 0
        apart = f"; its rows come mostly {format_duration(usual)} apart" if usual else ""
        audit_findings.append(
            finding(
                "step",
                "warning",
                item.series,
                (int(times[0]), int(times[-1])),
                statement=f"has no step{apart}: no map and no section of leverage reads it",
                remedy="say a step in its mapping, such as step = '1h', and import into a new lake",
                observed=0.0,
                expected=float(usual),
            )
        )
    return audit_findings


def overlapping(observed: Observed) -> list[AuditFinding]:
    """Return interval rows that reach back further than the step: neighbours count the same trades twice."""
    series = observed.series
    if not series.step:
        return []
    bad = observed.rows.filter(pl.col("span") > series.step)
    if bad.is_empty():
        return []
    times = bad["event_time"].to_numpy()
    span = int(bad["span"].to_numpy().max())
    return [
        finding(
            "overlap",
            "warning",
            observed.series,
            (int(times[0]), int(times[-1])),
            statement=f"{bad.height} rows reach back {format_duration(span)}, further than the step of "
            f"{format_duration(series.step)}: their sums count some moments twice",
            remedy="correct step or span in the import; a rolling total is not an interval's total",
            observed=float(span),
            expected=float(series.step),
        )
    ]


def _mode(values: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> tuple[int, float]:
    levels, counts = np.unique(values, return_counts=True)
    most = int(np.argmax(counts))
    return int(levels[most]), float(counts[most]) / len(values)
