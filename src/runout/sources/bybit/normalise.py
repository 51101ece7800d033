"""Bybit's messages and answers into rows. ``Buy`` in a liquidation is the side of the position: a long was closed."""

import re
from collections.abc import Sequence
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from runout.sources import columns, statements
from runout.sources.bybit import messages as form
from runout.sources.candidates import Candidates, Taker, read_frames, series_of
from runout.sources.columns import Events, history
from runout.sources.tiers import Tier, add_tiers, below
from runout.sources.venue import Call, Instrument
from runout.sources.wire import (
    BAR_STEP,
    MILLISECOND,
    Reader,
    floats,
    integers,
    meanings,
    number_of,
    parts,
    require_own,
)

R = TypeVar("R")

_TOPIC = re.compile(rb'"topic":"([A-Za-z]+)\.')
_LONG_CLOSED = {"Buy": True, "Sell": False}
_TAKER_BUYS = {"Buy": True, "Sell": False}

_LIQUIDATIONS: Reader[form.Liquidations] = Reader(form.Liquidations)
_OLD_LIQUIDATIONS: Reader[form.OldLiquidations] = Reader(form.OldLiquidations)
_TRADES: Reader[form.Trades] = Reader(form.Trades)
_TICKERS: Reader[form.TickerUpdate] = Reader(form.TickerUpdate)
_BARS: Reader[form.Envelope[form.Kline]] = Reader(form.Envelope[form.Kline])
_OPEN_INTEREST: Reader[form.Envelope[form.OpenInterestPoint]] = Reader(form.Envelope[form.OpenInterestPoint])
_RATIOS: Reader[form.Envelope[form.RatioPoint]] = Reader(form.Envelope[form.RatioPoint])
_FUNDING: Reader[form.Envelope[form.FundingPoint]] = Reader(form.Envelope[form.FundingPoint])
_RISK_LIMITS: Reader[form.Envelope[form.RiskLimit]] = Reader(form.Envelope[form.RiskLimit])
_ALL_TICKERS: Reader[form.Envelope[form.Ticker]] = Reader(form.Envelope[form.Ticker])


liquidation_series = partial(
    series_of, kind="liquidations", feed="allLiquidation", capture="complete", instant=True,
    note="All since 2025-02-20, before at most one a symbol and second; the price is the bankruptcy price.",
)  # fmt: skip
bar_series = partial(series_of, kind="bars", step=BAR_STEP, feed="kline", note="Dollars are the quote currency.")
open_interest_series = partial(
    series_of, kind="open_interest", step=BAR_STEP, feed="open-interest", instant=True, lag=BAR_STEP,
    note="Both sides as published until 2026-06-11, halved; delayed by the venue in extreme volatility.",
)  # fmt: skip


def topic_of(payload: bytes) -> str:
    """Return the first word of a frame's topic; empty where it has none."""
    if payload.startswith(b'{"topic":"'):
        return payload[10 : payload.find(b".", 10)].decode("ascii", "replace")
    match = _TOPIC.search(payload)
    return match[1].decode() if match else ""


def _take_liquidations(candidates: Candidates, places: Sequence[int]) -> None:
    orders, rows = parts(candidates.read(_LIQUIDATIONS, places), lambda frame: frame.data)
    _add_liquidations(candidates, orders, rows)


def _take_old_liquidations(candidates: Candidates, places: Sequence[int]) -> None:
    orders, rows = parts(candidates.read(_OLD_LIQUIDATIONS, places), _renamed)
    _add_liquidations(candidates, orders, rows)


def _renamed(frame: form.OldLiquidations) -> list[form.Liquidation]:
    return [
        form.Liquidation(
            T=old.updatedTime or old.time or frame.ts,
            s=old.symbol,
            S=old.side,
            v=old.size or old.qty or 0.0,
            p=old.price,
        )
        for old in (frame.data if isinstance(frame.data, list) else [frame.data])
    ]


def _add_liquidations(candidates: Candidates, orders: list[form.Liquidation], rows: list[int]) -> None:
    columns.add_liquidations(
        candidates,
        liquidation_series,
        Events(
            symbols=[order.s for order in orders],
            rows=rows,
            happened=integers([order.T for order in orders]) * MILLISECOND,
        ),
        longs=meanings([order.S for order in orders], _LONG_CLOSED, "S", candidates.unknown),
        size=floats([order.v for order in orders]),
        price=floats([order.p for order in orders]),
    )


def _take_trades(candidates: Candidates, places: Sequence[int]) -> None:
    trades, rows = parts(candidates.read(_TRADES, places), lambda frame: frame.data)
    bought = meanings([trade.S for trade in trades], _TAKER_BUYS, "S", candidates.unknown)
    columns.add_trades(
        candidates,
        bar_series,
        Events(
            symbols=[trade.s for trade in trades],
            rows=rows,
            happened=integers([trade.T for trade in trades]) * MILLISECOND,
        ),
        taker_buys=bought,
        size=floats([trade.v for trade in trades]),
        price=floats([trade.p for trade in trades]),
        sequence=integers([number_of(trade.i) for trade in trades]),
    )


