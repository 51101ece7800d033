"""Open interest beside the price of the same instant."""

import polars as pl


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
