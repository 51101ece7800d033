"""Answers that come again to another call: a cache before a venue, or a cursor that loops, gives an earlier page."""

import asyncio
import hashlib
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from runout.sources.venue import Call

_BELIEVED: Final = 4
_REMEMBERED: Final = 256
_STAMP: Final = re.compile(rb"\d{10}|\d{4}-\d\d-\d\d")
_FIGURE: Final = re.compile(rb"\d+\.\d+")
_Request = tuple[str, str, tuple[tuple[str, str], ...], bytes]
_Path = tuple[str, str]


class Repeats:
    """Remembers which bytes answered which request, by venue and path: hosts of a venue may share a cache.

    Notes
    -----
    Two requests that got the same bytes are both in doubt: which of them was answered cannot be seen from either. Those
    in flight together are therefore compared once all have come. A request to which the same bytes came four times is
    believed. Two answers may be alike for good reason: where they hold no time, so no rows, and where two
    symbols are asked for the same stretch and all rows have the same figure, as rates of funding at their cap.
    """

    def __init__(self) -> None:
        self._owners: dict[_Path, dict[bytes, dict[_Request, int]]] = {}
        self._latest: dict[tuple[_Path, _Request], bytes] = {}
        self._plain: set[bytes] = set()
        self._in_flight: dict[_Path, set[asyncio.Future[None]]] = {}

    @contextmanager
    def sent(self, call: Call) -> Generator[None]:
        """Note that a call is in flight until the context ends."""
        flights = self._in_flight.setdefault(_path(call), set())
        flight = asyncio.get_running_loop().create_future()
        flights.add(flight)
        try:
            yield
        finally:
            flights.remove(flight)
            flight.set_result(None)

    def note(self, call: Call, body: bytes) -> None:
        """Remember what answered a call."""
        if not _STAMP.search(body):
            return
        path, request = _path(call), call.request()
        digest = hashlib.blake2b(body, digest_size=16).digest()
        known = self._owners.setdefault(path, {})
        owners = known.setdefault(digest, {})
        owners[request] = owners.get(request, 0) + 1
        self._latest[path, request] = digest
        if _is_plain(body):
            self._plain.add(digest)
        while len(known) > _REMEMBERED:
            oldest = next(iter(known))
            self._plain.discard(oldest)
            for forgotten in known.pop(oldest):
                if self._latest.get((path, forgotten)) == oldest:
                    del self._latest[path, forgotten]

    async def is_own(self, call: Call) -> bool:
        """Return whether the last answer to a call may be believed, once those in flight beside it have come."""
        path, request = _path(call), call.request()
        digest = self._latest.get((path, request))
        if digest is None:
            return True
        if flights := self._in_flight.get(path):
            await asyncio.wait(flights)
        owners = self._owners[path].get(digest, {})
        rivals = [owner for owner in owners if owner != request]
        if digest in self._plain:
            rivals = [rival for rival in rivals if _place(rival) != _place(request)]
        return not rivals or owners.get(request, 0) >= _BELIEVED


def _place(request: _Request) -> tuple[object, ...]:
    """Return the window or page that is asked for, whatever the symbol."""
    _, _, parameters, body = request
    return (*(value for _, value in parameters if value[:1].isdigit()), *re.findall(rb"\d{10,}", body))


def _is_plain(body: bytes) -> bool:
    """Return whether rows have all the same figure."""
    figures = (match[0] for match in _FIGURE.finditer(body))
    first = next(figures, None)
    return all(figure == first for figure in figures)


def _path(call: Call) -> _Path:
    return call.venue, call.path
