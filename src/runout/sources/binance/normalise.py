"""Binance's messages and answers into rows. ``SELL`` closes a long; ``m`` means that the taker sold."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_HOUR
from runout.records import Series
from runout.sources import columns
from runout.sources.binance import messages as form
from runout.sources.candidates import Candidates, PageRows, lookup, series_of
from runout.sources.columns import Events
from runout.sources.venue import Answer, Call, Instrument, Rows
from runout.sources.wire import (
    BAR_STEP,
    MILLISECOND,
    Reader,
    by_form,
    by_head,
    floats,
    integers,
    meanings,
    require_own,
    settled_hours,
    settlements,
)

_FRAMES: Reader[form.Framed] = Reader(form.Framed)
_EVENTS: Reader[Any] = Reader(form.Event)
_ANSWERS: Reader[form.Acknowledgement] = Reader(form.Acknowledgement)
_DERIVATIVES = ("perpetual", "futures")
_DEFAULT_FUNDING_HOURS = 8.0
_LONG_CLOSED = {"SELL": True, "BUY": False}
_STATUSES = {"FILLED": True, "": True}
RATIOS = {
    "globalLongShortAccountRatio": "global-accounts",
    "topLongShortAccountRatio": "top-accounts",
    "topLongShortPositionRatio": "top-positions",
}
"""Paths of the long/short ratios, and the measure of each."""


def liquidation_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's liquidation events."""
    note = "At most one order a symbol and second; the price is the average fill."
    return series_of(instrument, "liquidations", feed="forceOrder", capture="capped", instant=True, note=note)


def bar_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's bars."""
    return series_of(instrument, "bars", step=BAR_STEP, feed="klines", note="Dollars are the quote currency.")


def predicted_series(instrument: Instrument) -> Series:
    """Return the scope of the rate that the next settlement would have."""
    return series_of(instrument, "funding", measure="predicted", feed="markPrice", instant=True)


def premium_series(instrument: Instrument) -> Series:
    """Return the scope of mark over index price."""
    return series_of(instrument, "premium", measure="mark-over-index", feed="markPrice", instant=True)


def funding_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's settled funding."""
    step = int((instrument.funding_hours or _DEFAULT_FUNDING_HOURS) * NANOSECONDS_PER_HOUR)
    return series_of(instrument, "funding", step=step, feed="fundingRate", instant=True)


def open_interest_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's open interest as the venue stores it."""
    note = "The venue publishes a figure up to one step after its stamp, hence the lag."
    return series_of(
        instrument, "open_interest", step=BAR_STEP, feed="openInterestHist", instant=True, lag=BAR_STEP, note=note
    )


def polled_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's open interest as asked for."""
    return series_of(instrument, "open_interest", feed="openInterest", instant=True)


def ratio_series(measure: str) -> Callable[[Instrument], Series]:
    """Return what gives the scope of a long/short ratio."""
    return lambda instrument: series_of(
        instrument, "positioning", step=BAR_STEP, measure=measure, feed="futures/data", instant=True, lag=BAR_STEP
    )


def normalise(payloads: Sequence[bytes], received: Sequence[int], instruments: Sequence[Instrument]) -> Rows:
    """Return the rows of frames, as :meth:`runout.sources.venue.Venue.normalise` says."""
    candidates = Candidates(payloads, received)
    for structure, (events, rows) in _events(candidates).items():
        _TAKERS[structure](candidates, events, rows, instruments)
    return candidates.rows()


def _events(candidates: Candidates) -> dict[type, tuple[list[Any], list[int]]]:
    known = _FRAMES.read_known(candidates.payloads)
    if known is not None:
        return by_form(known.rows, [frame.data for frame in known.values])
    places = by_head(candidates.payloads, _head)
    frames = candidates.read(_FRAMES, places.get("frame", ()))
    events = candidates.read(_EVENTS, places.get("event", ()))
    candidates.read(_ANSWERS, places.get("answer", ()))
    return by_form([*frames.rows, *events.rows], [*(frame.data for frame in frames.values), *events.values])


def _head(payload: bytes) -> str:
    """Return whether a payload is a frame of /stream, an event of /ws, or neither."""
    if payload.startswith(b'{"stream":'):
        return "frame"
    return "event" if b'"e":' in payload else "answer"


