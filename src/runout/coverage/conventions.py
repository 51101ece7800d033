"""What each venue's figures mean, as dated facts.

Sides of open interest, whose side a liquidation names and at which price, how much of the truth the feed shows, how the
mark price and the funding are made. A rule holds from ``since`` (inclusive) to ``until`` (exclusive); None is "as far
back as is known" and "still". What a venue never said is not here: a lookup then returns nothing, and the reader must
not guess. The rules stand in ``conventions.toml`` beside this module.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

from runout.clock import parse_time
from runout.errors import SchemaError, UsageError

Aspect = Literal[
    "open_interest_sides", "liquidation_side", "liquidation_price", "liquidation_capture", "mark_price", "funding"
]
Standing = Literal["venue", "third-party", "memory"]
"""Who says it: the venue itself, others who looked, or nobody that could be read again."""


class Convention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule of one venue.

    Parameters
    ----------
    venue
        Lower case.
    aspect
        What the rule is about.
    field
        Feed, field or display that it holds for; empty where it holds for all.
    value
        ``1`` or ``2`` sides; ``order`` or ``position`` side; ``order``, ``bankruptcy`` or ``fill`` price; a
        :data:`~runout.records.series.Capture`; or the rule in words.
    since, until
        UTC ns, inclusive and exclusive; None: open.
    standing
        Who says it.
    source
        Page or stream, and its date where one is known.
    remark
        What to know about it.
    """

    venue: str
    aspect: Aspect
    value: str
    standing: Standing
    source: str
    field: str = ""
    since: int | None = None
    until: int | None = None
    remark: str = ""

    def holds(self, at: int) -> bool:
        """Return whether the rule holds at ``at`` (UTC ns)."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@cache
def shipped_conventions() -> tuple[Convention, ...]:
    """Return the rules shipped with the product, in the order of ``conventions.toml``."""
    return parse_conventions(files("runout.coverage").joinpath("conventions.toml").read_text(encoding="utf-8"))


def parse_conventions(text: str) -> tuple[Convention, ...]:
    """Return the rules of a table in TOML.

    Parameters
    ----------
    text
        ``[[conventions]]`` entries as in ``conventions.toml``; times are ISO 8601.

    Raises
    ------
    SchemaError
        If the text is no TOML, or an entry has an unknown or missing key.
    """
    try:
        return tuple(
            msgspec.convert(_in_nanoseconds(entry), Convention) for entry in tomllib.loads(text)["conventions"]
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SchemaError(f"expected venue conventions in TOML as conventions.toml has them: {error}") from error


def conventions_of(venue: str, at: int, aspect: Aspect | None = None) -> tuple[Convention, ...]:
    """Return the rules of a venue that hold at ``at`` (UTC ns), of one aspect if named; () where none is known."""
    return tuple(
        rule
        for rule in shipped_conventions()
        if rule.venue == venue and aspect in {None, rule.aspect} and rule.holds(at)
    )


def convention(venue: str, aspect: Aspect, at: int, *, field: str = "") -> Convention | None:
    """Return the rule of one aspect, for one field where the venue has several; None where none is known.

    Raises
    ------
    UsageError
        If the venue has several rules of the aspect at that time and ``field`` does not choose one.
    """
    conventions = conventions_of(venue, at, aspect)
    if field:
        conventions = tuple(rule for rule in conventions if rule.field in {field, ""})
    if len(conventions) > 1:
        fields = ", ".join(rule.field for rule in conventions)
        raise UsageError(f"expected one {aspect} rule of {venue}, found those of {fields}: name the field")
    return conventions[0] if conventions else None


def single_sided(open_interest: float, venue: str, at: int, *, field: str = "") -> float | None:
    """Return open interest with each contract counted once, as the venue published it at ``at``; None if unknown.

    Examples
    --------
    >>> single_sided(100_000.0, "bybit", parse_time("2025-08-18"), field="openInterest")
    50000.0
    """
    rule = convention(venue, "open_interest_sides", at, field=field)
    return None if rule is None else open_interest / int(rule.value)


def _in_nanoseconds(entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {name: parse_time(entry[name]) for name in ("since", "until") if name in entry}
