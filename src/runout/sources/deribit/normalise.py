"""Deribit's messages and answers into rows. Liquidations are flags on trades: of the taker, the maker or both."""

import re
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_HOUR
from runout.sources import columns, statements
from runout.sources.candidates import Candidates, Taker, read_frames, series_of
from runout.sources.columns import Events, history
from runout.sources.deribit import messages as form
from runout.sources.venue import Call, Instrument
from runout.sources.wire import BAR_STEP, MILLISECOND, Reader, floats, integers, meanings, parts

_CHANNEL = re.compile(rb'"channel":\s?"([a-z_]+)')
_TAKER_BUYS = {"buy": True, "sell": False}
# Whose position was closed, by flag: of the taker, of the maker.
_FLAGS = {"T": (True, False), "M": (False, True), "MT": (True, True)}
_HOURS_OF_CURRENT = 8.0

_TRADES: Reader[form.Frame[list[form.Trade]]] = Reader(form.Frame[list[form.Trade]])
_TICKERS: Reader[form.Frame[form.Ticker]] = Reader(form.Frame[form.Ticker])
_CHARTS: Reader[form.Answered[form.Chart]] = Reader(form.Answered[form.Chart])
_SETTLEMENTS: Reader[form.Answered[list[form.Settlement]]] = Reader(form.Answered[list[form.Settlement]])
_NOW: Reader[form.Summaries] = Reader(form.Summaries)

liquidation_series = partial(series_of, kind="liquidations", feed="trades", capture="complete", instant=True)
bar_series = partial(series_of, kind="bars", step=BAR_STEP, feed="get_tradingview_chart_data")


def channel_of(payload: bytes) -> str:
    """Return the first part of a notification's channel; empty for answers and heartbeats."""
    match = _CHANNEL.search(payload, 0, 200)
    return match[1].decode() if match else ""


def _take_trades(candidates: Candidates, places: Sequence[int]) -> None:
    trades, rows = parts(candidates.read(_TRADES, places), lambda frame: frame.params.data)
    bought = meanings([trade.direction for trade in trades], _TAKER_BUYS, "direction", candidates.unknown)
    moments = Events(
        symbols=[trade.instrument_name for trade in trades],
        rows=rows,
        happened=integers([trade.timestamp for trade in trades]) * MILLISECOND,
    )
    size, price = floats([trade.amount for trade in trades]), floats([trade.price for trade in trades])
    sequence = integers([trade.trade_seq for trade in trades])
    columns.add_trades(
        candidates, bar_series, moments, taker_buys=bought, size=size,
        price=price, sequence=sequence,
    )  # fmt: skip
    flagged = [place for place, trade in enumerate(trades) if trade.liquidation]
    flags = meanings([trades[place].liquidation for place in flagged], _FLAGS, "liquidation", candidates.unknown)
    # A flag that nobody knows is refused: its side is null.
    of_taker = [p for p, flag in zip(flagged, flags, strict=True) if flag is None or flag[0]]
    of_maker = [p for p, flag in zip(flagged, flags, strict=True) if flag is not None and flag[1]]
    unread = {p for p, flag in zip(flagged, flags, strict=True) if flag is None}
    taker_longs = [None if p in unread or (b := bought[p]) is None else not b for p in of_taker]
    for chosen, longs in ((of_taker, taker_longs), (of_maker, [bought[p] for p in of_maker])):
        columns.add_liquidations(
            candidates, liquidation_series, columns.chosen(moments, chosen), longs=longs, size=size[chosen],
            price=price[chosen], sequence=sequence[chosen],
        )  # fmt: skip


def _take_tickers(candidates: Candidates, places: Sequence[int]) -> None:
    frames = candidates.read(_TICKERS, places)
    tickers = [frame.params.data for frame in frames.values]
    statements.add_state(
        candidates,
        Events(
            symbols=[ticker.instrument_name for ticker in tickers],
            rows=frames.rows,
            happened=integers([ticker.timestamp for ticker in tickers]) * MILLISECOND,
        ),
        feed="ticker",
        mark=floats([ticker.mark_price for ticker in tickers]),
        index=floats([ticker.index_price for ticker in tickers]),
        size=floats([ticker.open_interest for ticker in tickers]),
        rate=floats([ticker.current_funding for ticker in tickers]),
        hours=np.full(len(tickers), _HOURS_OF_CURRENT),
    )


_CHANNELS: dict[str, Taker] = {"trades": _take_trades, "ticker": _take_tickers}
normalise = partial(read_frames, channel_of, _CHANNELS)


def take_summaries(candidates: Candidates) -> None:
    """Take the state of all contracts of a currency as asked for."""
    rows = [row for row in candidates.take_whole(_NOW).result if row.instrument_name in candidates.instruments]
    statements.add_state(
        candidates,
        Events(
            symbols=[row.instrument_name for row in rows],
            rows=[0] * len(rows),
            happened=integers([row.creation_timestamp for row in rows]) * MILLISECOND,
        ),
        feed="ticker",
        mark=floats([row.mark_price for row in rows]),
        index=floats([row.estimated_delivery_price for row in rows]),
        size=floats([row.open_interest for row in rows]),
    )


def take_chart(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take bars; those without a trade repeat the last price and have no volume."""
    del call
    chart = candidates.take_whole(_CHARTS).result
    opened = integers(chart.ticks) * MILLISECOND
    columns.add_bars(
        candidates,
        bar_series,
        history(instrument, opened + BAR_STEP),
        step=BAR_STEP,
        prices={name: floats(getattr(chart, name)) for name in ("open", "high", "low", "close")},
        volumes={"volume_base": floats(chart.volume), "volume_usd": floats(chart.cost)},
    )
    return opened


def take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take the funding of each hour."""
    del call
    points = candidates.take_whole(_SETTLEMENTS).result
    stamps = integers([point.timestamp for point in points]) * MILLISECOND
    columns.add_funding(
        candidates,
        partial(series_of, kind="funding", step=NANOSECONDS_PER_HOUR, feed="get_funding_rate_history", instant=True),
        history(instrument, stamps),
        rate=floats([point.interest_1h for point in points]),
        hours=1.0,
    )
    return stamps
