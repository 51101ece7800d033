"""The problem type: where the weakness lies, by rules that anybody can check.

The rules are judgement, not estimates: nobody labels days with the truth, so they are not scored. They say in one word
what the figures beside them say in several, and a reader who disagrees sees which figure decided.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec


class Problem(StrEnum):
    """Kinds of weakness."""

    SLIDE = "slide in progress"
    SPENT = "spent"
    LONG_OVERHANG = "long overhang"
    SHORT_OVERHANG = "short overhang"
    TWO_SIDED = "two-sided"


class Bound(msgspec.Struct, frozen=True):
    """A quantity within [low, high)."""

    quantity: str
    low: float = -math.inf
    high: float = math.inf

    def holds(self, value: float) -> bool:
        """Return whether ``value`` lies within."""
        return self.low <= value < self.high


class Rule(msgspec.Struct, frozen=True):
    """One row of the table: the problem, the bounds that must all hold, and both in words."""

    problem: Problem
    bounds: tuple[Bound, ...]
    words: str


class Diagnosis(msgspec.Struct, frozen=True):
    """The problem type with the rule that decided, and what it looked at."""

    problem: Problem
    rule: str
    quantities: dict[str, float]


DEAR_FUNDING = 0.00015
"""Per 8 h: half again the 0.01% at which venues anchor it, about 16% a year."""

RULES: Final = (
    Rule(
        Problem.SLIDE,
        (Bound("absolute_return_1d", 0.03), Bound("liquidations_percentile", 95.0)),
        "price moved 3% or more over the day, with liquidations at or above the 95th percentile of 365 days",
    ),
    Rule(
        Problem.SPENT,
        (
            Bound("coin_interest_drawdown_60d", high=-0.10),
            Bound("peak_percentile_7d", 95.0),
            Bound("funding_3d", high=DEAR_FUNDING),
        ),
        "open interest in coins 10% or more below its 60-day peak, a day at or above the 95th percentile of "
        "liquidations within the last 7, funding below 0.015% per 8 h",
    ),
    Rule(Problem.LONG_OVERHANG, (Bound("funding_3d", DEAR_FUNDING),), "longs pay 0.015% per 8 h or more"),
    Rule(Problem.SHORT_OVERHANG, (Bound("funding_3d", high=0.0),), "shorts pay"),
    Rule(Problem.TWO_SIDED, (Bound("funding_3d"),), "funding near its anchor, neither side pays up to stay"),
)
"""The first rule whose quantities are all known and within their bounds decides."""


def diagnose(quantities: Mapping[str, float | None]) -> Diagnosis | None:
    """Return the problem type; None if no rule's quantities are known.

    Parameters
    ----------
    quantities
        By name, None or absent where not known: ``absolute_return_1d`` and ``coin_interest_drawdown_60d`` (log),
        ``liquidations_percentile`` and ``peak_percentile_7d`` (0 to 100, of 365 days), ``funding_3d`` (fraction per
        8 h, mean of 3 days).
    """
    for rule in RULES:
        values = {bound.quantity: quantities.get(bound.quantity) for bound in rule.bounds}
        known = {name: value for name, value in values.items() if value is not None}
        if len(known) == len(values) and all(bound.holds(known[bound.quantity]) for bound in rule.bounds):
            return Diagnosis(rule.problem, rule.words, known)
    return None
