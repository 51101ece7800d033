"""What a move would set off: the market of a coin as a cascade sees it, as it was known at a moment, and one shock.

*Scope.* Ladder, books and forced orders are of one venue's perpetual market: the venue whose map bulletins show. What
aggregators would show for all coins and venues is reached through two ratios, each with its own spread: measured
totals over that venue's, on past days, and headline over measured (:mod:`runout.coverage.market_wide_ratio`).

*Forced orders.* The map expects *reported* dollars, and a capped feed shows a part. Orders in the book are the reported
ones times :data:`TRUE_OVER_REPORTED`, an assumption.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

import msgspec
import numpy as np
import polars as pl

from runout.bulletin.liquidation_map import LiquidationMap
from runout.cascade.calibration import EXPONENT, Extremes, chance_of_touching, extremes, side_band
from runout.cascade.depth import Band, Depth, depth, side_usd
from runout.cascade.engine import Rounds
from runout.cascade.flow_impact import FlowImpact, flow_impact
from runout.cascade.ladder import Direction, Group, Ladder, ladder_from_prices, price_at
from runout.cascade.market import Market, Venue, coin_market, market
from runout.cascade.outcome import Slide
from runout.cascade.shock import Move, Order, Push, Shock, push
from runout.cascade.simulation import simulate
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_time
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.record import LevelAnswer
from runout.lake import Lake
from runout.liquidation_map.dollars import SIDES
from runout.liquidation_map.ladder import cumulative, cumulative_band
from runout.margin.arrays import Side
from runout.pipeline.build_map import liquidation_map
from runout.pipeline.cluster_snapshots import mapped_venue
from runout.pipeline.forecasts import answer_level
from runout.pipeline.market_wide_scale import Scale, scale_of
from runout.quality.prints import without_far_prints
from runout.records import KINDS, Series, conform, venue_list
from runout.scores import FrequencyInterval
from runout.version import METHOD_VERSION

MOVES: Final = (*(percent / 200.0 for percent in range(1, 21)), 0.11, 0.12, 0.13, 0.14, 0.15)
"""Moves that tables and figures show."""
CLUSTERS: Final = 2
"""Clusters of each side whose sweep is asked about."""
TRUE_OVER_REPORTED: Final = Band(1.25, 2.0, 3.3)
"""Dollars liquidated over dollars shown by a feed that shows the largest order of each second: an assumption. It is the
share of 30 to 80% that such a feed shows of 3 to 30 lognormal orders a second (σ from 1.5 to 2.5)."""
HALF_LIFE_SECONDS: Final = 30.0
"""In which half of what was taken from a book comes back; assumed, within the 10 to 60 s of calm markets."""
ROUNDS: Final = Rounds(step_seconds=1.0, limit_seconds=900.0)
_LATENCY_SECONDS: Final = 1.0
_PACE_SECONDS: Final = 20.0
_FLOW: Final = 60 * NANOSECONDS_PER_DAY
_MONTH: Final = 30 * NANOSECONDS_PER_DAY
_WEEK: Final = 7 * NANOSECONDS_PER_DAY
_LONGEST: Final = 400 * NANOSECONDS_PER_DAY


class Ranged(Protocol):
    """A cluster as far as slides are concerned: the side that it holds, and its ends in dollars."""

    @property
    def side(self) -> Side:
        """``long`` or ``short``."""
        ...

    @property
    def low(self) -> float:
        """Lower end."""
        ...

    @property
    def high(self) -> float:
        """Upper end."""
        ...


_FARTHEST: Final = 5.0
"""Log distance beyond which no price is asked about."""


def _unknown_day(_price_usd: float) -> LevelAnswer | None:
    return None


def _day_if_at(lake: Lake, coin: str, at: int, price_usd: float) -> LevelAnswer | None:
    try:
        return answer_level(lake, coin, at, price_usd)
    except (NotEnoughDataError, UsageError):
        return None


class Setting(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """All that a what-if needs of a coin at a moment.

    Parameters
    ----------
    map
        The inferred map.
    market
        Its ladder with forced orders in dollars, and the book.
    depth
        Series of the book.
    extremes
        How far prices have gone in 24 h; None where too few days are held.
    scale
        From reported dollars of the map's coin and venue to the headline; None where it is not known.
    flow
        Net taker flow of 60 days against the price: a check on the depth, which goes into nothing; None where it is not
        known.
    day_if_at
        Chances of the UTC day if the price gets to a level within it, as ``runout forecast --to`` says; None where no
        forecast can be made or the level says nothing of the day.
    """

    map: LiquidationMap
    market: Market
    depth: Series
    extremes: Extremes | None
    scale: Scale | None
    flow: FlowImpact | None = None
    day_if_at: Callable[[float], LevelAnswer | None] = _unknown_day

    def depth_usd(self, direction: Direction) -> Band:
        """Return dollars of the book within 1%, on the side that a move takes from."""
        return side_usd(self.market.coins[0].venues[0].depth, direction)

    @property
    def price(self) -> float:
        """Return the price that moves are counted from."""
        return self.map.price

    def reach(self, direction: Direction) -> float:
        """Return how far the map goes along a direction, as a fraction of the price."""
        edges = self.map.far.edges
        return float(1.0 - edges[0] / self.price if direction == "down" else edges[-1] / self.price - 1.0)


class WhatIf(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What a shock does, and how likely it comes.

    Parameters
    ----------
    setting
        What it was asked of.
    slide
        In no time: the exact solution, with the edges of the bands.
    chance
        Of the shock's own move within 24 h; None of an order, and where it is not known.
    reported_usd
        What the feed would show of the slide.
    headline_usd
        What the move itself would add to what aggregators show for all coins and venues, 5%, 50% and 95%; None where
        it is not known.
    """

    setting: Setting
    slide: Slide
    chance: FrequencyInterval | None
    reported_usd: Band
    headline_usd: Band | None

    def day(self) -> LevelAnswer | None:
        """Return the chances of the UTC day's total if the price gets there; None where they are not known."""
        distance = self.slide.value.shock_distance
        if not distance < _FARTHEST:
            return None
        return self.setting.day_if_at(price_at(self.setting.price, distance, self.slide.direction))


