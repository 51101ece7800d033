"""Falls that the cascade is scored on: derived from the lake once, kept beside this file, and read from there.

*Flushes* are what :func:`runout.indicators.flushes.flush_states` finds in four-hourly bars and in the liquidations of
the venue whose map is drawn. *Plain falls* meet the same condition on the price with liquidations **below** their 95th
percentile, and touch no flush: what makes them one is known only afterwards. To each flush the plain fall of the same
coin is taken that is nearest to it in size, each once, the largest flush choosing first. A *grid* of moments, every
fifth midnight, is chosen by nothing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, parse_time
from runout.indicators import flushes, liquidations
from runout.lake import Lake

Kind = Literal["flush", "plain fall", "grid", "14 August"]
FROZEN: Final = Path(__file__).with_name("events.csv")
COINS: Final = ("BTC", "SOL")
VENUE: Final = "binance"
FIRST, LAST = parse_time("2025-02-15"), parse_time("2025-08-31")
HALF: Final = parse_time("2025-05-24")
"""Middle of the period: both halves are told apart."""
MARK: Final = 4 * NANOSECONDS_PER_HOUR
DAY: Final = NANOSECONDS_PER_DAY
_GRID_DAYS: Final = 5


class Fall(msgspec.Struct, frozen=True, kw_only=True):
    """One moment that is scored, and what came of the price.

    Parameters
    ----------
    kind
        Why it is scored.
    coin
        Base asset.
    origin
        The last four-hourly mark before the fall began, UTC ns: before the five minutes of the highest price of the 24
        h before the bar that met the condition. Of the grid and of 14 August: the mark itself.
    eve
        Start of the bar that met the condition; of the others the origin.
    end
        End of the four-hourly bar that holds the low; of the others 24 h after the origin.
    """

    kind: Kind
    coin: str
    origin: int
    eve: int
    end: int


def derived(lake: Lake) -> list[Fall]:
    """Return the falls of the lake by the rules of this module, with the grid and the marks around 14 August 2025."""
    found = [one for coin in COINS for one in _falls(lake, coin)]
    marks = range(parse_time("2025-08-13"), parse_time("2025-08-15T04:00"), MARK)
    august = [_mark("14 August", "BTC", at) for at in marks]
    grid = [_mark("grid", "BTC", at) for at in range(parse_time("2025-02-20"), LAST - DAY, _GRID_DAYS * DAY)]
    return [*found, *august, *grid]


def frozen() -> list[Fall]:
    """Return the falls as they were derived before anything was scored."""
    rows = pl.read_csv(FROZEN, comment_prefix="#")
    times = [pl.col(name).map_elements(parse_time, return_dtype=pl.Int64) for name in ("origin", "eve", "end")]
    return [msgspec.convert(row, Fall) for row in rows.with_columns(times).iter_rows(named=True)]


def _mark(kind: Kind, coin: str, at: int) -> Fall:
    return Fall(kind=kind, coin=coin, origin=at, eve=at, end=at + DAY)


def _falls(lake: Lake, coin: str) -> Iterator[Fall]:
    fine = lake.as_of("bars", at=LAST + DAY, series=[f"binance-vision/bars/{coin}/{VENUE}-perpetual/5m"])
    fine = fine.sort("event_time")
    sides = liquidations.by_side(
        lake.as_of("liquidations", at=LAST + DAY, series=[f"coinglass/liquidations/{coin}/{VENUE}/4h"]), 1
    )
    totals = liquidations.trailing(sides).select(
        "event_time", "known_time", trailing_usd="long_usd", percentile="long_percentile"
    )
    totals = totals.join(sides.select("event_time", interval_usd="long_usd"), on="event_time")
    low = pl.when(pl.col("percentile") < flushes.PERCENTILE).then(100.0).otherwise(0.0)
    slid = _episodes(fine, totals)
    plain = _episodes(fine, totals.with_columns(percentile=low))
    yield from (_fall("flush", coin, fine, one) for one in slid)
    apart = [one for one in plain if all(_apart(one, other) for other in slid)]
    yield from (_fall("plain fall", coin, fine, one) for one in _matched(slid, apart))


def _matched(slid: list[flushes.Flush], plain: list[flushes.Flush]) -> list[flushes.Flush]:
    left, found = list(plain), list[flushes.Flush]()
    for one in sorted(slid, key=lambda flush: flush.move):
        if left:
            nearest = min(left, key=lambda other: abs(np.log1p(other.move) - np.log1p(one.move)))
            left.remove(nearest)
            found.append(nearest)
    return sorted(found, key=lambda flush: flush.start_time)


def _episodes(fine: pl.DataFrame, totals: pl.DataFrame) -> list[flushes.Flush]:
    """Return the last state of each fall that begins in the period and has ended."""
    marks = (pl.col("event_time") + MARK - 1) // MARK * MARK
    bars = fine.group_by(marks.alias("mark"), maintain_order=True).agg(
        pl.col("known_time").max(), pl.col("open").first(), pl.col("high").max(), pl.col("low").min()
    )
    states = flushes.flush_states(bars.rename({"mark": "event_time"}), totals, "flush")
    last = {one.start_time: one for one in states}
    return [one for one in last.values() if one.start_time >= FIRST and one.extreme_time <= LAST]


def _apart(one: flushes.Flush, other: flushes.Flush) -> bool:
    return one.event_time <= other.start_time - DAY or one.start_time - DAY >= other.event_time


def _fall(kind: Kind, coin: str, fine: pl.DataFrame, of: flushes.Flush) -> Fall:
    eve = of.start_time - MARK
    before = fine.filter(pl.col("event_time") > of.start_time - DAY, pl.col("event_time") <= of.start_time)
    high = before["high"].to_numpy()
    began = int(before["event_time"][int(np.argmax(high))]) - 1
    origin = min(began // MARK * MARK, eve)
    return Fall(kind=kind, coin=coin, origin=origin, eve=eve, end=of.extreme_time)
