"""Gaps as rows: on the venue's clock, for each series of the feed that they touch."""

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_SECOND
from runout.collect.coverage import Gap
from runout.collect.state import Clock, Hole, State
from runout.records import KINDS, Series, conform

_HOLES_KEPT = 200
_JITTER = NANOSECONDS_PER_SECOND
"""By which the delays of copies and rows of a feed differ at most: so much before the last proof may what was on its
way, and is lost, have happened."""


Feed = tuple[str, str]


class Output(msgspec.Struct):
    """Rows by kind, and the scope of series, from whole slots."""

    tables: dict[str, list[pl.DataFrame]] = {}
    series: dict[str, Series] = {}

    def add(self, kind: str, rows: pl.DataFrame) -> None:
        """Take rows of a kind."""
        if rows.height:
            self.tables.setdefault(kind, []).append(conform(rows, KINDS[kind]))

    def rows(self) -> dict[str, pl.DataFrame]:
        """Return the rows of each kind in the order they came."""
        return {kind: pl.concat(parts) for kind, parts in self.tables.items()}


class GapRows:
    """Writes gaps for the series that a feed is known to carry.

    Parameters
    ----------
    state
        State of the normaliser.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def write(self, gap: Gap, before: dict[Feed, Clock], known: int, output: Output) -> None:
        """Write a gap, on the venue's clock, for each series of the feed that it touches."""
        feed = (gap.venue, gap.feed)
        clock = self._state.clocks.get(feed)
        # Between two rows the venue's clock may have gone at another pace than ours; a hole lies beside rows.
        earlier = clock if gap.kind else before.get(feed)
        since = earlier.venue_time(gap.since) if earlier else gap.since
        until = clock.venue_time(gap.until) if clock else gap.until
        joined, joined_venue = self._state.written.get(feed, (0, 0))
        health = self._state.health.feed(*feed)
        health.gap_cause = gap.cause
        if not gap.kind:
            pace = self._state.coverage.feeds[feed].pace if feed in self._state.coverage.feeds else 1.0
            since = joined_venue if joined == gap.since else since - (int(_JITTER * pace) if earlier else 0)
            health.gaps += joined != gap.since
            health.gap_seconds += (gap.until - gap.since) / NANOSECONDS_PER_SECOND
        until = until if until > since else since + gap.until - gap.since
        if not gap.kind:
            self._state.written[feed] = (gap.until, until)
        hole = Hole(since, until, gap.cause, gap.kind, gap.stream)
        self._state.holes[feed] = [*self._state.holes.get(feed, [])[-_HOLES_KEPT:], hole]
        self._enter(hole, self.affected(feed, hole), known, output)

    def _enter(self, hole: Hole, series: list[str], known: int, output: Output) -> None:
        if series and hole.until > hole.since:
            rows = {
                "series": series,
                "coin": [self._state.scopes[name].coin for name in series],
                "event_time": hole.until,
                "span": hole.until - hole.since,
                "known_time": max(known, hole.until),
                "reason": hole.cause,
            }
            output.add("gaps", pl.DataFrame(rows))
            for name in series:
                output.series[name] = self._state.scopes[name]

    def affected(self, feed: Feed, hole: Hole) -> list[str]:
        """Return the series that lack rows: of a stream of one symbol that symbol's, else all of the kind.

        A series whose contract was delisted before lacks none.
        """
        names = [
            name
            for name, subject in sorted(self._state.feed_of.items())
            if subject == feed
            and hole.kind in {"", self._state.scopes[name].kind}
            and self._state.ended.get(name, hole.until) > hole.since
        ]
        stream = hole.stream.lower()
        return [name for name in names if stream and self._state.scopes[name].instruments.lower() in stream] or names

    def greet(self, new: list[str], known: int, output: Output) -> None:
        """Write the earlier gaps of a feed for series that speak on it for the first time."""
        for name in new:
            feed = self._state.feed_of[name]
            for hole in self._state.holes.get(feed, []):
                if name in self.affected(feed, hole):
                    self._enter(hole, [name], known, output)
