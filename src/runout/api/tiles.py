"""The heat of a map in few bytes: a byte a cell, one row of prices after the other.

Layout: four bytes, little-endian, the length of a JSON header; the header; then ``rows x columns`` bytes, row-major
from the lowest price, first of longs, then of shorts. A byte ``b`` stands for ``scale_usd * (b / 255)**2`` dollars: the
square root keeps small levels apart. Levels persist in time, so that rows compress four times better than columns.
"""

import msgspec
import numpy as np

from runout.bulletin.liquidation_map import LiquidationMap
from runout.clock import format_time
from runout.liquidation_map.dollars import SIDES
from runout.scores.arrays import FloatArray
from runout.version import METHOD_VERSION, SCHEMA_VERSION


class TileHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What the bytes of a tile are of.

    Parameters
    ----------
    schema_version, method_version
        Of the tile, and of the map.
    coin, venue, as_of
        What, and ISO 8601 UTC of the moment.
    rows, columns
        Levels of price, and moments.
    first_price_usd, step_usd
        Lower edge of the first row, and the height of a row.
    times
        Unix seconds, ascending: a column holds from its time to the next.
    scale_usd
        Dollars of a byte of 255.
    closes_usd
        Close of the last candle that had ended at each of the times; null before the first.
    price_usd
        At the end.
    model, inferred, synthetic
        What the levels are of; whether they are modelled; and whether no market made the figures.
    note
        What the dollars are.
    """

    schema_version: str
    method_version: str
    coin: str
    venue: str
    as_of: str
    rows: int
    columns: int
    first_price_usd: float
    step_usd: float
    times: tuple[int, ...]
    scale_usd: float
    closes_usd: tuple[float | None, ...]
    price_usd: float
    model: str
    inferred: bool
    synthetic: bool
    note: str


def heat_tile(drawn: LiquidationMap) -> bytes:
    """Return the heat of a map as a tile.

    Parameters
    ----------
    drawn
        With its heat.

    Examples
    --------
    >>> cells, scale = quantised(np.array([[0.0, 1.0], [4.0, 2.0]]))
    >>> cells.tolist(), scale
    ([[0, 128], [255, 180]], 4.0)
    """
    usd = np.asarray(drawn.heat.usd, dtype=np.float64)
    by_row = np.ascontiguousarray(usd.transpose(0, 2, 1))
    cells, scale = quantised(by_row)
    edges = drawn.ladder.edges
    header = TileHeader(
        schema_version=SCHEMA_VERSION,
        method_version=METHOD_VERSION,
        coin=drawn.coin,
        venue=drawn.venue,
        as_of=format_time(drawn.at),
        rows=by_row.shape[1],
        columns=by_row.shape[2],
        first_price_usd=round(float(edges[0]), 8),
        step_usd=round(float(edges[1] - edges[0]), 8),
        times=tuple(int(time) // 1_000_000_000 for time in drawn.heat.time),
        scale_usd=round(scale, 2),
        closes_usd=_closes(drawn),
        price_usd=round(drawn.price, 8),
        model=drawn.model,
        inferred=drawn.model != "measured",
        synthetic=drawn.synthetic,
        note=drawn.model_text()
        or f"Dollars expected to be reported of {' and '.join(SIDES)} positions, a cell each; inferred.",
    )
    head = msgspec.json.encode(header)
    return len(head).to_bytes(4, "little") + head + cells.tobytes()


def _closes(drawn: LiquidationMap) -> tuple[float | None, ...]:
    closes = drawn.candles["close"].to_list()
    ended = np.searchsorted(drawn.candles["event_time"].to_numpy(), drawn.heat.time, side="right")
    return tuple(round(closes[count - 1], 8) if count else None for count in ended.tolist())


def quantised(usd: FloatArray) -> tuple[np.ndarray, float]:
    """Return dollars as bytes by their square root, with the dollars of a byte of 255."""
    scale = float(usd.max(initial=0.0))
    if scale <= 0.0:
        return np.zeros(usd.shape, dtype=np.uint8), 0.0
    return np.rint(np.sqrt(usd / scale) * 255.0).astype(np.uint8), scale
