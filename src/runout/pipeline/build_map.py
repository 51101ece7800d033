"""The liquidation map of a coin on a venue, as it was known at a moment.

Everything is read as of the moment, the filter runs from the first bar held, and the weights are fitted on liquidations
known by then: 70,000 bars take less than half a second, so nothing is kept between runs, and a map can never be of
another version than its data.

*Warm-up*: bars coarser than the finest carry the filter through the time before the finest begin. After
:data:`WARM_UP` (fourteen half-lives of the slower population at the turnover of BTC in 2025) of the first bar nothing
of the start is left; buckets before that are not fitted, and a map that begins earlier says so.

*Open interest* reported every 4 h is spread between two reports in proportion to the volume traded: between reports a
picture of the past uses the later one; after the last report it stays. Nothing known after the moment is used.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.bulletin.liquidation_map import Heat, LiquidationMap
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE, format_duration, format_time
from runout.errors import NotEnoughDataError, UsageError
from runout.lake import Lake, known_span
from runout.lake.catalogue import held, without_step
from runout.liquidation_map import Bars, Jump, MapState, advance, reached, start
from runout.liquidation_map.clusters import Sweep, clusters, swept
from runout.liquidation_map.ladder import edges_around, priced, require_open_interest, resting, total
from runout.liquidation_map.weights import SIDES, Weights, along_ways, expected_usd, fit
from runout.pipeline.cluster_snapshots import LEAD, mapped_venue
from runout.quality.prints import FAR_FACTOR, OHLC, factors, far_prints, without_far_prints
from runout.records import Series, venue_list
from runout.scores.arrays import FloatArray, IntArray

WARM_UP: Final = 30 * NANOSECONDS_PER_DAY
WINDOW: Final = 7 * NANOSECONDS_PER_DAY
"""How far a map looks back without being told."""
REACH: Final = 0.06
"""How far the levels go beyond the prices traded in the window."""
FAR: Final = 0.2
"""How far the levels go that moves of the price are asked about."""
WAYS: Final = 90 * NANOSECONDS_PER_DAY
"""How far before the window ways are looked at for :func:`runout.liquidation_map.weights.along_ways`."""
_LONGEST: Final = 400 * NANOSECONDS_PER_DAY
_FRESH: Final = NANOSECONDS_PER_DAY
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

    Raises
    ------
    UsageError
        If the window is empty.
    NotEnoughDataError
        If bars, open interest or liquidations are missing, or too short.
    """
    venue = venue or mapped_venue(lake.series("bars", coin, at=at), coin) or LEAD
    market = _read(lake, coin, at, venue)
    through, earliest = int(market.bars["event_time"][-1]), int(market.bars["event_time"][0])
    begin = max(through - WINDOW if since is None else since, earliest)
    if begin >= through:
        raise UsageError(
            f"expected a window before {format_time(through)}, the last bar known, found one from {format_time(begin)}"
        )
    window = market.bars.filter(pl.col("event_time") > begin)
    price = float(market.bars["close"][-1])
    low, high = window.select(pl.col("low").min(), pl.col("high").max()).row(0)
    edges, far = (edges_around(price, low, high, one) for one in (reach, max(reach, FAR)))
    run = _run(market, begin, edges, heat=heat)
    weights = _fitted(run, through)
    earlier = _fitted(run, begin, otherwise=weights)
    sweeps = _sweeps(run, earlier)
    present = priced(run.resting[through], run.distance, weights, price, edges)
    require_open_interest(present, run.last.open_interest_base)
    beyond = priced(resting(run.last, far), run.distance, weights, price, far)
    before = priced(run.resting[run.day_ago], run.distance, weights, price, edges) if run.day_ago else None
    past = tuple(one for one in sweeps if one.end > through - NANOSECONDS_PER_DAY)
    return LiquidationMap(
        coin=coin, venue=venue, at=at, since=begin, through=through, price=price, ladder=present, far=beyond,
        clusters=clusters(present, before, sweeps), swept=() if before is None else swept(clusters(before), past),
        sweeps=sweeps, heat=_heat(run, weights, edges), candles=_candles(window, begin), sources=market.sources,
        open_interest_base=run.last.open_interest_base,
        jumps=tuple(one for one in (*run.jumps, *market.prints) if one.event_time > begin),
        warm=begin >= earliest + WARM_UP,
    )  # fmt: skip


