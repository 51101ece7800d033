"""OKX' messages and answers into rows. ``sell`` in a liquidation is the closing order: a long was closed."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_HOUR
from runout.records import Series
from runout.sources import columns
from runout.sources.candidates import Candidates, PageRows, lookup, series_of
from runout.sources.columns import Events
from runout.sources.okx import messages as form
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

STATISTICS_STEP = NANOSECONDS_PER_HOUR
"""Step of statistics: of each period the venue keeps 1,440 rows, so hours reach back 60 days."""
_CHANNEL = re.compile(rb'"channel":"([A-Za-z0-9-]+)"')
_LONG_CLOSED = {"sell": True, "buy": False}
_TAKER_BUYS = {"buy": True, "sell": False}
_DEFAULT_FUNDING_HOURS = 8.0

_LIQUIDATIONS: Reader[form.Frame[form.Liquidations]] = Reader(form.Frame[form.Liquidations])
_TRADES: Reader[form.Frame[form.Trade]] = Reader(form.Frame[form.Trade])
_OPEN_INTEREST: Reader[form.Frame[form.OpenInterest]] = Reader(form.Frame[form.OpenInterest])
_FUNDING: Reader[form.Frame[form.Funding]] = Reader(form.Frame[form.Funding])
_ANSWERS: Reader[Any] = Reader(dict[str, Any])
_CANDLES: Reader[form.Envelope[form.Candle]] = Reader(form.Envelope[form.Candle])
_POINTS: Reader[form.Envelope[form.OpenInterestPoint]] = Reader(form.Envelope[form.OpenInterestPoint])
_RATIOS: Reader[form.Envelope[form.RatioPoint]] = Reader(form.Envelope[form.RatioPoint])
_TAKER: Reader[form.Envelope[form.TakerPoint]] = Reader(form.Envelope[form.TakerPoint])
_SETTLEMENTS: Reader[form.Envelope[form.Settlement]] = Reader(form.Envelope[form.Settlement])
_NOW: Reader[form.Envelope[form.OpenInterest]] = Reader(form.Envelope[form.OpenInterest])
_FUNDING_NOW: Reader[form.Envelope[form.Funding]] = Reader(form.Envelope[form.Funding])


def liquidation_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's liquidation events."""
    note = "Not the total of liquidations, as the venue says; the price is the bankruptcy price."
    return series_of(instrument, "liquidations", feed="liquidation-orders", capture="capped", instant=True, note=note)


def bar_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's bars."""
    return series_of(instrument, "bars", step=BAR_STEP, feed="history-candles", note="Dollars are the quote currency.")


def open_interest_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's open interest as the venue stores it."""
    return series_of(
        instrument, "open_interest", step=STATISTICS_STEP, feed="open-interest-history", instant=True, lag=BAR_STEP
    )


def ticker_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's open interest as pushed or asked for."""
    return series_of(instrument, "open_interest", feed="open-interest", instant=True)


def funding_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's settled funding."""
    step = int((instrument.funding_hours or _DEFAULT_FUNDING_HOURS) * NANOSECONDS_PER_HOUR)
    return series_of(instrument, "funding", step=step, feed="funding-rate-history", instant=True)


def predicted_series(instrument: Instrument) -> Series:
    """Return the scope of the rate that the next settlement would have."""
    return series_of(instrument, "funding", measure="predicted", feed="funding-rate", instant=True)


def ratio_series(measure: str) -> Callable[[Instrument], Series]:
    """Return what gives the scope of a long/short ratio."""
    return lambda instrument: series_of(
        instrument, "positioning", step=STATISTICS_STEP, measure=measure, feed="rubik/stat", instant=True, lag=BAR_STEP
    )


def taker_series(instrument: Instrument) -> Series:
    """Return the scope of the volume by side of the taker."""
    return series_of(instrument, "taker_flow", step=STATISTICS_STEP, feed="taker-volume-contract")


def normalise(payloads: Sequence[bytes], received: Sequence[int], instruments: Sequence[Instrument]) -> Rows:
    """Return the rows of frames, as :meth:`runout.sources.venue.Venue.normalise` says."""
    candidates = Candidates(payloads, received)
    known = lookup(instruments)
    for channel, places in by_head(payloads, channel_of).items():
        take = _CHANNELS.get(channel)
        if take is not None:
            take(candidates, places, known)
        elif channel:
            candidates.note({f"channel {channel}": len(places)})
        else:
            candidates.read(_ANSWERS, places)
    return candidates.rows()


