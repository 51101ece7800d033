"""How feeds are: age, rate against their own usual rate, gaps, reconnects, quarantined, lag. Pure."""

import math
from typing import Literal

import msgspec

from runout.clock import NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND

_USUAL_MINUTES = 1440.0
_LEARN_MINUTES = 30
_WINDOW_MINUTES = 10
_CHANCE = 1e-6
_CLOCK_SECONDS = 1.0


class FeedHealth(msgspec.Struct, kw_only=True):
    """How a feed is.

    Parameters
    ----------
    last
        When its last data came (UTC ns, our clock); 0: never.
    frames, rows, quarantined, partial
        Counts since the beginning: data frames, rows stored, frames or rows refused, bars left out since trades are
        missing.
    gaps, gap_seconds, gap_cause
        Gaps, their length together, and the latest cause.
    lag_seconds
        Receive time minus event time, median of the last second with rows: delay plus the offset of the clocks.
    usual
        Data frames a minute, mean over about a day.
    minute, counts, minutes
        Minute that is being counted; frames of the last minutes, the running one last; minutes learnt from.
    """

    last: int = 0
    frames: int = 0
    rows: int = 0
    quarantined: int = 0
    partial: int = 0
    gaps: int = 0
    gap_seconds: float = 0.0
    gap_cause: str = ""
    lag_seconds: float | None = None
    usual: float = 0.0
    minute: int = 0
    counts: list[int] = []
    minutes: int = 0

    def count(self, frames: int, at: int) -> None:
        """Count data frames received at a moment."""
        self.turn(at)
        self.frames += frames
        self.last = max(self.last, at)
        self.counts[-1] += frames

    def turn(self, at: int) -> None:
        """Go on to the minute of a moment: what was counted enters the usual rate."""
        minute = at // NANOSECONDS_PER_MINUTE
        if not self.counts:
            self.minute, self.counts = minute, [0]
        for _ in range(min(minute - self.minute, _WINDOW_MINUTES + 1)):
            self.minutes += 1
            weight = 1 / min(self.minutes, _USUAL_MINUTES)
            self.usual += weight * (self.counts[-1] - self.usual)
            self.counts = [*self.counts[-_WINDOW_MINUTES:], 0]
        self.minute = max(self.minute, minute)

    def rate(self) -> float | None:
        """Return data frames a minute over the last whole minutes; null before the first."""
        whole = self.counts[:-1]
        return sum(whole) / len(whole) if whole else None

    def is_quieter_than_usual(self) -> bool:
        """Return whether so few frames in the last minutes have a chance below one in a million at the usual rate."""
        whole = self.counts[:-1]
        if self.minutes < _LEARN_MINUTES or len(whole) < _WINDOW_MINUTES:
            return False
        return _at_most(sum(whole), self.usual * len(whole)) < _CHANCE and sum(whole) < self.usual * len(whole) / 2


class Health(msgspec.Struct):
    """How all feeds of a collector are.

    Parameters
    ----------
    feeds
        By ``venue/feed``.
    unknown
        What no structure of a venue knew, with how often.
    orphaned, clock_jumps
        Frames of sources that no record describes; how often our clock was set.
    repeated, late
        Trades that came again; trades that came too late for their bar.
    """

    feeds: dict[str, FeedHealth] = {}
    unknown: dict[str, int] = {}
    orphaned: int = 0
    clock_jumps: int = 0
    repeated: int = 0
    late: int = 0

    def feed(self, venue: str, feed: str) -> FeedHealth:
        """Return the health of a feed, to change."""
        return self.feeds.setdefault(f"{venue}/{feed}", FeedHealth())

    def note(self, venue: str, unknown: dict[str, int]) -> None:
        """Count what a venue's structures did not know; only the first 500 names are kept apart."""
        for name, count in unknown.items():
            key = f"{venue}: {name}"
            key = key if key in self.unknown or len(self.unknown) < 500 else f"{venue}: other"
            self.unknown[key] = self.unknown.get(key, 0) + count


class Finding(msgspec.Struct, frozen=True):
    """What is wrong with a feed or the collector, in words."""

    about: str
    severity: Literal["warning", "fault"]
    says: str


def findings(health: Health, limits: dict[str, float], now: int) -> list[Finding]:
    """Return what is wrong at a moment.

    Parameters
    ----------
    health
        As the normaliser wrote it.
    limits
        Seconds of silence that each open feed allows.
    now
        UTC ns.
    """
    results: list[Finding] = []
    for name, feed in sorted(health.feeds.items()):
        limit = limits.get(name, 0.0)
        age = (now - feed.last) / NANOSECONDS_PER_SECOND
        if limit and feed.last and age > 2 * limit:
            results.append(Finding(name, "fault", f"no data for {age:.0f} s; {feed.gap_cause or 'no cause known'}"))
        elif limit and not feed.last:
            results.append(Finding(name, "fault", "never gave data"))
        if feed.is_quieter_than_usual():
            text = f"quieter than usual: {feed.rate() or 0:.1f} frames a minute, usually {feed.usual:.1f}"
            results.append(Finding(name, "warning", text))
        if feed.lag_seconds is not None and feed.lag_seconds < -_CLOCK_SECONDS:
            text = f"events {-feed.lag_seconds:.1f} s in our future: our clock is slow, or the venue's fast"
            results.append(Finding(name, "warning", text))
        if feed.quarantined > 0.01 * max(feed.frames, 1):
            results.append(Finding(name, "fault", f"{feed.quarantined} of {feed.frames} frames in quarantine"))
    if health.orphaned:
        results.append(Finding("raw log", "fault", f"{health.orphaned} frames of sources that are not described"))
    if health.clock_jumps:
        results.append(Finding("clock", "warning", f"our clock was set {health.clock_jumps} times while recording"))
    return results


def _at_most(count: int, mean: float) -> float:
    """Return the Poisson chance of at most ``count`` at a mean."""
    if mean <= 0:
        return 1.0
    terms = (math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))
    return min(1.0, sum(terms)) if mean < 700 else 0.5 * math.erfc((mean - count - 0.5) / math.sqrt(2 * mean))
