"""A small market without a defect, as an audit reads it. Nothing here is shared with the product's own generator."""

import math
from collections.abc import Callable

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from runout.clock import parse_time
from runout.quality import Tables
from runout.records import KINDS, Series, conform
from runout.records.kinds import OBSERVED

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
START = parse_time("2025-01-06")
DAYS = 90
NOW = START + (DAYS + 1) * DAY
FOUR_HOURS = START + 4 * HOUR * np.arange(1, 6 * DAYS + 1)
HOURS = START + HOUR * np.arange(0, 24 * DAYS + 1)
VENUES = {"binance": 0.4, "bybit": 0.25, "okx": 0.2, "gate": 0.15}
_FIRST_PRICE = {"BTC": 100_000.0, "ETH": 3_000.0}

Floats = NDArray[np.float64]


def clean(seed: int) -> Tables:
    """Return the tables of a market in which every figure agrees with every other."""
    rng = np.random.default_rng(seed)
    parts = [part for coin in _FIRST_PRICE for part in _coin(coin, rng)] + _aggregates(rng)
    return tables([one for one, _ in parts], [(one, rows) for one, rows in parts])


def tables(register: list[Series], parts: list[tuple[Series, pl.DataFrame]]) -> Tables:
    by_kind = {
        schema.kind: pl.concat(
            [schema.empty(), *(conform(rows, schema) for one, rows in parts if one.kind == schema.kind)]
        ).sort(schema.key)
        for schema in OBSERVED
    }
    return Tables(versions=by_kind, latest=by_kind, register=tuple(register))


