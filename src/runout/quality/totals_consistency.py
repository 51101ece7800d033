"""Parts and wholes across series: venues against all venues, changes and liquidations against what was traded."""

import numpy as np
import polars as pl

from runout.clock import format_time
from runout.quality.audit_findings import AuditFinding, Severity, Times, Values, breaches, finding
from runout.quality.prices import Prices
from runout.quality.quantity_series import Observed, Track, at, column, sides
from runout.quality.scopes import contains, overlaps
from runout.records import ALL_VENUES

PART_TOLERANCE = 0.02
"""Two snapshots of one moment, some seconds apart, differ by less than 2%."""
DRIFT = 0.03
DRIFT_ROWS = 12
"""The share that the listed venues have of the whole may wander by 3%; a median of 12 rows ignores a late venue."""
LISTED_SHARE = (0.9, 1.02)
"""Listed venues should hold nine tenths of "all venues"; more than the whole cannot be."""
LEAST_VENUES = 3
MANY_TIMES = 10.0
TRADED = "was traded"
VOLUME_TOLERANCE = 0.05
"""The snapshot and the edge of the bar are not the same instant."""


def venues_against_all(observed: list[Observed]) -> list[AuditFinding]:
    """Return all-venue open interest from which the sum of its venues drifts, by provider, coin and step."""
    audit_findings: list[AuditFinding] = []
    for whole in _open_interest(observed):
        if whole.series.venues == (ALL_VENUES,) and whole.series.margin == "all":
            parts = [item for item in _open_interest(observed) if _is_venue_of(item, whole)]
            if len(parts) >= LEAST_VENUES:
                audit_findings += _drift(whole, parts)
    return audit_findings


def parts_above_whole(observed: list[Observed]) -> list[AuditFinding]:
    """Return open interest that exceeds, within one provider and step, a figure that contains it."""
    audit_findings: list[AuditFinding] = []
    for part in _open_interest(observed):
        for whole in _open_interest(observed):
            same_feed = (whole.series.provider, whole.series.step) == (part.series.provider, part.series.step)
            if whole is not part and same_feed and contains(whole.series, part.series):
                audit_findings += _above(part, whole)
    return audit_findings


def change_within_volume(observed: list[Observed], prices: Prices) -> list[AuditFinding]:
    """Return changes of open interest greater than what was traded: contracts open and close only by trading.

    Both in coins, over the same interval, one comparison for each series with the widest traded volume it overlaps.
    Where the volume's scope contains the open interest's the bound is strict and a breach is an error. Where it does
    not (one instrument's volume against a venue's whole open interest) a breach proves nothing: it is a note.
    """
    audit_findings: list[AuditFinding] = []
    volumes = [
        entry for entry in observed if entry.series.kind in {"bars", "taker_flow"} and entry.series.market != "spot"
    ]
    for item in _open_interest(observed):
        track = _coins(item, prices)
        for volume in _widest([v for v in volumes if overlaps(v.series, item.series)], item):
            traded = _traded(volume, track.times, prices)
            change = np.concatenate(([np.nan], np.abs(np.diff(track.values))))
            audit_findings += _beyond_volume(item, volume, track.times, change, traded)
    return audit_findings


def liquidations_within(observed: list[Observed], prices: Prices) -> list[AuditFinding]:
    """Return intervals that liquidated more than was open or traded in a scope that contains the liquidations'.

    What was open is the larger of both ends of the interval. A frantic day can turn that over once, so a breach is a
    warning; ten times as much, or more than was traded, cannot be.
    """
    audit_findings: list[AuditFinding] = []
    for item in observed:
        if item.series.kind != "liquidations" or not item.series.step or item.rows.is_empty():
            continue
        long, short = sides(item)
        total = np.nan_to_num(long.values) + np.nan_to_num(short.values)
        for whole in observed:
            if not contains(whole.series, item.series) or whole.rows.is_empty():
                continue
            if whole.series.kind == "open_interest":
                dollars = _dollars(whole, prices)
                bound = np.fmax(at(dollars, long.times), at(dollars, long.times - item.series.step))
                audit_findings += _beyond(item, whole, (long.times, total), bound, "was open")
            elif whole.series.kind in {"bars", "taker_flow"} and whole.series.step == item.series.step:
                bound = _traded(whole, long.times, prices) * prices.close(item.series.coin, long.times)
                audit_findings += _beyond(item, whole, (long.times, total), bound, TRADED)
    return audit_findings


def _open_interest(observed: list[Observed]) -> list[Observed]:
    return [item for item in observed if item.series.kind == "open_interest" and item.rows.height > 1]


def _is_venue_of(observed: Observed, whole: Observed) -> bool:
    part, total = observed.series, whole.series
    same = (part.provider, part.coin, part.step, part.margin) == (total.provider, total.coin, total.step, total.margin)
    return same and len(part.venues) == 1 and part.venues != (ALL_VENUES,)


def _drift(whole: Observed, parts: list[Observed]) -> list[AuditFinding]:
    total = column(whole, "open_interest_usd").observed()
    values = np.array([at(column(observed, "open_interest_usd"), total.times) for observed in parts])
    present = np.isfinite(values).any(axis=0) & (total.values > 0.0)
    if not present.any():
        return []
    times, ratio = total.times[present], np.nansum(values[:, present], axis=0) / total.values[present]
    usual = float(np.median(ratio))
    smooth = pl.Series(ratio).rolling_median(DRIFT_ROWS, min_samples=1).to_numpy()
    results = [
        _venue_finding(
            whole,
            (int(times[b.first]), int(times[b.last])),
            f"its {len(parts)} listed venues sum to {smooth[b.row]:.1%} of it in {b.count} rows, usually to "
            f"{usual:.1%}: a venue joined, left or changed its way of counting",
            "warning",
            (float(smooth[b.row]), usual),
        )
        for b in breaches(np.abs(smooth / usual - 1.0), DRIFT)
    ]
    if not LISTED_SHARE[0] <= usual <= LISTED_SHARE[1]:
        words = f"its {len(parts)} listed venues sum to {usual:.1%} of it: the list and the total have other scopes"
        results.append(_venue_finding(whole, (int(times[0]), int(times[-1])), words, "note", (usual, LISTED_SHARE[0])))
    return results


