"""Calls to dYdX' indexer: listing, history, polls, and what its refusals mean."""

from collections.abc import Sequence

from runout.clock import NANOSECONDS_PER_HOUR, format_time
from runout.sources.answers import judge_json
from runout.sources.dydx import messages as form
from runout.sources.dydx.normalise import (
    oldest_settlement,
    take_candles,
    take_markets_now,
    take_settlements,
    take_tiers_now,
)
from runout.sources.pages import Pages, Polled, Way
from runout.sources.paging import Windows
from runout.sources.tiers import DAY_SECONDS
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import BAR_STEP, bundle, decoded

_ROWS = 1000
_MARKETS = "/v4/perpetualMarkets"

PAGES = Pages(
    venue="dydx",
    ways={
        "bars": Way(
            kind="bars", path="/v4/candles/perpetualMarkets/{symbol}",
            fixed=(("resolution", "5MINS"), ("limit", str(_ROWS))), take=take_candles, step=BAR_STEP, rows=_ROWS,
            pool="candles",
            windows=Windows(
                since="fromISO", until="toISO", step=BAR_STEP, rows=_ROWS, back=True, iso=True, open_end=True
            ),
        ),
        "funding": Way(
            kind="funding", path="/v4/historicalFunding/{symbol}", fixed=(("limit", str(_ROWS)),),
            take=take_settlements, step=NANOSECONDS_PER_HOUR, rows=_ROWS, follow="cursor",
            number="effectiveBeforeOrAt", cursor=oldest_settlement, start=format_time,
        ),
    },
    polled={
        "markets": Polled(take=take_markets_now, path=_MARKETS),
        "tiers": Polled(take=take_tiers_now, path=_MARKETS, every=DAY_SECONDS),
    },
)  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return the call that lists all markets."""
    return (Call(venue="dydx", purpose="instruments", path=_MARKETS),)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return the markets that are open; names with a comma are of other venues' tokens and left out."""
    rows = [row for _, body in answers for row in decoded(body, form.Listing, "a listing").markets.values()]
    return tuple(_instrument(row) for row in rows if row.status == "ACTIVE" and "," not in row.ticker)


def _instrument(row: form.Listed) -> Instrument:
    coin, coins = bundle(row.ticker.partition("-")[0])
    return Instrument(
        venue="dydx",
        symbol=row.ticker,
        coin=coin,
        quote="USD",
        market="perpetual",
        margin="stablecoin",
        contract_base=coins,
        priced_coins=coins,
        tick=row.tickSize,
        funding_hours=1.0,
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is; 403 is a country that the indexer does not serve."""
    del call
    return judge_json(answer)
