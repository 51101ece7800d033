"""What a lake holds beside a market's bars that a map could be made of: ratios, funding, spot, other open interest."""

from typing import Final

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_HOUR
from runout.errors import NotEnoughDataError
from runout.jobs.scoring_map import VENUE, read_market
from runout.lake import Lake
from runout.positions.scoring.alternatives import Beside
from runout.positions.scoring.market import Market
from runout.scores.arrays import FloatArray, IntArray

_POSITIONING: Final = ("global-accounts", "top-accounts", "top-positions")
OTHER_COIN: Final = "SOL"
SECOND_VENUE: Final = "bybit"


def read_beside(lake: Lake, market: Market, at: int) -> Beside:
    """Return what the lake holds beside a market, as known at ``at`` (UTC ns).

    Raises
    ------
    NotEnoughDataError
        If a series is missing.
    """
    coin, ends = market.coin, market.event_time
    reader = _Reader(lake, at)
    starts = ends - market.step
    odds: list[FloatArray] = []
    for name in _POSITIONING:
        share = reader.as_of(f"coinglass/positioning/{coin}/{VENUE}-{name}/4h", "long_share", starts)
        odds.append(np.log(share / (1.0 - share)))
    funding = [
        reader.as_of(f"coinglass/funding/{coin}/{name}", "rate", starts) for name in (f"{VENUE}/8h", "oi-weighted/4h")
    ]
    spot = reader.rows(f"binance-vision/bars/{coin}/{VENUE}-spot/5m")
    joined = pl.DataFrame({"event_time": ends}).join(spot, on="event_time", how="left", maintain_order="left")
    low, high, close = (joined[one].fill_null(float("nan")).to_numpy() for one in ("low", "high", "close"))
    linear = reader.interpolated(f"coinglass/open_interest/{coin}/{VENUE}-stablecoin-margin/4h", market)
    inverse = reader.interpolated(f"coinglass/open_interest/{coin}/{VENUE}-coin-margin/4h", market)
    try:
        other = read_market(lake, OTHER_COIN, at).market
    except NotEnoughDataError:
        other = None
    return Beside(
        positioning=np.column_stack(odds), funding=np.column_stack(funding), spot_low=low, spot_high=high,
        spot_close=close, interest_all_base=reader.interpolated(f"coinglass/open_interest/{coin}/all/4h", market),
        interest_margins_base=linear + inverse, volume_factor=_volume_factor(reader, market), other=other,
    )  # fmt: skip


class _Reader:
    def __init__(self, lake: Lake, at: int) -> None:
        self.lake, self.at = lake, at

    def rows(self, series: str) -> pl.DataFrame:
        found = self.lake.as_of(series.split("/")[1], at=self.at, series=[series]).sort("event_time")
        if found.is_empty():
            raise NotEnoughDataError(f"expected {series} in the lake, found none of it")
        return found

    def as_of(self, series: str, column: str, moments: IntArray) -> FloatArray:
        """Return the last value known at each moment; the first one before there is any."""
        rows = self.rows(series).sort("known_time").drop_nulls(column)
        place = np.searchsorted(rows["known_time"].to_numpy(), moments, side="right") - 1
        return rows[column].cast(pl.Float64).to_numpy()[np.maximum(place, 0)]

    def interpolated(self, series: str, market: Market) -> FloatArray:
        """Return open interest in coins on a market's bars: dollars through the price of their moment."""
        rows = self.rows(series)
        times = rows["event_time"].to_numpy()
        price = np.interp(times, market.event_time, market.close)
        coins = rows["open_interest_base"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        dollars = rows["open_interest_usd"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return np.interp(market.event_time, times, np.where(np.isnan(coins), dollars / price, coins))


def _volume_factor(reader: _Reader, market: Market) -> FloatArray:
    """Return the volume of two venues over that of one, by hour, its mean before the middle set to one."""
    mine, theirs = (
        reader.rows(f"multivenue-hourly/bars/{market.coin}/{venue}-perpetual/1h").select("event_time", "volume_base")
        for venue in (VENUE, SECOND_VENUE)
    )
    both = mine.join(theirs, on="event_time", suffix="_theirs").drop_nulls()
    ratio = 1.0 + both["volume_base_theirs"].to_numpy() / both["volume_base"].to_numpy()
    hour = -(-market.event_time // NANOSECONDS_PER_HOUR) * NANOSECONDS_PER_HOUR
    known = both["event_time"].to_numpy()
    place = np.searchsorted(known, hour)
    found = place < len(known)
    found[found] = known[place[found]] == hour[found]
    factor = np.full(len(hour), np.nan)
    factor[found] = ratio[place[found]]
    until = (market.lead + market.scored // 2) * market.bars_each
    mean = float(np.nanmean(factor[:until]))
    return np.where(np.isnan(factor), 1.0, factor / mean)
