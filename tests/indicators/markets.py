"""Small random markets for the indicator tests."""

import numpy as np
import polars as pl

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
STEP = 4 * HOUR


def bars(days: int, seed: int, step: int = STEP) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = days * DAY // step
    close = 100_000 * np.exp(np.cumsum(rng.standard_t(3, n) * 0.006))
    open_ = np.concatenate([[100_000.0], close[:-1]])
    high = np.maximum(open_, close) * (1 + rng.exponential(0.002, n))
    low = np.minimum(open_, close) * (1 - rng.exponential(0.002, n))
    time = (np.arange(n) + 1) * step
    return pl.DataFrame(
        {"event_time": time, "span": step, "known_time": time, "open": open_, "high": high, "low": low, "close": close}
    )


def liquidations(days: int, seed: int, coins: tuple[str, ...] = ("BTC", "ETH"), step: int = STEP) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = days * DAY // step
    time = (np.arange(n) + 1) * step
    parts = [
        pl.DataFrame(
            {
                "series": coin,
                "coin": coin,
                "event_time": time,
                "span": step,
                "known_time": time,
                "liquidated_side": side,
                "sequence": 0,
                "value_usd": rng.lognormal(14, 1.5, n),
            }
        )
        for coin in coins
        for side in ("long", "short")
    ]
    return pl.concat(parts)


def interest(days: int, seed: int) -> pl.DataFrame:
    price = bars(days, seed)
    rng = np.random.default_rng(seed + 1)
    coins = 700_000 * np.exp(np.cumsum(rng.normal(0, 0.004, price.height)))
    return price.select("event_time", "known_time", price=pl.col("close")).with_columns(
        open_interest_usd=pl.Series(coins) * pl.col("price")
    )
