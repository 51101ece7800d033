"""Series put together here from what venues publish contract by contract: bars, open interest, hours of liquidations.

A total names exactly the venues inside it. A contract that is listed later joins where it begins, unless it is large
then: a large part that begins is history that could not be had, and the total begins with it. Hours of liquidations
count only after the first event of a feed and without a gap; what a capped feed did not show stays unseen, and the
series says how its feeds capture.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import polars as pl

from runout.clock import (
    NANOSECONDS_PER_DAY,
    NANOSECONDS_PER_HOUR,
    NANOSECONDS_PER_MINUTE,
    NANOSECONDS_PER_SECOND,
    format_duration,
)
from runout.indicators.sums import at_whole_steps, event_totals, longer_bars, sum_of_parts
from runout.pipeline.derivations.computation import Tables, inputs_of, rows_of
from runout.records import KINDS, Series, conform, venue_list
from runout.records.series import Capture

PROVIDER: Final = "runout"
HOUR, DAY = NANOSECONDS_PER_HOUR, NANOSECONDS_PER_DAY
_STEPS = (HOUR, DAY)
_WAIT = DAY
_FRESH = 15 * NANOSECONDS_PER_MINUTE
"""How long before a whole step open interest may have been read to count for it."""
# A contract that begins with less than this share of the total is a new one, not a long-known one seen late.
_SMALL_SHARE = 0.02
_FIGURES = ("open_interest_base", "open_interest_usd")
_GRACE = 2 * NANOSECONDS_PER_MINUTE
_GAP_ALLOWED = 30 * NANOSECONDS_PER_SECOND
"""Seconds an hour may lack and still count as whole: a reconnect without an overlapping copy."""
_WORST_FIRST: tuple[Capture, ...] = ("unknown", "capped", "capped-then-complete", "complete", "not-applicable")


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """A series that is put together from others.

    Parameters
    ----------
    series
        The series.
    inputs
        Series read, by record kind.
    lookback
        Nanoseconds before the first new row that a row to be added can depend on.
    delay
        Nanoseconds before the first new row at which rows may still be added.
    derive
        From input tables, and the moment (UTC ns) from which they were read, to rows; 0: they are whole.
    needs_all
        A row needs one of every input at its time.
    """

    series: Series
    inputs: dict[str, tuple[str, ...]]
    lookback: int
    delay: int
    derive: Callable[[Tables, int], pl.DataFrame]
    needs_all: bool = False

    @property
    def name(self) -> str:
        """Return what its state is kept under."""
        return f"sum/{self.series.series}"


def venue_sums(series: Iterable[Series]) -> list[Sum]:
    """Return what is put together from a venue's own series: longer bars, open interest, hours of liquidations."""
    known = [item for item in series if (item.provider,) == item.venues]
    return [
        *_bars([item for item in known if item.kind == "bars" and 0 < item.step < _STEPS[0]]),
        *(_venue_interest(coin, venue, parts, known) for (coin, venue), parts in _by_venue(known, "open_interest")),
        *(_venue_hours(coin, venue, parts) for (coin, venue), parts in _by_venue(known, "liquidations")),
    ]


def joint_sums(series: Iterable[Series]) -> list[Sum]:
    """Return what is put together from the sums of several venues."""
    own: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for item in sorted(series, key=lambda entry: entry.series):
        if item.provider == PROVIDER and len(item.venues) == 1 and item.kind != "bars":
            own[item.coin, item.kind].append(item)
    several = [(coin, kind, parts) for (coin, kind), parts in sorted(own.items()) if len(parts) > 1]
    interest = [(coin, parts, step) for coin, kind, parts in several if kind == "open_interest" for step in _STEPS]
    forced = [(coin, parts) for coin, kind, parts in several if kind == "liquidations"]
    return [*(_joint_interest(*entry) for entry in interest), *(_joint_hours(*entry) for entry in forced)]


def _by_venue(known: Sequence[Series], kind: str) -> list[tuple[tuple[str, str], list[Series]]]:
    results: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for series in sorted(known, key=lambda item: item.series):
        fits = series.step and series.margin != "all" if kind == "open_interest" else not series.step
        if series.kind == kind and fits:
            results[series.coin, series.provider].append(series)
    return sorted(results.items())


# -- bars -------------------------------------------------------------------------------------------------------------


def _bars(own: Sequence[Series]) -> list[Sum]:
    """Return bars by the hour and day of each coin's first venue, where it has them by minutes only."""
    chosen: dict[tuple[str, str], Series] = {}
    for scope in sorted(own, key=lambda s: (s.venues != ("binance",), s.margin == "coin", s.series)):
        chosen.setdefault((scope.coin, scope.market), scope)
    return [_longer(scope, step) for scope in chosen.values() for step in _STEPS]


