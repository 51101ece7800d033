"""Bybit's messages and answers into rows. ``Buy`` in a liquidation is the side of the position: a long was closed."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_HOUR
from runout.records import Series
from runout.sources import columns
from runout.sources.bybit import messages as form
from runout.sources.candidates import Candidates, PageRows, lookup, series_of
from runout.sources.columns import Events
from runout.sources.venue import Answer, Call, Instrument, Rows
from runout.sources.wire import (
    BAR_STEP,
    MILLISECOND,
    Reader,
    by_head,
    floats,
    integers,
    meanings,
    number_of,
    require_own,
    settled_hours,
    settlements,
)

R = TypeVar("R")

_TOPIC = re.compile(rb'"topic":"([A-Za-z]+)\.')
_LONG_CLOSED = {"Buy": True, "Sell": False}
_TAKER_BUYS = {"Buy": True, "Sell": False}
_DEFAULT_FUNDING_HOURS = 8.0

_LIQUIDATIONS: Reader[form.Liquidations] = Reader(form.Liquidations)
_OLD_LIQUIDATIONS: Reader[form.OldLiquidations] = Reader(form.OldLiquidations)
_TRADES: Reader[form.Trades] = Reader(form.Trades)
_TICKERS: Reader[form.TickerUpdate] = Reader(form.TickerUpdate)
_BARS: Reader[form.Envelope[form.Kline]] = Reader(form.Envelope[form.Kline])
_OPEN_INTEREST: Reader[form.Envelope[form.OpenInterestPoint]] = Reader(form.Envelope[form.OpenInterestPoint])
_RATIOS: Reader[form.Envelope[form.RatioPoint]] = Reader(form.Envelope[form.RatioPoint])
_FUNDING: Reader[form.Envelope[form.FundingPoint]] = Reader(form.Envelope[form.FundingPoint])
_ALL_TICKERS: Reader[form.Envelope[form.Ticker]] = Reader(form.Envelope[form.Ticker])


def liquidation_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's liquidation events."""
    note = "All since 2025-02-20, before at most one a symbol and second; the price is the bankruptcy price."
    return series_of(instrument, "liquidations", feed="allLiquidation", capture="complete", instant=True, note=note)


def bar_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's bars."""
    return series_of(instrument, "bars", step=BAR_STEP, feed="kline", note="Dollars are the quote currency.")


def open_interest_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's open interest as the venue stores it."""
    note = "Both sides as published until 2026-06-11, halved; delayed by the venue in extreme volatility."
    return series_of(
        instrument, "open_interest", step=BAR_STEP, feed="open-interest", instant=True, lag=BAR_STEP, note=note
    )


def ticker_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's open interest as its ticker says it."""
    return series_of(instrument, "open_interest", feed="tickers", instant=True)


def ratio_series(instrument: Instrument) -> Series:
    """Return the scope of the long/short ratio."""
    return series_of(
        instrument, "positioning", step=BAR_STEP, measure="global-accounts", feed="account-ratio", instant=True,
        lag=BAR_STEP,
    )  # fmt: skip


def funding_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's settled funding."""
    step = int((instrument.funding_hours or _DEFAULT_FUNDING_HOURS) * NANOSECONDS_PER_HOUR)
    return series_of(instrument, "funding", step=step, feed="funding/history", instant=True)


def predicted_series(instrument: Instrument) -> Series:
    """Return the scope of the rate that the next settlement would have."""
    return series_of(instrument, "funding", measure="predicted", feed="tickers", instant=True)


def premium_series(instrument: Instrument) -> Series:
    """Return the scope of mark over index price."""
    return series_of(instrument, "premium", measure="mark-over-index", feed="tickers", instant=True)


def normalise(payloads: Sequence[bytes], received: Sequence[int], instruments: Sequence[Instrument]) -> Rows:
    """Return the rows of frames, as :meth:`runout.sources.venue.Venue.normalise` says."""
    candidates = Candidates(payloads, received)
    known = lookup(instruments)
    for topic, places in by_head(payloads, topic_of).items():
        take = _TOPICS.get(topic)
        if take is not None:
            take(candidates, places, known)
        elif topic:
            candidates.note({f"topic {topic}": len(places)})
        else:
            candidates.read(_ANSWERS, places)
    return candidates.rows()


def topic_of(payload: bytes) -> str:
    """Return the first word of a frame's topic; empty where it has none."""
    if payload.startswith(b'{"topic":"'):
        return payload[10 : payload.find(b".", 10)].decode("ascii", "replace")
    match = _TOPIC.search(payload)
    return match[1].decode() if match else ""


