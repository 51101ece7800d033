"""Rows of a design as a regression takes them: weekday and standardised features, the scaler fitted inside the window.

Leakage bites here: a mean over all days knows the future's level. The scaler belongs to the fit and sees its days only.
"""

import msgspec
import numpy as np

from runout.errors import NotEnoughDataError
from runout.forecast.features import LAGS, Design
from runout.forecast.protocol import training_rows
from runout.scores.arrays import BoolArray, FloatArray, IntArray

WARM_UP_DAYS = 120
FIT_HALF_LIFE_DAYS = 500.0
CLIP = 4.0
SATURDAY, SUNDAY, FIRST_LAG = 5, 6, 7
"""Columns of the covariates."""
PENALTY_WEEKDAY, PENALTY_LAG, PENALTY_FEATURE = 4.0, 1.0, 20.0
_MOST_MISSING = 0.5


class Scaler(msgspec.Struct, frozen=True, eq=False):
    """Weighted mean and deviation of each feature over the days of a fit."""

    mean: FloatArray
    deviation: FloatArray


class Sample(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The days of a fit.

    Parameters
    ----------
    rows
        Rows of the design.
    weight
        Of each day, halved every 500 days back.
    covariates
        Seven weekday indicators and the clipped features; missing ones at their mean.
    target
        ln L less the level known before the day.
    penalty
        Of each covariate.
    scaler
        How the features were scaled.
    """

    rows: IntArray
    weight: FloatArray
    covariates: FloatArray
    target: FloatArray
    penalty: FloatArray
    scaler: Scaler


class Covariates(msgspec.Struct, frozen=True, eq=False):
    """One day's row: values, and which of them were not observed."""

    value: FloatArray
    unobserved: BoolArray
    missing: tuple[str, ...]


def sample_of(design: Design) -> Sample:
    """Return the days to fit on, scaled by themselves.

    Raises
    ------
    NotEnoughDataError
        With under a year of days.
    """
    rows = training_rows(design, WARM_UP_DAYS)
    rows = rows[np.isfinite(design.level[rows])]
    weight = 0.5 ** ((design.days - 1 - rows) / FIT_HALF_LIFE_DAYS)
    scaler = _scaler(design.values[rows], weight)
    lags = [PENALTY_LAG if name in LAGS else PENALTY_FEATURE for name in design.names]
    return Sample(
        rows=rows,
        weight=weight,
        covariates=_scaled(design.values[rows], design.weekday[rows], scaler),
        target=design.log_total[rows] - design.level[rows],
        penalty=np.concatenate([np.full(7, PENALTY_WEEKDAY), lags]),
        scaler=scaler,
    )


def covariates_of(design: Design, scaler: Scaler) -> Covariates:
    """Return the covariates of the day to be forecast; a missing feature stands at its mean.

    Raises
    ------
    NotEnoughDataError
        If no level is known, or more than half of the features are missing.
    """
    unobserved = ~np.isfinite(design.values[-1])
    missing = tuple(name for name, gone in zip(design.names, unobserved, strict=True) if gone)
    if len(missing) > _MOST_MISSING * len(design.names) or not np.isfinite(design.level[-1]):
        raise NotEnoughDataError(
            f"expected at least half of the {len(design.names)} features of the last day, found {len(missing)} missing "
            f"({', '.join(missing)}); import the missing series up to the day before"
        )
    value = _scaled(design.values[-1:], design.weekday[-1:], scaler)[0]
    return Covariates(value, np.concatenate([np.zeros(7, dtype=np.bool_), unobserved]), missing)


def _scaler(values: FloatArray, weight: FloatArray) -> Scaler:
    observed = np.isfinite(values)
    share = weight[:, np.newaxis] * observed
    total = np.maximum(share.sum(axis=0), 1e-9)
    filled = np.where(observed, values, 0.0)
    mean = (share * filled).sum(axis=0) / total
    return Scaler(mean, np.sqrt((share * (filled - mean) ** 2).sum(axis=0) / total) + 1e-9)


def _scaled(values: FloatArray, weekday: IntArray, scaler: Scaler) -> FloatArray:
    standard = np.where(np.isfinite(values), (values - scaler.mean) / scaler.deviation, 0.0)
    return np.column_stack([np.eye(7)[weekday], np.clip(standard, -CLIP, CLIP)])
