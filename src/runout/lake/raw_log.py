"""The raw log: what was received, as it came, before anything reads it.

A folder of numbered segments. Records are appended to the newest; it is closed by size or age and compressed. A restart
recovers what a crash left open and begins a new segment, so nothing is ever written over.

What survives what: a record handed to :meth:`RawLog.append` is written within ``flush_seconds`` (a killed process loses
less than that) and forced to the disk at least every ``sync_seconds`` (a power cut loses less than that and what was
being forced). Only what was forced counts in :attr:`RawLog.durable`: that is the acknowledgement.
"""

import contextlib
import fcntl
import os
import threading
from pathlib import Path

import msgspec
from xxhash import xxh3_128

from runout.clock import monotonic_seconds, now_ns
from runout.errors import LakeError, UsageError
from runout.lake.raw_format import Begin, End, Kind, encode
from runout.lake.raw_segments import Segment, compress, recover, segments

_OPEN = os.O_CREAT | os.O_EXCL | os.O_RDWR


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """When the raw log is written, forced to the disk, closed, and how much may wait.

    Parameters
    ----------
    flush_seconds
        How long a record may wait in memory.
    sync_seconds
        How long a written record may wait until it is forced to the disk; 0: after each write; negative: never by us.
    roll_bytes, roll_seconds
        Size and age at which a segment is closed.
    buffer_bytes
        What may wait in memory while the disk does not take it; more is dropped, and counted.
    keep_seconds
        Age at which closed segments that have been read to the end may be removed; 0: never.
    """

    flush_seconds: float = 0.05
    sync_seconds: float = 0.5
    roll_bytes: int = 64 << 20
    roll_seconds: float = 3600.0
    buffer_bytes: int = 128 << 20
    keep_seconds: float = 0.0


class Dropped(msgspec.Struct, frozen=True):
    """Records that could not be kept because the disk did not take them: how many, from when to when (UTC ns)."""

    count: int
    first: int
    last: int


