"""The price now, and open interest beside the price of the same instant."""

from collections.abc import Sequence

import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, format_time
from runout.errors import NotEnoughDataError
from runout.lake import Lake, catalogue
from runout.records import Series


def with_price(interest: pl.DataFrame, price: pl.DataFrame) -> pl.DataFrame:
    """Return dollar open interest with the price at the same instant: a bar's close at its end.

    Parameters
    ----------
    interest
        ``open_interest`` rows of one series.
    price
        ``bars`` rows of the same step.

    Returns
    -------
    polars.DataFrame
        ``event_time, known_time, open_interest_usd, price, low``, only where both are known; ``low`` is the bar's.
    """
    closes = price.select("event_time", pl.col("close"), "low", pl.col("known_time").alias("price_known_time"))
    joined = interest.drop("price").join(closes, on="event_time", how="inner")
    return joined.select(
        "event_time",
        pl.max_horizontal("known_time", "price_known_time").alias("known_time"),
        "open_interest_usd",
        pl.col("close").alias("price"),
        "low",
    ).sort("event_time")


def price_now(lake: Lake, series: Sequence[Series], coin: str, at: int) -> tuple[float, int]:
    """Return the last price of a coin known at ``at`` (UTC ns), of the bars a bulletin shows, and its moment.

    Raises
    ------
    NotEnoughDataError
        If no price of the day before is known.
    """
    bars = catalogue.bars(series, coin)
    rows = (
        None
        if bars is None
        else lake.as_of("bars", at=at, series=[bars.series], since=at - NANOSECONDS_PER_DAY).sort("event_time")
    )
    if rows is None or rows.is_empty():
        raise NotEnoughDataError(f"no price of {coin} is known within the day before {format_time(at)}")
    return float(rows["close"][-1]), int(rows["event_time"][-1])
