"""Calls to Hyperliquid: all are POSTs to one path; parameters keep the window, the body is what is sent."""

from collections.abc import Sequence

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR
from runout.errors import SchemaError
from runout.sources.answers import broken, judge_status, retry_after
from runout.sources.hyperliquid import messages as form
from runout.sources.hyperliquid.normalise import read_rows
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, History, Instrument, Page, Poll, Verdict
from runout.sources.wire import BAR_STEP, decoded

_ROWS = 500
_KEEPS_BARS = 5000 * BAR_STEP
# 20 for a call, and one for each 60 candles or 20 settlements in its answer.
_WEIGHTS = {"bars": 20 + _ROWS // 60 + 1, "funding": 20 + _ROWS // 20}
_STEPS = {"bars": BAR_STEP, "funding": NANOSECONDS_PER_HOUR}
_BUNDLE = 1000.0


def instrument_calls() -> tuple[Call, ...]:
    """Return the call that lists the main exchange's perpetuals."""
    return (_call("instruments", {"type": "meta"}, 20),)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return perpetuals that trade; contracts of third parties, whose names have a colon, are left out."""
    listed = [row for _, body in answers for row in decoded(body, form.Meta, "a listing").universe]
    return tuple(_instrument(row) for row in listed if not row.isDelisted and ":" not in row.name)


def _instrument(row: form.Listed) -> Instrument:
    is_bundle = row.name.startswith("k") and row.name[1:].isupper()
    coins = _BUNDLE if is_bundle else 1.0
    return Instrument(
        venue="hyperliquid",
        symbol=row.name,
        coin=row.name[1:] if is_bundle else row.name,
        quote="USD",
        market="perpetual",
        margin="stablecoin",
        contract_base=coins,
        priced_coins=coins,
        funding_hours=1.0,
    )


def histories(instrument: Instrument) -> tuple[History, ...]:
    """Return bars and funding."""
    del instrument
    return (
        History(kind="bars", purpose="bars", step=BAR_STEP, keeps=_KEEPS_BARS, rows_a_call=_ROWS),
        History(kind="funding", purpose="funding", step=NANOSECONDS_PER_HOUR, rows_a_call=_ROWS),
    )


def first_call(history: History, instrument: Instrument, since: int, until: int) -> Call:
    """Return the call for the first window of a stretch."""
    call = Call(
        venue="hyperliquid", purpose=history.purpose, symbol=instrument.symbol, path="/info", method="POST",
        weight=_WEIGHTS[history.purpose], since=since, until=until,
    )  # fmt: skip
    return _with_body(_windows(call).first(call))


def read_page(call: Call, answer: Answer, instruments: Sequence[Instrument]) -> Page:
    """Return the rows of an answer and the call for the next window.

    Raises
    ------
    SchemaError
        If the body is of no known form, or names an instrument that is not listed.
    """
    instrument = None
    if call.symbol:
        instrument = next((i for i in instruments if i.symbol == call.symbol), None)
        if instrument is None:
            raise SchemaError(f"expected {call.symbol} among the instruments, found it missing")
    page = read_rows(call, answer, instrument, instruments)
    if instrument is None:
        return Page(rows=page.rows)
    windows = _windows(call)
    following = windows.following(call, page.stamps)
    bare = windows.bare(call, page.stamps)
    return Page(rows=page.rows, next=None if following is None else _with_body(following), bare=bare)


def _windows(call: Call) -> Windows:
    return Windows(since="startTime", until="endTime", step=_STEPS[call.purpose], rows=_ROWS)


def _with_body(call: Call) -> Call:
    window = {name: int(value) for name, value in call.parameters}
    if call.purpose == "bars":
        content: dict[str, object] = {
            "type": "candleSnapshot", "req": {"coin": call.symbol, "interval": "5m", **window},
        }  # fmt: skip
    else:
        content = {"type": "fundingHistory", "coin": call.symbol, **window}
    return msgspec.structs.replace(call, body=msgspec.json.encode(content))


def _call(purpose: str, content: dict[str, str], weight: int) -> Call:
    body = msgspec.json.encode(content)
    return Call(venue="hyperliquid", purpose=purpose, path="/info", method="POST", body=body, weight=weight)


def polls(instruments: Sequence[Instrument]) -> tuple[Poll, ...]:
    """Return the state of all contracts once a minute: a check beside the stream."""
    return (Poll(call=_call("state", {"type": "metaAndAssetCtxs"}, 20), every=60.0),) if instruments else ()


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is: ``null`` says that the weight is used up, HTML that too many connections came."""
    del call
    if answer.body.strip() == b"null":
        return Verdict(
            kind="slow-down", wait=retry_after(answer, 10.0), words="null: the weight of this minute is used"
        )
    verdict = judge_status(answer)
    if verdict is not None:
        return verdict
    return Verdict(kind="broken", words="an answer that is no JSON") if broken(answer) else Verdict(kind="ok")
