"""Time: the only module that reads the clock, and the only one that turns text into time and back.

Times are int64 nanoseconds since 1970-01-01T00:00Z. Text is ISO 8601 and always UTC.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final, NamedTuple

NANOSECONDS_PER_SECOND = 1_000_000_000
NANOSECONDS_PER_MINUTE = 60 * NANOSECONDS_PER_SECOND
NANOSECONDS_PER_HOUR = 60 * NANOSECONDS_PER_MINUTE
NANOSECONDS_PER_DAY = 24 * NANOSECONDS_PER_HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class EmulatedClock(NamedTuple):
    """A clock that an emulated market runs on.

    Parameters
    ----------
    market
        Market time at ``wall``, UTC ns.
    wall
        This machine's time at which the market's clock stood at ``market``, UTC ns.
    speed
        Market seconds in a second.
    limit_speed
        Seconds that limits and silences of venues are counted in, in a second: as fast as the emulator counts them.
    """

    market: int
    wall: int
    speed: float
    limit_speed: float = 1.0

    def __str__(self) -> str:
        limits = "" if self.limit_speed == 1.0 else f" limits x {self.limit_speed:g}"
        return f"{format_time(self.market)} at {self.wall} x {self.speed:g}{limits}"


_followed: list[EmulatedClock] = []


def follow(clock: EmulatedClock | None) -> None:
    """Let ``now_ns`` be an emulated market's time from here on; None: this machine's again."""
    _followed[:] = [] if clock is None else [clock]


def followed() -> EmulatedClock | None:
    """Return the emulated clock that is followed; while there is one, nothing received was observed anywhere."""
    return _followed[0] if _followed else None


def parse_emulated_clock(text: str) -> EmulatedClock:
    """Return the clock in a text such as ``2026-11-29T00:00:00Z at 1795941500123456789 x 60``.

    Raises
    ------
    ValueError
        If the text is no such clock.
    """
    market, *limits = text.split(" limits x ")
    parts = market.replace(" at ", " x ").split(" x ")
    if len(parts) != 3 or not parts[1].isdigit() or len(limits) > 1:
        raise ValueError(f"no emulated clock: {text!r}; `runout emulate` prints the one to set")
    clock = EmulatedClock(parse_time(parts[0]), int(parts[1]), float(parts[2]), *map(float, limits))
    if not (0.0 < clock.speed < float("inf") and 0.0 < clock.limit_speed < float("inf")):
        raise ValueError(f"no speed of a clock: {text!r}; a positive number of its seconds in a second")
    return clock


def emulated_clock(market: int, speed: float, limit_speed: float = 1.0) -> EmulatedClock:
    """Return the clock that stands at the market time ``market`` (UTC ns) now and runs at ``speed``."""
    begun = market - market % NANOSECONDS_PER_SECOND
    return EmulatedClock(begun, time.time_ns() - int((market - begun) / speed), speed, limit_speed)


def now_ns() -> int:
    """Return the present moment in UTC nanoseconds: this machine's, or that of the emulated market that is followed."""
    wall = time.time_ns()
    if not _followed:
        return wall
    clock = _followed[0]
    return clock.market + int((wall - clock.wall) * clock.speed)


def limit_seconds() -> float:
    """Return the clock that limits are counted in: this machine's seconds, however fast the market that is followed."""
    return time.time() * _limit_speed()


async def wait_limit_seconds(seconds: float) -> None:
    """Let so many seconds of :func:`limit_seconds` pass."""
    await asyncio.sleep(seconds / _limit_speed())


def _limit_speed() -> float:
    return _followed[0].limit_speed if _followed else 1.0


def monotonic_seconds() -> float:
    """Return a clock for durations, in seconds, that never runs backwards."""
    return time.monotonic()


def loop_seconds() -> float:
    """Return the clock of the running event loop, in seconds: what its sleeps and timeouts go by."""
    return asyncio.get_running_loop().time()


