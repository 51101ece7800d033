"""Moments as a caller of the interface may say them."""

from datetime import UTC, date, datetime

from runout.clock import from_datetime, now_ns, parse_time
from runout.errors import UsageError

Moment = str | date | datetime | None
"""Text as on the command line, a date (its 00:00 UTC), a datetime with a zone, or None for now."""


def nanoseconds(at: Moment) -> int:
    """Return UTC ns of a moment.

    Parameters
    ----------
    at
        Text without an offset is UTC, as on the command line. A datetime must say its zone: without one Python takes
        it for local time, and nobody would see the difference.

    Raises
    ------
    UsageError
        If it is text of another form, a datetime without a zone, or something else.

    Examples
    --------
    >>> nanoseconds("1970-01-02") == nanoseconds(date(1970, 1, 2)) == nanoseconds(datetime(1970, 1, 2, tzinfo=UTC))
    True
    """
    if at is None:
        return now_ns()
    if isinstance(at, datetime):
        return _aware(at)
    if isinstance(at, date):
        return from_datetime(datetime(at.year, at.month, at.day, tzinfo=UTC))
    if isinstance(at, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without a type checker
        return _parsed(at)
    raise UsageError(
        f"expected a UTC time such as '2025-08-18T12:00Z', a date, or a datetime with a zone, found {at!r}"
    )


def _aware(at: datetime) -> int:
    if at.utcoffset() is None:
        raise UsageError(
            f"expected a datetime with a zone, found {at!r}, which could be any; say "
            f"{at.isoformat()!r} + 'Z' as text, or datetime(…, tzinfo=UTC)"
        )
    return from_datetime(at)


def _parsed(at: str) -> int:
    try:
        return parse_time(at)
    except ValueError as error:
        raise UsageError(str(error)) from error
