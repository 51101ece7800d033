"""Calls to Kraken Futures: listing, history, polls, and what its refusals mean."""

from collections.abc import Sequence

import msgspec

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND, from_datetime
from runout.sources.answers import judge_json
from runout.sources.kraken import messages as form
from runout.sources.kraken.normalise import take_candles, take_open_interest, take_settlements, take_tickers_now
from runout.sources.pages import Pages, Polled, Way
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import BAR_STEP, decoded

_ROWS = 1000
_NAMES = {"XBT": "BTC", "XDG": "DOGE"}
_SLOW_DOWN, _GONE = ("apiLimitExceeded",), ("invalidArgument", "Not Found", "marketUnavailable")

PAGES = Pages(
    venue="kraken",
    ways={
        "bars": Way(
            kind="bars", path="/api/charts/v1/trade/{symbol}/5m", take=take_candles, step=BAR_STEP, rows=_ROWS,
            windows=Windows(since="from", until="to", unit=NANOSECONDS_PER_SECOND, step=BAR_STEP, rows=_ROWS),
        ),
        "open-interest": Way(
            kind="open_interest", path="/api/charts/v1/analytics/{symbol}/open-interest", fixed=(("interval", "300"),),
            take=take_open_interest, step=BAR_STEP, rows=_ROWS, late=BAR_STEP,
            windows=Windows(since="since", until="to", unit=NANOSECONDS_PER_SECOND, step=BAR_STEP, rows=_ROWS),
        ),
        "funding": Way(
            kind="funding", path="/derivatives/api/v4/historicalfundingrates", fixed=(("symbol", "{symbol}"),),
            take=take_settlements, step=NANOSECONDS_PER_HOUR, rows=9000, keeps=365 * NANOSECONDS_PER_DAY,
        ),
    },
    polled={"tickers": Polled(take=take_tickers_now, path="/derivatives/api/v3/tickers")},
    serves=lambda instrument, purpose: instrument.market == "perpetual" or purpose == "bars",
)  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return the call that lists all contracts."""
    return (Call(venue="kraken", purpose="instruments", path="/derivatives/api/v3/instruments"),)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return crypto contracts; tokens of shares have small letters in their base."""
    rows = [row for _, body in answers for row in decoded(body, form.Listing, "a listing").instruments]
    return tuple(instrument for row in rows if (instrument := _instrument(row)) is not None)


def _instrument(row: form.Listed) -> Instrument | None:
    prefix, _, rest = row.symbol.partition("_")
    base = row.base or rest.partition("USD")[0]
    if prefix not in {"PI", "PF", "FI", "FF"} or base != base.upper() or row.quote != "USD":
        return None
    is_inverse, is_perpetual = prefix.endswith("I"), prefix.startswith("P")
    return Instrument(
        venue="kraken",
        symbol=row.symbol,
        coin=_NAMES.get(base, base),
        quote="USD",
        market="perpetual" if is_perpetual else "futures",
        margin="coin" if is_inverse else "stablecoin",
        contract_base=None if is_inverse else row.contractSize,
        contract_usd=row.contractSize if is_inverse else None,
        tick=row.tickSize,
        funding_hours=1.0 if is_perpetual else None,
        listed=from_datetime(row.openingDate) if row.openingDate else None,
        delisted=from_datetime(row.lastTradingTime) if row.lastTradingTime else None,
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is; errors arrive inside a 200 too."""
    del call
    try:
        refusal = msgspec.json.decode(answer.body, type=form.Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return judge_json(answer)
    if refusal.error in _SLOW_DOWN:
        return Verdict(kind="slow-down", wait=10.0, words=refusal.error)
    if refusal.result == "error":
        return Verdict(kind="gone" if refusal.error in _GONE else "broken", words=refusal.error)
    return judge_json(answer, refusal.error)
