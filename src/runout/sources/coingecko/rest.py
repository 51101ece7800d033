"""Calls to CoinGecko and what its answers become: capitalisation by day of a coin, and the state of the market now."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND
from runout.records import Series
from runout.sources import columns
from runout.sources.answers import judge_json, retry_after
from runout.sources.candidates import Candidates
from runout.sources.coingecko import messages as form
from runout.sources.pages import Pages, Polled, Way
from runout.sources.venue import EVERY_COIN, Answer, Call, Instrument, Verdict
from runout.sources.wire import MILLISECOND, Reader, decoded, floats, integers

_DOLLARS = ("vs_currency", "usd")
_TOO_MANY, _TOO_FAR = 429, 10012
_CHARTS: Reader[form.Chart] = Reader(form.Chart)
_NOW: Reader[form.Answered] = Reader(form.Answered)


def _series(coin: str, name: str, *, step: int = 0) -> Series:
    return Series(
        series=f"coingecko/market_caps/{coin}/{name}/{'1d' if step else 'events'}",
        kind="market_caps",
        provider="coingecko",
        coin=coin,
        venues=("all",),
        instruments="all coins" if coin == EVERY_COIN else name,
        market="spot-market-cap",
        margin="none",
        feed="market_chart" if step else "global",
        step=step,
        stamp="instant",
        publication_lag=NANOSECONDS_PER_HOUR if step else 0,
    )


def take_chart(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take the capitalisation of each day; the present, which comes last, is left out."""
    del call
    points = [point for point in candidates.take_whole(_CHARTS).market_caps if point[1]]
    stamps = integers([round(stamp) for stamp, _ in points]) * MILLISECOND
    whole = stamps % NANOSECONDS_PER_DAY == 0
    caps = floats([cap for _, cap in points])
    series = _series(instrument.coin, instrument.symbol, step=NANOSECONDS_PER_DAY)
    columns.add_daily(candidates, series, stamps[whole], market_cap_usd=caps[whole])
    return stamps


def take_global(candidates: Candidates) -> None:
    """Take the capitalisation of all coins, and the shares of the largest."""
    state = candidates.take_whole(_NOW).data
    moment = integers([state.updated_at]) * NANOSECONDS_PER_SECOND
    total = state.total_market_cap.get("usd", np.nan)
    whole = _series(EVERY_COIN, "global")
    columns.add_daily(candidates, whole, moment, market_cap_usd=floats([total]))
    for name, percent in state.market_cap_percentage.items():
        share = percent / 100
        columns.add_daily(
            candidates,
            _series(name.upper(), "global"),
            moment,
            market_cap_usd=floats([total * share]),
            dominance=floats([share]),
        )


PAGES = Pages(
    venue="coingecko",
    ways={
        "market-caps": Way(
            kind="market_caps", path="/api/v3/coins/{symbol}/market_chart",
            fixed=(_DOLLARS, ("days", "365"), ("interval", "daily")), take=take_chart, step=NANOSECONDS_PER_DAY,
            rows=366, keeps=365 * NANOSECONDS_PER_DAY,
        ),
    },
    polled={"global": Polled(take=take_global, path="/api/v3/global", every=600.0)},
    serves=lambda instrument, purpose: True,  # noqa: ARG005 - of every coin
)  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return the call that lists the 250 largest coins."""
    parameters = (_DOLLARS, ("order", "market_cap_desc"), ("per_page", "250"), ("page", "1"))
    return (Call(venue="coingecko", purpose="instruments", path="/api/v3/coins/markets", parameters=parameters),)


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return coins; of several with one ticker the largest is meant."""
    rows = [row for _, body in answers for row in decoded(body, list[form.Listed], "a listing of coins")]
    rows.sort(key=lambda row: -(row.market_cap or 0.0))
    largest = {row.symbol.upper(): row for row in reversed(rows)}
    return tuple(
        Instrument(venue="coingecko", symbol=row.id, coin=coin, quote="USD", market="spot-market-cap", margin="none")
        for coin, row in sorted(largest.items())
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is; refusals arrive inside a 200 too."""
    del call
    try:
        status = msgspec.json.decode(answer.body, type=form.Refusal).status
    except (msgspec.DecodeError, UnicodeDecodeError):
        status = form.Status()
    if _TOO_MANY in {status.error_code, answer.status}:
        return Verdict(kind="slow-down", wait=retry_after(answer, 60.0), words=status.error_message)
    if status.error_code == _TOO_FAR:
        return Verdict(kind="gone", words=status.error_message)
    return judge_json(answer, status.error_message)
