"""Open interest, leverage ratio, funding, and the venues whose open interest behaves."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.coverage.core_venues import core_set, venue_tests
from runout.indicators import funding, leverage_ratio, open_interest
from runout.indicators.windows import Floats, Times, times, value_before
from runout.lake import catalogue
from runout.pipeline.derivations.computation import (
    Computation,
    Tables,
    inputs_of,
    labelled,
    long_form,
    own_indicators,
)
from runout.pipeline.prices import with_price
from runout.records import KINDS, Series

DAY = NANOSECONDS_PER_DAY
TEST_WINDOW = 95 * DAY
TEST_EVERY = 7 * DAY
_CHANGE_COLUMNS = ("change_usd", "position_usd", "price_usd", "change_base", "noise_usd", "noise_base")
_RATIO_COLUMNS = ("ratio", "ratio_percentile", "ratio_change_30d", "stable_ratio", "stable_ratio_percentile")
_FUNDING_COLUMNS = ("yearly", "yearly_percentile", "week_high_percentile", "ranked_days")
_CORE_COLUMNS = ("change_base", "noise_base", "start_base", "venues")


def open_interest_changes(coin: str, interest: Series, price: Series) -> Computation:
    """Return the computation of changes of open interest, split and with their usual size."""
    windows = open_interest.CHANGE_WINDOWS

    def derive(tables: Tables, _: int) -> Tables:
        rows = with_price(tables["open_interest"], tables["bars"])
        wide = {f"open_interest.{label}": open_interest.changes(rows, window) for label, window in windows.items()}
        parts = [long_form(frame, name, coin, interest.series, _CHANGE_COLUMNS) for name, frame in wide.items()]
        return {"indicators": pl.concat(parts)}

    return Computation(
        name=f"open_interest/{interest.series}",
        inputs=inputs_of(interest, price),
        lookback=open_interest.NOISE_WINDOW + 4 * DAY,
        outputs=own_indicators("open_interest", coin, interest.series),
        derive=derive,
    )


def leverage_ratios(series: Iterable[Series], coin: str) -> list[Computation]:
    """Return the computation of the leverage ratio for each provider of daily exchange reserves."""
    known = list(series)
    interest = next((s for s in catalogue.all_venue_series(known, coin) if s.step == DAY), None)
    price = catalogue.bars(known, coin, step=DAY)
    if interest is None or price is None:
        return []
    return [
        _leverage_ratio(coin, item, interest, price) for item in catalogue.reserves(known, coin) if item.step == DAY
    ]


def _leverage_ratio(coin: str, reserve: Series, interest: Series, price: Series) -> Computation:
    def derive(tables: Tables, _: int) -> Tables:
        stored = tables["reserves"].select("event_time", pl.col("known_time").alias("reserve_known"), "reserve_base")
        both = with_price(tables["open_interest"], tables["bars"]).join(stored, on="event_time")
        both = both.with_columns(pl.max_horizontal("known_time", "reserve_known").alias("known_time"))
        ratios = leverage_ratio.leverage_ratio(both.sort("event_time"))
        return {"indicators": long_form(ratios, "leverage_ratio", coin, reserve.series, _RATIO_COLUMNS)}

    return Computation(
        name=f"leverage_ratio/{reserve.series}",
        inputs=inputs_of(reserve, interest, price),
        lookback=leverage_ratio.RANK_WINDOW + 2 * DAY,
        outputs=own_indicators("leverage_ratio", coin, reserve.series),
        derive=derive,
    )


def funding_states(series: Iterable[Series], coin: str) -> list[Computation]:
    """Return the computation of funding and its rank for each series of weighted funding."""
    return [_funding(coin, item) for item in catalogue.weighted_funding(series, coin)]


def _funding(coin: str, series: Series) -> Computation:
    def derive(tables: Tables, _: int) -> Tables:
        rows = tables["funding"].drop_nulls(["rate", "interval_hours"]).sort("event_time")
        state = funding.funding_state(rows)
        t = times(state)
        first = t[np.searchsorted(t, t - funding.RANK_WINDOW, side="right")] if len(t) else t
        state = state.with_columns(ranked_days=pl.Series((t - first) / DAY))
        return {"indicators": long_form(state, "funding", coin, series.series, _FUNDING_COLUMNS)}

    return Computation(
        name=f"funding/{series.series}",
        inputs=inputs_of(series),
        lookback=funding.RANK_WINDOW + 9 * DAY,
        outputs=own_indicators("funding", coin, series.series),
        derive=derive,
    )


# -- core venues ------------------------------------------------------------------------------------------------------


_MEMBER: Final = "core.member."
_CORE_LOOKBACK: Final = TEST_WINDOW + TEST_EVERY + 2 * DAY


class _Grid(NamedTuple):
    """Coin open interest of venues on one grid, and when it was known: (times, venues), NaN and 0 where missing."""

    t: Times
    known: Times
    venues: tuple[str, ...]
    coins: Floats


def core_venues(series: Iterable[Series], coin: str) -> list[Computation]:
    """Return the computation of the core set of venues, tested once a week on what was known, and of its change."""
    members = catalogue.venue_open_interest(series, coin)
    if len(members) < 3:
        return []
    scope = catalogue.core_name(members)
    venue_of = {item.series: item.venues[0] for item in members}

    def derive(tables: Tables, _: int) -> Tables:
        rows = tables["open_interest"].drop_nulls(["open_interest_usd", "price"])
        rows = rows.with_columns(pl.col("series").replace_strict(venue_of).alias("venue"))
        rows = rows.sort("venue", "event_time", "series").unique(["venue", "event_time"], keep="first")
        own = tables.get("indicators", KINDS["indicators"].empty())
        after = _newest(own)
        sets = [*_sets_of(own), *core_sets(rows, after)]
        wide = core_changes(_grid(rows), sets, after)
        member_rows = [(time, time, f"{_MEMBER}{venue}", 1.0) for time, core in sets for venue in core]
        flags = pl.DataFrame(
            member_rows, schema={"event_time": pl.Int64, "known_time": pl.Int64, "indicator": pl.String,
                                 "value": pl.Float64}, orient="row",
        )  # fmt: skip
        return {
            "indicators": pl.concat(
                [long_form(wide, "core.24h", coin, scope, _CORE_COLUMNS), labelled(flags, coin, scope)],
                how="diagonal",
            )
        }

    return [
        Computation(
            name=f"core/{scope}",
            inputs=inputs_of(*members),
            lookback=_CORE_LOOKBACK,
            lookbacks={"indicators": 3 * TEST_EVERY},
            outputs=own_indicators("core", coin, scope),
            derive=derive,
            goes_on=lambda own, _: max(_newest(own["indicators"]) - _CORE_LOOKBACK, 0),
        )
    ]


def _newest(own: pl.DataFrame) -> int:
    return int(times(own).max()) if own.height else 0


def _sets_of(own: pl.DataFrame) -> list[tuple[int, tuple[str, ...]]]:
    """Return the core sets that rows written before tell."""
    name = pl.col("indicator").str.strip_prefix(_MEMBER)
    flags = own.filter(pl.col("indicator").str.starts_with(_MEMBER)).select("event_time", name).sort("event_time")
    sets = flags.group_by("event_time", maintain_order=True).agg("indicator")
    return [(time, tuple(sorted(venues))) for time, venues in sets.iter_rows()]


def core_sets(rows: pl.DataFrame, after: int = 0) -> list[tuple[int, tuple[str, ...]]]:
    """Return the venues that pass every test at each week's start, on rows of the 95 days known by then.

    Parameters
    ----------
    rows
        ``venue, event_time, known_time, open_interest_usd, price``.
    after
        UTC ns: of later weeks alone.
    """
    if rows.is_empty():
        return []
    last = int(times(rows).max())
    first = max(int(times(rows).min()), after + 1)
    moments = range(-(-first // TEST_EVERY) * TEST_EVERY, last + 1, TEST_EVERY)
    results: list[tuple[int, tuple[str, ...]]] = []
    for moment in moments:
        window = rows.filter(pl.col("event_time") > moment - TEST_WINDOW, pl.col("known_time") <= moment)
        core = core_set(venue_tests(window, at=moment)) if not window.is_empty() else ()
        if core:
            results.append((moment, core))
    return results


def core_changes(grid: _Grid, sets: Sequence[tuple[int, tuple[str, ...]]], after: int = 0) -> pl.DataFrame:
    """Return the 24 h change of the core venues' coins and its deviation over the 90 days before, same venues.

    Of times later than ``after`` (UTC ns). At each the venues are those of the last test known; a time at which one of
    them is missing has no row.
    """
    earlier = np.column_stack([value_before(grid.coins[:, v], grid.t, DAY) for v in range(len(grid.venues))])
    moved = grid.coins - earlier
    places = np.searchsorted(np.array([moment for moment, _ in sets], dtype=np.int64), grid.t, side="right") - 1
    since = np.searchsorted(grid.t, grid.t - open_interest.NOISE_WINDOW, side="right")
    days = (grid.t - 1) // DAY
    rows: list[tuple[int, int, float, float | None, float, float]] = []
    for place, (moment, core) in enumerate(sets):
        chosen = np.array([venue in core for venue in grid.venues])
        sums, heard = moved[:, chosen].sum(axis=1), grid.known[:, chosen].max(axis=1, initial=0)
        whole = ~np.isnan(sums)
        asked = (places == place) & (grid.t - moment <= 2 * TEST_EVERY) & (grid.t > after)
        for i in np.flatnonzero(asked & whole).tolist():
            inside = slice(int(since[i]), i + 1)
            own = whole[inside]
            several = 1 + int(np.count_nonzero(np.diff(days[inside][own]))) >= open_interest.NOISE_MINIMUM_DAYS
            noise = float(sums[inside][own].std(ddof=1)) if several else None
            known = int(heard[inside].max())
            rows.append(
                (int(grid.t[i]), known, float(sums[i]), noise, float(earlier[i][chosen].sum()), float(chosen.sum()))
            )
    schema = {"event_time": pl.Int64, "known_time": pl.Int64} | dict.fromkeys(_CORE_COLUMNS, pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _grid(rows: pl.DataFrame) -> _Grid:
    venues = tuple(sorted(rows["venue"].unique().to_list()))
    priced = rows.with_columns((pl.col("open_interest_usd") / pl.col("price")).alias("coins"))
    coins, known = (
        priced.pivot("venue", index="event_time", values=values, sort_columns=True).sort("event_time")
        for values in ("coins", "known_time")
    )
    empty = np.empty((coins.height, 0))
    return _Grid(
        times(coins),
        known.select(venues).fill_null(0).to_numpy() if venues else empty.astype(np.int64),
        venues,
        coins.select(venues).fill_null(float("nan")).to_numpy() if venues else empty,
    )
