"""What a liquidation map of a coin on a venue is built from, as it was known at a moment.

Bars give the levels; bars coarser than the finest carry the map through the time before the finest begin. Open interest
only scales them to dollars: the last report before each bucket. Liquidations say what crossed dollars were worth.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.bulletin.liquidation_map import Sources
from runout.clock import NANOSECONDS_PER_DAY, format_time
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.lake.catalogue import known_period, newest_of
from runout.liquidation_map import BUCKET, Irregular
from runout.liquidation_map.dollars import SIDES
from runout.quality.prints import FAR_FACTOR, OHLC, factors, far_prints, without_far_prints
from runout.records import Series, venue_list
from runout.scores.arrays import FloatArray, IntArray

_FRESH: Final = NANOSECONDS_PER_DAY
COLUMNS: Final = ("event_time", "known_time", "span", *OHLC, "volume_base")


class Market(msgspec.Struct, frozen=True, eq=False):
    """Open interest and liquidations of a market, and where its bars are.

    Parameters
    ----------
    sources
        Series.
    interest_time, interest_base
        Reports of open interest, UTC ns and coins; empty: one coin a side stands for it.
    reported
        ``event_time, long, short``: dollars by bucket; None without.
    earliest
        Open of the first bar, UTC ns.
    """

    sources: Sources
    interest_time: IntArray
    interest_base: FloatArray
    reported: pl.DataFrame | None
    earliest: int

    @property
    def scaled(self) -> bool:
        """Whether open interest is known."""
        return bool(len(self.interest_time))

    def interest(self, time: IntArray) -> FloatArray:
        """Return coins that each side held by the last report of the day before each time; NaN without one."""
        if not self.scaled:
            return np.ones(len(time))
        row = np.searchsorted(self.interest_time, time, side="right") - 1
        age = time - self.interest_time[np.maximum(row, 0)]
        step = self.sources.interest.step if self.sources.interest else 0
        return np.where((row >= 0) & (age <= _FRESH + step), self.interest_base[np.maximum(row, 0)], np.nan)


def bar_series(known: Iterable[Series], venue: str) -> list[Series]:
    """Return the intraday perpetual bars of a venue, finest first."""
    return sorted(
        (
            series for series in known
            if series.kind == "bars" and series.market == "perpetual" and series.venues == (venue,)
            and 0 < series.step < NANOSECONDS_PER_DAY
        ),
        key=lambda series: (series.step, series.series),
    )  # fmt: skip


def joined_bars(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return rows of bars, the finest series first, each coarser one only before those before it begin."""
    kept: list[pl.DataFrame] = []
    for rows in parts:
        own = rows.filter(pl.col("close").is_not_null()).sort("event_time").select(COLUMNS)
        if kept:
            own = own.filter(pl.col("event_time") <= int(kept[-1]["event_time"][0] - kept[-1]["span"][0]))
        if own.height:
            kept.append(own)
    return pl.concat(reversed(kept)) if kept else pl.DataFrame()


def read_bars(lake: Lake, series: Iterable[Series], at: int, since: int | None = None) -> pl.DataFrame:
    """Return the bars of :func:`joined_bars` as known at ``at`` (UTC ns), far prints and all.

    Raises
    ------
    NotEnoughDataError
        If there are none.
    """
    rows = joined_bars(lake.as_of("bars", at=at, series=[item.series], since=since) for item in series)
    if rows.is_empty():
        raise NotEnoughDataError(
            f"expected bars between {format_time(since or 0)} and {format_time(at)}, found none; ask for another moment"
        )
    return rows


def cleaned(bars: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Irregular, ...]]:
    """Return bars without prints far from their open and close, and those prints."""
    rows = far_prints(bars)
    beyond = zip(rows["event_time"], factors(rows).max_horizontal(), strict=True)
    return without_far_prints(bars), tuple(Irregular("print far off", time, by, FAR_FACTOR) for time, by in beyond)


def read_market(lake: Lake, coin: str, at: int, venue: str) -> Market:
    """Return what is known of a market at ``at`` (UTC ns) beside its bars.

    Raises
    ------
    NotEnoughDataError
        If no bars reach to within a day of the moment, or neither open interest nor liquidations are held.
    """
    chosen = market_bars(lake, coin, at, venue)
    known = lake.series(coin=coin, at=at)
    interest, times, coins = _interest(lake, known, at, chosen[0])
    liquidations, reported = _liquidations(lake, known, at, venue)
    if interest is None and liquidations is None:
        raise NotEnoughDataError(
            f"expected open interest or liquidations of {coin} on {venue_list((venue,))} up to {format_time(at)}, "
            "found none: bars say where levels are, not how many dollars; `runout series` lists what there is"
        )
    return Market(Sources(chosen, interest, liquidations), times, coins, reported, _first(lake, chosen, at))


