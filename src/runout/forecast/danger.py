"""The danger level: five words for one probability, that the next 24 h liquidate at least $1B headline.

The level says how likely a wave is. Which kind it would be is the problem type
(:mod:`runout.forecast.problems`), and how far it would run is the map's and the cascade's to say.
"""

from bisect import bisect_right
from enum import IntEnum
from typing import Final

import msgspec
import numpy.typing as npt

from runout.errors import UsageError
from runout.scores import FrequencyInterval, jeffreys_interval
from runout.scores.arrays import BoolArray, FloatArray, outcomes, probabilities, require_equal_lengths

EDGES: Final = (0.02, 0.05, 0.10, 0.25)
"""Lower edges of levels 2 to 5; a probability on an edge belongs to the level above."""


class DangerLevel(IntEnum):
    """Levels 1 to 5."""

    LOW = 1
    MODERATE = 2
    CONSIDERABLE = 3
    HIGH = 4
    EXTREME = 5

    @property
    def word(self) -> str:
        """The level as a reader sees it."""
        return self.name.lower()


def danger_level(probability: float) -> DangerLevel:
    """Return the level of a probability.

    Raises
    ------
    UsageError
        If it is not in [0, 1].

    Examples
    --------
    >>> [danger_level(p).word for p in (0.0199, 0.02, 0.07, 0.10, 0.25)]
    ['low', 'moderate', 'considerable', 'high', 'extreme']
    """
    if not 0.0 <= probability <= 1.0:
        raise UsageError(f"expected a probability in [0, 1], found {probability}")
    return DangerLevel(1 + bisect_right(EDGES, probability))


class LevelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How days of one level turned out.

    Parameters
    ----------
    level
        The level.
    days, events
        How many days had it, and on how many of them the event came.
    share
        Share of all days.
    mean_probability
        Mean of what was said on them; None without days.
    observed
        Frequency with its interval; None without days.
    """

    level: DangerLevel
    days: int
    events: int
    share: float
    mean_probability: float | None
    observed: FrequencyInterval | None


def level_records(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> tuple[LevelRecord, ...]:
    """Return days, events and observed frequency of each level.

    Parameters
    ----------
    probability
        As issued, shape (n,), of the event that the level is of.
    outcome
        Whether it came.
    """
    p, event = probabilities("probability", probability), outcomes("outcome", outcome)
    require_equal_lengths(probability=p, outcome=event)
    levels = [danger_level(float(one)) for one in p]
    return tuple(_record(level, [i for i, one in enumerate(levels) if one is level], p, event) for level in DangerLevel)


def _record(level: DangerLevel, days: list[int], p: FloatArray, event: BoolArray) -> LevelRecord:
    events = int(event[days].sum())
    return LevelRecord(
        level=level,
        days=len(days),
        events=events,
        share=len(days) / len(p),
        mean_probability=float(p[days].mean()) if days else None,
        observed=jeffreys_interval(events, len(days)) if days else None,
    )
