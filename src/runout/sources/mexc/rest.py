"""Calls to MEXC and what its answers become: the present open interest of all contracts."""

from collections.abc import Sequence

import msgspec

from runout.sources import statements
from runout.sources.answers import judge_json, retry_after
from runout.sources.candidates import Candidates
from runout.sources.columns import Events
from runout.sources.mexc import messages as form
from runout.sources.pages import Pages, Polled
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import MILLISECOND, Reader, bundle, decoded, floats, integers

_TOO_MANY, _NO_CONTRACT = 510, 1001
_DOUBT = "Doubted: in August 2025 it moved against all other venues."
_NOW: Reader[form.Envelope[list[form.Ticker]]] = Reader(form.Envelope[list[form.Ticker]])


def take_tickers(candidates: Candidates) -> None:
    """Take open interest of all contracts."""
    tickers = [ticker for ticker in candidates.take_whole(_NOW).data if ticker.symbol in candidates.instruments]
    moments = Events(
        symbols=[ticker.symbol for ticker in tickers],
        rows=[0] * len(tickers),
        happened=integers([ticker.timestamp for ticker in tickers]) * MILLISECOND,
    )
    mark = floats([ticker.fairPrice for ticker in tickers])
    size = floats([ticker.holdVol for ticker in tickers])
    statements.add_state(candidates, moments, feed="ticker", mark=mark, size=size, note=_DOUBT)


PAGES = Pages(venue="mexc", ways={}, polled={"tickers": Polled(take=take_tickers, path="/api/v1/contract/ticker")})


def instrument_calls() -> tuple[Call, ...]:
    """Return the call that lists all contracts."""
    return (Call(venue="mexc", purpose="instruments", path="/api/v1/contract/detail"),)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return perpetuals; those paid in their own coin are contracts of dollars."""
    rows = [row for _, body in answers for row in decoded(body, form.Envelope[list[form.Listed]], "a listing").data]
    return tuple(_instrument(row) for row in rows)


def _instrument(row: form.Listed) -> Instrument:
    coin, coins = bundle(row.baseCoin)
    is_inverse = row.settleCoin == row.baseCoin
    return Instrument(
        venue="mexc",
        symbol=row.symbol,
        coin=coin,
        quote=row.quoteCoin,
        market="perpetual",
        margin="coin" if is_inverse else "stablecoin",
        contract_base=None if is_inverse else row.contractSize * coins,
        contract_usd=row.contractSize if is_inverse else None,
        priced_coins=coins,
        tick=row.priceUnit,
        funding_hours=8.0,
        listed=row.createTime * MILLISECOND or None,
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is; errors arrive inside a 200 too."""
    del call
    try:
        refusal = msgspec.json.decode(answer.body, type=form.Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return judge_json(answer)
    words = f"{refusal.code}: {refusal.message}"
    if refusal.code == _TOO_MANY:
        return Verdict(kind="slow-down", wait=retry_after(answer, 5.0), words=words)
    if not refusal.success and answer.status < 400:
        return Verdict(kind="gone" if refusal.code == _NO_CONTRACT else "broken", words=words)
    return judge_json(answer, words)