def setting_of(
    lake: Lake, coin: str, at: int, *, venue: str | None = None, drawn: LiquidationMap | None = None
) -> Setting:
    """Return what is known of a coin's leverage, books and past moves at ``at`` (UTC ns).

    Parameters
    ----------
    lake
        The lake; nothing is written to it.
    coin
        Base asset.
    at
        UTC ns.
    venue
        Whose perpetual market; None: the one whose map bulletins show.
    drawn
        Its map at that moment, where it is already built.

    Raises
    ------
    NotEnoughDataError
        If a map cannot be made, or no depth of that venue's perpetual market is held.
    """
    known = lake.series(coin=coin, at=at)
    chosen = venue or mapped_venue(known, coin)
    if chosen is None:
        raise NotEnoughDataError(
            f"expected intraday perpetual bars of {coin} up to {format_time(at)}, found none; see `runout series`"
        )
    built = drawn or liquidation_map(lake, coin, at, venue=chosen)
    book, source = _book(lake, known, at, chosen)
    item = Venue(name=chosen, depth=book, latency_seconds=_LATENCY_SECONDS, pace_seconds=_PACE_SECONDS)
    whole = market(coin_market(forced_ladder(built), (item,)))
    bars = lake.as_of("bars", at=at, series=[built.sources.bars[0].series], since=at - _LONGEST)
    bars = without_far_prints(bars.sort("event_time"))
    return Setting(
        map=built,
        market=whole,
        depth=source,
        extremes=_extremes(bars, built.sources.bars[0].step),
        scale=None if built.sources.liquidations is None else scale_of(lake, coin, built.sources.liquidations, at),
        flow=_flow(bars.filter(pl.col("event_time") > at - _FLOW)),
        day_if_at=partial(_day_if_at, lake, coin, at),
    )


