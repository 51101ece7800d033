"""Venues whose open interest readers have doubted, with the day the doubt was first known and its reason.

These are dated remarks, not test results: the tests stand in :mod:`runout.coverage.core_venues`, and do not agree
with every one of them (Gate passes them all). A bulletin shows what stands without the doubted venues beside what
stands with them; a bulletin of an earlier moment does not know the doubt.
"""

import msgspec

from runout.clock import parse_time


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """One remark: the venue, since when it is known (UTC ns), and why."""

    venue: str
    known_time: int
    reason: str


_NOTICED = parse_time("2025-08-18")

DOUBTS = (
    Doubt(
        venue="gate",
        known_time=_NOTICED,
        reason="rose from $4.6B to $8.6B in four days while every large venue stood still; passes our tests",
    ),
    Doubt(venue="mexc", known_time=_NOTICED, reason="moves in steps that have little to do with the price"),
    Doubt(venue="bingx", known_time=_NOTICED, reason="fell from $2.4B to $0.5B and rose to $1.3B in four days"),
)


def doubted(at: int) -> dict[str, str]:
    """Return the venues doubted at ``at`` (UTC ns) with the reason."""
    return {doubt.venue: doubt.reason for doubt in DOUBTS if doubt.known_time <= at}
