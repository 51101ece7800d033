"""Where the map's information ends: what else was tried, what lumps and venues leave open, dollars as drawn."""

from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.jobs.progress import Progress, no_progress
from runout.jobs.scoring_map import COINS, read_market
from runout.jobs.scoring_map_beside import read_beside
from runout.lake import Lake
from runout.positions.scoring import SIDES, Mode
from runout.positions.scoring.ceiling import Common, Lumps, common_to_venues, lumps
from runout.positions.scoring.covariates import ONE_STEP
from runout.positions.scoring.dollars import Dollars, walked
from runout.positions.scoring.learners import mean_of_four
from runout.positions.scoring.maps import swept_by_filter
from runout.positions.scoring.market import Market
from runout.positions.scoring.variants import (
    MODES,
    Trials,
    Tried,
    alternatives_of,
    chosen_only,
    worth_repeating,
)

ORDERS: Final = (-3.467, 0.595)
"""Log orders of 4 h against log dollars, least squares: BTCUSDT on Binance, 84 sums of a week of 2026."""
ORDERS_SCATTER: Final = (0.43, 0.39)
"""Of the same sums, bought and sold apart: standard deviation of log dollars around a line in log orders."""
TAILS: Final = (1.2, 1.35, 1.5)
TRIAD: Final = ("binance", "bybit", "okx")
TRIAD_COINS: Final = ("BTC", "ETH", "SOL", "XRP")
AFTERNOON_HOURS: Final = (12, 16)
"""Starts of the buckets that hold most of the four hours before the snapshots of venues."""


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """What four learners with the filter leave over on the second half.

    Parameters
    ----------
    mode, side
        Question, and whose liquidations.
    variance
        Of log dollars.
    deviation, afternoon_deviation
        Of the residual: all buckets, and those of the afternoon.
    afternoon
        How many these are.
    """

    mode: Mode
    side: str
    variance: float
    deviation: float
    afternoon_deviation: float
    afternoon: int


class Limits(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """All that was found.

    Parameters
    ----------
    tried
        Every alternative, with ridge and kernel ridge.
    repeated
        Those that gained in the first half, with four learners.
    leftover, lumped, common, dollars
        See there; ``lumped`` by side, ``common`` by coin and side.
    trained, tested, fit_time, last
        Buckets, and UTC ns.
    fingerprint
        Of the rows of the market.
    """

    tried: tuple[Tried, ...]
    repeated: tuple[Tried, ...]
    leftover: tuple[Leftover, ...]
    lumped: tuple[tuple[str, Lumps], ...]
    common: tuple[tuple[str, str, Common], ...]
    dollars: tuple[Dollars, ...]
    trained: int
    tested: int
    fit_time: int
    last: int
    fingerprint: str


def score_limits(lake: Lake, at: int, *, progress: Progress = no_progress) -> Limits:
    """Return what was tried beside the map on the first coin, as known at ``at`` (UTC ns).

    Raises
    ------
    NotEnoughDataError
        If the lake does not hold what is tried.
    """
    read = read_market(lake, COINS[0], at)
    market = read.market
    offered = alternatives_of(market, read_beside(lake, market, at))
    steps = iter(range(1, 1000))
    quick, four = Trials(market), Trials(market, mean_of_four)
    tried: list[Tried] = []
    repeated: list[Tried] = []
    for one in offered:
        progress(one.name, next(steps), len(offered) + 2)
        found = quick.compare(one, tell=True)
        tried += found
        if worth_repeating(found):
            repeated += four.compare(chosen_only(one, found), tell=True)
    progress("what is left over", next(steps), len(offered) + 2)
    leftover, lumped = _leftover(market, four), _lumped(market, four)
    progress("dollars", next(steps), len(offered) + 2)
    return Limits(
        tried=tuple(tried), repeated=tuple(repeated), leftover=leftover, lumped=lumped, common=_common(lake, at),
        dollars=tuple(walked(market, swept_by_filter(market))), trained=len(four.split.train),
        tested=len(four.split.test), fit_time=four.split.fit_time, last=int(market.event_time[-1]),
        fingerprint=read.fingerprint,
    )  # fmt: skip


def _leftover(market: Market, four: Trials) -> tuple[Leftover, ...]:
    hour = market.origin[four.split.test] % NANOSECONDS_PER_DAY // NANOSECONDS_PER_HOUR
    afternoon = np.isin(hour, AFTERNOON_HOURS)
    found: list[Leftover] = []
    for mode in MODES:
        for side, name in enumerate(SIDES):
            realised = market.log_dollars[four.split.test, side]
            error = four.as_it_is(mode, side)[1] - realised
            found.append(
                Leftover(
                    mode=mode, side=name, variance=float(realised.var()), deviation=float(error.std()),
                    afternoon_deviation=float(error[afternoon].std()), afternoon=int(afternoon.sum()),
                )
            )  # fmt: skip
    return tuple(found)


def _lumped(market: Market, four: Trials) -> tuple[tuple[str, Lumps], ...]:
    """Return what lumps leave open around the dollars that four learners expect one step ahead."""
    found: list[tuple[str, Lumps]] = []
    dollars = np.exp(market.log_dollars)
    for side, name in enumerate(SIDES):
        first, second = four.as_it_is(ONE_STEP, side)
        each = float(dollars[four.split.train, side].sum() / np.exp(first).sum())
        expected, reported = each * np.exp(second), dollars[four.split.test, side]
        orders = np.exp(ORDERS[0] + ORDERS[1] * np.log(expected))
        for tail in TAILS:
            rng = np.random.default_rng(7)
            found.append((name, lumps(expected, reported, tail=tail, orders=orders, rng=rng)))
    return tuple(found)


def _common(lake: Lake, at: int) -> tuple[tuple[str, str, Common], ...]:
    found: list[tuple[str, str, Common]] = []
    for coin in TRIAD_COINS:
        rows = _snapshots(lake, coin, at)
        for side in SIDES:
            dollars = rows.filter(pl.col("liquidated_side") == side).select(TRIAD).to_numpy()
            found.append((coin, side, common_to_venues(dollars, np.random.default_rng(11))))
    return tuple(found)


def _snapshots(lake: Lake, coin: str, at: int) -> pl.DataFrame:
    """Return dollars of the trailing four hours by venue, where all three reported some."""
    keys = ["event_time", "liquidated_side"]
    parts = [
        lake.as_of("liquidations", at=at, series=[f"coinglass/liquidations/{coin}/{venue}-trailing-4h/irregular"])
        .select(*keys, pl.col("value_usd").alias(venue))
        for venue in TRIAD
    ]  # fmt: skip
    joined = parts[0].join(parts[1], on=keys).join(parts[2], on=keys)
    return joined.filter(pl.all_horizontal(pl.col(name) > 1.0 for name in TRIAD)).sort("event_time")