def _take_tickers(candidates: Candidates, places: Sequence[int]) -> None:
    frames = candidates.read(_TICKERS, places)
    stamps = integers([frame.ts for frame in frames.values]) * MILLISECOND
    _add_tickers(candidates, [frame.data for frame in frames.values], list(frames.rows), stamps)


def _add_tickers(
    candidates: Candidates,
    tickers: list[form.Ticker],
    rows: list[int],
    stamps: NDArray[np.int64],
) -> None:
    """Add what tickers say: in a change, an absent field means unchanged, so only what is there is an observation."""
    statements.add_state(
        candidates,
        Events(symbols=[ticker.symbol for ticker in tickers], rows=rows, happened=stamps),
        feed="tickers",
        mark=floats([ticker.markPrice for ticker in tickers]),
        index=floats([ticker.indexPrice for ticker in tickers]),
        size=_single(tickers),
        rate=floats([ticker.fundingRate for ticker in tickers]),
        hours=floats([ticker.fundingIntervalHour for ticker in tickers]),
    )


def _single(points: Sequence[form.Ticker | form.OpenInterestPoint]) -> NDArray[np.float64]:
    """Return open interest of one side, which is half of both where the venue does not say it."""
    single, both = floats([p.singleOpenInterest for p in points]), floats([p.openInterest for p in points])
    return np.where(np.isnan(single), both / 2, single)


_TOPICS: dict[str, Taker] = {
    "allLiquidation": _take_liquidations,
    "liquidation": _take_old_liquidations,
    "publicTrade": _take_trades,
    "tickers": _take_tickers,
}
normalise = partial(read_frames, topic_of, _TOPICS)


def take_tickers_now(candidates: Candidates) -> None:
    """Take the state of all contracts as asked for."""
    answer = candidates.take_whole(_ALL_TICKERS)
    tickers = answer.result.rows
    stamps = np.full(len(tickers), answer.time * MILLISECOND or int(candidates.received[0]))
    _add_tickers(candidates, tickers, [0] * len(tickers), stamps)


def take_tiers_now(candidates: Candidates) -> None:
    """Take the maintenance tiers of a contract: a tier's limit is where it ends."""
    rows = sorted(candidates.take_whole(_RISK_LIMITS).result.rows, key=lambda row: row.riskLimitValue)
    for symbol in dict.fromkeys(row.symbol for row in rows):
        own = [row for row in rows if row.symbol == symbol]
        tiers = [
            Tier(
                floor=floor,
                # The initial rate is one over the leverage: where it is a hundred over it, rates are percent.
                rate=row.maintenanceMargin / (100.0 if row.initialMargin * row.maxLeverage > 10.0 else 1.0),
                max_leverage=row.maxLeverage,
                deduction=float(row.mmDeduction) if row.mmDeduction else None,
            )
            for floor, row in zip(below([row.riskLimitValue for row in own]), own, strict=True)
        ]
        add_tiers(candidates, symbol, tiers, "risk-limit")


def _own_rows(result: form.Result[R], instrument: Instrument) -> list[R]:
    """Return the rows of a result, which must be about the instrument."""
    require_own((result.symbol,), instrument.symbol)
    return result.rows


def take_bars(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take bars."""
    del call
    points = _own_rows(candidates.take_whole(_BARS).result, instrument)
    opened = integers([point.opened for point in points]) * MILLISECOND
    volume, turnover = floats([p.volume for p in points]), floats([p.turnover for p in points])
    if instrument.contract_usd:
        volumes = {"volume_base": turnover, "volume_usd": volume * instrument.contract_usd}
    else:
        volumes = {"volume_base": volume * (instrument.contract_base or 1.0), "volume_usd": turnover}
    statements.add_candles(candidates, instrument, bar_series, opened, points, volumes=volumes)
    return opened


def take_open_interest(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take open interest."""
    del call
    points = _own_rows(candidates.take_whole(_OPEN_INTEREST).result, instrument)
    stamps = integers([point.timestamp for point in points]) * MILLISECOND
    columns.add_open_interest(
        candidates,
        open_interest_series,
        history(instrument, stamps, BAR_STEP),
        size=_single(points),
    )
    return stamps


def take_ratios(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take the long/short ratio."""
    del call
    points = candidates.take_whole(_RATIOS).result.rows
    require_own((point.symbol for point in points), instrument.symbol)
    stamps = integers([point.timestamp for point in points]) * MILLISECOND
    longs, shorts = floats([point.buyRatio for point in points]), floats([point.sellRatio for point in points])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(shorts > 0, longs / shorts, np.nan)
    statements.add_ratio(
        candidates, history(instrument, stamps, BAR_STEP), measure="global-accounts",
        step=BAR_STEP, feed="account-ratio", ratio=ratio, long_share=longs,
    )  # fmt: skip
    return stamps


def take_settlements(candidates: Candidates, instrument: Instrument, call: Call) -> NDArray[np.int64]:
    """Take settlements; the oldest of a page comes again with the one before it: here it is left out."""
    del call
    points = candidates.take_whole(_FUNDING).result.rows
    require_own((point.symbol for point in points), instrument.symbol)
    stamps = integers([point.fundingRateTimestamp for point in points]) * MILLISECOND
    rate = floats([point.fundingRate for point in points])
    statements.add_settlements(candidates, instrument, stamps, rate, feed="funding/history", overlapping=True)
    return stamps
