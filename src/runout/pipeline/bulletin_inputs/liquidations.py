"""What the liquidations section is made from."""

import msgspec
import polars as pl

from runout.bulletin.findings import Section
from runout.bulletin.readings import Reading
from runout.bulletin.sections import liquidations
from runout.clock import NANOSECONDS_PER_HOUR
from runout.indicators.liquidations import by_side
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
    finest, widest = _finest(reader, groups, key), catalogue.widest_liquidations(groups, key)
    recent = _totals(reader, finest) if finest else None
    day = _totals(reader, widest, whole_day=True) if widest else None
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
    finest = _finest(reader, groups, ALL_COINS) or _finest(reader, groups, reader.coin)
    totals = _totals(reader, finest) if finest else None
    return totals.get("total_percentile") if totals and totals.time >= reader.at - DAY else None


def _finest(reader: Reader, groups: list[LiquidationGroup], coin: str) -> LiquidationGroup | None:
    """Return the group of a coin with the shortest step among those that go on to now; where none does, of all."""
    own = catalogue.liquidations_by_step(groups, coin)
    current = (group for group in own if _goes_on(reader, group))
    return next(current, own[0] if own else None)


def _goes_on(reader: Reader, group: LiquidationGroup) -> bool:
    rows = reader.rows("liquidations", group.series)
    return not rows.is_empty() and reader.is_recent(int(times(rows).max()), group.step)


def _totals(
    reader: Reader, group: LiquidationGroup, time: int | None = None, *, whole_day: bool = False
) -> liquidations.Totals | None:
    """Return totals of the 24 h to a time, else of the last ones or the last UTC day; None where they are not held."""
    rows = reader.rows("liquidations", group.series)
    if rows.is_empty():
        return None
    derived = reader.history(group.name, "liquidations.")
    derived = derived.filter(derived["coin"] == group.coin)
    if derived.is_empty():
        reader.require_computed(f"liquidations.24h/{group.name}", int(times(rows).max()))
        return None
    step, at = DAY if whole_day else group.step, msgspec.convert(derived["event_time"].max(), int)
    at = (at // DAY * DAY if whole_day else at) if time is None else time
    if time is None and not reader.is_current(f"liquidations, {group.scope()}", at, step):
        return None
    here = derived.filter(derived["event_time"] == at)
    if here.is_empty():
        return None
    values = {name.rsplit(".", 1)[-1]: value for name, value in here.select("indicator", "value").iter_rows()}
    if values.get("total_usd") is None:
        values = _part_held(rows, group, at) if time is None and not whole_day else {}
        if not values:
            return None
    reading = Reading(series=group.series, rows=rows, scope=group.scope())
    return liquidations.Totals(reading=reading, time=at, values=values, coins=group.coins)


def _part_held(rows: pl.DataFrame, group: LiquidationGroup, at: int) -> dict[str, float]:
    """Return sums over the intervals of the 24 h to ``at`` that are held of all series of a group; empty without any.

    What was reported in a part of a day is at most what was in all of it: a lower bound, as a whole day is.
    """
    sides = by_side(rows.filter(pl.col("event_time").is_between(at - DAY, at, closed="right")), len(group.series))
    if sides.is_empty():
        return {}
    longs, shorts = float(sides["long_usd"].sum()), float(sides["short_usd"].sum())
    total, hours = longs + shorts, float(sides["span"].sum()) / NANOSECONDS_PER_HOUR
    share = {"long_share": longs / total} if total > 0.0 else {}
    return {"long_usd": longs, "short_usd": shorts, "total_usd": total, "held_hours": hours, **share}