# -- reading ----------------------------------------------------------------------------------------------------------


class _Market(msgspec.Struct, frozen=True, eq=False):
    """Bars with open interest, liquidations reported by bucket, and the prints that bars are without."""

    bars: pl.DataFrame
    reported: pl.DataFrame
    prints: tuple[Jump, ...]
    sources: tuple[Series, Series, Series]

    @property
    def bucket(self) -> int:
        return self.sources[2].step


def _read(lake: Lake, coin: str, at: int, venue: str) -> _Market:
    known = lake.series(coin=coin, at=at)
    bars, source = _bars(lake, known, at, venue, coin)
    interest, interest_source = _interest(lake, known, at, source)
    reported, liquidation_source = _liquidations(lake, known, at, venue, coin)
    sources = (source, interest_source, liquidation_source)
    return _Market(_spread(without_far_prints(bars), interest), reported, _prints(bars), sources)


def _prints(bars: pl.DataFrame) -> tuple[Jump, ...]:
    rows = far_prints(bars)
    beyond = zip(rows["event_time"], factors(rows).max_horizontal(), strict=True)
    return tuple(Jump("print far off", time, by, FAR_FACTOR) for time, by in beyond)


def _bars(lake: Lake, known: Iterable[Series], at: int, venue: str, coin: str) -> tuple[pl.DataFrame, Series]:
    """Return the finest bars, and before they begin the next coarser ones, with their series."""
    fine_first = sorted(
        (s for s in known if s.kind == "bars" and s.market == "perpetual" and s.venues == (venue,) and s.step),
        key=lambda s: (s.step, s.series),
    )
    candidates = [s for s in fine_first if s.step < NANOSECONDS_PER_DAY]
    parts: list[pl.DataFrame] = []
    used: list[Series] = []
    for one in candidates:
        rows = lake.as_of("bars", at=at, series=[one.series], since=at - _LONGEST).filter(
            pl.col("volume_base").is_not_null()
        )
        before = int(parts[-1]["event_time"][0] - parts[-1]["span"][0]) if parts else at
        kept = rows.filter(pl.col("event_time") <= before).sort("event_time")
        if kept.height and (parts or int(kept["event_time"][-1]) > at - _FRESH):
            parts.append(kept)
            used.append(one)
    if not parts:
        raise NotEnoughDataError(
            f"expected intraday perpetual bars of {coin} on {venue_list((venue,))} up to {format_time(at)}, found "
            f"{held(lake, 'bars', candidates)}"
            "; ask for a moment within a day of the data (--at), or import newer files"
        )
    return pl.concat(reversed(parts)).select("event_time", "span", *OHLC, "volume_base"), used[0]


def _interest(lake: Lake, known: Iterable[Series], at: int, bars: Series) -> tuple[pl.DataFrame, Series]:
    """Return open interest reported until lately: of the bars' venue and margin, else of the venue, else of all."""
    found = [s for s in known if s.kind == "open_interest" and s.step and s.venues in {bars.venues, ("all",)}]
    ranked = sorted(found, key=lambda s: (s.venues != bars.venues, s.margin != bars.margin, s.margin != "all", s.step))
    for one in ranked:
        rows = lake.as_of("open_interest", at=at, series=[one.series], since=at - _LONGEST).sort("event_time")
        long_enough = rows.height and int(rows["event_time"][0]) <= at - WARM_UP
        if long_enough and int(rows["event_time"][-1]) > at - _FRESH - one.step:
            return rows, one
    raise NotEnoughDataError(
        f"expected open interest of {bars.coin} of {venue_list(bars.venues)} or of all venues for the "
        f"{format_duration(WARM_UP)} before {format_time(at)}, found {held(lake, 'open_interest', found)}"
        f"{without_step(known, 'open_interest')}; it must reach to the moment asked for (`runout series` lists them)"
    )


