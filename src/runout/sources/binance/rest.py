"""Calls to Binance: listing, history, polls, and what its refusals mean."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.errors import SchemaError
from runout.sources.answers import broken, judge_status, retry_after
from runout.sources.binance import messages as form
from runout.sources.binance.normalise import (
    take_bars,
    take_open_interest,
    take_open_interest_now,
    take_ratios,
    take_settlements,
)
from runout.sources.candidates import Candidates
from runout.sources.pages import Take
from runout.sources.paging import Windows
from runout.sources.statements import funding_hours
from runout.sources.venue import Answer, Call, History, Instrument, Page, Poll, Rows, Verdict
from runout.sources.wire import BAR_STEP, MILLISECOND, bundle, decoded

if TYPE_CHECKING:
    from runout.records.series import Market

_KEEPS_STATISTICS = 30 * NANOSECONDS_PER_DAY
_DOLLARS = ("USDT", "USDC", "USD", "FDUSD", "BUSD")
_DATED = ("CURRENT_QUARTER", "NEXT_QUARTER", "CURRENT_MONTH", "NEXT_MONTH")
_NO_END = 4133404800000  # ms; the delivery date of a perpetual whose end is not set
_ROWS = {"bars": 1000, "funding": 1000}
_STATISTICS_ROWS = 500
_STATISTICS = {
    "open-interest": "openInterestHist",
    "global-accounts": "globalLongShortAccountRatio",
    "top-accounts": "topLongShortAccountRatio",
    "top-positions": "topLongShortPositionRatio",
}
_TAKES: dict[str, Take] = {"bars": take_bars, "open-interest": take_open_interest, "funding": take_settlements}
_PREFIX = {"um": "/fapi/v1", "cm": "/dapi/v1", "spot": "/api/v3"}
_WEIGHT_OF_BARS = {"um": 5, "cm": 5, "spot": 2}
_INVALID_START, _INVALID_SYMBOL, _TOO_MANY = -1130, -1121, -1003


def instrument_calls() -> tuple[Call, ...]:
    """Return the calls that list all segments, and the funding intervals that differ from 8 hours."""
    return (
        _call("um", "instruments", "/fapi/v1/exchangeInfo"),
        _call("um", "funding-intervals", "/fapi/v1/fundingInfo", pool="funding"),
        _call("cm", "instruments", "/dapi/v1/exchangeInfo"),
        _call("cm", "funding-intervals", "/dapi/v1/fundingInfo", pool="funding"),
        _call("spot", "instruments", "/api/v3/exchangeInfo", pool="spot-weight", weight=20),
    )


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return crypto contracts and pairs quoted in dollars."""
    hours: dict[str, float] = {}
    for call, body in answers:
        if call.purpose == "funding-intervals":
            hours |= {
                row.symbol: row.fundingIntervalHours
                for row in decoded(body, list[form.FundingInterval], "funding intervals")
            }
    return tuple(
        instrument
        for call, body in answers
        if call.purpose == "instruments"
        for symbol in decoded(body, form.ExchangeInfo, "a listing").symbols
        if (instrument := _instrument(call.host, symbol, hours)) is not None
    )


def _market(host: str, symbol: form.Symbol) -> "Market | None":
    if host == "spot":
        return "spot"
    if symbol.contractType == "PERPETUAL":
        return "perpetual"
    return "futures" if symbol.contractType.split(" ")[0] in _DATED else None