class RawLog:
    """The raw log of a collector, open for writing by a thread of its own.

    Parameters
    ----------
    folder
        Folder of the collector's segments; made if absent.
    policy
        When to write, force and close.
    code
        Version of the code, for the heading of each segment.

    Raises
    ------
    UsageError
        If another process writes there.
    LakeError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path, policy: Policy | None = None, *, code: str = "") -> None:
        self.folder = folder
        self.policy = policy or Policy()
        self.appended = self.written = self.durable = 0
        self.fault = self.last_fault = ""
        self.torn = 0
        self._code = code
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._dropped: Dropped | None = None
        self._dropped_total = 0
        self._sources: dict[int, bytes] = {}
        self._taken = threading.Lock()
        self._stop = threading.Event()
        self._synced = monotonic_seconds()
        self._fd = -1
        self._lock = _locked(folder)
        try:
            left = [segment for segment in segments(folder) if not segment.compressed]
            self.torn = sum(recover(segment) for segment in left)
            self._number = max((segment.number for segment in segments(folder)), default=0)
            self._begin()
        except OSError as error:
            os.close(self._lock)
            raise LakeError(f"cannot write the raw log in {folder}: {error}") from error
        self._compress(left)
        self._thread = threading.Thread(target=self._run, name="raw-log", daemon=True)
        self._thread.start()

    # -- the receiving side ---------------------------------------------------------------------------------------

    def append(self, kind: Kind, source: int, payload: bytes, received: int) -> int:
        """Take a record and return its place in the order of appending, from 1; 0 if it was dropped.

        It is acknowledged once :attr:`durable` has reached that place.
        """
        record = encode(kind, source, payload, received)
        with self._taken:
            if self._pending_bytes + len(record) > self.policy.buffer_bytes:
                before = self._dropped or Dropped(0, received, received)
                self._dropped = Dropped(before.count + 1, before.first, received)
                self._dropped_total += 1
                return 0
            self._pending.append(record)
            self._pending_bytes += len(record)
            self.appended += 1
            return self.appended

    def open_source(self, number: int, description: bytes, received: int) -> None:
        """Describe a source; the description is repeated in each segment until :meth:`close_source`."""
        with self._taken:
            self._sources[number] = description
        self.append(Kind.SOURCE, number, description, received)

    def close_source(self, number: int) -> None:
        """Stop repeating the description of a source."""
        with self._taken:
            self._sources.pop(number, None)

    def take_dropped(self) -> Dropped | None:
        """Return what was dropped since the last call, once the log has room again."""
        with self._taken:
            if self._dropped is None or self._pending_bytes > self.policy.buffer_bytes // 2:
                return None
            dropped, self._dropped = self._dropped, None
            return dropped

    @property
    def waiting_bytes(self) -> int:
        """Bytes in memory that the disk has not taken."""
        return self._pending_bytes

    @property
    def dropped(self) -> int:
        """Records dropped since the log was opened."""
        return self._dropped_total

    @property
    def segment(self) -> int:
        """Number of the segment being written."""
        return self._number

    def close(self) -> None:
        """Write and force what is there, close the segment, and release the folder."""
        self._stop.set()
        self._thread.join()
        with contextlib.suppress(OSError):
            self._write()
            self._finish()
            self._compress([self._path])
        for thread in threading.enumerate():
            if thread.name == f"compress {self.folder}":
                thread.join()
        if self._fd >= 0:
            os.close(self._fd)
        os.close(self._lock)

    # -- the writing thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.wait(max(self.policy.flush_seconds, 0.001)):
            try:
                self._write()
                if self._offset >= self.policy.roll_bytes or self._age() >= self.policy.roll_seconds:
                    self._finish()
                    full = self._path
                    self._begin()
                    self._compress([full])
                self.fault = ""
            except OSError as error:
                # A full or read-only disk: the records stay in memory up to the bound, and every step tries again.
                self.fault = self.last_fault = str(error)
                self._stop.wait(0.2)

    def _write(self) -> None:
        if self._fd < 0:
            self._begin()
        with self._taken:
            taken = self._pending
            self._pending = []
        if taken:
            try:
                self._put(b"".join(taken), len(taken))
            except OSError:
                with self._taken:
                    self._pending = taken + self._pending
                raise
            self.written += len(taken)
            with self._taken:
                self._pending_bytes -= sum(map(len, taken))
        due = self.policy.sync_seconds >= 0 and monotonic_seconds() - self._synced >= self.policy.sync_seconds
        if self.durable < self.written and due:
            self._sync()

    def _put(self, data: bytes, records: int) -> None:
        """Write at the end of what is sound: an attempt that failed half-way is written over by the next."""
        view, place = memoryview(data), self._offset
        while view:
            count = os.pwrite(self._fd, view, place)
            view, place = view[count:], place + count
        self._offset = place
        self._checksum.update(data)
        self._records += records

    def _sync(self) -> None:
        reached = self.written
        os.fdatasync(self._fd)
        self._synced = monotonic_seconds()
        self.durable = reached

    def _begin(self) -> None:
        """Make the next segment; if that fails, no file of it is left."""
        began = now_ns()
        path = Segment.fresh(self.folder, self._number + 1, began)
        heading = msgspec.json.encode(Begin(segment=path.number, began=began, code=self._code))
        with self._taken:
            sources = list(self._sources.items())
        records = [encode(Kind.BEGIN, 0, heading, began)]
        records += [encode(Kind.SOURCE, number, description, began) for number, description in sources]
        self._fd, self._offset, self._records = os.open(path.path, _OPEN, 0o644), 0, 0
        self._checksum = xxh3_128()
        try:
            self._put(b"".join(records), len(records))
            os.fsync(self._fd)
        except OSError:
            os.close(self._fd)
            self._fd = -1
            path.path.unlink()
            raise
        _sync_folder(self.folder)
        self._path, self._number, self._began = path, path.number, monotonic_seconds()

    def _finish(self) -> None:
        """End the segment: force it, and say what it holds."""
        end = End(records=self._records, length=self._offset, checksum=self._checksum.hexdigest())
        self._put(encode(Kind.END, 0, msgspec.json.encode(end), now_ns()), 1)
        self._sync()
        os.close(self._fd)
        self._fd = -1

    def _age(self) -> float:
        return monotonic_seconds() - self._began

    def _compress(self, closed: list[Segment]) -> None:
        """Compress closed segments beside the writing; one that cannot be stays as it is until the next start."""

        def work() -> None:
            for segment in closed:
                with contextlib.suppress(OSError):
                    compress(segment)

        threading.Thread(target=work, name=f"compress {self.folder}", daemon=True).start()


def _locked(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise LakeError(f"cannot write the raw log in {folder}: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise UsageError(
            f"another collector writes to {folder}; give this one another name, or stop the other"
        ) from error
    return lock


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
