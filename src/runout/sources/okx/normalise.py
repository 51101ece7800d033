"""OKX' messages and answers into rows. ``sell`` in a liquidation is the closing order: a long was closed."""

import re
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_HOUR
from runout.sources import columns, statements
from runout.sources.candidates import Candidates, Taker, nothing, read_frames, series_of
from runout.sources.columns import Events, history
from runout.sources.okx import messages as form
from runout.sources.venue import Call, Instrument
from runout.sources.wire import (
    BAR_STEP,
    MILLISECOND,
    Reader,
    check_words,
    floats,
    integers,
    meanings,
    number_of,
    parts,
    require_own,
)

STATISTICS_STEP = NANOSECONDS_PER_HOUR
"""Step of statistics: of each period the venue keeps 1,440 rows, so hours reach back 60 days."""
_CHANNEL = re.compile(rb'"channel":"([A-Za-z0-9-]+)"')
_LONG_CLOSED = {"sell": True, "buy": False}
_TAKER_BUYS = {"buy": True, "sell": False}

_LIQUIDATIONS: Reader[form.Frame[form.Liquidations]] = Reader(form.Frame[form.Liquidations])
_TRADES: Reader[form.Frame[form.Trade]] = Reader(form.Frame[form.Trade])
_OPEN_INTEREST: Reader[form.Frame[form.OpenInterest]] = Reader(form.Frame[form.OpenInterest])
_FUNDING: Reader[form.Frame[form.Funding]] = Reader(form.Frame[form.Funding])
_CANDLES: Reader[form.Envelope[form.Candle]] = Reader(form.Envelope[form.Candle])
_POINTS: Reader[form.Envelope[form.OpenInterestPoint]] = Reader(form.Envelope[form.OpenInterestPoint])
_RATIOS: Reader[form.Envelope[form.RatioPoint]] = Reader(form.Envelope[form.RatioPoint])
_TAKER: Reader[form.Envelope[form.TakerPoint]] = Reader(form.Envelope[form.TakerPoint])
_SETTLEMENTS: Reader[form.Envelope[form.Settlement]] = Reader(form.Envelope[form.Settlement])
_NOW: Reader[form.Envelope[form.OpenInterest]] = Reader(form.Envelope[form.OpenInterest])
_FUNDING_NOW: Reader[form.Envelope[form.Funding]] = Reader(form.Envelope[form.Funding])


liquidation_series = partial(
    series_of, kind="liquidations", feed="liquidation-orders", capture="capped", instant=True,
    note="Not the total of liquidations, as the venue says; the price is the bankruptcy price.",
)  # fmt: skip
bar_series = partial(
    series_of, kind="bars", step=BAR_STEP, feed="history-candles", note="Dollars are the quote currency."
)
open_interest_series = partial(
    series_of, kind="open_interest", step=STATISTICS_STEP, feed="open-interest-history", instant=True, lag=BAR_STEP
)
ratio_series = partial(
    series_of, kind="positioning", step=STATISTICS_STEP, feed="rubik/stat", instant=True, lag=BAR_STEP
)
taker_series = partial(series_of, kind="taker_flow", step=STATISTICS_STEP, feed="taker-volume-contract")


def channel_of(payload: bytes) -> str:
    """Return the channel of a frame of data; empty for answers, ``pong`` for that text."""
    if payload == b"pong" or b'"event":' in payload[:200]:
        return "pong" if payload == b"pong" else ""
    match = _CHANNEL.search(payload, 0, 200)
    return match[1].decode() if match else ""


def _take_liquidations(candidates: Candidates, places: Sequence[int]) -> None:
    orders, rows = parts(
        candidates.read(_LIQUIDATIONS, places),
        lambda frame: [(part.instId, detail) for part in frame.data for detail in part.details],
    )
    details = [detail for _, detail in orders]
    check_words([d.posSide for d in details], {"long", "short", "net", ""}, "posSide", candidates.unknown)
    columns.add_liquidations(
        candidates,
        liquidation_series,
        Events(
            symbols=[symbol for symbol, _ in orders],
            rows=rows,
            happened=integers([detail.ts for detail in details]) * MILLISECOND,
        ),
        longs=meanings([detail.side for detail in details], _LONG_CLOSED, "side", candidates.unknown),
        size=floats([detail.sz for detail in details]),
        price=floats([detail.bkPx for detail in details]),
    )


def _take_trades(candidates: Candidates, places: Sequence[int]) -> None:
    trades, rows = parts(candidates.read(_TRADES, places), lambda frame: frame.data)
    bought = meanings([trade.side for trade in trades], _TAKER_BUYS, "side", candidates.unknown)
    columns.add_trades(
        candidates,
        bar_series,
        Events(
            symbols=[trade.instId for trade in trades],
            rows=rows,
            happened=integers([trade.ts for trade in trades]) * MILLISECOND,
        ),
        taker_buys=bought,
        size=floats([trade.sz for trade in trades]),
        price=floats([trade.px for trade in trades]),
        sequence=integers([int(t.tradeId) if t.tradeId.isdigit() else number_of(t.tradeId) for t in trades]),
    )