def forced_ladder(subject: LiquidationMap) -> Ladder:
    """Return a map as the ladder of a cascade: levels that are data and assumption apart, bands of sums outward."""
    ladder = subject.far
    bounds = {side: _multiples(subject, side) for side in SIDES}
    own = ladder.middle < subject.price
    low, high = (np.where(own, bounds["long"][end], bounds["short"][end]) for end in (0, 1))
    factor = TRUE_OVER_REPORTED
    groups = tuple(Group(venue=subject.venue, level_kind=name) for name in ("data", "assumption"))
    parts = np.stack([ladder.usd * (1.0 - ladder.assumed), ladder.usd * ladder.assumed]) * factor.value
    return ladder_from_prices(
        subject.coin,
        subject.price,
        ladder.edges,
        long_usd=parts[:, 0],
        short_usd=parts[:, 1],
        band=(low * factor.low / factor.value, high * factor.high / factor.value),
        groups=groups,
    )


def whatif(setting: Setting, shock: Shock) -> WhatIf:
    """Return what a shock does in a setting.

    Raises
    ------
    UsageError
        If the shock is not a number, or the price would end below zero.
    """
    slide = simulate(setting.market, shock)
    provided = push(shock, setting.price)
    reported = _reported(slide)
    chance = None
    if setting.extremes is not None and not isinstance(shock, Order) and np.isfinite(slide.value.shock_distance):
        chance = chance_of_touching(setting.extremes, slide.value.shock_distance, provided.direction)
    return WhatIf(
        setting=setting,
        slide=slide,
        chance=chance,
        reported_usd=reported,
        headline_usd=None if setting.scale is None else setting.scale.headline(reported, provided.direction),
    )


def in_rounds(setting: Setting, shock: Shock) -> Slide:
    """Return the same shock in rounds: books that refill, and an engine that works at its pace; both speeds assumed.

    Insurance is not known and taken as enough, so nothing is deleveraged.
    """
    return simulate(setting.market, shock, ROUNDS)


def moved(price: float, provided: Push) -> float:
    """Return the price after a push's own move; 0 for a fall to nothing."""
    return price_at(price, provided.distance, provided.direction) if np.isfinite(provided.distance) else 0.0


def slides(setting: Setting, clusters: Sequence[Ranged] = ()) -> pl.DataFrame:
    """Return what moves of 0.5 to 15% either way would set off, and those through the largest clusters.

    Parameters
    ----------
    setting
        What is asked.
    clusters
        Of a map, the largest first: a move to the far end of the first two of each side is asked about too.

    Returns
    -------
    polars.DataFrame
        Rows of kind ``slides``: the moves down by size, then up, then those through clusters.
    """
    grid = [("move", sign * size) for sign in (-1.0, 1.0) for size in MOVES if size <= _reach_of(setting, sign)]
    through = [("cluster", move) for move in _through(clusters, setting.price)]
    rows = [_row(setting, trigger, move) for trigger, move in (*grid, *through)]
    named = pl.DataFrame(rows, infer_schema_length=None).with_row_index("number", 1)
    return conform(named, KINDS["slides"])


def _reach_of(setting: Setting, sign: float) -> float:
    return setting.reach("down" if sign < 0.0 else "up")


def _through(clusters: Sequence[Ranged], price: float) -> list[float]:
    """Return the moves to the far ends of the two largest clusters of each side."""
    results: list[float] = []
    for side in SIDES:
        largest = [ranged for ranged in clusters if ranged.side == side][:CLUSTERS]
        results += [(ranged.low if side == "long" else ranged.high) / price - 1.0 for ranged in largest]
    return results


