"""How a collector is, from the files it writes: for people, for programs and for Prometheus."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from runout.clock import NANOSECONDS_PER_SECOND, now_ns
from runout.collect.following import Status
from runout.collect.health import FeedHealth, Finding, findings
from runout.collect.recorder import pace_of_clock
from runout.collect.service import STATUS_FILE, CollectorStatus
from runout.errors import LakeError, NotEnoughDataError
from runout.lake.raw_reader import Position
from runout.lake.tail import TAIL_FILE, Tail

_STALE_SECONDS = 15.0
_BEHIND_SECONDS = 60.0
_LOW_BYTES = 2 << 30


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a feed is.

    Parameters
    ----------
    feed
        ``venue/feed``.
    state
        ``open`` with copies open of all, ``waiting`` for the next try, ``polled``, ``stopped``.
    age_seconds
        Since its last data; null: never.
    rate, usual
        Data frames a minute over the last ten minutes; the mean over about a day.
    rows, gaps, gap_seconds, gap_cause, reconnects, quarantined, partial_bars
        Counts since the beginning; seconds and latest cause.
    lag_seconds
        Receive time minus event time.
    """

    feed: str
    state: str
    age_seconds: float | None
    rate: float | None
    usual: float
    rows: int
    gaps: int
    gap_seconds: float
    gap_cause: str
    reconnects: int
    quarantined: int
    partial_bars: int
    lag_seconds: float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a collector is, at a moment (UTC ns)."""

    name: str
    at: int
    running: bool
    collector: CollectorStatus | None
    behind_seconds: float | None
    waiting_rows: dict[str, int]
    feeds: tuple[FeedStatus, ...]
    findings: tuple[Finding, ...]
    unknown: dict[str, int]


def collectors(folder: Path) -> list[Path]:
    """Return the folders of the collectors below a folder."""
    return sorted(path.parent for path in folder.glob(f"*/{STATUS_FILE}"))


def report(folder: Path, at: int | None = None) -> Report:
    """Return how the collector of a folder is.

    Raises
    ------
    NotEnoughDataError
        If no collector ever ran there.
    """
    now = at or now_ns()
    try:
        collector = msgspec.json.decode((folder / STATUS_FILE).read_bytes(), type=CollectorStatus)
    except (OSError, msgspec.DecodeError) as error:
        raise NotEnoughDataError(f"no collector ran in {folder}; `runout collect` starts one") from error
    status, waiting = _of_tail(folder / TAIL_FILE)
    fresh = now - collector.updated < _STALE_SECONDS * pace_of_clock() * NANOSECONDS_PER_SECOND
    running = fresh and not collector.ended
    feeds = tuple(_feeds(collector, status, now, running=running))
    behind = (now - status.behind) / NANOSECONDS_PER_SECOND if status.behind else None
    pace = pace_of_clock()
    limits = {f"{item.venue}/{item.feed}": item.limit * pace for item in collector.connections} if running else {}
    results = [*_of_collector(collector, status, now, running=running), *findings(status.health, limits, now)]
    return Report(
        name=folder.name, at=now, running=running, collector=collector, behind_seconds=behind, waiting_rows=waiting,
        feeds=feeds, findings=tuple(results), unknown=status.health.unknown,
    )  # fmt: skip


def _of_tail(file: Path) -> tuple[Status, dict[str, int]]:
    try:
        tail = Tail(file, read_only=True)
    except LakeError:
        return Status(position=Position()), {}
    try:
        text = tail.state("status")
        return msgspec.json.decode(text, type=Status) if text else Status(position=Position()), tail.waiting()
    finally:
        tail.close()


def _feeds(collector: CollectorStatus, status: Status, now: int, *, running: bool) -> Iterator[FeedStatus]:
    copies: dict[str, list[Any]] = {}
    for standing in collector.connections if running else ():
        copies.setdefault(f"{standing.venue}/{standing.feed}", []).append(standing)
    for name in sorted({*copies, *status.health.feeds}):
        of_feed = copies.get(name, [])
        health = status.health.feeds.get(name, FeedHealth())
        last = max([health.last, *(item.last_data for item in of_feed)])
        is_open = sum(item.state == "open" for item in of_feed)
        state = f"open {is_open}/{len(of_feed)}" if of_feed else "polled" if running else "stopped"
        yield FeedStatus(
            feed=name, state=state, age_seconds=(now - last) / NANOSECONDS_PER_SECOND if last else None,
            rate=health.rate(), usual=health.usual, rows=health.rows, gaps=health.gaps,
            gap_seconds=health.gap_seconds, gap_cause=health.gap_cause,
            reconnects=sum(item.reconnects for item in of_feed), quarantined=health.quarantined,
            partial_bars=health.partial, lag_seconds=health.lag_seconds,
        )  # fmt: skip


def _of_collector(collector: CollectorStatus, status: Status, now: int, *, running: bool) -> Iterator[Finding]:
    if not running:
        age = (now - collector.updated) / NANOSECONDS_PER_SECOND
        ended = "was ended" if collector.ended else "does not run, and was not ended in order: last heard of"
        yield Finding("collector", "warning" if collector.ended else "fault", f"{ended} {age:.0f} s ago")
        return
    behind = (now - status.behind) / NANOSECONDS_PER_SECOND if status.behind else 0.0
    log, torn, free = "raw log", collector.torn_bytes, collector.free_bytes
    checks: tuple[tuple[bool, str, Literal["warning", "fault"], str], ...] = (
        (bool(collector.fault), log, "fault", f"the disk does not take it: {collector.fault}"),
        (collector.dropped > 0, log, "fault", f"{collector.dropped} records dropped since the start"),
        (torn > 0, log, "warning", f"{torn} bytes of an unfinished record cut off at the start"),
        (free < _LOW_BYTES, log, "warning", f"{free / 1e9:.1f} GB left on the disk"),
        (status.passed_bytes > 0, log, "fault", f"{status.passed_bytes} bytes are no records: `runout raw verify`"),
        (collector.restarts > 0, "rows", "warning", f"their process was begun anew {collector.restarts} times"),
        (behind > _BEHIND_SECONDS * pace_of_clock(), "rows", "warning", f"{behind:.0f} s behind what is received"),
        (bool(status.fault), "lake", "fault", f"rows wait in the tail: {status.fault}"),
    )
    for wrong, about, severity, says in checks:
        if wrong:
            yield Finding(about, severity, says)
    for connection in collector.connections:
        for words in connection.refusals:
            yield Finding(f"{connection.venue}/{connection.feed}", "fault", f"subscription refused: {words}")
