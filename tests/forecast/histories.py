"""Made-up daily histories for the tests of the forecast: liquidations that cluster and follow the price's range."""

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.forecast.history import History

DAY = NANOSECONDS_PER_DAY
START = parse_time("2021-01-01")
ARRAYS = (
    "long_usd", "short_usd", "open_interest_usd", "open", "high", "low", "close", "funding_rate", "long_short_ratio",
    "volume_usd",
)  # fmt: skip


def history(days: int = 500, *, seed: int = 1, coins: tuple[str, ...] = ("BTC", "ETH", "SOL")) -> History:
    rng = np.random.default_rng(seed)
    shape = (days, len(coins))
    log_volatility = np.zeros(days)
    for i in range(1, days):
        log_volatility[i] = 0.9 * log_volatility[i - 1] + 0.25 * rng.normal()
    volatility = 0.02 * np.exp(log_volatility)[:, np.newaxis]
    returns = volatility * (0.8 * rng.standard_t(5, (days, 1)) + 0.4 * rng.normal(size=shape))
    close = 20_000 * np.exp(np.cumsum(returns, axis=0))
    opening = np.vstack([close[:1], close[:-1]])
    reach = np.abs(rng.normal(0, 0.6, (2, *shape))) * volatility
    high, low = np.maximum(opening, close) * (1 + reach[0]), np.minimum(opening, close) * (1 - reach[1])
    total = 4e7 * np.exp(25 * np.log(high / low) - 0.5 + 0.5 * rng.normal(size=shape))
    share = 1 / (1 + np.exp(40 * returns))
    interest = 5e9 * np.exp(np.cumsum(rng.normal(0, 0.02, shape), axis=0))
    day = START + DAY * np.arange(days, dtype=np.int64)
    return History(
        coins=coins, day=day, known_time=day + DAY, long_usd=total * share, short_usd=total * (1 - share),
        open_interest_usd=interest, open=opening, high=high, low=low, close=close,
        funding_rate=rng.normal(1e-4, 1e-4, shape), long_short_ratio=np.exp(rng.normal(0.2, 0.2, shape)),
        volume_usd=interest * np.exp(rng.normal(0.0, 0.3, shape)) * (0.3 + 20 * np.log(high / low)),
        scope="made-up market",
    )  # fmt: skip


def without(of: History, *names: str, coin: int | None = None) -> History:
    """Return a history in which figures are missing, of one coin or of all."""
    changed = {}
    for name in names:
        values = getattr(of, name).copy()
        values[:, slice(None) if coin is None else coin] = np.nan
        changed[name] = values
    return msgspec.structs.replace(of, **changed)


def with_another_future(of: History, days: int, rng: np.random.Generator) -> History:
    """Return a history that is the same for ``days`` days and another one after: shuffled, scaled, or not there."""
    kind = rng.integers(3)
    if kind == 0:
        return of.head(days)
    changed = {}
    order = rng.permutation(len(of) - days)
    for name in ARRAYS:
        values = getattr(of, name).copy()
        values[days:] = values[days:][order] * (1.0 if kind == 1 else float(np.exp(rng.normal(0, 2))))
        changed[name] = values
    return msgspec.structs.replace(of, **changed)