def _take_liquidations(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    frames = candidates.read(_LIQUIDATIONS, places)
    orders = [order for frame in frames.values for order in frame.data]
    rows = [row for row, frame in zip(frames.rows, frames.values, strict=True) for _ in frame.data]
    _add_liquidations(candidates, known, orders, rows)


def _take_old_liquidations(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    frames = candidates.read(_OLD_LIQUIDATIONS, places)
    orders = [
        form.Liquidation(
            T=old.updatedTime or old.time or frame.ts,
            s=old.symbol,
            S=old.side,
            v=old.size or old.qty or 0.0,
            p=old.price,
        )
        for frame in frames.values
        for old in (frame.data if isinstance(frame.data, list) else [frame.data])
    ]
    counts = [len(frame.data) if isinstance(frame.data, list) else 1 for frame in frames.values]
    _add_liquidations(candidates, known, orders, [int(row) for row in np.repeat(frames.rows, counts)])


def _add_liquidations(
    candidates: Candidates, known: Mapping[str, Instrument], orders: list[form.Liquidation], rows: list[int]
) -> None:
    columns.add_liquidations(
        candidates,
        known,
        liquidation_series,
        Events(
            symbols=[order.s for order in orders],
            rows=rows,
            happened=integers([order.T for order in orders]) * MILLISECOND,
        ),
        longs=meanings([order.S for order in orders], _LONG_CLOSED, "S", candidates.unknown),
        size=floats([order.v for order in orders]),
        price=floats([order.p for order in orders]),
    )


def _take_trades(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    frames = candidates.read(_TRADES, places)
    trades = [trade for frame in frames.values for trade in frame.data]
    bought = meanings([trade.S for trade in trades], _TAKER_BUYS, "S", candidates.unknown)
    columns.add_trades(
        candidates,
        known,
        bar_series,
        Events(
            symbols=[trade.s for trade in trades],
            rows=[row for row, frame in zip(frames.rows, frames.values, strict=True) for _ in frame.data],
            happened=integers([trade.T for trade in trades]) * MILLISECOND,
        ),
        taker_buys=np.fromiter((b is True for b in bought), np.bool_, len(bought)),
        size=floats([trade.v for trade in trades]),
        price=floats([trade.p for trade in trades]),
        sequence=integers([number_of(trade.i) for trade in trades]),
    )


def _take_tickers(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    frames = candidates.read(_TICKERS, places)
    stamps = integers([frame.ts for frame in frames.values]) * MILLISECOND
    _add_tickers(candidates, known, [frame.data for frame in frames.values], list(frames.rows), stamps)


def _add_tickers(
    candidates: Candidates,
    known: Mapping[str, Instrument],
    tickers: list[form.Ticker],
    rows: list[int],
    stamps: NDArray[np.int64],
) -> None:
    """Add what tickers say: in a change, an absent field means unchanged, so only what is there is an observation."""
    single, both = floats([t.singleOpenInterest for t in tickers]), floats([t.openInterest for t in tickers])
    size = np.where(np.isnan(single), both / 2, single)
    mark, index = floats([t.markPrice for t in tickers]), floats([t.indexPrice for t in tickers])
    rate, hours = floats([t.fundingRate for t in tickers]), [_hours(t, known) for t in tickers]

    def events(chosen: NDArray[np.bool_]) -> Events:
        places = np.flatnonzero(chosen)
        return Events(
            symbols=[tickers[p].symbol for p in places], rows=[rows[p] for p in places], happened=stamps[places]
        )

    spoken, quoted = ~np.isnan(size), ~np.isnan(rate) & (np.asarray(hours) > 0)
    columns.add_open_interest(candidates, known, ticker_series, events(spoken), size=size[spoken], price=mark[spoken])
    columns.add_premium(
        candidates, known, premium_series, events(mark > 0), first=mark[mark > 0], second=index[mark > 0]
    )
    columns.add_funding(
        candidates, known, predicted_series, events(quoted), rate=rate[quoted], hours=np.asarray(hours)[quoted]
    )


def _hours(ticker: form.Ticker, known: Mapping[str, Instrument]) -> float:
    """Return hours between settlements; 0 for a dated contract, which has none."""
    instrument = known.get(ticker.symbol)
    if instrument is None or instrument.market != "perpetual":
        return 0.0
    said = floats([ticker.fundingIntervalHour])[0]
    return float(said) if said > 0 else instrument.funding_hours or _DEFAULT_FUNDING_HOURS


_ANSWERS: Reader[Any] = Reader(dict[str, Any])
_TOPICS: dict[str, Callable[[Candidates, Sequence[int], Mapping[str, Instrument]], None]] = {
    "allLiquidation": _take_liquidations,
    "liquidation": _take_old_liquidations,
    "publicTrade": _take_trades,
    "tickers": _take_tickers,
}


def read_rows(call: Call, answer: Answer, instrument: Instrument | None, instruments: Sequence[Instrument]) -> PageRows:
    """Return what an answer holds: its rows inside the asked stretch, and the stamps of all its rows.

    Parameters
    ----------
    call, answer
        What was asked, and the answer.
    instrument
        Of what; null for calls that speak of all.
    instruments
        All of the venue.

    Raises
    ------
    SchemaError
        If the body is of no known form.
    """
    candidates = Candidates((answer.body,), (answer.received,))
    if instrument is None:
        tickers = candidates.take_whole(_ALL_TICKERS)
        stamps = np.full(len(tickers.result.rows), tickers.time * MILLISECOND or answer.received)
        _add_tickers(candidates, lookup(instruments), tickers.result.rows, [0] * len(stamps), stamps)
        return PageRows(candidates.rows(), integers([]))
    stamps = _HISTORIES[call.purpose](candidates, instrument)
    candidates.restrict(call.since, min(call.until, answer.received))
    return PageRows(candidates.rows(), stamps)


def _history(instrument: Instrument, stamps: NDArray[np.int64], lag: int = 0) -> Events:
    """Return moments of one instrument's history: known a publication lag after their end."""
    return Events(
        symbols=[instrument.symbol] * len(stamps), rows=[0] * len(stamps), happened=stamps, known=stamps + lag
    )


def _own(result: form.Result[R], instrument: Instrument) -> list[R]:
    """Return the rows of a result, which must be about the instrument."""
    require_own((result.symbol,), instrument.symbol)
    return result.rows


def _take_bars(candidates: Candidates, instrument: Instrument) -> NDArray[np.int64]:
    points = _own(candidates.take_whole(_BARS).result, instrument)
    opened = integers([point.opened for point in points]) * MILLISECOND
    volume, turnover = floats([p.volume for p in points]), floats([p.turnover for p in points])
    if instrument.contract_usd:
        volumes = {"volume_base": turnover, "volume_usd": volume * instrument.contract_usd}
    else:
        volumes = {"volume_base": volume * (instrument.contract_base or 1.0), "volume_usd": turnover}
    columns.add_bars(
        candidates,
        {instrument.symbol: instrument},
        bar_series,
        _history(instrument, opened + BAR_STEP),
        step=BAR_STEP,
        prices={name: floats([getattr(p, name) for p in points]) for name in ("open", "high", "low", "close")},
        volumes=volumes,
    )
    return opened


def _take_open_interest(candidates: Candidates, instrument: Instrument) -> NDArray[np.int64]:
    points = _own(candidates.take_whole(_OPEN_INTEREST).result, instrument)
    stamps = integers([point.timestamp for point in points]) * MILLISECOND
    single, both = floats([p.singleOpenInterest for p in points]), floats([p.openInterest for p in points])
    columns.add_open_interest(
        candidates,
        {instrument.symbol: instrument},
        open_interest_series,
        _history(instrument, stamps, BAR_STEP),
        size=np.where(np.isnan(single), both / 2, single),
    )
    return stamps


def _take_ratios(candidates: Candidates, instrument: Instrument) -> NDArray[np.int64]:
    points = candidates.take_whole(_RATIOS).result.rows
    require_own((point.symbol for point in points), instrument.symbol)
    stamps = integers([point.timestamp for point in points]) * MILLISECOND
    longs, shorts = floats([point.buyRatio for point in points]), floats([point.sellRatio for point in points])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(shorts > 0, longs / shorts, np.nan)
    columns.add_positioning(
        candidates,
        {instrument.symbol: instrument},
        ratio_series,
        _history(instrument, stamps, BAR_STEP),
        ratio=ratio,
        long_share=longs,
    )
    return stamps


def _take_funding(candidates: Candidates, instrument: Instrument) -> NDArray[np.int64]:
    """Take settlements; the interval of each is the time since the one before.

    The oldest of a page comes again as the youngest of the next, with the one before it: here it is left out.
    """
    points = sorted(candidates.take_whole(_FUNDING).result.rows, key=lambda point: point.fundingRateTimestamp)
    require_own((point.symbol for point in points), instrument.symbol)
    stamps = integers([point.fundingRateTimestamp for point in points]) * MILLISECOND
    hours = settled_hours(settlements(stamps), instrument.funding_hours or _DEFAULT_FUNDING_HOURS)
    first = 1 if len(points) > 1 else 0
    columns.add_funding(
        candidates,
        {instrument.symbol: instrument},
        funding_series,
        _history(instrument, settlements(stamps)[first:]),
        rate=floats([point.fundingRate for point in points[first:]]),
        hours=hours[first:],
    )
    return stamps


_HISTORIES: dict[str, Callable[[Candidates, Instrument], NDArray[np.int64]]] = {
    "bars": _take_bars,
    "open-interest": _take_open_interest,
    "global-accounts": _take_ratios,
    "funding": _take_funding,
}
