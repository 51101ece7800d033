"""Causal filters over days: the value of row d uses rows up to d and none after.

NaN is a missing observation. It is skipped where enough of the window is left, and passed on where not.
"""

from collections.abc import Callable

import numpy as np

from runout.scores.arrays import FloatArray, IntArray

LEAST_SHARE = 0.6
"""Least share of a window that must be observed: five days of seven, two of three."""
_WEEKDAY_HALF_LIFE_DAYS = 365.0
_WEEKDAY_PRIOR_DAYS = 8.0
_LEVEL_HALF_LIFE_DAYS = 14.0


def weighted_level(values: FloatArray, half_life: float) -> FloatArray:
    """Return the exponentially weighted mean of each column up to each row, missing days skipped.

    ``m_d = Σ_k 2^(−k/h) x_{d−k} / Σ_k 2^(−k/h)`` over the observed days.

    Parameters
    ----------
    values
        Shape (days,) or (days, columns).
    half_life
        Days.
    """
    decay, observed = 0.5 ** (1.0 / half_life), np.isfinite(values)
    filled = np.where(observed, values, 0.0)
    out = np.full(values.shape, np.nan)
    total, weight = np.zeros(values.shape[1:]), np.zeros(values.shape[1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        for day in range(len(values)):
            total = total * decay + filled[day]
            weight = weight * decay + observed[day]
            out[day] = total / weight
    return out


def rolling(values: FloatArray, days: int, statistic: Callable[..., FloatArray]) -> FloatArray:
    """Return a statistic of the last ``days`` rows of each column; NaN where under :data:`LEAST_SHARE` is observed.

    Parameters
    ----------
    values
        Shape (days,) or (days, columns).
    days
        Length of the window.
    statistic
        Such as :func:`numpy.nanmean`; called with ``axis``.
    """
    out = np.full(values.shape, np.nan)
    if len(values) < days:
        return out
    windows = np.lib.stride_tricks.sliding_window_view(values, days, axis=0)
    enough = np.isfinite(windows).mean(axis=-1) >= LEAST_SHARE
    # A window without any value would warn; its result is masked below whatever it is.
    safe = np.where(enough[..., np.newaxis], windows, 0.0)
    out[days - 1 :] = np.where(enough, statistic(safe, axis=-1), np.nan)
    return out


def change(values: FloatArray, days: int) -> FloatArray:
    """Return each value less the one ``days`` rows before; NaN where there is none."""
    out = np.full(values.shape, np.nan)
    if len(values) > days:
        out[days:] = values[days:] - values[:-days]
    return out


def shifted(values: FloatArray, days: int) -> FloatArray:
    """Return ``values`` moved ``days`` rows later: what is known when a later day is forecast."""
    empty = np.full((days, *values.shape[1:]), np.nan)
    return np.concatenate([empty, values])


def without_weekday(values: FloatArray, weekday: IntArray) -> FloatArray:
    """Return values less the effect of their weekday, each estimated from earlier days only.

    The effect is the decayed mean deviation from a 14-day level (half-life 365 d), shrunk by 8 days' weight of zero.

    Parameters
    ----------
    values
        Shape (days,).
    weekday
        0 for Monday, shape (days,).
    """
    decay = 0.5 ** (1.0 / _WEEKDAY_HALF_LIFE_DAYS)
    step = 1.0 - 0.5 ** (1.0 / _LEVEL_HALF_LIFE_DAYS)
    total, weight = np.zeros(7), np.zeros(7)
    out, level = np.full(len(values), np.nan), np.nan
    for day in np.flatnonzero(np.isfinite(values)):
        effect = total / (weight + _WEEKDAY_PRIOR_DAYS)
        level = values[day] if np.isnan(level) else level
        out[day] = values[day] - effect[weekday[day]] + effect.mean()
        total, weight = total * decay, weight * decay
        total[weekday[day]] += values[day] - level
        weight[weekday[day]] += 1.0
        level += step * (out[day] - level)
    return out


def filled_forward(values: FloatArray) -> FloatArray:
    """Return values with a missing one replaced by the last before it; NaN before the first."""
    row = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
    return values[row]
