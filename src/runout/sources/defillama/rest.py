"""Calls to DefiLlama and what its answers become: reserves of exchanges by coin and day, supply of stablecoins."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND
from runout.records import Series
from runout.sources import columns
from runout.sources.answers import judge_json
from runout.sources.candidates import Candidates
from runout.sources.defillama import messages as form
from runout.sources.pages import Pages, Way
from runout.sources.venue import EVERY_COIN, Answer, Call, Instrument, Verdict
from runout.sources.wire import Reader, floats, integers

_EXCHANGES = {
    "binance-cex": "binance", "okx": "okx", "bybit": "bybit", "bitfinex": "bitfinex", "htx": "htx",
    "gate": "gate", "bitget": "bitget", "kucoin": "kucoin", "deribit": "deribit", "mexc": "mexc", "bingx": "bingx",
}  # fmt: skip
_COINS = (
    "BTC", "ETH", "SOL", "XRP", "BNB", "DOGE", "ADA", "TRX", "LINK", "AVAX", "LTC", "SUI", "TON", "DOT", "BCH",
    "USDT", "USDC", "FDUSD", "DAI", "USDE",
)  # fmt: skip
_STABLECOINS = "stablecoins"
_PROTOCOLS: Reader[form.Protocol] = Reader(form.Protocol)
_SUPPLIES: Reader[list[form.Supply]] = Reader(list[form.Supply])
_LAG = 2 * NANOSECONDS_PER_HOUR


def take_protocol(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take the coins of an exchange by day; the present, which comes last, is left out."""
    del call
    days = candidates.take_whole(_PROTOCOLS).tokens or []
    stamps = integers([day.date for day in days]) * NANOSECONDS_PER_SECOND
    whole = stamps % NANOSECONDS_PER_DAY == 0
    for coin in _COINS:
        stored = floats([day.tokens.get(coin) for day in days])
        columns.add_daily(candidates, _reserve_series(coin, instrument), stamps[whole], reserve_base=stored[whole])
    return stamps


def _reserve_series(coin: str, instrument: Instrument) -> Series:
    return Series(
        series=f"defillama/reserves/{coin}/{instrument.symbol}/1d",
        kind="reserves",
        provider="defillama",
        coin=coin,
        venues=(instrument.traded_at,),
        instruments="labelled wallets on all chains",
        market="on-chain",
        margin="none",
        feed="protocol",
        step=NANOSECONDS_PER_DAY,
        stamp="instant",
        publication_lag=_LAG,
        note="Wallets are labelled afterwards: history as published now is not what was known then.",
    )


def take_supply(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take the supply of all stablecoins of the dollar by day."""
    del call, instrument
    days = candidates.take_whole(_SUPPLIES)
    stamps = integers([day.date for day in days]) * NANOSECONDS_PER_SECOND
    whole = stamps % NANOSECONDS_PER_DAY == 0
    series = Series(
        series="defillama/market_caps/STABLECOINS/all/1d",
        kind="market_caps",
        provider="defillama",
        coin="STABLECOINS",
        venues=("all",),
        instruments="all stablecoins of the dollar",
        market="spot-market-cap",
        margin="none",
        feed="stablecoincharts",
        step=NANOSECONDS_PER_DAY,
        stamp="instant",
        publication_lag=_LAG,
        note="Revised afterwards.",
    )
    caps = floats([day.totalCirculatingUSD.peggedUSD for day in days])
    columns.add_daily(candidates, series, stamps[whole], market_cap_usd=caps[whole])
    return stamps


PAGES = Pages(
    venue="defillama",
    ways={
        "reserves": Way(
            kind="reserves", path="/protocol/{symbol}", take=take_protocol, step=NANOSECONDS_PER_DAY, rows=4000,
        ),
        "supply": Way(
            kind="market_caps", path="/stablecoincharts/all", host="stablecoins", take=take_supply,
            step=NANOSECONDS_PER_DAY, rows=4000,
        ),
    },
    serves=lambda instrument, purpose: (purpose == "supply") is (instrument.symbol == _STABLECOINS),
)  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return no call: the exchanges are known by name."""
    return ()


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return the exchanges, each answering for all coins, and the stablecoins."""
    del answers
    wallets = (_instrument(name, exchange) for name, exchange in _EXCHANGES.items())
    return (*wallets, _instrument(_STABLECOINS, ""))


def _instrument(symbol: str, traded_at: str) -> Instrument:
    return Instrument(
        venue="defillama", symbol=symbol, coin=EVERY_COIN, market="on-chain", margin="none", traded_at=traded_at
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is."""
    del call
    return judge_json(answer)
