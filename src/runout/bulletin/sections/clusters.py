"""Clusters of the inferred liquidation map: where forced orders would come, and how many dollars would be reported."""

from typing import Any, Final

import polars as pl

from runout.bulletin.findings import Evidence, Finding, Quantity, Row, Section, Table
from runout.bulletin.liquidation_map import NO_GAIN
from runout.bulletin.readings import quantity
from runout.clock import format_time, say_time
from runout.liquidation_map.clusters import CROSSED
from runout.records import venue_list
from runout.units import dollars, percent, price

SHOWN: Final = 2
"""Clusters of each side that get a sentence; the table has all."""
_BAND: Final = "90% band of a sweep's total; inferred"
_CAVEAT: Final = f"{NO_GAIN} Dollars are what the capped feed would report, a lower bound."


def section(table: pl.DataFrame, swept: pl.DataFrame, *, at: int) -> Section:
    """Return the clusters of each side, the largest first, and those of the day before that were crossed since.

    Parameters
    ----------
    table
        ``clusters`` rows of one moment, at least one, by rank.
    swept
        ``swept_clusters`` rows of the same moment, by rank.
    at
        UTC ns.
    """
    rows, passed = table.to_dicts(), swept.to_dicts()
    findings = [
        _cluster(row, number)
        for side in ("long", "short")
        for number, row in enumerate([item for item in rows if item["side"] == side][:SHOWN], start=1)
    ]
    tables = [_table(rows, at)]
    if passed:
        findings += [_sweep(side) for side in _by_side([item for item in passed if item["passed_share"] >= CROSSED])]
        tables.append(_swept_table(passed))
    return Section(
        key="clusters",
        title="Clusters of liquidation levels, inferred",
        summary=_summary(rows),
        findings=tuple(findings),
        tables=tuple(tables),
    )


def _summary(rows: list[dict[str, Any]]) -> str:
    first = rows[0]
    growing = sum(row["state"] == "accumulating" for row in rows)
    count = "one cluster" if len(rows) == 1 else f"{len(rows)} clusters"
    return (
        f"The largest of {count} would liquidate {first['side']}s at {_range(first)}; {growing or 'none'} of them "
        f"{'is' if growing == 1 else 'are'} accumulating."
    )


def _range(row: dict[str, Any]) -> str:
    return f"{price(row['low_price'])} to {price(row['high_price'])}"


def _cluster(row: dict[str, Any], number: int) -> Finding:
    where = "below" if row["side"] == "long" else "above"
    growth = "" if row["growth_usd"] is None else f", {dollars(row['growth_usd'], signed=True)} in 24 h"
    numbers = (
        quantity("usd", "expected to be reported", row["usd"], "USD", _BAND, low=row["low_usd"], high=row["high_usd"]),
        quantity("low_price", "lower end", row["low_price"], "USD per coin", "grid of the map"),
        quantity("high_price", "upper end", row["high_price"], "USD per coin", "grid of the map"),
        quantity("distance", "distance of the near end", row["distance"], "fraction", "grid of the map"),
        quantity("growth_usd", "growth in 24 h", row["growth_usd"], "USD", "inferred"),
        quantity("prior_share", "share that is assumption", row["prior_share"], "fraction", "of the dollars"),
    )
    return Finding(
        name=f"clusters.{row['side']}.{number}",
        section="clusters",
        statement=f"{row['side'].capitalize()}s at {_range(row)}, from {percent(abs(row['distance']))} {where} the "
        "price: "
        f"if the price crosses this range, {venue_list((row['venue'],))} would report about {dollars(row['usd'])} of "
        f"liquidations (90% range {dollars(row['low_usd'])} to {dollars(row['high_usd'])}; "
        f"{percent(row['prior_share'], digits=0)} of the estimate is assumption rather than data); "
        f"{row['state']}{growth}.",
        caveat=_CAVEAT if number == 1 and row["rank"] == 1 else "",
        evidence=_evidence(row, numbers, series="clusters"),
        inferred=True,
    )


def _evidence(row: dict[str, Any], numbers: tuple[Quantity, ...], *, series: str) -> Evidence:
    moment = format_time(row["event_time"])
    return Evidence(
        quantities=numbers,
        scope=f"{row['coin']}, {venue_list((row['venue'],))}, perpetual",
        series=(series,),
        source="the map of inferred positions",
        window_start=moment,
        window_end=moment,
        coverage="one venue; positions opened within the bars held",
        reproduce=f"runout map {row['coin']} --venue {row['venue']} --at {moment} --format text",
    )


def _by_side(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    sides = ([row for row in rows if row["side"] == side] for side in ("long", "short"))
    return [side for side in sides if side]


def _sweep(rows: list[dict[str, Any]]) -> Finding:
    row = rows[0]
    expected, reported = row["expected_usd"], row["reported_usd"]
    came = "reports are not complete" if reported is None else f"reported: {dollars(reported)}"
    others = "" if len(rows) == 1 else f", the largest of {len(rows)} (on one path they share what follows)"
    numbers = (
        quantity("usd", "expected of all of it, a day ago", row["usd"], "USD", "inferred"),
        quantity("passed_share", "share of its range covered", row["passed_share"], "fraction", "prices of the bars"),
        quantity("expected_usd", "expected along the path", expected, "USD", "inferred"),
        quantity("reported_usd", "reported in those hours", reported, "USD", "a lower bound: the feed is capped"),
    )
    return Finding(
        name=f"clusters.swept.{row['side']}",
        section="clusters",
        statement=f"Crossed in the last 24 h: {row['side']}s at {_range(row)}{others}. The price covered "
        f"{percent(row['passed_share'], digits=0)} of the range; expected: {dollars(expected)}, {came}.",
        evidence=_evidence(row, numbers, series="swept_clusters"),
        inferred=True,
    )


def _swept_table(rows: list[dict[str, Any]]) -> Table:
    names = ("usd", "passed_share", "expected_usd", "reported_usd")
    return Table(
        name="clusters.swept",
        section="clusters",
        title="Clusters of the day before that the price went into since",
        columns=("a day ago", "passed", "expected", "reported"),
        units=("USD", "fraction", "USD", "USD"),
        signed=(False, False, False, False),
        rows=tuple(
            Row(label=f"{row['side']}s, {_range(row)}", values=tuple(row[name] for name in names)) for row in rows
        ),
        source=f"inferred from {venue_list((rows[0]['venue'],))} bars, open interest and reported liquidations",
        note="expected: along the price path in those 4-hour buckets; reported: of the side in the same "
        "buckets; clusters on one path share both",
    )


def _table(rows: list[dict[str, Any]], at: int) -> Table:
    return Table(
        name="clusters.all",
        section="clusters",
        title=f"Clusters at {say_time(rows[0]['event_time'], at)}",
        columns=("distance", "expected", "low", "high", "24 h", "assumed"),
        units=("fraction", "USD", "USD", "USD", "USD", "fraction"),
        signed=(True, False, False, False, True, False),
        rows=tuple(
            Row(
                label=f"{row['side']}s, {_range(row)}" + (" ▲" if row["state"] == "accumulating" else ""),
                values=tuple(
                    row[name] for name in ("distance", "usd", "low_usd", "high_usd", "growth_usd", "prior_share")
                ),
            )
            for row in rows
        ),
        source=f"inferred from {venue_list((rows[0]['venue'],))} bars, open interest and reported liquidations",
        note="▲ accumulating; dollars expected to be reported on the first sweep, bands of 90%; "
        "assumed: share of the estimate that is not from data",
    )