def channel_of(payload: bytes) -> str:
    """Return the channel of a frame of data; empty for answers, ``pong`` for that text."""
    if payload == b"pong" or b'"event":' in payload[:200]:
        return "pong" if payload == b"pong" else ""
    match = _CHANNEL.search(payload, 0, 200)
    return match[1].decode() if match else ""


def _take_liquidations(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    frames = candidates.read(_LIQUIDATIONS, places)
    orders = [
        (row, part.instId, detail)
        for row, frame in zip(frames.rows, frames.values, strict=True)
        for part in frame.data
        for detail in part.details
    ]
    details = [detail for _, _, detail in orders]
    meanings(
        [d.posSide for d in details], dict.fromkeys(("long", "short", "net", ""), True), "posSide", candidates.unknown
    )
    columns.add_liquidations(
        candidates,
        known,
        liquidation_series,
        Events(
            symbols=[symbol for _, symbol, _ in orders],
            rows=[row for row, _, _ in orders],
            happened=integers([detail.ts for detail in details]) * MILLISECOND,
        ),
        longs=meanings([detail.side for detail in details], _LONG_CLOSED, "side", candidates.unknown),
        size=floats([detail.sz for detail in details]),
        price=floats([detail.bkPx for detail in details]),
    )


def _take_trades(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    frames = candidates.read(_TRADES, places)
    trades = [trade for frame in frames.values for trade in frame.data]
    bought = meanings([trade.side for trade in trades], _TAKER_BUYS, "side", candidates.unknown)
    columns.add_trades(
        candidates,
        known,
        bar_series,
        Events(
            symbols=[trade.instId for trade in trades],
            rows=[row for row, frame in zip(frames.rows, frames.values, strict=True) for _ in frame.data],
            happened=integers([trade.ts for trade in trades]) * MILLISECOND,
        ),
        taker_buys=np.fromiter((b is True for b in bought), np.bool_, len(bought)),
        size=floats([trade.sz for trade in trades]),
        price=floats([trade.px for trade in trades]),
        sequence=integers([int(t.tradeId) if t.tradeId.isdigit() else number_of(t.tradeId) for t in trades]),
    )


def _take_open_interest(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    frames = candidates.read(_OPEN_INTEREST, places)
    points = [point for frame in frames.values for point in frame.data]
    rows = [row for row, frame in zip(frames.rows, frames.values, strict=True) for _ in frame.data]
    _add_open_interest(candidates, known, points, rows)


def _add_open_interest(
    candidates: Candidates, known: Mapping[str, Instrument], points: list[form.OpenInterest], rows: list[int]
) -> None:
    coins, contracts = floats([p.oiCcy for p in points]), floats([p.oi for p in points])
    sizes = floats([_contract_coins(known.get(p.instId)) for p in points])
    columns.add_open_interest(
        candidates,
        known,
        ticker_series,
        Events(
            symbols=[point.instId for point in points],
            rows=rows,
            happened=integers([point.ts for point in points]) * MILLISECOND,
        ),
        size=contracts,
        coins=np.where(np.isnan(coins), contracts * sizes, coins),
        usd=floats([p.oiUsd for p in points]),
    )


def _contract_coins(instrument: Instrument | None) -> float | None:
    return None if instrument is None else instrument.contract_base


def _take_funding(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    frames = candidates.read(_FUNDING, places)
    points = [point for frame in frames.values for point in frame.data]
    rows = [row for row, frame in zip(frames.rows, frames.values, strict=True) for _ in frame.data]
    _add_predicted(candidates, known, points, rows)


def _add_predicted(
    candidates: Candidates, known: Mapping[str, Instrument], points: list[form.Funding], rows: list[int]
) -> None:
    received = candidates.received[np.asarray(rows, np.int64)]
    said = integers([int(point.ts or 0) for point in points]) * MILLISECOND
    ahead = floats([point.nextFundingTime or None for point in points]) - floats(
        [point.fundingTime for point in points]
    )
    hours = ahead * MILLISECOND / NANOSECONDS_PER_HOUR
    usual = floats([_funding_hours(known.get(point.instId)) for point in points])
    columns.add_funding(
        candidates,
        known,
        predicted_series,
        Events(symbols=[p.instId for p in points], rows=rows, happened=np.where(said > 0, said, received)),
        rate=floats([point.fundingRate for point in points]),
        hours=np.where(hours > 0, hours, usual),
    )


def _funding_hours(instrument: Instrument | None) -> float:
    return _DEFAULT_FUNDING_HOURS if instrument is None else instrument.funding_hours or _DEFAULT_FUNDING_HOURS


def _nothing(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    """Leave a pong alone."""
    del candidates, places, known


_CHANNELS: dict[str, Callable[[Candidates, Sequence[int], Mapping[str, Instrument]], None]] = {
    "liquidation-orders": _take_liquidations,
    "trades": _take_trades,
    "open-interest": _take_open_interest,
    "funding-rate": _take_funding,
    "pong": _nothing,
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
    if instrument is None and call.purpose == "open-interest-now":
        points = candidates.take_whole(_NOW).data
        _add_open_interest(candidates, lookup(instruments), points, [0] * len(points))
        return PageRows(candidates.rows(), integers([]))
    if instrument is None:
        rates = candidates.take_whole(_FUNDING_NOW).data
        _add_predicted(candidates, lookup(instruments), rates, [0] * len(rates))
        return PageRows(candidates.rows(), integers([]))
    stamps = _HISTORIES.get(call.purpose, _take_ratios)(candidates, instrument, call)
    candidates.restrict(call.since, min(call.until, answer.received))
    return PageRows(candidates.rows(), stamps)


def _history(instrument: Instrument, stamps: NDArray[np.int64], lag: int = 0) -> Events:
    """Return moments of one instrument's history: known a publication lag after their end."""
    return Events(
        symbols=[instrument.symbol] * len(stamps), rows=[0] * len(stamps), happened=stamps, known=stamps + lag
    )


def _take_candles(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    del call
    points = candidates.take_whole(_CANDLES).data
    closed = [point for point in points if point.confirm]
    columns.add_bars(
        candidates,
        {instrument.symbol: instrument},
        bar_series,
        _history(instrument, integers([point.opened for point in closed]) * MILLISECOND + BAR_STEP),
        step=BAR_STEP,
        prices={name: floats([getattr(p, name) for p in closed]) for name in ("open", "high", "low", "close")},
        volumes={"volume_base": floats([p.coins for p in closed]), "volume_usd": floats([p.quote for p in closed])},
    )
    return integers([point.opened for point in points]) * MILLISECOND


def _take_points(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    del call
    points = candidates.take_whole(_POINTS).data
    stamps = integers([point.stamp for point in points]) * MILLISECOND
    columns.add_open_interest(
        candidates,
        {instrument.symbol: instrument},
        open_interest_series,
        _history(instrument, stamps, BAR_STEP),
        size=floats([point.contracts for point in points]),
        coins=floats([point.coins for point in points]),
        usd=floats([point.dollars for point in points]),
    )
    return stamps


def _take_ratios(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    points = candidates.take_whole(_RATIOS).data
    stamps = integers([point.stamp for point in points]) * MILLISECOND
    columns.add_positioning(
        candidates,
        {instrument.symbol: instrument},
        ratio_series(call.purpose),
        _history(instrument, stamps, BAR_STEP),
        ratio=floats([point.ratio for point in points]),
    )
    return stamps


def _take_taker(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    del call
    points = candidates.take_whole(_TAKER).data
    stamps = integers([point.stamp for point in points]) * MILLISECOND
    columns.add_taker_flow(
        candidates,
        {instrument.symbol: instrument},
        taker_series,
        _history(instrument, stamps + STATISTICS_STEP),
        step=STATISTICS_STEP,
        buy_usd=floats([point.buy for point in points]),
        sell_usd=floats([point.sell for point in points]),
    )
    return stamps


def _take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take settlements; the oldest of a page comes again with the one before it: here it is left out."""
    del call
    points = sorted(candidates.take_whole(_SETTLEMENTS).data, key=lambda point: point.fundingTime)
    require_own((point.instId for point in points), instrument.symbol)
    stamps = settlements(integers([point.fundingTime for point in points]) * MILLISECOND)
    hours = settled_hours(stamps, _funding_hours(instrument))
    first = 1 if len(points) > 1 else 0
    columns.add_funding(
        candidates,
        {instrument.symbol: instrument},
        funding_series,
        _history(instrument, stamps[first:]),
        rate=floats([p.fundingRate if p.realizedRate in {None, ""} else p.realizedRate for p in points[first:]]),
        hours=hours[first:],
    )
    return integers([point.fundingTime for point in points]) * MILLISECOND


_HISTORIES: dict[str, Callable[[Candidates, Instrument, Call], NDArray[np.int64]]] = {
    "bars": _take_candles,
    "open-interest": _take_points,
    "taker-volume": _take_taker,
    "funding": _take_settlements,
}
