"""Gate's messages and answers into rows. Signs say all: of a liquidation the position's, of a trade the taker's."""

import re
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_SECOND
from runout.sources import columns, statements
from runout.sources.candidates import Candidates, Taker, read_frames, series_of
from runout.sources.columns import Events, history
from runout.sources.gate import messages as form
from runout.sources.tiers import Tier, add_tiers, below
from runout.sources.venue import Call, Instrument
from runout.sources.wire import BAR_STEP, MILLISECOND, Reader, floats, integers, parts, settlements

_CHANNEL = re.compile(rb'"channel":\s?"futures\.([a-z_]+)"')
_EVENT = re.compile(rb'"event":\s?"(update|all)"')
_SIDES_COUNTED = 2
RATIOS = {"global-accounts": "lsr_account", "top-accounts": "top_lsr_account", "top-positions": "top_lsr_size"}
"""Measures of positioning, and the field of each."""

_LIQUIDATIONS: Reader[form.Frame[list[form.Liquidation]]] = Reader(form.Frame[list[form.Liquidation]])
_TRADES: Reader[form.Frame[list[form.Trade]]] = Reader(form.Frame[list[form.Trade]])
_TICKERS: Reader[form.Frame[form.Tickers]] = Reader(form.Frame[form.Tickers])
_TIERS: Reader[list[form.RiskTier]] = Reader(list[form.RiskTier])
_TICKERS_NOW: Reader[list[form.Ticker]] = Reader(list[form.Ticker])
_CANDLES: Reader[list[form.Candle]] = Reader(list[form.Candle])
_STATISTICS: Reader[list[form.Statistics]] = Reader(list[form.Statistics])
_SETTLEMENTS: Reader[list[form.Settlement]] = Reader(list[form.Settlement])


liquidation_series = partial(
    series_of, kind="liquidations", feed="futures.public_liquidates", capture="complete", instant=True,
    note="All orders since 2026-08-20; whether the price is that of the fill is not known.",
)  # fmt: skip
total_series = partial(
    series_of, kind="liquidations", step=BAR_STEP, feed="contract_stats", capture="unknown",
    note="The venue's own totals; stamps are taken as the beginning of their interval.",
)  # fmt: skip
bar_series = partial(series_of, kind="bars", step=BAR_STEP, feed="candlesticks", note="Dollars are the quote currency.")
open_interest_series = partial(
    series_of, kind="open_interest", step=BAR_STEP, feed="contract_stats", instant=True, lag=BAR_STEP,
    note="Published for both sides as far as is known, halved.",
)  # fmt: skip


def channel_of(payload: bytes) -> str:
    """Return the channel of a frame of data, without ``futures.``; empty for answers and heartbeats."""
    match = _CHANNEL.search(payload, 0, 200)
    return match[1].decode() if match and _EVENT.search(payload, 0, 200) else ""


def _take_liquidations(candidates: Candidates, places: Sequence[int]) -> None:
    orders, rows = parts(candidates.read(_LIQUIDATIONS, places), lambda frame: frame.result)
    size = floats([order.size for order in orders])
    columns.add_liquidations(
        candidates,
        liquidation_series,
        Events(
            symbols=[order.contract for order in orders],
            rows=rows,
            happened=integers([order.time_ms for order in orders]) * MILLISECOND,
        ),
        longs=[sign > 0 if sign else None for sign in size.tolist()],
        size=np.abs(size),
        price=floats([order.price for order in orders]),
    )


def _take_trades(candidates: Candidates, places: Sequence[int]) -> None:
    trades, rows = parts(candidates.read(_TRADES, places), lambda frame: frame.result)
    size = floats([trade.size for trade in trades])
    seconds = [t.create_time if t.create_time_ms is None else t.create_time_ms / 1000 for t in trades]
    columns.add_trades(
        candidates,
        bar_series,
        Events(
            symbols=[trade.contract for trade in trades],
            rows=rows,
            happened=integers([round(s * 1000) for s in seconds]) * MILLISECOND,
        ),
        taker_buys=(size > 0).tolist(),
        size=np.abs(size),
        price=floats([trade.price for trade in trades]),
        sequence=integers([trade.id for trade in trades]),
    )


def _flat(tickers: form.Tickers) -> Iterable[form.Ticker]:
    if isinstance(tickers, form.Ticker):
        return (tickers,)
    return [ticker for part in tickers for ticker in (part if isinstance(part, list) else (part,))]


def _take_tickers(candidates: Candidates, places: Sequence[int]) -> None:
    frames = candidates.read(_TICKERS, places)
    tickers, rows = parts(frames, lambda frame: _flat(frame.result))
    stamps = [f.time_ms or f.time * 1000 for f in frames.values for _ in _flat(f.result)]
    _add_tickers(candidates, tickers, rows, integers(stamps) * MILLISECOND)


