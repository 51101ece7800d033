"""Calls to Deribit: listing, history, polls, and what its refusals mean."""

from collections.abc import Sequence

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR
from runout.sources.answers import judge_json, retry_after
from runout.sources.deribit import messages as form
from runout.sources.deribit.normalise import take_chart, take_settlements, take_summaries
from runout.sources.pages import Pages, Polled, Way
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import BAR_STEP, MILLISECOND, decoded

_ROOT = "/api/v2/public"
_BARS = 2000
# A month and more is refused as too wide.
_HOURS = 700
_SYMBOL = ("instrument_name", "{symbol}")
_SLOW_DOWN, _GONE = {10028, 10040, 10041, 10047}, {13020, 13019, -32601, -32602}

PAGES = Pages(
    venue="deribit",
    ways={
        "bars": Way(
            kind="bars", path=f"{_ROOT}/get_tradingview_chart_data", fixed=(_SYMBOL, ("resolution", "5")),
            take=take_chart, step=BAR_STEP, rows=_BARS,
            windows=Windows(since="start_timestamp", until="end_timestamp", step=BAR_STEP, rows=_BARS),
        ),
        "funding": Way(
            kind="funding", path=f"{_ROOT}/get_funding_rate_history", fixed=(_SYMBOL,), take=take_settlements,
            step=NANOSECONDS_PER_HOUR, rows=_HOURS,
            windows=Windows(since="start_timestamp", until="end_timestamp", step=NANOSECONDS_PER_HOUR, rows=_HOURS),
        ),
    },
    polled={"summaries": Polled(
        take=take_summaries, path=f"{_ROOT}/get_book_summary_by_currency",
        fixed=(("currency", "{currency}"), ("kind", "future")),
    )},
    names=lambda i: {"symbol": i.symbol, "currency": i.coin if i.margin == "coin" else i.quote},
    serves=lambda instrument, purpose: instrument.market == "perpetual" or purpose == "bars",
)  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return the call that lists perpetuals and dated futures of all currencies."""
    parameters = (("currency", "any"), ("kind", "future"))
    return (Call(venue="deribit", purpose="instruments", path=f"{_ROOT}/get_instruments", parameters=parameters),)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return futures; options and combinations are left out."""
    rows = [row for _, body in answers for row in decoded(body, form.Listing, "a listing").result]
    return tuple(_instrument(row) for row in rows if row.kind == "future")


def _instrument(row: form.Listed) -> Instrument:
    is_inverse, is_perpetual = row.instrument_type == "reversed", row.settlement_period == "perpetual"
    return Instrument(
        venue="deribit",
        symbol=row.instrument_name,
        coin=row.base_currency,
        quote=row.quote_currency,
        market="perpetual" if is_perpetual else "futures",
        margin="coin" if is_inverse else "stablecoin",
        contract_base=None if is_inverse else 1.0,
        contract_usd=1.0 if is_inverse else None,
        tick=row.tick_size,
        funding_hours=1.0 if is_perpetual else None,
        listed=row.creation_timestamp * MILLISECOND or None,
        delisted=None if is_perpetual else row.expiration_timestamp * MILLISECOND or None,
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is, by the code of its error where it has one."""
    del call
    try:
        fault = msgspec.json.decode(answer.body, type=form.Refusal).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return judge_json(answer)
    if fault is None:
        return judge_json(answer)
    words = f"{fault.code}: {fault.message}"
    if fault.code in _SLOW_DOWN:
        return Verdict(kind="slow-down", wait=retry_after(answer, 5.0), words=words)
    return Verdict(kind="gone" if fault.code in _GONE else "broken", words=words)