def _longer(scope: Series, step: int) -> Sum:
    longer = msgspec.structs.replace(
        scope,
        series=f"{PROVIDER}/bars/{scope.coin}/{scope.venues[0]}-{scope.market}/{format_duration(step)}",
        provider=PROVIDER,
        step=step,
        feed="bars put together",
    )

    def derive(tables: Tables, since: int) -> pl.DataFrame:
        del since
        return longer_bars(tables["bars"], step, scope.step).with_columns(
            event_time=pl.col("opened") + step, span=pl.lit(step)
        )

    return Sum(series=longer, inputs=inputs_of(scope), lookback=step, delay=0, derive=derive)


# -- open interest ----------------------------------------------------------------------------------------------------


def _venue_interest(coin: str, venue: str, parts: Sequence[Series], known: Sequence[Series]) -> Sum:
    step = max(part.step for part in parts)
    closes = {part.series: _beside(part, "bars", known) for part in parts}
    read = {part.series: [item for item in _beside(part, "open_interest", known) if not item.step] for part in parts}

    def derive(tables: Tables, since: int) -> pl.DataFrame:
        instants = {
            part.series: [_valued(tables, item, closes[part.series]) for item in read[part.series]] for part in parts
        }
        every = [table["known_time"] for own in instants.values() for table in own]
        proofs = pl.concat(every).unique().sort() if every else None
        results = [
            _at_steps(_valued(tables, part, closes[part.series]), instants[part.series], proofs, step) for part in parts
        ]
        results = [table for table in results if table.height]
        if results and not since:
            begin = _beginning(results)
            results = [table.filter(pl.col("event_time") >= begin) for table in results]
        return _priced(sum_of_parts(results, _FIGURES, _WAIT))

    beside = dict.fromkeys(close for part in parts for close in (*read[part.series], *closes[part.series]))
    return Sum(
        series=_interest(coin, (venue,), step, parts),
        inputs=inputs_of(*parts, *beside),
        lookback=2 * _WAIT + step,
        delay=_WAIT,
        derive=derive,
    )


def _at_steps(
    rows: pl.DataFrame, instants: Sequence[pl.DataFrame], proofs: pl.Series | None, step: int
) -> pl.DataFrame:
    """Return a contract's published figures at whole steps, and where there are none those collected just before."""
    published = rows.filter(pl.col("event_time") % step == 0)
    if not instants or proofs is None:
        return published
    collected = at_whole_steps(pl.concat(instants).sort("event_time"), proofs, step, _FRESH)
    return pl.concat([published, collected.join(published, on="event_time", how="anti")]).sort("event_time")


def _joint_interest(coin: str, parts: Sequence[Series], step: int) -> Sum:
    venues = tuple(series.venues[0] for series in parts)

    def derive(tables: Tables, since: int) -> pl.DataFrame:
        del since
        rows = tables["open_interest"].filter(pl.col("event_time") % step == 0)
        results = [
            rows_of({"open_interest": rows}, series).select("event_time", "known_time", *_FIGURES) for series in parts
        ]
        return _priced(sum_of_parts(results, _FIGURES, None))

    made_up = any(series.synthetic for series in parts)
    joint = msgspec.structs.replace(_interest(coin, venues, step, []), synthetic=made_up)
    return Sum(series=joint, inputs=inputs_of(*parts), lookback=0, delay=0, derive=derive, needs_all=True)


def _beside(part: Series, kind: str, known: Sequence[Series]) -> list[Series]:
    """Return the series of a kind of the same contract."""
    contract = (part.coin, part.provider, part.instruments, part.market)
    return [
        series
        for series in known
        if series.kind == kind and contract == (series.coin, series.provider, series.instruments, series.market)
    ]


