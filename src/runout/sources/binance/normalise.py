"""Binance's messages and answers into rows. ``SELL`` closes a long; ``m`` means that the taker sold."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runout.sources import columns, statements
from runout.sources.binance import messages as form
from runout.sources.candidates import Candidates, lookup, series_of
from runout.sources.columns import Events, history
from runout.sources.venue import Call, Instrument, Rows
from runout.sources.wire import (
    BAR_STEP,
    MILLISECOND,
    Reader,
    by_form,
    by_head,
    check_words,
    floats,
    integers,
    meanings,
    require_own,
)

_FRAMES: Reader[Any] = Reader(form.Framed, inside="data")
_EVENTS: Reader[Any] = Reader(form.Event)
_ANSWERS: Reader[form.Acknowledgement] = Reader(form.Acknowledgement)
_LONG_CLOSED = {"SELL": True, "BUY": False}
_STATUSES = {"FILLED", ""}


liquidation_series = partial(
    series_of, kind="liquidations", feed="forceOrder", capture="capped", instant=True,
    note="At most one order a symbol and second; the price is the average fill.",
)  # fmt: skip
bar_series = partial(series_of, kind="bars", step=BAR_STEP, feed="klines", note="Dollars are the quote currency.")
open_interest_series = partial(
    series_of, kind="open_interest", step=BAR_STEP, feed="openInterestHist", instant=True, lag=BAR_STEP,
    note="The venue publishes a figure up to one step after its stamp, hence the lag.",
)  # fmt: skip


def normalise(payloads: Sequence[bytes], received: Sequence[int], instruments: Sequence[Instrument]) -> Rows:
    """Return the rows of frames, as :meth:`runout.sources.venue.Venue.normalise` says."""
    derivatives = [instrument for instrument in instruments if instrument.market != "spot"]
    candidates = Candidates(payloads, received, derivatives)
    spot = lookup(instruments, ("spot",))
    for structure, (events, rows) in _events(candidates).items():
        if structure is form.AggregateTrade:
            _take_trades(candidates, events, rows, spot)
        else:
            _TAKERS[structure](candidates, events, rows)
    return candidates.rows()


def _events(candidates: Candidates) -> dict[type, tuple[list[Any], Sequence[int]]]:
    known = _FRAMES.read_known(candidates.payloads)
    if known is not None:
        return by_form(known.rows, known.values)
    places = by_head(candidates.payloads, _head)
    frames = candidates.read(_FRAMES, places.get("frame", ()))
    events = candidates.read(_EVENTS, places.get("event", ()))
    candidates.read(_ANSWERS, places.get("answer", ()))
    return by_form([*frames.rows, *events.rows], [*frames.values, *events.values])


def _head(payload: bytes) -> str:
    """Return whether a payload is a frame of /stream, an event of /ws, or neither."""
    if payload.startswith(b'{"stream":'):
        return "frame"
    return "event" if b'"e":' in payload else "answer"


def _take_liquidations(candidates: Candidates, events: list[form.ForceOrder], rows: Sequence[int]) -> None:
    orders = [event.o for event in events]
    check_words([order.X for order in orders], _STATUSES, "X", candidates.unknown)
    columns.add_liquidations(
        candidates,
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
    candidates: Candidates, events: list[form.AggregateTrade], rows: Sequence[int], spot: Mapping[str, Instrument]
) -> None:
    # Frames of both markets have the same names; only spot trades carry M.
    of_spot = [event.M is not None for event in events]
    for is_spot, instruments in ((False, candidates.instruments), (True, spot)):
        chosen = [mark is is_spot for mark in of_spot]
        if not any(chosen):
            continue
        trades = events if all(chosen) else list(compress(events, chosen))
        columns.add_trades(
            candidates,
            bar_series,
            Events(
                symbols=[trade.s for trade in trades],
                rows=rows if all(chosen) else list(compress(rows, chosen)),
                happened=integers([trade.T for trade in trades]) * MILLISECOND,
                instruments=instruments,
            ),
            taker_buys=[not trade.m for trade in trades],
            size=floats([trade.q for trade in trades]),
            price=floats([trade.p for trade in trades]),
            sequence=integers([trade.a for trade in trades]),
        )


def _take_marks(candidates: Candidates, events: list[form.MarkPrice], rows: Sequence[int]) -> None:
    statements.add_state(
        candidates,
        Events(
            symbols=[event.s for event in events], rows=rows, happened=integers([e.E for e in events]) * MILLISECOND
        ),
        feed="markPrice",
        mark=floats([event.p for event in events]),
        index=floats([event.i for event in events]),
        rate=floats([event.r for event in events]),
    )


_TAKERS: dict[type, Callable[[Candidates, list[Any], Sequence[int]], None]] = {
    form.ForceOrder: _take_liquidations,
    form.MarkPrice: _take_marks,
}


_BARS: Reader[list[form.Kline]] = Reader(list[form.Kline])
_OPEN_INTEREST: Reader[list[form.OpenInterestPoint]] = Reader(list[form.OpenInterestPoint])
_RATIOS: Reader[list[form.RatioPoint]] = Reader(list[form.RatioPoint])
_FUNDING: Reader[list[form.FundingPoint]] = Reader(list[form.FundingPoint])
_OPEN_INTEREST_NOW: Reader[form.OpenInterestNow] = Reader(form.OpenInterestNow)


def take_bars(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take bars."""
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
    trades = integers([p.trades for p in points])
    statements.add_candles(candidates, instrument, bar_series, opened, points, volumes=volumes, trades=trades)
    return opened


def take_open_interest(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take open interest."""
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
        open_interest_series,
        history(instrument, stamps, BAR_STEP),
        size=size,
        price=np.where(np.isfinite(price), price, np.nan),
    )
    return stamps


def take_ratios(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take a long/short ratio, whose measure is the purpose of the call."""
    points = candidates.take_whole(_RATIOS)
    require_own((point.symbol for point in points), instrument.symbol)
    stamps = integers([point.timestamp for point in points]) * MILLISECOND
    statements.add_ratio(
        candidates,
        history(instrument, stamps, BAR_STEP),
        measure=call.purpose,
        step=BAR_STEP,
        feed="futures/data",
        ratio=floats([point.longShortRatio for point in points]),
        long_share=floats([p.longAccount if p.longAccount is not None else p.longPosition for p in points]),
    )
    return stamps


def take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take settlements; special ones are left out."""
    del call
    points = candidates.take_whole(_FUNDING)
    require_own((point.symbol for point in points), instrument.symbol)
    check_words([p.rateType for p in points], {"Regular": True, "Special": True}, "rateType", candidates.unknown)
    points = [point for point in points if point.rateType != "Special"]
    stamps = integers([point.fundingTime for point in points]) * MILLISECOND
    rate = floats([point.fundingRate for point in points])
    statements.add_settlements(candidates, instrument, stamps, rate, feed="fundingRate")
    return stamps


def take_open_interest_now(candidates: Candidates, instrument: Instrument) -> None:
    """Take the open interest of a contract as asked for."""
    point = candidates.take_whole(_OPEN_INTEREST_NOW)
    require_own((point.symbol,), instrument.symbol)
    moment = Events(symbols=[point.symbol], rows=[0], happened=integers([point.time * MILLISECOND]))
    statements.add_state(candidates, moment, feed="openInterest", size=floats([point.openInterest]))
