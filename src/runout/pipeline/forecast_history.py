"""What a lake knew of windows of 24 h up to a moment: totals that serve, prices and open interest beside them.

Finer rows are summed to windows that end at the origin; complete windows only. Days before the serving totals begin are
taken from other totals of the lake, times the ratio of both where they overlap; prices and open interest that begin
late are continued backwards by others of the same coin in the same way.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_HOUR, format_date, start_of_day
from runout.errors import NotEnoughDataError
from runout.forecast.history import History, history_from
from runout.indicators.liquidations import by_side, daily_totals
from runout.indicators.sums import longer_bars, ordered_sum, window_of
from runout.lake import Lake
from runout.lake.catalogue import LiquidationGroup, newest_of
from runout.pipeline import forecast_scope as scope
from runout.pipeline.forecast_scope import DAY, LEAST_OVERLAP, MOST_STALE_DAYS, Spans
from runout.quality.usable import usable
from runout.records import KINDS, Series, combine, fingerprint

MARKET_KINDS: Final = ("bars", "open_interest", "funding", "positioning")
OVERLAP_DAYS: Final = 180
"""Latest days from which the ratio of two series is taken."""
_HOURS = 8.0
_LATE = 6 * NANOSECONDS_PER_HOUR
"""How long before the end of a window its last instant may lie."""
_LEAST_BARS = 0.9
_FIGURES = {
    "open_interest": ("open_interest_usd",),
    "bars": ("open", "high", "low", "close", "volume_usd"),
    "funding": ("funding_rate",),
    "positioning": ("long_short_ratio",),
}
_EMPTY = pl.DataFrame()
_NO_TOTALS = pl.DataFrame(
    schema={"coin": pl.String, "day": pl.Int64, "known_time": pl.Int64, "long_usd": pl.Float64, "short_usd": pl.Float64}
)


class Past(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a lake knew at a moment.

    Parameters
    ----------
    history
        Windows of 24 h; the last one ends at the origin or, where the lake lags, whole days before it.
    origin
        UTC ns.
    group
        Series that the totals are of; None where no totals serve and prices stand alone.
    series
        Series with a step of a day or less known then, of the kinds that a forecast reads.
    read
        Rows read, by record kind and the first of their series.
    totals_through
        End of the last window that has a total, UTC ns; None without any.
    notes
        What a reader must know of the scope: what ended, and what was joined to what by which ratio.
    """

    history: History
    origin: int
    group: LiquidationGroup | None
    series: tuple[Series, ...]
    read: dict[tuple[str, str], pl.DataFrame]
    totals_through: int | None
    notes: tuple[str, ...] = ()

    @property
    def lead(self) -> int:
        """Days from the last window to the 24 h that begin at the origin: 1 where nothing lags."""
        return (self.origin - int(self.history.day[-1])) // DAY

    def fingerprint(self) -> str:
        """Return one fingerprint of all rows read."""
        return combine({f"{kind} {name}": fingerprint(rows, KINDS[kind]) for (kind, name), rows in self.read.items()})


def read_past(
    lake: Lake,
    at: int,
    *,
    origin: int | None = None,
    coins: Sequence[str] | None = None,
    kinds: Sequence[str] = MARKET_KINDS,
    group: LiquidationGroup | None = None,
) -> Past:
    """Return the windows known at ``at``.

    Parameters
    ----------
    lake
        The lake.
    at
        UTC ns; rows known later do not exist.
    origin
        Where the last window ends, UTC ns; None: the start of the UTC day that holds ``at``.
    coins
        Coins to sum over; None: those of the totals that serve.
    kinds
        What to read beside the totals.
    group
        The totals; None: those that serve.

    Raises
    ------
    NotEnoughDataError
        If neither totals nor prices serve.
    """
    origin = start_of_day(at) if origin is None else origin
    known, spans = scope.known_at(lake, at)
    families = scope.families_at(known, spans, origin % DAY)
    group = group or scope.serving(families, spans, origin, coins)
    requested = group.coins if group is not None else scope.priced_coins(known, spans, origin)
    reader = _Reader(lake, at, origin)
    windows, notes = _liquidations(reader, group, families, spans)
    chains = {kind: scope.market_series(kind, known, spans, requested, origin=origin, group=group) for kind in kinds}
    for kind in kinds:
        parts = reader.market(kind, chains[kind]).values()
        windows |= {kind: pl.concat(parts)} if parts else {}
    ends = [
        int(windows[kind]["day"].to_numpy().max()) + DAY
        for kind in ("liquidations", "bars")
        if windows.get(kind, _EMPTY).height
    ]
    if max(ends, default=0) <= origin - MOST_STALE_DAYS * DAY:
        newest = newest_of(lake, lake.series("bars")) or newest_of(lake, lake.series("liquidations"))
        raise NotEnoughDataError(scope.refusal(families, spans, origin, lake.root), newest=newest)
    history = history_from(windows, requested)
    weighed = [bool(np.isfinite(column).any()) for column in history.open_interest_usd.T]
    of_interest = chains.get("open_interest", {})
    interest = [of_interest[coin][0] for coin, has in zip(requested, weighed, strict=True) if has]
    history = msgspec.structs.replace(
        history, scope=scope.name_of(group, interest), expected_level=scope.level_of(group, interest)
    )
    observed = np.flatnonzero(np.isfinite(history.total_usd))
    return Past(
        history=history, origin=origin, group=group, series=known, read=reader.read,
        totals_through=int(history.day[observed[-1]]) + DAY if observed.size else None,
        notes=(*notes, *scope.said_of(families, group, spans, origin)),
    )  # fmt: skip