def _priced(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(span=pl.lit(0), price=pl.col("open_interest_usd") / pl.col("open_interest_base"))


def _interest(coin: str, venues: tuple[str, ...], step: int, parts: Sequence[Series]) -> Series:
    return Series(
        series=f"{PROVIDER}/open_interest/{coin}/{'+'.join(venues)}/{format_duration(step)}",
        kind="open_interest",
        provider=PROVIDER,
        coin=coin,
        venues=venues,
        instruments=" + ".join(part.instruments for part in parts) if parts else "perpetual",
        market="all-derivatives",
        margin="all",
        feed="sum of contracts",
        step=step,
        stamp="instant",
        note=f"Summed here from each perpetual contract of {venue_list(venues)}; dated futures are not in.",
        synthetic=any(part.synthetic for part in parts),
    )


def _valued(tables: Tables, part: Series, bars: Sequence[Series]) -> pl.DataFrame:
    """Return a contract's rows; coins or dollars that are not published follow from the close of its own bars."""
    rows = rows_of(tables, part).select("event_time", "known_time", *_FIGURES)
    coins, dollars = pl.col("open_interest_base"), pl.col("open_interest_usd")
    if not rows.select((coins.is_null() | dollars.is_null()).any()).item():
        return rows
    table = tables.get("bars", KINDS["bars"].empty()).filter(pl.col("series").is_in([series.series for series in bars]))
    closes = table.sort("series", "event_time").unique("event_time", keep="first", maintain_order=True)
    return (
        rows.join(closes.select("event_time", "close"), on="event_time", how="left", maintain_order="left")
        .with_columns(
            open_interest_base=pl.coalesce(coins, dollars / pl.col("close")),
            open_interest_usd=pl.coalesce(dollars, coins * pl.col("close")),
        )
        .drop("close")
        .drop_nulls()
    )


def _beginning(tables: Sequence[pl.DataFrame]) -> int:
    """Return when the total begins: with the last of its parts that were not small when they began.

    A part that begins when all earlier ones have ended succeeds them: the contract of a renamed coin.
    """
    firsts = sorted(((int(t["event_time"].min()), t) for t in tables), key=lambda pair: pair[0])  # pyright: ignore[reportArgumentType]
    begin = firsts[0][0]
    for first, table in firsts[1:]:
        there = sum(_at(other, first) for other in tables)
        own = _at(table, first)
        if own < there and own >= _SMALL_SHARE * there:
            begin = first
    return begin


def _at(table: pl.DataFrame, moment: int) -> float:
    return float(table.filter(pl.col("event_time") == moment)["open_interest_base"].sum())


# -- liquidations -----------------------------------------------------------------------------------------------------


def _venue_hours(coin: str, venue: str, parts: Sequence[Series]) -> Sum:
    def derive(tables: Tables, since: int) -> pl.DataFrame:
        events = tables["liquidations"]
        if events.is_empty():
            return events
        # Whole hours only: after the first event of the feed, or wholly inside what was read.
        first = (since or int(events["event_time"].min())) // HOUR + 2  # type: ignore[arg-type]
        last = int(events["known_time"].max()) // HOUR  # type: ignore[arg-type] - an integer column, not empty
        ends = pl.DataFrame(
            {"event_time": [end * HOUR for end in range(first, last + 1)]}, schema={"event_time": pl.Int64}
        )
        whole = ends.join(_broken_hours(tables["gaps"]), on="event_time", how="anti")
        return _hourly(event_totals(events, whole, HOUR, _GRACE))

    inputs = inputs_of(*parts)
    return Sum(
        series=_hours_of(coin, (venue,), parts),
        inputs=inputs | {"gaps": inputs["liquidations"]},
        lookback=3 * HOUR,
        delay=HOUR,
        derive=derive,
    )


def _joint_hours(coin: str, parts: Sequence[Series]) -> Sum:
    def derive(tables: Tables, since: int) -> pl.DataFrame:
        del since
        rows = tables["liquidations"]
        sides = [
            sum_of_parts(
                [rows_of({"liquidations": side}, item).select("event_time", "known_time", *_TRADED) for item in parts],
                _TRADED, None,
            ).with_columns(liquidated_side=pl.lit(name))
            for name in ("long", "short")
            if (side := rows.filter(pl.col("liquidated_side") == name)).height
        ]  # fmt: skip
        return _hourly(pl.concat(sides)) if sides else rows

    venues = tuple(series.venues[0] for series in parts)
    return Sum(
        series=_hours_of(coin, venues, parts),
        inputs=inputs_of(*parts),
        lookback=0,
        delay=0,
        derive=derive,
        needs_all=True,
    )


_TRADED = ("value_usd", "quantity_base")


def _hourly(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(span=pl.lit(HOUR), sequence=pl.lit(0))


def _broken_hours(gaps: pl.DataFrame) -> pl.DataFrame:
    """Return the ends of hours in which a feed lacks more than is allowed."""
    pieces: dict[int, int] = defaultdict(int)
    for end, span in gaps.select("event_time", "span").iter_rows():
        begin = end - span
        while begin < end:
            close = min((begin // HOUR + 1) * HOUR, end)
            pieces[(begin // HOUR + 1) * HOUR] += close - begin
            begin = close
    broken = sorted(end for end, lacking in pieces.items() if lacking > _GAP_ALLOWED)
    return pl.DataFrame({"event_time": broken}, schema={"event_time": pl.Int64})


def _hours_of(coin: str, venues: tuple[str, ...], parts: Sequence[Series]) -> Series:
    captures = {part.capture for part in parts}
    capture: Capture = next(worst for worst in _WORST_FIRST if worst in captures)
    return Series(
        series=f"{PROVIDER}/liquidations/{coin}/{'+'.join(venues)}/1h",
        kind="liquidations",
        provider=PROVIDER,
        coin=coin,
        venues=venues,
        instruments="all contracts collected",
        market="all-derivatives",
        feed="sum of events",
        capture=capture,
        step=HOUR,
        publication_lag=_GRACE,
        note=f"Summed here from the events of {venue_list(venues)}: hours without a gap only.",
        synthetic=any(part.synthetic for part in parts),
    )


def rows_of_sum(total: Sum, rows: pl.DataFrame) -> pl.DataFrame:
    """Return derived rows as rows of the sum's record kind."""
    schema = KINDS[total.series.kind]
    named = rows.with_columns(series=pl.lit(total.series.series), coin=pl.lit(total.series.coin))
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in schema.dtypes.items() if name not in named.columns]
    return conform(named.with_columns(absent), schema)
