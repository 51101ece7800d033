r"""What follows if the price moves: "if BTC falls 3% within the day, the chance of a wave is …".

From the same history, by what the location-scale fit left over on days whose price went at least so far:

.. math:: e_d = c_0 + c_1 x_d + c_2 x_d^2 + r_d, \qquad x = \ln(1 + 100\,|\text{excursion}|)

with e the standardised residual and the excursion from the day's opening to its low (or high). Given a move of at least
m, the excursion is drawn from past days that went that far, recent ones first, and r from all days. A condition is not
a cause: days that fall 3% are also days on which something happened.
"""

from typing import Literal

import msgspec
import numpy as np

from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.covariates import sample_of
from runout.forecast.features import Evidence
from runout.forecast.history import History
from runout.forecast.models.location_scale import LocationScale
from runout.forecast.protocol import Predictive, predictive
from runout.scores.arrays import FloatArray

Direction = Literal["fall", "rise"]
LEAST_DAYS = 20
_BANDWIDTH = 0.15
_RESIDUALS, _MIXED = 41, 400


class Condition(msgspec.Struct, frozen=True):
    """The price of a coin goes at least ``move`` (a fraction, above zero) from the day's opening, in a direction."""

    move: float
    direction: Direction = "fall"
    coin: str = "BTC"


def excursions(history: History, condition: Condition) -> FloatArray:
    """Return how far each day went in the condition's direction from its opening, a fraction, shape (days,).

    Raises
    ------
    UsageError
        If the coin is not in the history, or the move is not above zero.
    """
    if condition.coin not in history.coins or not condition.move > 0.0:
        raise UsageError(
            f"expected a move above zero of one of {' '.join(history.coins)}, found {condition.move} of "
            f"{condition.coin}"
        )
    column = history.coins.index(condition.coin)
    opening = history.open[:, column]
    extreme = history.low[:, column] if condition.direction == "fall" else history.high[:, column]
    usable = (opening > 0.0) & (extreme > 0.0)
    ratio = np.where(usable, extreme, np.nan) / np.where(usable, opening, np.nan)
    return np.maximum(1.0 - ratio if condition.direction == "fall" else ratio - 1.0, 0.0)


def days_behind(evidence: Evidence, condition: Condition) -> int:
    """Return how many of the days that :func:`given` learns from went that far.

    Raises
    ------
    UsageError
        As :func:`excursions`.
    NotEnoughDataError
        With under a year of days.
    """
    return int((excursions(evidence.history, condition)[sample_of(evidence.design).rows] >= condition.move).sum())


def given(evidence: Evidence, condition: Condition) -> Predictive:
    """Return the distribution of the day forecast, if the condition comes true within it.

    Parameters
    ----------
    evidence
        All that is known at the origin.
    condition
        The move.

    Raises
    ------
    NotEnoughDataError
        If fewer than 20 past days went that far.
    """
    far = excursions(evidence.history, condition)
    fitted = LocationScale().fit(evidence)
    rows = sample_of(evidence.design).rows
    usable = np.isfinite(far[rows])
    residual, weight, size = fitted.residual[usable], fitted.weight[usable], far[rows][usable]
    beyond = size >= condition.move
    if beyond.sum() < LEAST_DAYS:
        raise NotEnoughDataError(
            f"expected at least {LEAST_DAYS} past days on which {condition.coin} went {condition.move:.1%} from its "
            f"opening, found {int(beyond.sum())}; ask for a smaller move"
        )
    curve, left = _curve(size, residual, weight)
    drawn = _quantiles(left, weight, _RESIDUALS)
    mixed = (curve[beyond][:, np.newaxis] + drawn).ravel()
    likely = _quantiles(mixed, np.repeat(weight[beyond], len(drawn)), _MIXED)
    law = msgspec.structs.replace(
        fitted.law(evidence),
        residual=likely,
        weight=np.full(_MIXED, 1.0 / _MIXED),
        bandwidth=_BANDWIDTH,
        tail_weight=0.0,
    )
    return predictive(evidence, law, fitted.predict(evidence).missing)


def _curve(size: FloatArray, residual: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the fitted curve at each day, and what it leaves."""
    x = np.log1p(100.0 * size)
    design = np.column_stack([np.ones(len(x)), x, x**2])
    shared = design * weight[:, np.newaxis]
    curve = design @ np.linalg.solve(shared.T @ design + 1e-9 * np.eye(3), shared.T @ residual)
    return curve, residual - curve


def _quantiles(values: FloatArray, weight: FloatArray, count: int) -> FloatArray:
    order = np.argsort(values, kind="stable")
    share = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    return np.interp((np.arange(count) + 0.5) / count, share, values[order])
