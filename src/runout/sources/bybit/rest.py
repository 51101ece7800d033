"""Calls to Bybit: listing, history, polls, and what its refusals mean."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.errors import SchemaError
from runout.sources.answers import broken, judge_status, retry_after
from runout.sources.bybit import messages as form
from runout.sources.bybit.normalise import read_rows
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, History, Instrument, Page, Poll, Verdict
from runout.sources.wire import BAR_STEP, MILLISECOND, bundle, decoded

if TYPE_CHECKING:
    from runout.records.series import Market

_CATEGORIES = ("linear", "inverse")
_DOLLARS = ("USDT", "USDC", "USD")
_CRYPTO = ("", "innovation", "adventure")
_PATHS = {
    "bars": ("/v5/market/kline", (("interval", "5"),), ("start", "end"), 1000),
    "open-interest": ("/v5/market/open-interest", (("intervalTime", "5min"),), ("startTime", "endTime"), 200),
    "global-accounts": ("/v5/market/account-ratio", (("period", "5min"),), ("startTime", "endTime"), 500),
    "funding": ("/v5/market/funding/history", (), ("startTime", "endTime"), 200),
}
_KINDS = {"bars": "bars", "open-interest": "open_interest", "global-accounts": "positioning", "funding": "funding"}
_LONGEST_INTERVAL = 8 * NANOSECONDS_PER_HOUR
# What retCode says (Bybit page Error Codes, read 2026-07-24).
_SLOW_DOWN, _BANNED, _GONE = {10006}, {10018}, {10001, 110023, 170121}


def instrument_calls() -> tuple[Call, ...]:
    """Return the calls that list linear and inverse contracts."""
    return tuple(
        Call(
            venue="bybit", purpose="instruments", path="/v5/market/instruments-info",
            parameters=(("category", category), ("limit", "1000")),
        )
        for category in _CATEGORIES
    )  # fmt: skip


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return crypto contracts quoted in dollars."""
    listings = [
        (_category(call), decoded(body, form.Envelope[form.Listed], "a listing").result.rows) for call, body in answers
    ]
    return tuple(
        instrument
        for category, rows in listings
        for row in rows
        if (instrument := _instrument(category, row)) is not None
    )


def _instrument(category: str, row: form.Listed) -> Instrument | None:
    market: Market = "perpetual" if row.contractType.endswith("Perpetual") else "futures"
    if row.quoteCoin not in _DOLLARS or row.symbolType not in _CRYPTO:
        return None
    coin, coins = bundle(row.baseCoin)
    # Recordings of old date give the interval in hours, since in minutes.
    interval = row.fundingInterval if row.fundingInterval <= 24 else row.fundingInterval / 60
    tick = row.priceFilter.get("tickSize")
    return Instrument(
        venue="bybit",
        symbol=row.symbol,
        coin=coin,
        quote=row.quoteCoin,
        market=market,
        margin="coin" if category == "inverse" else "stablecoin",
        contract_base=None if category == "inverse" else coins,
        contract_usd=1.0 if category == "inverse" else None,
        priced_coins=coins,
        tick=float(tick) if tick else None,
        funding_hours=(interval or 8.0) if market == "perpetual" else None,
        listed=row.launchTime * MILLISECOND or None,
        delisted=(row.deliveryTime * MILLISECOND or None) if market == "futures" else None,
    )


def histories(instrument: Instrument) -> tuple[History, ...]:
    """Return bars and open interest of all contracts, and of perpetuals funding and the long/short ratio."""
    interval = int((instrument.funding_hours or 8.0) * NANOSECONDS_PER_HOUR)
    purposes = ("bars", "open-interest", *(("global-accounts", "funding") if instrument.market == "perpetual" else ()))
    return tuple(
        History(
            kind=_KINDS[purpose],
            purpose=purpose,
            step=interval if purpose == "funding" else BAR_STEP,
            settles=0 if purpose in {"bars", "funding"} else BAR_STEP,
            rows_a_call=_PATHS[purpose][3],
        )
        for purpose in purposes
        if purpose != "global-accounts" or instrument.margin == "stablecoin"
    )


def first_call(history: History, instrument: Instrument, since: int, until: int) -> Call:
    """Return the call for the youngest window of a stretch."""
    path, fixed, _, limit = _PATHS[history.purpose]
    category = "inverse" if instrument.margin == "coin" else "linear"
    call = Call(
        venue="bybit", purpose=history.purpose, symbol=instrument.symbol, path=path, since=since, until=until,
        parameters=(("category", category), ("symbol", instrument.symbol), *fixed, ("limit", str(limit))),
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
        margin = "coin" if _category(call) == "inverse" else "stablecoin"
        instrument = next((i for i in instruments if i.symbol == call.symbol and i.margin == margin), None)
        if instrument is None:
            raise SchemaError(f"expected {call.symbol} among the instruments, found it missing")
    page = read_rows(call, answer, instrument, instruments)
    if instrument is None:
        return Page(rows=page.rows)
    windows = _windows(call)
    if call.purpose == "funding":
        return Page(rows=page.rows, next=windows.older(call, page.stamps), bare=page.stamps.size == 0)
    bare = windows.bare(call, page.stamps)
    return Page(rows=page.rows, next=windows.following(call, page.stamps), bare=bare)


def _windows(call: Call) -> Windows:
    _, _, (since, until), rows = _PATHS[call.purpose]
    return Windows(since=since, until=until, step=BAR_STEP, rows=rows, back=True)


def _category(call: Call) -> str:
    return dict(call.parameters)["category"]


def polls(instruments: Sequence[Instrument]) -> tuple[Poll, ...]:
    """Return the tickers of all contracts once a minute: a check beside the stream, in one call a category."""
    margins = {instrument.margin for instrument in instruments}
    return tuple(
        Poll(
            call=Call(
                venue="bybit", purpose="tickers", path="/v5/market/tickers", parameters=(("category", category),)
            ),
            every=60.0,
        )
        for category, margin in (("linear", "stablecoin"), ("inverse", "coin"))
        if margin in margins
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is: 403 is a ban of ten minutes, or of a country for ever, as its words say."""
    if answer.status == 403:
        if b"country" in answer.body.lower() or b"region" in answer.body.lower():
            return Verdict(kind="blocked", words="403: Bybit does not serve this country")
        return Verdict(kind="banned", wait=retry_after(answer, 600.0), words="403: access too frequent")
    verdict = judge_status(answer)
    if verdict is not None:
        return verdict
    if broken(answer):
        return Verdict(kind="broken", words="an answer that is no JSON")
    try:
        said = msgspec.json.decode(answer.body, type=form.Answered, strict=False)
    except msgspec.DecodeError:
        return Verdict(kind="broken", words="an answer without retCode")
    del call
    return _meaning(said, answer)


def _meaning(said: form.Answered, answer: Answer) -> Verdict:
    if said.retCode == 0:
        return Verdict(kind="ok")
    if said.retCode in _SLOW_DOWN:
        return Verdict(kind="slow-down", wait=retry_after(answer, 5.0), words=said.retMsg)
    if said.retCode in _BANNED:
        return Verdict(kind="banned", wait=retry_after(answer, 600.0), words=said.retMsg)
    return Verdict(kind="gone" if said.retCode in _GONE else "broken", words=said.retMsg)