def _instrument(host: str, symbol: form.Symbol, hours: dict[str, float]) -> Instrument | None:
    market = _market(host, symbol)
    if market is None or symbol.quoteAsset not in _DOLLARS or symbol.underlyingType != "COIN":
        return None
    coin, coins = bundle(symbol.baseAsset)
    # A perpetual has a date too, in 2100, until its end is set.
    ends = symbol.deliveryDate if market != "spot" and (symbol.deliveryDate or _NO_END) < _NO_END else None
    return Instrument(
        venue="binance",
        symbol=symbol.symbol,
        coin=coin,
        quote=symbol.quoteAsset,
        market=market,
        margin="none" if host == "spot" else "coin" if host == "cm" else "stablecoin",
        contract_base=None if host == "cm" else coins,
        contract_usd=symbol.contractSize if host == "cm" else None,
        priced_coins=coins,
        tick=next((f.tickSize for f in symbol.filters if f.tickSize), None),
        funding_hours=hours.get(symbol.symbol, 8.0) if market == "perpetual" else None,
        listed=symbol.onboardDate * MILLISECOND if symbol.onboardDate else None,
        delisted=ends * MILLISECOND if ends else None,
    )


def histories(instrument: Instrument) -> tuple[History, ...]:
    """Return bars of all markets, and of perpetuals funding, open interest and the three long/short ratios."""
    bars = History(kind="bars", purpose="bars", step=BAR_STEP, rows_a_call=_ROWS["bars"])
    if instrument.market != "perpetual":
        return (bars,)
    statistics = [
        History(
            kind="open_interest" if purpose == "open-interest" else "positioning",
            purpose=purpose,
            step=BAR_STEP,
            keeps=_KEEPS_STATISTICS,
            settles=BAR_STEP,
            rows_a_call=_STATISTICS_ROWS,
        )
        for purpose in _STATISTICS
        if instrument.margin == "stablecoin" or purpose == "open-interest"
    ]
    step = int(funding_hours(instrument) * NANOSECONDS_PER_HOUR)
    return (bars, History(kind="funding", purpose="funding", step=step, rows_a_call=_ROWS["funding"]), *statistics)


def first_call(history: History, instrument: Instrument, since: int, until: int) -> Call:
    """Return the call for the first window of a stretch."""
    host = _host(instrument)
    if history.purpose == "bars":
        weight, pool = _WEIGHT_OF_BARS[host], "spot-weight" if host == "spot" else "weight"
        fixed = (("symbol", instrument.symbol), ("interval", "5m"), ("limit", str(_ROWS["bars"])))
        path = f"{_PREFIX[host]}/klines"
    elif history.purpose == "funding":
        weight, pool = 1, "funding"
        fixed = (("symbol", instrument.symbol), ("limit", str(_ROWS["funding"])))
        path = f"{_PREFIX[host]}/fundingRate"
    else:
        weight, pool = 1, "statistics"
        name = (("pair", _pair(instrument)), ("contractType", "PERPETUAL"))
        fixed = (*(name if host == "cm" else (("symbol", instrument.symbol),)), ("period", "5m"), ("limit", "500"))
        path = f"/futures/data/{_STATISTICS[history.purpose]}"
    call = Call(
        venue="binance", purpose=history.purpose, symbol=instrument.symbol, host=host, path=path, parameters=fixed,
        pool=pool, weight=weight, since=since, until=until,
    )  # fmt: skip
    if history.purpose == "funding":
        # The interval of a settlement is read off the one before it.
        return _settlements(call, since - 8 * NANOSECONDS_PER_HOUR)
    return _windows(call).first(call)


def read_page(call: Call, answer: Answer, instruments: Sequence[Instrument]) -> Page:
    """Return the rows of an answer and the call for the next window.

    Raises
    ------
    SchemaError
        If the body is of no known form, or names an instrument that is not listed.
    """
    refusal = _refusal(answer.body)
    if refusal is not None and refusal.code == _INVALID_START:
        return Page(rows=Rows(), next=_windows(call).beyond(call), horizon=True)
    instrument = next((i for i in instruments if i.symbol == call.symbol and _host(i) == call.host), None)
    if instrument is None:
        raise SchemaError(f"expected {call.symbol} of {call.host} among the instruments, found it missing")
    candidates = Candidates((answer.body,), (answer.received,), (instrument,))
    if call.purpose == "open-interest-now":
        take_open_interest_now(candidates, instrument)
        return Page(rows=candidates.rows())
    stamps = _TAKES.get(call.purpose, take_ratios)(candidates, instrument, call)
    candidates.restrict(call.since, min(call.until, answer.received))
    if call.purpose == "funding":
        following = _next_settlements(call, stamps, int(funding_hours(instrument) * NANOSECONDS_PER_HOUR))
        return Page(rows=candidates.rows(), next=following, bare=stamps.size == 0)
    windows = _windows(call)
    return Page(rows=candidates.rows(), next=windows.following(call, stamps), bare=windows.bare(call, stamps))


