"""The liquidation map of a coin on a venue, as it was known at a moment.

Everything is read as of the moment. Levels come from the kept states of :mod:`runout.pipeline.map_states`, or from a
walk through all bars; dollars are fitted on liquidations known by then. After :data:`WARM_UP` of the first bar (seven
half-lives of normal trading) nothing of the start is left: buckets before that are not fitted, and a map that begins
earlier says so.
"""

from typing import Final

import numpy as np
import polars as pl

from runout.bulletin.liquidation_map import MODELS, Heat, LiquidationMap, Model
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE, format_time
from runout.errors import NotEnoughDataError, UsageError
from runout.lake import Lake
from runout.liquidation_map import BUCKET, Bars, shipped
from runout.liquidation_map.clusters import Sweep, clusters, swept
from runout.liquidation_map.dollars import SIDES, Dollars, fit, shipped_dollars
from runout.liquidation_map.ladder import Ladder, edges_around, ladder, require_open_interest, total
from runout.liquidation_map.measured import MeasuredPositions
from runout.liquidation_map.state import resting
from runout.pipeline.cluster_snapshots import LEAD, mapped_venue
from runout.pipeline.map_market import Market, cleaned, read_bars, read_market
from runout.pipeline.map_states import Walk, Ways, states_of
from runout.scores.arrays import FloatArray, IntArray

WARM_UP: Final = 10 * NANOSECONDS_PER_DAY
WINDOW: Final = 7 * NANOSECONDS_PER_DAY
"""How far a map looks back without being told."""
REACH: Final = 0.06
"""How far the levels go beyond the prices traded in the window."""
FAR: Final = 0.2
"""How far the levels go that moves of the price are asked about."""
WAYS: Final = 90 * NANOSECONDS_PER_DAY
"""How far before the window dollars are fitted."""
_COLUMNS: Final = 480
_CANDLES: Final = 190
_STEPS: Final = tuple(m * NANOSECONDS_PER_MINUTE for m in (1, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880, 10080))


def liquidation_map(
    lake: Lake,
    coin: str,
    at: int,
    *,
    since: int | None = None,
    venue: str | None = None,
    reach: float = REACH,
    heat: bool = True,
    model: Model = "inferred",
    published: MeasuredPositions | None = None,
) -> LiquidationMap:
    """Return the liquidation map of a coin as it was known at a moment.

    Parameters
    ----------
    lake
        The lake; nothing is written to it.
    coin
        Base asset.
    at
        UTC ns.
    since
        Where the window of the heatmap and the history of sweeps begin, UTC ns; None: a week before.
    venue
        Whose perpetual market; None: the one whose map bulletins show.
    reach
        How far the levels go beyond the prices traded in the window, as a fraction.
    heat
        Whether the levels through the window are kept for a picture, or only the last; nothing else depends on it.
    model
        inferred; path: volume is left out, every bar turns over the same share, so that prices alone say where levels
        are; measured: published positions only.
    published
        Positions that the venue publishes: beside what is inferred, or with measured alone.

    Raises
    ------
    UsageError
        If the window is empty, or there is no such model.
    NotEnoughDataError
        If bars are missing, or both open interest and liquidations; for measured, published positions.
    """
    if model not in MODELS:
        raise UsageError(f"no model {model!r} of the map; there are {', '.join(MODELS)}")
    if model == "measured" and published is None:
        raise NotEnoughDataError(
            f"no published positions of {coin}: a lake keeps none; name a file of them with --positions FILE "
            "(`runout map`, `runout serve`)"
        )
    venue = venue or mapped_venue(lake.series("bars", coin, at=at), coin) or LEAD
    market = read_market(lake, coin, at, venue)
    fine = market.sources.bars[0]
    window, prints = cleaned(read_bars(lake, market.sources.bars, at, since=(since or at - WINDOW) - BUCKET))
    through, earliest = int(window["event_time"][-1]), market.earliest
    begin = max(through - WINDOW if since is None else since, earliest)
    if begin >= through:
        raise UsageError(
            f"expected a window before {format_time(through)}, the last bar known, found one from {format_time(begin)}"
        )
    window = window.filter(pl.col("event_time") > begin)
    ends = window["event_time"].to_numpy()
    columns = _columns(ends, begin) if heat else (through,)
    day_ago = through - NANOSECONDS_PER_DAY
    moments = [*columns, through] + [day_ago] * (day_ago >= earliest + fine.step)
    walk = states_of(lake, market.sources, at, moments, begin - WAYS, path_only=model == "path")
    price, (low, high) = float(window["close"][-1]), window.select(pl.col("low").min(), pl.col("high").max()).row(0)
    edges, far = (edges_around(price, low, high, item) for item in (reach, max(reach, FAR)))
    table = _Table(market, walk.ways, earliest)
    dollars = table.fitted(through, price)
    present = _ladder(market, walk, through, dollars, edges)
    interest = float(market.interest(np.array([through]))[0])
    if market.scaled:
        require_open_interest(present, interest)
    before = _ladder(market, walk, day_ago, dollars, edges) if day_ago in walk.masses else None
    sweeps = table.sweeps(table.fitted(begin, price, otherwise=dollars), begin)
    past = tuple(sweep for sweep in sweeps if sweep.end > day_ago)
    irregular = (*Bars.from_rows(window).irregular(), *prints)
    built = LiquidationMap(
        coin=coin, venue=venue, at=at, since=begin, through=through, price=price, ladder=present,
        far=_ladder(market, walk, through, dollars, far), clusters=clusters(present, before, sweeps),
        swept=() if before is None else swept(clusters(before), past), sweeps=sweeps,
        heat=_heat(market, walk, columns, dollars, edges), candles=_candles(window, begin), sources=market.sources,
        open_interest_base=interest if market.scaled else None,
        irregular=tuple(item for item in irregular if item.event_time > begin), warm=begin >= earliest + WARM_UP,
        model=model,
    )  # fmt: skip
    return built if published is None else built.with_published(published)


