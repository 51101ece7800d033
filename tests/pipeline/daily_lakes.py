"""Lakes of made-up daily figures in the scope that has a headline: seven coins on three venues."""

from pathlib import Path

import numpy as np
import polars as pl

from forecast.histories import DAY, START, history
from runout.forecast.history import History
from runout.lake import Lake
from runout.records import ALL_VENUES, KINDS, Series, conform

COINS = ("ADA", "BNB", "BTC", "DOGE", "ETH", "SOL", "XRP")
VENUES = ("binance", "okx", "bybit")
FINE_FROM, FINE_TO = 100, 190
FOUR_HOURS = DAY // 6
FINE_COINS = ("BTC", "ETH")
SPLIT = np.array([0.1, 0.1, 0.3, 0.2, 0.2, 0.1])
"""Share of a day's liquidations in each four hours."""


def _series(kind: str, coin: str, venues: tuple[str, ...], **scope: object) -> Series:
    return Series(
        series=f"test/{kind}/{coin}/{'+'.join(venues)}/1d", kind=kind, provider="test", coin=coin, venues=venues,
        instruments="perpetual", step=DAY, **scope,
    )  # fmt: skip


def _table(one: Series, of: History, column: int, columns: dict[str, np.ndarray]) -> pl.DataFrame:
    end = of.day + DAY
    values = {name: array[:, column] if array.ndim == 2 else array for name, array in columns.items()}
    rows = pl.DataFrame({"event_time": end, "known_time": end, **values})
    rows = rows.with_columns(series=pl.lit(one.series), coin=pl.lit(one.coin))
    if one.kind == "liquidations":
        sides = [
            rows.with_columns(liquidated_side=pl.lit(side), value_usd=f"{side}_usd", sequence=0)
            for side in ("long", "short")
        ]
        rows = pl.concat(sides)
    return conform(rows, KINDS[one.kind])


def daily_lake(folder: Path | str, *, days: int = 420, seed: int = 1, coins: tuple[str, ...] = COINS) -> Lake:
    """Return a lake with daily liquidations, bars, open interest, funding and positioning."""
    of, lake = history(days, seed=seed, coins=coins), Lake(folder)
    span, share = np.full(days, DAY), of.long_short_ratio / (1 + of.long_short_ratio)
    parts: dict[str, list[pl.DataFrame]] = {}
    for i, coin in enumerate(coins):
        found = [
            (
                _series("liquidations", coin, VENUES, market="all-derivatives", capture="capped"),
                {"long_usd": of.long_usd, "short_usd": of.short_usd, "span": span},
            ),
            (
                _series("bars", coin, ("binance",), market="perpetual"),
                {
                    "open": of.open,
                    "high": of.high,
                    "low": of.low,
                    "close": of.close,
                    "span": span,
                    "volume_usd": of.volume_usd,
                },
            ),
            (
                _series("open_interest", coin, (ALL_VENUES,), market="all-derivatives", margin="all"),
                {"open_interest_usd": of.open_interest_usd, "span": np.zeros(days, np.int64)},
            ),
            (
                _series("funding", coin, (ALL_VENUES,), market="perpetual", measure="oi-weighted"),
                {"rate": of.funding_rate, "interval_hours": np.full(days, 8.0), "span": span},
            ),
            (
                _series("positioning", coin, ("binance",), market="perpetual", measure="global-accounts"),
                {"long_short_ratio": of.long_short_ratio, "long_share": share, "span": np.zeros(days, np.int64)},
            ),
        ]
        lake.register([one for one, _ in found])
        for one, columns in found:
            parts.setdefault(one.kind, []).append(_table(one, of, i, columns))
    for kind, tables in parts.items():
        lake.append(kind, pl.concat(tables))
    return lake


def fine(kind: str, coin: str, **scope: object) -> Series:
    return Series(
        series=f"fine/{kind}/{coin}/binance/4h", kind=kind, provider="fine", coin=coin, venues=("binance",),
        instruments="perpetual", step=FOUR_HOURS, **scope,
    )  # fmt: skip


def add_fine(lake: Lake) -> None:
    """Add four-hour totals, bars and open interest of two coins on one venue, from day 100 to day 190."""
    of = history(FINE_TO, seed=7, coins=FINE_COINS)
    for column, coin in enumerate(FINE_COINS):
        days = np.repeat(np.arange(FINE_FROM, FINE_TO), 6)
        end = START + days * DAY + (np.tile(np.arange(6), FINE_TO - FINE_FROM) + 1) * FOUR_HOURS
        share = np.tile(SPLIT, FINE_TO - FINE_FROM)
        plain = pl.DataFrame({"event_time": end, "known_time": end, "coin": [coin] * len(end)})
        price = {name: getattr(of, name)[days, column] for name in ("open", "high", "low", "close")}
        tables = {
            "liquidations": pl.concat(
                [
                    plain.with_columns(
                        liquidated_side=pl.lit(side), sequence=0, span=pl.lit(FOUR_HOURS),
                        value_usd=pl.Series(getattr(of, f"{side}_usd")[days, column] * share / 3.0),
                    )
                    for side in ("long", "short")
                ]
            ),
            "bars": plain.with_columns(
                *(pl.Series(name, values) for name, values in price.items()), span=pl.lit(FOUR_HOURS),
                volume_usd=pl.Series(of.volume_usd[days, column] / 6.0),
            ),
            "open_interest": plain.with_columns(
                open_interest_usd=pl.Series(of.open_interest_usd[days, column] / 5.0), span=pl.lit(0)
            ),
        }  # fmt: skip
        scopes = {"liquidations": {"market": "all-derivatives", "capture": "capped"}, "bars": {"market": "perpetual"}}
        for kind, table in tables.items():
            one = fine(kind, coin, **scopes.get(kind, {"market": "all-derivatives", "margin": "all"}))
            lake.register([one])
            lake.append(kind, conform(table.with_columns(series=pl.lit(one.series)), KINDS[kind]))
