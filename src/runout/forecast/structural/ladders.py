"""Inferred ladders of every coin at the end of every day, from daily bars alone.

A filter of cohorts (:mod:`runout.kernels.cohorts`), on the only bars that reach back to 2020. A daily bar
hides its path, so it is walked as opening, nearer extreme in time, farther extreme, close (the low first on a day that
rose), each leg in four parts with volume by length: what opens and is swept within a day is swept within that day.
Volume is that of the bars' one venue, open interest that of all: which share of the volume is positions changing hands
nobody knows, and a lower one stands for it. Nothing here is fitted.
"""

from typing import Final

import numpy as np

from runout.forecast.history import History
from runout.scores.arrays import BoolArray, FloatArray

CELL, HALF_WIDTH = 0.002, 6.0
"""The grid reaches from the first price to 400 times more or less."""
SHIFT: Final = np.array([2, 3, 4, 7, 11, 18, 28, 45, 75])
"""Cells from entry to liquidation, by class: 0.35% to 15%."""
SHARE: Final = np.full(9, 0.05)
HAZARD, POPULATION = np.array([1.0, 0.125]), np.array([0.8, 0.2])
GROUPS: Final = ("near", "middle", "far")
_GROUP: Final = (0, 0, 0, 0, 1, 2, 2, 2, 2)
"""Up to 1.4%, 2.2%, from 3.5%: what one day's total can tell apart."""
GRID: Final[FloatArray] = np.concatenate([np.arange(40) * 0.0025, 0.1 + np.arange(35) * 0.01, [0.45, 0.6]])
"""Log distances from the price."""
_PARTS: Final = 4
_LEAST_LENGTH: Final = 1e-4


def within(usd: FloatArray, distance: FloatArray) -> FloatArray:
    """Return dollars within a distance, by linear interpolation on :data:`GRID`.

    Parameters
    ----------
    usd
        Cumulative, shape (…, groups, grid), its leading axes broadcasting with those of ``distance``.
    distance
        Log distances of at least 0, shape (…,); beyond the grid as at its end.

    Returns
    -------
    FloatArray
        Shape (…, groups).
    """
    away = np.clip(distance, 0.0, GRID[-1])
    place = np.clip(np.searchsorted(GRID, away, side="right") - 1, 0, len(GRID) - 2)
    part = (away - GRID[place]) / (GRID[place + 1] - GRID[place])
    shape = (*np.broadcast_shapes(usd.shape[:-2], distance.shape), usd.shape[-2])
    spread = np.broadcast_to(usd, (*shape, usd.shape[-1]))
    index = np.broadcast_to(place[..., np.newaxis, np.newaxis], (*shape, 1))
    lower = np.take_along_axis(spread, index, axis=-1)[..., 0]
    upper = np.take_along_axis(spread, index + 1, axis=-1)[..., 0]
    return lower + (upper - lower) * part[..., np.newaxis]


def ladder_of(history: History, column: int) -> FloatArray:
    """Return what rests where at the end of each day; a day uses itself and days before it only.

    Parameters
    ----------
    history
        Finished days.
    column
        Coin.

    Returns
    -------
    FloatArray
        Dollars within each distance of the close, cumulative, shape (days, 2, groups, grid); longs (below the price)
        first. Zero where nothing was ever observed.
    """
    from runout.kernels.daily_ladders import daily_ladders_side  # noqa: PLC0415 - numba takes over a second to load

    known = _known(history, column)
    if not known.any():
        return np.zeros((len(history), 2, len(GROUPS), len(GRID)))
    low, high, part = _walked(history, column, known)
    close = _carried(history.close[:, column], known)
    interest, closes, change = _flows(history, column, known)
    base = np.log(close[int(np.argmax(known))]) * np.array([1.0, -1.0]) - HALF_WIDTH
    arguments = (
        SHIFT, SHARE, HAZARD, POPULATION,
        np.array(_GROUP, dtype=np.int64), len(GROUPS), GRID,
    )  # fmt: skip
    sides = [
        daily_ladders_side(
            entry_low, entry_high, closes[:, np.newaxis] * part, change[:, np.newaxis] * part, interest,
            direction * np.log(close), *arguments, base[side], CELL, round(2.0 * HALF_WIDTH / CELL),
        )
        for side, (direction, entry_low, entry_high) in enumerate(((1.0, low, high), (-1.0, -high, -low)))
    ]  # fmt: skip
    return np.stack(sides, axis=1) * close[:, np.newaxis, np.newaxis, np.newaxis]


def _known(history: History, column: int) -> BoolArray:
    """Return on which days price, volume and open interest were all observed."""
    prices = np.stack([getattr(history, name)[:, column] for name in ("open", "high", "low", "close")])
    flows = np.stack([history.open_interest_usd[:, column], history.volume_usd[:, column]])
    return np.asarray((prices > 0.0).all(axis=0) & (flows > 0.0).all(axis=0))


def _walked(history: History, column: int, known: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return low, high (log price) and share of the volume of each day's parts, shape (days, 12)."""
    opening, high, low, close = (
        np.log(np.where(known, getattr(history, name)[:, column], 1.0)) for name in ("open", "high", "low", "close")
    )
    rose = close >= opening
    first, second = np.where(rose, low, high), np.where(rose, high, low)
    turns = np.stack([opening, first, second, close], axis=1)
    step = np.arange(_PARTS + 1) / _PARTS
    edges = turns[:, :-1, np.newaxis] * (1.0 - step) + turns[:, 1:, np.newaxis] * step
    days = len(opening)
    ends = [np.asarray(edges[..., :-1]).reshape(days, -1), np.asarray(edges[..., 1:]).reshape(days, -1)]
    length = np.abs(ends[1] - ends[0]) + _LEAST_LENGTH
    return np.minimum(*ends), np.maximum(*ends), length / length.sum(axis=1, keepdims=True)


def _flows(history: History, column: int, known: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return coins held, closed and gained of each day; NaN held where nothing was observed."""
    close = np.where(known, history.close[:, column], 1.0)
    interest = np.where(known, history.open_interest_usd[:, column], np.nan) / close
    volume = np.where(known, history.volume_usd[:, column], 0.0) / close
    before = np.concatenate([[np.nan], _carried(interest, known)[:-1]])
    change = np.clip(np.nan_to_num(interest - before), -volume, volume)
    return interest, (volume - change) / 2.0, change


def _carried(values: FloatArray, known: BoolArray) -> FloatArray:
    """Return each day's value, that of the last known day where there is none; the first known one's before it."""
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return values[np.where(last >= 0, last, int(np.argmax(known)))]