def _take_liquidations(
    candidates: Candidates, events: list[form.ForceOrder], rows: list[int], instruments: Sequence[Instrument]
) -> None:
    orders = [event.o for event in events]
    meanings([order.X for order in orders], _STATUSES, "X", candidates.unknown)
    columns.add_liquidations(
        candidates,
        lookup(instruments, _DERIVATIVES),
        liquidation_series,
        Events(
            symbols=[order.s for order in orders],
            rows=rows,
            happened=integers([order.T for order in orders]) * MILLISECOND,
        ),
        longs=meanings([order.S for order in orders], _LONG_CLOSED, "S", candidates.unknown),
        size=floats([order.z for order in orders]),
        price=floats([order.ap or order.p for order in orders]),
    )


def _take_trades(
    candidates: Candidates, events: list[form.AggregateTrade], rows: list[int], instruments: Sequence[Instrument]
) -> None:
    # Frames of both markets have the same names; only spot trades carry M.
    for is_spot, markets in ((False, _DERIVATIVES), (True, ("spot",))):
        chosen = [place for place, event in enumerate(events) if (event.M is not None) is is_spot]
        if not chosen:
            continue
        trades = [events[place] for place in chosen]
        columns.add_trades(
            candidates,
            lookup(instruments, markets),
            bar_series,
            Events(
                symbols=[trade.s for trade in trades],
                rows=[rows[place] for place in chosen],
                happened=integers([trade.T for trade in trades]) * MILLISECOND,
            ),
            taker_buys=~np.fromiter((trade.m for trade in trades), np.bool_, len(trades)),
            size=floats([trade.q for trade in trades]),
            price=floats([trade.p for trade in trades]),
            sequence=integers([trade.a for trade in trades]),
        )


def _take_marks(
    candidates: Candidates, events: list[form.MarkPrice], rows: list[int], instruments: Sequence[Instrument]
) -> None:
    known = lookup(instruments, _DERIVATIVES)
    moments = Events(
        symbols=[event.s for event in events], rows=rows, happened=integers([e.E for e in events]) * MILLISECOND
    )
    first, second = floats([event.p for event in events]), floats([event.i for event in events])
    columns.add_premium(candidates, known, premium_series, moments, first=first, second=second)
    hours = floats([_funding_hours(known.get(event.s)) for event in events])
    rate = np.where(hours > 0, floats([event.r for event in events]), np.nan)
    columns.add_funding(candidates, known, predicted_series, moments, rate=rate, hours=np.where(hours > 0, hours, 8.0))


_TAKERS: dict[type, Callable[[Candidates, list[Any], list[int], Sequence[Instrument]], None]] = {
    form.ForceOrder: _take_liquidations,
    form.AggregateTrade: _take_trades,
    form.MarkPrice: _take_marks,
}


def _funding_hours(instrument: Instrument | None) -> float:
    """Return hours between settlements; 0 for a dated contract, which has none."""
    return 0.0 if instrument is None or instrument.market != "perpetual" else instrument.funding_hours or 8.0


_BARS: Reader[list[form.Kline]] = Reader(list[form.Kline])
_OPEN_INTEREST: Reader[list[form.OpenInterestPoint]] = Reader(list[form.OpenInterestPoint])
_RATIOS: Reader[list[form.RatioPoint]] = Reader(list[form.RatioPoint])
_FUNDING: Reader[list[form.FundingPoint]] = Reader(list[form.FundingPoint])
_OPEN_INTEREST_NOW: Reader[form.OpenInterestNow] = Reader(form.OpenInterestNow)
_PREMIUM_INDEX: Reader[list[form.PremiumIndex]] = Reader(list[form.PremiumIndex])


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
        _take_premium_index(candidates, instruments)
        return PageRows(candidates.rows(), integers([]))
    if call.purpose == "open-interest-now":
        _take_open_interest_now(candidates, instrument)
        return PageRows(candidates.rows(), integers([]))
    stamps = _HISTORIES.get(call.purpose, _take_ratios)(candidates, instrument, call)
    candidates.restrict(call.since, min(call.until, answer.received))
    return PageRows(candidates.rows(), stamps)


def _history(instrument: Instrument, stamps: NDArray[np.int64], lag: int = 0) -> Events:
    """Return moments of one instrument's history: known a publication lag after their end."""
    return Events(
        symbols=[instrument.symbol] * len(stamps), rows=[0] * len(stamps), happened=stamps, known=stamps + lag
    )


