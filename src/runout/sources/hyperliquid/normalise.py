"""Hyperliquid's messages and answers into rows. ``A`` sells, ``B`` buys; sizes are coins, or thousands of them."""

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
from runout.sources.hyperliquid import messages as form
from runout.sources.venue import Answer, Call, Instrument, Rows
from runout.sources.wire import (
    BAR_STEP,
    MILLISECOND,
    Reader,
    by_head,
    floats,
    integers,
    meanings,
    require_own,
    settlements,
)

_CHANNEL = re.compile(rb'"channel":\s?"([A-Za-z0-9]+)"')
_TAKER_BUYS = {"B": True, "A": False}
_HOURS = 1.0
_SIDES_COUNTED = 2

_TRADES: Reader[form.Frame[list[form.Trade]]] = Reader(form.Frame[list[form.Trade]])
_CONTEXTS: Reader[form.Frame[form.ActiveContext]] = Reader(form.Frame[form.ActiveContext])
_FILLS: Reader[form.Frame[form.Fills]] = Reader(form.Frame[form.Fills])
_ANSWERS: Reader[Any] = Reader(dict[str, Any])
_CANDLES: Reader[list[form.Candle]] = Reader(list[form.Candle])
_SETTLEMENTS: Reader[list[form.Settlement]] = Reader(list[form.Settlement])
_STATE: Reader[form.State] = Reader(form.State)


def liquidation_series(instrument: Instrument) -> Series:
    """Return the scope of the liquidations seen in fills."""
    note = "A sample: fills of watched addresses and of known liquidators."
    return series_of(instrument, "liquidations", feed="userFills", capture="unknown", instant=True, note=note)


def bar_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's bars."""
    note = "Dollars of history are coins at the mean of high, low and close."
    return series_of(instrument, "bars", step=BAR_STEP, feed="candleSnapshot", note=note)


def open_interest_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's open interest as pushed or asked for."""
    note = "Published for both sides as far as is known, halved."
    return series_of(instrument, "open_interest", feed="assetCtxs", instant=True, note=note)


def funding_series(instrument: Instrument) -> Series:
    """Return the scope of an instrument's settled funding."""
    return series_of(instrument, "funding", step=NANOSECONDS_PER_HOUR, feed="fundingHistory", instant=True)


def predicted_series(instrument: Instrument) -> Series:
    """Return the scope of the rate that the next settlement would have."""
    return series_of(instrument, "funding", measure="predicted", feed="assetCtxs", instant=True)


def premium_series(instrument: Instrument) -> Series:
    """Return the scope of mark over oracle price."""
    return series_of(instrument, "premium", measure="mark-over-index", feed="assetCtxs", instant=True)


def normalise(payloads: Sequence[bytes], received: Sequence[int], instruments: Sequence[Instrument]) -> Rows:
    """Return the rows of frames, as :meth:`runout.sources.venue.Venue.normalise` says."""
    candidates = Candidates(payloads, received)
    known = lookup(instruments)
    for channel, places in by_head(payloads, channel_of).items():
        take = _CHANNELS.get(channel)
        if take is not None:
            take(candidates, places, known)
        elif channel in {"", "pong", "subscriptionResponse", "error"}:
            candidates.read(_ANSWERS, places)
        else:
            candidates.note({f"channel {channel}": len(places)})
    return candidates.rows()


def channel_of(payload: bytes) -> str:
    """Return the channel of a frame; empty where it has none."""
    match = _CHANNEL.search(payload, 0, 100)
    return match[1].decode() if match else ""


