"""Calls to Hyperliquid: all are POSTs to one path; parameters keep the window, the body is what is sent."""

from collections.abc import Sequence
from functools import partial

import msgspec

from runout.clock import NANOSECONDS_PER_HOUR
from runout.sources.answers import judge_json, retry_after
from runout.sources.hyperliquid import messages as form
from runout.sources.hyperliquid.normalise import take_candles, take_settlements, take_state, take_tiers_now
from runout.sources.pages import Pages, Polled, Way
from runout.sources.paging import Windows
from runout.sources.tiers import DAY_SECONDS
from runout.sources.venue import Answer, Call, History, Instrument, Page, Poll, Verdict
from runout.sources.wire import BAR_STEP, decoded

_ROWS = 500
_WINDOW = partial(Windows, since="startTime", until="endTime", rows=_ROWS)
# The weight is 20 for a call, and one for each 60 candles or 20 settlements in its answer.
_PAGES = Pages(
    venue="hyperliquid",
    ways={
        "bars": Way(
            kind="bars", path="/info", take=take_candles, step=BAR_STEP, keeps=5000 * BAR_STEP, rows=_ROWS,
            weight=20 + _ROWS // 60 + 1, windows=_WINDOW(step=BAR_STEP),
        ),
        "funding": Way(
            kind="funding", path="/info", take=take_settlements, step=NANOSECONDS_PER_HOUR, rows=_ROWS,
            weight=20 + _ROWS // 20, windows=_WINDOW(step=NANOSECONDS_PER_HOUR),
        ),
    },
    polled={
        "state": Polled(take=take_state, path="/info"),
        "tiers": Polled(take=take_tiers_now, path="/info", every=DAY_SECONDS),
    },
)  # fmt: skip
histories = _PAGES.histories
_BUNDLE = 1000.0


def instrument_calls() -> tuple[Call, ...]:
    """Return the call that lists the main exchange's perpetuals."""
    return (_call("instruments", {"type": "meta"}, 20),)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return perpetuals that trade; contracts of third parties, whose names have a colon, are left out."""
    listed = [row for _, body in answers for row in decoded(body, form.Meta, "a listing").universe]
    return tuple(_instrument(row) for row in listed if not row.isDelisted and ":" not in row.name)


def _instrument(row: form.Listed) -> Instrument:
    is_bundle = row.name.startswith("k") and row.name[1:].isupper()
    coins = _BUNDLE if is_bundle else 1.0
    return Instrument(
        venue="hyperliquid",
        symbol=row.name,
        coin=row.name[1:] if is_bundle else row.name,
        quote="USD",
        market="perpetual",
        margin="stablecoin",
        contract_base=coins,
        priced_coins=coins,
        funding_hours=1.0,
    )


def first_call(history: History, instrument: Instrument, since: int, until: int) -> Call:
    """Return the call for the first window of a stretch."""
    return _with_body(_PAGES.first_call(history, instrument, since, until))


def read_page(call: Call, answer: Answer, instruments: Sequence[Instrument]) -> Page:
    """Return the rows of an answer and the call for the next window."""
    page = _PAGES.read_page(call, answer, instruments)
    return page if page.next is None else msgspec.structs.replace(page, next=_with_body(page.next))


def _with_body(call: Call) -> Call:
    window = {name: int(value) for name, value in call.parameters}
    if call.purpose == "bars":
        content: dict[str, object] = {
            "type": "candleSnapshot", "req": {"coin": call.symbol, "interval": "5m", **window},
        }  # fmt: skip
    else:
        content = {"type": "fundingHistory", "coin": call.symbol, **window}
    return msgspec.structs.replace(call, method="POST", body=msgspec.json.encode(content))


def _call(purpose: str, content: dict[str, str], weight: int) -> Call:
    body = msgspec.json.encode(content)
    return Call(venue="hyperliquid", purpose=purpose, path="/info", method="POST", body=body, weight=weight)


def polls(instruments: Sequence[Instrument]) -> tuple[Poll, ...]:
    """Return the state of all contracts once a minute, a check beside the stream, and the margin tables once a day."""
    asked = {"state": "metaAndAssetCtxs", "tiers": "meta"}
    return tuple(
        Poll(call=_call(purpose, {"type": kind}, 20), every=_PAGES.polled[purpose].every)
        for purpose, kind in asked.items()
        if instruments
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is: ``null`` says that the weight is used up, HTML that too many connections came."""
    del call
    if answer.body.strip() == b"null":
        return Verdict(
            kind="slow-down", wait=retry_after(answer, 10.0), words="null: the weight of this minute is used"
        )
    return judge_json(answer)
