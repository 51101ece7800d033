"""Trailing liquidations with their ranks, and flushes."""

from typing import Final

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

_SIDES: Final[tuple[tuple[flushes.Direction, str], ...]] = (("flush", "long"), ("squeeze", "short"))
"""Each kind of event, and the side that loses in it."""


def trailing_liquidations(group: LiquidationGroup) -> Computation:
    """Return the computation of trailing 24 h totals and their ranks."""

    def derive(tables: Tables, after: int) -> Tables:
        sides = liquidations.by_side(tables["liquidations"], len(group.series))
        trailing = liquidations.trailing(sides, after=after)
        return {"indicators": long_form(trailing, "liquidations.24h", group.coin, group.name, _COLUMNS)}

    return Computation(
        name=f"liquidations.24h/{group.name}",
        inputs={"liquidations": tuple(s.series for s in group.series)},
        lookback=liquidations.RANK_WINDOW + 2 * DAY,
        outputs=own_indicators("liquidations", group.coin, group.name),
        derive=derive,
    )


def flush_events(group: LiquidationGroup, series: list[Series]) -> list[Computation]:
    """Return the computation of flushes and squeezes; none where no bars have the group's step."""
    coin = "BTC" if group.coin == catalogue.ALL_COINS else group.coin
    price = catalogue.bars(series, coin, step=group.step)
    return [_flushes(group, price)] if price else []


def _flushes(group: LiquidationGroup, price: Series) -> Computation:
    def derive(tables: Tables, after: int) -> Tables:
        sides = liquidations.by_side(tables["liquidations"], len(group.series))
        trailing = liquidations.trailing(sides, after=after)
        own = tables.get("flushes", KINDS["flushes"].empty())
        bars = tables["bars"].filter(pl.col("event_time") <= after)
        own = own.join(bars.tail(1), on="event_time", how="semi")  # an event that goes on has a row at every bar
        states = [
            state
            for direction, side in _SIDES
            for state in flushes.flush_states(
                tables["bars"], _of_side(sides, trailing, side), direction, _running(own, direction), after
            )
        ]
        rows = [
            msgspec.structs.asdict(s)
            | {"series": group.name, "coin": price.coin, "move": s.move, "method_version": METHOD_VERSION}
            for s in states
        ]
        return {"flushes": pl.DataFrame(rows, schema=KINDS["flushes"].dtypes)}

    lookback = liquidations.RANK_WINDOW + 2 * DAY
    return Computation(
        name=f"flushes/{group.name}/{price.series}",
        inputs={"liquidations": tuple(s.series for s in group.series), "bars": (price.series,)},
        lookback=lookback,
        lookbacks={"bars": flushes.MOVE_WINDOW + DAY, "flushes": 2 * DAY},
        outputs={"flushes": (pl.col("series") == group.name) & (pl.col("method_version") == METHOD_VERSION)},
        derive=derive,
        goes_on=lambda _, after: max(after - lookback, 0),
    )


def _of_side(sides: pl.DataFrame, trailing: pl.DataFrame, side: str) -> pl.DataFrame:
    """Return what a flush asks of liquidations: those of one side, their 24 h total, and its rank."""
    return trailing.select(
        "event_time",
        "known_time",
        pl.col(f"{side}_usd").alias("trailing_usd"),
        pl.col(f"{side}_percentile").alias("percentile"),
    ).join(sides.select("event_time", pl.col(f"{side}_usd").alias("interval_usd")), on="event_time")


def _running(own: pl.DataFrame, direction: flushes.Direction) -> flushes.Flush | None:
    """Return the event that had not ended with the rows written of the last bar."""
    last = own.filter(pl.col("direction") == direction)
    if last.is_empty() or last["state"].item() == "ended":
        return None
    return msgspec.convert(last.select(flushes.Flush.__struct_fields__).row(0, named=True), flushes.Flush)
