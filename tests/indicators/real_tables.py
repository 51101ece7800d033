"""Real figures read straight from the developers' files, apart from the sources and the lake: for checks by hand."""

from pathlib import Path

import polars as pl

from indicators.markets import DAY, STEP
from runout.clock import parse_time

MS = 1_000_000


def klines(folder: Path, market: str) -> pl.DataFrame:
    """Return the five-minute rows of Bitcoin as published, with ``event_time`` at their end."""
    raw = pl.read_parquet(folder / "klines-5m-2025" / f"{market}_BTCUSDT_5m_2025.parquet")
    return raw.with_columns(event_time=pl.col("open_time") * MS + 300_000 * MS).sort("event_time")


def closes(folder: Path, step: int = STEP) -> pl.DataFrame:
    return klines(folder, "perp").filter(pl.col("event_time") % step == 0).select("event_time", price="close")


def coinglass(folder: Path, name: str, step: int = STEP) -> pl.DataFrame:
    raw = pl.read_parquet(folder / "coinglass-4h-felipe" / f"{name}.parquet")
    return raw.with_columns(event_time=pl.col("ts_ms") * MS + step).sort("event_time")


def interest(folder: Path) -> pl.DataFrame:
    """Return Bitcoin's open interest over all venues at the end of each four hours of 2025, with the price."""
    stood = coinglass(folder, "futures_openInterest_ohlc_aggregated_history_BTC__4h")
    both = stood.select("event_time", open_interest_usd=pl.col("close").cast(pl.Float64)).join(
        closes(folder), on="event_time"
    )
    return both.with_columns(known_time=pl.col("event_time")).sort("event_time")


def daily(folder: Path, name: str, column: str) -> pl.DataFrame:
    """Return a dated series: a day's figure is known at its end."""
    raw = pl.read_csv(folder / "daily-dominance-reserves-sharafa32" / f"{name}.csv")
    ends = [parse_time(day) + DAY for day in raw["date"]]
    return pl.DataFrame({"event_time": ends, "known_time": ends, column: raw[name].cast(pl.Float64)})