def take_tickers_now(candidates: Candidates) -> None:
    """Take the state of all contracts as asked for: of the time of the answer, since it carries no stamp."""
    tickers = [ticker for ticker in candidates.take_whole(_TICKERS_NOW) if ticker.contract in candidates.instruments]
    _add_tickers(candidates, tickers, [0] * len(tickers), np.repeat(candidates.received, len(tickers)))


def take_tiers_now(candidates: Candidates) -> None:
    """Take the maintenance tiers of a contract: a tier's limit is where it ends."""
    rows = sorted(candidates.take_whole(_TIERS), key=lambda row: row.tier)
    floors = below([row.risk_limit for row in rows])
    tiers = [
        Tier(floor=floor, rate=row.maintenance_rate, max_leverage=row.leverage_max, deduction=row.deduction)
        for floor, row in zip(floors, rows, strict=True)
    ]
    add_tiers(candidates, rows[0].contract if rows else "", tiers, "risk_limit_tiers")


def _add_tickers(
    candidates: Candidates, tickers: list[form.Ticker], rows: list[int],
    happened: NDArray[np.int64],
) -> None:  # fmt: skip
    moments = Events(symbols=[ticker.contract for ticker in tickers], rows=rows, happened=happened)
    statements.add_state(
        candidates,
        moments,
        feed="tickers",
        mark=floats([ticker.mark_price for ticker in tickers]),
        index=floats([ticker.index_price for ticker in tickers]),
        size=floats([ticker.total_size for ticker in tickers]),
        rate=floats([ticker.funding_rate for ticker in tickers]),
    )


_CHANNELS: dict[str, Taker] = {
    "public_liquidates": _take_liquidations,
    "trades": _take_trades,
    "tickers": _take_tickers,
}
normalise = partial(read_frames, channel_of, _CHANNELS)


def take_candles(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take bars."""
    del call
    points = candidates.take_whole(_CANDLES)
    opened = integers([point.t for point in points]) * NANOSECONDS_PER_SECOND
    size, quote = floats([point.v for point in points]), floats([point.sum for point in points])
    volumes = {"volume": size} if instrument.contract_base is None else {
        "volume_base": size * instrument.contract_base, "volume_usd": quote,
    }  # fmt: skip
    statements.add_candles(candidates, instrument, bar_series, opened, points, names="ohlc", volumes=volumes)
    return opened


def take_statistics(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take open interest, ratios and liquidations of both sides."""
    del call
    points = candidates.take_whole(_STATISTICS)
    stamps = integers([point.time for point in points]) * NANOSECONDS_PER_SECOND
    moments = history(instrument, stamps, BAR_STEP)
    columns.add_open_interest(
        candidates,
        open_interest_series,
        moments,
        size=floats([point.open_interest for point in points]) / _SIDES_COUNTED,
        price=floats([point.mark_price for point in points]),
        usd=floats([point.open_interest_usd for point in points]) / _SIDES_COUNTED,
    )
    for measure, name in RATIOS.items():
        statements.add_ratio(
            candidates, moments, measure=measure, step=BAR_STEP, feed="contract_stats",
            ratio=floats([getattr(point, name) for point in points]),
        )  # fmt: skip
    columns.add_liquidation_totals(
        candidates,
        total_series,
        history(instrument, stamps + BAR_STEP),
        step=BAR_STEP,
        usd={side: floats([getattr(p, f"{side}_liq_usd") for p in points]) for side in ("long", "short")},
        base={side: floats([getattr(p, f"{side}_liq_amount") for p in points]) for side in ("long", "short")},
    )
    _say_stamp(candidates, stamps)
    return stamps


def _say_stamp(candidates: Candidates, stamps: NDArray[np.int64]) -> None:
    """Say what the newest stamp tells of an unsettled question: whether stamps begin or end their period."""
    age = int(candidates.received[0] - stamps.max(initial=0))
    if age < 0:
        candidates.meet("contract_stats: a stamp ahead of the clock, so stamps end their period")
    elif age < BAR_STEP:
        candidates.meet("contract_stats: the newest stamp is within one step: begin of a running period, or end")
    elif age < 2 * BAR_STEP:
        candidates.meet("contract_stats: the newest stamp is one step old, so stamps begin their period")


def take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take settlements; the oldest of a page comes again with the one before it: here it is left out."""
    del call
    points = candidates.take_whole(_SETTLEMENTS)
    stamps = integers([point.t for point in points]) * NANOSECONDS_PER_SECOND
    rate = floats([point.r for point in points])
    statements.add_settlements(candidates, instrument, stamps, rate, feed="funding_rate", overlapping=True)
    return settlements(stamps)
