"""Words that every rendering of a bulletin shares: titles, moments, windows, source lines, warnings."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from runout import clock
from runout.bulletin import quantities
from runout.bulletin.findings import Bulletin, Evidence, Finding, Row, Section, Table
from runout.units import percent

SYNTHETIC: Final = "SYNTHETIC MARKET: made up by the software, no reading of any real exchange"
"""Stands at the top and the bottom of every rendering of a made-up market."""

CAVEAT: Final = "Caveat: "
INFERRED: Final = "modelled, not reported"
NOTHING: Final = "Nothing to report."

_SENTENCE: Final = re.compile(r"(?<=[.;!?])\s+(?=[A-Z])")
_OLD_MINUTES: Final = 60
_TOO_MANY_BY_CHANCE: Final = 5
_SPANS: Final = re.compile(r"\b(?:24 h|[89]0%(?= ))")
_FIGURE: Final = re.compile(r"[$−+]*\d[\d,.]*\d[%kMBT]?|\d+%")
_SHOWN_CONTROLS: Final = {"\n", "\t", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"}


def clean(text: str) -> str:
    r"""Return text on one line and without characters that steer a terminal or reverse the reading direction.

    Labels reach a bulletin from files of others. White space collapses; control and formatting characters
    (escape sequences, bidirectional overrides, zero-width spaces, lone surrogates) show as U+FFFD.

    Examples
    --------
    >>> clean("Gate\x1b[31m  io\n") == "Gate\ufffd[31m io"
    True
    """
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    shown = "".join(" " if sign in _SHOWN_CONTROLS else "\ufffd" if _steers(sign) else sign for sign in text)
    return " ".join(shown.split())


def short(text: str, width: int) -> str:
    """Return text cut to ``width`` signs, with an ellipsis where something was cut.

    Examples
    --------
    >>> short("open interest", 8), short("price", 8)
    ('open in…', 'price')
    """
    return text if len(text) <= width else text[: max(width - 1, 0)].rstrip() + "…"


def moment(text: str) -> str:
    """Return an ISO 8601 time as a reader would say it; text that is no time is returned as it is.

    Examples
    --------
    >>> moment("2025-08-18T12:00Z")
    '18 Aug 2025 12:00 UTC'
    """
    if not _is_time(text):
        return clean(text)
    time = clock.parse_time(text)
    return period(time, time)


def period(start: int, end: int) -> str:
    """Return a period between two UTC ns times as a reader would say it, naming day and year no oftener than needed.

    Examples
    --------
    >>> noon = clock.parse_time("2025-08-17T12:00Z")
    >>> period(noon, noon), period(noon, noon + clock.NANOSECONDS_PER_HOUR)
    ('17 Aug 2025 12:00 UTC', '17 Aug 2025 12:00 to 13:00 UTC')
    >>> period(noon, noon + clock.NANOSECONDS_PER_DAY)
    '17 Aug 12:00 to 18 Aug 2025 12:00 UTC'
    """
    first, last = clock.to_datetime(start), clock.to_datetime(end)
    if first >= last:
        return clock.say_moment(end)
    if first.date() == last.date():
        return f"{_day(last, year=True)} {first:%H:%M} to {last:%H:%M} UTC"
    opening = _day(first, year=first.year != last.year)
    return f"{opening} {first:%H:%M} to {clock.say_moment(end)}"


def age(minutes: int) -> str:
    """Return an age as a reader would say it.

    Examples
    --------
    >>> age(0), age(59), age(150), age(1200), age(3000)
    ('0 min', '59 min', '2 h 30 min', '20 h', '2 days 2 h')
    """
    days, rest = divmod(minutes, 24 * 60)
    hours, rest = divmod(rest, 60)
    parts = (f"{days} day{'s' if days > 1 else ''}" * bool(days), f"{hours} h" * bool(hours),
             f"{rest} min" * (bool(rest) and not days))  # fmt: skip
    return " ".join(part for part in parts if part) or "0 min"


def old_data(price_time: int, at: int) -> str:
    """Return the warning of a newest price more than an hour before the moment asked for, empty where it is newer.

    Examples
    --------
    >>> noon = clock.parse_time("2025-08-17T12:00Z")
    >>> old_data(noon, noon + clock.NANOSECONDS_PER_HOUR)
    ''
    >>> old_data(noon, noon + 20 * clock.NANOSECONDS_PER_HOUR)[:64]
    'OLD DATA: the newest price is of 17 Aug 2025 12:00 UTC, 20 h bef'
    """
    minutes = (at - price_time) // clock.NANOSECONDS_PER_MINUTE
    if minutes <= _OLD_MINUTES:
        return ""
    return (
        f"OLD DATA: the newest price is of {clock.say_moment(price_time)}, {age(minutes)} before the time asked for. "
        "What happened since is not in here."
    )


def window(evidence: Evidence) -> str:
    """Return the window of a statement as a reader would say it; text that is no time stands as it is."""
    start, end = evidence.window_start, evidence.window_end
    if _is_time(start) and _is_time(end):
        return period(clock.parse_time(start), clock.parse_time(end))
    return clean(end) if start == end else f"{clean(start)} to {clean(end)}"


def source_lines(findings: Sequence[Finding]) -> list[str]:
    """Return the line under each finding: a scope shared with the next ones is given once, under the last of them."""
    lines: list[str] = []
    for key, run in groupby(findings, _scope_line):
        proofs = [finding.evidence for finding in run]
        lines += [""] * (len(proofs) - 1) + [" · ".join(part for part in (key, _span(proofs)) if part)]
    return lines


class Sourced(NamedTuple):
    """The sources of a section, each once, and for each finding the number of its own: 0 where there is but one."""

    sources: tuple[str, ...]
    numbers: tuple[int, ...]


def grouped_sources(findings: Sequence[Finding]) -> Sourced:
    """Return who published what a section rests on, each scope once with the whole time that it covers.

    Parameters
    ----------
    findings
        Of one section, in reading order.
    """
    groups: dict[str, list[Evidence]] = {}
    keys = [_scope_line(finding) for finding in findings]
    for key, finding in zip(keys, findings, strict=True):
        groups.setdefault(key, []).append(finding.evidence)
    order = list(groups)
    sources = tuple(" · ".join(part for part in (key, _span(groups[key])) if part) for key in order)
    return Sourced(sources, tuple(order.index(key) + 1 if len(order) > 1 else 0 for key in keys))


def new_sentences(text: str, shown: set[str], scopes: Collection[str] = ()) -> str:
    """Return the sentences of a text that were not said yet, and remember them in ``shown``.

    One that names a scope of ``scopes`` is left out: the sources beneath it do.

    Examples
    --------
    >>> said = {"Totals are lower bounds."}
    >>> new_sentences("Totals are lower bounds. Sides are as reported.", said), sorted(said)[0]
    ('Sides are as reported.', 'Sides are as reported.')
    """
    sentences = [
        part for part in _SENTENCE.split(clean(text))
        if part and part not in shown and not any(scope and scope in part for scope in scopes)
    ]  # fmt: skip
    shown.update(sentences)
    return " ".join(sentences)


def repeats(section: Section) -> bool:
    """Return whether the summary of a section has no figure that its findings do not give."""
    figures = set(_FIGURE.findall(section.summary))
    return bool(figures) and figures <= set(_FIGURE.findall(" ".join(item.statement for item in section.findings)))


def in_table(finding: Finding, section: Section, coin: str) -> bool:
    """Return whether a row of a table of the section gives every figure of a statement, so that it need not be said."""
    figures = set(_FIGURE.findall(_SPANS.sub("", finding.statement)))
    return len(figures) >= _TOO_MANY_BY_CHANCE and any(
        figures <= set(_FIGURE.findall(" ".join((row.label, *texts, *_roundings(row, table)))))
        for table in section.tables
        for row, texts in zip(table.rows, quantities.row_texts(table, coin=coin), strict=True)
    )


def _roundings(row: Row, table: Table) -> list[str]:
    """Return the shares of a row as sentences write them: without sign, with no digit or one."""
    shares = [abs(value) for value, unit in zip(row.values, table.units, strict=True)
              if unit == "fraction" and value is not None]  # fmt: skip
    return [percent(share, digits=digits) for share in shares for digits in (0, 1)]


def _scope_line(finding: Finding) -> str:
    source, scope = clean(finding.evidence.source), clean(finding.evidence.scope)
    named = "" if scope.endswith((f"via {source}", f", {source}")) else source
    return " · ".join(part for part in (named, scope, INFERRED if finding.inferred else "") if part)


def _span(proofs: Sequence[Evidence]) -> str:
    ends = [time for proof in proofs for time in (proof.window_start, proof.window_end)]
    if not all(map(_is_time, ends)):
        return window(proofs[0])
    times = [clock.parse_time(time) for time in ends]
    return period(min(times), max(times))


def summary(section: Section) -> str:
    """Return the summary of a section, empty where its findings say the same."""
    text = clean(section.summary)
    first = clean(section.findings[0].statement) if section.findings else ""
    return "" if text == first or repeats(section) else text


def title(bulletin: Bulletin) -> str:
    """Return the title of a bulletin."""
    return f"{clean(bulletin.coin)} leverage bulletin"


def versions(bulletin: Bulletin) -> str:
    """Return which code, methods and schema wrote a bulletin."""
    return (
        f"runout {clean(bulletin.code_version)}, methods {clean(bulletin.method_version)}, "
        f"schema {clean(bulletin.schema_version)}"
    )


def _is_time(text: str) -> bool:
    try:
        clock.parse_time(text)
    except ValueError:
        return False
    return True


def _day(when: datetime, *, year: bool) -> str:
    return f"{when.day} {clock.MONTHS[when.month - 1]}" + (f" {when.year}" if year else "")


def _steers(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Cf", "Cs"}
