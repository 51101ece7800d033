"""Calls to OKX: listing, history, polls, and what its refusals mean. Its rate limit arrives inside a 200."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.errors import SchemaError
from runout.sources.answers import broken, judge_status, retry_after
from runout.sources.okx import messages as form
from runout.sources.okx.normalise import STATISTICS_STEP, read_rows
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, History, Instrument, Page, Poll, Verdict
from runout.sources.wire import BAR_STEP, MILLISECOND, decoded

_KEEPS_STATISTICS = 1440 * STATISTICS_STEP
_KEEPS_FUNDING = 90 * NANOSECONDS_PER_DAY
_LONGEST_INTERVAL = 8 * NANOSECONDS_PER_HOUR
_CRYPTO = ("", "1")
_BEGIN_END, _BEFORE_AFTER = ("begin", "end"), ("before", "after")
# What code says (OKX pages, read 2026-07).
_SLOW_DOWN, _GONE = {50011, 50061}, {51000, 51001, 51014, 50014, 50015}


class _Way(NamedTuple):
    """How a purpose is asked for."""

    kind: str
    path: str
    fixed: tuple[tuple[str, str], ...]
    bounds: tuple[str, str]
    rows: int
    pool: str
    step: int
    keeps: int = 0


_RUBIK = "/api/v5/rubik/stat"
_HOURS = (("period", "1H"),)
_WAYS = {
    "bars": _Way("bars", "/api/v5/market/history-candles", (("bar", "5m"),), _BEFORE_AFTER, 100, "candles", BAR_STEP),
    "open-interest": _Way(
        "open_interest", f"{_RUBIK}/contracts/open-interest-history", _HOURS, _BEGIN_END, 100, "open-interest",
        STATISTICS_STEP, _KEEPS_STATISTICS,
    ),
    "global-accounts": _Way(
        "positioning", f"{_RUBIK}/contracts/long-short-account-ratio-contract", _HOURS, _BEGIN_END, 100, "statistics",
        STATISTICS_STEP, _KEEPS_STATISTICS,
    ),
    "top-accounts": _Way(
        "positioning", f"{_RUBIK}/contracts/long-short-account-ratio-contract-top-trader", _HOURS, _BEGIN_END, 100,
        "statistics", STATISTICS_STEP, _KEEPS_STATISTICS,
    ),
    "top-positions": _Way(
        "positioning", f"{_RUBIK}/contracts/long-short-position-ratio-contract-top-trader", _HOURS, _BEGIN_END, 100,
        "statistics", STATISTICS_STEP, _KEEPS_STATISTICS,
    ),
    "taker-volume": _Way(
        "taker_flow", f"{_RUBIK}/taker-volume-contract", (*_HOURS, ("unit", "2")), _BEGIN_END, 100, "statistics",
        STATISTICS_STEP, _KEEPS_STATISTICS,
    ),
    "funding": _Way(
        "funding", "/api/v5/public/funding-rate-history", (), _BEFORE_AFTER, 400, "funding", _LONGEST_INTERVAL,
        _KEEPS_FUNDING,
    ),
}  # fmt: skip
_OF_DATED = ("bars",)
_OF_INVERSE = ("bars", "open-interest", "funding")


def instrument_calls() -> tuple[Call, ...]:
    """Return the calls that list swaps and dated futures."""
    return tuple(
        Call(venue="okx", purpose="instruments", path="/api/v5/public/instruments", parameters=(("instType", kind),))
        for kind in ("SWAP", "FUTURES")
    )


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return crypto contracts quoted in dollars."""
    rows = [row for _, body in answers for row in decoded(body, form.Envelope[form.Listed], "a listing").data]
    return tuple(instrument for row in rows if (instrument := _instrument(row)) is not None)


