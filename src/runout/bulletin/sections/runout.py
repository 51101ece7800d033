"""Slides: what a move would set off, where it would stop, how likely it is, and what move another billion takes."""

from typing import Any, Final

import numpy as np
import polars as pl

from runout.bulletin.findings import Evidence, Finding, Quantity, Row, Section, Table
from runout.bulletin.readings import quantity
from runout.clock import format_time, say_time
from runout.records import venue_list
from runout.units import dollars, percent, price

WAVE_USD: Final = 1e9
TABLE_MOVES: Final = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1)
_EDGES: Final = "mild and severe edges of all bands at once; inferred"
_NINETY: Final = "90% band; inferred"
_CAVEAT: Final = (
    "The levels are inferred, and what a capped feed does not show of them is assumed (1.25 to 3.3 times what it "
    "shows). Depth is that of one venue in calm; in a slide market makers withdraw. Accuracy: docs/scores/cascade.md."
)

_RATIOS: Final = "Scaled from this venue and coin to the whole market with two historical ratios."


def section(rows: pl.DataFrame, *, at: int) -> Section:
    """Return what moves would set off, both ways.

    Parameters
    ----------
    rows
        ``slides`` of one moment, at least one, by number.
    at
        UTC ns.
    """
    asked = rows.to_dicts()
    through = [item for item in asked if item["trigger"] == "cluster"]
    findings: list[Finding] = []
    for direction in ("down", "up"):
        nearest = min((item for item in through if item["direction"] == direction), key=_size, default=None)
        if nearest is not None:
            findings.append(_through(nearest, caveat="" if findings else _CAVEAT))
    findings.append(_reproduction(max(asked, key=lambda item: item["reproduction"] or 0.0)))
    findings += [_wave(asked, direction) for direction in ("down", "up") if _has_headline(asked, direction)]
    return Section(
        key="runout",
        title="Runout: what a move would set off, inferred",
        summary=_summary(asked),
        findings=tuple(findings),
        tables=(_table(asked, at),),
    )


def least_move(rows: list[dict[str, Any]], direction: str, column: str, usd: float) -> float | None:
    """Return the smallest move for which a column reaches an amount, between the moves asked; None if none does.

    Parameters
    ----------
    rows
        Slides, of round moves or not.
    direction
        ``down`` or ``up``.
    column
        Dollars that do not fall with the size of the move.
    usd
        The amount.
    """
    own = sorted((row for row in rows if row["direction"] == direction and row[column] is not None), key=_size)
    sizes = np.array([0.0, *(_size(item) for item in own)])
    values = np.maximum.accumulate([0.0, *(item[column] for item in own)])
    first = int(np.searchsorted(values, usd))
    if first >= len(values):
        return None
    share = (usd - values[first - 1]) / (values[first] - values[first - 1])
    return float(sizes[first - 1] + share * (sizes[first] - sizes[first - 1]))


def _size(row: dict[str, Any]) -> float:
    return abs(row["move"])


def _summary(rows: list[dict[str, Any]]) -> str:
    most = max(row["reproduction"] or 0.0 for row in rows)
    worst = max((row["amplification"] or 0.0 for row in rows), default=0.0)
    if all(row["ending"] == "stopped" for row in rows):
        return (
            f"Order books would absorb every move tested: forced orders would lengthen a move by at most "
            f"{percent(worst)} and equal {percent(most, digits=0)} of the resting orders within the next 1%."
        )
    first = min((row for row in rows if row["ending"] != "stopped"), key=_size)
    return f"From a move of {percent(first['move'], signed=True)} on, the slide does not stop within the map."


def _through(row: dict[str, Any], *, caveat: str) -> Finding:
    fall = row["direction"] == "down"
    verb, kind, orders = ("fall", "long", "sales") if fall else ("rise", "short", "purchases")
    stop = (
        f"and end at {price(row['stop_price'])} ({_severe(row)})"
        if row["stop_price"] is not None
        else "and would not stop within the map"
    )
    added = "" if row["amplification"] is None else f", {percent(row['amplification'])} farther than the move itself"
    return _finding(
        row,
        f"runout.{row['direction']}",
        f"A {verb} to {price(row['trigger_price'])} ({percent(row['move'], signed=True)}), through the nearest of the "
        f"largest {kind} clusters, would force about {dollars(row['forced_usd'])} of {orders} on "
        f"{venue_list((row['venue'],))} ({dollars(row['forced_low_usd'])} to {dollars(row['forced_high_usd'])}) {stop}"
        f"{added}.{_chance(row)}",
        _numbers(row),
        caveat=caveat,
    )


def _severe(row: dict[str, Any]) -> str:
    edge = row["severe_stop_price"]
    return (
        "in the worst case considered it does not stop"
        if edge is None
        else f"{price(edge)} in the worst case considered"
    )


def _chance(row: dict[str, Any]) -> str:
    if row["chance"] is None:
        return ""
    text = f" Adjusted for volatility, {_days(row)} moved this far within 24 hours"
    if row["chance"] == 0.0:
        return f"{text}."
    return f"{text} (90% interval {percent(row['chance_low'])} to {percent(row['chance_high'])})."


