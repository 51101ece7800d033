"""The states of a map: walked through bars in memory, or kept in the lake and gone on from.

What is kept (kind ``map_states``), written by ``runout compute``, is what each four hours crossed, and the state at the
end of each day. A moment asked goes on from the newest state before it with the bars since, never from one after it;
where none is held that has seen the same bars, the map is walked through from the first bar. Both give the same bits.
Reading writes nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.bulletin.liquidation_map import Sources
from runout.clock import NANOSECONDS_PER_DAY
from runout.lake import Lake
from runout.liquidation_map import BUCKET, Bars, MapState, from_bytes, start, to_bytes
from runout.liquidation_map.state import Steps, crossed
from runout.pipeline.map_market import cleaned, read_bars
from runout.records import Series
from runout.scores.arrays import FloatArray, IntArray
from runout.version import METHOD_VERSION

_WAYS: Final = ("event_time", "open", "low", "high", "crossed_long", "crossed_short")


class Ways(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Where the price went in each four hours, and what the map of their start had there.

    Parameters
    ----------
    end
        UTC ns, shape (buckets,), ascending.
    open, low, high
        Dollars, likewise.
    crossed
        Dollars for each coin of open interest, shape (buckets, sides); NaN where bars are missing.
    """

    end: IntArray
    open: FloatArray
    low: FloatArray
    high: FloatArray
    crossed: FloatArray

    @property
    def distance(self) -> FloatArray:
        """Log price of each way, shape (buckets, sides)."""
        return np.stack([np.log(self.open / self.low), np.log(self.high / self.open)], axis=1)


