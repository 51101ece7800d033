"""Facts that real markets share, as a synthetic world shows them, and the bounds fixed from real data before any world.

Facts are taken from published series, so that a real lake and a synthetic one answer the same questions.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from runout.records import Series

Floats = npt.NDArray[np.float64]

TAIL = 0.01
BUSY = 0.95
HOUR_BARS, DAY_BARS = 12, 288

BOUNDS: Mapping[str, tuple[float, float]] = {
    "tail_exponent": (2.5, 4.5),
    "volatility_memory_hour": (0.08, 0.40),
    "volatility_memory_day": (0.02, 0.30),
    "return_memory": (-0.06, 0.06),
    "daily_volatility": (0.012, 0.040),
    "liquidations_per_interest": (0.0007, 0.025),
    "liquidations_per_interest_busy": (0.0025, 0.065),
    "long_share": (0.42, 0.75),
    "long_share_busy": (0.20, 0.97),
    "lead_share": (0.15, 0.60),
}
"""Bounds of each fact: what windows of 60 days of BTC in 2025 (five-minute bars) and of seven coins from 2021 to 2025
(daily liquidations of three venues over open interest of all) show, widened by about a quarter; ``lead_share`` about
the share of Binance. docs/synthetic.md has the values."""


def return_facts(close: Floats) -> dict[str, float]:
    """Return the facts of five-minute closes.

    ``tail_exponent`` is Hill's over the largest hundredth of absolute returns; ``volatility_memory_*`` are
    autocorrelations of absolute returns an hour and a day apart, ``return_memory`` that of returns one bar apart;
    ``daily_volatility`` is the standard deviation of daily log returns.

    References
    ----------
    Cont (2001), Empirical properties of asset returns; Hill (1975).
    """
    returns = np.diff(np.log(close))
    size = np.abs(returns)
    return {
        "tail_exponent": _hill(size),
        "volatility_memory_hour": _autocorrelation(size, HOUR_BARS),
        "volatility_memory_day": _autocorrelation(size, DAY_BARS),
        "return_memory": _autocorrelation(returns, 1),
        "daily_volatility": float(np.diff(np.log(close[::DAY_BARS])).std()),
    }


def liquidation_facts(long_usd: Floats, short_usd: Floats, interest_usd: Floats) -> dict[str, float]:
    """Return the facts of daily reported liquidations, summed over coins, and open interest at the day's end.

    ``liquidations_per_interest`` is the median of days, ``_busy`` their 95th percentile; long shares are medians of
    all days, and of the days at or above that percentile.
    """
    total = long_usd + short_usd
    ratio, share = total / interest_usd, long_usd / np.maximum(total, 1.0)
    busy = ratio >= np.quantile(ratio, BUSY)
    return {
        "liquidations_per_interest": float(np.median(ratio)),
        "liquidations_per_interest_busy": float(np.quantile(ratio, BUSY)),
        "long_share": float(np.median(share)),
        "long_share_busy": float(np.median(share[busy])),
    }


def world_facts(published: Iterable[tuple[Series, pl.DataFrame]]) -> dict[str, float]:
    """Return the facts of what a world publishes; ``lead_share``: the lead venue's of three venues' liquidations."""
    kept: dict[str, list[tuple[Series, pl.DataFrame]]] = {"bars": [], "liquidations": [], "open_interest": []}
    for item, rows in published:
        if item.kind in kept:
            kept[item.kind].append((item, rows))
    fine = next(rows for entry, rows in kept["bars"] if entry.market == "perpetual" and entry.step_text() == "5m")
    daily = pl.concat([rows for entry, rows in kept["liquidations"] if entry.step_text() == "1d"])
    lead = pl.concat([rows for entry, rows in kept["liquidations"] if entry.step_text() == "4h"])
    interest = pl.concat([rows for entry, rows in kept["open_interest"] if entry.step_text() == "1d"])
    sides = daily.group_by("event_time", "liquidated_side").agg(pl.col("value_usd").sum()).sort("event_time")
    long, short = (sides.filter(pl.col("liquidated_side") == side)["value_usd"] for side in ("long", "short"))
    open_usd = interest.group_by("event_time").agg(pl.col("open_interest_usd").sum()).sort("event_time")
    both = daily.filter(pl.col("coin").is_in(lead["coin"].unique().to_list()))
    facts = return_facts(fine["close"].to_numpy())
    facts |= liquidation_facts(long.to_numpy(), short.to_numpy(), open_usd["open_interest_usd"].to_numpy())
    return facts | {"lead_share": float(lead["value_usd"].to_numpy().sum() / both["value_usd"].to_numpy().sum())}


def facts_outside(facts: Mapping[str, float]) -> list[str]:
    """Return the names of the facts that lie outside their bounds: a world with any is excluded, and counted."""
    return [name for name, value in facts.items() if not BOUNDS[name][0] <= value <= BOUNDS[name][1]]


def _hill(size: Floats) -> float:
    threshold = np.quantile(size, 1 - TAIL)
    return float(1 / np.mean(np.log(size[size > threshold] / threshold)))


def _autocorrelation(values: Floats, lag: int) -> float:
    return float(np.corrcoef(values[:-lag], values[lag:])[0, 1])
