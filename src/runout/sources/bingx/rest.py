"""Calls to BingX and what its answers become: the present open interest of each contract."""

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from runout.sources import statements
from runout.sources.answers import judge_json, retry_after
from runout.sources.bingx import messages as form
from runout.sources.candidates import Candidates
from runout.sources.columns import Events
from runout.sources.pages import Pages, Polled
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import MILLISECOND, Reader, bundle, decoded, floats, integers

_NO_CRYPTO = re.compile(r"NC(SK|FX|CO|SI)")
_TOO_MANY, _GONE = {100410, 100429}, {109400, 109425, 100400}
_DOUBT = "Doubted: in August 2025 it moved against most venues."
_NOW: Reader[form.Envelope[form.OpenInterest]] = Reader(form.Envelope[form.OpenInterest])


def take_open_interest(candidates: Candidates) -> None:
    """Take open interest of one contract."""
    point = candidates.take_whole(_NOW).data
    moment = Events(symbols=[point.symbol], rows=[0], happened=integers([point.time]) * MILLISECOND)
    usd = floats([point.openInterest])
    statements.add_state(
        candidates, moment, feed="openInterest", mark=np.full(1, np.nan), usd=usd, note=_DOUBT
    )  # fmt: skip


PAGES = Pages(
    venue="bingx",
    ways={},
    polled={
        "open-interest-now": Polled(
            take=take_open_interest,
            path="/openApi/swap/v2/quote/openInterest",
            fixed=(("symbol", "{symbol}"),),
            every=300.0,
        )
    },
)


def instrument_calls() -> tuple[Call, ...]:
    """Return the call that lists all contracts."""
    return (Call(venue="bingx", purpose="instruments", path="/openApi/swap/v2/quote/contracts"),)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return perpetuals on crypto."""
    rows = [row for _, body in answers for row in decoded(body, form.Envelope[list[form.Listed]], "a listing").data]
    return tuple(_instrument(row) for row in rows if not _NO_CRYPTO.match(row.symbol))


def _instrument(row: form.Listed) -> Instrument:
    coin, coins = bundle(row.asset or row.symbol.partition("-")[0])
    return Instrument(
        venue="bingx",
        symbol=row.symbol,
        coin=coin,
        quote=row.currency,
        market="perpetual",
        margin="stablecoin",
        contract_base=coins,
        priced_coins=coins,
        funding_hours=8.0,
        listed=row.launchTime * MILLISECOND or None,
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is; errors arrive inside a 200 too."""
    del call
    try:
        refusal = msgspec.json.decode(answer.body, type=form.Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return judge_json(answer)
    words = f"{refusal.code}: {refusal.msg}"
    if refusal.code in _TOO_MANY:
        return Verdict(kind="slow-down", wait=retry_after(answer, 10.0), words=words)
    if refusal.code:
        return Verdict(kind="gone" if refusal.code in _GONE else "broken", words=words)
    return judge_json(answer, words)
