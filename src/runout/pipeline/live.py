"""Today, kept up to date: each minute what is new is derived, each hour forecast, map and what-if are kept.

The same functions as in batch: `runout compute` on the same lake finds nothing left to do but states that maps go on
from, which save time and change no answer. A bulletin is as of the
moment up to which the collector has delivered, so that asked again later for that moment it says the same.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND, start_of_day
from runout.collect.following import delivered_through
from runout.collect.recorder import pace_of_clock
from runout.lake import Lake
from runout.pipeline import ledger
from runout.pipeline.cluster_snapshots import has_clusters, newest_moment
from runout.pipeline.derive import add_new, add_states
from runout.pipeline.issue_bulletin import Publication

_MOST_BEHIND: Final = 10 * NANOSECONDS_PER_MINUTE


def settled(collector: Path, now: int, begun: int) -> int:
    """Return the latest whole second up to which a collector has delivered everything, UTC ns.

    Before its first delivery that is when it was begun. Of one that has delivered nothing for ten minutes of this
    machine's time it is the present.

    Parameters
    ----------
    collector
        Its folder.
    now, begun
        The present, and when the collector was begun, UTC ns.
    """
    through = delivered_through(collector) or begun
    late = through < now - _MOST_BEHIND * pace_of_clock()
    return (now if late else min(through, now)) // NANOSECONDS_PER_SECOND * NANOSECONDS_PER_SECOND


class Updater:
    """Brings the derived state of one lake up to date, again and again.

    Parameters
    ----------
    lake
        The lake.
    coins
        Coins whose bulletins are kept ready.
    """

    def __init__(self, lake: Lake, coins: Sequence[str]) -> None:
        self._lake, self._coins = lake, tuple(coins)
        self._hour = -1
        self._due = list[tuple[str, str]]()
        self._maps = dict[str, Publication]()

    @property
    def due(self) -> bool:
        """Whether something is left of what an hour asks for."""
        return bool(self._due)

    def update(self, at: int) -> None:
        """Derive what is new at a moment (UTC ns); the first time, do all that an hour asks for as well.

        Raises
        ------
        LakeError
            If the lake cannot be written; what was written stays, and the next update goes on.
        """
        add_new(self._lake, at=at)
        hour, first = at // NANOSECONDS_PER_HOUR, self._hour < 0
        if hour != self._hour:
            self._due += [part for part in self._parts() if part not in self._due]
            self._hour = hour
        while first and self.due:
            self.go_on(at)

    def go_on(self, at: int) -> None:
        """Do the next part of what the hour asks for.

        States that maps go on from, forecast, map, and levels and moves of each coin are a part each: no minute waits
        for all of them. Files are put together by the collector.

        Raises
        ------
        LakeError
            As :meth:`update`.
        """
        part, coin = self._due[0]
        if part == "states":
            add_states(self._lake, coin)
        elif part == "forecast":
            ledger.issue_daily(self._lake, coin, [start_of_day(at)])
        elif part == "map":
            self._draw(coin)
        elif part == "levels" and coin in self._maps:
            self._maps[coin].keep(self._lake)
            del self._maps[coin]
        del self._due[0]

    def _parts(self) -> list[tuple[str, str]]:
        return [(part, coin) for coin in self._coins for part in ("forecast", "map", "levels", "states")]

    def _draw(self, coin: str) -> None:
        """Make the map of a coin of the present, where the lake does not hold its levels."""
        newest = newest_moment(self._lake, coin)
        if newest is not None and not has_clusters(self._lake, coin, newest):
            self._maps[coin] = Publication(self._lake, coin, newest)
            _ = self._maps[coin].map
