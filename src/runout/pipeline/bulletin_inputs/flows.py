"""What the sections on flows and on rotation are made from."""

from collections.abc import Mapping

import polars as pl

from runout.bulletin.findings import Section
from runout.bulletin.readings import Reading
from runout.bulletin.sections import flows, rotation, track_record
from runout.bulletin.sections.flows import Flow, Level
from runout.indicators.flows import divergence
from runout.indicators.track_record import slug
from runout.lake import catalogue
from runout.lake.catalogue import FlowPair
from runout.pipeline.bulletin_inputs.reader import DAY, Reader, Value, fresh, numbers
from runout.records import Series

_CHART_COLUMNS = ("spot_net_usd", "perpetual_net_usd")


def gather(reader: Reader) -> list[Section]:
    """Return the section on flows, where there are some."""
    pairs = [(pair, reader.latest(pair.name, "flows.")) for pair in catalogue.flow_pairs(reader.series, reader.coin)]
    known = [(pair, values) for pair, values in pairs if fresh(values, "24h.leverage_share", reader.at, DAY)]
    flow = _flow(reader, *known[0], charted=True) if known else None
    wider = _flow(reader, *known[1], charted=False) if len(known) > 1 else None
    depths = {
        market: item
        for market in ("perpetual", "spot")
        if (item := _level(reader, catalogue.depth(reader.series, reader.coin, market), "depth.", "depth_usd"))
        is not None
    }
    both = catalogue.bar_pair(reader.series, reader.coin)
    section = flows.section(
        flow,
        wider,
        depths,
        basis=_level(reader, both[0] if both else None, "basis.", "rate", also=both[1:] if both else ()),
        premium=_level(reader, catalogue.premium(reader.series, reader.coin, "coinbase-premium"), "premium.", "rate"),
        at=reader.at,
    )
    return [section] if section else []


def _flow(reader: Reader, pair: FlowPair, latest: Mapping[str, Value], *, charted: bool) -> Flow:
    time = latest["24h.leverage_share"].time
    values = {n.removeprefix("24h."): v.value for n, v in latest.items() if n.startswith("24h.") and v.time == time}
    word = slug(divergence(values.get("spot_score"), values.get("perpetual_score")))
    records = {label: track_record.record(numbers(latest), f"record.{label}.{word}.") for label in ("24h", "7d")}
    history = _history(reader, pair) if charted else pl.DataFrame()
    reading = Reading(series=(pair.spot, pair.leveraged), rows=pl.DataFrame(), scope=pair.scope())
    return Flow(reading=reading, time=time, values=values, records=records, history=history)


def _history(reader: Reader, pair: FlowPair) -> pl.DataFrame:
    names = [f"flows.24h.{column}" for column in _CHART_COLUMNS]
    rows = reader.history(pair.name, "flows.24h.")
    own = rows.filter(pl.col("indicator").is_in(names))
    if own.is_empty():
        return own
    wide = own.pivot("indicator", index="event_time", values="value").rename(
        dict(zip(names, _CHART_COLUMNS, strict=True))
    )
    return wide.sort("event_time")


def _level(
    reader: Reader, series: Series | None, family: str, main: str, *, also: tuple[Series, ...] = ()
) -> Level | None:
    latest = reader.latest(series.series, family) if series else {}
    if series is None or not fresh(latest, main, reader.at, DAY):
        return None
    time = latest[main].time
    values = {name: value.value for name, value in latest.items() if value.time == time}
    scope = series.scope() if not also else f"{series.scope()}, against {also[0].scope()}"
    return Level(reading=Reading(series=(series, *also), rows=pl.DataFrame(), scope=scope), time=time, values=values)


def gather_rotation(reader: Reader, worst_day: int | None) -> list[Section]:
    """Return the section on rotation, where dominance and the price of the same days are known."""
    price = reader.reading(catalogue.bars(reader.series, reader.coin, step=DAY))
    readings = [reader.reading(series) for series in catalogue.dominance(reader.series, reader.coin)]
    current = [
        item
        for item in readings
        if item is not None and item.last_time >= reader.at - 3 * DAY and item.rows["dominance"].null_count() == 0
    ]
    if price is None or not current:
        return []
    newest = max(current, key=lambda reading: (reading.last_time, reading.series[0].series))
    members = tuple(catalogue.daily_bars(reader.series))
    rows = reader.rows("bars", members)
    closes = Reading(series=members, rows=rows, scope=f"{len(members)} coins") if len(members) > 1 else None
    section = rotation.section(newest, price, closes, worst_day=worst_day, at=reader.at)
    return [section] if section else []
