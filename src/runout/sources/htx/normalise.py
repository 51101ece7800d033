"""HTX' messages and answers into rows. ``sell`` is the closing order: a long was closed; open interest is halved."""

import gzip
import re
import zlib
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND
from runout.sources import columns, statements
from runout.sources.candidates import Candidates, Taker, read_frames, series_of
from runout.sources.columns import Events, history
from runout.sources.htx import messages as form
from runout.sources.venue import Call, Instrument, Rows
from runout.sources.wire import BAR_STEP, MILLISECOND, Reader, decoded, floats, integers, meanings, parts

_GZIP = b"\x1f\x8b"
_TOPIC = re.compile(rb'"topic":\s?"public\.[^"]*\.([a-z_]+)"')
_CHANNEL = re.compile(rb'"ch":\s?"([a-z]+)\.')
_LONG_CLOSED = {"sell": True, "buy": False}
_SIDES_COUNTED = 2

_LIQUIDATIONS: Reader[form.Notice[form.Liquidation]] = Reader(form.Notice[form.Liquidation])
_FUNDING: Reader[form.Notice[form.Funding]] = Reader(form.Notice[form.Funding])
_NOW: Reader[form.Envelope[list[form.OpenInterest]]] = Reader(form.Envelope[list[form.OpenInterest]])
_TICKS: Reader[form.Envelope[form.Ticks]] = Reader(form.Envelope[form.Ticks])
_CANDLES: Reader[form.Envelope[list[form.Candle]]] = Reader(form.Envelope[list[form.Candle]])
_SETTLEMENTS: Reader[form.Envelope[form.Settlements]] = Reader(form.Envelope[form.Settlements])
_HALVED = "Published for both sides, halved."

liquidation_series = partial(
    series_of, kind="liquidations", feed="liquidation_orders", capture="unknown", instant=True
)  # fmt: skip
bar_series = partial(series_of, kind="bars", step=BAR_STEP, feed="kline", note="Volumes count both sides, halved.")
open_interest_series = partial(
    series_of, kind="open_interest", step=NANOSECONDS_PER_HOUR, feed="swap_his_open_interest", instant=True,
    lag=NANOSECONDS_PER_HOUR, note=_HALVED,
)  # fmt: skip


def plain(payload: bytes) -> bytes:
    """Return a frame's text; what is no whole gzip is left as it is, and refused by its reader."""
    if not payload.startswith(_GZIP):
        return payload
    try:
        return gzip.decompress(payload)
    except (OSError, EOFError, zlib.error):
        return payload


def topic_of(text: bytes) -> str:
    """Return what a notification is of; empty for answers and heartbeats."""
    if b'"notify"' in text[:200]:
        match = _TOPIC.search(text, 0, 300)
        return match[1].decode() if match else "unnamed"
    match = _CHANNEL.search(text, 0, 100)
    return match[1].decode() if match else ""


def normalise(payloads: Sequence[bytes], received: Sequence[int], instruments: Sequence[Instrument]) -> Rows:
    """Return the rows of frames, as :meth:`runout.sources.venue.Venue.normalise` says."""
    return read_frames(topic_of, _TOPICS, [plain(payload) for payload in payloads], received, instruments)


def _take_liquidations(candidates: Candidates, places: Sequence[int]) -> None:
    orders, rows = parts(candidates.read(_LIQUIDATIONS, places), lambda notice: notice.data)
    columns.add_liquidations(
        candidates,
        liquidation_series,
        Events(
            symbols=[order.contract_code for order in orders],
            rows=rows,
            happened=integers([order.created_at for order in orders]) * MILLISECOND,
        ),
        longs=meanings([order.direction for order in orders], _LONG_CLOSED, "direction", candidates.unknown),
        size=floats([order.volume for order in orders]),
        price=floats([order.price for order in orders]),
    )


def _take_funding(candidates: Candidates, places: Sequence[int]) -> None:
    rates, rows = parts(candidates.read(_FUNDING, places), lambda notice: [(notice.ts, row) for row in notice.data])
    statements.add_state(
        candidates,
        Events(
            symbols=[row.contract_code for _, row in rates],
            rows=rows,
            happened=integers([ts for ts, _ in rates]) * MILLISECOND,
        ),
        feed="funding_rate",
        mark=np.full(len(rates), np.nan),
        rate=floats([row.funding_rate for _, row in rates]),
    )


_TOPICS: dict[str, Taker] = {"liquidation_orders": _take_liquidations, "funding_rate": _take_funding}


def take_open_interest_now(candidates: Candidates) -> None:
    """Take open interest of all contracts as asked for."""
    answer = candidates.take_whole(_NOW)
    points = [point for point in answer.data if point.contract_code in candidates.instruments]
    value = floats([point.value for point in points])
    statements.add_state(
        candidates,
        Events(
            symbols=[point.contract_code for point in points],
            rows=[0] * len(points),
            happened=np.full(len(points), answer.ts * MILLISECOND),
        ),
        feed="swap_open_interest",
        mark=np.full(len(points), np.nan),
        size=floats([point.volume for point in points]) / _SIDES_COUNTED,
        usd=value / _SIDES_COUNTED,
        note=_HALVED,
    )


def take_ticks(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take open interest by the hour."""
    del call
    points = candidates.take_whole(_TICKS).data.tick
    stamps = integers([point.ts for point in points]) * MILLISECOND
    columns.add_open_interest(
        candidates, open_interest_series,
        history(instrument, stamps, NANOSECONDS_PER_HOUR), size=floats([p.volume for p in points]) / _SIDES_COUNTED,
    )  # fmt: skip
    return stamps


def take_candles(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take bars."""
    del call
    points = candidates.take_whole(_CANDLES).data
    opened = integers([point.id for point in points]) * NANOSECONDS_PER_SECOND
    volumes = {
        "volume_base": floats([point.amount for point in points]) / _SIDES_COUNTED,
        "volume_usd": floats([point.trade_turnover for point in points]) / _SIDES_COUNTED,
    }
    statements.add_candles(candidates, instrument, bar_series, opened, points, volumes=volumes)
    return opened


def take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take settlements."""
    del call
    points = candidates.take_whole(_SETTLEMENTS).data.data
    stamps = integers([point.funding_time for point in points]) * MILLISECOND
    rate = floats([point.funding_rate for point in points])
    statements.add_settlements(candidates, instrument, stamps, rate, feed="swap_historical_funding_rate")
    return stamps


def settlements_in_all(body: bytes) -> tuple[int, int]:
    """Return how many pages there are, and settlements on all of them."""
    page = decoded(body, form.Envelope[form.Settlements], "a page of settlements").data
    return page.total_page, page.total_size
