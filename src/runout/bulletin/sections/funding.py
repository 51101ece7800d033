"""Funding: what it costs to hold a long, how unusual that is, and how far venues differ."""

from collections.abc import Mapping, Sequence

import msgspec
import polars as pl

from runout.bulletin.findings import Chart, Finding, Line, Panel, Row, Table
from runout.bulletin.readings import Reading, evidence, quantity
from runout.clock import NANOSECONDS_PER_DAY, say_time
from runout.indicators.funding import classify, dispersion, per_year
from runout.records import venue_name
from runout.units import ordinal, percent

DAY = NANOSECONDS_PER_DAY
_PREDICTED = "as the provider quotes it at the close of the interval; settled at the end of the funding period"
_SAYS = {
    "stretched": "That is stretched: longs pay unusually much.",
    "exhausted": "That is exhausted: the payment went away within a week while positions stayed.",
    "ordinary": "That is ordinary.",
    "unknown": "",
}


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Weighted funding at its last known time.

    Parameters
    ----------
    reading
        ``funding`` rows of the weighted series.
    values
        ``yearly, yearly_percentile, week_high_percentile, ranked_days`` at the last time, where known.
    coin_change_7d
        Change of coin open interest over seven days (fraction); None where not known.
    """

    reading: Reading
    values: Mapping[str, float]
    coin_change_7d: float | None


def finding(rate: Rate, venues: Sequence[Reading], at: int) -> Finding:
    """Return what funding is, over all venues and between them.

    Parameters
    ----------
    rate
        Weighted funding.
    venues
        Recent ``funding`` rows, one venue each.
    at
        UTC ns.
    """
    last = rate.reading.rows.row(-1, named=True)
    yearly, rank, high = (rate.values.get(n) for n in ("yearly", "yearly_percentile", "week_high_percentile"))
    state = classify(rank, high, rate.coin_change_7d)
    days = rate.values.get("ranked_days", 0.0)
    stored = "the past year" if days > 360 else f"the {days:.0f} days on record"
    ranked = f", the {ordinal(rank)} percentile of {stored}" if rank is not None else ""
    rates = {name: per_year(r["rate"], r["interval_hours"]) for name, r in latest_by_venue(venues).items()}
    spread = dispersion(rates)
    apart = ""
    if spread is not None:
        lowest, highest = min(rates, key=lambda v: rates[v]), max(rates, key=lambda v: rates[v])
        apart = (
            f" Venues run from {percent(rates[lowest], signed=True)} ({venue_name(lowest)}) to "
            f"{percent(rates[highest], signed=True)} ({venue_name(highest)}) a year."
        )
    cost = "" if yearly is None else f" {percent(abs(yearly))} a year"
    statement = (
        f"Funding, weighted by open interest, was {percent(last['rate'], digits=4, signed=True)} per "
        f"{last['interval_hours']:.0f} h at {say_time(rate.reading.last_time, at)}: longs "
        f"{'pay' if last['rate'] >= 0 else 'receive'}{cost}{ranked}. "
        f"{_SAYS[state]}{apart}"
    )
    past = f"rank within {stored}, same series" if rank is not None else "too few days on record to rank"
    numbers = (
        quantity("rate", f"rate per {last['interval_hours']:.0f} h", last["rate"], "fraction", _PREDICTED, signed=True),
        quantity("yearly", "the same per year", yearly, "fraction", "simple, not compounded", signed=True),
        quantity("yearly_percentile", "percentile", rank, "percentile", past),
        quantity("week_high_percentile", "highest of the past week", high, "percentile", past),
        quantity("dispersion", "deviation between venues, a year", spread, "fraction", f"{len(rates)} venues"),
    )
    end = rate.reading.last_time
    return Finding(
        name="leverage.funding",
        section="leverage",
        statement=statement.strip(),
        evidence=evidence(
            rate.reading,
            numbers,
            at=at,
            start=end - 7 * DAY,
            end=end,
            coverage="perpetuals of the venues the provider weighs",
        ),
    )


def latest_by_venue(venues: Sequence[Reading]) -> dict[str, dict[str, float]]:
    """Return the newest row of each venue; where a venue has several series, the one with the newest row."""
    results: dict[str, dict[str, float]] = {}
    for reading in venues:
        venue, row = reading.series[0].venues[0], reading.rows.row(-1, named=True)
        if venue not in results or row["event_time"] > results[venue]["event_time"]:
            results[venue] = row
    return results


def table(venues: Sequence[Reading], at: int) -> Table | None:
    """Return funding by venue on one scale; None for fewer than three venues."""
    latest = latest_by_venue(venues)
    if len(latest) < 3:
        return None
    yearly = {venue: per_year(row["rate"], row["interval_hours"]) for venue, row in latest.items()}
    rows = tuple(
        Row(label=venue_name(venue), values=(latest[venue]["rate"], latest[venue]["interval_hours"], yearly[venue]))
        for venue in sorted(latest, key=lambda v: (-yearly[v], v))
    )
    end = max(int(row["event_time"]) for row in latest.values())
    return Table(
        name="leverage.funding-by-venue",
        section="leverage",
        title=f"Funding by venue at {say_time(end, at)}",
        columns=("rate", "per", "a year"),
        units=("fraction", "hours", "fraction"),
        signed=(True, False, True),
        rows=rows,
        source=venues[0].provider,
        note=_PREDICTED,
    )


def percentile_chart(ratios: pl.DataFrame, rates: pl.DataFrame, *, caption: str) -> Chart | None:
    """Return where the leverage ratio and funding stood in their own past; None where neither is known.

    Parameters
    ----------
    ratios, rates
        ``event_time, value``: percentiles, in time order.
    caption
        Scope of both.
    """
    (ratio_times, ratio_values), (rate_times, rate_values) = (
        (tuple(rows["event_time"].to_list()), tuple(rows["value"].to_list())) for rows in (ratios, rates)
    )
    lines = [
        line
        for line in (
            Line(name="leverage ratio", role="primary", times=ratio_times, values=ratio_values),
            Line(name="funding", role="secondary", times=rate_times, values=rate_values),
        )
        if line.times
    ]
    if not lines:
        return None
    return Chart(
        name="leverage-percentiles",
        section="leverage",
        title="Leverage ratio and funding, each ranked in its own past year",
        caption=caption,
        panels=(Panel(title="percentile", unit="percentile", form="lines", lines=tuple(lines)),),
    )
