"""A collector as a process: records, has a second process make rows of it, says how it is, and ends in order."""

import asyncio
import contextlib
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from runout.clock import NANOSECONDS_PER_SECOND, monotonic_seconds, now_ns
from runout.collect.following import Follower, Pace
from runout.collect.keeping import Standing
from runout.collect.polling import Ask
from runout.collect.recorder import Recorder
from runout.collect.supervisor import Scope, Supervisor
from runout.errors import LakeError
from runout.lake import Lake
from runout.lake.raw_log import Policy, RawLog
from runout.lake.tail import TAIL_FILE, Tail
from runout.sources.venue import Connection, Venue
from runout.version import CODE_VERSION

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

STATUS_FILE: Final = "collector.json"
_STATUS_SECONDS = 2.0
_IDLE_SECONDS = 0.05
_LAST_SECONDS = 60.0
"""For which a process that was told to end goes on making rows; systemd waits twice as long."""
_DATA_SECONDS = 120.0


class CollectorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a collector says of itself every two seconds.

    Parameters
    ----------
    name, pid, code, started, updated, ended
        Folder name; process; version; UTC ns; whether it was ended in order.
    connections, polls
        How each copy of each connection is; how many calls are repeated.
    segment, appended, durable, dropped, waiting_bytes, torn_bytes, fault
        Of the raw log: segment being written, records taken, forced to the disk, dropped, waiting in memory; bytes cut
        off at the last start; what the disk says.
    stored_bytes, free_bytes
        Size of the raw log; room on its disk.
    memory_bytes, restarts
        Of this process; how often the process that makes rows was begun anew.
    """

    name: str
    pid: int
    code: str
    started: int
    updated: int
    ended: bool
    connections: tuple[Standing, ...]
    polls: int
    segment: int
    appended: int
    durable: int
    dropped: int
    waiting_bytes: int
    torn_bytes: int
    fault: str
    stored_bytes: int
    free_bytes: int
    memory_bytes: int
    restarts: int


class Service:
    """One collector.

    Parameters
    ----------
    folder
        Its raw log, tail and status.
    lake
        Address of the lake.
    venues
        Venue, and what to record of it.
    ask, address
        Makes a REST call; returns the full address of a connection.
    venue_of
        Returns a venue by name, in the process that makes rows.
    policy, pace
        Of the raw log; of the rows.
    refresh_seconds
        How often instruments are asked for anew.
    """

    def __init__(
        self,
        folder: Path,
        lake: str,
        venues: Sequence[tuple[Venue, Scope]],
        *,
        ask: Ask,
        address: Callable[[Venue, Connection], str],
        venue_of: Callable[[str], Venue],
        policy: Policy | None = None,
        pace: Pace | None = None,
        refresh_seconds: float = 3600.0,
    ) -> None:
        self.folder = folder
        self._lake, self._venue_of, self._pace = lake, venue_of, pace or Pace()
        self.log = RawLog(folder, policy, code=CODE_VERSION)
        self._recorder = Recorder(self.log)
        self.supervisor = Supervisor(self._recorder, venues, ask, address, refresh_seconds=refresh_seconds)
        self._started = now_ns()
        self._restarts = -1
        self._ended = False
        self._context = multiprocessing.get_context("spawn")
        self._stop: Event = self._context.Event()
        self._follower: BaseProcess | None = None
        self._say = structlog.get_logger("collect")

    async def run(self, *, seconds: float | None = None) -> None:
        """Record until SIGINT or SIGTERM, or for some seconds; then end in order."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                loop.add_signal_handler(number, ended.set)
        recording = asyncio.create_task(self.supervisor.run())
        saying = asyncio.create_task(self._keep_saying())
        try:
            await asyncio.wait(
                {asyncio.create_task(ended.wait()), recording, saying},
                timeout=seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            notify("STOPPING=1")
            for task in (recording, saying):
                task.cancel()
            outcomes = await asyncio.gather(recording, saying, return_exceptions=True)
            await asyncio.to_thread(self._end)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def status(self) -> CollectorStatus:
        """Return how the collector is."""
        log = self.log
        return CollectorStatus(
            name=self.folder.name, pid=os.getpid(), code=CODE_VERSION, started=self._started, updated=now_ns(),
            ended=self._ended, connections=tuple(self.supervisor.standings()),
            polls=len(self.supervisor.polled()), segment=log.segment,
            appended=log.appended, durable=log.durable, dropped=log.dropped, waiting_bytes=log.waiting_bytes,
            torn_bytes=log.torn, fault=log.fault,
            stored_bytes=sum(path.stat().st_size for path in self.folder.glob("*.log*")),
            free_bytes=shutil.disk_usage(self.folder).free, memory_bytes=memory_bytes(),
            restarts=max(0, self._restarts),
        )  # fmt: skip

    async def _keep_saying(self) -> None:
        ready = False
        while True:
            self._keep_following()
            status = self.status()
            newest = max((standing.last_data for standing in status.connections), default=0)
            fresh = now_ns() - newest < _DATA_SECONDS * self._recorder.pace * NANOSECONDS_PER_SECOND
            if fresh and not ready:
                ready = True
                notify("READY=1")
            # The watchdog is fed by data and by a disk that takes them, not by the mere running of this loop.
            if fresh and not status.fault:
                notify("WATCHDOG=1")
            with contextlib.suppress(OSError):
                write_whole(self.folder / STATUS_FILE, msgspec.json.encode(status))
            await asyncio.sleep(_STATUS_SECONDS)

    def _keep_following(self) -> None:
        if self._follower is not None and self._follower.is_alive():
            return
        self._restarts += 1
        if self._restarts:
            self._say.error("the process that makes rows ended; begun anew", restarts=self._restarts)
        arguments = (self.folder, self._lake, self._venue_of, self._pace, self._stop)
        self._follower = self._context.Process(target=follow, args=arguments, name="follower", daemon=True)
        self._follower.start()

    def _end(self) -> None:
        self.log.close()
        self._stop.set()
        if self._follower is not None:
            self._follower.join()
        self._ended = True
        with contextlib.suppress(OSError):
            write_whole(self.folder / STATUS_FILE, msgspec.json.encode(self.status()))


def follow(
    folder: Path, lake: str, venue_of: Callable[[str], Venue], pace: Pace, stop: Event, *, patience: float = 1.0
) -> None:
    """Make rows of a raw log until told to stop: then to its end or for a minute, and bring all to the lake.

    What cannot be written is tried again; the recording goes on meanwhile.

    Parameters
    ----------
    folder, lake, venue_of, pace
        As of :class:`Service`.
    stop
        Set to end.
    patience
        Seconds before what failed is tried again.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log_to_stderr()
    parent, say = os.getppid(), structlog.get_logger("collect")
    with contextlib.suppress(OSError):
        os.nice(5)
    while True:
        try:
            with contextlib.closing(Tail(folder / TAIL_FILE, exclusive=True)) as tail:
                reader = Follower(folder, venue_of, tail, Lake(lake), pace)
                ending: float | None = None
                while os.getppid() == parent:
                    more = reader.step()
                    if stop.is_set():
                        ending = monotonic_seconds() if ending is None else ending
                        late = monotonic_seconds() - ending > _LAST_SECONDS
                        if late:
                            say.warning("ended before all that was recorded became rows; the next start goes on")
                        if late or not more:
                            reader.end()
                            return
                    elif not more:
                        time.sleep(_IDLE_SECONDS)
                return
        except LakeError as error:
            say.error("rows cannot be written; tried again", fault=str(error))
            if stop.is_set() or os.getppid() != parent:
                return
            time.sleep(patience)


def log_to_stderr() -> None:
    """Write the log to stderr: lines for people on a terminal, else a JSON object a line."""
    last = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def notify(state: str) -> None:
    """Tell systemd a state, if it started us (``Type=notify``)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(state.encode(), address.replace("@", "\0", 1))


def memory_bytes() -> int:
    """Return the resident memory of this process; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file so that a reader sees the old or the new one, never a part."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)
