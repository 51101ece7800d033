"""From the raw log to rows: the same function for a live collector and for a replay.

The log is read in slots, which the collector's regular ticks end. What a slot gives depends on the slots before it
alone, not on when or in which batches they are read: so the rows of a live run and of a replay are the same.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND
from runout.collect.bars import Bars
from runout.collect.coverage import Gap
from runout.collect.coverage import Hole as Lack
from runout.collect.gap_rows import Feed, GapRows, Output
from runout.collect.listings import end_delisted, take_list
from runout.collect.notes import (
    Began,
    Closed,
    Dropped,
    Failed,
    Jumped,
    Listed,
    Missing,
    Note,
    Stopped,
    Tick,
    read_note,
    read_source,
    unpack_answer,
)
from runout.collect.state import Clock, dump, load
from runout.lake.raw_format import Kind, Record
from runout.records import KINDS
from runout.sources.venue import Answer, Rows, Venue

_AHEAD = 2 * NANOSECONDS_PER_SECOND
_REFUSED_A_SLOT = 50
# Kinds whose rows are kept as they come; of the others one row a minute and series is kept, the first.
_EVERY_ROW = {"liquidations", "bars"}


class _Slot(msgspec.Struct):
    """What was received within a slot."""

    frames: dict[Feed, tuple[list[bytes], list[int]]] = {}
    answers: list[tuple[Feed, Record]] = []
    notes: list[tuple[int, Note]] = []
    last: int = 0


class Normaliser:
    """Reads the records of a raw log into rows.

    Parameters
    ----------
    venue_of
        Returns a venue by name.
    state
        What :meth:`state` returned earlier; None to begin.
    """

    def __init__(self, venue_of: Callable[[str], Venue], state: bytes | None = None) -> None:
        self._venue_of = functools.cache(venue_of)
        self._state = load(state)
        self._bars = {venue: Bars(data) for venue, data in self._state.bars.items()}
        self._scopes = self._state.scopes
        self._slot = _Slot()
        self._output = Output()
        self._new: list[str] = []
        self._gaps = GapRows(self._state)

    @property
    def health(self) -> Any:
        """How the feeds are."""
        return self._state.health

    @property
    def coverage(self) -> Any:
        """What is proven of the feeds."""
        return self._state.coverage

    def state(self) -> bytes:
        """Return everything a restart needs; valid between slots."""
        self._state.bars = {venue: bars.state() for venue, bars in self._bars.items()}
        return dump(self._state)

    def take(self, record: Record) -> bool:
        """Enter a record into the running slot, and return whether that ended: its rows are in :meth:`output` then."""
        if record.kind == Kind.SOURCE:
            self._describe(record)
        elif record.kind == Kind.FRAME:
            self._take_frame(record)
        elif record.kind == Kind.ANSWER:
            self._take_answer(record)
        elif record.kind == Kind.NOTE:
            return self._take_note(record)
        return False

    def output(self) -> Output:
        """Return the rows of all finished slots since the last call."""
        output, self._output = self._output, Output()
        return output

    def finish(self, now: int | None = None) -> None:
        """Make rows of the running slot; the next record begins another.

        Parameters
        ----------
        now
            Receive time (UTC ns) at which it ends; its last, if not named.
        """
        slot, self._slot = self._slot, _Slot()
        if not (slot.frames or slot.answers or slot.notes):
            return
        now = slot.last if now is None else now
        before = {feed: Clock(clock.event, clock.received) for feed, clock in self._state.clocks.items()}
        for feed, (payloads, received) in slot.frames.items():
            self._read_frames(feed, payloads, received)
        for feed, record in slot.answers:
            self._read_answer(feed, record)
        gaps = [gap for at, note in slot.notes for gap in self._read_note(note, at)]
        gaps += self._state.coverage.settle(now)
        new, self._new = self._new, []
        self._gaps.greet(new, now, self._output)
        for gap in gaps:
            self._gaps.write(gap, before, now, self._output)
        self._close_bars(now)

    # -- records ------------------------------------------------------------------------------------------------

    def _describe(self, record: Record) -> None:
        if record.source in self._state.sources:
            return
        source = read_source(record.payload)
        self._state.sources[record.source] = source
        feed = (source.venue, source.feed)
        self._state.coverage.open(record.source, feed, record.received, limit=source.limit, pace=source.pace)

    def _take_frame(self, record: Record) -> None:
        source = self._state.sources.get(record.source)
        if source is None:
            self._state.health.orphaned += 1
            return
        payloads, received = self._slot.frames.setdefault((source.venue, source.feed), ([], []))
        payloads.append(record.payload)
        received.append(record.received)
        self._slot.last = record.received

    def _take_note(self, record: Record) -> bool:
        note = read_note(record.payload)
        if isinstance(note, Began | Stopped):
            # What was open is so no more: a new process begins with sources of its own.
            self.finish(record.received)
            for gap in self._state.coverage.stop("collector stopped"):
                self._gaps.write(gap, {}, record.received, self._output)
            self._state.sources.clear()
            if isinstance(note, Began):
                self._state.synthetic = bool(note.clock)
            return True
        if isinstance(note, Listed):
            self._list_instruments(note, record.received)
        self._slot.notes.append((record.received, note))
        self._slot.last = record.received
        if isinstance(note, Tick) and note.regular:
            self.finish(record.received)
            return True
        return False

    def _take_answer(self, record: Record) -> None:
        heading, body = unpack_answer(record.payload)
        if heading.call.purpose == "instruments":
            earlier = self._state.answers.get(heading.call.venue, [])
            kept = [answer for answer in earlier if answer[0] != heading.call]
            self._state.answers[heading.call.venue] = [*kept, (heading.call, body)]
        elif source := self._state.sources.get(record.source):
            self._slot.answers.append(((source.venue, source.feed), record))
            self._slot.last = record.received

    def _list_instruments(self, note: Listed, at: int) -> None:
        name = note.venue
        answers = self._state.answers.pop(name, [])
        try:
            listed = self._venue_of(name).read_instruments(answers)
        except Exception as error:  # noqa: BLE001 - a defect of a venue's reader must not stop the others
            self._refuse((name, "instruments"), [(f"instruments cannot be read: {error}", b"")])
            return
        take_list(self._state, name, listed, whole=note.whole, at=at)

    # -- rows ---------------------------------------------------------------------------------------------------

    def _read_frames(self, feed: Feed, payloads: list[bytes], received: list[int]) -> None:
        venue = self._venue_of(feed[0])
        instruments = self._state.instruments.get(feed[0], ())

        def read(first: int, last: int) -> None:
            try:
                rows = venue.normalise(payloads[first:last], received[first:last], instruments)
            except Exception as error:  # noqa: BLE001 - whatever a frame does to a reader, the others are read
                if last - first == 1:
                    self._refuse(feed, [(f"reader failed: {type(error).__name__}: {error}", payloads[first])])
                else:
                    read(first, (first + last) // 2)
                    read((first + last) // 2, last)
                return
            self._take_rows(feed, rows, received[last - 1])

        read(0, len(payloads))

    def _read_answer(self, feed: Feed, record: Record) -> None:
        heading, body = unpack_answer(record.payload)
        venue = self._venue_of(feed[0])
        answer = Answer(status=heading.status, headers=heading.headers, body=body, received=record.received)
        try:
            if venue.judge(heading.call, answer).kind != "ok":
                return
            page = venue.read_page(heading.call, answer, self._state.instruments.get(feed[0], ()))
        except Exception as error:  # noqa: BLE001 - as above
            self._refuse(feed, [(f"reader failed: {type(error).__name__}: {error}", body)])
            return
        self._take_rows(feed, page.rows, record.received)

    def _take_rows(self, feed: Feed, rows: Rows, received: int) -> None:
        for series in rows.series:
            made_up = series.synthetic or self._state.synthetic
            note = self._state.note(series)
            self._scopes[series.series] = msgspec.structs.replace(series, synthetic=made_up, note=note)
            if self._state.feed_of.get(series.series) != feed:
                self._new += [series.series] if series.series not in self._state.feed_of else []
                self._state.feed_of[series.series] = feed
        if rows.refused.height:
            self._refuse(feed, list(rows.refused.select("fault", "raw").iter_rows()))
        self._state.health.note(feed[0], rows.unknown)
        self._advance(feed, rows.tables, received)
        health = self._state.health.feed(*feed)
        for kind, table in rows.tables.items():
            if kind == "trades":
                self._take_trades(feed, table)
                continue
            kept = table if kind in _EVERY_ROW else self._first_of_minute(kind, table)
            self._output.add(kind, kept)
            health.rows += kept.height
            for name in kept["series"].unique(maintain_order=True):
                self._output.series[name] = self._scopes[name]

    def _take_trades(self, feed: Feed, table: pl.DataFrame) -> None:
        sound = table.filter(
            (pl.col("price") > 0) & pl.col("price").is_finite() & (pl.col("quantity_base") >= 0)
            & pl.col("quantity_base").is_finite() & (pl.col("event_time") >= 0) & pl.col("value_usd").is_finite()
            & pl.all_horizontal(pl.col("series", "coin", "sequence", "taker_buys").is_not_null())
        )  # fmt: skip
        health = self._state.health.feed(*feed)
        health.quarantined += table.height - sound.height
        if sound.is_empty():
            return
        steps = {name: self._scopes[name].step or NANOSECONDS_PER_MINUTE for name in sound["series"].unique()}
        for name in steps:
            self._state.since.setdefault(name, self._state.clocks[feed].event)
        self._bars.setdefault(feed[0], Bars()).add(sound, steps)

    def _first_of_minute(self, kind: str, table: pl.DataFrame) -> pl.DataFrame:
        names = [name for name in KINDS[kind].revision_key if name != "event_time"]
        minutes = self._state.minutes
        keep: list[bool] = []
        for time, *key in table.select("event_time", *names).iter_rows():
            identity, minute = "|".join([kind, *map(str, key)]), time // NANOSECONDS_PER_MINUTE
            keep.append(minute > minutes.get(identity, -1))
            if keep[-1]:
                minutes[identity] = minute
        return table.filter(pl.Series(keep, dtype=pl.Boolean))

    def _advance(self, feed: Feed, tables: dict[str, pl.DataFrame], received: int) -> None:
        """Advance the venue's clock to the latest event, but not into our future."""
        times = [table["event_time"].max() for table in tables.values() if table.height]
        if not times:
            return
        event = min(max(msgspec.convert(times, list[int])), received + _AHEAD)
        for key in (feed, (feed[0], "")):
            clock = self._state.clocks.get(key)
            if clock is None or event > clock.event:
                self._state.clocks[key] = Clock(event, received)
        self._state.health.feed(*feed).lag_seconds = (received - event) / NANOSECONDS_PER_SECOND

    def _refuse(self, feed: Feed, faults: Sequence[tuple[str, bytes]]) -> None:
        self._state.health.feed(*feed).quarantined += len(faults)
        kept = faults[:_REFUSED_A_SLOT]
        rows = {
            "sha256": [hashlib.sha256(raw).hexdigest() for _, raw in kept],
            "name": [f"{feed[0]}/{feed[1]}"] * len(kept),
            "row": [0] * len(kept),
            "fault": [fault[:1000] for fault, _ in kept],
            "raw": [raw[: 1 << 20] for _, raw in kept],
        }
        self._output.add("quarantine", pl.DataFrame(rows))

    # -- notes, gaps, bars --------------------------------------------------------------------------------------

    def _read_note(self, note: Note, at: int) -> list[Gap]:
        coverage = self._state.coverage
        match note:
            case Tick(alive=alive):
                self._count(alive, at)
                return [gap for source, proof in alive.items() for gap in coverage.prove(source, *proof)]
            case Closed(source=source, cause=cause, planned=planned):
                self._state.sources.pop(source, None)
                return coverage.end(source, cause, planned=planned)
            case Failed(venue=venue, feed=feed, cause=cause):
                coverage.fail((venue, feed), cause, at)
            case Missing():
                lack = Lack(
                    source=note.source, since=note.since, until=note.until, cause=note.cause, kind=note.kind,
                    stream=note.stream,
                )  # fmt: skip
                coverage.lack(lack)
            case Listed(venue=venue, whole=True):
                end_delisted(self._state, venue, at, self._output)
            case Dropped():
                return [
                    Gap(venue=venue, feed=feed, since=note.since, until=note.until, cause=note.cause)
                    for venue, feed in coverage.feeds
                ]
            case Jumped():
                self._state.health.clock_jumps += 1
            case _:
                pass
        return []

    def _count(self, alive: dict[int, tuple[int, int, int]], at: int) -> None:
        for source, (frames, _, last) in alive.items():
            if described := self._state.sources.get(source):
                self._state.health.feed(described.venue, described.feed).count(frames, last)
        for feed in self._state.health.feeds.values():
            feed.turn(at)

    def _close_bars(self, known: int) -> None:
        for venue, bars in self._bars.items():
            clock = self._state.clocks.get((venue, ""))
            if clock is None:
                continue
            outcome = bars.close(clock.event, known)
            closed = outcome.bars
            self._state.health.repeated += outcome.repeated
            self._state.health.late += outcome.late
            if closed.is_empty():
                continue
            whole = pl.Series([self._is_whole(*row) for row in closed.select("series", "event_time", "span").rows()])
            self._output.add("bars", closed.filter(whole))
            for name in closed["series"].unique(maintain_order=True):
                health = self._state.health.feed(*self._state.feed_of[name])
                of_series = pl.col("series") == name
                health.rows += closed.filter(whole).filter(of_series).height
                health.partial += closed.filter(~whole).filter(of_series).height
                self._output.series[name] = self._scopes[name]

    def _is_whole(self, series: str, end: int, span: int) -> bool:
        """Return whether no trade of a bar can be missing: its feed was covered from its start to its end."""
        start = end - span
        if start < self._state.since[series]:
            return False
        feed = self._state.feed_of[series]
        holes = [hole for hole in self._state.holes.get(feed, []) if hole.since < end and hole.until > start]
        return not any(series in self._gaps.affected(feed, hole) for hole in holes)