def _instrument(row: form.Listed) -> Instrument | None:
    coin, _, quote = row.uly.partition("-")
    if not coin or quote not in {"USDT", "USD", "USDC"} or row.instCategory not in _CRYPTO or not row.ctVal:
        return None
    size = float(row.ctVal) * float(row.ctMult or 1.0)
    is_swap = row.instType == "SWAP"
    return Instrument(
        venue="okx",
        symbol=row.instId,
        coin=coin,
        quote=quote,
        market="perpetual" if is_swap else "futures",
        margin="coin" if row.ctType == "inverse" else "stablecoin",
        contract_base=None if row.ctType == "inverse" else size,
        contract_usd=size if row.ctType == "inverse" else None,
        tick=float(row.tickSz) if row.tickSz else None,
        funding_hours=8.0 if is_swap else None,
        listed=int(row.listTime or 0) * MILLISECOND or None,
        delisted=int(row.expTime or 0) * MILLISECOND or None,
    )


def histories(instrument: Instrument) -> tuple[History, ...]:
    """Return bars of all contracts, and of swaps open interest, funding, ratios and taker volume."""
    purposes = _OF_DATED if instrument.market == "futures" else _OF_INVERSE if instrument.margin == "coin" else _WAYS
    return tuple(
        History(
            kind=way.kind,
            purpose=purpose,
            step=way.step,
            keeps=way.keeps,
            settles=0 if purpose in {"bars", "funding"} else BAR_STEP,
            rows_a_call=way.rows,
        )
        for purpose, way in _WAYS.items()
        if purpose in purposes
    )


def first_call(history: History, instrument: Instrument, since: int, until: int) -> Call:
    """Return the call for the youngest window of a stretch."""
    way = _WAYS[history.purpose]
    call = Call(
        venue="okx", purpose=history.purpose, symbol=instrument.symbol, path=way.path, pool=way.pool, since=since,
        until=until, parameters=(("instId", instrument.symbol), *way.fixed, ("limit", str(way.rows))),
    )  # fmt: skip
    if history.purpose == "funding":
        # The interval of a settlement is read off the one before it; it is stamped some milliseconds late.
        return _windows(call).window(call, since - _LONGEST_INTERVAL, until + NANOSECONDS_PER_MINUTE)
    return _windows(call).first(call)


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
    follow = windows.older if call.purpose == "funding" else windows.following
    bare = windows.bare(call, page.stamps)
    # Rows, but of other times than asked for: the venue keeps none of these.
    return Page(rows=page.rows, next=follow(call, page.stamps), bare=bare, horizon=bare and page.stamps.size > 0)


def _windows(call: Call) -> Windows:
    way = _WAYS[call.purpose]
    since, until = way.bounds
    return Windows(
        since=since, until=until, step=way.step, rows=way.rows, back=True, exclusive=way.bounds == _BEFORE_AFTER
    )


def polls(instruments: Sequence[Instrument]) -> tuple[Poll, ...]:
    """Return open interest and the rate to come of all swaps, in one call each, once a minute."""
    if not any(instrument.market == "perpetual" for instrument in instruments):
        return ()
    calls = (
        ("open-interest-now", "/api/v5/public/open-interest", (("instType", "SWAP"),)),
        ("funding-now", "/api/v5/public/funding-rate", (("instId", "ANY"),)),
    )
    return tuple(
        Poll(call=Call(venue="okx", purpose=purpose, path=path, parameters=parameters), every=60.0)
        for purpose, path, parameters in calls
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is, by its status and, since a limit may arrive inside a 200, by its code."""
    del call
    try:
        said = msgspec.json.decode(answer.body, type=form.Answered, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = None
    if said is not None and said.code in _SLOW_DOWN:
        return Verdict(kind="slow-down", wait=retry_after(answer, 2.0), words=said.msg)
    verdict = judge_status(answer, said.msg if said else "")
    if verdict is not None:
        return verdict
    if said is None or broken(answer):
        return Verdict(kind="broken", words="an answer that is no JSON, or has no code")
    if said.code == 0:
        return Verdict(kind="ok")
    return Verdict(kind="gone" if said.code in _GONE else "broken", words=f"{said.code}: {said.msg}")
