"""Commands that run beside one another as processes of their own, begun anew when they end, ended together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from runout.clock import monotonic_seconds

_LEAST_WAIT: Final = 1.0
_MOST_WAIT: Final = 60.0
_STEADY: Final = 120.0
"""Seconds after which a process counts as steady: the wait before its next start begins small again."""
_PATIENCE: Final = 15.0


PARENT: Final = "RUNOUT_PARENT"
"""Variable that names the process a command belongs to; it ends when that one does, however it ended."""


def end_with_parent() -> None:
    """End this process as by SIGTERM once the process that :data:`PARENT` names is no longer its parent."""
    parent = os.environ.pop(PARENT, "")

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    if parent.isdigit():
        threading.Thread(target=watch, name="parent", daemon=True).start()


class _Child(msgspec.Struct):
    arguments: tuple[str, ...]
    process: "subprocess.Popen[bytes]"
    begun: float
    once: bool
    wait: float = _LEAST_WAIT
    again: float | None = None


class Children:
    """Processes of this program; ``with`` ends them all.

    Parameters
    ----------
    environment
        Environment of each.
    logs
        Folder of their logs, one a process; what a process says on its standard error goes there.
    """

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        self._environment, self._logs = {**environment, PARENT: str(os.getpid())}, logs
        self._children: dict[str, _Child] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._children.values():
            child.process.terminate()
        for child in self._children.values():
            try:
                child.process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()

    def set(self, name: str, value: str) -> None:
        """Set a variable in the environment of processes that are started from now on."""
        self._environment[name] = value

    def start(self, name: str, *arguments: str, once: bool = False) -> None:
        """Start ``runout ARGUMENTS`` under a name; with ``once`` it is not begun anew when it ends."""
        self._children[name] = _Child(arguments, self._spawn(name, arguments), monotonic_seconds(), once)

    def log(self, name: str) -> Path:
        """Return the log of a process."""
        return self._logs / f"{name}.log"

    def exit_code(self, name: str) -> int | None:
        """Return how a process ended; None while it runs."""
        return self._children[name].process.poll()

    def mend(self) -> list[str]:
        """Begin anew what has ended, after a wait that doubles, and return the names of what was found ended."""
        ended: list[str] = []
        for name, child in self._children.items():
            now = monotonic_seconds()
            if child.once or child.process.poll() is None:
                continue
            if child.again is None:
                ended.append(name)
                child.wait = _LEAST_WAIT if now - child.begun > _STEADY else min(2 * child.wait, _MOST_WAIT)
                child.again = now + child.wait
            elif now >= child.again:
                child.process, child.begun, child.again = self._spawn(name, child.arguments), now, None
        return ended

    def _spawn(self, name: str, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
        with self.log(name).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "runout", *arguments],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
