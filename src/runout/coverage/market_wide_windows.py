"""Measured totals of the same hours as a reported figure: what makes a ratio of the two mean anything.

Our widest series has whole UTC days; a headline is of 24 h to some moment. Three ways to bring them together:

``utc-day``
    The day the source dates its figure to. Exact for figures of UTC days; for others the hours do not match.
``rolling-24h``
    The days which the 24 h touch, each cut by the course of a finer series within it (the *profile*):
    ``Σ_d D_d · f(24 h ∩ d) / f(d)`` with the wide daily total D and the fine, narrower series f.
``rolling-24h-fine``
    The fine series itself over the 24 h: no daily total is needed, but the scope is narrower.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.coverage.market_wide_facts import HeadlineFact
from runout.errors import SchemaError

Match = Literal["utc-day", "rolling-24h", "rolling-24h-fine"]
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

DAY = NANOSECONDS_PER_DAY
OVERLAP = 2 / 3
"""A figure of 24 h that are known stands for a UTC day if at least two thirds of them lie in it."""
WEAK_WEIGHT = 0.5
"""A weak source counts half an observation: a round judgement, not fitted."""


class Totals(msgspec.Struct, frozen=True):
    """Totals in time order: ``usd[i]`` fell in ``[end[i] − span[i], end[i])`` and was known at ``known[i]``."""

    end: Times
    span: Times
    known: Times
    usd: Floats

    def known_at(self, at: int) -> "Totals":
        """Return the totals known at ``at`` (UTC ns)."""
        keep = self.known <= at
        return Totals(self.end[keep], self.span[keep], self.known[keep], self.usd[keep])


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A reported figure and the measured total of the same hours.

    Parameters
    ----------
    event
        The wave; pairs of one event are averaged before they count.
    date
        UTC ns, start of the dated day.
    headline_usd, measured_usd
        Dollars, both positive.
    known_time
        UTC ns: when both sides were known.
    weight
        1, or :data:`WEAK_WEIGHT`.
    """

    event: str
    date: int
    headline_usd: float
    measured_usd: float
    known_time: int
    weight: float = 1.0

    @property
    def log_ratio(self) -> float:
        """``ln(headline / measured)``."""
        return float(np.log(self.headline_usd / self.measured_usd))


def totals_of(table: pl.DataFrame) -> Totals:
    """Return interval totals from a table with ``event_time, span, known_time, total_usd``.

    Raises
    ------
    SchemaError
        If times repeat, or a total is null or negative: a sum over fewer coins must not pass as the sum.
    """
    rows = table.sort("event_time")
    if rows["event_time"].is_duplicated().any() or not (rows["total_usd"].fill_null(-1.0) >= 0.0).all():
        raise SchemaError("expected one non-negative total for each event_time, found repeats, nulls or negatives")
    end, span, known = (rows[name].cast(pl.Int64).to_numpy() for name in ("event_time", "span", "known_time"))
    return Totals(end, span, known, rows["total_usd"].cast(pl.Float64).to_numpy())


def pair_facts(facts: Iterable[HeadlineFact], daily: Totals, fine: Totals, match: Match) -> list[Pair]:
    """Return each usable fact beside the measured total of its hours, by date.

    Parameters
    ----------
    facts
        Rejected ones, those of other windows and those whose hours our series do not cover are left out.
    daily
        Totals of UTC days in the wide scope.
    fine
        Totals of short intervals in a narrower scope.
    match
        How the hours are brought together.

    Notes
    -----
    For a fact whose 24 h may have ended anywhere between two moments, the measured total is the mean over hourly ends.
    """
    pairs = [pair for fact in facts if (pair := _pair(fact, daily, fine, match)) is not None]
    return sorted(pairs, key=lambda pair: (pair.date, pair.known_time, pair.headline_usd))


def total_between(totals: Totals, start: int, end: int) -> tuple[float, int]:
    """Return dollars in ``[start, end)`` and when they were known; NaN where the rows do not cover it.

    An interval that is cut counts in proportion to the time inside.
    """
    # In time order and without overlap: only the last of them can reach beyond the end.
    first, last = np.searchsorted(totals.end, (start, end), side="right").tolist()
    near = slice(first, last + 1)
    ends, spans = totals.end[near], totals.span[near]
    inside = np.minimum(ends, end) - np.maximum(ends - spans, start)
    touched = inside > 0
    if int(inside[touched].sum()) != end - start:
        return float("nan"), 0
    part = totals.usd[near][touched] * inside[touched] / spans[touched]
    return float(part.sum()), int(totals.known[near][touched].max())


def profiled_total(daily: Totals, fine: Totals, start: int, end: int) -> tuple[float, int]:
    """Return dollars of the wide scope in ``[start, end)``, days being cut by the course of the fine series."""
    dollars, known = 0.0, 0
    for day in range(start - start % DAY, end, DAY):
        whole, known_daily = total_between(daily, day, day + DAY)
        part, _ = total_between(fine, max(start, day), min(end, day + DAY))
        of_day, known_fine = total_between(fine, day, day + DAY)
        share = part / of_day if of_day > 0 else float("nan")
        dollars, known = dollars + whole * share, max(known, known_daily, known_fine)
    return dollars, known


def _pair(fact: HeadlineFact, daily: Totals, fine: Totals, match: Match) -> Pair | None:
    if fact.status == "rejected" or fact.window == "year":
        return None
    measured, known = _day(fact, daily) if match == "utc-day" else _rolling(fact, daily, fine, match)
    if not measured > 0.0:
        return None
    return Pair(
        event=fact.event,
        date=fact.date,
        headline_usd=fact.headline_usd,
        measured_usd=measured,
        known_time=max(known, fact.published),
        weight=WEAK_WEIGHT if fact.strength == "weak" else 1.0,
    )


def _day(fact: HeadlineFact, daily: Totals) -> tuple[float, int]:
    if fact.end is not None:
        inside = [_overlap(end, fact.date) for end in _ends(fact.end)]
        if float(np.mean(inside)) < OVERLAP * DAY:
            return float("nan"), 0
    return total_between(daily, fact.date, fact.date + DAY)


def _overlap(end: int, day: int) -> int:
    return max(0, min(end, day + DAY) - max(end - DAY, day))


def _rolling(fact: HeadlineFact, daily: Totals, fine: Totals, match: Match) -> tuple[float, int]:
    if fact.window != "rolling-24h" or fact.end is None:
        return float("nan"), 0
    spans = [(end - DAY, end) for end in _ends(fact.end)]
    if match == "rolling-24h-fine":
        results = [total_between(fine, *span) for span in spans]
    else:
        results = [profiled_total(daily, fine, *span) for span in spans]
    return float(np.mean([dollars for dollars, _ in results])), max(known for _, known in results)


def _ends(bounds: tuple[int, int]) -> list[int]:
    return [*range(bounds[0], bounds[1], NANOSECONDS_PER_HOUR), bounds[1]]
