"""Calls to OKX: listing, history, polls, and what its refusals mean. Its rate limit arrives inside a 200."""

from collections.abc import Sequence
from functools import partial

import msgspec

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.sources.answers import broken, judge_status, retry_after
from runout.sources.okx import messages as form
from runout.sources.okx.normalise import (
    STATISTICS_STEP,
    take_candles,
    take_funding_now,
    take_open_interest,
    take_open_interest_now,
    take_ratios,
    take_settlements,
    take_taker,
)
from runout.sources.pages import Pages, Polled, Take, Way
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import BAR_STEP, MILLISECOND, decoded

_KEEPS_FUNDING = 90 * NANOSECONDS_PER_DAY
_LONGEST_INTERVAL = 8 * NANOSECONDS_PER_HOUR
_CRYPTO = ("", "1")
# What code says (OKX pages, read 2026-07).
_SLOW_DOWN, _GONE = {50011, 50061}, {51000, 51001, 51014, 50014, 50015}


_SYMBOL, _RUBIK = ("instId", "{symbol}"), "/api/v5/rubik/stat"
_BEFORE_AFTER = partial(Windows, since="before", until="after", back=True, exclusive=True)


def _statistics(kind: str, path: str, take: Take, *fixed: tuple[str, str], pool: str = "statistics") -> Way:
    return Way(
        kind=kind, path=f"{_RUBIK}/{path}", fixed=(_SYMBOL, ("period", "1H"), *fixed, ("limit", "100")), take=take,
        step=STATISTICS_STEP, keeps=1440 * STATISTICS_STEP, settles=BAR_STEP, rows=100, pool=pool,
        windows=Windows(since="begin", until="end", step=STATISTICS_STEP, rows=100, back=True),
    )  # fmt: skip


def _serves(instrument: Instrument, purpose: str) -> bool:
    """Whether a series is asked for: ratios and taker volume only of swaps of stablecoins."""
    if purpose == "bars" or instrument.market == "futures":
        return purpose == "bars"
    return instrument.margin != "coin" or purpose in {"open-interest", "funding"}


PAGES = Pages(
    venue="okx",
    ways={
        "bars": Way(
            kind="bars", path="/api/v5/market/history-candles", fixed=(_SYMBOL, ("bar", "5m"), ("limit", "100")),
            take=take_candles, step=BAR_STEP, rows=100, pool="candles",
            windows=_BEFORE_AFTER(step=BAR_STEP, rows=100),
        ),
        "open-interest": _statistics(
            "open_interest", "contracts/open-interest-history", take_open_interest, pool="open-interest"
        ),
        "global-accounts": _statistics("positioning", "contracts/long-short-account-ratio-contract", take_ratios),
        "top-accounts": _statistics(
            "positioning", "contracts/long-short-account-ratio-contract-top-trader", take_ratios
        ),
        "top-positions": _statistics(
            "positioning", "contracts/long-short-position-ratio-contract-top-trader", take_ratios
        ),
        "taker-volume": _statistics("taker_flow", "taker-volume-contract", take_taker, ("unit", "2")),
        "funding": Way(
            kind="funding", path="/api/v5/public/funding-rate-history", fixed=(_SYMBOL, ("limit", "400")),
            take=take_settlements, step=_LONGEST_INTERVAL, keeps=_KEEPS_FUNDING, rows=400, pool="funding",
            follow="older", lead=_LONGEST_INTERVAL, windows=_BEFORE_AFTER(step=_LONGEST_INTERVAL, rows=400),
        ),
    },
    polled={"open-interest-now": Polled(
            take=take_open_interest_now, path="/api/v5/public/open-interest", fixed=(("instType", "SWAP"),),
            markets=("perpetual",),
        ),
        "funding-now": Polled(
            take=take_funding_now, path="/api/v5/public/funding-rate", fixed=(("instId", "ANY"),),
            markets=("perpetual",),
        ),
    },
    serves=_serves,
)  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return the calls that list swaps and dated futures."""
    return tuple(
        Call(venue="okx", purpose="instruments", path="/api/v5/public/instruments", parameters=(("instType", kind),))
        for kind in ("SWAP", "FUTURES")
    )


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return crypto contracts quoted in dollars."""
    rows = [row for _, body in answers for row in decoded(body, form.Envelope[form.Listed], "a listing").data]
    return tuple(instrument for row in rows if (instrument := _instrument(row)) is not None)


def _instrument(row: form.Listed) -> Instrument | None:
    coin, _, quote = row.uly.partition("-")
    if not coin or quote not in {"USDT", "USD", "USDC"} or row.instCategory not in _CRYPTO or not row.ctVal:
        return None
    size = float(row.ctVal) * float(row.ctMult or 1.0)
    is_swap = row.instType == "SWAP"
    return Instrument(
        venue="okx",
        symbol=row.instId,
        coin=coin,
        quote=quote,
        market="perpetual" if is_swap else "futures",
        margin="coin" if row.ctType == "inverse" else "stablecoin",
        contract_base=None if row.ctType == "inverse" else size,
        contract_usd=size if row.ctType == "inverse" else None,
        tick=float(row.tickSz) if row.tickSz else None,
        funding_hours=8.0 if is_swap else None,
        listed=int(row.listTime or 0) * MILLISECOND or None,
        delisted=int(row.expTime or 0) * MILLISECOND or None,
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is, by its status and, since a limit may arrive inside a 200, by its code."""
    del call
    try:
        answered = msgspec.json.decode(answer.body, type=form.Answered, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        answered = None
    if answered is not None and answered.code in _SLOW_DOWN:
        return Verdict(kind="slow-down", wait=retry_after(answer, 2.0), words=answered.msg)
    verdict = judge_status(answer, answered.msg if answered else "")
    if verdict is not None:
        return verdict
    if answered is None or broken(answer):
        return Verdict(kind="broken", words="an answer that is no JSON, or has no code")
    if answered.code == 0:
        return Verdict(kind="ok")
    return Verdict(kind="gone" if answered.code in _GONE else "broken", words=f"{answered.code}: {answered.msg}")
