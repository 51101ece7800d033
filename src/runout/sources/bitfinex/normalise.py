"""Bitfinex' messages and answers into rows. An amount above zero was a long."""

import re
from collections.abc import Sequence
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from runout.sources import columns, statements
from runout.sources.bitfinex import messages as form
from runout.sources.candidates import Candidates, Taker, nothing, read_frames, series_of
from runout.sources.columns import Events, history
from runout.sources.venue import Call, Instrument
from runout.sources.wire import BAR_STEP, MILLISECOND, Reader, check_words, floats, integers, parts

_STATE = re.compile(rb"\[\d+,\s*\[\d{13}")
_IS_COUNTED = {0: True, 1: False}

_FRAMES: Reader[form.LiquidationFrame] = Reader(form.LiquidationFrame)
_LIQUIDATIONS: Reader[list[list[form.Liquidation]]] = Reader(list[list[form.Liquidation]])
_STATES: Reader[list[form.State]] = Reader(list[form.State])
_NOW: Reader[list[list[msgspec.Raw]]] = Reader(list[list[msgspec.Raw]])
_CANDLES: Reader[list[form.Candle]] = Reader(list[form.Candle])

liquidation_series = partial(
    series_of, kind="liquidations", feed="liquidations", capture="complete", instant=True,
    note="Positions as they are triggered; dollars at the price of entry where no other is given.",
)  # fmt: skip
bar_series = partial(series_of, kind="bars", step=BAR_STEP, feed="candles", note="Dollars from the middle price.")
open_interest_series = partial(series_of, kind="open_interest", step=BAR_STEP, feed="status/deriv", instant=True)


def head_of(payload: bytes) -> str:
    """Return what a frame is of: arrays say it by their content; empty for answers."""
    if payload.startswith(b"{"):
        return ""
    if b'"hb"' in payload[:40]:
        return "heartbeat"
    if b'["pos",' in payload[:80]:
        return "liquidations"
    return "state" if _STATE.match(payload) else "of another stream"


def _take_frames(candidates: Candidates, places: Sequence[int]) -> None:
    orders, rows = parts(candidates.read(_FRAMES, places), lambda frame: frame.rows)
    _add_liquidations(candidates, orders, rows)


def _add_liquidations(
    candidates: Candidates, orders: list[form.Liquidation], rows: Sequence[int], lag: int | None = None
) -> None:
    check_words([str(o.is_match) for o in orders], {str(k) for k in _IS_COUNTED}, "is_match", candidates.unknown)
    counted = [place for place, order in enumerate(orders) if _IS_COUNTED.get(order.is_match, True)]
    chosen = [orders[place] for place in counted]
    for order in chosen:
        if order.price is None:
            candidates.meet("liquidation without a price: counted at the price of entry")
    size = floats([order.amount for order in chosen])
    happened = integers([order.stamp for order in chosen]) * MILLISECOND
    columns.add_liquidations(
        candidates,
        liquidation_series,
        Events(
            symbols=[order.symbol for order in chosen],
            rows=[rows[place] for place in counted],
            happened=happened,
            known=None if lag is None else happened + lag,
        ),
        longs=[amount > 0 if amount else None for amount in size.tolist()],
        size=np.abs(size),
        price=floats([order.entry_price if order.price is None else order.price for order in chosen]),
        sequence=integers([order.id for order in chosen]),
    )


# The state of a contract in a frame does not say of which it is: it only proves that the connection lives.
_HEADS: dict[str, Taker] = {"liquidations": _take_frames, "heartbeat": nothing, "state": nothing}
normalise = partial(read_frames, head_of, _HEADS)


def take_liquidations(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take liquidations of one contract from a page that has those of all; known when they happened, as of a stream."""
    del call
    orders = [order for part in candidates.take_whole(_LIQUIDATIONS) for order in part]
    own = [order for order in orders if order.symbol == instrument.symbol]
    _add_liquidations(candidates, own, [0] * len(own), lag=0)
    return integers([order.stamp for order in orders]) * MILLISECOND


def take_states(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take open interest: the last row of each five minutes, as of their end."""
    begin = int(dict(call.parameters).get("start", 0))
    rows = (point for point in candidates.take_whole(_STATES) if point.stamp >= begin)
    points = sorted(rows, key=lambda point: point.stamp)
    stamps = integers([point.stamp for point in points]) * MILLISECOND
    ends = (stamps // BAR_STEP + 1) * BAR_STEP
    last = np.flatnonzero(np.diff(ends, append=0) != 0)
    # The interval that a page breaks off in goes on with the next page.
    last = last[:-1] if last.size > 1 else last
    columns.add_open_interest(
        candidates,
        open_interest_series,
        history(instrument, ends[last]),
        size=floats([points[place].open_interest for place in last]),
        price=floats([points[place].mark_price or points[place].price for place in last]),
    )
    return np.minimum(stamps, ends[last[-1]] - MILLISECOND) if last.size else stamps


def take_states_now(candidates: Candidates) -> None:
    """Take the state of all contracts as asked for: the key comes first, then what a row of history has."""
    keys: list[str] = []
    states: list[form.State] = []
    for row in candidates.take_whole(_NOW):
        key, *figures = row
        body = b"[" + b",".join(bytes(figure) for figure in figures) + b"]"
        states += candidates.take(_STATE_ROW.read((body,), (0,))).values
        keys.append(msgspec.json.decode(bytes(key), type=str))
    statements.add_state(
        candidates,
        Events(symbols=keys, rows=[0] * len(keys), happened=integers([state.stamp for state in states]) * MILLISECOND),
        feed="status/deriv",
        mark=floats([state.mark_price or state.price for state in states]),
        index=floats([state.spot_price for state in states]),
        size=floats([state.open_interest for state in states]),
        rate=floats([state.rate for state in states]),
    )


_STATE_ROW: Reader[form.State] = Reader(form.State)


def take_candles(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take bars."""
    del call
    points = candidates.take_whole(_CANDLES)
    opened = integers([point.opened for point in points]) * MILLISECOND
    volumes = {"volume": floats([point.volume for point in points])}
    statements.add_candles(candidates, instrument, bar_series, opened, points, volumes=volumes)
    return opened
