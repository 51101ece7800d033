"""Values outside what is possible, or outside what this market has ever shown."""

import msgspec
import numpy as np
import polars as pl

from runout.clock import format_time
from runout.quality.audit_findings import AuditFinding, Severity, Values, breaches, finding, stretches
from runout.quality.quantity_series import Observed, Track, column, main_columns
from runout.records import KINDS, fault_of_each_row

ROUNDING = 1e-9
"""Published decimals, read as binary floats, may differ in the last bits."""


class Plausible(msgspec.Struct, frozen=True):
    """Bounds that a sound figure keeps; ``reason`` says what stands behind them."""

    kind: str
    column: str
    low: float
    high: float
    reason: str
    coin: str = ""


PLAUSIBLE = (
    Plausible("positioning", "long_share", 0.02, 0.98, "no venue has shown fewer than 2% of accounts on one side"),
    Plausible("market_caps", "dominance", 0.25, 1.0, "Bitcoin's lowest dominance was 32%, in January 2018", coin="BTC"),
    Plausible("premium", "rate", -0.25, 0.25, "prices of one coin a quarter apart would be arbitraged within minutes"),
)
FUNDING_LIMIT_8H = 0.03
"""Venues cap a funding payment at 0.3% to 3% for 8 hours; beyond it, the rate is a percent or of another period."""
FUNDING_USUAL_8H = 0.002
FUNDING_WINDOW_ROWS = 30
"""A median of 0.2% for 8 hours is 220% a year; no month of any coin here has had it, while a percent read as a
fraction has 1% on a calm day (the resting rate of 0.01%)."""


def impossible(observed: Observed) -> list[AuditFinding]:
    """Return rows that break their schema: negative, NaN, null where a value is required, a share above one."""
    kind = observed.series.kind
    fault = fault_of_each_row(KINDS[kind])
    bad = observed.rows.filter(pl.col("known_time") >= pl.col("event_time")).with_columns(_fault=fault)
    bad = bad.filter(pl.col("_fault").is_not_null())
    if bad.is_empty():
        return []
    times = bad["event_time"].to_numpy()
    return [
        finding(
            "impossible_value",
            "error",
            observed.series,
            (int(times[0]), int(times[-1])),
            statement=f"{bad.height} rows hold a value that cannot be; the first, of {format_time(int(times[0]))}: "
            f"{bad['_fault'][0]}",
            remedy="quarantine the rows and import the file again: such rows are refused on import",
            observed=float(bad.height),
            expected=0.0,
        )
    ]


def empty_rows(observed: Observed) -> list[AuditFinding]:
    """Return rows in which nothing was observed: they hide a gap."""
    names = main_columns(observed.series.kind)
    if not names:
        return []
    empty = observed.rows.select(pl.all_horizontal(pl.col(names).is_null()).alias("empty"))["empty"].to_numpy()
    times = observed.rows["event_time"].to_numpy()
    return [
        finding(
            "empty_row",
            "warning",
            observed.series,
            (int(times[s.first]), int(times[s.last])),
            statement=f"{s.count} rows hold none of {', '.join(names)}: a gap that looks like rows",
            remedy="drop the rows, so that the gap is seen",
            observed=float(s.count),
            expected=0.0,
        )
        for s in stretches(empty)
    ]


def inconsistent_bars(observed: Observed) -> list[AuditFinding]:
    """Return bars without ``low ≤ open, close ≤ high``."""
    if observed.series.kind != "bars":
        return []
    low, opened, close, high = (column(observed, name).values for name in ("low", "open", "close", "high"))
    excess = np.maximum(np.maximum(opened, close) / high, low / np.minimum(opened, close)) - 1.0
    return _as_findings(
        observed,
        column(observed, "close"),
        excess,
        limit=ROUNDING,
        check="inconsistent_bar",
        words="low ≤ open and close ≤ high does not hold",
        severity="error",
    )


def inconsistent_ranges(observed: Observed) -> list[AuditFinding]:
    """Return open interest or capitalisation outside the range published beside it."""
    level = {"open_interest": "open_interest_usd", "market_caps": "market_cap_usd"}.get(observed.series.kind)
    if level is None:
        return []
    value, low, high = (column(observed, name) for name in (level, "low_usd", "high_usd"))
    excess = np.fmax(value.values / high.values, low.values / value.values) - 1.0
    return _as_findings(
        observed,
        value,
        excess,
        limit=ROUNDING,
        check="inconsistent_range",
        words=f"low ≤ {level} ≤ high does not hold",
        severity="warning",
    )


def implausible(observed: Observed) -> list[AuditFinding]:
    """Return values outside :data:`PLAUSIBLE`, and funding that must be a percent or of another period."""
    audit_findings: list[AuditFinding] = []
    for bound in PLAUSIBLE:
        if bound.kind == observed.series.kind and bound.coin in {"", observed.series.coin}:
            track = column(observed, bound.column)
            beyond = np.fmax(track.values - bound.high, bound.low - track.values)
            words = f"{bound.column} outside {bound.low:g} to {bound.high:g} ({bound.reason})"
            audit_findings += _as_findings(
                observed, track, beyond, limit=0.0, check="implausible_value", words=words, severity="warning"
            )
    return audit_findings + _implausible_funding(observed)


def _implausible_funding(observed: Observed) -> list[AuditFinding]:
    if observed.series.kind != "funding":
        return []
    hours = observed.rows["interval_hours"].to_numpy()
    rate = column(observed, "rate")
    per_8h = np.abs(rate.values) * 8.0 / hours
    usual = pl.Series(per_8h).rolling_median(FUNDING_WINDOW_ROWS).to_numpy()
    words = (
        f"funding has a 30-row median beyond {FUNDING_USUAL_8H:.1%} for 8 hours: a percent read as a fraction, "
        "or a rate of another period"
    )
    check = "implausible_value"
    results = _as_findings(observed, rate, usual, limit=FUNDING_USUAL_8H, check=check, words=words, severity="error")
    if results:
        return results
    words = f"funding beyond the {FUNDING_LIMIT_8H:.0%} for 8 hours that venues cap it at"
    return _as_findings(observed, rate, per_8h, limit=FUNDING_LIMIT_8H, check=check, words=words, severity="warning")


def _as_findings(
    observed: Observed, track: Track, badness: Values, *, limit: float, check: str, words: str, severity: Severity
) -> list[AuditFinding]:
    return [
        finding(
            check,
            severity,
            observed.series,
            (int(track.times[b.first]), int(track.times[b.last])),
            statement=f"{words}: {b.count} rows, the worst {format_time(int(track.times[b.row]))} "
            f"with {track.name} {track.values[b.row]:,.6g}",
            remedy="compare with the provider's own page, then quarantine and import the file again",
            observed=float(track.values[b.row]),
        )
        for b in breaches(badness, limit)
    ]
