"""Chances of a day if a coin falls to a level within it: one structural fit, many levels."""

from collections.abc import Sequence

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY
from runout.coverage.market_wide_ratio import Coverage
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.conditional import Condition, days_behind
from runout.forecast.features import Evidence
from runout.forecast.history import History
from runout.forecast.protocol import Predictive
from runout.forecast.record import Conditional, Probability
from runout.forecast.structural.conditions import conditional
from runout.forecast.structural.day import Day
from runout.forecast.targets import DANGER_USD, HEADLINE_USD, MEASURED_USD, headline, measured


def last_close(history: History, coin: str) -> float:
    """Return the last daily close of a coin, dollars.

    Raises
    ------
    UsageError
        If the history has no price of it.
    """
    closes = history.close[:, history.coins.index(coin)] if coin in history.coins else np.empty(0)
    known = closes[closes > 0.0]
    if not len(known):
        raise UsageError(f"expected a coin with daily prices among {' '.join(history.coins)}, found {coin}")
    return float(known[-1])


def condition_to(coin: str, price_usd: float, last_usd: float) -> Condition:
    """Return the condition that a coin gets from its last close to a price, both in dollars.

    Raises
    ------
    UsageError
        If the price is not above zero, or is the last close itself.
    """
    if not price_usd > 0.0 or price_usd == last_usd:
        raise UsageError(f"expected a price above zero other than the last close {last_usd:g}, found {price_usd:g}")
    falls_there = price_usd < last_usd
    move = 1.0 - price_usd / last_usd if falls_there else price_usd / last_usd - 1.0
    return Condition(move, "fall" if falls_there else "rise", coin)


def falls_from_close(
    evidence: Evidence, ratio: Coverage | None, coin: str, moves: Sequence[float]
) -> tuple[Conditional, ...]:
    """Return :func:`falls` from the last close known, the price at the origin of a forecast; none without closes."""
    history = evidence.history
    try:
        last = last_close(history, coin)
    except UsageError:
        return ()
    return falls(evidence, ratio, coin, moves, (last, int(history.day[-1]) + NANOSECONDS_PER_DAY))


def falls(
    evidence: Evidence, ratio: Coverage | None, coin: str, moves: Sequence[float], counted_from: tuple[float, int]
) -> tuple[Conditional, ...]:
    """Return the chances of the day if a coin falls so far from a price.

    Parameters
    ----------
    evidence
        All that is known at the start of the day.
    ratio
        Market-wide over measured totals; None: only measured thresholds are answered.
    coin
        Base asset.
    moves
        Fractions above zero.
    counted_from
        The price in dollars, and the moment it is of (UTC ns).

    Returns
    -------
    tuple of Conditional
        One a move; refused, with the reason, where the level is not below the day's opening or too far for past days.
    """
    last = last_close(evidence.history, coin)
    asked = [
        Conditional(
            coin=coin, direction="fall", move=move, price_usd=counted_from[0] * (1.0 - move),
            from_usd=counted_from[0], from_time=counted_from[1],
        )
        for move in moves
    ]  # fmt: skip
    try:
        day = Day.after(evidence) if any(conditional.price_usd < last for conditional in asked) else None
    except NotEnoughDataError as refusal:
        return tuple(msgspec.structs.replace(conditional, refused=str(refusal)) for conditional in asked)
    return tuple(_answered(conditional, day, evidence, last, ratio) for conditional in asked)


def _answered(
    asked: Conditional, day: Day | None, evidence: Evidence, last_usd: float, ratio: Coverage | None
) -> Conditional:
    if day is None or asked.price_usd >= last_usd:
        return msgspec.structs.replace(
            asked,
            refused=f"{asked.price_usd:,.6g} is not below the day's opening of {last_usd:,.6g}",
        )
    condition = condition_to(asked.coin, asked.price_usd, last_usd)
    try:
        predictive = conditional(day, condition)
    except NotEnoughDataError as refusal:
        return msgspec.structs.replace(asked, refused=str(refusal))
    return msgspec.structs.replace(
        asked,
        days=days_behind(evidence, condition),
        headline=_wave(predictive, ratio),
        measured=measured(predictive, (MEASURED_USD,)),
    )


def _wave(predictive: Predictive, ratio: Coverage | None) -> tuple[Probability, ...]:
    # All thresholds are asked, since the grid of the sum depends on them: one question, one answer to the digit.
    return (
        ()
        if ratio is None
        else tuple(p for p in headline(predictive, ratio, HEADLINE_USD) if p.theta_usd == DANGER_USD)
    )
