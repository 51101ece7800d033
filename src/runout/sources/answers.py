"""What HTTP answers mean at most venues; each venue's ``judge`` says first what is its own."""

from email.utils import parsedate_to_datetime

import msgspec

from runout.clock import from_datetime
from runout.errors import SchemaError
from runout.sources.venue import Answer, Call, Venue, Verdict

_LONGEST_WORDS = 200


def words_of(body: bytes) -> str:
    """Return an answer's own words, cut to a line."""
    return " ".join(body[: 4 * _LONGEST_WORDS].decode("utf-8", "replace").split())[:_LONGEST_WORDS]


def broken(answer: Answer) -> bool:
    """Whether a body is not whole JSON: HTML of a proxy, a cut answer, ``null``."""
    if answer.body.strip() == b"null":
        return True
    try:
        msgspec.json.decode(answer.body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return True
    return False


def retry_after(answer: Answer, default: float) -> float:
    """Return the seconds of a ``Retry-After`` header, a number or a date (RFC 9110, section 10.2.3)."""
    header = answer.headers.get("retry-after", "").strip()
    if header.isdigit():
        return float(header)
    if not header:
        return default
    try:
        return max(0.0, (from_datetime(parsedate_to_datetime(header)) - answer.received) / 1e9)
    except ValueError:
        return default


def judge_status(answer: Answer, words: str = "") -> Verdict | None:
    """Return what a status says at any venue; null where it says that the body decides."""
    text = words or words_of(answer.body)
    status = answer.status
    if status == 429:
        return Verdict(kind="slow-down", wait=retry_after(answer, 30.0), words=text)
    if status == 418:
        return Verdict(kind="banned", wait=retry_after(answer, 120.0), words=text)
    if status in {401, 403, 451}:
        return Verdict(kind="blocked", words=text)
    if status in {400, 404, 405, 410, 422}:
        return Verdict(kind="gone", words=text)
    if status >= 300 or status < 200:
        return Verdict(kind="broken", words=text)
    return None


def judge_json(answer: Answer, words: str = "") -> Verdict:
    """Return what an answer is where status and whole JSON say all."""
    verdict = judge_status(answer, words)
    if verdict is not None:
        return verdict
    return Verdict(kind="broken", words="an answer that is no JSON") if broken(answer) else Verdict(kind="ok")


def follow_listing(venue: Venue, calls: list[Call], call: Call, body: bytes | None) -> None:
    """Add the call for the next page of a list to ``calls``, where the answer to one of them names one.

    Parameters
    ----------
    venue, calls
        Whose list, and the calls for it so far.
    call, body
        What was asked, and what came; null for nothing.
    """
    following = None if body is None else venue.next_listing(call, body)
    if following is not None and following not in calls:
        calls.append(following)


def listing_fault(venue: Venue, call: Call, body: bytes, former: bytes | None) -> str:
    """Return why an answer to an instrument call is not believed; empty where it is.

    Parameters
    ----------
    venue, call, body
        What was asked, and what came.
    former
        What the call brought last; null for nothing. A list that had instruments does not become empty.
    """
    try:
        if venue.read_instruments([(call, body)]) or former is None:
            return ""
    except SchemaError as error:
        return str(error)
    try:
        before = len(venue.read_instruments([(call, former)]))
    except SchemaError:  # kept by an earlier version, which read it otherwise
        return ""
    return f"an empty list, where {before} instruments were listed" if before else ""
