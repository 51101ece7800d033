"""Price: where it stands, how far it moved, and the worst day of the week behind."""

import msgspec

from runout.bulletin.findings import Evidence, Finding, Section
from runout.bulletin.readings import Reading, evidence, quantity
from runout.clock import NANOSECONDS_PER_DAY, say_date, say_time, start_of_day
from runout.indicators.price import Fall, change, largest_fall
from runout.units import percent, price

DAY = NANOSECONDS_PER_DAY
_EXACT = "traded prices, exact; a bar hides the order of its high and low, so falls are lower bounds"


def section(bars: Reading, *, at: int) -> Section:
    """Return what the price did, from the finest bars.

    Parameters
    ----------
    bars
        Bars known at ``at``, at least the trailing week.
    at
        UTC ns.
    """
    findings = [_now(bars, at), *_week(bars, at)]
    worst = worst_day(bars, at)
    if worst is not None:
        findings.append(_day_fall(bars, worst, at))
    return Section(key="price", title="Price", summary=_summary(bars, at), findings=tuple(findings))


def _summary(bars: Reading, at: int) -> str:
    last = float(bars.rows["close"][-1])
    high = bars.since(bars.last_time - 7 * DAY).rows["high"].max()
    below = last / msgspec.convert(high, float) - 1
    coin = bars.series[0].coin
    when = say_time(bars.last_time, at)
    return f"{coin} {price(last)} at {when}, {percent(-below)} below the high of the past seven days."


def worst_day(bars: Reading, at: int) -> tuple[int, Fall] | None:
    """Return the start and the fall of the complete UTC day, of the trailing seven, that fell most."""
    today = start_of_day(at)
    candidates: list[tuple[int, Fall]] = []
    for number in range(1, 8):
        start = today - number * DAY
        inside = bars.rows.filter((bars.rows["event_time"] > start) & (bars.rows["event_time"] <= start + DAY))
        fall = largest_fall(inside)
        if fall is not None and int(inside["span"].sum()) == DAY:
            candidates.append((start, fall))
    return min(candidates, key=lambda candidate: candidate[1].move, default=None)


def _now(bars: Reading, at: int) -> Finding:
    last, end = float(bars.rows["close"][-1]), bars.last_time
    today = change(bars.rows, start_of_day(end)) if end != start_of_day(end) else None
    day = change(bars.rows, end - DAY)
    coin = bars.series[0].coin
    moves = [f"{percent(day, digits=2, signed=True)} in 24 h"]
    if today is not None:
        moves.insert(0, f"{percent(today, digits=2, signed=True)} since 00:00 UTC")
    numbers = (
        quantity("price", "last price", last, "USD per coin", "last trade of the bar"),
        quantity("change_today", "since 00:00 UTC", today, "fraction", "exact", signed=True),
        quantity("change_24h", "over 24 h", day, "fraction", "exact", signed=True),
    )
    return Finding(
        name="price.now",
        section="price",
        statement=f"{coin} traded at {price(last)} at {say_time(end, at)}, {' and '.join(moves)}.",
        evidence=evidence(bars, numbers, at=at, start=end - DAY, end=end, coverage="the market named in the scope"),
    )


def _week(bars: Reading, at: int) -> list[Finding]:
    week = bars.since(bars.last_time - 7 * DAY)
    fall = largest_fall(week.rows)
    if fall is None or fall.move > -0.01:
        return []
    statement = (
        f"Its largest fall of the past seven days ran from {price(fall.high)} ({say_time(fall.high_time, at)}) "
        f"to {price(fall.low)} ({say_time(fall.low_time, at)}): {percent(fall.move, digits=2, signed=True)}."
    )
    return [
        Finding(
            name="price.fall.7d",
            section="price",
            statement=statement,
            evidence=_fall_evidence(week, fall, at),
        )
    ]


def _day_fall(bars: Reading, worst: tuple[int, Fall], at: int) -> Finding:
    start, fall = worst
    statement = (
        f"The worst UTC day of the past seven was {say_date(start, at)}: from {price(fall.high)} "
        f"({say_time(fall.high_time, at)}) to {price(fall.low)} ({say_time(fall.low_time, at)}), "
        f"{percent(fall.move, digits=2, signed=True)}."
    )
    return Finding(
        name="price.fall.worst-day", section="price", statement=statement, evidence=_fall_evidence(bars, fall, at)
    )


def _fall_evidence(bars: Reading, fall: Fall, at: int) -> Evidence:
    numbers = (
        quantity("high", "high", fall.high, "USD per coin", _EXACT),
        quantity("low", "low", fall.low, "USD per coin", _EXACT),
        quantity("move", "fall", fall.move, "fraction", _EXACT, signed=True),
    )
    return evidence(
        bars, numbers, at=at, start=fall.high_time, end=fall.low_time, coverage="the market named in the scope"
    )
