"""dYdX' messages and answers into rows. A trade's side is the taker's; liquidations are a type of trade."""

import re
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from runout.clock import from_datetime
from runout.sources import columns, statements
from runout.sources.candidates import Candidates, Taker, read_frames, series_of
from runout.sources.columns import Events, history
from runout.sources.dydx import messages as form
from runout.sources.tiers import Tier, add_tiers
from runout.sources.venue import Call, Instrument
from runout.sources.wire import (
    BAR_STEP,
    Reader,
    check_words,
    decoded,
    floats,
    integers,
    meanings,
    number_of,
    parts,
    settlements,
)

_CHANNEL = re.compile(rb'"channel":\s?"(v\d_[a-z]+)"')
_ID = re.compile(r"[0-9a-f]{24}")
_TAKER_BUYS = {"BUY": True, "SELL": False}
_LONG_CLOSED = {"SELL": True, "BUY": False}
_TYPES = {"LIMIT", "MARKET", "DELEVERAGED", "TWAP_SUBORDER", ""}
_LIQUIDATED = "LIQUIDATED"

_TRADES: Reader[form.Frame[form.Trades]] = Reader(form.Frame[form.Trades])
_MARKETS: Reader[form.Frame[form.Markets]] = Reader(form.Frame[form.Markets])
_CANDLES: Reader[form.Candles] = Reader(form.Candles)
_SETTLEMENTS: Reader[form.Settlements] = Reader(form.Settlements)
_NOW: Reader[form.Listing] = Reader(form.Listing)

liquidation_series = partial(series_of, kind="liquidations", feed="v4_trades", capture="complete", instant=True)
bar_series = partial(series_of, kind="bars", step=BAR_STEP, feed="candles")
open_interest_series = partial(
    series_of, kind="open_interest", step=BAR_STEP, feed="candles", instant=True, lag=BAR_STEP
)


def channel_of(payload: bytes) -> str:
    """Return the channel of a frame; empty where it has none."""
    match = _CHANNEL.search(payload, 0, 400)
    return match[1].decode() if match else ""


def _number(identity: str) -> int:
    """Return a trade's number: height, place of its transaction and place of its event in one."""
    if not _ID.fullmatch(identity):
        return number_of(identity)
    height, transaction, event = (int(identity[start : start + 8], 16) for start in (0, 8, 16))
    return (height << 32) | ((transaction & 0xFFFF) << 16) | (event & 0xFFFF)


def _take_trades(candidates: Candidates, places: Sequence[int]) -> None:
    trades, rows = parts(candidates.read(_TRADES, places), lambda frame: [(frame.id, t) for t in frame.contents.trades])
    check_words([t.type for _, t in trades if t.type != _LIQUIDATED], _TYPES, "type", candidates.unknown)
    bought = meanings([trade.side for _, trade in trades], _TAKER_BUYS, "side", candidates.unknown)
    moments = Events(
        symbols=[symbol for symbol, _ in trades],
        rows=rows,
        happened=integers([from_datetime(trade.createdAt) for _, trade in trades]),
    )
    size, price = floats([trade.size for _, trade in trades]), floats([trade.price for _, trade in trades])
    sequence = integers([_number(trade.id) for _, trade in trades])
    columns.add_trades(
        candidates, bar_series, moments, taker_buys=bought, size=size,
        price=price, sequence=sequence,
    )  # fmt: skip
    forced = [place for place, (_, trade) in enumerate(trades) if trade.type == _LIQUIDATED]
    columns.add_liquidations(
        candidates, liquidation_series, columns.chosen(moments, forced),
        longs=[_LONG_CLOSED.get(trades[place][1].side) for place in forced], size=size[forced], price=price[forced],
        sequence=sequence[forced],
    )  # fmt: skip


def _take_markets(candidates: Candidates, places: Sequence[int]) -> None:
    frames = candidates.read(_MARKETS, places)
    markets, rows = parts(frames, lambda f: [*f.contents.markets.items(), *f.contents.trading.items()])
    _add_markets(candidates, dict(enumerate(markets)), rows)


def take_tiers_now(candidates: Candidates) -> None:
    """Take the maintenance rate of all markets: one for each, whatever the size."""
    for row in candidates.take_whole(_NOW).markets.values():
        if row.initialMarginFraction > 0 and row.maintenanceMarginFraction > 0:
            tier = Tier(floor=0.0, rate=row.maintenanceMarginFraction, max_leverage=1 / row.initialMarginFraction)
            add_tiers(candidates, row.ticker, [tier], "perpetualMarkets")


def take_markets_now(candidates: Candidates) -> None:
    """Take the state of all markets as asked for."""
    listed = [
        (name, row) for name, row in candidates.take_whole(_NOW).markets.items() if name in candidates.instruments
    ]
    _add_markets(candidates, dict(enumerate(listed)), [0] * len(listed))


def _add_markets(
    candidates: Candidates,
    markets: Mapping[int, tuple[str, form.Market | form.Listed]],
    rows: list[int],
) -> None:
    """Add what markets say, as of when it was received: it carries no stamp."""
    states = [market for _, market in markets.values()]
    statements.add_state(
        candidates,
        Events(
            symbols=[name for name, _ in markets.values()],
            rows=rows,
            happened=candidates.received[np.asarray(rows, np.int64)],
        ),
        feed="v4_markets",
        mark=floats([state.oraclePrice for state in states]),
        size=floats([state.openInterest for state in states]),
        rate=floats([state.nextFundingRate for state in states]),
    )


_CHANNELS: dict[str, Taker] = {"v4_trades": _take_trades, "v4_markets": _take_markets}
normalise = partial(read_frames, channel_of, _CHANNELS)


def take_candles(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take bars, and the open interest at the beginning of each."""
    del call
    points = candidates.take_whole(_CANDLES).candles
    opened = integers([from_datetime(point.startedAt) for point in points])
    trades = integers([point.trades for point in points])
    volumes = {
        "volume_base": floats([p.baseTokenVolume for p in points]),
        "volume_usd": floats([p.usdVolume for p in points]),
    }
    statements.add_candles(candidates, instrument, bar_series, opened, points, volumes=volumes, trades=trades)
    columns.add_open_interest(
        candidates, open_interest_series, history(instrument, opened, BAR_STEP),
        size=floats([point.startingOpenInterest for point in points]), price=floats([p.open for p in points]),
    )  # fmt: skip
    return opened


def take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take settlements."""
    del call
    points = candidates.take_whole(_SETTLEMENTS).historicalFunding
    stamps = integers([from_datetime(point.effectiveAt) for point in points])
    rate = floats([point.rate for point in points])
    statements.add_settlements(candidates, instrument, stamps, rate, feed="historicalFunding")
    return settlements(stamps)


def oldest_settlement(body: bytes) -> str:
    """Return the time of the oldest settlement of a page, from which the next goes on; empty for none."""
    points = decoded(body, form.Settlements, "a page of settlements").historicalFunding
    oldest = min((point.effectiveAt for point in points), default=None)
    return "" if oldest is None else oldest.isoformat(timespec="milliseconds").replace("+00:00", "Z")