def changed(market: Tables, series: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Tables:
    """Return the market with the rows of one series replaced by what ``change`` makes of them."""
    kind = next(one.kind for one in market.register if one.series == series)
    rows = market.latest[kind]
    mine = change(rows.filter(pl.col("series") == series)).select(rows.columns).cast(dict(rows.schema))
    table = pl.concat([rows.filter(pl.col("series") != series), mine]).sort(KINDS[kind].key)
    replaced = market.latest | {kind: table}
    return msgspec.structs.replace(market, versions=replaced, latest=replaced)


def times_of(market: Tables, series: str) -> list[int]:
    kind = next(one.kind for one in market.register if one.series == series)
    rows = market.latest[kind].filter(pl.col("series") == series)
    return rows["event_time"].unique().sort().to_list()


def _series(name: str, kind: str, coin: str, step: int, **scope: object) -> Series:
    plain = {"venues": ("all",), "instruments": "perpetual and dated futures", "market": "all-derivatives"}
    described = plain | {"series": name, "kind": kind, "coin": coin, "step": step, "provider": name.partition("/")[0]}
    return msgspec.convert(described | scope, Series)


def _rows(one: Series, times: NDArray[np.int64], span: int, **columns: object) -> tuple[Series, pl.DataFrame]:
    shared = {"series": one.series, "coin": one.coin, "event_time": times, "span": span, "known_time": times}
    return one, pl.DataFrame(shared | columns)


def _coin(coin: str, rng: np.random.Generator) -> list[tuple[Series, pl.DataFrame]]:
    price, bars, volume = _bars(coin, rng)
    price_4h = price[4::4]
    returns_4h = np.diff(np.log(price[::4]))
    volume_4h = np.add.reduceat(volume, np.arange(0, len(volume), 4))
    parts = [bars, *_open_interest(coin, price_4h, volume_4h, rng)]
    parts.append(_liquidations(coin, returns_4h, volume_4h * price_4h, rng))
    parts += [_funding(coin, rng), _positioning(coin, rng), _depth(coin, rng), _premium(coin, rng)]
    return parts


def _bars(coin: str, rng: np.random.Generator) -> tuple[Floats, tuple[Series, pl.DataFrame], Floats]:
    price = _FIRST_PRICE[coin] * np.exp(np.concatenate(([0.0], rng.normal(0, 0.006, len(HOURS) - 1).cumsum())))
    opened, close = price[:-1], price[1:]
    high = np.maximum(opened, close) * np.exp(np.abs(rng.normal(0, 0.002, len(close))))
    low = np.minimum(opened, close) * np.exp(-np.abs(rng.normal(0, 0.002, len(close))))
    volume = 2e8 / price[0] * np.exp(rng.normal(0, 0.5, len(close)))
    one = _series(
        f"alpha/bars/{coin}/binance-perpetual/1h", "bars", coin, HOUR,
        venues=("binance",), instruments=f"{coin}USDT", market="perpetual", margin="stablecoin",
    )  # fmt: skip
    rows = _rows(
        one, HOURS[1:], HOUR, open=opened, high=high, low=low, close=close, volume_base=volume,
        volume_usd=volume * (low + rng.uniform(0, 1, len(close)) * (high - low)),
        taker_buy_base=volume * rng.uniform(0.3, 0.7, len(close)),
    )  # fmt: skip
    return price, rows, volume


def _open_interest(
    coin: str, price: Floats, volume: Floats, rng: np.random.Generator
) -> list[tuple[Series, pl.DataFrame]]:
    parts: list[tuple[Series, pl.DataFrame]] = []
    total = np.zeros(len(price))
    for venue, share in VENUES.items():
        traded = volume * share / VENUES["binance"]
        level = 6e9 * share / price[0]
        # Pulled back to its level, so that it stays positive; a change is at most a twentieth of what was traded.
        base = np.empty(len(price))
        held = level
        for i, most in enumerate(traded * 0.05):
            held += most * np.clip(rng.normal(0, 0.4) + 5.0 * (level - held) / level, -1, 1)
            base[i] = held
        total += base
        parts.append(_open_interest_rows(f"alpha/open_interest/{coin}/{venue}/4h", coin, (venue,), base, price))
        parts.append(_taker_flow(coin, venue, traded * price, rng))
        if venue == "binance":
            part = f"alpha/open_interest/{coin}/binance-coin-margined/4h"
            parts.append(
                _open_interest_rows(part, coin, (venue,), base * rng.uniform(0.19, 0.21), price, margin="coin")
            )
    everything = f"alpha/open_interest/{coin}/all/4h"
    parts.append(_open_interest_rows(everything, coin, ("all",), total * rng.normal(1.03, 0.001, len(total)), price))
    return parts


def _open_interest_rows(
    name: str, coin: str, venues: tuple[str, ...], base: Floats, price: Floats, *, margin: str = "all"
) -> tuple[Series, pl.DataFrame]:
    one = _series(name, "open_interest", coin, 4 * HOUR, venues=venues, margin=margin, stamp="instant")
    return _rows(one, FOUR_HOURS, 0, open_interest_base=base, open_interest_usd=base * price)


def _taker_flow(coin: str, venue: str, traded_usd: Floats, rng: np.random.Generator) -> tuple[Series, pl.DataFrame]:
    one = _series(f"alpha/taker_flow/{coin}/{venue}/4h", "taker_flow", coin, 4 * HOUR, venues=(venue,))
    share = rng.uniform(0.4, 0.6, len(traded_usd))
    return _rows(one, FOUR_HOURS, 4 * HOUR, buy_usd=traded_usd * share, sell_usd=traded_usd * (1 - share))


def _liquidations(
    coin: str, returns: Floats, traded_usd: Floats, rng: np.random.Generator
) -> tuple[Series, pl.DataFrame]:
    one = _series(
        f"alpha/liquidations/{coin}/binance/4h", "liquidations", coin, 4 * HOUR, venues=("binance",), capture="capped"
    )
    noise = rng.normal(0, 0.8, (2, len(returns)))
    base = traded_usd * 0.002
    long, short = base * np.exp(-80 * returns + noise[0]), base * np.exp(80 * returns + noise[1])
    most = 0.2 * traded_usd
    sides = [
        _rows(one, FOUR_HOURS, 4 * HOUR, liquidated_side=side, sequence=0, value_usd=np.minimum(value, most))[1]
        for side, value in (("long", long), ("short", short))
    ]
    return one, pl.concat(sides)


def _funding(coin: str, rng: np.random.Generator) -> tuple[Series, pl.DataFrame]:
    one = _series(f"alpha/funding/{coin}/binance/8h", "funding", coin, 8 * HOUR, venues=("binance",))
    rate = np.round(rng.normal(1e-4, 1e-4, 3 * DAYS), 6)
    resting = rng.uniform(size=len(rate)) < 0.5  # a funding rate rests at its base rate for stretches
    times = START + 8 * HOUR * np.arange(1, 3 * DAYS + 1)
    return _rows(one, times, 8 * HOUR, rate=np.where(resting, 1e-4, rate), interval_hours=8.0)


def _positioning(coin: str, rng: np.random.Generator) -> tuple[Series, pl.DataFrame]:
    one = _series(
        f"alpha/positioning/{coin}/binance-global-accounts/4h", "positioning", coin, 4 * HOUR,
        venues=("binance",), measure="global-accounts", market="perpetual", stamp="instant",
    )  # fmt: skip
    share = np.round(0.6 + 0.1 * np.sin(np.arange(len(FOUR_HOURS)) / 20) + rng.normal(0, 0.01, len(FOUR_HOURS)), 4)
    return _rows(one, FOUR_HOURS, 0, long_share=share, long_short_ratio=np.round(share / (1 - share), 2))


def _depth(coin: str, rng: np.random.Generator) -> tuple[Series, pl.DataFrame]:
    one = _series(f"alpha/depth/{coin}/binance/4h", "depth", coin, 4 * HOUR, venues=("binance",), stamp="instant")
    size = 1e8 * np.exp(rng.normal(0, 0.2, (2, len(FOUR_HOURS))))
    return _rows(one, FOUR_HOURS, 0, band=0.01, bid_usd=size[0], ask_usd=size[1])


def _premium(coin: str, rng: np.random.Generator) -> tuple[Series, pl.DataFrame]:
    one = _series(f"alpha/premium/{coin}/basis/4h", "premium", coin, 4 * HOUR, measure="basis", stamp="instant")
    return _rows(one, FOUR_HOURS, 0, rate=rng.normal(0, 5e-4, len(FOUR_HOURS)))


def _aggregates(rng: np.random.Generator) -> list[tuple[Series, pl.DataFrame]]:
    days = START + DAY * np.arange(1, DAYS + 1)
    walk = rng.normal(0, 0.003, DAYS).cumsum()
    caps = {"market": "spot-market-cap", "margin": "none", "stamp": "day"}
    dominance = _series("beta/market_caps/BTC/dominance/1d", "market_caps", "BTC", DAY, **caps)
    total2 = _series("beta/market_caps/TOTAL2/all/1d", "market_caps", "TOTAL2", DAY, **caps)
    chain = {"market": "on-chain", "margin": "none", "stamp": "day"}
    reserves = _series("beta/reserves/BTC/all/1d", "reserves", "BTC", DAY, **chain)
    funds = _series("beta/fund_flows/BTC/all/1d", "fund_flows", "BTC", DAY, market="fund", margin="none", stamp="day")
    working = days[[(i % 7) < 5 for i in range(DAYS)]]  # the start is a Monday
    working = working[working != working[14]]  # and one Friday is a holiday
    return [
        _rows(dominance, days, DAY, dominance=np.round(0.58 * np.exp(walk / 3), 4)),
        _rows(total2, days, DAY, market_cap_usd=1.4e12 * np.exp(walk)),
        _rows(reserves, days, 0, reserve_base=2.3e6 * np.exp(walk / 10)),
        _rows(funds, working, DAY, flow_usd=rng.normal(0, 2e8, len(working))),
        _events(rng),
    ]


def _events(rng: np.random.Generator) -> tuple[Series, pl.DataFrame]:
    one = _series(
        "gamma/liquidations/BTC/hyperliquid/event", "liquidations", "BTC", 0,
        venues=("hyperliquid",), instruments="BTC", market="perpetual", capture="complete", stamp="instant",
    )  # fmt: skip
    # The last one near the end of the market: events are irregular, their feed is not stale.
    times = np.sort(rng.integers(START, START + DAYS * DAY, 300))
    side = np.where(rng.uniform(size=300) < 0.5, "long", "short")
    value = np.exp(rng.normal(math.log(5e4), 1.0, 300))
    return _rows(one, times, 0, liquidated_side=side, sequence=np.arange(300), value_usd=value)
