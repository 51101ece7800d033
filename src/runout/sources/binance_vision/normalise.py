"""Files of Binance's archive into rows: statistics of five minutes, and the liquidations it once published."""

import io
from collections.abc import Sequence
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from runout.errors import SchemaError
from runout.sources import columns, statements
from runout.sources.archives import unpack
from runout.sources.candidates import Candidates, series_of
from runout.sources.columns import history
from runout.sources.protocol import Document
from runout.sources.venue import Instrument
from runout.sources.wire import BAR_STEP, MILLISECOND

_INTEREST = ("sum_open_interest", "sum_open_interest_value")
RATIOS = {
    "global-accounts": "count_long_short_ratio",
    "top-accounts": "count_toptrader_long_short_ratio",
    "top-positions": "sum_toptrader_long_short_ratio",
}
"""Measures of positioning, and the column of each."""
_ORDER = ("time", "side", "original_quantity", "price")
_FILL = ("average_price", "accumulated_fill_quantity")

open_interest_series = partial(
    series_of, kind="open_interest", step=BAR_STEP, feed="metrics archive", instant=True, lag=BAR_STEP
)
liquidation_series = partial(
    series_of, kind="liquidations", feed="liquidationSnapshot archive", capture="unknown",
    note="Withdrawn since; partial fills of an order are taken as the largest of them.",
)  # fmt: skip


def take_metrics(candidates: Candidates, instrument: Instrument, document: Document) -> None:
    """Take open interest and three long/short ratios of a day."""
    table = _table(document, [*_INTEREST, *RATIOS.values()])
    # Days hold rows twice, and rows of the neighbouring day.
    table = table.unique("create_time", keep="first", maintain_order=True)
    stamps = _moments(table["create_time"])
    moments = history(instrument, stamps, BAR_STEP)
    size, usd = (table[name].to_numpy() for name in _INTEREST)
    columns.add_open_interest(candidates, open_interest_series, moments, size=size, usd=usd)
    for measure, name in RATIOS.items():
        ratio = table[name].to_numpy()
        statements.add_ratio(candidates, moments, measure=measure, step=BAR_STEP, feed="metrics archive", ratio=ratio)


def take_liquidations(candidates: Candidates, instrument: Instrument, document: Document) -> None:
    """Take liquidations of a day: each order once, though its file has each row twice and each partial fill."""
    table = _table(document, [*_ORDER[2:], *_FILL], text=_ORDER[1:2])
    table = table.sort("accumulated_fill_quantity").unique(_ORDER, keep="last", maintain_order=True).sort("time")
    columns.add_liquidations(
        candidates,
        liquidation_series,
        history(instrument, table["time"].to_numpy().astype(np.int64) * MILLISECOND),
        longs=[{"SELL": True, "BUY": False}.get(side) for side in table["side"].to_list()],
        size=table["accumulated_fill_quantity"].to_numpy(),
        price=table["average_price"].to_numpy(),
    )


def _table(document: Document, numbers: Sequence[str], text: Sequence[str] = ()) -> pl.DataFrame:
    """Return the columns of a file, its stamp first; empty figures are NaN.

    Raises
    ------
    SchemaError
        If the file differs from its checksum, is damaged, or lacks a column.
    """
    stamp = "create_time" if "metrics" in document.name else "time"
    types = {stamp: pl.String() if stamp == "create_time" else pl.Int64()}
    types |= dict.fromkeys(text, pl.String()) | dict.fromkeys(numbers, pl.Float64())
    try:
        table = pl.read_csv(io.BytesIO(unpack(document)), columns=list(types), schema_overrides=types)
    except pl.exceptions.PolarsError as error:
        raise SchemaError(f"expected {', '.join(types)} in {document.name}, found {error}") from error
    return table.drop_nulls(stamp).with_columns(pl.col(*numbers).fill_null(float("nan")))


def _moments(texts: pl.Series) -> NDArray[np.int64]:
    stamps = texts.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ns", strict=False)
    if stamps.null_count():
        raise SchemaError(f"expected times such as 2026-08-01 00:05:00 in create_time, found {texts[0]!r}")
    return stamps.cast(pl.Int64).to_numpy()
