"""Score the liquidation map on a lake: realised liquidations of a venue against what its bars and open interest said.

The venue is Binance, because the lake holds 5-minute bars and 4-hour liquidations of it alone. Both its liquidations
and its open interest are those of its stablecoin-margined contracts or wider, as the series say; which were read stands
in the report.
"""

from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, format_time, parse_time
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.pipeline.progress import Progress, no_progress
from runout.records import KINDS, Series, combine, fingerprint
from runout.scores.arrays import FloatArray, IntArray
from studies.map import Market, Study, along_path, study

VENUE: Final = "binance"
COINS: Final = ("BTC", "SOL")
PERIOD: Final = ("2025-01-01", "2025-09-01")
BUCKET: Final = 4 * NANOSECONDS_PER_HOUR
BAR: Final = 5 * NANOSECONDS_PER_MINUTE
_EACH: Final = BUCKET // BAR
_STEPS_EACH: Final = 7
_BAR_COLUMNS: Final = ("open", "high", "low", "close", "volume_base", "taker_buy_base", "trades")


class Read(msgspec.Struct, frozen=True, eq=False):
    """A market as read from a lake, and which rows it was read from."""

    market: Market
    series: tuple[Series, ...]
    fingerprint: str


class MapReport(msgspec.Struct, frozen=True, eq=False):
    """What was found on each coin, and what it was read from."""

    studies: tuple[Study, ...]
    series: tuple[Series, ...]
    fingerprint: str


def score_map(lake: Lake, at: int, *, progress: Progress = no_progress) -> MapReport:
    """Return how the map and all it is compared with do on January to August 2025, as known at ``at`` (UTC ns).

    Placebos are made of the first coin's map.

    Raises
    ------
    NotEnoughDataError
        If the lake does not hold the first coin's bars, liquidations and open interest; a second coin may be absent.
    """
    found: list[Read] = []
    for coin in COINS:
        try:
            found.append(read_market(lake, coin, at))
        except NotEnoughDataError:
            if coin == COINS[0]:
                raise
    studies: list[Study] = []
    for number, one in enumerate(found):
        steps = iter(range(number * _STEPS_EACH + 1, (number + 1) * _STEPS_EACH + 1))
        studies.append(
            study(
                one.market,
                with_placebos=number == 0,
                told=lambda name, steps=steps: progress(name, next(steps), len(found) * _STEPS_EACH),
            )
        )
    return MapReport(
        studies=tuple(studies),
        series=tuple(series for one in found for series in one.series),
        fingerprint=combine({one.market.coin: one.fingerprint for one in found}),
    )


def read_market(lake: Lake, coin: str, at: int) -> Read:
    """Return bars, open interest and liquidations of a coin as known at ``at`` (UTC ns).

    Before the first 5-minute bar, 4-hour bars are walked through along their shortest path, as far back as open
    interest and liquidations reach. Open interest, reported every 4 h, is interpolated on the bars.

    Raises
    ------
    NotEnoughDataError
        If something of the period is missing.
    """
    first, last = (parse_time(text) for text in PERIOD)
    known = [one for one in lake.series(coin=coin, at=at) if one.venues == (VENUE,)]
    linear = [one for one in known if one.margin == "stablecoin"]
    perpetual = [one for one in linear if one.market == "perpetual"]
    fine, coarse = _the(perpetual, coin, "bars", BAR), _any(perpetual, "bars", BUCKET)
    liquidations, interest = _the(known, coin, "liquidations", BUCKET), _the(linear, coin, "open_interest", BUCKET)
    used = [one for one in (fine, coarse, liquidations, interest) if one is not None]
    rows = {one.series: lake.as_of(one.kind, at=at, series=[one.series]) for one in used}
    totals, held = _totals(rows[liquidations.series]), rows[interest.series].sort("event_time")
    bars = rows[fine.series].filter(pl.col("event_time").is_between(first + BAR, last))
    reported = held["event_time"].to_numpy(), held["open_interest_base"].to_numpy()
    if coarse is not None:
        before = _walked(rows[coarse.series], max(int(reported[0][0]), int(totals["event_time"][0]) - BUCKET), first)
        bars = pl.concat([before, bars.select(before.columns)], how="vertical_relaxed")
    market = _market(coin, bars, reported, totals, first)
    read = combine({name: fingerprint(found, KINDS[name.split("/")[1]]) for name, found in rows.items()})
    return Read(market=market, series=tuple(used), fingerprint=read)


def _market(
    coin: str, bars: pl.DataFrame, reported: tuple[IntArray, FloatArray], totals: pl.DataFrame, first: int
) -> Market:
    times = bars["event_time"].to_numpy()
    if not len(times) or times[-1] < parse_time(PERIOD[1]) or reported[0][0] > times[0] or reported[0][-1] < times[-1]:
        raise NotEnoughDataError(
            f"expected {coin} bars and open interest through {' to '.join(PERIOD)}, found "
            f"{f'{format_time(int(times[0]))} to {format_time(int(times[-1]))}' if len(times) else 'none'}"
        )
    ends = times[_EACH - 1 :: _EACH]
    dollars = pl.DataFrame({"event_time": ends}).join(totals, on="event_time", how="left", maintain_order="left")
    columns = {name: bars[name].cast(pl.Float64).to_numpy() for name in _BAR_COLUMNS}
    return Market(
        coin=coin,
        event_time=times,
        **columns,
        open_interest_base=np.interp(times, *reported),
        liquidated_usd=dollars.select("long", "short").cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        bars_each=_EACH,
        scored=int((ends > first).sum()),
    )


def _walked(rows: pl.DataFrame, since: int, until: int) -> pl.DataFrame:
    """Return 5-minute bars along the path of 4-hour ones; their volume evenly, half of it bought by takers."""
    coarse = rows.filter((pl.col("event_time") > since) & (pl.col("event_time") <= until)).sort("event_time")
    open_, high, low, close, dollars = (
        coarse[name].to_numpy() for name in ("open", "high", "low", "close", "volume_usd")
    )
    path = along_path(open_, high, low, close, _EACH)
    times = coarse["event_time"].to_numpy()[:, np.newaxis] - BUCKET + BAR * np.arange(1, _EACH + 1)
    volume = np.repeat(dollars / ((high + low) / 2) / _EACH, _EACH)
    starts, ends = path[:, :-1].ravel(), path[:, 1:].ravel()
    return pl.DataFrame(
        {
            "event_time": times.ravel(),
            "open": starts,
            "high": np.maximum(starts, ends),
            "low": np.minimum(starts, ends),
            "close": ends,
            "volume_base": volume,
            "taker_buy_base": volume / 2,
            "trades": np.zeros(len(volume), dtype=np.int64),
        }
    )


def _totals(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.pivot(on="liquidated_side", index="event_time", values="value_usd").sort("event_time")


def _the(known: list[Series], coin: str, kind: str, step: int) -> Series:
    found = _any(known, kind, step)
    if found is None:
        raise NotEnoughDataError(
            f"expected {kind} of {coin} on {VENUE} in steps of {step // NANOSECONDS_PER_MINUTE} minutes, found none; "
            "import them, with `runout import coinglass` and `runout import binance-perpetual`"
        )
    return found


def _any(known: list[Series], kind: str, step: int) -> Series | None:
    found = [one for one in known if one.kind == kind and one.step == step]
    return min(found, key=lambda one: one.series, default=None)
