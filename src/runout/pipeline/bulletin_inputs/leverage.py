"""What the sections on the state of leverage and on positioning are made from."""

from typing import NamedTuple

import msgspec
import polars as pl

from runout.bulletin.findings import Chart, Section, Table
from runout.bulletin.readings import Reading
from runout.bulletin.sections import collateral, funding, leverage, positioning
from runout.bulletin.sections.collateral import Exchange, Ratio
from runout.bulletin.sections.funding import Rate
from runout.coverage.doubted_venues import doubted
from runout.indicators.open_interest import CHANGE_WINDOWS
from runout.indicators.windows import times
from runout.lake import catalogue
from runout.pipeline.bulletin_inputs.reader import DAY, Reader, fresh, numbers
from runout.pipeline.prices import with_price
from runout.records import Series


class Interest(NamedTuple):
    """All-venue open interest beside the price, and open interest by venue where it is known."""

    whole: Reading
    venues: Reading | None


def gather(reader: Reader, anchor: int) -> tuple[list[Section], Interest | None]:
    """Return the section, where there is open interest, with the readings that other sections share.

    Parameters
    ----------
    reader
        The lake as of the moment.
    anchor
        UTC ns of the moment since which changes are shown.
    """
    interest = _interest(reader)
    if interest is None:
        return [], None
    series = interest.whole.series[0]
    latest = reader.latest(series.series, "open_interest.")
    reader.require_computed(f"open_interest/{series.series}", interest.whole.last_time)
    current = {name: value.value for name, value in latest.items() if value.time == interest.whole.last_time}
    changes = {
        label: {name.removeprefix(f"{label}."): current[name] for name in current if name.startswith(f"{label}.")}
        for label in CHANGE_WINDOWS
    }
    changes = {label: values for label, values in changes.items() if "change_usd" in values}
    base = leverage.section(
        interest.whole, changes, interest.venues, doubtful=doubted(reader.at), anchor=anchor, at=reader.at
    )
    return [_with_collateral(base, reader, interest)], interest


def _interest(reader: Reader) -> Interest | None:
    series = catalogue.all_venue_open_interest(reader.series, reader.coin)
    bars = catalogue.bars(reader.series, reader.coin, step=series.step) if series else None
    if series is None or bars is None:
        return None
    rows = with_price(reader.rows("open_interest", [series]), reader.rows("bars", [bars]))
    if rows.is_empty() or not reader.is_current(
        f"open interest, {series.scope()}", int(times(rows).max()), series.step
    ):
        return None
    return Interest(Reading(series=(series,), rows=rows, scope=series.scope()), _venues(reader))


def _venues(reader: Reader) -> Reading | None:
    members = catalogue.venue_open_interest(reader.series, reader.coin)
    if not members:
        return None
    results = reader.rows("open_interest", members).drop_nulls(["open_interest_usd", "price"])
    if results.is_empty():
        return None
    newest = results.filter(pl.col("event_time") == results["event_time"].max())["series"].to_list()
    present = tuple(series for series in members if series.series in set(newest))
    rows = results.filter(pl.col("series").is_in(newest))
    return Reading(series=present, rows=rows, scope=f"{reader.coin}, {len(present)} venues, one by one")


# -- collateral and funding -------------------------------------------------------------------------------------------


def _with_collateral(base: Section, reader: Reader, interest: Interest) -> Section:
    ratio, rate = _ratio(reader), _rate(reader)
    venues = _venue_funding(reader)
    exchanges, reserve, time = _exchanges(reader, interest)
    tables: list[Table | None] = [
        collateral.table(exchanges, reserve, time, reader.at) if reserve is not None else None,
        funding.table(venues, reader.at),
    ]
    findings = [collateral.finding(ratio, reader.at)] if ratio else []
    findings += [funding.finding(rate, venues, reader.at)] if rate else []
    chart = _percentiles(reader, ratio, rate)
    return msgspec.structs.replace(
        base,
        findings=(*base.findings, *findings),
        tables=(*base.tables, *(table for table in tables if table is not None)),
        charts=(*base.charts, *((chart,) if chart else ())),
    )


def _ratio(reader: Reader) -> Ratio | None:
    """Return the ratio by the provider whose reserves are newest, then by name; None where all are stale."""
    for series in sorted(
        catalogue.reserves(reader.series, reader.coin),
        key=lambda s: (
            -max((v.time for v in reader.latest(s.series, "leverage_ratio.").values()), default=0),
            s.series,
        ),
    ):
        results = reader.latest(series.series, "leverage_ratio.")
        if not fresh(results, "ratio", reader.at, 3 * DAY):
            continue
        time = results["ratio"].time
        values = {name: value.value for name, value in results.items() if value.time == time}
        before = _history(reader, series.series, "leverage_ratio.ratio").filter(pl.col("event_time") == time - 7 * DAY)
        if not before.is_empty():
            values["ratio_change_7d"] = values["ratio"] / float(before["value"][0]) - 1
        return Ratio(reading=_named(series), time=time, values=values)
    return None


