"""Calls to Coinalyze, which ask for a free key, and what its answers become: totals of venues by day and hour."""

import re
from collections.abc import Sequence
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND
from runout.records import Series
from runout.sources import columns, statements
from runout.sources.answers import judge_json
from runout.sources.candidates import Candidates, series_of
from runout.sources.coinalyze import messages as form
from runout.sources.coinalyze.exports import CAPTURES, HOURLY_FUNDING, venue_name
from runout.sources.columns import history
from runout.sources.pages import Pages, Take, Way
from runout.sources.paging import Windows
from runout.sources.venue import Answer, Call, Instrument, Verdict
from runout.sources.wire import Reader, bundle, decoded, floats, integers

_KEEPS_HOURS = 1500 * NANOSECONDS_PER_HOUR
_LIQUIDATIONS: Reader[list[form.History[form.Liquidations]]] = Reader(list[form.History[form.Liquidations]])
_CANDLES: Reader[list[form.History[form.Candle]]] = Reader(list[form.History[form.Candle]])
_RATIOS: Reader[list[form.History[form.Ratio]]] = Reader(list[form.History[form.Ratio]])


def _liquidation_series(instrument: Instrument, *, step: int) -> Series:
    return series_of(
        instrument, "liquidations", step=step, feed="liquidation-history",
        capture=CAPTURES.get(instrument.traded_at, "unknown"), note="Totals of what the venue's feed showed.",
    )  # fmt: skip


def _stamps(call: Call, starts: list[int]) -> tuple[NDArray[np.int64], int]:
    step = _STEPS[dict(call.parameters)["interval"]]
    return integers(starts) * NANOSECONDS_PER_SECOND, step


def take_liquidations(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take liquidations of both sides."""
    rows = [row for part in candidates.take_whole(_LIQUIDATIONS) for row in part.history]
    stamps, step = _stamps(call, [row.t for row in rows])
    columns.add_liquidation_totals(
        candidates,
        partial(_liquidation_series, step=step),
        history(instrument, stamps + step),
        step=step,
        usd={"long": floats([row.l for row in rows]), "short": floats([row.s for row in rows])},
    )
    return stamps


def take_open_interest(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take open interest in dollars, as of the end of each interval."""
    rows = [row for part in candidates.take_whole(_CANDLES) for row in part.history]
    stamps, step = _stamps(call, [row.t for row in rows])
    describe = partial(series_of, kind="open_interest", step=step, feed="open-interest-history", instant=True)
    columns.add_open_interest(
        candidates, describe, history(instrument, stamps + step),
        size=np.full(len(rows), np.nan), usd=floats([row.c for row in rows]),
    )  # fmt: skip
    return stamps


def take_funding(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take the last rate of each interval, in percent."""
    rows = [row for part in candidates.take_whole(_CANDLES) for row in part.history]
    stamps, step = _stamps(call, [row.t for row in rows])
    describe = partial(series_of, kind="funding", step=step, feed="funding-rate-history", instant=True)
    columns.add_funding(
        candidates, describe, history(instrument, stamps + step),
        rate=floats([row.c for row in rows]) / 100, hours=statements.funding_hours(instrument),
    )  # fmt: skip
    return stamps


def take_ratios(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take long/short ratios of accounts."""
    rows = [row for part in candidates.take_whole(_RATIOS) for row in part.history]
    stamps, step = _stamps(call, [row.t for row in rows])
    statements.add_ratio(
        candidates, history(instrument, stamps), measure="global-accounts", step=step,
        feed="long-short-ratio-history", ratio=floats([row.r for row in rows]),
    )  # fmt: skip
    return stamps


_STEPS = {"daily": NANOSECONDS_PER_DAY, "1hour": NANOSECONDS_PER_HOUR}


def _way(kind: str, name: str, take: Take, interval: str = "daily", *, in_dollars: bool = False) -> Way:
    step = _STEPS[interval]
    fixed = (("symbols", "{symbol}"), ("interval", interval), *((("convert_to_usd", "true"),) if in_dollars else ()))
    return Way(
        kind=kind, path=f"/v1/{name}-history", fixed=fixed, take=take, step=step, rows=1500,
        keeps=0 if interval == "daily" else _KEEPS_HOURS,
        windows=Windows(since="from", until="to", unit=NANOSECONDS_PER_SECOND, step=step, rows=1500),
    )  # fmt: skip


PAGES = Pages(
    venue="coinalyze",
    ways={
        "liquidations": _way("liquidations", "liquidation", take_liquidations, in_dollars=True),
        "liquidations-hourly": _way("liquidations", "liquidation", take_liquidations, "1hour", in_dollars=True),
        "open-interest": _way("open_interest", "open-interest", take_open_interest, in_dollars=True),
        "funding": _way("funding", "funding-rate", take_funding),
        "ratios": _way("positioning", "long-short-ratio", take_ratios),
    },
)


def instrument_calls() -> tuple[Call, ...]:
    """Return the calls that list venues and their contracts."""
    return (
        Call(venue="coinalyze", purpose="exchanges", path="/v1/exchanges"),
        Call(venue="coinalyze", purpose="instruments", path="/v1/future-markets"),
    )


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return the perpetuals of all venues."""
    names: dict[str, str] = {}
    for call, body in answers:
        if call.purpose == "exchanges":
            names |= {row.code: row.name for row in decoded(body, list[form.Exchange], "a listing of venues")}
    return tuple(
        _instrument(row, names.get(row.exchange, row.exchange))
        for call, body in answers
        if call.purpose == "instruments"
        for row in decoded(body, list[form.Market], "a listing")
        if row.is_perpetual
    )


def _instrument(row: form.Market, exchange: str) -> Instrument:
    coin, coins = bundle(row.base_asset)
    traded_at = re.sub(r"\s+", "-", venue_name(exchange))
    return Instrument(
        venue="coinalyze",
        symbol=row.symbol,
        coin=coin,
        quote=row.quote_asset,
        market="perpetual",
        margin="coin" if row.margined == "COIN" else "stablecoin",
        contract_base=coins,
        priced_coins=coins,
        funding_hours=1.0 if traded_at in HOURLY_FUNDING else 8.0,
        traded_at=traded_at,
    )


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is: 401 says that the key is not accepted."""
    del call
    try:
        words = str(msgspec.json.decode(answer.body, type=form.Refusal).message)
    except (msgspec.DecodeError, UnicodeDecodeError):
        words = ""
    return judge_json(answer, words)
