"""What the path of the price, past liquidations and volume tell of a bucket without any map.

Two questions are asked. *Frozen*: what was known at the bucket's start, and how far the price then went (its own open,
high and low): the map is asked where, not when. *One step ahead*: also the path within the bucket, its volume and
count of trades. Open interest is in neither: it belongs to the maps, and to the null that names it.
"""

from typing import Final, Literal

import numpy as np

from runout.clock import NANOSECONDS_PER_DAY
from runout.scores.arrays import FloatArray
from studies.map.market import Market

Mode = Literal["frozen", "one step"]
FROZEN: Final[Mode] = "frozen"
ONE_STEP: Final[Mode] = "one step"

LAGS: Final = (1, 6, 42)
"""Buckets: the last, a day, a week of 4 h."""
WINDOWS: Final = (1, 3, 6, 18, 42, 84, 180)
"""Buckets over which a new extreme is looked for."""
_SMALL: Final = 0.001
"""Log price under which an excursion is as good as none."""

BEFORE: Final = ("range", "past", "past volume", "extremes", "session")
INSIDE: Final = ("inside", "volume")


def covariates(market: Market, side: int) -> dict[str, FloatArray]:
    """Return groups of covariates of the scored buckets for one side.

    Parameters
    ----------
    market
        Bars and totals.
    side
        0 long, 1 short; prices are mirrored for shorts, so that "down" is towards liquidation.

    Returns
    -------
    dict
        By group, shape (scored, columns). ``range``: log excursions of the bucket, own side and other. ``past``:
        ranges, liquidations of both sides and returns before it. ``past volume``. ``extremes``: how far it went beyond
        the extremes of earlier windows. ``session``: time of day. ``inside`` (one step): drawdown, worst bar,
        volatility, return and length of the path. ``volume`` (one step): coins and trades.
    """
    open_, down, up = _prices(market, side)
    logs = np.log(np.maximum(market.liquidated_usd, 1.0))
    coins = market.by_bucket(market.volume_base).sum(axis=1)
    past = [
        *(np.log(before(down + up, n) + 1e-9) for n in LAGS),
        *(before(logs[:, side], n) for n in LAGS),
        *(before(logs[:, 1 - side], n) for n in LAGS),
        *(_since(open_, n) for n in LAGS),
    ]
    angle = 2 * np.pi * (market.origin % NANOSECONDS_PER_DAY) / NANOSECONDS_PER_DAY
    groups = {
        "range": [np.log(down + _SMALL), np.log(up + _SMALL)],
        "past": past,
        "past volume": [np.log(before(coins, n) + 1e-9) for n in LAGS],
        "extremes": [np.log(_beyond(open_ - down, n) + _SMALL) for n in WINDOWS],
        "inside": _inside(market, side),
        "volume": [np.log(coins + 1e-9), np.log(market.by_bucket(market.trades).sum(axis=1) + 1.0)],
    }
    found = {name: np.column_stack(columns)[market.lead :] for name, columns in groups.items()}
    return found | {"session": np.column_stack([np.sin(angle), np.cos(angle)])}


def chosen(groups: dict[str, FloatArray], names: tuple[str, ...]) -> FloatArray:
    """Return the columns of some groups side by side."""
    rows = len(groups["range"])
    return np.concatenate([np.zeros((rows, 0)), *(groups[name] for name in names)], axis=1)


def everything(mode: Mode) -> tuple[str, ...]:
    """Return the groups that a question allows."""
    return BEFORE if mode == FROZEN else (*BEFORE, *INSIDE)


def volatility_and_interest(market: Market, mode: Mode) -> FloatArray:
    """Return what the null of range, volatility and open interest is given beside the range."""
    squared = market.by_bucket(_returns(market) ** 2).sum(axis=1)
    held = market.open_interest_base[market.bars_each - 1 :: market.bars_each]
    columns = [np.log(before(squared, n) + 1e-12) / 2 for n in LAGS] + [np.log(before(held, 1) + 1e-9)]
    if mode == ONE_STEP:
        columns.append(np.log(squared + 1e-12) / 2)
    return np.column_stack(columns)[market.lead :]


def before(values: FloatArray, count: int) -> FloatArray:
    """Return means over the ``count`` rows before each, fewer at the start; the first row, without any, is 0."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    row = np.arange(len(values))
    first = np.maximum(row - count, 0)
    return (total[row] - total[first]) / np.maximum(row - first, 1)


# -- arrays -----------------------------------------------------------------------------------------------------------


def _prices(market: Market, side: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log open in the side's direction, and log distance to the extremes of its side and of the other."""
    open_ = np.log(market.open[:: market.bars_each])
    low = np.log(market.by_bucket(market.low).min(axis=1))
    high = np.log(market.by_bucket(market.high).max(axis=1))
    down, up = open_ - low, high - open_
    return (open_, down, up) if side == 0 else (-open_, up, down)


def _since(x: FloatArray, count: int) -> FloatArray:
    return np.concatenate([np.zeros(min(count, len(x))), x[count:] - x[:-count]])


def _beyond(extreme: FloatArray, count: int) -> FloatArray:
    """Return how far ``extreme`` lies below all of the ``count`` before it, at least 0."""
    lowest = np.array([extreme[max(i - count, 0) : i].min(initial=np.inf) for i in range(len(extreme))])
    return np.maximum(np.where(np.isfinite(lowest), lowest - extreme, 0.0), 0.0)


def _returns(market: Market) -> FloatArray:
    return np.diff(np.log(market.close), prepend=np.log(market.open[0]))


def _inside(market: Market, side: int) -> list[FloatArray]:
    sign = 1.0 if side == 0 else -1.0
    moves = market.by_bucket(sign * _returns(market))
    path = np.cumsum(np.concatenate([np.zeros((len(moves), 1)), moves], axis=1), axis=1)
    drawdown = (np.maximum.accumulate(path, axis=1) - path).max(axis=1)
    open_, low, high = (market.by_bucket(np.log(one)) for one in (market.open, market.low, market.high))
    worst = (open_ - low if side == 0 else high - open_).max(axis=1)
    return [
        np.log(drawdown + _SMALL),
        np.log(np.maximum(worst, 0.0) + _SMALL),
        np.log((moves**2).sum(axis=1) + 1e-12) / 2,
        moves.sum(axis=1),
        np.log(high.max(axis=1) - low.min(axis=1) + 1e-9),
    ]
