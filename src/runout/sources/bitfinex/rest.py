"""Calls to Bitfinex: listing, history, polls, and what its refusals mean."""

import re
from collections.abc import Sequence

import msgspec

from runout.clock import NANOSECONDS_PER_DAY
from runout.sources.answers import judge_json, retry_after
from runout.sources.bitfinex.normalise import take_candles, take_liquidations, take_states, take_states_now
from runout.sources.pages import Pages, Polled, Way
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import BAR_STEP, decoded

_PAIR = re.compile(r"(?P<coin>[A-Z0-9]+)F0:USTF0")
# Shares' indices, metals and currencies.
_NO_CRYPTO = re.compile(r".*IX|EUR|GBP|JPY|CHF|AUD|XAG|XAU|TEST.*")
_RATE_LIMIT, _UNKNOWN_SYMBOL = 11010, 10020
_BARS, _STATES, _EVENTS = 10_000, 5_000, 500
_STEP_OF_EVENTS = NANOSECONDS_PER_DAY // 100
_ASCENDING = ("sort", "1")


def _windows(step: int, rows: int) -> Windows:
    return Windows(since="start", until="end", step=step, rows=rows)


PAGES = Pages(
    venue="bitfinex",
    ways={
        "bars": Way(
            kind="bars", path="/v2/candles/trade:5m:{symbol}/hist", fixed=(_ASCENDING, ("limit", str(_BARS))),
            take=take_candles, step=BAR_STEP, rows=_BARS, windows=_windows(BAR_STEP, _BARS),
        ),
        "open-interest": Way(
            kind="open_interest", path="/v2/status/deriv/{symbol}/hist",
            fixed=(_ASCENDING, ("limit", str(_STATES))), take=take_states, step=BAR_STEP, rows=_STATES // 5,
            windows=_windows(BAR_STEP, _STATES // 5),
        ),
        "liquidations": Way(
            kind="liquidations", path="/v2/liquidations/hist", fixed=(_ASCENDING, ("limit", str(_EVENTS))),
            take=take_liquidations, step=_STEP_OF_EVENTS, rows=_EVENTS, pool="liquidations",
            windows=Windows(since="start", until="end", step=_STEP_OF_EVENTS, rows=_EVENTS, events=True),
        ),
    },
    polled={"states": Polled(take=take_states_now, path="/v2/status/deriv", fixed=(("keys", "ALL"),))},
)  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return the call that lists perpetuals."""
    return (Call(venue="bitfinex", purpose="instruments", path="/v2/conf/pub:list:pair:futures"),)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return perpetuals on crypto quoted in USDT."""
    names = [n for _, body in answers for part in decoded(body, list[list[str]], "a listing") for n in part]
    return tuple(
        Instrument(
            venue="bitfinex", symbol=f"t{name}", coin=match["coin"], quote="USDT", market="perpetual",
            margin="stablecoin", contract_base=1.0, funding_hours=8.0,
        )
        for name in names
        if (match := _PAIR.fullmatch(name)) and not _NO_CRYPTO.fullmatch(match["coin"])
    )  # fmt: skip


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is: an error is an array of its word, code and message."""
    del call
    try:
        word, code, message = msgspec.json.decode(answer.body, type=tuple[str, int, str])
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return judge_json(answer)
    if word != "error":
        return judge_json(answer)
    words = f"{code}: {message}"
    if code == _RATE_LIMIT:
        return Verdict(kind="slow-down", wait=retry_after(answer, 60.0), words=words)
    return Verdict(kind="gone" if code == _UNKNOWN_SYMBOL else "broken", words=words)
