"""From what one venue reports of one coin to what aggregators show for all: two ratios, each from the past alone."""

from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.cascade.depth import Band
from runout.cascade.ladder import Direction
from runout.clock import NANOSECONDS_PER_DAY
from runout.errors import NotEnoughDataError
from runout.indicators.sums import ordered_sum
from runout.lake import Lake
from runout.pipeline.forecast_history import Past, read_past
from runout.pipeline.forecasts import ratio_at, read_pairs
from runout.records import Series

DAYS: Final = 365
LEAST_DAYS: Final = 30
BUSIEST: Final = 0.25
"""Share of the past days, by the coin's own liquidations of that side, that the first ratio is of: slides are none of
the quiet days."""


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """Ratio of the headline to one coin's reported liquidations of a side at one venue.

    Parameters
    ----------
    long, short
        5%, 50% and 95% of the ratio.
    days
        Past days that its first part is of.
    events
        Published figures that its second part is of.
    """

    long: Band
    short: Band
    days: int
    events: int

    def headline(self, reported: Band, direction: Direction) -> Band:
        """Return the headline that goes with reported dollars; spreads are independent, lognormal on each side."""
        ratio = self.long if direction == "down" else self.short
        value = reported.value * ratio.value
        if value <= 0.0:
            return Band(0.0, 0.0, reported.high * ratio.high)
        down = float(np.hypot(_log(reported.value, reported.low), _log(ratio.value, ratio.low)))
        up = float(np.hypot(_log(reported.high, reported.value), _log(ratio.high, ratio.value)))
        return Band(value * float(np.exp(-down)), value, value * float(np.exp(up)))


def scale_of(lake: Lake, coin: str, reported: Series, at: int) -> Scale | None:
    """Return the scale as known at ``at``; None where a lake holds no totals with a headline, or too few days.

    Parameters
    ----------
    lake
        The lake.
    coin
        Base asset of the map.
    reported
        Series of liquidations that the map's dollars are of.
    at
        UTC ns.
    """
    try:
        past = read_past(lake, at, kinds=())
    except NotEnoughDataError:
        return None
    coverage = ratio_at(read_pairs(lake, past, at), past.group, at)
    if coverage is None or coin not in past.history.coins:
        return None
    daily = _by_day(lake, reported, at)
    spread = np.log(coverage.quantile([0.05, 0.5, 0.95]))
    sides = {side: _times(_ratios(daily, past, side), spread) for side in ("long", "short")}
    if sides["long"] is None or sides["short"] is None:
        return None
    return Scale(
        long=sides["long"], short=sides["short"], days=len(_ratios(daily, past, "long")), events=len(coverage.events)
    )


def _by_day(lake: Lake, reported: Series, at: int) -> pl.DataFrame:
    """Return reported dollars of each whole UTC day by side, the day as its start in UTC ns."""
    rows = lake.as_of("liquidations", at=at, series=[reported.series], since=at - DAYS * NANOSECONDS_PER_DAY)
    day = (pl.col("event_time") - 1) // NANOSECONDS_PER_DAY * NANOSECONDS_PER_DAY
    ordered = rows.sort("event_time", "liquidated_side")
    summed = ordered.group_by(day.alias("day"), "liquidated_side", maintain_order=True).agg(
        ordered_sum("value_usd"), pl.len()
    )
    whole = summed.filter(pl.col("len") >= NANOSECONDS_PER_DAY // reported.step)
    return whole.pivot("liquidated_side", index="day", values="value_usd").sort("day")


def _ratios(daily: pl.DataFrame, past: Past, side: str) -> np.ndarray:
    """Return measured totals over one side's own on the busiest days of that side."""
    if side not in daily.columns:
        return np.zeros(0)
    totals = pl.DataFrame({"day": past.history.day, "total": past.history.total_usd})
    days = daily.join(totals, on="day").filter(pl.col("total").is_finite(), pl.col(side) > 0.0)
    busy = days.sort(side, descending=True).head(int(np.ceil(days.height * BUSIEST)))
    return (busy["total"] / busy[side]).to_numpy()


def _times(ratios: np.ndarray, spread: np.ndarray) -> Band | None:
    if len(ratios) < LEAST_DAYS:
        return None
    low, middle, high = np.log(np.quantile(ratios, [0.05, 0.5, 0.95]))
    value = middle + spread[1]
    down, up = np.hypot(middle - low, spread[1] - spread[0]), np.hypot(high - middle, spread[2] - spread[1])
    return Band(*(float(np.exp(item)) for item in (value - down, value, value + up)))


def _log(above: float, below: float) -> float:
    return float(np.log(above / below)) if below > 0.0 else np.inf
