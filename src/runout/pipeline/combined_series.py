"""Series put together from what venues publish contract by contract: open interest of venues, and bars by hour and day.

A total names exactly the venues inside it. It has a row only at moments at which every part has one: a part that is
missing is a gap, never a fall. A contract that is listed later joins where it begins, unless it is large then: a large
part that begins is history that could not be had, and the total begins with it.
"""

from collections import defaultdict
from collections.abc import Sequence

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_duration
from runout.lake import Lake
from runout.records import KINDS, Series, venue_list

_PROVIDER = "runout"
# A contract that begins with less than this share of the total is a new one, not a long-known one seen late.
_SMALL_SHARE = 0.02
_COLUMNS = ("event_time", "known_time", "open_interest_base", "open_interest_usd")
_STEPS = (NANOSECONDS_PER_HOUR, NANOSECONDS_PER_DAY)


def add_combined(lake: Lake) -> int:
    """Bring the combined series of a lake up to date; return the rows added.

    Only series whose provider is their venue are combined: figures of other providers are sums already.
    """
    return _add_totals(lake) + _add_longer_bars(lake)


def _add_longer_bars(lake: Lake) -> int:
    """Add bars by the hour and day of each coin's first venue, where it has them by minutes only."""
    own = [s for s in lake.series("bars") if (s.provider,) == s.venues and 0 < s.step < _STEPS[0]]
    chosen: dict[tuple[str, str], Series] = {}
    for scope in sorted(own, key=lambda s: (s.venues != ("binance",), s.margin == "coin", s.series)):
        chosen.setdefault((scope.coin, scope.market), scope)
    added = 0
    for scope in chosen.values():
        rows = lake.as_of("bars", series=[scope.series])
        for step in _STEPS:
            longer = msgspec.structs.replace(
                scope,
                series=f"{_PROVIDER}/bars/{scope.coin}/{scope.venues[0]}-{scope.market}/{format_duration(step)}",
                provider=_PROVIDER,
                step=step,
                feed="bars put together",
            )
            lake.register([longer])
            added += lake.append("bars", _longer(rows, longer, scope.step)).added.height
    return added