def _reproduction(row: dict[str, Any]) -> Finding:
    ratio = row["reproduction"] or 0.0
    orders = "bids" if row["direction"] == "down" else "asks"
    thinner = f"A self-feeding slide would need those {orders} to shrink by about {percent(1.0 - ratio, digits=0)}."
    end = "More than rests there: a slide would feed itself." if ratio >= 1.0 else thinner if ratio > 0.0 else ""
    return _finding(
        row,
        "runout.reproduction",
        f"Where forced orders are densest, from {price(row['trigger_price'])} on, those of the next 1% equal "
        f"{percent(ratio)} of the {orders} within 1% ({dollars(row['depth_usd'])}). {end}".rstrip(),
        (
            quantity("reproduction", "forced orders over depth, next 1%", ratio, "ratio", "at the central values"),
            quantity("depth_usd", f"{orders} within 1%", row["depth_usd"], "USD", "median of the past week"),
        ),
    )


def _days(row: dict[str, Any]) -> str:
    if row["chance"] > 0.0:
        return f"{percent(row['chance'])} of comparable past days"
    return f"no comparable past day (90%: below {percent(row['chance_high'])})"


def _has_headline(rows: list[dict[str, Any]], direction: str) -> bool:
    return any(row["headline_usd"] is not None for row in rows if row["direction"] == direction)


def _wave(rows: list[dict[str, Any]], direction: str) -> Finding:
    verb = "fall" if direction == "down" else "rise"
    own = [row for row in rows if row["direction"] == direction]
    farthest = max(own, key=_size)
    names = ("headline_high_usd", "headline_usd", "headline_low_usd")
    early, middle, late = (least_move(rows, direction, name, WAVE_USD) for name in names)
    sign = -1.0 if direction == "down" else 1.0
    reach = percent(abs(farthest["move"]), digits=0)
    if middle is None:
        text = f"no {verb} on the map (up to {reach}) is enough at the median"
    else:
        nearest = min(own, key=lambda item: abs(_size(item) - middle))
        chance = "" if nearest["chance"] is None else f"; {_days(nearest)} moved that far"
        text = f"a {verb} of about {percent(middle)}, to {price(nearest['price'] * (1.0 + sign * middle))}{chance}"
    at_best = "none on the map" if early is None else percent(early)
    at_worst = f"more than {reach}" if late is None else percent(late)
    return _finding(
        farthest,
        f"runout.wave.{direction}",
        f"Another {dollars(WAVE_USD)} of liquidations, all coins and venues, would take {text} (90% band {at_best} to "
        f"{at_worst}).",
        tuple(
            quantity(name, label, None if value is None else sign * value, "fraction", _NINETY, signed=True)
            for name, label, value in (
                ("move", "move, median", middle), ("move_high", "move, most that may come", early),
                ("move_low", "move, least that may come", late),
            )
        ),
        caveat=_RATIOS if direction == "down" else "",
    )  # fmt: skip


def _numbers(row: dict[str, Any]) -> tuple[Quantity, ...]:
    forced = {"low": row["forced_low_usd"], "high": row["forced_high_usd"]}
    chance = {"low": row["chance_low"], "high": row["chance_high"]}
    return (
        quantity("trigger_price", "price the move reaches", row["trigger_price"], "USD per coin", "grid of the map"),
        quantity("forced_usd", "forced orders", row["forced_usd"], "USD", _EDGES, **forced),
        quantity("stop_price", "where it stops", row["stop_price"], "USD per coin", "at the central values"),
        quantity("reproduction", "forced orders over depth, next 1%", row["reproduction"], "ratio", "central values"),
        quantity("chance", "past days that went so far", row["chance"], "fraction", "90% Wilson interval", **chance),
    )


def _finding(
    row: dict[str, Any], name: str, statement: str, numbers: tuple[Quantity, ...], caveat: str = ""
) -> Finding:
    moment = format_time(row["event_time"])
    return Finding(
        name=name,
        section="runout",
        statement=statement,
        caveat=caveat,
        evidence=Evidence(
            quantities=numbers,
            scope=f"{row['coin']}, {venue_list((row['venue'],))}, perpetual",
            series=("slides",),
            source="cascade over the inferred map",
            window_start=moment,
            window_end=moment,
            coverage="one venue's map and books; positions opened within the bars held",
            reproduce=f"runout whatif {row['coin']} --venue {row['venue']} --at {moment} --ladder",
        ),
        inferred=True,
    )


def _table(rows: list[dict[str, Any]], at: int) -> Table:
    shown = [
        row for row in rows
        if row["trigger"] == "move" and any(abs(_size(row) - size) < 1e-9 for size in TABLE_MOVES)
    ]  # fmt: skip
    names = (
        "trigger_price",
        "chance",
        "chance_high",
        "stop_price",
        "forced_usd",
        "headline_usd",
        "headline_low_usd",
        "headline_high_usd",
    )
    return Table(
        name="runout.moves",
        section="runout",
        title=f"What moves would set off, asked at {say_time(rows[0]['event_time'], at)}",
        columns=("reaches", "chance, 24 h", "at most", "stops", "forced", "market-wide", "low", "high"),
        units=("USD per coin", "fraction", "fraction", "USD per coin", "USD", "USD", "USD", "USD"),
        signed=(False,) * len(names),
        rows=tuple(
            Row(label=percent(item["move"], signed=True), values=tuple(item[name] for name in names)) for item in shown
        ),
        source=f"cascade over the inferred map and the books of {venue_list((rows[0]['venue'],))}",
        note="at most: upper end of the 90% interval of the chance; forced: orders on that venue, estimated; "
        "market-wide: set off by the move itself on all coins and venues, band of 90%",
    )
