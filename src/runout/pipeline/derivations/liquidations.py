"""Trailing liquidations with their ranks, and flushes."""

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.indicators import flushes, liquidations
from runout.lake import catalogue
from runout.lake.catalogue import LiquidationGroup
from runout.pipeline.derivations.computation import Computation, Tables, long_form, own_indicators
from runout.records import KINDS, Series
from runout.version import METHOD_VERSION

DAY = NANOSECONDS_PER_DAY
_COLUMNS = (
    "long_usd", "short_usd", "total_usd", "long_share",
    "total_percentile", "long_percentile", "short_percentile", "ranked_days",
)  # fmt: skip


def trailing_liquidations(group: LiquidationGroup) -> Computation:
    """Return the computation of trailing 24 h totals and their ranks."""

    def derive(tables: Tables) -> Tables:
        trailing = liquidations.trailing(liquidations.by_side(tables["liquidations"], len(group.series)))
        return {"indicators": long_form(trailing, "liquidations.24h", group.coin, group.name, _COLUMNS)}

    return Computation(
        name=f"liquidations.24h/{group.name}",
        inputs={"liquidations": tuple(s.series for s in group.series)},
        lookback=liquidations.RANK_WINDOW + 2 * DAY,
        outputs=own_indicators("liquidations", group.coin, group.name),
        derive=derive,
    )


def flush_events(group: LiquidationGroup, series: list[Series]) -> list[Computation]:
    """Return the computations of flushes and of squeezes; none where no bars have the group's step."""
    coin = "BTC" if group.coin == catalogue.ALL_COINS else group.coin
    price = catalogue.bars(series, coin, step=group.step)
    return [_flush(group, price, direction) for direction in ("flush", "squeeze")] if price else []


def _flush(group: LiquidationGroup, price: Series, direction: flushes.Direction) -> Computation:
    side = "long" if direction == "flush" else "short"

    def derive(tables: Tables) -> Tables:
        sides = liquidations.by_side(tables["liquidations"], len(group.series))
        totals = liquidations.trailing(sides).select(
            "event_time",
            "known_time",
            pl.col(f"{side}_usd").alias("trailing_usd"),
            pl.col(f"{side}_percentile").alias("percentile"),
        )
        totals = totals.join(sides.select("event_time", pl.col(f"{side}_usd").alias("interval_usd")), on="event_time")
        states = flushes.flush_states(tables["bars"], totals, direction)
        rows = [
            msgspec.structs.asdict(s)
            | {"series": group.name, "coin": price.coin, "move": s.move, "method_version": METHOD_VERSION}
            for s in states
        ]
        return {"flushes": pl.DataFrame(rows, schema=KINDS["flushes"].dtypes)}

    own = (pl.col("series") == group.name) & (pl.col("direction") == direction)
    return Computation(
        name=f"{direction}/{group.name}/{price.series}",
        inputs={"liquidations": tuple(s.series for s in group.series), "bars": (price.series,)},
        lookback=0,  # an event's state reaches back to its start: always from the beginning
        outputs={"flushes": own & (pl.col("method_version") == METHOD_VERSION)},
        derive=derive,
    )