def _longer(rows: pl.DataFrame, series: Series, step: int) -> pl.DataFrame:
    """Return bars of the step of ``series``, of those stretches of which every short bar is there."""
    opened = (pl.col("event_time") - step) // series.step * series.step
    sums = ("volume_base", "volume_usd", "taker_buy_base", "taker_buy_usd", "trades")
    whole = series.step // step
    return (
        rows.sort("event_time")
        .group_by(opened.alias("opened"), maintain_order=True)
        .agg(
            pl.col("coin", "open").first(),
            pl.col("known_time", "high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            # A sum in the order of rows: the same bits from run to run; null where a part is null.
            *(pl.when(pl.col(n).null_count() == 0).then(pl.col(n).cum_sum().last()).alias(n) for n in sums),
            parts=pl.len(),
        )
        .filter(pl.col("parts") == whole)
        .with_columns(
            series=pl.lit(series.series), event_time=pl.col("opened") + series.step, span=pl.lit(series.step),
            vintage=pl.lit(None, pl.String),
        )
        .select(KINDS["bars"].names)
    )  # fmt: skip


def _add_totals(lake: Lake) -> int:
    known = lake.series("open_interest")
    by_coin: dict[str, dict[str, list[Series]]] = defaultdict(lambda: defaultdict(list))
    for scope in known:
        if scope.step and (scope.provider,) == scope.venues and scope.margin != "all":
            by_coin[scope.coin][scope.provider].append(scope)
    added = 0
    for coin, venues in sorted(by_coin.items()):
        rows = {name: _venue_rows(lake, parts) for name, parts in sorted(venues.items())}
        totals = [_venue_total(coin, name, venues[name], rows[name]) for name in rows]
        if len(rows) > 1:
            totals += [_joint_total(coin, list(rows), rows, step) for step in _STEPS]
        made_up = any(part.synthetic for parts in venues.values() for part in parts)
        added += _store(lake, [(msgspec.structs.replace(total, synthetic=made_up), sums) for total, sums in totals])
    return added


def _store(lake: Lake, totals: Sequence[tuple[Series, pl.DataFrame]]) -> int:
    filled = [(series, rows) for series, rows in totals if rows.height]
    if not filled:
        return 0
    names = KINDS["open_interest"].names
    lake.register(series for series, _ in filled)
    table = pl.concat(
        [
            rows.with_columns(
                series=pl.lit(series.series), coin=pl.lit(series.coin), span=pl.lit(0, pl.Int64),
                high_usd=pl.lit(None, pl.Float64), low_usd=pl.lit(None, pl.Float64),
                price=pl.col("open_interest_usd") / pl.col("open_interest_base"),
                vintage=pl.lit(None, pl.String),
            ).select(names)
            for series, rows in filled
        ]
    )  # fmt: skip
    return lake.append("open_interest", table).added.height


def _venue_total(coin: str, venue: str, parts: Sequence[Series], rows: pl.DataFrame) -> tuple[Series, pl.DataFrame]:
    step = max(part.step for part in parts)
    return _series(coin, (venue,), step, [part.instruments for part in parts]), rows


def _joint_total(
    coin: str, venues: Sequence[str], rows: dict[str, pl.DataFrame], step: int
) -> tuple[Series, pl.DataFrame]:
    whole = [table.filter(pl.col("event_time") % step == 0) for table in rows.values()]
    return _series(coin, tuple(venues), step, []), _sum(whole, len(whole))


def _series(coin: str, venues: tuple[str, ...], step: int, contracts: Sequence[str]) -> Series:
    text = format_duration(step)
    return Series(
        series=f"{_PROVIDER}/open_interest/{coin}/{'+'.join(venues)}/{text}",
        kind="open_interest",
        provider=_PROVIDER,
        coin=coin,
        venues=venues,
        instruments=" + ".join(contracts) if contracts else "perpetual",
        market="all-derivatives",
        margin="all",
        feed="sum of contracts",
        step=step,
        stamp="instant",
        note=f"Summed here from each perpetual contract of {venue_list(venues)}; dated futures are not in.",
    )


def _venue_rows(lake: Lake, parts: Sequence[Series]) -> pl.DataFrame:
    """Return the sum over a venue's contracts at every moment that all of them have; coins and dollars."""
    step = max(part.step for part in parts)
    tables = [_valued(lake, part).filter(pl.col("event_time") % step == 0) for part in parts]
    tables = [table for table in tables if table.height]
    if not tables:
        return _sum([], 0)
    begin = _beginning(tables)
    return _sum([table.filter(pl.col("event_time") >= begin) for table in tables], None)


def _valued(lake: Lake, part: Series) -> pl.DataFrame:
    """Return a contract's rows; coins or dollars that are not published follow from the close of its own bars."""
    rows = lake.as_of("open_interest", series=[part.series]).select(_COLUMNS)
    coins, dollars = pl.col("open_interest_base"), pl.col("open_interest_usd")
    if not rows.select((coins.is_null() | dollars.is_null()).any()).item():
        return rows
    bars = [
        s.series
        for s in lake.series("bars", part.coin)
        if (s.provider, s.instruments, s.market) == (part.provider, part.instruments, part.market)
    ]
    closes = lake.as_of("bars", series=bars).select("event_time", "close").unique("event_time", keep="first")
    return (
        rows.join(closes, on="event_time", how="left", maintain_order="left")
        .with_columns(
            open_interest_base=pl.coalesce(coins, dollars / pl.col("close")),
            open_interest_usd=pl.coalesce(dollars, coins * pl.col("close")),
        )
        .drop("close")
        .drop_nulls()
    )


def _beginning(tables: Sequence[pl.DataFrame]) -> int:
    """Return when the total begins: with the last of its parts that were not small when they began."""
    firsts = sorted(((int(t["event_time"].min()), t) for t in tables), key=lambda pair: pair[0])  # pyright: ignore[reportArgumentType]
    begin = firsts[0][0]
    for first, table in firsts[1:]:
        there = sum(_at(other, first) for other in tables)
        if _at(table, first) >= _SMALL_SHARE * there:
            begin = first
    return begin


def _at(table: pl.DataFrame, moment: int) -> float:
    return float(table.filter(pl.col("event_time") == moment)["open_interest_base"].sum())


def _sum(tables: Sequence[pl.DataFrame], parts: int | None) -> pl.DataFrame:
    """Return the sums at moments that all parts have: ``parts`` of them, or those that have begun and not ended."""
    if not tables:
        return KINDS["open_interest"].empty().select(_COLUMNS)
    # Summed part by part in their order: sums of a group come in any order, and change in their last bits.
    moments = pl.concat([t.select("event_time") for t in tables]).unique().sort("event_time")
    total = moments.with_columns(
        known_time=pl.lit(0, pl.Int64), open_interest_base=pl.lit(0.0), open_interest_usd=pl.lit(0.0),
        present=pl.lit(0), due=pl.lit(0),
    )  # fmt: skip
    for table in tables:
        first, last = table["event_time"].min(), table["event_time"].max()
        total = total.join(table, on="event_time", how="left", suffix="_part", maintain_order="left").select(
            "event_time",
            known_time=pl.max_horizontal("known_time", "known_time_part"),
            open_interest_base=pl.col("open_interest_base") + pl.col("open_interest_base_part").fill_null(0.0),
            open_interest_usd=pl.col("open_interest_usd") + pl.col("open_interest_usd_part").fill_null(0.0),
            present=pl.col("present") + pl.col("known_time_part").is_not_null().cast(pl.Int32),
            due=pl.col("due") + pl.col("event_time").is_between(first, last).cast(pl.Int32),
        )
    due = pl.col("due") if parts is None else pl.lit(parts)
    return total.filter(pl.col("present") == due).drop("present", "due")
