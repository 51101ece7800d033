"""Hyperliquid's messages and answers into rows. ``A`` sells, ``B`` buys; sizes are coins, or thousands of them."""

import re
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_HOUR
from runout.sources import columns, statements
from runout.sources.candidates import Candidates, Taker, read_frames, series_of
from runout.sources.columns import Events, history
from runout.sources.hyperliquid import messages as form
from runout.sources.tiers import Tier, add_tiers
from runout.sources.venue import Call, Instrument
from runout.sources.wire import (
    BAR_STEP,
    MILLISECOND,
    Reader,
    floats,
    integers,
    meanings,
    parts,
    require_own,
    settlements,
)

_CHANNEL = re.compile(rb'"channel":\s?"([A-Za-z0-9]+)"')
_TAKER_BUYS = {"B": True, "A": False}
_HOURS = 1.0
_ANSWERS = {"pong", "subscriptionResponse", "error"}
_SIDES_COUNTED = 2

_TRADES: Reader[form.Frame[list[form.Trade]]] = Reader(form.Frame[list[form.Trade]])
_CONTEXTS: Reader[form.Frame[form.ActiveContext]] = Reader(form.Frame[form.ActiveContext])
_FILLS: Reader[form.Frame[form.Fills]] = Reader(form.Frame[form.Fills])
_CANDLES: Reader[list[form.Candle]] = Reader(list[form.Candle])
_SETTLEMENTS: Reader[list[form.Settlement]] = Reader(list[form.Settlement])
_META: Reader[form.Meta] = Reader(form.Meta)
_STATE: Reader[form.State] = Reader(form.State)


liquidation_series = partial(
    series_of, kind="liquidations", feed="userFills", capture="unknown", instant=True,
    note="A sample: fills of watched addresses and of known liquidators.",
)  # fmt: skip
bar_series = partial(
    series_of, kind="bars", step=BAR_STEP, feed="candleSnapshot",
    note="Dollars of history are coins at the mean of high, low and close.",
)  # fmt: skip
funding_series = partial(
    series_of, kind="funding", step=NANOSECONDS_PER_HOUR, feed="fundingHistory", instant=True
)  # fmt: skip


def channel_of(payload: bytes) -> str:
    """Return the channel of a frame; empty where it has none."""
    match = _CHANNEL.search(payload, 0, 100)
    return match[1].decode() if match else ""


def _data_channel_of(payload: bytes) -> str:
    channel = channel_of(payload)
    return "" if channel in _ANSWERS else channel


def _take_trades(candidates: Candidates, places: Sequence[int]) -> None:
    trades, rows = parts(candidates.read(_TRADES, places), lambda frame: frame.data)
    bought = meanings([trade.side for trade in trades], _TAKER_BUYS, "side", candidates.unknown)
    columns.add_trades(
        candidates,
        bar_series,
        Events(
            symbols=[trade.coin for trade in trades],
            rows=rows,
            happened=integers([trade.time for trade in trades]) * MILLISECOND,
        ),
        taker_buys=bought,
        size=floats([trade.sz for trade in trades]),
        price=floats([trade.px for trade in trades]),
        sequence=integers([trade.tid for trade in trades]),
    )


def _take_contexts(candidates: Candidates, places: Sequence[int]) -> None:
    contexts, rows = parts(candidates.read(_CONTEXTS, places), lambda frame: [(frame.data.coin, frame.data.ctx)])
    _add_contexts(candidates, contexts, rows)


def take_state(candidates: Candidates) -> None:
    """Take the state of all contracts as asked for."""
    state = candidates.take_whole(_STATE)
    listed = zip(state.meta.universe, state.contexts, strict=False)
    contexts = [(row.name, context) for row, context in listed if row.name in candidates.instruments]
    _add_contexts(candidates, contexts, [0] * len(contexts))


def take_tiers_now(candidates: Candidates) -> None:
    """Take the maintenance tiers of all contracts: the rate is half of one over the highest leverage of a tier."""
    meta = candidates.take_whole(_META)
    tables = dict(meta.marginTables)
    for row in meta.universe:
        table = tables.get(row.marginTableId)
        tiers = table.marginTiers if table else [form.MarginTier(0.0, row.maxLeverage)] if row.maxLeverage else []
        own = [
            Tier(floor=tier.lowerBound, rate=0.5 / tier.maxLeverage, max_leverage=tier.maxLeverage) for tier in tiers
        ]
        add_tiers(candidates, row.name, own, "meta")


def _add_contexts(
    candidates: Candidates,
    contexts: list[tuple[str, form.Context]],
    rows: list[int],
) -> None:
    """Add what contexts say, as of when they were received: they carry no stamp."""
    statements.add_state(
        candidates,
        Events(
            symbols=[name for name, _ in contexts],
            rows=rows,
            happened=candidates.received[np.asarray(rows, np.int64)],
        ),
        feed="assetCtxs",
        mark=floats([context.markPx for _, context in contexts]),
        index=floats([context.oraclePx for _, context in contexts]),
        size=floats([context.openInterest for _, context in contexts]) / _SIDES_COUNTED,
        rate=floats([context.funding for _, context in contexts]),
        note="Published for both sides as far as is known, halved.",
    )


def _take_fills(candidates: Candidates, places: Sequence[int]) -> None:
    """Take fills that liquidated somebody; the trade's number makes one row of the fills of its two users."""
    forced, rows = parts(
        candidates.read(_FILLS, places),
        lambda frame: [(frame.data.user, f, f.liquidation) for f in frame.data.fills if f.liquidation is not None],
    )
    if not forced:
        return
    fills = [fill for _, fill, _ in forced]
    sold = meanings([fill.side for fill in fills], {"A": True, "B": False}, "side", candidates.unknown)
    own = [
        fill.dir.startswith("Liquidated") if not user else user.lower() == liquidation.liquidatedUser.lower()
        for user, fill, liquidation in forced
    ]
    columns.add_liquidations(
        candidates,
        liquidation_series,
        Events(
            symbols=[fill.coin for fill in fills],
            rows=rows,
            happened=integers([fill.time for fill in fills]) * MILLISECOND,
        ),
        longs=[None if sells is None else sells is is_own for sells, is_own in zip(sold, own, strict=True)],
        size=floats([fill.sz for fill in fills]),
        price=floats([fill.px for fill in fills]),
        sequence=integers([fill.tid for fill in fills]),
    )


_CHANNELS: dict[str, Taker] = {
    "trades": _take_trades,
    "activeAssetCtx": _take_contexts,
    "userFills": _take_fills,
    "user": _take_fills,
}
normalise = partial(read_frames, _data_channel_of, _CHANNELS)


def take_candles(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take bars."""
    del call
    points = candidates.take_whole(_CANDLES)
    require_own((point.s for point in points), instrument.symbol)
    opened = integers([point.t for point in points]) * MILLISECOND
    trades = integers([point.n for point in points])
    volumes = {"volume": floats([point.v for point in points])}
    statements.add_candles(
        candidates, instrument, bar_series, opened, points, names="ohlc", volumes=volumes, trades=trades
    )
    return opened


def take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take the funding of each hour."""
    del call
    points = candidates.take_whole(_SETTLEMENTS)
    require_own((point.coin for point in points), instrument.symbol)
    stamps = integers([point.time for point in points]) * MILLISECOND
    columns.add_funding(
        candidates,
        funding_series,
        history(instrument, settlements(stamps)),
        rate=floats([point.fundingRate for point in points]),
        hours=_HOURS,
    )
    return settlements(stamps)