def from_datetime(moment: datetime) -> int:
    """Return UTC nanoseconds of ``moment``; a moment without a zone is taken as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    delta = aware - _EPOCH
    whole_seconds = delta.days * 86_400 + delta.seconds
    return whole_seconds * NANOSECONDS_PER_SECOND + delta.microseconds * 1_000


def to_datetime(time_ns: int) -> datetime:
    """Return an aware UTC datetime of ``time_ns`` (microsecond resolution, rounded down)."""
    return datetime.fromtimestamp(time_ns // NANOSECONDS_PER_SECOND, UTC).replace(
        microsecond=time_ns % NANOSECONDS_PER_SECOND // 1_000
    )


def parse_time(text: str) -> int:
    """Return UTC nanoseconds of an ISO 8601 date or time; text without an offset is UTC.

    Raises
    ------
    ValueError
        If ``text`` is not an ISO 8601 date or time.

    Examples
    --------
    >>> parse_time("1970-01-01T00:01Z")
    60000000000
    >>> parse_time("1970-01-02")
    86400000000000
    """
    try:
        return from_datetime(datetime.fromisoformat(text.strip()))
    except ValueError as error:
        raise ValueError(
            f"expected a UTC time such as 2025-08-18T12:00Z or a date such as 2025-08-18, found {text!r}"
        ) from error


def format_time(time_ns: int) -> str:
    """Return ISO 8601 text in UTC, as short as it can be said without loss down to the second.

    Examples
    --------
    >>> format_time(60_000_000_000)
    '1970-01-01T00:01Z'
    """
    moment = to_datetime(time_ns)
    return moment.strftime("%Y-%m-%dT%H:%MZ" if moment.second == 0 else "%Y-%m-%dT%H:%M:%SZ")


def exact_time(time_ns: int) -> str:
    """Return ISO 8601 text in UTC, without loss down to the microsecond: what :func:`parse_time` reads as it was.

    Examples
    --------
    >>> exact_time(60_250_000_000), exact_time(60_000_000_000)
    ('1970-01-01T00:01:00.25Z', '1970-01-01T00:01Z')
    """
    moment = to_datetime(time_ns)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}".rstrip("0") + "Z" if moment.microsecond else format_time(time_ns)


def format_date(time_ns: int) -> str:
    """Return the UTC date of ``time_ns`` as ``YYYY-MM-DD``."""
    return to_datetime(time_ns).strftime("%Y-%m-%d")


def say_time(time_ns: int, reference_ns: int) -> str:
    """Return a time as a sentence says it; the year only where it is not the reference's.

    Examples
    --------
    >>> say_time(parse_time("2025-08-14T16:20Z"), parse_time("2025-08-18T12:00Z"))
    '14 Aug 16:20 UTC'
    """
    return f"{say_date(time_ns, reference_ns)} {to_datetime(time_ns):%H:%M} UTC"


def say_date(time_ns: int, reference_ns: int) -> str:
    """Return a UTC date as a sentence says it; the year only where it is not the reference's.

    Examples
    --------
    >>> say_date(parse_time("2024-08-05"), parse_time("2025-08-18"))
    '5 Aug 2024'
    """
    moment, reference = to_datetime(time_ns), to_datetime(reference_ns)
    # Month names are our own: strftime would follow the locale of the machine.
    return f"{moment.day} {MONTHS[moment.month - 1]}" + ("" if moment.year == reference.year else f" {moment.year}")


def say_moment(time_ns: int) -> str:
    """Return a time as a heading says it: as :func:`say_time`, always with its year.

    Examples
    --------
    >>> say_moment(parse_time("2025-08-18T12:00Z"))
    '18 Aug 2025 12:00 UTC'
    """
    moment = to_datetime(time_ns)
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year} {moment:%H:%M} UTC"


def format_duration(duration_ns: int) -> str:
    """Return a duration in the unit a reader would use: ``5m``, ``4h``, ``3d``.

    Examples
    --------
    >>> [format_duration(hours * NANOSECONDS_PER_HOUR) for hours in (4, 24, 36, 48)]
    ['4h', '1d', '36h', '2d']
    """
    for unit, suffix in (
        (NANOSECONDS_PER_DAY, "d"),
        (NANOSECONDS_PER_HOUR, "h"),
        (NANOSECONDS_PER_MINUTE, "m"),
        (NANOSECONDS_PER_SECOND, "s"),
    ):
        if duration_ns and duration_ns % unit == 0:
            return f"{duration_ns // unit}{suffix}"
    return f"{duration_ns}ns"


def start_of_day(time_ns: int) -> int:
    """Return 00:00 UTC of the day that holds ``time_ns``."""
    return time_ns - time_ns % NANOSECONDS_PER_DAY
