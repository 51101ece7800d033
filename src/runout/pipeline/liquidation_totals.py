"""Hourly totals of liquidations from the single events that a venue's feed showed, by side and coin.

Only whole hours count: after the first event of the feed, ended at least a grace before the newest row, and without a
gap. An hour without events in a feed without a gap is a zero. What a capped feed did not show stays unseen: the series
says how its feeds capture.
"""

from collections import defaultdict
from collections.abc import Sequence

import polars as pl

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND
from runout.lake import Lake
from runout.records import KINDS, Series, conform, venue_list
from runout.records.series import Capture

PROVIDER = "runout"
_GRACE = 2 * NANOSECONDS_PER_MINUTE
_GAP_ALLOWED = 30 * NANOSECONDS_PER_SECOND
"""Seconds an hour may lack and still count as whole: a reconnect without an overlapping copy."""
_WORST_FIRST: tuple[Capture, ...] = ("unknown", "capped", "capped-then-complete", "complete", "not-applicable")


def add_liquidation_totals(lake: Lake) -> int:
    """Add hourly totals of each venue and over venues that the lake does not hold yet, and return how many rows.

    Raises
    ------
    LakeError
        If the lake cannot be written.
    """
    feeds: dict[str, dict[str, list[Series]]] = defaultdict(lambda: defaultdict(list))
    for scope in lake.series("liquidations"):
        if not scope.step and scope.venues == (scope.provider,):
            feeds[scope.coin][scope.provider].append(scope)
    added = 0
    for coin, venues in sorted(feeds.items()):
        totals = {name: _venue_hours(lake, parts) for name, parts in sorted(venues.items())}
        stored = [(_scope(coin, (name,), venues[name]), rows) for name, rows in totals.items()]
        if len(totals) > 1:
            parts = [part for name in totals for part in venues[name]]
            stored.append((_scope(coin, tuple(totals), parts), _joint(list(totals.values()))))
        for scope, rows in stored:
            added += _store(lake, scope, rows)
    return added


def _store(lake: Lake, scope: Series, rows: pl.DataFrame) -> int:
    last = lake.scan("liquidations").filter(pl.col("series") == scope.series).select(pl.col("event_time").max())
    newest: int | None = last.collect().item()
    fresh = rows if newest is None else rows.filter(pl.col("event_time") > newest)
    if fresh.is_empty():
        return 0
    lake.register([scope])
    table = fresh.with_columns(
        series=pl.lit(scope.series), coin=pl.lit(scope.coin), span=pl.lit(NANOSECONDS_PER_HOUR), sequence=pl.lit(0),
        price=pl.lit(None, pl.Float64), vintage=pl.lit(None, pl.String),
    )  # fmt: skip
    return lake.append("liquidations", conform(table, KINDS["liquidations"])).added.height


def _venue_hours(lake: Lake, parts: Sequence[Series]) -> pl.DataFrame:
    """Return the whole hours of a venue: end of the hour, side, sums over its contracts."""
    names = [part.series for part in parts]
    events = lake.as_of("liquidations", series=names).select(
        "event_time", "known_time", "liquidated_side", "value_usd", "quantity_base"
    )
    if events.is_empty():
        return events.with_columns(pl.lit(None, pl.Int64).alias("hour")).clear()
    hour = (pl.col("event_time") // NANOSECONDS_PER_HOUR + 1) * NANOSECONDS_PER_HOUR
    newest = int(events["known_time"].max())  # type: ignore[arg-type] - an integer column that is not empty
    first = int(events["event_time"].min()) // NANOSECONDS_PER_HOUR + 2  # type: ignore[arg-type]
    last = (newest - _GRACE) // NANOSECONDS_PER_HOUR
    ends = pl.DataFrame({"event_time": [end * NANOSECONDS_PER_HOUR for end in range(first, last + 1)]}).cast(pl.Int64)
    grid = ends.join(pl.DataFrame({"liquidated_side": ["long", "short"]}), how="cross")
    sums = events.group_by(hour.alias("event_time"), "liquidated_side").agg(
        pl.col("value_usd", "quantity_base").sum(), pl.col("known_time").max()
    )
    whole = grid.join(_broken_hours(lake, names), on="event_time", how="anti")
    return whole.join(sums, on=["event_time", "liquidated_side"], how="left").with_columns(
        pl.col("value_usd", "quantity_base").fill_null(0.0),
        known_time=pl.max_horizontal(pl.col("known_time"), pl.col("event_time") + _GRACE),
    )


def _broken_hours(lake: Lake, names: Sequence[str]) -> pl.DataFrame:
    """Return the ends of hours in which a feed of ``names`` lacks more than is allowed."""
    gaps = lake.scan("gaps").filter(pl.col("series").is_in(list(names))).select("event_time", "span").collect()
    pieces: dict[int, int] = defaultdict(int)
    for end, span in gaps.iter_rows():
        begin = end - span
        while begin < end:
            close = min((begin // NANOSECONDS_PER_HOUR + 1) * NANOSECONDS_PER_HOUR, end)
            pieces[(begin // NANOSECONDS_PER_HOUR + 1) * NANOSECONDS_PER_HOUR] += close - begin
            begin = close
    broken = sorted(end for end, lacking in pieces.items() if lacking > _GAP_ALLOWED)
    return pl.DataFrame({"event_time": broken}, schema={"event_time": pl.Int64})


def _joint(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the sums of the hours that all venues have."""
    table = pl.concat(parts)
    return (
        table.group_by("event_time", "liquidated_side")
        .agg(pl.col("value_usd", "quantity_base").sum(), pl.col("known_time").max(), venues=pl.len())
        .filter(pl.col("venues") == len(parts))
        .sort("event_time", "liquidated_side")
        .drop("venues")
    )


def _scope(coin: str, venues: tuple[str, ...], parts: Sequence[Series]) -> Series:
    captures = {part.capture for part in parts}
    capture: Capture = next(worst for worst in _WORST_FIRST if worst in captures)
    return Series(
        series=f"{PROVIDER}/liquidations/{coin}/{'+'.join(venues)}/1h",
        kind="liquidations",
        provider=PROVIDER,
        coin=coin,
        venues=venues,
        instruments="all contracts collected",
        market="all-derivatives",
        feed="sum of events",
        capture=capture,
        step=NANOSECONDS_PER_HOUR,
        publication_lag=_GRACE,
        note=f"Summed here from the events of {venue_list(venues)}: hours without a gap only.",
        synthetic=any(part.synthetic for part in parts),
    )
