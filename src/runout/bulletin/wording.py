"""Words that every rendering of a bulletin shares: titles, moments, windows, source lines, warnings."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from runout import clock
from runout.bulletin import quantities
from runout.bulletin.findings import Bulletin, Evidence, Finding, Quantity, SectionKey

SYNTHETIC: Final = "SYNTHETIC MARKET: made up by the software, no reading of any real exchange"
"""Stands at the top and the bottom of every rendering of a made-up market."""

CAVEAT: Final = "Caveat: "
INFERRED: Final = "modelled, not reported"
NOTHING: Final = "Nothing to report."

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHOWN_CONTROLS: Final = {"\n", "\t", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"}
_BARE_SECTIONS: Final[frozenset[SectionKey]] = frozenset({"claims", "record", "evidence"})


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
    '18 Aug 2025, 12:00 UTC'
    """
    return _moment(text, year=True) + " UTC" if _is_time(text) else clean(text)


def window(evidence: Evidence) -> str:
    """Return the window of a statement as a reader would say it.

    Examples
    --------
    >>> window(Evidence(quantities=(), scope="", series=(), source="", window_start="2025-08-17T12:00Z",
    ...                 window_end="2025-08-18T12:00Z", coverage="", reproduce=""))
    '17 Aug 12:00 to 18 Aug 2025, 12:00 UTC'
    """
    start, end = evidence.window_start, evidence.window_end
    if start == end or not (_is_time(start) and _is_time(end)):
        return moment(end) if start == end else f"{clean(start)} to {clean(end)}"
    same_year = start[:4] == end[:4]
    return f"{_moment(start, year=not same_year)} to {_moment(end, year=True)} UTC"


def source_line(finding: Finding) -> str:
    """Return who published the figures of a finding, in which scope and window."""
    evidence = finding.evidence
    parts = (clean(evidence.source), clean(evidence.scope), window(evidence), INFERRED if finding.inferred else "")
    return " · ".join(part for part in parts if part)


def title(bulletin: Bulletin) -> str:
    """Return the title of a bulletin."""
    return f"{clean(bulletin.coin)} leverage bulletin"


def versions(bulletin: Bulletin) -> str:
    """Return which code, methods and schema wrote a bulletin."""
    return (
        f"runout {clean(bulletin.code_version)}, methods {clean(bulletin.method_version)}, "
        f"schema {clean(bulletin.schema_version)}"
    )


def danger(bulletin: Bulletin) -> int | None:
    """Return the danger level a bulletin states, or None where no section states one."""
    for finding in _findings(bulletin, "danger"):
        for quantity in finding.evidence.quantities:
            if quantity.unit == "level":
                return quantities.danger_level(quantity.value)
    return None


def leading_quantities(bulletin: Bulletin) -> Iterator[Quantity]:
    """Yield the leading number of each section that reads the market: what stands at a glance."""
    for section in bulletin.sections:
        if section.key in _BARE_SECTIONS:
            continue
        for finding in section.findings:
            if finding.evidence.quantities and finding.evidence.quantities[0].unit != "level":
                yield finding.evidence.quantities[0]
                break


def _findings(bulletin: Bulletin, key: SectionKey) -> Iterator[Finding]:
    return (finding for section in bulletin.sections if section.key == key for finding in section.findings)


def _is_time(text: str) -> bool:
    try:
        clock.parse_time(text)
    except ValueError:
        return False
    return True


def _moment(text: str, *, year: bool) -> str:
    when = clock.to_datetime(clock.parse_time(text))
    # Month names are our own: strftime would follow the locale of the machine.
    day = f"{when.day} {_MONTHS[when.month - 1]}" + (f" {when.year}," if year else "")
    return f"{day} {when:%H:%M}"


def _steers(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Cf", "Cs"}
