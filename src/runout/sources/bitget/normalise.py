"""Bitget's messages and answers into rows. ``buy`` in a liquidation is the position's side: a long was closed."""

import re
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_SECOND
from runout.sources import columns, statements
from runout.sources.bitget import messages as form
from runout.sources.candidates import Candidates, Taker, nothing, read_frames, series_of
from runout.sources.columns import Events
from runout.sources.venue import Call, Instrument
from runout.sources.wire import BAR_STEP, MILLISECOND, Reader, decoded, floats, integers, meanings, parts

_TOPIC = re.compile(rb'"topic":\s?"([A-Za-z0-9]+)"')
_TAKER_BUYS = {"buy": True, "sell": False}
_LONG_CLOSED = {"buy": True, "sell": False}
_STREAM_LAG = 20 * NANOSECONDS_PER_SECOND
"""By which the stream was seen to give liquidations late: those of a page were known no earlier."""

_LIQUIDATIONS: Reader[form.Frame[form.Liquidation]] = Reader(form.Frame[form.Liquidation])
_TRADES: Reader[form.Frame[form.Trade]] = Reader(form.Frame[form.Trade])
_TICKERS: Reader[form.Frame[form.Ticker]] = Reader(form.Frame[form.Ticker])
_PAGES: Reader[form.Envelope[form.LiquidationPage]] = Reader(form.Envelope[form.LiquidationPage])
_CANDLES: Reader[form.Envelope[list[form.Candle]]] = Reader(form.Envelope[list[form.Candle]])
_SETTLEMENTS: Reader[form.Envelope[list[form.Settlement]]] = Reader(form.Envelope[list[form.Settlement]])
_NOW: Reader[form.Envelope[list[form.TickerNow]]] = Reader(form.Envelope[list[form.TickerNow]])

liquidation_series = partial(
    series_of, kind="liquidations", feed="liquidation", capture="capped", instant=True,
    note="The largest order a side and second; whether the price is that of the fill is not known.",
)  # fmt: skip
bar_series = partial(series_of, kind="bars", step=BAR_STEP, feed="candles", note="Dollars are the quote currency.")


def topic_of(payload: bytes) -> str:
    """Return the topic of a frame of data; empty for answers and heartbeats."""
    match = _TOPIC.search(payload, 0, 200)
    return match[1].decode() if match and b'"event":' not in payload[:200] else ""


def _take_liquidations(candidates: Candidates, places: Sequence[int]) -> None:
    orders, rows = parts(candidates.read(_LIQUIDATIONS, places), lambda frame: frame.data)
    _add_liquidations(candidates, orders, [order.symbol for order in orders], rows)


def _add_liquidations(
    candidates: Candidates, orders: list[form.Liquidation], symbols: list[str], rows: list[int], *,
    lag: int | None = None,
) -> None:  # fmt: skip
    happened = integers([order.ts for order in orders]) * MILLISECOND
    columns.add_liquidations(
        candidates,
        liquidation_series,
        Events(symbols=symbols, rows=rows, happened=happened, known=None if lag is None else happened + lag),
        longs=meanings([order.side for order in orders], _LONG_CLOSED, "side", candidates.unknown),
        size=floats([order.amount for order in orders]),
        price=floats([order.price for order in orders]),
    )


def _take_trades(candidates: Candidates, places: Sequence[int]) -> None:
    trades, rows = parts(candidates.read(_TRADES, places), lambda frame: [(frame.arg.symbol, t) for t in frame.data])
    bought = meanings([trade.S for _, trade in trades], _TAKER_BUYS, "S", candidates.unknown)
    columns.add_trades(
        candidates,
        bar_series,
        Events(
            symbols=[symbol for symbol, _ in trades],
            rows=rows,
            happened=integers([trade.T for _, trade in trades]) * MILLISECOND,
        ),
        taker_buys=bought,
        size=floats([trade.v for _, trade in trades]),
        price=floats([trade.p for _, trade in trades]),
        sequence=integers([trade.i for _, trade in trades]),
    )


def _take_tickers(candidates: Candidates, places: Sequence[int]) -> None:
    states, rows = parts(candidates.read(_TICKERS, places), lambda f: [(f.arg.symbol, f.ts, t) for t in f.data])
    statements.add_state(
        candidates,
        Events(
            symbols=[symbol for symbol, _, _ in states],
            rows=rows,
            happened=integers([ts for _, ts, _ in states]) * MILLISECOND,
        ),
        feed="ticker",
        mark=floats([ticker.markPrice for _, _, ticker in states]),
        index=floats([ticker.indexPrice for _, _, ticker in states]),
        size=floats([ticker.openInterest for _, _, ticker in states]),
        rate=floats([ticker.fundingRate for _, _, ticker in states]),
    )


_TOPICS: dict[str, Taker] = {
    "liquidation": _take_liquidations,
    "publicTrade": _take_trades,
    "ticker": _take_tickers,
    "pong": nothing,
}
normalise = partial(read_frames, lambda p: "pong" if p == b"pong" else topic_of(p), _TOPICS)


def take_tickers_now(candidates: Candidates) -> None:
    """Take the state of all contracts of a kind as asked for."""
    tickers = [ticker for ticker in candidates.take_whole(_NOW).data if ticker.symbol in candidates.instruments]
    statements.add_state(
        candidates,
        Events(
            symbols=[ticker.symbol for ticker in tickers],
            rows=[0] * len(tickers),
            happened=integers([ticker.ts for ticker in tickers]) * MILLISECOND,
        ),
        feed="ticker",
        mark=floats([ticker.markPrice for ticker in tickers]),
        index=floats([ticker.indexPrice for ticker in tickers]),
        size=floats([ticker.holdingAmount for ticker in tickers]),
        rate=floats([ticker.fundingRate for ticker in tickers]),
    )


def take_liquidations(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take liquidations of the last days: the same rows as the stream has, known when it gave them."""
    del call
    orders = candidates.take_whole(_PAGES).data.list
    _add_liquidations(candidates, orders, [instrument.symbol] * len(orders), [0] * len(orders), lag=_STREAM_LAG)
    return integers([order.ts for order in orders]) * MILLISECOND


def cursor_of(body: bytes) -> str:
    """Return the cursor of a page of liquidations."""
    return decoded(body, form.Envelope[form.LiquidationPage], "a page of liquidations").data.cursor or ""


def take_candles(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take bars."""
    del call
    points = candidates.take_whole(_CANDLES).data
    opened = integers([point.opened for point in points]) * MILLISECOND
    volumes = {
        "volume_base": floats([p.coins for p in points]) * (instrument.contract_base or 1.0),
        "volume_usd": floats([p.quote for p in points]),
    }
    statements.add_candles(candidates, instrument, bar_series, opened, points, volumes=volumes)
    return opened


def take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take settlements."""
    del call
    points = candidates.take_whole(_SETTLEMENTS).data
    stamps = integers([point.fundingTime for point in points]) * MILLISECOND
    rate = floats([point.fundingRate for point in points])
    statements.add_settlements(candidates, instrument, stamps, rate, feed="history-fund-rate")
    return stamps