class Walk(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What a map needs of its states.

    Parameters
    ----------
    state
        After the last bar.
    masses
        Of the moments asked for, by UTC ns: those of the last bar until then, and the price at that time.
    ways
        Of every whole four hours since the moment asked for.
    """

    state: MapState
    masses: dict[int, tuple[FloatArray, float]]
    ways: Ways


def walk(
    bars: pl.DataFrame,
    state: MapState,
    moments: Iterable[int],
    since: int,
    visit: Callable[[int, MapState], object] | None = None,
    *,
    path_only: bool = False,
) -> Walk:
    """Return a walk through rows of bars, from a state before them.

    Parameters
    ----------
    bars
        ``event_time, span, open, high, low, close, volume_base``, ascending; those that the state has seen only give
        prices.
    state
        Advanced in place.
    moments
        UTC ns.
    since
        Where ways begin, UTC ns.
    visit
        Called with the end of each four hours, UTC ns, and the state of then.
    path_only
        Whether volume is left out: :meth:`runout.liquidation_map.Bars.at_constant_clock`.
    """
    ends, closes, opens = bars["event_time"].to_numpy(), bars["close"].to_numpy(), bars["open"].to_numpy()
    ways = _buckets(bars.filter(pl.col("event_time") > max(since, state.event_time)))
    whole = np.isin(ways.end, ends) & np.isin(ways.end - BUCKET, [*ends.tolist(), int(ends[0] - bars["span"][0])])
    ahead = Bars.from_rows(bars.filter(pl.col("event_time") > state.event_time))
    steps = Steps(state, ahead.at_constant_clock() if path_only else ahead)
    asked = set(moments)
    masses: dict[int, tuple[FloatArray, float]] = {}
    visited: set[int] = set() if visit is None else set(ways.end.tolist())
    for moment in sorted({*asked, *visited, *(ways.end[whole] - BUCKET).tolist()}):
        steps.through(moment)
        if visit and moment in visited:
            visit(moment, state)
        row = int(np.searchsorted(ends, moment, side="right")) - 1
        values = state.masses()
        if moment in asked:
            masses[moment] = values, float(closes[row]) if row >= 0 else float(opens[0])
        bucket = np.flatnonzero(whole & (ways.end == moment + BUCKET))
        for side, extremes in enumerate((ways.low, ways.high)):
            ways.crossed[bucket, side] = [
                crossed(values, side, float(ways.open[i]), float(extremes[i])) for i in bucket
            ]  # fmt: skip
    steps.through(int(ends[-1]))
    return Walk(state=state, masses=masses, ways=ways)


def states_of(
    lake: Lake, sources: Sources, at: int, moments: Sequence[int], since: int, *, path_only: bool = False
) -> Walk:
    """Return the walk of a market as known at ``at`` (UTC ns), from the newest kept state if one is of the same bars.

    Parameters
    ----------
    lake
        Read only.
    sources
        Of the market.
    at
        UTC ns.
    moments
        Whose masses are asked, UTC ns.
    since
        Where ways begin, UTC ns.
    path_only
        As in :func:`walk`; of such none are kept.
    """
    if path_only:
        bars, _ = cleaned(read_bars(lake, sources.bars, at))
        return walk(bars, start(), moments, since, path_only=True)
    kept = _stored_rows(lake, sources, at)
    before = kept.filter(pl.col("event_time") <= min(moments) // NANOSECONDS_PER_DAY * NANOSECONDS_PER_DAY, "stated")
    if before.is_empty():
        bars, _ = cleaned(read_bars(lake, sources.bars, at))
        return walk(bars, start(), moments, since)
    base = int(before["event_time"][-1])
    bars, _ = cleaned(read_bars(lake, sources.bars, at, since=base - BUCKET + 1))
    ahead = walk(bars, _state(lake, sources, at, base), moments, since)
    earlier = kept.filter(pl.col("event_time").is_between(since, base, closed="right"))
    return msgspec.structs.replace(ahead, ways=_joined(earlier, ahead.ways))


def resumable(kept: pl.DataFrame) -> int:
    """Return the moment of the newest of kept rows that holds a state, UTC ns; 0 for none."""
    stated = kept.filter(pl.col("state").is_not_null())["event_time"]
    return int(stated[-1]) if len(stated) else 0


def kept_rows(bars: pl.DataFrame, series: Series, kept: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the rows of kind ``map_states`` of a market's bars, ascending.

    Parameters
    ----------
    bars
        ``known_time`` among their columns; from the four hours before the newest kept state on, at least.
    series
        The finest of the market.
    kept
        Rows of before, to go on from the newest state in them; None: from the first bar.
    """
    base = 0 if kept is None else resumable(kept)
    last = None if kept is None else kept.filter(pl.col("event_time") == base)
    state, known_before = start(), 0
    if last is not None and base:
        state, known_before = from_bytes(last["state"][0]), int(last["known_time"][0])
    rows, _ = cleaned(bars)
    states: list[tuple[int, int, bytes | None]] = []

    def visit(end: int, state: MapState) -> None:
        if state.event_time == end:
            states.append((end, state.bars, to_bytes(state) if end % NANOSECONDS_PER_DAY == 0 else None))

    ways = walk(rows, state, (), base, visit).ways
    known = rows.filter(pl.col("event_time") > base).select(
        "event_time", pl.max_horizontal(pl.col("known_time").cum_max(), pl.lit(known_before)).alias("known_time")
    )
    table = pl.DataFrame(states, schema={"event_time": pl.Int64, "bars": pl.Int64, "state": pl.Binary}, orient="row")
    prices = pl.DataFrame({
        "event_time": ways.end, "open": ways.open, "low": ways.low, "high": ways.high,
        "crossed_long": ways.crossed[:, 0], "crossed_short": ways.crossed[:, 1],
    }).fill_nan(None)  # fmt: skip
    joined = table.join(prices, on="event_time", how="left").join(known, on="event_time", how="left")
    return joined.sort("event_time").with_columns(
        series=pl.lit(series.series), coin=pl.lit(series.coin), venue=pl.lit(series.venues[0]),
        method_version=pl.lit(METHOD_VERSION),
    )  # fmt: skip


# -- in the lake ------------------------------------------------------------------------------------------------------


def _stored_rows(lake: Lake, sources: Sources, at: int) -> pl.DataFrame:
    """Return the kept rows known at a moment, without states, where they have seen the bars that the lake holds."""
    rows = _rows(lake, sources, at).select(*_WAYS, "bars", stated=pl.col("state").is_not_null()).collect()
    if rows.is_empty():
        return rows
    last, seen = rows.select("event_time", "bars").row(-1)
    return rows if _bars_until(lake, sources, at, last) == seen else rows.clear()


def _rows(lake: Lake, sources: Sources, at: int) -> pl.LazyFrame:
    own = lake.scan("map_states").filter(
        pl.col("series") == sources.bars[0].series, pl.col("known_time") <= at,
        pl.col("method_version") == METHOD_VERSION,
    )  # fmt: skip
    return own.sort("known_time").unique("event_time", keep="last", maintain_order=True).sort("event_time")


def _state(lake: Lake, sources: Sources, at: int, time: int) -> MapState:
    rows = _rows(lake, sources, at).filter(pl.col("event_time") == time).select("state")
    return from_bytes(rows.collect().item())


def _bars_until(lake: Lake, sources: Sources, at: int, until: int) -> int:
    count, before = 0, until
    for bar in sources.bars:
        own = lake.scan("bars").filter(
            pl.col("series") == bar.series, pl.col("known_time") <= at, pl.col("event_time") <= before,
            pl.col("close").is_not_null(),
        )  # fmt: skip
        results, first = (
            own.select(count=pl.col("event_time").n_unique(), first=pl.col("event_time").min()).collect().row(0)
        )
        count, before = count + results, before if first is None else first - bar.step
    return count


# -- arrays -----------------------------------------------------------------------------------------------------------


def _buckets(bars: pl.DataFrame) -> Ways:
    """Return first, lowest and highest price of each four hours in which bars are, nothing crossed yet."""
    end = ((pl.col("event_time") - pl.col("span")) // BUCKET * BUCKET + BUCKET).alias("end")
    rows = bars.group_by(end, maintain_order=True).agg(
        pl.col("open").first(), pl.col("low").min(), pl.col("high").max()
    )
    columns = {name: rows[name].to_numpy() for name in ("end", "open", "low", "high")}
    return Ways(**columns, crossed=np.full((rows.height, 2), np.nan))


def _joined(earlier: pl.DataFrame, later: Ways) -> Ways:
    whole = earlier.drop_nulls("open")
    sides = whole.select(pl.col("crossed_long", "crossed_short").cast(pl.Float64).fill_null(float("nan"))).to_numpy()
    return Ways(
        end=np.append(whole["event_time"].to_numpy(), later.end),
        **{name: np.append(whole[name].to_numpy(), getattr(later, name)) for name in ("open", "low", "high")},
        crossed=np.concatenate([sides, later.crossed]),
    )
