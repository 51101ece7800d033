"""What a lake has observed by a moment, and what it has not: the newest row of each series, and stretches without."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
import polars as pl

from runout.api.market import book_of, preference
from runout.api.table_answer import TableAnswer, table_of
from runout.api.tables import dated
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_time
from runout.lake import Lake
from runout.records import Series
from runout.records.kinds import GAPS, OBSERVED

FRESH: Final = NANOSECONDS_PER_HOUR
"""Beyond its own step, how old the newest price of a lake that is called live may be."""
_KINDS: Final = ("bars", "liquidations")


class CoinStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A coin of the lake.

    Parameters
    ----------
    coin
        Base asset.
    newest
        ISO 8601 UTC: end of its newest intraday bar of a perpetual market, else of its newest bar.
    intraday
        Whether it has bars finer than a day, which a map needs.
    venues
        Of those bars.
    synthetic
        Whether no market made its figures.
    """

    coin: str
    newest: str
    intraday: bool
    venues: tuple[str, ...]
    synthetic: bool


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a lake holds, for a reader who has just come.

    Parameters
    ----------
    lake
        Its name, without the folder it lies in.
    coins
        Those with bars, the one with the finest and newest first.
    newest
        ISO 8601 UTC of its newest bar; empty without one.
    age_seconds
        Of that bar, at the moment asked of; null without one.
    state
        ``empty``, ``stale`` (the newest bar is overdue) or ``live``.
    synthetic
        Whether any series was not made by a market.
    series
        How many series with rows are known.
    """

    lake: str
    coins: tuple[CoinStatus, ...]
    newest: str
    age_seconds: int | None
    state: str
    synthetic: bool
    series: int


def status(lake: Lake, at: int) -> Status:
    """Return what a lake held at a moment (UTC ns)."""
    known = lake.series(at=at)
    last = _last_times(lake, at)
    coins = sorted(
        (_coin(name, [item for item in known if item.coin == name and item.kind == "bars"], last)
         for name in {item.coin for item in known if item.kind == "bars"}),
        key=lambda c: (not c[0].intraday, c[0].coin != "BTC", c[0].coin),
    )  # fmt: skip
    newest = max((time for _, time, _ in coins), default=0)
    step = min((step for _, time, step in coins if time == newest), default=0)
    state = "empty" if not newest else "live" if at - newest <= step + FRESH else "stale"
    return Status(
        lake=lake.root.rsplit("/", 1)[-1],
        coins=tuple(coin for coin, _, _ in coins),
        newest=format_time(newest) if newest else "",
        age_seconds=max(at - newest, 0) // 1_000_000_000 if newest else None,
        state=state,
        synthetic=any(item.synthetic for item in known),
        series=len(known),
    )


def _coin(name: str, bars: Sequence[Series], last: dict[str, int]) -> tuple[CoinStatus, int, int]:
    fine = [series for series in bars if 0 < series.step < NANOSECONDS_PER_DAY and series.market == "perpetual"]
    used = max(fine or bars, key=lambda series: (last.get(series.series, 0), -series.step))
    newest = last.get(used.series, 0)
    venues = tuple(sorted({venue for series in (fine or bars) for venue in series.venues}))
    synthetic = any(series.synthetic for series in bars)
    coin_status = CoinStatus(
        coin=name, newest=format_time(newest), intraday=bool(fine), venues=venues, synthetic=synthetic
    )
    return coin_status, newest, used.step


def feeds(lake: Lake, coin: str, at: int) -> TableAnswer:
    """Return the newest row of every series of a coin, as it was known.

    Parameters
    ----------
    lake, coin, at
        What was known of the coin by then (UTC ns).

    Returns
    -------
    TableAnswer
        ``series, kind, venues, step_ns`` (0: irregular), ``last_time, age_seconds``, ``overdue`` (older than two steps
        and its publication lag; null of irregular ones), ``capture, scope, note``.
    """
    known = lake.series(coin=coin, at=at)
    last = _last_times(lake, at)
    rows = [
        (
            item.series, item.kind, "+".join(item.venues), item.step, last[item.series],
            (at - last[item.series]) // 1_000_000_000,
            at - last[item.series] > 2 * item.step + item.publication_lag if item.step else None,
            item.capture, item.scope(), item.note,
        )
        for item in known if item.series in last
    ]  # fmt: skip
    table = pl.DataFrame(
        rows, orient="row",
        schema={
            "series": pl.String, "kind": pl.String, "venues": pl.String, "step_ns": pl.Int64, "last_time": pl.Int64,
            "age_seconds": pl.Int64, "overdue": pl.Boolean, "capture": pl.String, "scope": pl.String,
            "note": pl.String,
        },
    )  # fmt: skip
    synthetic = any(item.synthetic for item in known)
    return TableAnswer(table=dated(table), scope=f"{coin}, all series", synthetic=synthetic)


def unobserved(lake: Lake, coin: str, at: int, begin: int, *, venue: str | None = None) -> TableAnswer:
    """Return the stretches of a window in which prices or liquidations of a coin were not observed.

    Parameters
    ----------
    lake, coin, at
        What was known of the coin by then (UTC ns).
    begin
        Of the window, UTC ns.
    venue
        Whose prices, and no gaps of prices elsewhere; those of the finest bars if absent.

    Returns
    -------
    TableAnswer
        ``kind, series, start_time, end_time, reason``: of the finest bars and of the finest interval totals of
        liquidations, before their first row of coarser ones of the same market, and every gap on record.
    """
    known = lake.series(coin=coin, at=at)
    if venue is not None:
        known = [item for item in known if item.kind != "bars" or item.venues == (venue,)]
    rows: list[tuple[str, str, int, int, str]] = []
    used: list[Series] = []
    for kind in _KINDS:
        series = [item for item in known if item.kind == kind and 0 < item.step < NANOSECONDS_PER_DAY]
        if not series:
            continue
        ranked = sorted(series, key=preference)
        finest = ranked[0]
        used.append(finest)
        rows += [
            (kind, finest.series, start, end, "no rows")
            for start, end in _gaps(lake, [item for item in ranked if book_of(item) == book_of(finest)], at, begin)
        ]
    kinds = {item.series: item.kind for item in known}
    recorded = lake.as_of("gaps", at=at, since=begin).filter(pl.col("coin") == coin)
    if venue is not None:
        recorded = recorded.filter(pl.col("series").is_in(list(kinds)))
    rows += [
        (kinds.get(row["series"], ""), row["series"], row["event_time"] - row["span"], row["event_time"], row["reason"])
        for row in recorded.iter_rows(named=True)
    ]
    schema = {
        "kind": pl.String, "series": pl.String, "start_time": pl.Int64, "end_time": pl.Int64, "reason": pl.String
    }  # fmt: skip
    table = pl.DataFrame(sorted(rows, key=lambda row: (row[2], row[1])), schema=schema, orient="row")
    return table_of(dated(table), tuple(used))


def _gaps(lake: Lake, ranked: Sequence[Series], at: int, begin: int) -> list[tuple[int, int]]:
    """Return the gaps of the finest series; what is before its first row, coarser ones of its market may have seen."""
    gaps: list[tuple[int, int]] = []
    until = max(at - ranked[0].publication_lag, begin)
    for series in ranked:
        rows = lake.as_of(series.kind, at=at, series=[series.series], since=begin)
        times = rows.filter(pl.col("event_time") <= until)["event_time"].unique().sort().to_list()
        between = gaps_between(times, series.step, begin, until)
        if not between or between[0][0] > begin:
            return between + gaps
        gaps, until = between[1:] + gaps, between[0][1]
    return [(begin, until), *gaps]


def gaps_between(times: Sequence[int], step: int, begin: int, end: int) -> list[tuple[int, int]]:
    """Return the stretches of a window in which a series with rows every ``step`` has none.

    Parameters
    ----------
    times
        Ends of rows, UTC ns, ascending.
    step
        Nanoseconds between rows.
    begin, end
        The window, UTC ns.

    Examples
    --------
    >>> gaps_between([10, 20, 50], 10, 0, 60)
    [(20, 40), (50, 60)]
    >>> gaps_between([], 10, 0, 60)
    [(0, 60)]
    """
    if not times:
        return [(begin, end)]
    inner = [(left, right - step) for left, right in pairwise(times) if right - left > step]
    first = [(begin, times[0] - step)] if times[0] - step > begin else []
    last = [(times[-1], end)] if end - times[-1] >= step else []
    return [*first, *inner, *last]


def _last_times(lake: Lake, at: int) -> dict[str, int]:
    return {
        name: last
        for schema in OBSERVED
        if schema is not GAPS  # a gap has the name of its series, and is no news of it
        for name, last in lake.known_extent(schema.kind, at).select("series", "last_time").iter_rows()
    }
