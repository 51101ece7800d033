"""The danger level: five words for one probability, that the next 24 h liquidate at least $1B headline.

The level says how likely a wave is. Which kind it would be is the problem type
(:mod:`runout.forecast.problems`), and how far it would run is the map's and the cascade's to say.
"""

from bisect import bisect_right
from enum import IntEnum
from typing import Final

from runout.errors import UsageError

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