def _ladder(market: Market, walk: Walk, moment: int, dollars: Dollars, edges: FloatArray) -> Ladder:
    masses, price = walk.masses[moment]
    interest = float(np.nan_to_num(market.interest(np.array([moment])), nan=float(market.interest_base[-1:].sum()))[0])
    return ladder(masses, dollars, price, edges, interest)


class _Table:
    """Ways of the past with open interest and reports: what dollars are fitted on, and what sweeps say."""

    def __init__(self, market: Market, ways: Ways, earliest: int) -> None:
        self.market, self.ways = market, ways
        start = ways.end - BUCKET
        warm = start >= earliest + WARM_UP
        self.crossed = np.where(warm[:, np.newaxis], ways.crossed * market.interest(start)[:, np.newaxis], np.nan)
        self.reported = np.full((len(start), 2), np.nan)
        if market.reported is not None:
            named = pl.DataFrame({"event_time": ways.end})
            rows = named.join(market.reported, on="event_time", how="left", maintain_order="left")
            self.reported = rows.select(pl.col(SIDES).cast(pl.Float64).fill_null(float("nan"))).to_numpy()

    def fitted(self, before: int, price: float, otherwise: Dollars | None = None) -> Dollars:
        """Return dollars from the buckets that had ended by then; where they are too few, others or the shipped."""
        rows = self.ways.end <= before
        try:
            return fit(
                self.crossed[rows], self.reported[rows], self.ways.distance[rows], self.ways.end[rows], span=BUCKET,
                capped=self.market.sources.capture() != "complete",
            )  # fmt: skip
        except NotEnoughDataError:
            if otherwise is not None:
                return otherwise
            if not self.market.scaled or self.market.sources.interest_of_all():
                raise
        return shipped_dollars(shipped(), float(self.market.interest_base[-1]) * price, before)

    def sweeps(self, dollars: Dollars, begin: int) -> tuple[Sweep, ...]:
        """Return, for each whole bucket of the window, what the map of its start expected along the way it went."""
        ways, results = self.ways, list[Sweep]()
        inside = (ways.end - BUCKET >= begin) & np.isfinite(ways.crossed).all(axis=1)
        inferred = ways.crossed * self.market.interest(ways.end - BUCKET)[:, np.newaxis]
        for row in np.flatnonzero(inside & np.isfinite(inferred).all(axis=1)):
            for side, name in enumerate(SIDES):
                extreme, realised = (ways.low, ways.high)[side][row], float(self.reported[row, side])
                assumed = float(dollars.for_side(name).assumed(ways.distance[row, side] / 2.0))
                results.append(
                    Sweep(
                        side=name, start=int(ways.end[row]) - BUCKET, end=int(ways.end[row]),
                        low=float(min(ways.open[row], extreme)), high=float(max(ways.open[row], extreme)),
                        predicted=total(dollars, name, float(inferred[row, side]), assumed, background=True),
                        realised_usd=None if np.isnan(realised) else realised,
                    )
                )  # fmt: skip
        return tuple(results)


def _columns(ends: IntArray, begin: int) -> tuple[int, ...]:
    """Return the moments of the heatmap: bar ends, evenly, about as many as there are pixels for."""
    every = _step(int(ends[-1]) - begin, _COLUMNS)
    return tuple(ends[(ends % every == 0) | (ends == ends[-1])].tolist())


def _step(period: int, most: int) -> int:
    return next((step for step in _STEPS if period <= step * most), _STEPS[-1])


def _heat(market: Market, walk: Walk, columns: tuple[int, ...], dollars: Dollars, edges: FloatArray) -> Heat:
    times, middle = np.array(columns, dtype=np.int64), (edges[:-1] + edges[1:]) / 2.0
    last = market.interest_base[-1] if market.scaled else 1.0
    interest = np.nan_to_num(market.interest(times), nan=float(last))
    coins = np.stack([resting(*walk.masses[brackets], edges) for brackets in columns], axis=1) * interest[:, np.newaxis]
    usd = [dollars.for_side(name).expected_usd(coins[side] * middle) for side, name in enumerate(SIDES)]
    return Heat(times, np.array(usd))


def _candles(window: pl.DataFrame, begin: int) -> pl.DataFrame:
    step = max(_step(int(window["event_time"][-1]) - begin, _CANDLES), int(window["span"][-1]))
    ends = (pl.col("event_time") + step - 1) // step * step
    return window.group_by(ends.alias("candle"), maintain_order=True).agg(
        pl.col("event_time").last(), pl.lit(step, pl.Int64).alias("span"), pl.col("open").first(),
        pl.col("high").max(), pl.col("low").min(), pl.col("close").last(),
    ).drop("event_time").rename({"candle": "event_time"})  # fmt: skip
