"""Which stretches of a feed are proven, and the gaps between them.

A copy of a feed proves the time between two data frames if they are no further apart than its limit and nothing is
known to be missing between them. A feed is covered where any of its copies is. What is not covered is a gap, with the
cause that was noted. Pure, and a function of the notes in the raw log alone.
"""

import msgspec

from runout.clock import NANOSECONDS_PER_SECOND

_CHUNK_SECONDS = 60.0
_FILL_SECONDS = 5.0
_NEVER = 1 << 62
_LATE_SECONDS = 2.0  # how much later than the limit the end of a silent socket may be noted


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch (UTC ns, our clock) that a feed does not prove, why, and of which kind and stream (empty: of all)."""

    venue: str
    feed: str
    since: int
    until: int
    cause: str
    kind: str = ""
    stream: str = ""


class Copy(msgspec.Struct, kw_only=True):
    """What is known of one copy of a feed: its last proof, since when it is continuous, and why it was not before."""

    since: int = 0
    last: int = 0
    cause: str = ""
    limit: float = 30.0
    pace: float = 1.0

    def patience(self, seconds: float = 0.0) -> int:
        """Return the limit and some seconds more, in nanoseconds of the clock of receive times."""
        return int((self.limit + seconds) * self.pace * NANOSECONDS_PER_SECOND)


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """Frames of a stream that one copy lacks."""

    source: int
    since: int
    until: int
    cause: str
    kind: str
    stream: str


class Feed(msgspec.Struct, kw_only=True):
    """State of a feed.

    Parameters
    ----------
    began
        When it was first opened; before that nothing is claimed.
    covered
        Up to where it is covered or its gaps are written.
    cause
        Latest reason for which a copy ended or failed.
    copies
        By source number.
    holes
        Of single copies, until it is known whether another copy fills them.
    frames, reconnects
        Counts since the beginning.
    pace
        As of its sources.
    down
        Whether it proves nothing at present.
    """

    began: int
    covered: int
    cause: str = ""
    copies: dict[int, Copy] = {}
    holes: list[Hole] = []
    frames: int = 0
    reconnects: int = 0
    pace: float = 1.0
    down: bool = True


class Coverage(msgspec.Struct):
    """State of all feeds, by (venue, feed), and which source is of which feed."""

    feeds: dict[tuple[str, str], Feed] = {}
    sources: dict[int, tuple[str, str]] = {}

    def open(self, source: int, feed: tuple[str, str], at: int, *, limit: float, pace: float = 1.0) -> None:
        """Note that a source (its number) of a ``feed`` (venue, name) was opened.

        Parameters
        ----------
        source, feed, at
            Number of the copy; venue and name of the feed; UTC ns.
        limit, pace
            Seconds that may pass between two frames; seconds of our clock in a second.
        """
        self.sources[source] = feed
        state = self.feeds.get(feed)
        if state is None:
            state = self.feeds[feed] = Feed(began=at, covered=at)
        state.copies[source] = Copy(limit=limit, pace=pace)
        state.pace = pace

    def prove(self, source: int, frames: int, first: int, last: int) -> list[Gap]:
        """Note data from ``first`` to ``last`` (UTC ns) on a source, and return the gap that ends with it, if any.

        Between the two it was never silent for longer than its limit, else it would have been ended.
        """
        name = self.sources.get(source)
        if name is None:
            return []
        feed = self.feeds[name]
        copy = feed.copies.get(source)
        if copy is None:
            return []
        feed.frames += frames
        if copy.last == 0 or first - copy.last > copy.patience(_LATE_SECONDS):
            silence = f"silent for more than {copy.limit:g} s" if copy.last else ""
            copy.cause = silence or feed.cause or "connecting"
            copy.since = first
        copy.last = max(copy.last, last)
        feed.down = feed.down and last <= feed.covered
        return self._cover(name)

    def end(self, source: int, cause: str, *, planned: bool) -> list[Gap]:
        """Note that a source ended, and return the gap of which it is certain now that it does not fill it."""
        name = self.sources.pop(source, None)
        if name is None:
            return []
        feed = self.feeds[name]
        feed.copies.pop(source, None)
        if not planned:
            feed.reconnects += 1
            feed.cause = cause
        return self._cover(name)

    def fail(self, feed: tuple[str, str], cause: str, at: int) -> None:
        """Note that a feed could not be opened."""
        state = self.feeds.setdefault(feed, Feed(began=at, covered=at))
        state.cause = cause

    def retire(self, feed: tuple[str, str]) -> None:
        """Expect nothing more of a feed."""
        self.feeds.pop(feed, None)
        self.sources = {source: name for source, name in self.sources.items() if name != feed}

    def stop(self, cause: str) -> list[Gap]:
        """Note that all sources ended, because the collector did, and return the holes that none fills any more."""
        gaps = [gap for name, feed in self.feeds.items() for gap in self._settle_holes(name, feed, _NEVER)]
        # Those that lived longest first: only they could still prove what lies before the others.
        for source in sorted(self.sources, key=self._since):
            gaps += self.end(source, cause, planned=True)
        for feed in self.feeds.values():
            feed.cause = cause
        return gaps

    def _since(self, source: int) -> int:
        copy = self.feeds[self.sources[source]].copies.get(source)
        return copy.since if copy else 0

    def lack(self, hole: Hole) -> None:
        """Note that one copy lacks frames of a kind."""
        name = self.sources.get(hole.source)
        if name is not None:
            self.feeds[name].holes.append(hole)

    def settle(self, now: int) -> list[Gap]:
        """Return what is certain at ``now`` (UTC ns): holes that no copy fills, and outages, a minute at a time."""
        gaps: list[Gap] = []
        for name, feed in self.feeds.items():
            gaps += self._settle_holes(name, feed, now)
            longest = max((copy.patience() for copy in feed.copies.values()), default=0)
            if now - feed.covered >= longest + _CHUNK_SECONDS * feed.pace * NANOSECONDS_PER_SECOND:
                gaps += self._gap(name, now, feed.cause or "silent")
                feed.down = True
        return gaps

    def _cover(self, name: tuple[str, str]) -> list[Gap]:
        """Go on to where the copies prove a feed, and return the gaps that no copy can prove any more."""
        feed = self.feeds[name]
        gaps: list[Gap] = []
        while beyond := [copy for copy in feed.copies.values() if copy.last > feed.covered]:
            if reaching := [copy.last for copy in beyond if copy.since <= feed.covered]:
                feed.covered = max(reaching)
                continue
            newest = max(copy.last for copy in beyond)
            if any(_may_prove(copy, feed.covered, newest) for copy in feed.copies.values()):
                break
            first = min(beyond, key=lambda copy: copy.since)
            gaps += self._gap(name, first.since, first.cause)
        return gaps

    def _settle_holes(self, name: tuple[str, str], feed: Feed, now: int) -> list[Gap]:
        wait = _FILL_SECONDS * feed.pace * NANOSECONDS_PER_SECOND
        due = [hole for hole in feed.holes if now - hole.until > wait]
        feed.holes = [hole for hole in feed.holes if hole not in due]
        return [
            Gap(venue=name[0], feed=name[1], since=h.since, until=h.until, cause=h.cause, kind=h.kind, stream=h.stream)
            for h in due
            if not any(self._fills(source, copy, h, due) for source, copy in feed.copies.items())
        ]

    def _fills(self, source: int, copy: Copy, hole: Hole, holes: list[Hole]) -> bool:
        whole = source != hole.source and 0 < copy.since <= hole.since and copy.last >= hole.until
        return whole and not any(
            other.source == source
            and other.stream == hole.stream
            and other.since < hole.until
            and other.until > hole.since
            for other in holes
        )

    def _gap(self, name: tuple[str, str], until: int, cause: str) -> list[Gap]:
        feed = self.feeds[name]
        since, feed.covered = feed.covered, max(feed.covered, until)
        return [Gap(venue=name[0], feed=name[1], since=since, until=until, cause=cause)] if until > since else []


def _may_prove(copy: Copy, covered: int, newest: int) -> bool:
    """Return whether the next frame of a copy can show that it never was silent since ``covered``."""
    return 0 < copy.since <= covered and newest - copy.last <= copy.patience(_LATE_SECONDS)
