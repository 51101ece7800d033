"""What was reported of a coin's market as of a moment: candles, liquidations, open interest, funding, depth.

Each question reads the finest series that covers the window asked for, and sums it to a step that a screen can show:
a wide window is never an error. A bucket without rows is absent: nothing is filled in.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import polars as pl

from runout.api.table_answer import TableAnswer, table_of
from runout.api.tables import dated
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, format_time
from runout.errors import NotEnoughDataError, UsageError
from runout.lake import Lake, catalogue
from runout.records import Series, venue_list

WINDOW: Final = 7 * NANOSECONDS_PER_DAY
"""How far back a question looks without being told."""
COLUMNS: Final = 400
_STEPS: Final = tuple(m * NANOSECONDS_PER_MINUTE for m in (1, 5, 15, 30, 60, 240, 480, 1440, 10080))
_BAR: Final = {
    "open": pl.col("open").first(), "high": pl.col("high").max(), "low": pl.col("low").min(),
    "close": pl.col("close").last(), "volume_usd": pl.col("volume_usd").sum(),
}  # fmt: skip
_EVENT: Final = ("event_time", "venue", "liquidated_side", "value_usd", "quantity_base", "price", "series")


def preference(series: Series) -> tuple[bool, int, bool, bool, str]:
    """Return the place of a series among those of a coin: perpetual, fine, of Binance and stablecoin-margined first."""
    perpetual, binance = series.market == "perpetual", series.venues == ("binance",)
    return not perpetual, series.step, not binance, series.margin != "stablecoin", series.series


def book_of(series: Series) -> tuple[str, str, tuple[str, ...]]:
    """Return the market whose trades a series is of: steps of one market may follow each other."""
    return series.market, series.margin, series.venues


def candles(
    lake: Lake, coin: str, at: int, *, since: int | None = None, columns: int = COLUMNS, venue: str | None = None
) -> TableAnswer:
    """Return candles of the coin's perpetual market (spot where there is none).

    Parameters
    ----------
    lake, coin, at
        What was known of the coin by then (UTC ns).
    since
        UTC ns; a week before if absent.
    columns
        The step is the shortest of 1 m to 7 d that needs no more.
    venue
        Whose market; that of the finest bars if absent. Bars that end early are continued by the
        finest of their market that go on.

    Returns
    -------
    TableAnswer
        ``event_time`` (end), ``span`` (ns), ``open, high, low, close`` in dollars, ``volume_usd``.

    Raises
    ------
    NotEnoughDataError
        If no bars of the coin were known.
    UsageError
        If the window is empty.
    """
    begin = _begin(at, since)
    known = lake.series("bars", coin, at=at)
    requested = [item for item in known if item.step and (venue is None or item.venues == (venue,))]
    ranked = sorted(requested, key=preference)
    chosen = _covering(lake, "bars", ranked, at, begin)
    if chosen is None:
        on = "" if venue is None else f" on {venue_list((venue,))}"
        raise NotEnoughDataError(
            f"expected bars of {coin}{on} between {format_time(begin)} and {format_time(at)}, found "
            f"{catalogue.known_period(lake, 'bars', requested)}; see /v1/series",
            newest=catalogue.newest_of(lake, requested),
        )
    sources, rows = _continued(lake, "bars", ranked, at, chosen)
    step = max(step_for(at - begin, columns), *(item.step for item in sources))
    return table_of(dated(_bucketed(rows, step, **_BAR)), sources)


def liquidations(lake: Lake, coin: str, at: int, *, since: int | None = None, columns: int = COLUMNS) -> TableAnswer:
    """Return liquidations of a coin by bucket and side: totals of intervals where they are current, else single events.

    Parameters
    ----------
    lake, coin, at, since, columns
        As for :func:`candles`.

    Returns
    -------
    TableAnswer
        ``event_time`` (end), ``span`` (ns), ``long_usd, short_usd`` as reported.

    Raises
    ------
    UsageError
        If the window is empty.
    """
    begin = _begin(at, since)
    known = lake.series("liquidations", coin, at=at)
    group = catalogue.finest_liquidations(catalogue.liquidation_groups(known), coin)
    sources: Sequence[Series] = () if group is None else group.series
    rows = lake.as_of("liquidations", at=at, series=[series.series for series in sources], since=begin + 1)
    newest = msgspec.convert(rows["event_time"].max() or 0, int)
    if newest < at - 2 * max((series.step for series in sources), default=0):
        events, singles = _events(lake, known, at, begin)
        sources, rows = (events, singles) if singles.height else (sources, rows)
    if not sources:
        return TableAnswer(table=pl.DataFrame(schema={"event_time": pl.Datetime("ns", "UTC")}))
    step = max(step_for(at - begin, columns), *(series.step for series in sources))
    sides = {
        f"{side}_usd": pl.col("value_usd").filter(pl.col("liquidated_side") == side).sum() for side in ("long", "short")
    }
    return table_of(dated(_bucketed(rows, step, **sides)), tuple(sources))


def tape(
    lake: Lake, coin: str, at: int, *, limit: int = 100, least_usd: float = 0.0, since: int | None = None
) -> TableAnswer:
    """Return the latest single liquidations, the newest first.

    Parameters
    ----------
    lake, coin, at
        What was known of the coin by then (UTC ns).
    limit
        At most so many.
    least_usd
        Smaller ones are left out.
    since
        UTC ns; a week before if absent.

    Returns
    -------
    TableAnswer
        ``event_time, venue, liquidated_side, value_usd, quantity_base, price, series``; empty where only totals of
        intervals are held.
    """
    begin = _begin(at, since)
    known = lake.series("liquidations", coin, at=at)
    sources, rows = _events(lake, known, at, begin, least=limit, least_usd=least_usd)
    venues = pl.Series("venue", [source.venues[0] for source in sources], pl.String)
    named = pl.DataFrame([pl.Series("series", [source.series for source in sources], pl.String), venues])
    newest = (
        rows.lazy()
        .sort("event_time", "series", "sequence", descending=True).head(limit)
        .join(named.lazy(), on="series", how="left", maintain_order="left").select(_EVENT).collect()
    )  # fmt: skip
    note = "" if newest.height else f"No single liquidations of {coin} are held, only totals of intervals."
    shown = set(newest["series"])
    return table_of(dated(newest), tuple(source for source in sources if source.series in shown), note=note)


def open_interest(
    lake: Lake, coin: str, at: int, *, since: int | None = None, columns: int = COLUMNS, venue: str | None = None
) -> TableAnswer:
    r"""Return open interest in coins and dollars, its change parted into positions and price.

    .. math:: \Delta (n p) = \underbrace{\Delta n \cdot p_0}_{positions} + \underbrace{n_1 \Delta p}_{price}

    Parameters
    ----------
    lake, coin, at, since, columns
        As for :func:`candles`.
    venue
        Of one venue; of all venues if absent, where it is held.

    Returns
    -------
    TableAnswer
        ``event_time, open_interest_base, open_interest_usd``; ``position_usd`` and ``price_usd``, which add up to the
        change since the row before, null in the first row and without coins.
    """
    begin = _begin(at, since)
    known = [series for series in lake.series("open_interest", coin, at=at) if series.step]
    own = [item for item in known if venue is None or item.venues == (venue,)]
    ranked = sorted(own, key=lambda s: (s.venues != ("all",), s.margin != "all", s.step, s.series))
    chosen = _covering(lake, "open_interest", ranked, at, begin)
    if chosen is None:
        return TableAnswer(table=pl.DataFrame(schema={"event_time": pl.Datetime("ns", "UTC")}))
    source, rows = chosen
    step = max(step_for(at - begin, columns), source.step)
    priced = _with_price(lake, rows, coin, at, begin)
    newest = {name: pl.col(name).last() for name in ("moment", "coins", "usd", "mark")}
    last = _bucketed(priced.with_columns(moment="event_time"), step, **newest)
    before, price = pl.col("coins").shift(), pl.col("mark")
    parted = last.select(
        pl.col("moment").alias("event_time"),
        pl.col("coins").alias("open_interest_base"),
        pl.col("usd").alias("open_interest_usd"),
        ((pl.col("coins") - before) * price.shift()).alias("position_usd"),
        (pl.col("coins") * (price - price.shift())).alias("price_usd"),
    )
    return table_of(dated(parted), (source,))


def funding(lake: Lake, coin: str, at: int, *, since: int | None = None) -> TableAnswer:
    """Return funding of a coin, weighted by open interest where it is held, else of the venue with the finest series.

    Returns
    -------
    TableAnswer
        ``event_time, rate`` (fraction per ``interval_hours``; positive: longs pay), ``interval_hours``.
    """
    begin = _begin(at, since)
    known = lake.series("funding", coin, at=at)
    ranked = [*catalogue.weighted_funding(known, coin), *catalogue.venue_funding(known, coin)]
    return _listed(_covering(lake, "funding", ranked, at, begin), ("event_time", "rate", "interval_hours"))


def depth(lake: Lake, coin: str, at: int, *, since: int | None = None) -> TableAnswer:
    """Return resting orders within a band around the price: ``event_time, band, bid_usd, ask_usd``."""
    begin = _begin(at, since)
    known = [series for series in lake.series("depth", coin, at=at) if series.step]
    ranked = sorted(known, key=lambda s: (s.market != "perpetual", len(s.venues), s.step, s.series))
    return _listed(_covering(lake, "depth", ranked, at, begin), ("event_time", "band", "bid_usd", "ask_usd"))


def flushes(lake: Lake, coin: str, at: int) -> TableAnswer:
    """Return flushes and squeezes of a coin as they were known, the newest first: rows of kind ``flushes``."""
    rows = lake.as_of("flushes", at=at).filter(pl.col("coin") == coin)
    latest = rows.sort("event_time").unique(["series", "direction", "start_time"], keep="last", maintain_order=True)
    newest = latest.sort("start_time", "series", "direction", descending=True)
    synthetic = any(series.synthetic for series in lake.series("bars", coin))
    return TableAnswer(table=dated(newest), scope=f"{coin}, each group of liquidation series", synthetic=synthetic)


def step_for(window: int, columns: int) -> int:
    """Return the shortest step (ns) that parts a window into no more than so many.

    Examples
    --------
    >>> step_for(7 * 24 * 60 * NANOSECONDS_PER_MINUTE, 400) // NANOSECONDS_PER_MINUTE
    30
    """
    return next((step for step in _STEPS if step * columns >= window), -(-window // columns))


# -- reading ----------------------------------------------------------------------------------------------------------


def _begin(at: int, since: int | None) -> int:
    begin = at - WINDOW if since is None else since
    if begin >= at:
        raise UsageError(f"The window is empty: expected a begin before {format_time(at)}, found {format_time(begin)}")
    return begin


def _covering(
    lake: Lake, kind: str, ranked: Sequence[Series], at: int, begin: int
) -> tuple[Series, pl.DataFrame] | None:
    """Return the first series that covers most of the window, else the one that covers most of it, with its rows."""
    best: tuple[int, Series, pl.DataFrame] | None = None
    for series in ranked:
        rows = lake.as_of(kind, at=at, series=[series.series], since=begin + 1).sort("event_time")
        if rows.is_empty():
            continue
        covered = int(rows["event_time"][-1]) - int(rows["event_time"][0]) + series.step
        if covered >= 0.9 * (at - begin) - series.step:
            return series, rows
        if best is None or covered > best[0]:
            best = (covered, series, rows)
    return None if best is None else best[1:]


def _continued(
    lake: Lake, kind: str, ranked: Sequence[Series], at: int, chosen: tuple[Series, pl.DataFrame]
) -> tuple[tuple[Series, ...], pl.DataFrame]:
    """Return the chosen series, continued after its end by the finest of its market that goes on: none ends early."""
    source, rows = chosen
    for series in ranked:
        if series == source or book_of(series) != book_of(source):
            continue
        more = lake.as_of(kind, at=at, series=[series.series], since=int(rows["event_time"][-1]) + 1)
        inside = pl.col("event_time") - pl.col("span") >= int(rows["event_time"][-1])  # no trade is counted twice
        if not (more := more.filter(inside)).is_empty():
            return (source, series), pl.concat([rows, more.sort("event_time")])
    return (source,), rows


def _events(
    lake: Lake, known: Sequence[Series], at: int, begin: int, *, least: int = 0, least_usd: float = 0.0
) -> tuple[list[Series], pl.DataFrame]:
    """Return single liquidations of venues that are named; with ``least``, no earlier than needed for so many."""
    sources = [item for item in known if item.kind == "liquidations" and not item.step and item.venues != ("all",)]
    names = [series.series for series in sources]
    target = (pl.col("span") == 0) & (pl.col("value_usd") >= least_usd)  # totals that trail an odd moment are no events
    starts = [at - NANOSECONDS_PER_HOUR, at - NANOSECONDS_PER_DAY] if least else []
    for start in [item for item in starts if item > begin]:
        rows = lake.as_of("liquidations", at=at, series=names, since=start).filter(target)
        if rows.height >= least:
            return sources, rows
    rows = lake.as_of("liquidations", at=at, series=names, since=begin + 1).filter(target)
    return sources, rows.sort("event_time", "series", "sequence")


def _bucketed(rows: pl.DataFrame, step: int, **sums: pl.Expr) -> pl.DataFrame:
    """Return aggregates of buckets, summed in the order of time: the same to the last bit in every run."""
    ends = ((pl.col("event_time").cast(pl.Int64) + step - 1) // step * step).alias("bucket")
    grouped = rows.sort("event_time").group_by(ends, maintain_order=True).agg(**sums)
    return grouped.select(
        pl.col("bucket").alias("event_time"), pl.lit(step, pl.Int64).alias("span"), pl.exclude("bucket")
    )


def _with_price(lake: Lake, rows: pl.DataFrame, coin: str, at: int, begin: int) -> pl.DataFrame:
    """Return open interest in coins and dollars, each from the other where only one is published."""
    own = rows.with_columns(pl.coalesce("price", pl.col("open_interest_usd") / pl.col("open_interest_base")).alias("p"))
    if own["p"].null_count():
        bars = catalogue.bars(lake.series("bars", coin, at=at), coin)
        closes = lake.as_of("bars", at=at, series=[bars.series] if bars else [], since=begin)
        closes = closes.select("event_time", "close").sort("event_time")
        own = own.join(closes, on="event_time", how="left").with_columns(pl.coalesce("p", "close").alias("p"))
    return own.select(
        "event_time",
        pl.coalesce("open_interest_base", pl.col("open_interest_usd") / pl.col("p")).alias("coins"),
        pl.coalesce("open_interest_usd", pl.col("open_interest_base") * pl.col("p")).alias("usd"),
        pl.col("p").alias("mark"),
    )


def _listed(chosen: tuple[Series, pl.DataFrame] | None, columns: Sequence[str]) -> TableAnswer:
    if chosen is None:
        return TableAnswer(table=pl.DataFrame(schema={"event_time": pl.Datetime("ns", "UTC")}))
    return table_of(dated(chosen[1].select(columns)), (chosen[0],))