def _take_bars(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    del call
    points = candidates.take_whole(_BARS)
    opened = integers([point.opened for point in points]) * MILLISECOND
    volume, quote = floats([p.volume for p in points]), floats([p.quote for p in points])
    taker, taker_quote = floats([p.taker_volume for p in points]), floats([p.taker_quote for p in points])
    if instrument.contract_usd:  # contracts, with coins beside them
        volumes = {"volume_base": quote, "volume_usd": volume * instrument.contract_usd}
        volumes |= {"taker_buy_base": taker_quote, "taker_buy_usd": taker * instrument.contract_usd}
    else:
        coins = instrument.contract_base or 1.0
        volumes = {"volume_base": volume * coins, "volume_usd": quote}
        volumes |= {"taker_buy_base": taker * coins, "taker_buy_usd": taker_quote}
    columns.add_bars(
        candidates,
        {instrument.symbol: instrument},
        bar_series,
        _history(instrument, opened + BAR_STEP),
        step=BAR_STEP,
        prices={name: floats([getattr(p, name) for p in points]) for name in ("open", "high", "low", "close")},
        volumes=volumes,
        trades=integers([p.trades for p in points]),
    )
    return opened


def _take_open_interest(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    del call
    points = candidates.take_whole(_OPEN_INTEREST)
    require_own((point.symbol for point in points), instrument.symbol)
    stamps = integers([point.timestamp for point in points]) * MILLISECOND
    size, value = floats([p.sumOpenInterest for p in points]), floats([p.sumOpenInterestValue for p in points])
    with np.errstate(divide="ignore", invalid="ignore"):
        # On COIN-M the value is in coins and the size in contracts of dollars; else the value is in dollars.
        price = size * instrument.contract_usd / value if instrument.contract_usd else value / size
    columns.add_open_interest(
        candidates,
        {instrument.symbol: instrument},
        open_interest_series,
        _history(instrument, stamps, BAR_STEP),
        size=size,
        price=np.where(np.isfinite(price), price, np.nan),
    )
    return stamps


def _take_ratios(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    points = candidates.take_whole(_RATIOS)
    require_own((point.symbol for point in points), instrument.symbol)
    stamps = integers([point.timestamp for point in points]) * MILLISECOND
    columns.add_positioning(
        candidates,
        {instrument.symbol: instrument},
        ratio_series(call.purpose),
        _history(instrument, stamps, BAR_STEP),
        ratio=floats([point.longShortRatio for point in points]),
        long_share=floats([p.longAccount if p.longAccount is not None else p.longPosition for p in points]),
    )
    return stamps


def _take_funding(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take settlements; the interval of each is the time since the one before, as far as that is one the venue has."""
    del call
    points = candidates.take_whole(_FUNDING)
    require_own((point.symbol for point in points), instrument.symbol)
    meanings([p.rateType for p in points], {"Regular": True, "Special": True}, "rateType", candidates.unknown)
    points = [point for point in points if point.rateType != "Special"]
    stamps = integers([point.fundingTime for point in points]) * MILLISECOND
    columns.add_funding(
        candidates,
        {instrument.symbol: instrument},
        funding_series,
        _history(instrument, settlements(stamps)),
        rate=floats([point.fundingRate for point in points]),
        hours=settled_hours(settlements(stamps), instrument.funding_hours or _DEFAULT_FUNDING_HOURS),
    )
    return stamps


def _take_open_interest_now(candidates: Candidates, instrument: Instrument) -> None:
    point = candidates.take_whole(_OPEN_INTEREST_NOW)
    require_own((point.symbol,), instrument.symbol)
    moment = Events(symbols=[point.symbol], rows=[0], happened=integers([point.time * MILLISECOND]))
    known = {instrument.symbol: instrument}
    columns.add_open_interest(candidates, known, polled_series, moment, size=floats([point.openInterest]))


def _take_premium_index(candidates: Candidates, instruments: Sequence[Instrument]) -> None:
    points = candidates.take_whole(_PREMIUM_INDEX)
    marks = [form.MarkPrice(E=p.time, s=p.symbol, p=p.markPrice, i=p.indexPrice, r=p.lastFundingRate) for p in points]
    _take_marks(candidates, marks, [0] * len(marks), instruments)


_HISTORIES: dict[str, Callable[[Candidates, Instrument, Call], NDArray[np.int64]]] = {
    "bars": _take_bars,
    "open-interest": _take_open_interest,
    "funding": _take_funding,
}
