"""What moves of the price would set off: through the clusters of a map, as rows of a lake."""

from typing import TYPE_CHECKING, Literal

import msgspec
import polars as pl

from runout.errors import NotEnoughDataError
from runout.lake import Lake

if TYPE_CHECKING:
    from runout.bulletin.liquidation_map import LiquidationMap


class _StoredCluster(msgspec.Struct, frozen=True):
    side: Literal["long", "short"]
    low: float
    high: float


def slide_rows(lake: Lake, liquidation_map: "LiquidationMap", clusters: pl.DataFrame) -> pl.DataFrame | None:
    """Return the ``slides`` of a map's moment through ``clusters``; None without clusters or without depth.

    Parameters
    ----------
    lake
        Where depth and past moves are read; nothing is written.
    liquidation_map
        The map whose clusters they are.
    clusters
        Rows of kind ``clusters``, the largest first.
    """
    if clusters.is_empty():
        return None
    from runout.pipeline.whatif_answers import setting_of, slides  # noqa: PLC0415 - kernels and solver, only where needed

    try:
        setting = setting_of(
            lake, liquidation_map.coin, liquidation_map.at, venue=liquidation_map.venue, drawn=liquidation_map
        )
    except NotEnoughDataError:
        return None
    through = [_StoredCluster(*row) for row in clusters.select("side", "low_price", "high_price").iter_rows()]
    return slides(setting, through)
