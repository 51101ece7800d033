"""Calls to HTX: listing, history, polls, and what its refusals mean."""

from collections.abc import Sequence

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND, parse_time
from runout.sources.answers import judge_json, retry_after
from runout.sources.htx import messages as form
from runout.sources.htx.normalise import (
    settlements_in_all,
    take_candles,
    take_open_interest_now,
    take_settlements,
    take_ticks,
)
from runout.sources.pages import Pages, Polled, Way
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import BAR_STEP, bundle, decoded

_ROOT = "/linear-swap-api/v1"
_CONTRACT = ("contract_code", "{symbol}")
_TOO_MANY, _NO_CONTRACT = {1032, 429}, {1013, 1014, 1332, 1333}

PAGES = Pages(
    venue="htx",
    ways={
        "bars": Way(
            kind="bars", path="/linear-swap-ex/market/history/kline", fixed=(_CONTRACT, ("period", "5min")),
            take=take_candles, step=BAR_STEP, rows=2000,
            windows=Windows(since="from", until="to", unit=NANOSECONDS_PER_SECOND, step=BAR_STEP, rows=2000),
        ),
        "open-interest": Way(
            kind="open_interest", path=f"{_ROOT}/swap_his_open_interest",
            fixed=(_CONTRACT, ("period", "60min"), ("size", "200"), ("amount_type", "1")), take=take_ticks,
            step=NANOSECONDS_PER_HOUR, rows=200, keeps=200 * NANOSECONDS_PER_HOUR,
        ),
        "funding": Way(
            kind="funding", path=f"{_ROOT}/swap_historical_funding_rate", fixed=(_CONTRACT, ("page_size", "50")),
            take=take_settlements, step=8 * NANOSECONDS_PER_HOUR, rows=50, follow="number", number="page_index",
            total=settlements_in_all,
        ),
    },
    polled={"open-interest-now": Polled(take=take_open_interest_now, path=f"{_ROOT}/swap_open_interest")},
)  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return the call that lists perpetuals of USDT."""
    return (Call(venue="htx", purpose="instruments", path=f"{_ROOT}/swap_contract_info"),)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return perpetuals."""
    rows = [row for _, body in answers for row in decoded(body, form.Envelope[list[form.Listed]], "a listing").data]
    return tuple(_instrument(row) for row in rows if row.business_type == "swap")


def _instrument(row: form.Listed) -> Instrument:
    coin, coins = bundle(row.symbol)
    date = row.create_date
    return Instrument(
        venue="htx",
        symbol=row.contract_code,
        coin=coin,
        quote=row.contract_code.rpartition("-")[2],
        market="perpetual",
        margin="stablecoin",
        contract_base=row.contract_size * coins,
        priced_coins=coins,
        tick=row.price_tick,
        funding_hours=8.0,
        listed=parse_time(f"{date[:4]}-{date[4:6]}-{date[6:]}") if len(date) == len("20201021") else None,
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is; errors arrive inside a 200."""
    del call
    try:
        refusal = msgspec.json.decode(answer.body, type=form.Refusal, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return judge_json(answer)
    words = f"{refusal.err_code}: {refusal.err_msg}"
    if refusal.err_code in _TOO_MANY:
        return Verdict(kind="slow-down", wait=retry_after(answer, 5.0), words=words)
    if refusal.status == "error":
        return Verdict(kind="gone" if refusal.err_code in _NO_CONTRACT else "broken", words=words)
    return judge_json(answer)