def _liquidations(lake: Lake, known: Iterable[Series], at: int, venue: str, coin: str) -> tuple[pl.DataFrame, Series]:
    found = [
        s for s in known
        if s.kind == "liquidations" and s.venues == (venue,) and 0 < s.step < NANOSECONDS_PER_DAY
    ]  # fmt: skip
    for one in sorted(found, key=lambda s: (s.step, s.series)):
        rows = lake.as_of("liquidations", at=at, series=[one.series], since=at - _LONGEST)
        if rows.height:
            sides = rows.pivot("liquidated_side", index="event_time", values="value_usd", aggregate_function="sum")
            missing = [pl.lit(None, pl.Float64).alias(side) for side in SIDES if side not in sides.columns]
            return sides.with_columns(missing).select("event_time", *SIDES).sort("event_time"), one
    raise NotEnoughDataError(
        f"expected liquidations of {coin} that {venue_list((venue,))} reported, finer than a day, before "
        f"{format_time(at)}, found {held(lake, 'liquidations', found)}; `runout series` lists what there is"
    )


def _spread(bars: pl.DataFrame, interest: pl.DataFrame) -> pl.DataFrame:
    """Return bars with open interest in coins at their ends: between two reports along the volume traded."""
    joined = interest.join(bars.select("event_time", "close"), on="event_time", how="inner")
    coins = pl.coalesce("open_interest_base", pl.col("open_interest_usd") / pl.col("close"))
    reports = joined.select("event_time", coins.alias("coins")).drop_nulls().filter(pl.col("coins") > 0.0)
    if reports.is_empty():
        raise NotEnoughDataError(
            f"expected open interest at the ends of bars ({known_span(bars)}), found {known_span(interest)}"
        )
    traded = np.cumsum(bars["volume_base"].to_numpy())
    rows = np.searchsorted(bars["event_time"].to_numpy(), reports["event_time"].to_numpy())
    values = np.interp(traded, traded[rows], reports["coins"].to_numpy())
    values[: rows[0]] = np.nan
    values[rows[-1] + 1 :] = np.nan
    _leave_gaps(values, rows, reports["event_time"].to_numpy())
    return bars.with_columns(open_interest_base=pl.Series(values))


def _leave_gaps(values: FloatArray, rows: IntArray, times: IntArray) -> None:
    """Take out what was drawn across a silence of more than a day: a gap is not bridged."""
    for i in np.flatnonzero(np.diff(times) > NANOSECONDS_PER_DAY).tolist():
        values[rows[i] + 1 : rows[i + 1]] = np.nan


# -- running ----------------------------------------------------------------------------------------------------------


class _Way(msgspec.Struct, frozen=True, eq=False):
    """Where the price went in a bucket, and what the map of its start had there."""

    start: int
    low: float
    high: float
    side: int
    inferred_usd: FloatArray


