"""Trades as they come over a stream, and the bars they make: trades themselves are not stored."""

import polars as pl

from runout.records import KINDS

TRADES = {
    "series": pl.String(),
    "coin": pl.String(),
    "event_time": pl.Int64(),
    "known_time": pl.Int64(),
    "sequence": pl.Int64(),
    "price": pl.Float64(),
    "quantity_base": pl.Float64(),
    "value_usd": pl.Float64(),
    "taker_buys": pl.Boolean(),
}
"""Columns of a table of trades: ``series`` is that of the bars; ``sequence`` is the venue's number of the trade."""


def bars_of_trades(trades: pl.DataFrame, step: int) -> pl.DataFrame:
    """Return the bars that trades make.

    Parameters
    ----------
    trades
        Columns of :data:`TRADES`; a trade that came twice counts once.
    step
        Nanoseconds between bars.

    Returns
    -------
    pl.DataFrame
        Columns of ``bars``, by series and time. A bar is known when the last of its trades was, and not before its
        end. The first and last bar may lack trades that are not in the table: the caller knows which are whole.
    """
    schema = KINDS["bars"]
    bought = pl.col("taker_buys")
    bars = (
        trades.unique(["series", "event_time", "sequence"], keep="first", maintain_order=True)
        .sort("series", "event_time", "sequence")
        .with_columns(event_time=(pl.col("event_time") // step + 1) * step)
        .group_by("series", "coin", "event_time", maintain_order=True)
        .agg(
            pl.col("known_time").max(),
            span=pl.lit(step),
            open=pl.col("price").first(),
            high=pl.col("price").max(),
            low=pl.col("price").min(),
            close=pl.col("price").last(),
            volume_base=pl.col("quantity_base").sum(),
            volume_usd=pl.col("value_usd").sum(),
            taker_buy_base=pl.col("quantity_base").filter(bought).sum(),
            taker_buy_usd=pl.col("value_usd").filter(bought).sum(),
            trades=pl.len().cast(pl.Int64),
            vintage=pl.lit(None, pl.String),
        )
        .with_columns(known_time=pl.max_horizontal("known_time", "event_time"))
    )
    return bars.select(schema.names).cast(pl.Schema(schema.dtypes))