def _windows(call: Call) -> Windows:
    rows = _ROWS.get(call.purpose, _STATISTICS_ROWS)
    return Windows(since="startTime", until="endTime", step=BAR_STEP, rows=rows)


def _next_settlements(call: Call, stamps: NDArray[np.int64], interval: int) -> Call | None:
    """Return the call for the next page, which goes by number of rows; null where none is due.

    The last row comes again: the interval of the one after it is read off it.
    """
    begin, end = _windows(call).bounds(call)
    last = int(stamps.max()) if stamps.size else begin
    if last <= begin or last + interval > end:
        return None
    return _settlements(msgspec.structs.replace(call, since=last + MILLISECOND), last)


def _settlements(call: Call, begin: int) -> Call:
    # A settlement is stamped some milliseconds late.
    return _windows(call).window(call, begin, call.until + NANOSECONDS_PER_MINUTE)


def _host(instrument: Instrument) -> str:
    if instrument.market == "spot":
        return "spot"
    return "cm" if instrument.margin == "coin" else "um"


def _pair(instrument: Instrument) -> str:
    return re.sub(r"_(PERP|\d{6})$", "", instrument.symbol)


def _call(host: str, purpose: str, path: str, *, pool: str = "weight", weight: int = 1) -> Call:
    return Call(venue="binance", purpose=purpose, host=host, path=path, pool=pool, weight=weight)


def polls(instruments: Sequence[Instrument]) -> tuple[Poll, ...]:
    """Return open interest of each perpetual once a minute: no stream has it."""
    return tuple(
        Poll(
            call=Call(
                venue="binance", purpose="open-interest-now", symbol=i.symbol, host=_host(i),
                path=f"{_PREFIX[_host(i)]}/openInterest", parameters=(("symbol", i.symbol),), pool="weight",
            ),
            every=60.0,
        )
        for i in instruments
        if i.market == "perpetual"
    )  # fmt: skip


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is: 429 asks to slow down, 418 is a ban, 403 the firewall, 451 a refused country."""
    used = answer.headers.get("x-mbx-used-weight-1m")
    weight = int(used) if used is not None and used.isdigit() else None
    refusal = _refusal(answer.body)
    words = refusal.msg if refusal else ""
    if refusal is not None and refusal.code == _INVALID_START:
        return Verdict(kind="ok", used=weight)
    if refusal is not None and refusal.code == _INVALID_SYMBOL:
        return Verdict(kind="gone", words=words, used=weight)
    if refusal is not None and refusal.code == _TOO_MANY and answer.status < 400:
        return Verdict(kind="slow-down", wait=retry_after(answer, 60.0), words=words, used=weight)
    if answer.status == 418:
        return Verdict(kind="banned", wait=retry_after(answer, 120.0), words=words, used=weight)
    if answer.status == 403:
        return Verdict(
            kind="banned", wait=retry_after(answer, 300.0), words=words or "403 by the firewall", used=weight
        )
    verdict = judge_status(answer, words)
    if verdict is None and broken(answer):
        verdict = Verdict(kind="broken", words="an answer that is no JSON")
    del call
    return msgspec.structs.replace(verdict or Verdict(kind="ok"), used=weight)


def _refusal(body: bytes) -> form.Refusal | None:
    if not body.lstrip().startswith(b'{"code"'):
        return None
    try:
        return msgspec.json.decode(body, type=form.Refusal, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
