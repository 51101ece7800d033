"""Calls to Gate: listing, history, polls, and what its refusals mean."""

from collections.abc import Sequence
from functools import partial

import msgspec

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND
from runout.sources.answers import judge_json
from runout.sources.gate import messages as form
from runout.sources.gate.normalise import (
    take_candles,
    take_settlements,
    take_statistics,
    take_tickers_now,
    take_tiers_now,
)
from runout.sources.pages import Pages, Polled, Way
from runout.sources.paging import Windows
from runout.sources.tiers import DAY_SECONDS
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import BAR_STEP, bundle, decoded

_SETTLES = ("usdt", "btc")
_LONGEST_INTERVAL = 8 * NANOSECONDS_PER_HOUR
_KEEPS_BARS = 34 * NANOSECONDS_PER_DAY
_TOO_OLD = b"too long ago"
_CRYPTO = ("", "crypto")


def _settle(instrument: Instrument) -> str:
    return "btc" if instrument.margin == "coin" else "usdt"


_CONTRACT = ("contract", "{symbol}")
_SECONDS = partial(Windows, since="from", unit=NANOSECONDS_PER_SECOND)
PAGES = Pages(
    venue="gate",
    ways={
        "bars": Way(
            kind="bars", path="/futures/{settle}/candlesticks", fixed=(_CONTRACT, ("interval", "5m")),
            take=take_candles, step=BAR_STEP, rows=1000, keeps=_KEEPS_BARS, horizon=_TOO_OLD,
            windows=_SECONDS(until="to", step=BAR_STEP, rows=1000),
        ),
        "statistics": Way(
            kind="open_interest", path="/futures/{settle}/contract_stats", fixed=(_CONTRACT, ("interval", "5m")),
            take=take_statistics, step=BAR_STEP, rows=500,
            windows=_SECONDS(count="limit", step=BAR_STEP, rows=500),
        ),
        "funding": Way(
            kind="funding", path="/futures/{settle}/funding_rate", fixed=(_CONTRACT, ("limit", "1000")),
            take=take_settlements, step=_LONGEST_INTERVAL, rows=1000, follow="older", lead=_LONGEST_INTERVAL,
            windows=_SECONDS(until="to", step=_LONGEST_INTERVAL, rows=1000, back=True),
        ),
    },
    polled={
        "tickers": Polled(take=take_tickers_now, path="/futures/{settle}/tickers"),
        "tiers": Polled(
            take=take_tiers_now, path="/futures/{settle}/risk_limit_tiers", fixed=(_CONTRACT,), every=DAY_SECONDS
        ),
    },
    names=lambda instrument: {"symbol": instrument.symbol, "settle": _settle(instrument)},
)  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return the calls that list the contracts margined in USDT and in BTC."""
    return tuple(Call(venue="gate", purpose="instruments", path=f"/futures/{settle}/contracts") for settle in _SETTLES)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return perpetuals on crypto; old contracts on one coin that are paid in another are left out."""
    return tuple(
        instrument
        for call, body in answers
        for row in decoded(body, list[form.Listed], "a listing")
        if (instrument := _instrument(row, is_inverse=call.path.startswith("/futures/btc"))) is not None
    )


def _instrument(row: form.Listed, *, is_inverse: bool) -> Instrument | None:
    if row.contract_type not in _CRYPTO or (row.type == "inverse") is not is_inverse:
        return None
    base, _, quote = row.name.rpartition("_")
    coin, coins = bundle(base)
    return Instrument(
        venue="gate",
        symbol=row.name,
        coin=coin,
        quote=quote,
        market="perpetual",
        margin="coin" if is_inverse else "stablecoin",
        contract_base=None if is_inverse else row.quanto_multiplier * coins,
        contract_usd=1.0 if is_inverse else None,
        priced_coins=coins,
        tick=row.order_price_round,
        funding_hours=row.funding_interval / 3600,
        listed=int(row.launch_time) * NANOSECONDS_PER_SECOND if row.launch_time else None,
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is; a window that is too old is an answer: the series goes on after it."""
    del call
    if _TOO_OLD in answer.body:
        return Verdict(kind="ok")
    limit, left = (answer.headers.get(f"x-gate-ratelimit-{name}", "") for name in ("limit", "requests-remain"))
    used = int(limit) - int(left) if limit.isdigit() and left.isdigit() else None
    return msgspec.structs.replace(judge_json(answer, _words(answer.body)), used=used)


def _words(body: bytes) -> str:
    try:
        refusal = msgspec.json.decode(body, type=form.Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return f"{refusal.label}: {refusal.message or refusal.detail}" if refusal.label else ""
