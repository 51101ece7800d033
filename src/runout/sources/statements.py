"""What venues say together, from their columns to candidate rows: the state of a contract, its ratios, its funding."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from runout.clock import NANOSECONDS_PER_HOUR
from runout.sources.candidates import Candidates, series_of
from runout.sources.columns import (
    Describe,
    Events,
    Floats,
    Integers,
    add_bars,
    add_funding,
    add_open_interest,
    add_positioning,
    add_premium,
    chosen,
    history,
)
from runout.sources.venue import Instrument
from runout.sources.wire import BAR_STEP, floats, settled_hours, settlements

_USUAL_FUNDING_HOURS = 8.0
_PRICES = ("open", "high", "low", "close")


def add_candles(
    candidates: Candidates,
    instrument: Instrument,
    describe: Describe,
    opened: Integers,
    points: Sequence[object],
    *,
    names: Sequence[str] = _PRICES,
    volumes: Mapping[str, Floats],
    trades: Integers | None = None,
) -> None:
    """Add a page of bars of one instrument.

    Parameters
    ----------
    candidates, instrument, describe
        Where the rows go; of which contract; what gives the scope.
    opened
        UTC ns at which each bar begins.
    points, names
        Bars as the venue writes them, and their fields for open, high, low and close, per quoted unit.
    volumes, trades
        As in :func:`runout.sources.columns.add_bars`.
    """
    prices = {
        price: floats([getattr(point, name) for point in points]) for price, name in zip(_PRICES, names, strict=True)
    }
    moments = history(instrument, opened + BAR_STEP)
    add_bars(candidates, describe, moments, step=BAR_STEP, prices=prices, volumes=volumes, trades=trades)


def add_ratio(
    candidates: Candidates,
    events: Events,
    *,
    measure: str,
    step: int,
    feed: str,
    ratio: Floats,
    long_share: Floats | None = None,
) -> None:
    """Add a long/short ratio that a venue stores by interval, under the series of its measure; empty rows are left out.

    Parameters
    ----------
    candidates, events
        Where the rows go; moments.
    measure, step, feed
        As in the scope of the series.
    ratio, long_share
        Longs over shorts; share of longs.
    """
    describe = partial(series_of, kind="positioning", step=step, measure=measure, feed=feed, instant=True, lag=step)
    there = np.flatnonzero(~np.isnan(ratio if long_share is None else long_share))
    share = None if long_share is None else long_share[there]
    moments = chosen(events, there.tolist())
    add_positioning(candidates, describe, moments, ratio=ratio[there], long_share=share)


def add_state(
    candidates: Candidates,
    events: Events,
    *,
    feed: str,
    mark: Floats | None = None,
    index: Floats | None = None,
    size: Floats | None = None,
    coins: Floats | None = None,
    usd: Floats | None = None,
    rate: Floats | None = None,
    hours: Floats | None = None,
    note: str = "",
) -> None:
    """Add what a ticker says: open interest, mark over index price, and the rate of the next settlement.

    Parameters
    ----------
    candidates, events
        Where the rows go; moments.
    feed
        As in the scope of the series.
    mark, index, rate, hours
        Prices per quoted unit; fraction per ``hours``, which are the contract's own where null.
    size, coins, usd
        Open interest in the venue's units, and as far as it says so in coins and dollars; all null: not said.
    note
        Caveat of the open interest.
    """
    if size is not None or coins is not None or usd is not None:
        describe = partial(series_of, kind="open_interest", feed=feed, instant=True, note=note)
        sizes = np.full(len(events.symbols), np.nan) if size is None else size
        add_open_interest(candidates, describe, events, size=sizes, price=mark, coins=coins, usd=usd)
    if mark is not None and index is not None:
        describe = partial(series_of, kind="premium", measure="mark-over-index", feed=feed, instant=True)
        add_premium(candidates, describe, events, first=mark, second=index)
    if rate is not None:
        describe = partial(series_of, kind="funding", measure="predicted", feed=feed, instant=True)
        instruments = candidates.instruments if events.instruments is None else events.instruments
        symbols, places = candidates.coded(events.symbols)
        contracts = [instruments.get(symbol) for symbol in symbols]
        usual = np.array([funding_hours(contract) for contract in contracts], np.float64)[places]
        own = usual if hours is None else np.where(hours > 0, hours, usual)
        is_perpetual = np.array([contract is not None and contract.market == "perpetual" for contract in contracts])
        rates = np.where(is_perpetual[places], rate, np.nan)
        add_funding(candidates, describe, events, rate=rates, hours=own)


def add_settlements(
    candidates: Candidates,
    instrument: Instrument,
    stamps: Integers,
    rate: Floats,
    *,
    feed: str,
    overlapping: bool = False,
) -> None:
    """Add settled funding of one instrument.

    Parameters
    ----------
    candidates, instrument
        Where the rows go; of which contract.
    stamps
        UTC ns, in any order; those some milliseconds late are put on the hour.
    rate
        Fraction per interval.
    feed
        As in the scope of the series.
    overlapping
        True where the oldest row of a page comes again with the page before: it is left out, since its interval is
        read off the settlement before it.
    """
    order = np.argsort(stamps)[1 if overlapping and len(stamps) > 1 else 0 :]
    moments = settlements(stamps)
    hours = settled_hours(np.sort(moments), funding_hours(instrument))[len(stamps) - len(order) :]
    step = int(funding_hours(instrument) * NANOSECONDS_PER_HOUR)
    describe = partial(series_of, kind="funding", step=step, feed=feed, instant=True)
    add_funding(candidates, describe, history(instrument, moments[order]), rate=rate[order], hours=hours)


def funding_hours(instrument: Instrument | None) -> float:
    """Return the hours between settlements of an instrument, 8 where it does not say."""
    return _USUAL_FUNDING_HOURS if instrument is None else instrument.funding_hours or _USUAL_FUNDING_HOURS
