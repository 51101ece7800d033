"""Walking a stretch of time in windows that a page can hold: no cursor, so no cursor can loop."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from runout.clock import parse_time, to_datetime
from runout.sources.venue import Call


class Windows(msgspec.Struct, frozen=True, kw_only=True):
    """How a venue's history is asked for.

    Parameters
    ----------
    since, until
        Names of the parameters that bound a window.
    unit
        Nanoseconds in one unit of them.
    step
        Nanoseconds between rows.
    rows
        Rows in a full page: a window is no longer.
    back
        True where pages hold the newest rows of a window, so that the walk goes from the end to the beginning.
    exclusive
        True where rows at the bounds themselves are left out.
    count
        Name of the parameter that says how many rows a window has, where the venue knows no end: ``until`` is unused.
    iso
        True where bounds are dates and times as text.
    open_end
        True where a row at the end itself is left out.
    events
        True where rows come when something happens: a page is whole up to its youngest row, however late its oldest,
        and what follows is asked for until nothing comes.
    """

    since: str
    until: str = ""
    unit: int = 1_000_000
    step: int
    rows: int
    back: bool = False
    exclusive: bool = False
    count: str = ""
    iso: bool = False
    open_end: bool = False
    events: bool = False

    def first(self, call: Call) -> Call:
        """Return the call for the first window of ``call.since`` to ``call.until``."""
        return self._next(call, call.until if self.back else call.since)

    def following(self, call: Call, stamps: NDArray[np.int64]) -> Call | None:
        """Return the next call; null at the end of the stretch.

        Parameters
        ----------
        call
            The call that was answered.
        stamps
            UTC ns of all rows in the answer. What a window lacks is asked for again, as long as pages bring something:
            some are smaller than asked.
        """
        begin, end = self.bounds(call)
        inside = stamps[(stamps >= begin) & (stamps <= end)]
        if inside.size:
            first, last = int(inside.min()), int(inside.max())
            older, newer = (first - begin) // self.step, (end - last) // self.step
            if self.events:
                older, newer = 0, (end - last) // self.unit
            # What a short page lacks is ahead of the walk, or behind it where the venue keeps the other end of a
            # window; there a single row is none that trades made, or one that is not over.
            if newer > (1 if self.back else 0) and (self.back or older < 2):
                return self.window(call, last + self.unit, end)
            if older > (0 if self.back else 1):
                return self.window(call, begin, first - self.unit)
        if self.back:
            return None if begin - self.unit < call.since else self._next(call, begin - self.unit)
        return None if end + self.unit > call.until else self._next(call, end + self.unit)

    def bare(self, call: Call, stamps: NDArray[np.int64]) -> bool:
        """Whether an answer holds no row of its window, though a row is due in it."""
        begin, end = self.bounds(call)
        is_due = end // self.step * self.step >= begin
        return is_due and not ((stamps >= begin) & (stamps <= end)).any()

    def older(self, call: Call, stamps: NDArray[np.int64]) -> Call | None:
        """Return the call for the page whose youngest row is the oldest of this one; null at the end of the stretch.

        For settlements of funding: the interval of each is read off the one before it.
        """
        begin, end = self.bounds(call)
        # A page with this row alone is the last; with no more than another it may have been cut short.
        if stamps.size == 0 or stamps.min() <= begin or stamps.min() >= end:
            return None
        return self.window(call, begin, int(stamps.min()))

    def beyond(self, call: Call) -> Call | None:
        """Return the call after a window that the venue refuses as too old; null where nothing younger is left."""
        return None if self.back else self.following(call, np.zeros(0, np.int64))

    def bounds(self, call: Call) -> tuple[int, int]:
        """Return the window of a call, UTC ns, its ends included."""
        asked = dict(call.parameters)
        margin = self.unit if self.exclusive else 0
        begin = self._parse(asked[self.since]) + margin
        if self.count:
            return begin, begin + int(asked[self.count]) * self.step - self.unit
        return begin, self._parse(asked[self.until]) - (self.unit if self.open_end else margin)

    def window(self, call: Call, begin: int, end: int) -> Call:
        """Return the call with another window, UTC ns, its ends included."""
        fixed = tuple(pair for pair in call.parameters if pair[0] not in {self.since, self.until, self.count})
        margin = self.unit if self.exclusive else 0
        first = -(-begin // self.unit) * self.unit - margin
        last = end // self.unit * self.unit + (self.unit if self.open_end else margin)
        bounds = ((self.since, self._text(first)), (self.until, self._text(last)))
        if self.count:
            bounds = (bounds[0], (self.count, str(max(-(-(last + self.unit - first) // self.step), 1))))
        return msgspec.structs.replace(call, parameters=(*fixed, *bounds))

    def _parse(self, text: str) -> int:
        return parse_time(text) if self.iso else int(text) * self.unit

    def _text(self, moment: int) -> str:
        if self.iso:
            return to_datetime(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return str(moment // self.unit)

    def _next(self, call: Call, edge: int) -> Call:
        length = self.rows * self.step
        if self.back:
            # A window of this length, counted from a whole step, holds as many rows as a page.
            return self.window(call, max(edge // self.step * self.step - length + self.unit, call.since), edge)
        return self.window(call, edge, min(-(-edge // self.step) * self.step + length - self.unit, call.until))