def _row(setting: Setting, trigger: str, move: float) -> dict[str, object]:
    built = whatif(setting, Move(move))
    slide, chance, headline = built.slide, built.chance, built.headline_usd
    bands = {
        "forced": (slide.mild.liquidated_usd, slide.value.liquidated_usd, slide.severe.liquidated_usd),
        "reported": msgspec.structs.astuple(built.reported_usd),
        "headline": (None, None, None) if headline is None else msgspec.structs.astuple(headline),
    }
    spread = {
        name: value
        for key, (low, middle, high) in bands.items()
        for name, value in ((f"{key}_usd", middle), (f"{key}_low_usd", low), (f"{key}_high_usd", high))
    }
    return {
        "coin": setting.map.coin, "venue": setting.map.venue, "event_time": setting.map.at,
        "known_time": setting.map.at, "trigger": trigger, "direction": slide.direction, "move": move,
        "price": setting.price, "trigger_price": setting.price * (1.0 + move),
        "chance": None if chance is None else chance.frequency, "chance_low": None if chance is None else chance.low,
        "chance_high": None if chance is None else chance.high, "ending": slide.value.ending.value,
        "stop_price": slide.value.price_usd, "mild_stop_price": slide.mild.price_usd,
        "severe_stop_price": slide.severe.price_usd, "amplification": slide.value.amplification,
        "reproduction": slide.reproduction, **spread, "depth_usd": setting.depth_usd(slide.direction).value,
        "method_version": METHOD_VERSION,
    }  # fmt: skip


def _reported(slide: Slide) -> Band:
    """Return what the feed shows of a slide: the band is the map's, since what it hides is hidden on both edges."""
    low, value, high = (
        extent.liquidated_usd / factor
        for extent, factor in (
            (slide.mild, TRUE_OVER_REPORTED.low),
            (slide.value, TRUE_OVER_REPORTED.value),
            (slide.severe, TRUE_OVER_REPORTED.high),
        )
    )
    return Band(min(low, value), value, max(high, value))


def _multiples(subject: LiquidationMap, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the band of what lies between the price and each level, as multiples of it, shape (levels,) each."""
    name = "long" if side == "long" else "short"
    value = cumulative(subject.far, name)
    safe = np.where(value > 0.0, value, 1.0)
    low, high = (end / safe for end in cumulative_band(subject.far, name))
    return np.clip(low, 0.0, 1.0), np.maximum(high, 1.0)


def _book(lake: Lake, known: list[Series], at: int, venue: str) -> tuple[Depth, Series]:
    series = [entry for entry in known if entry.kind == "depth" and entry.venues == (venue,) and entry.step]
    requested = [entry for entry in series if entry.market in {"perpetual", "all-derivatives"}]
    for item in sorted(requested, key=lambda s: (s.market != "perpetual", s.step, s.series)):
        rows = lake.as_of("depth", at=at, series=[item.series], since=at - _MONTH).sort("event_time")
        if rows.height and int(rows["event_time"][-1]) > at - NANOSECONDS_PER_DAY - item.step:
            recent = max(_WEEK // item.step, 1)
            bid, ask = (side_band(rows[name].to_numpy(), recent=recent) for name in ("bid_usd", "ask_usd"))
            words = f"{item.scope()}: orders of one side within 1% of the price"
            built = depth(bid, ask_usd=ask, definition=words, exponent=EXPONENT, half_life_seconds=HALF_LIFE_SECONDS)
            return built, item
    raise NotEnoughDataError(
        f"expected depth of the perpetual market of {venue_list((venue,))} within a day of {format_time(at)}, found "
        "none: without books nothing can be said of how far a slide runs; see `runout series`"
    )


def _extremes(rows: pl.DataFrame, step: int) -> Extremes | None:
    hour = NANOSECONDS_PER_HOUR
    hourly = (
        rows.group_by((pl.col("event_time") + hour - 1) // hour, maintain_order=True)
        .agg(pl.col("high").max(), pl.col("low").min(), pl.col("close").last())
        .drop_nulls()
    )
    per_day = NANOSECONDS_PER_DAY // max(hour, step)
    prices = (hourly[name].to_numpy() for name in ("high", "low", "close"))
    try:
        return extremes(*prices, per_day=per_day)
    except NotEnoughDataError:
        return None


def _flow(rows: pl.DataFrame) -> FlowImpact | None:
    net = (2.0 * rows["taker_buy_usd"] - rows["volume_usd"]).cast(pl.Float64)
    moved = (rows["close"] / rows["open"]).log()
    try:
        return flow_impact(net.fill_null(float("nan")).to_numpy(), moved.fill_null(float("nan")).to_numpy())
    except NotEnoughDataError:
        return None
