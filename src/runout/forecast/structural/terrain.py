"""Days as the structural forecast sees them: how far each coin went, and what lay on its way."""

from typing import Final

import msgspec
import numpy as np

from runout.forecast.features import Evidence
from runout.forecast.filters import shifted, weighted_level
from runout.forecast.history import History
from runout.forecast.structural.ladders import GRID, GROUPS, ladder_of, within
from runout.scores.arrays import FloatArray

LEVEL_HALF_LIFE_DAYS: Final = 90.0
SMALLEST_SIZE: Final = 0.003
"""Added to a day's size before the logarithm."""
_FLOOR: Final = 2e-4
"""Of open interest, added to what is swept: a quiet day liquidates something even where nothing is inferred."""
_FAR: Final = 2


class Terrain(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Finished days, and the day forecast in the last row of what is known before a day.

    Parameters
    ----------
    fall, rise
        Log distance from the last close known before the day to its low and high, at least 0, shape (days, coins); of
        a coin without a price the mean of the others.
    size
        ln(.003 + mean over coins of fall + rise, weighted by open interest), shape (days,).
    share
        Each coin's share of open interest, known before each day, shape (days + lead, coins).
    floor_usd
        Added to what is swept, shape (days + lead,); NaN without open interest.
    usd
        The ladder known before the day forecast, shape (coins, 2, groups, grid).
    swept
        What each day swept of the ladder before it, dollars, shape (days, coins, 2, groups).
    level
        Level of ln of what is swept, known before each day, shape (days + lead,).
    """

    fall: FloatArray
    rise: FloatArray
    size: FloatArray
    share: FloatArray
    floor_usd: FloatArray
    usd: FloatArray
    swept: FloatArray
    level: FloatArray


def terrain_of(evidence: Evidence) -> Terrain:
    """Return the terrain of finished days and of the day that ``evidence`` leads up to."""
    history, lead = evidence.history, evidence.design.lead
    share = _shares(history.open_interest_usd, lead)
    close = shifted(_last(history.close), lead)[: len(history)]
    fall, rise = _away(np.log(close), history.low, history.high, share)
    size = np.log(SMALLEST_SIZE + (share[: len(history)] * (fall + rise)).sum(axis=1))
    floor = _FLOOR * np.exp(evidence.design.log_interest)
    ways = np.nan_to_num(np.stack([fall, rise], axis=-1))
    swept, usd = _swept(history, ways, lead)
    total = np.log(swept.sum(axis=(1, 2, 3)) + floor[: len(history)])
    level = shifted(weighted_level(np.where(np.isfinite(size), total, np.nan), LEVEL_HALF_LIFE_DAYS), lead)
    return Terrain(
        fall=fall, rise=rise, size=size, share=share, floor_usd=floor, usd=usd, swept=swept, level=level
    )  # fmt: skip


def _swept(history: History, ways: FloatArray, lead: int) -> tuple[FloatArray, FloatArray]:
    """Return what each day swept, and the last ladder; of a coin at a time, since ladders of all days are large."""
    swept = np.zeros((*ways.shape, len(GROUPS)))
    last = np.zeros((*ways.shape[1:], len(GROUPS), len(GRID)))
    for column in range(ways.shape[1]):
        ladder = ladder_of(history, column)
        swept[lead:, column] = within(ladder[:-lead], ways[lead:, column])
        last[column] = ladder[-1]
    return swept, last


def covariates_of_sweep(swept: FloatArray, floor_usd: FloatArray, level: FloatArray) -> FloatArray:
    """Return ln of what is swept less its level: in all, longs, shorts, near classes, far classes.

    Parameters
    ----------
    swept
        Dollars, shape (n, coins, 2, groups).
    floor_usd, level
        Shape (n,) or ().

    Returns
    -------
    FloatArray
        Shape (n, 5); NaN where open interest was not known.
    """
    by_side = swept.sum(axis=(1, 3))
    by_class = swept.sum(axis=(1, 2))
    parts = (by_side.sum(axis=1), by_side[:, 0], by_side[:, 1], by_class[:, 0], by_class[:, _FAR])
    return np.column_stack([np.log(part + floor_usd) - level for part in parts])


def _shares(interest_usd: FloatArray, lead: int) -> FloatArray:
    stored = np.where(interest_usd > 0.0, interest_usd, 0.0)
    total = stored.sum(axis=1, keepdims=True)
    even = np.full_like(stored, 1.0 / stored.shape[1])
    share = np.where(total > 0.0, stored / np.where(total > 0.0, total, 1.0), even)
    return np.concatenate([np.repeat(even[:1], lead, axis=0), share])


def _last(values: FloatArray) -> FloatArray:
    """Return the last positive value of each column up to each row; NaN before the first."""
    known = values > 0.0
    place = np.maximum.accumulate(np.where(known, np.arange(len(values))[:, np.newaxis], -1), axis=0)
    return np.where(place >= 0, np.take_along_axis(values, np.maximum(place, 0), axis=0), np.nan)


def _away(log_close: FloatArray, low: FloatArray, high: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    usable = (low > 0.0) & (high > 0.0) & np.isfinite(log_close)
    logs = (np.log(np.where(usable, item, 1.0)) for item in (low, high))
    down, up = (np.maximum(way, 0.0) for way in (log_close - next(logs), next(logs) - log_close))
    return _filled(np.where(usable, down, np.nan), share), _filled(np.where(usable, up, np.nan), share)


def _filled(away: FloatArray, share: FloatArray) -> FloatArray:
    """Return distances with those of coins without a price at the mean of the others; NaN where none has one."""
    known = np.isfinite(away)
    weight = share[: len(away)] * known
    stored = weight.sum(axis=1, keepdims=True)
    mean = np.where(known, away * weight, 0.0).sum(axis=1, keepdims=True) / np.where(stored > 0.0, stored, np.nan)
    return np.where(known, away, mean)
