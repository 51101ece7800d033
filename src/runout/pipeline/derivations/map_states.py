"""States of the liquidation map of every venue with intraday perpetual bars, at the end of each four hours."""

from collections.abc import Iterable

import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.liquidation_map import BUCKET
from runout.pipeline.derivations.computation import Computation, Tables, inputs_of
from runout.pipeline.map_market import bar_series, joined_bars
from runout.pipeline.map_states import kept_rows, resumable
from runout.records import Series
from runout.version import METHOD_VERSION

_LOOKBACK = 3 * NANOSECONDS_PER_DAY
"""A state is kept a day; some midnights have no bar."""


def states(series: Iterable[Series], coin: str) -> list[Computation]:
    """Return the computation of each venue whose perpetual of a coin has intraday bars."""
    known = list(series)
    venues = sorted({item.venues[0] for item in known if item.kind == "bars" and len(item.venues) == 1})
    return [_states(bars, coin) for venue in venues if (bars := bar_series(known, venue))]


def _states(bars: list[Series], coin: str) -> Computation:
    finest = bars[0]

    def derive(tables: Tables, _: int) -> Tables:
        parts = (tables["bars"].filter(pl.col("series") == series.series) for series in bars)
        return {"map_states": kept_rows(joined_bars(parts), finest, tables.get("map_states"))}

    def goes_on(own: Tables, _: int) -> int:
        base = resumable(own["map_states"])
        return base and base - BUCKET + 1

    own = (pl.col("series") == finest.series) & (pl.col("coin") == coin) & (pl.col("method_version") == METHOD_VERSION)
    return Computation(
        name=f"map_states/{finest.series}", inputs=inputs_of(*bars), lookback=_LOOKBACK, outputs={"map_states": own},
        derive=derive, step=BUCKET, saves_time=True, goes_on=goes_on,
    )  # fmt: skip
