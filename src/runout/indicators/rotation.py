"""Rotation: is money moving to Bitcoin, to altcoins, or out? Dominance, TOTAL2 and breadth."""

from typing import Literal

import polars as pl

from runout.clock import NANOSECONDS_PER_DAY

Quadrant = Literal["risk-on, Bitcoin leads", "risk-on, altcoins lead", "flight to Bitcoin", "flight to cash", "unknown"]


def derive_total2(dominance: float, bitcoin_cap_usd: float) -> float:
    r"""Return the capitalisation of everything but Bitcoin from Bitcoin's own and its share.

    .. math:: \mathrm{TOTAL2} = C_{\mathrm{BTC}} \left(\frac{1}{D} - 1\right)

    Derived, not observed: it inherits the provider's count of coins and runs about 4.6% above TradingView's.

    Examples
    --------
    >>> round(derive_total2(0.5862, 2.3e12) / 1e12, 3)
    1.624
    """
    if not 0 < dominance < 1:
        raise ValueError(f"expected a dominance inside 0 and 1, found {dominance}")
    return bitcoin_cap_usd * (1 / dominance - 1)


def rotation(rows: pl.DataFrame) -> pl.DataFrame:
    r"""Return daily changes of dominance, of the whole market and of everything but Bitcoin.

    With D the dominance and r the log return of Bitcoin's price (its supply changes by 0.002% a day),

    .. math:: r_{T2} = r + \Delta\ln\frac{1-D}{D},\qquad r_{T} = r - \Delta\ln D,\qquad
              \Delta\ln D \approx (1-D)(r - r_{T2})

    Parameters
    ----------
    rows
        Daily, sorted: ``event_time, known_time, dominance`` (fraction), ``price`` of Bitcoin at the same time.

    Returns
    -------
    polars.DataFrame
        ``event_time, known_time, dominance, dominance_change`` (difference of fractions), ``dominance_growth``
        (relative), ``total_return, total2_return`` (simple returns, derived), only where both days are present with a
        price and a dominance inside 0 and 1.
    """
    rows = rows.filter((pl.col("price") > 0) & (pl.col("dominance") > 0) & (pl.col("dominance") < 1))
    before = rows.select(
        (pl.col("event_time") + NANOSECONDS_PER_DAY).alias("event_time"),
        pl.col("dominance").alias("dominance_before"),
        pl.col("price").alias("price_before"),
        pl.col("known_time").alias("known_before"),
    )
    joined = rows.join(before, on="event_time").sort("event_time")
    growth = pl.col("price") / pl.col("price_before")
    share = pl.col("dominance") / pl.col("dominance_before")
    rest = (1 - pl.col("dominance")) / (1 - pl.col("dominance_before"))
    return joined.select(
        "event_time",
        pl.max_horizontal("known_time", "known_before").alias("known_time"),
        "dominance",
        (pl.col("dominance") - pl.col("dominance_before")).alias("dominance_change"),
        (share - 1).alias("dominance_growth"),
        (growth / share - 1).alias("total_return"),
        (growth * rest / share - 1).alias("total2_return"),
    )


def quadrant(dominance_growth: float | None, total_return: float | None) -> Quadrant:
    """Return where money goes, by the signs of the change in dominance and of the whole market's return.

    A rise of dominance in a falling market is flight to Bitcoin only if the money does not leave for stablecoins: read
    it beside their share.
    """
    if dominance_growth is None or total_return is None:
        return "unknown"
    if total_return >= 0:
        return "risk-on, Bitcoin leads" if dominance_growth >= 0 else "risk-on, altcoins lead"
    return "flight to Bitcoin" if dominance_growth >= 0 else "flight to cash"


def breadth(closes: pl.DataFrame, window: int) -> pl.DataFrame:
    """Return the share of coins that rose over each trailing window, among those observed at both ends.

    Parameters
    ----------
    closes
        ``coin, event_time, known_time, close``.
    window
        Nanoseconds.

    Returns
    -------
    polars.DataFrame
        ``event_time, known_time, rising_share, coins``.
    """
    closes = closes.drop_nulls("close")
    earlier = closes.select(
        "coin",
        (pl.col("event_time") + window).alias("event_time"),
        pl.col("close").alias("before"),
        pl.col("known_time").alias("known_before"),
    )
    return (
        closes.join(earlier, on=["coin", "event_time"])
        .group_by("event_time")
        .agg(
            pl.max_horizontal(pl.col("known_time").max(), pl.col("known_before").max()).alias("known_time"),
            (pl.col("close") > pl.col("before")).mean().alias("rising_share"),
            pl.len().cast(pl.Int64).alias("coins"),
        )
        .sort("event_time")
    )