def _venue_finding(
    whole: Observed, extent: tuple[int, int], statement: str, severity: Severity, numbers: tuple[float, float]
) -> AuditFinding:
    return finding(
        "venue_sum",
        severity,
        whole.series,
        extent,
        statement=statement,
        remedy="compare changes of the whole only with the venues named, and say which venue makes the difference",
        observed=numbers[0],
        expected=numbers[1],
    )


def _above(part: Observed, whole: Observed) -> list[AuditFinding]:
    audit_findings: list[AuditFinding] = []
    for name in ("open_interest_usd", "open_interest_base"):
        inner = column(part, name)
        off = inner.values / at(column(whole, name), inner.times) - 1.0
        audit_findings += [
            finding(
                "part_above_whole",
                "error",
                part.series,
                (int(inner.times[b.first]), int(inner.times[b.last])),
                statement=f"{name} exceeds that of {whole.series.series}, which contains it, in {b.count} rows, "
                f"most at {format_time(int(inner.times[b.row]))}, by {off[b.row]:.1%}",
                remedy="one of the two counts both sides, or coins as dollars: see the provider's convention",
                observed=float(off[b.row]),
                expected=PART_TOLERANCE,
            )
            for b in breaches(off, PART_TOLERANCE)
        ]
    return audit_findings


def _coins(observed: Observed, prices: Prices) -> Track:
    base, usd = column(observed, "open_interest_base"), column(observed, "open_interest_usd")
    price = prices.close(observed.series.coin, base.times)
    track = Track("coins", base.times, np.where(np.isfinite(base.values), base.values, usd.values / price))
    return track.observed()


def _dollars(observed: Observed, prices: Prices) -> Track:
    base, usd = column(observed, "open_interest_base"), column(observed, "open_interest_usd")
    price = prices.close(observed.series.coin, base.times)
    return Track("dollars", usd.times, np.where(np.isfinite(usd.values), usd.values, base.values * price))


def _widest(volumes: list[Observed], observed: Observed) -> list[Observed]:
    """Return the volumes to hold a series against: one that contains it if any does, else one that overlaps."""
    fitting = [v for v in volumes if v.series.step and v.series.step <= observed.series.step and v.rows.height > 1]
    strict = [v for v in fitting if contains(v.series, observed.series)]
    return (strict or sorted(fitting, key=lambda v: (-len(v.series.venues), v.series.series)))[:1]


def _traded(volume: Observed, times: Times, prices: Prices) -> Values:
    """Return coins traded between each moment and the one before it; NaN where bars are missing in between."""
    if volume.series.kind == "bars":
        coins = column(volume, "volume_base")
    else:
        buy, sell = column(volume, "buy_usd"), column(volume, "sell_usd")
        coins = Track("traded", buy.times, (buy.values + sell.values) / prices.close(volume.series.coin, buy.times))
    running = Track("running", coins.times, np.cumsum(np.nan_to_num(coins.values)))
    count = Track("count", coins.times, np.cumsum(np.isfinite(coins.values)).astype(np.float64))
    traded = np.diff(at(running, times), prepend=np.nan)
    rows = np.diff(at(count, times), prepend=np.nan)
    expected = np.diff(times, prepend=0) / volume.series.step
    return np.where(rows == expected, traded, np.nan)


def _beyond_volume(
    observed: Observed, volume: Observed, times: Times, change: Values, traded: Values
) -> list[AuditFinding]:
    strict = contains(volume.series, observed.series)
    caveat = "" if strict else f"; {volume.series.series} has a narrower scope, so this proves nothing by itself"
    return [
        finding(
            "change_above_volume",
            "error" if strict else "note",
            observed.series,
            (int(times[b.first]), int(times[b.last])),
            statement=f"open interest changes by {change[b.row]:,.0f} {observed.series.coin} at "
            f"{format_time(int(times[b.row]))} while {traded[b.row]:,.0f} were traded ({b.count} such rows){caveat}",
            remedy="contracts open and close by trading only: look for a venue that joined, a changed unit, a late row",
            observed=float(change[b.row]),
            expected=float(traded[b.row]),
        )
        for b in breaches(change / traded - 1.0, VOLUME_TOLERANCE)
    ]


def _beyond(
    observed: Observed, whole: Observed, totals: tuple[Times, Values], bound: Values, words: str
) -> list[AuditFinding]:
    times, total = totals
    return [
        finding(
            "liquidations_above_whole",
            "error" if words == TRADED or total[b.row] > MANY_TIMES * bound[b.row] else "warning",
            observed.series,
            (int(times[b.first]), int(times[b.last])),
            statement=f"${total[b.row]:,.0f} were liquidated at {format_time(int(times[b.row]))}, more than {words} "
            f"(${bound[b.row]:,.0f}, {whole.series.series}), in {b.count} rows",
            remedy="one of the two has the wrong unit: see the provider's convention",
            observed=float(total[b.row]),
            expected=float(bound[b.row]),
        )
        for b in breaches(total / bound - 1.0, VOLUME_TOLERANCE)
    ]
