"""Asking a venue as the backfill does: a page of our own making for every call, to the end of the stretch."""

import json
from collections.abc import Callable, Sequence

import polars as pl

from runout.clock import NANOSECONDS_PER_MINUTE, parse_time
from runout.collect.bars import Bars
from runout.sources.venue import Answer, Call, History, Instrument, Page, Rows, Venue

NOW = parse_time("2026-11-01")
MS = 1_000_000
STEP = 5 * NANOSECONDS_PER_MINUTE


def frame(message: object) -> bytes:
    return message if isinstance(message, bytes) else json.dumps(message, separators=(",", ":")).encode()


def read(venue: Venue, instruments: Sequence[Instrument], *messages: object) -> Rows:
    payloads = [frame(message) for message in messages]
    return venue.normalise(payloads, [NOW] * len(payloads), instruments)


def answer(body: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status=status, headers=headers, body=frame(body), received=NOW)


def history(venue: Venue, instrument: Instrument, purpose: str) -> History:
    return next(h for h in venue.histories(instrument) if h.purpose == purpose)


def call_of(venue: Venue, instrument: Instrument, purpose: str, since: int, until: int = NOW) -> Call:
    return venue.first_call(history(venue, instrument, purpose), instrument, since, until)


def page_of(venue: Venue, instrument: Instrument, purpose: str, body: object, since: int) -> Page:
    return venue.read_page(call_of(venue, instrument, purpose, since), answer(body), (instrument,))


def follow(
    venue: Venue, instrument: Instrument, purpose: str, serve: Callable[[Call], object], since: int
) -> tuple[pl.DataFrame, list[Call]]:
    """Page to the end; return all rows by time, and the calls made, of which no two may be alike."""
    calls: list[Call] = []
    tables: list[pl.DataFrame] = []
    call = call_of(venue, instrument, purpose, since)
    while call is not None:
        assert call not in calls, "the same call was made twice"
        assert len(calls) < 200, "paging does not end"
        calls.append(call)
        page = venue.read_page(call, answer(serve(call)), (instrument,))
        assert not page.rows.refused.height
        tables += page.rows.tables.values()
        call = page.next
    return pl.concat(tables).sort("event_time"), calls


def bars_of(trades: pl.DataFrame) -> pl.DataFrame:
    """Return the bars that the collector makes of trades."""
    bars = Bars()
    bars.add(trades, dict.fromkeys(trades["series"].unique(), STEP))
    return bars.close(NOW + 2 * STEP, NOW + 2 * STEP).bars