def _take_trades(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    frames = candidates.read(_TRADES, places)
    trades = [trade for frame in frames.values for trade in frame.data]
    bought = meanings([trade.side for trade in trades], _TAKER_BUYS, "side", candidates.unknown)
    columns.add_trades(
        candidates,
        known,
        bar_series,
        Events(
            symbols=[trade.coin for trade in trades],
            rows=[row for row, frame in zip(frames.rows, frames.values, strict=True) for _ in frame.data],
            happened=integers([trade.time for trade in trades]) * MILLISECOND,
        ),
        taker_buys=np.fromiter((b is True for b in bought), np.bool_, len(bought)),
        size=floats([trade.sz for trade in trades]),
        price=floats([trade.px for trade in trades]),
        sequence=integers([trade.tid for trade in trades]),
    )


def _take_contexts(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    frames = candidates.read(_CONTEXTS, places)
    received = candidates.received[np.asarray(frames.rows, np.int64)]
    contexts = [frame.data.ctx for frame in frames.values]
    _add_contexts(candidates, known, [f.data.coin for f in frames.values], contexts, (list(frames.rows), received))


def _add_contexts(
    candidates: Candidates,
    known: Mapping[str, Instrument],
    names: list[str],
    contexts: list[form.Context],
    places: tuple[list[int], NDArray[np.int64]],
) -> None:
    """Add what contexts say, as of when they were received: they carry no stamp."""
    moments = Events(symbols=names, rows=places[0], happened=places[1])
    mark, oracle = floats([c.markPx for c in contexts]), floats([c.oraclePx for c in contexts])
    size = floats([c.openInterest for c in contexts]) / _SIDES_COUNTED
    columns.add_open_interest(candidates, known, open_interest_series, moments, size=size, price=mark)
    columns.add_premium(candidates, known, premium_series, moments, first=mark, second=oracle)
    rate = floats([c.funding for c in contexts])
    columns.add_funding(candidates, known, predicted_series, moments, rate=rate, hours=_HOURS)


def _take_fills(candidates: Candidates, places: Sequence[int], known: Mapping[str, Instrument]) -> None:
    """Take fills that liquidated somebody; the trade's number makes one row of the fills of its two users."""
    frames = candidates.read(_FILLS, places)
    forced = [
        (row, frame.data.user, fill, fill.liquidation)
        for row, frame in zip(frames.rows, frames.values, strict=True)
        for fill in frame.data.fills
        if fill.liquidation is not None
    ]
    if not forced:
        return
    fills = [fill for _, _, fill, _ in forced]
    sold = meanings([fill.side for fill in fills], {"A": True, "B": False}, "side", candidates.unknown)
    own = [
        fill.dir.startswith("Liquidated") if not user else user.lower() == liquidation.liquidatedUser.lower()
        for _, user, fill, liquidation in forced
    ]
    columns.add_liquidations(
        candidates,
        known,
        liquidation_series,
        Events(
            symbols=[fill.coin for fill in fills],
            rows=[row for row, *_ in forced],
            happened=integers([fill.time for fill in fills]) * MILLISECOND,
        ),
        longs=[None if sells is None else sells is is_own for sells, is_own in zip(sold, own, strict=True)],
        size=floats([fill.sz for fill in fills]),
        price=floats([fill.px for fill in fills]),
        sequence=integers([fill.tid for fill in fills]),
    )


_CHANNELS: dict[str, Callable[[Candidates, Sequence[int], Mapping[str, Instrument]], None]] = {
    "trades": _take_trades,
    "activeAssetCtx": _take_contexts,
    "userFills": _take_fills,
    "user": _take_fills,
}


def read_rows(call: Call, answer: Answer, instrument: Instrument | None, instruments: Sequence[Instrument]) -> PageRows:
    """Return what an answer holds: its rows inside the asked stretch, and the stamps of all its rows.

    Parameters
    ----------
    call, answer
        What was asked, and the answer.
    instrument
        Of what; null for the state of all.
    instruments
        All of the venue.

    Raises
    ------
    SchemaError
        If the body is of no known form.
    """
    candidates = Candidates((answer.body,), (answer.received,))
    if instrument is None:
        state = candidates.take_whole(_STATE)
        names = [listed.name for listed in state.meta.universe][: len(state.contexts)]
        known = lookup(instruments)
        chosen = [place for place, name in enumerate(names) if name in known]
        places = ([0] * len(chosen), np.full(len(chosen), answer.received))
        contexts = [state.contexts[place] for place in chosen]
        _add_contexts(candidates, known, [names[place] for place in chosen], contexts, places)
        return PageRows(candidates.rows(), integers([]))
    take = _take_candles if call.purpose == "bars" else _take_settlements
    stamps = take(candidates, instrument)
    candidates.restrict(call.since, min(call.until, answer.received))
    return PageRows(candidates.rows(), stamps)


def _history(instrument: Instrument, stamps: NDArray[np.int64]) -> Events:
    """Return moments of one instrument's history: known at their end."""
    return Events(symbols=[instrument.symbol] * len(stamps), rows=[0] * len(stamps), happened=stamps, known=stamps)


def _take_candles(candidates: Candidates, instrument: Instrument) -> NDArray[np.int64]:
    points = candidates.take_whole(_CANDLES)
    require_own((point.s for point in points), instrument.symbol)
    opened = integers([point.t for point in points]) * MILLISECOND
    columns.add_bars(
        candidates,
        {instrument.symbol: instrument},
        bar_series,
        _history(instrument, opened + BAR_STEP),
        step=BAR_STEP,
        prices={name: floats([getattr(p, name[0]) for p in points]) for name in ("open", "high", "low", "close")},
        volumes={"volume": floats([point.v for point in points])},
        trades=integers([point.n for point in points]),
    )
    return opened


def _take_settlements(candidates: Candidates, instrument: Instrument) -> NDArray[np.int64]:
    points = candidates.take_whole(_SETTLEMENTS)
    require_own((point.coin for point in points), instrument.symbol)
    stamps = integers([point.time for point in points]) * MILLISECOND
    columns.add_funding(
        candidates,
        {instrument.symbol: instrument},
        funding_series,
        _history(instrument, settlements(stamps)),
        rate=floats([point.fundingRate for point in points]),
        hours=_HOURS,
    )
    return settlements(stamps)
