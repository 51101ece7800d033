"""Calls to Bitget: listing, history, polls, and what its refusals mean."""

from collections.abc import Sequence

import msgspec

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.sources.answers import judge_json, retry_after
from runout.sources.bitget import messages as form
from runout.sources.bitget.normalise import (
    cursor_of,
    take_candles,
    take_liquidations,
    take_settlements,
    take_tickers_now,
)
from runout.sources.pages import Pages, Polled, Way
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import BAR_STEP, MILLISECOND, bundle, decoded

PRODUCTS = ("usdt-futures", "usdc-futures", "coin-futures")
"""Kinds of contract, as calls and streams name them."""
_ROOT = "/api/v2/mix/market"
_KEEPS_LIQUIDATIONS = 3 * NANOSECONDS_PER_DAY
_SYMBOL, _PRODUCT = ("symbol", "{symbol}"), ("productType", "{product}")
_FULL, _LIMIT_CODES, _GONE_CODES = "00000", {"429", "30007"}, {"40034", "40309", "40019", "40054"}


def product_of(instrument: Instrument) -> str:
    """Return the kind of a contract, as calls name it."""
    if instrument.margin == "coin":
        return "coin-futures"
    return "usdt-futures" if instrument.quote == "USDT" else "usdc-futures"


PAGES = Pages(
    venue="bitget",
    ways={
        "bars": Way(
            kind="bars", path=f"{_ROOT}/history-candles",
            fixed=(_SYMBOL, _PRODUCT, ("granularity", "5m"), ("limit", "200")), take=take_candles, step=BAR_STEP,
            rows=200, windows=Windows(since="startTime", until="endTime", step=BAR_STEP, rows=200),
        ),
        "funding": Way(
            kind="funding", path=f"{_ROOT}/history-fund-rate", fixed=(_SYMBOL, _PRODUCT, ("pageSize", "100")),
            take=take_settlements, step=8 * NANOSECONDS_PER_HOUR, rows=100, follow="number", number="pageNo",
        ),
        "liquidations": Way(
            kind="liquidations", path="/api/v3/market/liquidations",
            fixed=(("category", "{category}"), _SYMBOL, ("limit", "100")), take=take_liquidations, step=0, rows=1,
            keeps=_KEEPS_LIQUIDATIONS, pool="liquidations", follow="cursor", number="cursor", cursor=cursor_of,
        ),
    },
    polled={"tickers": Polled(take=take_tickers_now, path=f"{_ROOT}/tickers", fixed=(("productType", "{product}"),))},
    names=lambda instrument: {
        "symbol": instrument.symbol, "product": product_of(instrument), "category": product_of(instrument).upper(),
    },
)  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return the calls that list the contracts of each kind."""
    return tuple(
        Call(venue="bitget", purpose="instruments", path=f"{_ROOT}/contracts", parameters=(("productType", product),))
        for product in PRODUCTS
    )


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return crypto contracts; those on things of the real world are left out."""
    return tuple(
        _instrument(row, is_coin=dict(call.parameters)["productType"] == "coin-futures")
        for call, body in answers
        for row in decoded(body, form.Envelope[list[form.Listed]], "a listing").data
        if row.isRwa != "YES"
    )


def _instrument(row: form.Listed, *, is_coin: bool) -> Instrument:
    coin, coins = bundle(row.baseCoin)
    is_perpetual = row.symbolType == "perpetual"
    ends = int(row.deliveryTime or 0) if not is_perpetual else 0
    return Instrument(
        venue="bitget",
        symbol=row.symbol,
        coin=coin,
        quote=row.quoteCoin,
        market="perpetual" if is_perpetual else "futures",
        margin="coin" if is_coin else "stablecoin",
        contract_base=coins,
        priced_coins=coins,
        funding_hours=float(row.fundInterval or 8.0) if is_perpetual else None,
        listed=int(row.launchTime or 0) * MILLISECOND or None,
        delisted=ends * MILLISECOND or None,
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is, by its code where it has one."""
    del call
    try:
        answered = msgspec.json.decode(answer.body, type=form.Answered)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return judge_json(answer)
    words = f"{answered.code}: {answered.msg}"
    if answered.code in _LIMIT_CODES:
        return Verdict(kind="slow-down", wait=retry_after(answer, 2.0), words=words)
    if answered.code in _GONE_CODES:
        return Verdict(kind="gone", words=words)
    if answered.code != _FULL and answer.status < 400:
        return Verdict(kind="broken", words=words)
    return judge_json(answer, words)
