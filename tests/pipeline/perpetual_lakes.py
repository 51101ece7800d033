"""A lake with one made-up perpetual market: 5-minute bars, 4-hour bars before them, open interest, liquidations."""

from pathlib import Path

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, parse_time
from runout.lake import Lake
from runout.records import KINDS, Series, conform

STEP, BUCKET = 5 * NANOSECONDS_PER_MINUTE, 4 * NANOSECONDS_PER_HOUR
FIRST = parse_time("2025-03-01")
WARM_DAYS, DAYS = 25, 24


def series(kind: str, step: int, **scope: object) -> Series:
    return Series(
        series=f"test/{kind}/BTC/binance/{step}", kind=kind, provider="test", coin="BTC", venues=("binance",),
        instruments="BTCUSDT", market="perpetual", margin="stablecoin", step=step, **scope,
    )  # fmt: skip


def perpetual_lake(folder: Path, *, seed: int = 4, hole: tuple[int, int] | None = None) -> Lake:
    """Return the lake; open interest is not known between the ends of ``hole`` (UTC ns)."""
    rng = np.random.default_rng(seed)
    count, warm = DAYS * NANOSECONDS_PER_DAY // STEP, WARM_DAYS * 6
    x = np.log(60_000) + np.cumsum(rng.standard_t(4, count + warm + 1) * 0.0015 / 1.4)
    coarse_x, fine_x = x[: warm + 1], x[warm:]
    lake, begin = Lake(folder), FIRST + warm * BUCKET
    fine = _bars(series("bars", STEP), fine_x, begin, STEP, rng, volume=300.0)
    coarse = _bars(series("bars", BUCKET), coarse_x, FIRST, BUCKET, rng, volume=300.0 * 48)
    ends = FIRST + BUCKET * np.arange(1, warm + DAYS * 6 + 1)
    interest = 80_000 + np.cumsum(rng.normal(0, 500, len(ends)))
    rows = {
        "event_time": ends,
        "known_time": ends,
        "span": np.zeros(len(ends), np.int64),
        "open_interest_base": interest,
    }
    held = _table(series("open_interest", BUCKET), rows)
    if hole:
        held = held.filter(~pl.col("event_time").is_between(*hole))
    ranges = fine.group_by(((pl.col("event_time") - 1) // BUCKET + 1) * BUCKET, maintain_order=True).agg(
        pl.col("low").min(), pl.col("high").max(), pl.col("open").first()
    )
    way = {"long": np.log(ranges["open"] / ranges["low"]), "short": np.log(ranges["high"] / ranges["open"])}
    liquidations = [
        _table(
            series("liquidations", BUCKET, capture="capped"),
            {
                "event_time": ranges["event_time"].to_numpy(), "known_time": ranges["event_time"].to_numpy(),
                "span": np.full(ranges.height, BUCKET), "liquidated_side": [side] * ranges.height,
                "sequence": np.zeros(ranges.height, np.int64),
                "value_usd": 3e8 * np.asarray(moved) * rng.gamma(3, 1 / 3, ranges.height) + 1e4,
            },
        )
        for side, moved in way.items()
    ]  # fmt: skip
    kinds = {"bars": pl.concat([coarse, fine]), "open_interest": held, "liquidations": pl.concat(liquidations)}
    known = [("bars", STEP), ("bars", BUCKET), ("open_interest", BUCKET)]
    lake.register([*(series(kind, step) for kind, step in known), series("liquidations", BUCKET, capture="capped")])
    for kind, table in kinds.items():
        lake.append(kind, table)
    return lake


def _bars(
    one: Series, x: np.ndarray, begin: int, step: int, rng: np.random.Generator, *, volume: float
) -> pl.DataFrame:
    count = len(x) - 1
    wick = np.abs(rng.normal(0, 0.0005, (2, count)))
    rows = {
        "event_time": begin + step * np.arange(1, count + 1), "known_time": begin + step * np.arange(1, count + 1),
        "span": np.full(count, step), "open": np.exp(x[:-1]), "close": np.exp(x[1:]),
        "low": np.exp(np.minimum(x[1:], x[:-1]) - wick[0]), "high": np.exp(np.maximum(x[1:], x[:-1]) + wick[1]),
        "volume_base": rng.gamma(2, volume / 2, count),
    }  # fmt: skip
    return _table(one, rows)


def _table(one: Series, rows: dict[str, object]) -> pl.DataFrame:
    named = pl.DataFrame(rows).with_columns(series=pl.lit(one.series), coin=pl.lit("BTC"))
    return conform(named, KINDS[one.kind])


def collapsed_lake(folder: Path) -> Lake:
    """Return the lake with a price that falls from $60,000 to $0.015 in the last five days, open interest to $20M."""
    calm, lake = perpetual_lake(folder / "calm"), Lake(folder / "collapsed")
    lake.register(calm.series())
    last = FIRST + WARM_DAYS * NANOSECONDS_PER_DAY + DAYS * NANOSECONDS_PER_DAY

    def gone(time: pl.Expr) -> pl.Expr:
        return ((time - (last - 5 * NANOSECONDS_PER_DAY)) / (5 * NANOSECONDS_PER_DAY)).clip(0.0, 1.0)

    def fallen(time: pl.Expr) -> pl.Expr:
        return (gone(time) * np.log(2.5e-7)).exp()

    bars, end, begin = calm.scan("bars").collect(), pl.col("event_time"), pl.col("event_time") - pl.col("span")
    bars = bars.with_columns(
        *(pl.col(name) * fallen(begin) for name in ("open", "high")),
        *(pl.col(name) * fallen(end) for name in ("low", "close")), pl.col("volume_base") / fallen(end),
    )  # fmt: skip
    held = calm.scan("open_interest").collect()
    close = held.join(bars.select("event_time", "close").unique("event_time"), on="event_time")
    usd = 1e9 * (gone(end) * np.log(0.02)).exp()
    lake.append("bars", bars)
    lake.append("open_interest", close.with_columns(open_interest_base=usd / pl.col("close")).drop("close"))
    lake.append("liquidations", calm.scan("liquidations").collect())
    return lake


def with_print(lake: Lake, folder: Path, time: int, factor: float) -> Lake:
    """Return a copy of a lake in which the high of one fine bar is a factor higher."""
    copy = Lake(folder)
    copy.register(lake.series())
    for kind in ("bars", "open_interest", "liquidations"):
        rows = lake.scan(kind).collect()
        if kind == "bars":
            wrong = (pl.col("event_time") == time) & (pl.col("span") == STEP)
            rows = rows.with_columns(pl.when(wrong).then(pl.col("high") * factor).otherwise("high").alias("high"))
        copy.append(kind, rows)
    return copy
