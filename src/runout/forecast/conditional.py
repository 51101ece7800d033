"""A condition on the price, "BTC falls 3% within the day", and the past days that met it.

A condition is not a cause: days that fall 3% are also days on which something happened.
"""

from typing import Literal

import msgspec
import numpy as np

from runout.errors import UsageError
from runout.forecast.covariates import sample_of
from runout.forecast.features import Evidence
from runout.forecast.history import History
from runout.scores.arrays import FloatArray

Direction = Literal["fall", "rise"]


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
    """Return how many of the days that a conditional answer learns from went that far.

    Raises
    ------
    UsageError
        As :func:`excursions`.
    NotEnoughDataError
        With under a year of days.
    """
    return int((excursions(evidence.history, condition)[sample_of(evidence.design).rows] >= condition.move).sum())
