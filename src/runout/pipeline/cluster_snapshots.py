"""Keep what bulletins tell of the liquidation map: made once for each four hours that a bulletin asks for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.records import KINDS, Series, conform
from runout.version import METHOD_VERSION

if TYPE_CHECKING:
    from runout.bulletin.liquidation_map import LiquidationMap
    from runout.liquidation_map.clusters import Swept

STEP: Final = 4 * NANOSECONDS_PER_HOUR
NEAR: Final = 0.05
"""How far from the price a map counts for the problem type."""
LEAD: Final = "binance"


def origin_of(lake: Lake, coin: str, at: int) -> int:
    """Return the moment whose map a bulletin at ``at`` shows: the last full four hours with bars known then, UTC ns."""
    newest = newest_moment(lake, coin, at=at)
    return (at if newest is None else min(at, newest)) // STEP * STEP


def mapped_venue(series: Iterable[Series], coin: str) -> str | None:
    """Return the venue whose map bulletins show: Binance, else the first by name with intraday bars; None without."""
    stored = {
        item.venues[0]
        for item in series
        if item.kind == "bars" and item.coin == coin and item.market == "perpetual" and len(item.venues) == 1
        and 0 < item.step < NANOSECONDS_PER_DAY
    }  # fmt: skip
    return LEAD if LEAD in stored else min(stored, default=None)


def newest_moment(lake: Lake, coin: str, *, at: int | None = None) -> int | None:
    """Return when the last perpetual bar of a coin known at ``at`` (UTC ns) was known, UTC ns; None without bars."""
    own = [item.series for item in lake.series("bars", coin) if item.market == "perpetual" and item.step <= STEP]
    rows = lake.scan("bars").filter(
        pl.col("series").is_in(own), *((pl.col("known_time") <= at,) if at is not None else ())
    )
    known = rows.select(pl.col("known_time").max())
    return known.collect().item()


def shown_map(lake: Lake, coin: str, at: int, *, heat: bool = False) -> "LiquidationMap | None":
    """Return the map that a bulletin at ``at`` shows; None where the lake has not the data of one."""
    origin = origin_of(lake, coin, at)
    venue = mapped_venue(lake.series("bars", coin, at=origin), coin)
    if venue is None:
        return None
    from runout.pipeline.build_map import liquidation_map  # noqa: PLC0415 - the map's kernels, only where one is drawn

    try:
        return liquidation_map(lake, coin, origin, venue=venue, heat=heat)
    except NotEnoughDataError:
        return None


def has_clusters(lake: Lake, coin: str, at: int) -> bool:
    """Return whether the clusters that a bulletin at ``at`` shows are held."""
    stored = lake.scan("clusters").filter(
        pl.col("coin") == coin,
        pl.col("event_time") == origin_of(lake, coin, at),
        pl.col("method_version") == METHOD_VERSION,
    )
    return bool(stored.select(pl.len()).collect().item())


def cluster_rows(liquidation_map: "LiquidationMap") -> dict[str, pl.DataFrame]:
    """Return the clusters of a map, and those of the day before that the price went into since, by record kind."""
    from runout.liquidation_map.clusters import table  # noqa: PLC0415 - the map's kernels

    return {
        "swept_clusters": _snapshot_rows(_swept(liquidation_map.swept), "swept_clusters", liquidation_map),
        "clusters": _snapshot_rows(table(liquidation_map.clusters), "clusters", liquidation_map),
    }


def _snapshot_rows(rows: pl.DataFrame, kind: str, liquidation_map: "LiquidationMap") -> pl.DataFrame:
    named = rows.with_row_index("rank", 1).with_columns(
        pl.lit(liquidation_map.coin).alias("coin"), pl.lit(liquidation_map.venue).alias("venue"),
        pl.lit(METHOD_VERSION).alias("method_version"),
        *(pl.lit(liquidation_map.at, pl.Int64).alias(name) for name in ("event_time", "known_time")),
    )  # fmt: skip
    return conform(named, KINDS[kind])


def _swept(swepts: "tuple[Swept, ...]") -> pl.DataFrame:
    rows = [
        (
            swept.cluster.side, swept.cluster.low, swept.cluster.high, swept.cluster.total.usd, swept.share,
            swept.predicted_usd,
            swept.realised_usd,
        )
        for swept in swepts
    ]  # fmt: skip
    names = ("low_price", "high_price", "usd", "passed_share", "expected_usd", "reported_usd")
    schema = {"side": pl.String, **dict.fromkeys(names, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("usd", descending=True, maintain_order=True)