def _rate(reader: Reader) -> Rate | None:
    interest = catalogue.all_venue_open_interest(reader.series, reader.coin)
    moved = numbers(reader.latest(interest.series, "divergence.7d.")) if interest else {}
    for item in catalogue.weighted_funding(reader.series, reader.coin):
        results = reader.latest(item.series, "funding.")
        reading = reader.reading(item) if fresh(results, "yearly", reader.at, DAY) else None
        if reading is not None:
            return Rate(reading=reading, values=numbers(results), coin_change_7d=moved.get("coin_change"))
    return None


def funding_percentile(reader: Reader) -> float | None:
    """Return the rank of weighted funding in its past year, where it is known within the day."""
    for item in catalogue.weighted_funding(reader.series, reader.coin):
        results = reader.latest(item.series, "funding.")
        if fresh(results, "yearly_percentile", reader.at, DAY):
            return results["yearly_percentile"].value
    return None


def _venue_funding(reader: Reader) -> list[Reading]:
    members = catalogue.venue_funding(reader.series, reader.coin)
    if not members:
        return []
    rows = reader.rows("funding", members, since=reader.at - DAY).drop_nulls(["rate", "interval_hours"])
    results = [(series, rows.filter(pl.col("series") == series.series)) for series in members]
    return [Reading(series=(item,), rows=own, scope=item.scope()) for item, own in results if not own.is_empty()]


def _exchanges(reader: Reader, interest: Interest) -> tuple[list[Exchange], Reading | None, int]:
    """Return exchanges whose reserves and open interest are both known, at the time of the newest reserves."""
    members = catalogue.venue_reserves(reader.series, reader.coin)
    if interest.venues is None or not members:
        return [], None, 0
    rows = reader.rows("reserves", members).drop_nulls("reserve_base")
    stored = {series.venues[0]: rows.filter(pl.col("series") == series.series) for series in members}
    stood = {
        item.venues[0]: interest.venues.rows.filter(pl.col("series") == item.series) for item in interest.venues.series
    }
    exchanges: list[Exchange] = []
    newest = 0
    for venue in sorted(set(stored) & set(stood)):
        now, before = (_ratio_at(stored[venue], stood[venue], moment) for moment in (reader.at, reader.at - 30 * DAY))
        if now is None or now[2] < reader.at - 3 * DAY or now[1] < 1.0:
            continue
        exchanges.append(
            Exchange(
                venue=venue, interest_base=now[0], reserve_base=now[1],
                ratio_before=before[0] / before[1] if before and before[2] > reader.at - 33 * DAY else None,
            )
        )  # fmt: skip
        newest = max(newest, now[2])
    used = tuple(series for series in members if series.venues[0] in {e.venue for e in exchanges})
    reading = Reading(series=used, rows=rows, scope=f"{reader.coin}, {len(used)} exchanges") if used else None
    return exchanges, reading, newest


def _ratio_at(table: pl.DataFrame, stood: pl.DataFrame, moment: int) -> tuple[float, float, int] | None:
    """Return coins of open interest, coins held and the time of the latter: the last reserves up to a moment."""
    reserves = table.filter(pl.col("event_time") <= moment)
    if reserves.is_empty():
        return None
    time = int(times(reserves)[-1])
    interest = stood.filter(pl.col("event_time") <= time)
    if interest.is_empty() or int(times(interest)[-1]) < time - DAY:
        return None
    last = interest.row(-1, named=True)
    return last["open_interest_usd"] / last["price"], float(reserves["reserve_base"][-1]), time


def _percentiles(reader: Reader, ratio: Ratio | None, rate: Rate | None) -> Chart | None:
    nothing = pl.DataFrame(schema={"event_time": pl.Int64, "value": pl.Float64})
    ratios = _history(reader, ratio.reading.series[0].series, "leverage_ratio.ratio_percentile") if ratio else nothing
    rates = _history(reader, rate.reading.series[0].series, "funding.yearly_percentile") if rate else nothing
    scopes = [f"{name}: {item.reading.scope}" for name, item in (("ratio", ratio), ("funding", rate)) if item]
    return funding.percentile_chart(ratios, rates, caption="; ".join(scopes))


def _history(reader: Reader, scope: str, indicator: str) -> pl.DataFrame:
    own = reader.history(scope, indicator).filter(pl.col("indicator") == indicator)
    return own.select("event_time", "value")


def _named(series: Series) -> Reading:
    return Reading(series=(series,), rows=pl.DataFrame(), scope=series.scope())


def gather_positioning(reader: Reader) -> list[Section]:
    """Return the section on long/short ratios, where there are some."""
    measures = ("global-accounts", "top-accounts", "top-positions")
    results = {m: reader.reading(catalogue.positioning(reader.series, reader.coin, m)) for m in measures}
    present = {
        measure: reading
        for measure, reading in results.items()
        if reading is not None
        and reader.is_current(f"long/short ratios, {reading.scope}", reading.last_time, reading.series[0].step)
    }
    return [positioning.section(present, at=reader.at)] if present else []
