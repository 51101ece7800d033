"""Liquidations: the trailing day by side, the last complete day in the widest scope, and the last flush."""

from collections.abc import Mapping

import msgspec
import polars as pl

from runout.bulletin.findings import Chart, Finding, Line, Mark, Panel, Quantity, Row, Section, Table
from runout.bulletin.readings import Reading, evidence, quantity
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_duration, format_time, say_date, say_time
from runout.indicators.liquidations import by_side
from runout.indicators.windows import times
from runout.records import venue_list
from runout.units import dollars, percent, price

DAY = NANOSECONDS_PER_DAY
FLOOR = "reported totals; venues with capped feeds report a part, so the true total is at least this"
_CHART_DAYS = 30


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Derived trailing totals of one scope at their last known time.

    Parameters
    ----------
    reading
        Interval totals the derived values come from.
    time
        End of the trailing window (UTC ns).
    values
        ``long_usd, short_usd, total_usd, long_share, total_percentile, long_percentile`` where known; ``held_hours``
        where they are sums over so many of the 24 hours, as the others are not held.
    coins
        Base assets that the totals cover.
    """

    reading: Reading
    time: int
    values: Mapping[str, float]
    coins: tuple[str, ...]

    def get(self, name: str) -> float | None:
        """Return a value, None where it is not known."""
        return self.values.get(name)


def section(
    *,
    recent: Totals | None,
    widest: Totals | None,
    day: Totals | None,
    by_coin: Mapping[str, Totals],
    flushes: pl.DataFrame,
    bars: Reading | None,
    at: int,
) -> Section:
    """Return what was liquidated.

    Parameters
    ----------
    recent
        Trailing 24 h in the scope with the shortest step.
    widest
        Last complete UTC day in the scope with most venues and coins.
    day
        The same scope on the worst UTC day of the past week, where there was one.
    by_coin
        Trailing 24 h for each coin, in the scope of ``recent``.
    flushes
        Latest state of each flush and squeeze known at ``at`` (``flushes`` rows).
    bars
        Bars with the step of ``recent``, for the chart.
    at
        UTC ns.
    """
    findings = [_trailing(recent, at)] if recent else []
    if widest and (recent is None or widest.reading.series[0].step != recent.reading.series[0].step):
        findings.append(_complete_day(widest, "liquidations.last-day", "The last complete UTC day", at))
    if day:
        findings.append(_complete_day(day, "liquidations.worst-day", "The day of the week's worst fall", at))
    findings += [_flush(row, at) for row in _last_flush(flushes)]
    charts = (_chart(recent, bars, flushes),) if recent and bars and not bars.rows.is_empty() else ()
    tables = (_table(by_coin, at),) if by_coin else ()
    summary = _summary(recent or widest, at)
    return Section(
        key="liquidations",
        title="Liquidations",
        summary=summary,
        findings=tuple(findings),
        tables=tables,
        charts=charts,
    )


def _summary(totals: Totals | None, at: int) -> str:
    if totals is None:
        return "No liquidation series is known."
    venues = venue_list(totals.reading.series[0].venues)
    coins = ", ".join(totals.coins)
    share = totals.get("long_share")
    longs = "" if share is None else f", {percent(share, digits=0)} of it longs"
    return (
        f"{venues} reported at least {dollars(totals.get('total_usd'))} of liquidations ({coins}) in the "
        f"{_window(totals, at)}{longs}{_rank(totals)}."
    )


def _window(totals: Totals, at: int) -> str:
    day, hours = f"24 h to {say_time(totals.time, at)}", totals.get("held_hours")
    return day if hours is None else f"{day}, of which {hours:.3g} h {'is' if hours == 1.0 else 'are'} held,"


def _numbers(totals: Totals) -> tuple[Quantity, ...]:
    rank = "rank among the trailing 365 days of the same series; moves with changes of the feed"
    hours = totals.get("held_hours")
    part = () if hours is None else (quantity("held_hours", "held of the 24 h", hours, "hours", "exact"),)
    return (
        *part,
        quantity("total_usd", "longs and shorts", totals.get("total_usd"), "USD", FLOOR),
        quantity("long_usd", "longs", totals.get("long_usd"), "USD", FLOOR),
        quantity("short_usd", "shorts", totals.get("short_usd"), "USD", FLOOR),
        quantity("long_share", "long share", totals.get("long_share"), "fraction", "of reported dollars"),
        quantity("total_percentile", "percentile, 365 days", totals.get("total_percentile"), "percentile", rank),
        quantity("long_percentile", "longs' percentile, 365 days", totals.get("long_percentile"), "percentile", rank),
    )


def _rank(totals: Totals) -> str:
    rank = totals.get("total_percentile")
    if rank is None:
        return ""
    days = totals.get("ranked_days") or 0.0
    past = "the past year" if days > 360 else f"the {days:.0f} days on record"
    return f": more than on {percent(rank / 100.0, digits=0)} of {past}"


def _sides(totals: Totals) -> str:
    share = totals.get("long_share")
    longs = "" if share is None else f" ({percent(share)})"
    return (
        f"{dollars(totals.get('total_usd'))}: {dollars(totals.get('long_usd'))} from longs{longs} and "
        f"{dollars(totals.get('short_usd'))} from shorts"
    )


def _trailing(totals: Totals, at: int) -> Finding:
    least = "" if totals.get("held_hours") is None else "at least "
    statement = f"In the {_window(totals, at)} liquidations totalled {least}{_sides(totals)}{_rank(totals)}."
    return _finding("liquidations.24h", statement, totals, at)


def _complete_day(totals: Totals, name: str, subject: str, at: int) -> Finding:
    statement = f"{subject}, {say_date(totals.time - DAY, at)}, liquidated {_sides(totals)}{_rank(totals)}."
    return _finding(name, statement, totals, at)


def _finding(name: str, statement: str, totals: Totals, at: int) -> Finding:
    notes = sorted({member.note for member in totals.reading.series if member.note})
    return Finding(
        name=name,
        section="liquidations",
        statement=statement,
        caveat=" ".join(notes),
        evidence=evidence(
            totals.reading,
            _numbers(totals),
            at=at,
            start=totals.time - DAY + 1,
            end=totals.time,
            coverage=f"{len(totals.coins)} coins; not the whole market",
        ),
    )


def _last_flush(flushes: pl.DataFrame) -> list[dict[str, object]]:
    """Return the latest flush and the latest squeeze, one scope each: the one that liquidated most dollars."""
    if flushes.is_empty():
        return []
    latest = flushes.sort("start_time", "liquidated_usd", "series").group_by("direction", maintain_order=True).last()
    return latest.sort("direction").to_dicts()


def _flush(row: dict[str, object], at: int) -> Finding:
    from_price, to_price = float(str(row["reference_price"])), float(str(row["extreme_price"]))
    start, end = int(str(row["start_time"])), int(str(row["event_time"]))
    squeeze = row["direction"] == "squeeze"
    subject, side = ("squeeze", "shorts") if squeeze else ("flush", "longs")
    state = "was still running" if row["state"] == "running" else f"had ended by {say_time(end, at)}"
    move, liquidated = to_price / from_price - 1, float(str(row["liquidated_usd"]))
    statement = (
        f"The last {subject} began by {say_time(start, at)} ({price(from_price)} to {price(to_price)}, "
        f"{percent(move, digits=2, signed=True)}), liquidated {dollars(liquidated)} of {side} and {state}."
    )
    numbers = (
        quantity("move", "move", move, "fraction", "from bars; a lower bound", signed=True),
        quantity("liquidated_usd", f"{side} liquidated", liquidated, "USD", FLOOR),
    )
    series = str(row["series"])
    reading = Reading(series=(), rows=pl.DataFrame(), scope=series)
    proof = evidence(reading, numbers, at=at, start=start, end=end, coverage="the scope named; see definitions: flush")
    command = f"runout flushes --scope {series} --at {format_time(at)}"
    return Finding(
        name=f"liquidations.{subject}",
        section="liquidations",
        statement=statement,
        evidence=msgspec.structs.replace(proof, source="derived", series=(series,), reproduce=command),
    )


def _table(by_coin: Mapping[str, Totals], at: int) -> Table:
    ordered = sorted(by_coin, key=lambda coin: -(by_coin[coin].get("total_usd") or 0.0))
    first = by_coin[ordered[0]]
    rows = [
        Row(
            label=coin,
            values=tuple(by_coin[coin].get(name) for name in ("total_usd", "long_usd", "short_usd", "long_share")),
        )
        for coin in ordered
    ]
    return Table(
        name="liquidations.by-coin",
        section="liquidations",
        title=f"24 h to {say_time(first.time, at)}, by coin",
        columns=("total", "longs", "shorts", "long share"),
        units=("USD", "USD", "USD", "fraction"),
        signed=(False, False, False, False),
        rows=tuple(rows),
        source=first.reading.provider,
        note=FLOOR,
    )


def _chart(recent: Totals, bars: Reading, flushes: pl.DataFrame) -> Chart:
    since = recent.time - _CHART_DAYS * DAY
    price_rows, step = bars.since(since).rows, recent.reading.series[0].step
    sides = by_side(recent.reading.since(since).rows, len(recent.reading.series))
    t = tuple(times(price_rows).tolist())
    candles = tuple(
        Line(name=name, role="price", times=t, values=tuple(price_rows[name].to_list()))
        for name in ("open", "high", "low", "close")
    )
    at = tuple(times(sides).tolist())
    mirrored = (
        Line(name="longs liquidated", role="long", times=at, values=tuple(sides["long_usd"].to_list())),
        Line(name="shorts liquidated", role="short", times=at, values=tuple(sides["short_usd"].to_list())),
    )
    marks = [
        Mark(start=row["start_time"] - 4 * NANOSECONDS_PER_HOUR, end=row["event_time"], label=row["direction"])
        for row in flushes.filter(pl.col("event_time") > since).sort("start_time", "series").iter_rows(named=True)
    ]
    coin = bars.series[0].coin
    return Chart(
        name="price-liquidations",
        section="liquidations",
        title=f"{coin} price, and what was liquidated under and over it",
        caption=f"Price: {bars.scope}. Liquidations: {recent.reading.scope}, per {format_duration(step)}; {FLOOR}.",
        panels=(
            Panel(title=f"{coin} price", unit="USD per coin", form="candles", lines=candles, span=step),
            Panel(title="liquidations", unit="USD", form="mirrored", lines=mirrored, span=step),
        ),
        marks=tuple(marks),
    )
