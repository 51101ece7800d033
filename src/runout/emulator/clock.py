"""The clocks of the emulated venues: one of the market, which may run fast, and one of the wire."""

from collections.abc import Callable

from runout.clock import NANOSECONDS_PER_SECOND, monotonic_seconds


class Clock:
    """Two clocks that begin together.

    ``now`` is the market's: events, bars and stamps. ``wire_seconds`` is that of limits, bans, heartbeats and the cut
    at 24 hours, which a collector meets in real seconds unless its own clock runs fast too.

    Parameters
    ----------
    start
        Market time at the start, UTC ns.
    speed
        Market seconds in a real second; 0: only :meth:`advance` moves the clocks.
    wire_speed
        Wire seconds in a real second.
    monotonic
        Seconds of a clock that never runs backwards.
    """

    def __init__(
        self, start: int, speed: float = 1.0, wire_speed: float = 1.0,
        monotonic: Callable[[], float] = monotonic_seconds,
    ) -> None:  # fmt: skip
        self.start, self.speed, self.wire_speed = start, speed, wire_speed
        self._monotonic, self._zero, self._market_ahead, self._wire_ahead = monotonic, monotonic(), 0, 0.0

    def now(self) -> int:
        """Return the market's time, UTC ns."""
        passed = (self._monotonic() - self._zero) * self.speed
        return self.start + self._market_ahead + int(passed * NANOSECONDS_PER_SECOND)

    def wire_seconds(self) -> float:
        """Return seconds since the start on the wire's clock."""
        real = (self._monotonic() - self._zero) if self.speed else 0.0
        return self._wire_ahead + real * self.wire_speed

    def advance(self, seconds: float) -> None:
        """Let so many market seconds pass at once; of a clock that stands still, the wire's as well."""
        self._market_ahead += int(seconds * NANOSECONDS_PER_SECOND)
        if not self.speed:
            self._wire_ahead += seconds

    def jump(self, time: int) -> None:
        """Set the market's clock to a time without letting the wire's clock pass."""
        self._market_ahead += time - self.now()
