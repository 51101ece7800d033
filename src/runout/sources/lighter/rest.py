"""Calls to Lighter: listing, funding, and what its refusals mean."""

from collections.abc import Sequence

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR
from runout.sources.answers import judge_json, retry_after
from runout.sources.lighter import messages as form
from runout.sources.lighter.normalise import market_number, take_settlements
from runout.sources.pages import Pages, Way
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import bundle, decoded

_ROWS = 500
_FINE = 200
_TOO_MANY = 23000

PAGES = Pages(
    venue="lighter",
    ways={
        "funding": Way(
            kind="funding", path="/api/v1/fundings",
            fixed=(("market_id", "{number}"), ("resolution", "1h"), ("count_back", str(_ROWS))), take=take_settlements,
            step=NANOSECONDS_PER_HOUR, rows=_ROWS,
            windows=Windows(since="start_timestamp", until="end_timestamp", step=NANOSECONDS_PER_HOUR, rows=_ROWS),
        ),
    },
    names=lambda instrument: {"number": market_number(instrument)},
)  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return the call that lists all markets."""
    return (Call(venue="lighter", purpose="instruments", path="/api/v1/orderBookDetails"),)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return perpetuals that trade, each under its number and name."""
    rows = [row for _, body in answers for row in decoded(body, form.Listing, "a listing").order_book_details]
    return tuple(_instrument(row) for row in rows if row.status == "active" and row.market_type == "perp")


def _instrument(row: form.Listed) -> Instrument:
    coin, coins = bundle(row.symbol)
    return Instrument(
        venue="lighter",
        symbol=f"{row.market_id}-{row.symbol}",
        coin=coin,
        quote="USD",
        market="perpetual",
        margin="stablecoin",
        contract_base=coins,
        priced_coins=coins,
        funding_hours=1.0,
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is, by its code where it has one."""
    del call
    try:
        refusal = msgspec.json.decode(answer.body, type=form.Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return judge_json(answer)
    words = f"{refusal.code}: {refusal.message}"
    if refusal.code == _TOO_MANY:
        return Verdict(kind="slow-down", wait=retry_after(answer, 60.0), words=words)
    if refusal.code != _FINE and answer.status < 400:
        return Verdict(kind="broken", words=words)
    return judge_json(answer, words if refusal.code != _FINE else "")
