"""Calls to Bybit: listing, history, polls, and what its refusals mean."""

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR
from runout.sources.answers import broken, judge_status, retry_after
from runout.sources.bybit import messages as form
from runout.sources.bybit.normalise import (
    take_bars,
    take_open_interest,
    take_ratios,
    take_settlements,
    take_tickers_now,
    take_tiers_now,
)
from runout.sources.pages import Pages, Polled, Way
from runout.sources.paging import Windows
from runout.sources.statements import funding_hours
from runout.sources.tiers import DAY_SECONDS
from runout.sources.venue import Answer, Call, History, Instrument, Verdict
from runout.sources.wire import BAR_STEP, MILLISECOND, bundle, decoded

if TYPE_CHECKING:
    from runout.records.series import Market

_CATEGORIES = ("linear", "inverse")
_DOLLARS = ("USDT", "USDC", "USD")
_CRYPTO = ("", "innovation", "adventure")
_LONGEST_INTERVAL = 8 * NANOSECONDS_PER_HOUR
_CONTRACT = (("category", "{category}"), ("symbol", "{symbol}"))
_BACK = partial(Windows, until="endTime", since="startTime", step=BAR_STEP, back=True)


def _category(instrument: Instrument) -> str:
    return "inverse" if instrument.margin == "coin" else "linear"


def _serves(instrument: Instrument, purpose: str) -> bool:
    """Whether a series is asked for: funding of perpetuals, the long/short ratio of those of stablecoins."""
    if purpose not in {"funding", "global-accounts"}:
        return True
    return instrument.market == "perpetual" and (purpose == "funding" or instrument.margin == "stablecoin")


_PAGES = Pages(
    venue="bybit",
    ways={
        "bars": Way(
            kind="bars", path="/v5/market/kline", fixed=(*_CONTRACT, ("interval", "5"), ("limit", "1000")),
            take=take_bars, step=BAR_STEP, rows=1000,
            windows=Windows(since="start", until="end", step=BAR_STEP, rows=1000, back=True),
        ),
        "open-interest": Way(
            kind="open_interest", path="/v5/market/open-interest",
            fixed=(*_CONTRACT, ("intervalTime", "5min"), ("limit", "200")), take=take_open_interest, step=BAR_STEP,
            settles=BAR_STEP, rows=200, windows=_BACK(rows=200),
        ),
        "global-accounts": Way(
            kind="positioning", path="/v5/market/account-ratio",
            fixed=(*_CONTRACT, ("period", "5min"), ("limit", "500")), take=take_ratios, step=BAR_STEP,
            settles=BAR_STEP, rows=500, windows=_BACK(rows=500),
        ),
        "funding": Way(
            kind="funding", path="/v5/market/funding/history", fixed=(*_CONTRACT, ("limit", "200")),
            take=take_settlements, step=_LONGEST_INTERVAL, rows=200, follow="older", lead=_LONGEST_INTERVAL,
            windows=_BACK(rows=200),
        ),
    },
    polled={
        "tickers": Polled(take=take_tickers_now, path="/v5/market/tickers", fixed=(("category", "{category}"),)),
        "tiers": Polled(
            take=take_tiers_now, path="/v5/market/risk-limit", fixed=_CONTRACT, every=DAY_SECONDS,
            markets=("perpetual",),
        ),
    },
    serves=_serves,
    names=lambda instrument: {"symbol": instrument.symbol, "category": _category(instrument)},
)  # fmt: skip
first_call, read_page, polls = _PAGES.first_call, _PAGES.read_page, _PAGES.polls
# What retCode says (Bybit page Error Codes, read 2026-07-24).
_CATEGORY = re.compile(rb'"category":\s?"(\w*)"')
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


def next_listing(call: Call, body: bytes) -> Call | None:
    """Return the call for the next thousand contracts, where the answer names it."""
    cursor = decoded(body, form.Envelope[form.Listed], "a listing").result.nextPageCursor
    fixed = tuple(pair for pair in call.parameters if pair[0] != "cursor")
    return msgspec.structs.replace(call, parameters=(*fixed, ("cursor", str(cursor)))) if cursor else None


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return crypto contracts quoted in dollars."""
    return tuple(
        instrument
        for call, body in answers
        for row in decoded(body, form.Envelope[form.Listed], "a listing").result.rows
        if (instrument := _instrument(dict(call.parameters)["category"], row)) is not None
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
        delisted=row.deliveryTime * MILLISECOND or None,
    )


def histories(instrument: Instrument) -> tuple[History, ...]:
    """Return bars and open interest of all contracts, and of perpetuals funding and the long/short ratio."""
    step = int(funding_hours(instrument) * NANOSECONDS_PER_HOUR)
    return tuple(
        msgspec.structs.replace(history, step=step) if history.purpose == "funding" else history
        for history in _PAGES.histories(instrument)
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
        answered = msgspec.json.decode(answer.body, type=form.Answered, strict=False)
    except msgspec.DecodeError:
        return Verdict(kind="broken", words="an answer without retCode")
    category, asked = _CATEGORY.search(answer.body), dict(call.parameters).get("category", "").encode()
    if category is not None and asked and category[1] != asked:
        return Verdict(kind="broken", words="the answer to another call")
    return _meaning(answered, answer)


def _meaning(answered: form.Answered, answer: Answer) -> Verdict:
    if answered.retCode == 0:
        return Verdict(kind="ok")
    if answered.retCode in _SLOW_DOWN:
        return Verdict(kind="slow-down", wait=retry_after(answer, 5.0), words=answered.retMsg)
    if answered.retCode in _BANNED:
        return Verdict(kind="banned", wait=retry_after(answer, 600.0), words=answered.retMsg)
    return Verdict(kind="gone" if answered.retCode in _GONE else "broken", words=answered.retMsg)