class _Run(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What the filter did: dollars liquidated by bucket, and coins by level where they are needed."""

    end: IntArray
    """Ends of the buckets."""
    inferred_usd: FloatArray
    way_usd: FloatArray
    """What the map at each bucket's start had on the way that the price then went; NaN without one."""
    reported_usd: FloatArray
    span: int
    fitted_from: int
    distance: tuple[float, ...]
    resting: dict[int, FloatArray]
    columns: tuple[int, ...]
    day_ago: int
    """0 where the bars do not reach back so far."""
    ways: tuple[_Way, ...]
    last: MapState
    jumps: tuple[Jump, ...]


def _run(market: _Market, begin: int, edges: FloatArray, *, heat: bool) -> _Run:
    rows = market.bars.filter(pl.col("open_interest_base").is_not_nan().cum_sum() > 0)
    ends, span = rows["event_time"].to_numpy(), market.bucket
    last, first = int(ends[-1]), int(ends[0] - rows["span"][0])
    # Cut at the columns even without heat: sums in other pieces round otherwise, and the fitted weights with them.
    cuts = _columns(ends, begin)
    columns = cuts if heat else (last,)
    bucket_starts = _whole_buckets(ends, max(first + WARM_UP, begin - WAYS), span)
    day_ago = int(ends[max(np.searchsorted(ends, last - NANOSECONDS_PER_DAY, side="right") - 1, 0)])
    shown = {*columns, day_ago, last}
    state = start(float(rows["open"][0]), float(rows["open_interest_base"][0]), first, int(rows["span"][0]))
    slot = (ends - 1) // span - (ends[0] - 1) // span
    coins = np.zeros((int(slot[-1]) + 1, 2, len(state.cohorts.distance), len(state.cohorts.population)))
    levels: dict[int, FloatArray] = {}
    ways: list[_Way] = []
    jumps: list[Jump] = []
    for part in _parts(rows, sorted({*cuts, *shown, *bucket_starts})):
        state.step = int(part["span"][0])
        here = slot[np.searchsorted(ends, part["event_time"].to_numpy())]
        made = advance(state, Bars.of(part), here - here[0])
        coins[here[0] : here[0] + len(made.coins)] += made.coins
        jumps += made.jumps
        if state.event_time in shown:
            levels[state.event_time] = resting(state, edges)
        if state.event_time in bucket_starts:
            ways += _ways(state, ends, rows, span)
    end = (np.arange(len(coins)) + (ends[0] - 1) // span + 1) * span
    way_usd = np.full(coins.shape, np.nan)
    for way in ways:
        way_usd[(way.start - int(end[0])) // span + 1, way.side] = way.inferred_usd
    price = _bucket_price(rows, slot)[:, np.newaxis, np.newaxis, np.newaxis]
    return _Run(
        end=end, inferred_usd=coins * price, way_usd=way_usd, reported_usd=_aligned(market.reported, end), span=span,
        fitted_from=first + WARM_UP, distance=state.cohorts.distance, resting=levels, columns=columns,
        day_ago=day_ago if day_ago <= last - NANOSECONDS_PER_DAY else 0,
        ways=tuple(way for way in ways if way.start >= begin), last=state,
        jumps=tuple(jumps),
    )  # fmt: skip


def _whole_buckets(ends: IntArray, begin: int, span: int) -> set[int]:
    """Return starts of the buckets in the window at whose start and end a bar ends."""
    starts = np.arange(-(-begin // span) * span, int(ends[-1]), span)
    return set(starts[np.isin(starts, ends) & np.isin(starts + span, ends)].tolist())


def _ways(state: MapState, ends: IntArray, rows: pl.DataFrame, span: int) -> list[_Way]:
    begin = state.event_time
    first, last = np.searchsorted(ends, [begin, begin + span], side="right").tolist()
    bucket = rows[first:last]
    open_ = float(bucket["open"][0])
    low, high = bucket.select(pl.col("low").min(), pl.col("high").max()).row(0)
    found: list[_Way] = []
    for side, extreme in enumerate((low, high)):
        inferred = reached(state, side, extreme) * float(np.sqrt(open_ * extreme))
        found.append(_Way(begin, min(open_, extreme), max(open_, extreme), side, inferred))
    return found


def _aligned(reported: pl.DataFrame, end: IntArray) -> FloatArray:
    """Return reported dollars of each bucket, NaN where nothing was published."""
    joined = pl.DataFrame({"event_time": end}).join(reported, on="event_time", how="left", maintain_order="left")
    return joined.select(pl.col(SIDES).cast(pl.Float64).fill_null(float("nan"))).to_numpy()


def _parts(rows: pl.DataFrame, stops: Sequence[int]) -> list[pl.DataFrame]:
    """Return rows cut after each stop and where the step changes."""
    ends, spans = rows["event_time"].to_numpy(), rows["span"].to_numpy()
    cuts = {0, len(ends), *np.searchsorted(ends, np.asarray(stops), side="right").tolist()}
    cuts |= set((np.flatnonzero(np.diff(spans)) + 1).tolist())
    return [rows[a:b] for a, b in pairwise(sorted(cuts))]


def _bucket_price(rows: pl.DataFrame, slot: IntArray) -> FloatArray:
    """Return the geometric middle of each bucket's range; the last one where nothing was traded."""
    middle = np.full(int(slot[-1]) + 1, np.nan)
    ranges = rows.group_by(pl.Series("slot", slot)).agg(pl.col("low").min(), pl.col("high").max())
    middle[ranges["slot"].to_numpy()] = np.sqrt(ranges["low"].to_numpy() * ranges["high"].to_numpy())
    return pl.Series(middle).fill_nan(None).fill_null(strategy="forward").to_numpy()


def _columns(ends: IntArray, begin: int) -> tuple[int, ...]:
    """Return the moments of the heatmap: bar ends, evenly, about as many as there are pixels for."""
    inside = ends[ends >= begin]
    every = _step(int(ends[-1]) - begin, _COLUMNS)
    chosen = inside[(inside % every == 0) | (inside == inside[-1])]
    return tuple(chosen.tolist())


def _step(period: int, most: int) -> int:
    return next((step for step in _STEPS if period <= step * most), _STEPS[-1])


def _fitted(run: _Run, before: int, otherwise: Weights | None = None) -> Weights:
    """Return weights from the buckets that had ended by ``before``; the other ones where these are too few."""
    rows = (run.end <= before) & (run.end - run.span >= run.fitted_from)
    try:
        fitted = fit(run.inferred_usd[rows], run.reported_usd[rows], run.end[rows], span=run.span)
    except NotEnoughDataError:
        if otherwise is None:
            raise
        return otherwise
    return along_ways(fitted, run.way_usd[rows], run.reported_usd[rows])


# -- what came of it --------------------------------------------------------------------------------------------------


def _sweeps(run: _Run, weights: Weights) -> tuple[Sweep, ...]:
    """Return, for each bucket of the window that has ended, what the map of its start expected on the way it went."""
    rows = {int(t): row for row, t in enumerate(run.end)}
    found: list[Sweep] = []
    for way in run.ways:
        side, end = SIDES[way.side], way.start + run.span
        realised = float(run.reported_usd[rows[end], way.side])
        predicted = total(weights, side, way.inferred_usd, background=True)
        found.append(
            Sweep(
                side=side, start=way.start, end=end, low=way.low, high=way.high, predicted=predicted,
                realised_usd=None if np.isnan(realised) else realised,
            )
        )  # fmt: skip
    return tuple(found)


def _heat(run: _Run, weights: Weights, edges: FloatArray) -> Heat:
    middle = (edges[:-1] + edges[1:]) / 2.0
    usd = [
        [expected_usd(weights.of(name), run.resting[moment][side]) * middle for moment in run.columns]
        for side, name in enumerate(SIDES)
    ]
    return Heat(np.array(run.columns, dtype=np.int64), np.array(usd))


def _candles(window: pl.DataFrame, begin: int) -> pl.DataFrame:
    step = max(_step(int(window["event_time"][-1]) - begin, _CANDLES), int(window["span"][-1]))
    ends = (pl.col("event_time") + step - 1) // step * step
    return window.group_by(ends.alias("candle"), maintain_order=True).agg(
        pl.col("event_time").last(), pl.lit(step, pl.Int64).alias("span"), pl.col("open").first(),
        pl.col("high").max(), pl.col("low").min(), pl.col("close").last(),
    ).drop("event_time").rename({"candle": "event_time"})  # fmt: skip