def market_bars(lake: Lake, coin: str, at: int, venue: str) -> tuple[Series, ...]:
    """Return the finest bars of a market that reach to within a day of ``at`` (UTC ns), and all coarser ones.

    Raises
    ------
    NotEnoughDataError
        If none do.
    """
    bars = bar_series(lake.series("bars", coin, at=at), venue)
    fresh = [series for series in bars if _last(lake, series, at) > at - _FRESH]
    if not fresh:
        raise NotEnoughDataError(
            f"expected intraday perpetual bars of {coin} on {venue_list((venue,))} up to {format_time(at)}, found "
            f"{known_period(lake, 'bars', bars)}; ask for a moment within a day of the data, or import newer files",
            newest=newest_of(lake, bars),
        )
    return tuple(bars[bars.index(fresh[0]) :])


def _first(lake: Lake, bars: tuple[Series, ...], at: int) -> int:
    names = [series.series for series in bars]
    rows = lake.scan("bars").filter(pl.col("series").is_in(names), pl.col("known_time") <= at)
    return rows.select((pl.col("event_time") - pl.col("span")).min()).collect().item()


def _last(lake: Lake, series: Series, at: int) -> int:
    rows = lake.scan(series.kind).filter(pl.col("series") == series.series, pl.col("known_time") <= at)
    return rows.select(pl.col("event_time").max()).collect().item() or 0


def _interest(lake: Lake, known: Iterable[Series], at: int, bars: Series) -> tuple[Series | None, IntArray, FloatArray]:
    """Return open interest reported until lately: of the bars' venue and margin, else of the venue, else of all."""
    candidates = [s for s in known if s.kind == "open_interest" and s.step and s.venues in {bars.venues, ("all",)}]
    ranked = sorted(
        candidates, key=lambda s: (s.venues != bars.venues, s.margin != bars.margin, s.margin != "all", s.step)
    )
    for series in ranked:
        rows = lake.as_of("open_interest", at=at, series=[series.series]).sort("event_time")
        if not rows.height or int(rows["event_time"][-1]) <= at - _FRESH - series.step:
            continue
        close = lake.as_of("bars", at=at, series=[bars.series]).select("event_time", "close").sort("event_time")
        rows = rows.join_asof(close, on="event_time") if rows["open_interest_base"].null_count() else rows.with_columns(
            close=pl.lit(None, pl.Float64)
        )  # fmt: skip
        coins = rows.select(
            "event_time", coins=pl.coalesce("open_interest_base", pl.col("open_interest_usd") / pl.col("close"))
        )
        coins = coins.drop_nulls().filter(pl.col("coins") > 0.0)
        if coins.height:
            return series, coins["event_time"].to_numpy(), coins["coins"].to_numpy()
    return None, np.empty(0, np.int64), np.empty(0)


def _liquidations(
    lake: Lake, known: Iterable[Series], at: int, venue: str
) -> tuple[Series | None, pl.DataFrame | None]:
    candidates = [
        s for s in known if s.kind == "liquidations" and s.venues == (venue,) and s.step and BUCKET % s.step == 0
    ]
    for series in sorted(candidates, key=lambda s: (s.step, s.series)):
        rows = lake.as_of("liquidations", at=at, series=[series.series])
        if rows.height:
            sides = rows.pivot("liquidated_side", index="event_time", values="value_usd", aggregate_function="sum")
            missing = [pl.lit(None, pl.Float64).alias(side) for side in SIDES if side not in sides.columns]
            return series, _by_bucket(sides.with_columns(missing).select("event_time", *SIDES), series.step)
    return None, None


def _by_bucket(rows: pl.DataFrame, step: int) -> pl.DataFrame:
    """Return dollars of each four hours of which every part is reported."""
    end = ((pl.col("event_time") + BUCKET - 1) // BUCKET * BUCKET).alias("event_time")
    whole = rows.group_by(end).agg(
        pl.len().alias("parts"), pl.col(SIDES).sum(), pl.col(SIDES).null_count().name.suffix("_null")
    )
    known = [pl.when(pl.col(f"{side}_null") == 0).then(pl.col(side)).alias(side) for side in SIDES]
    return whole.filter(pl.col("parts") == BUCKET // step).select("event_time", *known).sort("event_time")
