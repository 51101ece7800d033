"""What the big aggregators reported, as a table of facts that a model reads as of a moment.

The facts stand in ``headline_events.toml`` beside this module. A fact has the time from which it could be read; nothing
here lets a reader see one earlier. Figures are as printed: revisions are facts of their own, and contradictory ones are
kept with the reason why nothing uses them.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

from runout.clock import NANOSECONDS_PER_DAY, format_date, parse_time
from runout.errors import SchemaError

Window = Literal["utc-day", "rolling-24h", "unknown", "year"]


class HeadlineFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure that an aggregator showed for all coins on all venues.

    Parameters
    ----------
    event
        The wave it belongs to: facts of one event are not independent.
    date
        UTC ns: start of the day on which most of it fell, as the source dates it.
    window
        What the total is of: a UTC day, the 24 h before some moment, or unknown; ``year``: mean of a year's days.
    headline_usd
        Dollars, the preferred figure.
    low_usd, high_usd
        Where sources of one hour differ, the smallest and largest; else the preferred figure.
    long_usd, short_usd
        Dollars by liquidated side; None where not reported.
    end
        UTC ns: first and last moment at which the 24 h may have ended; None where nothing says it.
    published
        UTC ns: when it could be read. A reader as of this moment or earlier does not know it.
    basis
        How ``published`` is known, in the words of the table's heading.
    vintage
        ``live``: said at the time; ``later-list``: from a list made later.
    strength
        ``weak``: a single copy, or a date inferred.
    status
        ``used``; ``unmatched``: sound, but its 24 h fit no total that we hold; ``rejected``: contradicted.
    source
        Who showed it, and where it was read.
    remark
        What to know about it.
    """

    event: str
    date: int
    window: Window
    headline_usd: float
    low_usd: float
    high_usd: float
    published: int
    basis: Literal["stated", "date", "event", "number", "inferred"]
    vintage: Literal["live", "later-list"]
    strength: Literal["sound", "weak"]
    status: Literal["used", "unmatched", "rejected"]
    source: str
    long_usd: float | None = None
    short_usd: float | None = None
    end: tuple[int, int] | None = None
    remark: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not 0.0 < self.low_usd <= self.headline_usd <= self.high_usd:
            raise self._wrong("0 < low_usd ≤ headline_usd ≤ high_usd")
        if any(side is not None and not 0.0 <= side <= self.high_usd for side in (self.long_usd, self.short_usd)):
            raise self._wrong("each side between 0 and the total")
        if self.end is not None and not self.date <= self.end[0] <= self.end[1] <= self.date + 2 * NANOSECONDS_PER_DAY:
            raise self._wrong("end in order, within two days of the date")
        if self.published < (self.end[0] if self.end else self.date):
            raise self._wrong("published after what it speaks of")

    def _wrong(self, expected: str) -> SchemaError:
        return SchemaError(
            f"expected {expected} in the headline fact of event {self.event}, {format_date(self.date)} "
            f"({self.source}); found {self.low_usd:g}, {self.headline_usd:g}, {self.high_usd:g}, end {self.end}, "
            f"published {self.published}; correct the table of facts"
        )


def parse_facts(text: str) -> tuple[HeadlineFact, ...]:
    """Return the facts of a table in TOML, ordered by publication.

    Parameters
    ----------
    text
        ``[[facts]]`` entries as in ``headline_events.toml``; times are ISO 8601.

    Raises
    ------
    SchemaError
        If the text is no TOML, an entry has an unknown or missing key, or its figures contradict one another.
    """
    try:
        entries = tomllib.loads(text)["facts"]
        facts = [msgspec.convert(_in_nanoseconds(entry), HeadlineFact) for entry in entries]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SchemaError(f"expected headline facts in TOML as headline_events.toml has them: {error}") from error
    return tuple(sorted(facts, key=lambda fact: (fact.published, fact.date, fact.headline_usd)))


@cache
def shipped_facts() -> tuple[HeadlineFact, ...]:
    """Return the facts shipped with the product, ordered by publication."""
    return parse_facts(files("runout.coverage").joinpath("market_wide_facts.toml").read_text(encoding="utf-8"))


def _in_nanoseconds(entry: dict[str, Any]) -> dict[str, Any]:
    usd = entry["headline_usd"]
    times: dict[str, Any] = {name: parse_time(entry[name]) for name in ("date", "published")}
    if "end" in entry:
        times["end"] = [parse_time(moment) for moment in entry["end"]]
    return {"low_usd": usd, "high_usd": usd} | entry | times
