"""Lighter's messages and answers into rows. Markets are numbers; the taker of a forced trade is the one liquidated."""

import re
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_SECOND
from runout.sources import columns, statements
from runout.sources.candidates import Candidates, Taker, read_frames, series_of
from runout.sources.columns import Events
from runout.sources.lighter import messages as form
from runout.sources.venue import Call, Instrument
from runout.sources.wire import BAR_STEP, MILLISECOND, Reader, check_words, floats, integers, meanings, parts

_CHANNEL = re.compile(rb'"channel":\s?"([a-z_]+):')
_TYPES = {"trade", "deleverage", "market-settlement"}
_LIQUIDATION = "liquidation"
_LONGS_PAY = {"long": 1.0, "short": -1.0}

_TRADES: Reader[form.Trades] = Reader(form.Trades)
_STATES: Reader[form.States] = Reader(form.States)
_SETTLEMENTS: Reader[form.Settlements] = Reader(form.Settlements)

liquidation_series = partial(series_of, kind="liquidations", feed="trade", capture="complete", instant=True)
bar_series = partial(series_of, kind="bars", step=BAR_STEP, feed="trade")


def channel_of(payload: bytes) -> str:
    """Return the channel of a frame; empty for answers and heartbeats."""
    match = _CHANNEL.search(payload, 0, 200)
    return match[1].decode() if match else ""


def market_number(instrument: Instrument) -> str:
    """Return the number of a market, as frames and calls name it."""
    return instrument.symbol.partition("-")[0]


def _by_number(known: Mapping[str, Instrument]) -> dict[str, Instrument]:
    return {market_number(instrument): instrument for instrument in known.values()}


def _take_trades(candidates: Candidates, places: Sequence[int]) -> None:
    trades, rows = parts(candidates.read(_TRADES, places), lambda frame: [*frame.trades, *frame.liquidation_trades])
    check_words([t.type for t in trades if t.type != _LIQUIDATION], _TYPES, "type", candidates.unknown)
    moments = Events(
        symbols=[str(trade.market_id) for trade in trades],
        rows=rows,
        happened=integers([trade.timestamp for trade in trades]) * MILLISECOND,
        instruments=_by_number(candidates.instruments),
    )
    size, price = floats([trade.size for trade in trades]), floats([trade.price for trade in trades])
    sequence = integers([trade.trade_id for trade in trades])
    columns.add_trades(
        candidates, bar_series, moments, size=size, price=price, sequence=sequence,
        taker_buys=[trade.is_maker_ask for trade in trades],
    )  # fmt: skip
    forced = [place for place, trade in enumerate(trades) if trade.type == _LIQUIDATION]
    columns.add_liquidations(
        candidates, liquidation_series, columns.chosen(moments, forced),
        longs=[not trades[place].is_maker_ask for place in forced], size=size[forced], price=price[forced],
        sequence=sequence[forced],
    )  # fmt: skip


def _take_states(candidates: Candidates, places: Sequence[int]) -> None:
    states, rows = parts(
        candidates.read(_STATES, places), lambda frame: [(frame.timestamp, s) for s in frame.market_stats.values()]
    )
    mark, usd = floats([state.mark_price for _, state in states]), floats([s.open_interest for _, s in states])
    with np.errstate(divide="ignore", invalid="ignore"):
        coins = np.where(mark > 0, usd / mark, np.nan)
    statements.add_state(
        candidates,
        Events(
            symbols=[str(state.market_id) for _, state in states],
            rows=rows,
            happened=integers([stamp for stamp, _ in states]) * MILLISECOND,
            instruments=_by_number(candidates.instruments),
        ),
        feed="market_stats",
        mark=mark,
        index=floats([state.index_price for _, state in states]),
        size=coins,
        usd=usd,
        rate=floats([state.current_funding_rate for _, state in states]) / 100,
        note="Published in dollars; coins at the mark price.",
    )


_CHANNELS: dict[str, Taker] = {"trade": _take_trades, "market_stats": _take_states}
normalise = partial(read_frames, channel_of, _CHANNELS)


def take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take the funding of each hour; what has no known direction is counted and left out."""
    del call
    points = candidates.take_whole(_SETTLEMENTS).fundings
    stamps = integers([point.timestamp for point in points]) * NANOSECONDS_PER_SECOND
    signs = floats(meanings([point.direction for point in points], _LONGS_PAY, "direction", candidates.unknown))
    rate = signs * floats([point.rate for point in points]) / 100
    statements.add_settlements(candidates, instrument, stamps, rate, feed="fundings")
    return stamps
