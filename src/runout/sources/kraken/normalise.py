"""Kraken Futures' messages and answers into rows. A trade's side is the taker's, also of a liquidation."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_SECOND, from_datetime
from runout.errors import SchemaError
from runout.sources import columns, statements
from runout.sources.candidates import Candidates, Taker, read_frames, series_of
from runout.sources.columns import Events, history
from runout.sources.kraken import messages as form
from runout.sources.venue import Call, Instrument
from runout.sources.wire import BAR_STEP, MILLISECOND, Reader, check_words, floats, integers, meanings

_FEED = re.compile(rb'"feed":\s?"([a-z_]+)"')
_KINDS = {"fill", "termination", "block"}
_TAKER_BUYS = {"buy": True, "sell": False}
_LONG_CLOSED = {"sell": True, "buy": False}
_MILLISECONDS_FROM = 100_000_000_000

_TRADES: Reader[form.Trade] = Reader(form.Trade)
_SNAPSHOTS: Reader[form.TradeSnapshot] = Reader(form.TradeSnapshot)
_TICKERS: Reader[form.Ticker] = Reader(form.Ticker)
_CANDLES: Reader[form.Candles] = Reader(form.Candles)
_STATISTICS: Reader[form.Statistics] = Reader(form.Statistics)
_SETTLEMENTS: Reader[form.Settlements] = Reader(form.Settlements)
_NOW: Reader[form.TickersNow] = Reader(form.TickersNow)

liquidation_series = partial(series_of, kind="liquidations", feed="trade", capture="complete", instant=True)
bar_series = partial(series_of, kind="bars", step=BAR_STEP, feed="candles", note="History gives one unit of volume.")
open_interest_series = partial(
    series_of, kind="open_interest", step=BAR_STEP, feed="analytics/open-interest", instant=True, lag=BAR_STEP
)


def feed_of(payload: bytes) -> str:
    """Return the feed of a frame of data; empty for answers and heartbeats."""
    match = _FEED.search(payload)
    feed = match[1].decode() if match and b'"event":' not in payload else ""
    return "" if feed == "heartbeat" else feed


def _take_trades(candidates: Candidates, places: Sequence[int]) -> None:
    batch = candidates.read(_TRADES, places)
    _add_trades(candidates, batch.values, list(batch.rows))


def _take_snapshots(candidates: Candidates, places: Sequence[int]) -> None:
    batch = candidates.read(_SNAPSHOTS, places)
    rows = [row for row, frame in zip(batch.rows, batch.values, strict=True) for _ in frame.trades]
    _add_trades(candidates, [trade for frame in batch.values for trade in frame.trades], rows)


def _add_trades(candidates: Candidates, trades: list[form.Trade], rows: list[int]) -> None:
    forced = [place for place, trade in enumerate(trades) if "liquidat" in trade.type.lower()]
    check_words([t.type for t in trades if "liquidat" not in t.type.lower()], _KINDS, "type", candidates.unknown)
    bought = meanings([trade.side for trade in trades], _TAKER_BUYS, "side", candidates.unknown)
    moments = Events(
        symbols=[trade.product_id for trade in trades],
        rows=rows,
        happened=integers([trade.time for trade in trades]) * MILLISECOND,
    )
    size, price = floats([trade.qty for trade in trades]), floats([trade.price for trade in trades])
    sequence = integers([trade.seq for trade in trades])
    columns.add_trades(
        candidates, bar_series, moments, taker_buys=bought, size=size,
        price=price, sequence=sequence,
    )  # fmt: skip
    columns.add_liquidations(
        candidates,
        liquidation_series,
        columns.chosen(moments, forced),
        longs=[_LONG_CLOSED.get(trades[place].side) for place in forced],
        size=size[forced],
        price=price[forced],
        sequence=sequence[forced],
    )


def _take_tickers(candidates: Candidates, places: Sequence[int]) -> None:
    batch = candidates.read(_TICKERS, places)
    tickers = batch.values
    statements.add_state(
        candidates,
        Events(
            symbols=[ticker.product_id for ticker in tickers],
            rows=batch.rows,
            happened=integers([ticker.time for ticker in tickers]) * MILLISECOND,
        ),
        feed="ticker",
        mark=floats([ticker.markPrice for ticker in tickers]),
        index=floats([ticker.index for ticker in tickers]),
        size=floats([ticker.openInterest for ticker in tickers]),
        rate=floats([ticker.relative_funding_rate for ticker in tickers]),
    )


_FEEDS: dict[str, Taker] = {"trade": _take_trades, "trade_snapshot": _take_snapshots, "ticker": _take_tickers}
normalise = partial(read_frames, feed_of, _FEEDS)


def take_tickers_now(candidates: Candidates) -> None:
    """Take the state of all contracts as asked for."""
    answer = candidates.take_whole(_NOW)
    tickers = [t for t in answer.tickers if t.symbol in candidates.instruments and t.openInterest is not None]
    happened = np.full(len(tickers), from_datetime(answer.serverTime))
    statements.add_state(
        candidates,
        Events(symbols=[ticker.symbol for ticker in tickers], rows=[0] * len(tickers), happened=happened),
        feed="ticker",
        mark=floats([ticker.markPrice for ticker in tickers]),
        index=floats([ticker.indexPrice for ticker in tickers]),
        size=floats([ticker.openInterest for ticker in tickers]),
    )


def take_candles(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take bars."""
    del call
    points = candidates.take_whole(_CANDLES).candles
    opened = integers([point.time for point in points]) * MILLISECOND
    volumes = {"volume": floats([point.volume for point in points])}
    statements.add_candles(candidates, instrument, bar_series, opened, points, volumes=volumes)
    return opened


def take_open_interest(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take open interest: the last figure of each interval, as of its end.

    Raises
    ------
    SchemaError
        If the body is of no known form, or names an instrument that is not listed.
    """
    del call
    figures = candidates.take_whole(_STATISTICS).result
    stamps = integers(figures.timestamp)
    is_fine = stamps.size > 0 and int(stamps.max()) >= _MILLISECONDS_FROM
    stamps = stamps * (MILLISECOND if is_fine else NANOSECONDS_PER_SECOND)
    values = _last_figures(figures.data)
    if len(values) != len(stamps):
        raise SchemaError(f"expected {len(stamps)} figures of open interest, found {len(values)}")
    if stamps.size:
        candidates.meet(f"analytics: stamps in {'milliseconds' if is_fine else 'seconds'}, {_shape(figures.data)}")
    columns.add_open_interest(
        candidates, open_interest_series, history(instrument, stamps + BAR_STEP),
        size=values,
    )  # fmt: skip
    return stamps


def _shape(data: Any) -> str:
    if isinstance(data, dict):
        return "columns by name"
    return "rows of four" if data and isinstance(data[0], list) else "single figures"


def _last_figures(data: Any) -> NDArray[np.float64]:
    """Return the last figure of each interval, whichever of the three shapes they have."""
    try:
        column = data["close"] if isinstance(data, dict) else data
        return floats([row[-1] if isinstance(row, list) else row for row in column])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise SchemaError(f"expected figures of open interest of a known shape, found {str(data)[:100]}") from error


def take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take settlements."""
    del call
    points = candidates.take_whole(_SETTLEMENTS).rates
    stamps = integers([from_datetime(point.timestamp) for point in points])
    rate = floats([point.relativeFundingRate for point in points])
    statements.add_settlements(candidates, instrument, stamps, rate, feed="historicalfundingrates", overlapping=True)
    return stamps
