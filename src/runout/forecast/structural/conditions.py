"""What follows if the price gets somewhere, from the structural model: an answer for any level, seen before or not.

Scenarios that get there are kept. Where fewer than 40 do, all ways are made longer alike, as on a day more volatile
than expected, until 40 do; that is extrapolation from the shape of past days, and ends at four times. A condition is
not a cause, and the answer is a model's: :mod:`runout.forecast.conditional` counts past days that went so far.
"""

from typing import Final

import numpy as np

from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.conditional import Condition
from runout.forecast.features import Evidence
from runout.forecast.protocol import Predictive
from runout.forecast.structural.day import Day, Scenarios

LEAST_SCENARIOS: Final = 40
MOST_STRETCHED: Final = 4.0
"""Beyond so many times their length, scenarios of past days say nothing."""


def conditional(day: Day, condition: Condition) -> Predictive:
    """Return the distribution of the day forecast, if the condition comes true within it.

    Parameters
    ----------
    day
        Fitted once for all conditions asked of it.
    condition
        The move, from the last close known.

    Raises
    ------
    UsageError
        If the coin is not in the history, or the move is not above zero (and below one, for a fall).
    NotEnoughDataError
        If even ways of four times their length do not get there.
    """
    _require_possible(day.evidence, condition)
    return day.predictive(_getting_there(day, condition))


def _getting_there(day: Day, condition: Condition) -> Scenarios:
    scenarios = day.scenarios()
    column = day.evidence.history.coins.index(condition.coin)
    requested = -np.log1p(-condition.move) if condition.direction == "fall" else np.log1p(condition.move)
    reach = scenarios.ways[:, column, 0 if condition.direction == "fall" else 1]
    with np.errstate(divide="ignore"):
        needed = np.sort(requested / reach)[min(LEAST_SCENARIOS, len(reach)) - 1]
    stretched = max(float(needed), 1.0) * (1.0 + 1e-12)
    if not stretched <= MOST_STRETCHED:
        raise NotEnoughDataError(
            f"expected a move that past days would reach at {MOST_STRETCHED:g} times their length, found "
            f"{condition.move:.1%} of {condition.coin}, which takes {stretched:.1f} times; ask for a smaller move"
        )
    kept = reach * stretched >= requested
    weight = scenarios.weight[kept]
    return day.located(scenarios.ways[kept] * stretched, weight / weight.sum())


def _require_possible(evidence: Evidence, condition: Condition) -> None:
    coins = evidence.history.coins
    most = 1.0 if condition.direction == "fall" else np.inf
    if condition.coin not in coins or not 0.0 < condition.move < most:
        raise UsageError(
            f"expected a move above zero of one of {' '.join(coins)}, found {condition.move} of {condition.coin}"
        )