def _take_open_interest(candidates: Candidates, places: Sequence[int]) -> None:
    _add_open_interest(candidates, *parts(candidates.read(_OPEN_INTEREST, places), lambda frame: frame.data))


def take_open_interest_now(candidates: Candidates) -> None:
    """Take the open interest of all contracts as asked for."""
    points = candidates.take_whole(_NOW).data
    _add_open_interest(candidates, points, [0] * len(points))


def _add_open_interest(candidates: Candidates, points: list[form.OpenInterest], rows: list[int]) -> None:
    coins, contracts = floats([p.oiCcy for p in points]), floats([p.oi for p in points])
    listed = [candidates.instruments.get(point.instId) for point in points]
    sizes = floats([None if instrument is None else instrument.contract_base for instrument in listed])
    statements.add_state(
        candidates,
        Events(
            symbols=[point.instId for point in points],
            rows=rows,
            happened=integers([point.ts for point in points]) * MILLISECOND,
        ),
        feed="open-interest",
        size=contracts,
        coins=np.where(np.isnan(coins), contracts * sizes, coins),
        usd=floats([p.oiUsd for p in points]),
    )


def _take_funding(candidates: Candidates, places: Sequence[int]) -> None:
    _add_predicted(candidates, *parts(candidates.read(_FUNDING, places), lambda frame: frame.data))


def take_funding_now(candidates: Candidates) -> None:
    """Take the rates to come of all swaps as asked for."""
    points = candidates.take_whole(_FUNDING_NOW).data
    _add_predicted(candidates, points, [0] * len(points))


def _add_predicted(candidates: Candidates, points: list[form.Funding], rows: list[int]) -> None:
    received = candidates.received[np.asarray(rows, np.int64)]
    stamps = integers([int(point.ts or 0) for point in points]) * MILLISECOND
    ahead = floats([p.nextFundingTime or None for p in points]) - floats([p.fundingTime for p in points])
    statements.add_state(
        candidates,
        Events(symbols=[p.instId for p in points], rows=rows, happened=np.where(stamps > 0, stamps, received)),
        feed="funding-rate",
        rate=floats([point.fundingRate for point in points]),
        hours=ahead * MILLISECOND / NANOSECONDS_PER_HOUR,
    )


_CHANNELS: dict[str, Taker] = {
    "liquidation-orders": _take_liquidations,
    "trades": _take_trades,
    "open-interest": _take_open_interest,
    "funding-rate": _take_funding,
    "pong": nothing,
}
normalise = partial(read_frames, channel_of, _CHANNELS)


def take_candles(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take bars; what is still running is left out."""
    del call
    points = candidates.take_whole(_CANDLES).data
    closed = [point for point in points if point.confirm]
    volumes = {"volume_base": floats([p.coins for p in closed]), "volume_usd": floats([p.quote for p in closed])}
    opened = integers([point.opened for point in closed]) * MILLISECOND
    statements.add_candles(candidates, instrument, bar_series, opened, closed, volumes=volumes)
    return integers([point.opened for point in points]) * MILLISECOND


def take_open_interest(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take open interest."""
    del call
    points = candidates.take_whole(_POINTS).data
    stamps = integers([point.stamp for point in points]) * MILLISECOND
    columns.add_open_interest(
        candidates,
        open_interest_series,
        history(instrument, stamps, BAR_STEP),
        size=floats([point.contracts for point in points]),
        coins=floats([point.coins for point in points]),
        usd=floats([point.dollars for point in points]),
    )
    return stamps


def take_ratios(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take a long/short ratio, whose measure is the purpose of the call."""
    points = candidates.take_whole(_RATIOS).data
    stamps = integers([point.stamp for point in points]) * MILLISECOND
    columns.add_positioning(
        candidates,
        partial(ratio_series, measure=call.purpose),
        history(instrument, stamps, BAR_STEP),
        ratio=floats([point.ratio for point in points]),
    )
    return stamps


def take_taker(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take the volume by side of the taker."""
    del call
    points = candidates.take_whole(_TAKER).data
    stamps = integers([point.stamp for point in points]) * MILLISECOND
    columns.add_taker_flow(
        candidates,
        taker_series,
        history(instrument, stamps + STATISTICS_STEP),
        step=STATISTICS_STEP,
        buy_usd=floats([point.buy for point in points]),
        sell_usd=floats([point.sell for point in points]),
    )
    return stamps


def take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take settlements; the oldest of a page comes again with the one before it: here it is left out."""
    del call
    points = candidates.take_whole(_SETTLEMENTS).data
    require_own((point.instId for point in points), instrument.symbol)
    stamps = integers([point.fundingTime for point in points]) * MILLISECOND
    rate = floats([p.fundingRate if p.realizedRate in {None, ""} else p.realizedRate for p in points])
    statements.add_settlements(candidates, instrument, stamps, rate, feed="funding-rate-history", overlapping=True)
    return stamps