def latest_origin(lake: Lake, at: int) -> int | None:
    """Return the latest moment at or before ``at`` from which the next 24 h can be forecast; None where only days can.

    The end of the last interval known of the widest fresh totals finer than days; where there are no totals at all, of
    the prices.
    """
    known, spans = scope.known_at(lake, at)
    ends: list[tuple[float, int]] = []
    for step in sorted({item.step for item in known if item.kind == "liquidations" and 0 < item.step < DAY}):
        families = [
            liquidation_group
            for liquidation_group in scope.families_at(known, spans, step)
            if liquidation_group.step == step
        ]
        group = scope.serving(families, spans, at)
        if group is not None and (last := scope.end_of(group, spans)) > at - DAY:
            ends.append((scope.width_of(group), min(last, at) // step * step))
    if ends or any(item.kind == "liquidations" and item.series in spans for item in known):
        return max(ends)[1] if ends else (at if at % DAY == 0 else None)
    prices = [
        item for item in known if item.kind == "bars" and item.series in spans and spans[item.series].last > at - DAY
    ]
    return max((min(spans[price.series].last, at) // price.step * price.step for price in prices), default=None)


class _Reader:
    """Reads rows as windows of 24 h that end at the origin, and keeps them."""

    def __init__(self, lake: Lake, at: int, origin: int) -> None:
        self._lake, self._at, self._origin = lake, at, origin
        self.read: dict[tuple[str, str], pl.DataFrame] = {}

    def rows(self, kind: str, series: Sequence[Series]) -> pl.DataFrame:
        """Return what was known of series, up to the origin."""
        rows = self._lake.as_of(kind, at=self._at, series=[item.series for item in series])
        self.read[kind, series[0].series] = rows
        return usable(kind, rows.filter(pl.col("event_time") <= self._origin))

    def window(self, moment: pl.Expr) -> pl.Expr:
        """Return the start of the window that holds the instant before ``moment``."""
        return window_of(moment, DAY, self._origin % DAY)

    def totals(self, group: LiquidationGroup) -> pl.DataFrame:
        """Return dollars by coin, window and side: only windows in which every interval of a coin has a row."""
        rows = daily_totals(self.rows("liquidations", group.series), group.step, phase=self._origin % DAY)
        coins = [member.coin for member in group.series]
        tables = [
            _sides(rows, [member for member in group.series if member.coin == coin], coin)
            for coin in sorted(set(coins))
        ]
        return pl.concat(tables)

    def market(self, kind: str, chains: dict[str, list[Series]]) -> dict[str, pl.DataFrame]:
        """Return figures of each coin by window: of the first series of its chain, before it begins of later ones."""
        series = [item for chain in chains.values() for item in chain]
        rows = dict(self.rows(kind, series).partition_by("series", as_dict=True)) if series else {}
        results: dict[str, pl.DataFrame] = {}
        for coin, chain in chains.items():
            tables = [self._windows(kind, rows[(item.series,)], item) for item in chain if (item.series,) in rows]
            for table in tables:
                results[coin] = _spliced(kind, results[coin], table) if coin in results else table
        return results

    def _windows(self, kind: str, rows: pl.DataFrame, series: Series) -> pl.DataFrame:
        # An interval belongs to the window it lies in. An instant belongs to the one at whose end it was known: one
        # stamped 00:00 and published a day later is not yet known at that 00:00.
        moment = pl.when(pl.col("span") > 0).then(pl.col("event_time"))
        moment = moment.otherwise(pl.col("event_time") + series.publication_lag)
        rows = rows.sort("event_time").with_columns(moment=moment).with_columns(day=self.window(pl.col("moment")))
        if kind == "bars":
            bars = longer_bars(rows, DAY, series.step, phase=self._origin % DAY, least=_LEAST_BARS)
            return bars.select("coin", pl.col("opened").alias("day"), "known_time", *_FIGURES["bars"])
        rate = pl.col("rate") * _HOURS / pl.col("interval_hours") if kind == "funding" else pl.lit(None)
        figures = rows.with_columns(funding_rate=rate).filter(pl.col("moment") > pl.col("day") + DAY - _LATE)
        return figures.group_by("coin", "day", maintain_order=True).agg(
            pl.col("known_time").max(), *(pl.col(name).last() for name in _FIGURES[kind])
        )


def _sides(rows: pl.DataFrame, series: Sequence[Series], coin: str) -> pl.DataFrame:
    sides = by_side(rows.filter(pl.col("series").is_in([item.series for item in series])), len(series))
    start = (pl.col("event_time") - pl.col("span")).alias("day")
    return sides.select(pl.lit(coin).alias("coin"), start, "known_time", "long_usd", "short_usd")


def _spliced(kind: str, table: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    missing = earlier.join(table, on=["coin", "day"], how="anti")
    if kind == "open_interest":
        # Another scope of open interest: its level is another, its changes are the market's.
        both = table.join(earlier, on=["coin", "day"], suffix="_earlier").sort("day").tail(OVERLAP_DAYS)
        ratio = (both["open_interest_usd"] / both["open_interest_usd_earlier"]).median() if both.height else None
        if both.height < LEAST_OVERLAP or not isinstance(ratio, float):
            return table
        missing = missing.with_columns(pl.col("open_interest_usd") * ratio)
    return pl.concat([table, missing.select(table.columns)])


# -- totals -----------------------------------------------------------------------------------------------------------


def _liquidations(
    reader: _Reader, group: LiquidationGroup | None, families: Sequence[LiquidationGroup], spans: Spans
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    if group is None:
        return {"liquidations": _NO_TOTALS}, []
    table, notes = reader.totals(group), list[str]()
    earlier = scope.longer(families, group, spans)
    if earlier is not None and table.height:
        joined, note = _joined(table, reader.totals(earlier), group, earlier)
        table, notes = pl.concat([table, joined]), [note] if note else []
    return {"liquidations": table}, notes


def _joined(
    table: pl.DataFrame, earlier: pl.DataFrame, group: LiquidationGroup, source: LiquidationGroup
) -> tuple[pl.DataFrame, str]:
    """Return windows before ``table`` begins: sums of other totals over their ratio, split as coins are split since.

    A ratio and its spread are of the latest windows that both have; none is taken from fewer than two weeks of them.
    """
    own, other = (_sums(part, len(subject.coins)) for part, subject in ((table, group), (earlier, source)))
    both = own.join(other, on="day", suffix="_other").sort("day").tail(OVERLAP_DAYS)
    if both.height < LEAST_OVERLAP:
        return _NO_TOTALS, ""
    log_ratio = np.log((both["total_usd"] / both["total_usd_other"]).to_numpy())
    ratio, spread = float(np.median(log_ratio)), float(np.std(log_ratio))
    begins = int(own["day"].to_numpy().min())
    before = other.filter(pl.col("day") < begins)
    both_sides = table.sort("coin", "day").with_columns(usd=pl.col("long_usd") + pl.col("short_usd"))
    dollars = both_sides.group_by("coin", maintain_order=True).agg(ordered_sum("usd"))
    parts = [
        before.select(
            pl.lit(coin).alias("coin"), "day", "known_time",
            *(pl.col(side) * (np.exp(ratio) * usd / dollars["usd"].sum()) for side in ("long_usd", "short_usd")),
        )
        for coin, usd in dollars.iter_rows()
    ]  # fmt: skip
    low, high = np.exp(-ratio - 1.645 * spread), np.exp(-ratio + 1.645 * spread)
    note = (
        f"Days before {format_date(begins)} are {source.scope()}, divided by {np.exp(-ratio):.2f} (90% of days "
        f"{low:.2f} to {high:.2f}), the ratio of {both.height} later days."
    )
    return pl.concat(parts), note


def _sums(table: pl.DataFrame, coins: int) -> pl.DataFrame:
    """Return dollars of all coins by window, of those windows that every coin has."""
    sums = (
        table.sort("day", "coin")
        .group_by("day", maintain_order=True)
        .agg(pl.len().alias("coins"), pl.col("known_time").max(), ordered_sum("long_usd"), ordered_sum("short_usd"))
    )
    total = sums.with_columns(total_usd=pl.col("long_usd") + pl.col("short_usd"))
    return total.filter(pl.col("coins") == coins, pl.col("total_usd") > 0.0)
