"""What the liquidations section is made from."""

import msgspec

from runout.bulletin.findings import Section
from runout.bulletin.readings import Reading
from runout.bulletin.sections import liquidations
from runout.indicators.windows import times
from runout.lake import catalogue
from runout.lake.catalogue import ALL_COINS, LiquidationGroup
from runout.pipeline.bulletin_inputs.reader import DAY, Reader


def gather(reader: Reader, worst_day: int | None) -> list[Section]:
    """Return the section, where there are liquidations.

    Parameters
    ----------
    reader
        The lake as of the moment.
    worst_day
        UTC ns of 00:00 of the week's worst day; None where there was none.
    """
    groups = catalogue.liquidation_groups(reader.series)
    coin_or_all = [g for g in groups if g.coin == ALL_COINS] or [g for g in groups if g.coin == reader.coin]
    if not coin_or_all:
        return []
    key = coin_or_all[0].coin
    finest, widest = catalogue.finest_liquidations(groups, key), catalogue.widest_liquidations(groups, key)
    recent = _totals(reader, finest) if finest else None
    day = _totals(reader, widest) if widest else None
    on_worst = _totals(reader, widest, time=worst_day + DAY) if widest and worst_day is not None else None
    if on_worst and day and on_worst.time == day.time:
        on_worst = None
    same_scope = [
        g for g in groups if finest and g.coin != ALL_COINS and (g.venues, g.step) == (finest.venues, finest.step)
    ]
    by_coin = {g.coin: totals for g in same_scope if (totals := _totals(reader, g)) is not None}
    scopes = [g.name for g in groups if g.coin == ALL_COINS]
    flushes = reader.derived("flushes", "series", scopes, since=reader.at - 400 * DAY)
    latest = flushes.sort("event_time").unique(["series", "direction", "start_time"], keep="last", maintain_order=True)
    bars = reader.reading(catalogue.bars(reader.series, reader.coin, step=finest.step)) if finest else None
    if recent is None and day is None:
        return []
    return [
        liquidations.section(
            recent=recent, widest=day, day=on_worst, by_coin=by_coin, flushes=latest, bars=bars, at=reader.at
        )
    ]


def trailing_percentile(reader: Reader) -> float | None:
    """Return the rank of the trailing 24 h in the finest scope, where it is known within the day."""
    groups = catalogue.liquidation_groups(reader.series)
    finest = catalogue.finest_liquidations(groups, ALL_COINS) or catalogue.finest_liquidations(groups, reader.coin)
    totals = _totals(reader, finest) if finest else None
    return totals.get("total_percentile") if totals and totals.time >= reader.at - DAY else None


def _totals(reader: Reader, group: LiquidationGroup, time: int | None = None) -> liquidations.Totals | None:
    rows = reader.rows("liquidations", group.series)
    if rows.is_empty():
        return None
    derived = reader.history(group.name, "liquidations.")
    derived = derived.filter(derived["coin"] == group.coin)
    if derived.is_empty():
        reader.require_computed(f"liquidations.24h/{group.name}", int(times(rows).max()))
        return None
    at = msgspec.convert(derived["event_time"].max(), int) if time is None else time
    if time is None and not reader.is_current(f"liquidations, {group.scope()}", at, group.step):
        return None
    here = derived.filter(derived["event_time"] == at)
    if here.is_empty():
        return None
    values = {name.rsplit(".", 1)[-1]: value for name, value in here.select("indicator", "value").iter_rows()}
    reading = Reading(series=group.series, rows=rows, scope=group.scope())
    return liquidations.Totals(reading=reading, time=at, values=values, coins=group.coins)
