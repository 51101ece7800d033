"""What has been computed from which rows: kept in the lake, so that the next time only what is new is computed.

Of each computation and each of its input series: how many rows there were and the last time they spoke of. If all rows
that came since are later, only the tail is new; if not, history has changed, and all is computed again.
"""

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_HOUR
from runout.lake import Lake
from runout.records import KINDS
from runout.version import METHOD_VERSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

Inputs = Mapping[str, tuple[str, ...]]
_OF: Final = " of "
_NEAR: Final = NANOSECONDS_PER_HOUR
"""Before the newest row of a kind: rows after a moment within are counted for all its series at once."""
_NONE: Final = np.zeros(0, np.int64)


class Extent(msgspec.Struct, frozen=True):
    """Last time that rows of a series speak of, UTC ns, and how many there are."""

    last: int
    rows: int


class Fresh(msgspec.Struct, frozen=True):
    """What is new to a computation: everything, or rows after a moment (UTC ns).

    ``after`` is 0 for everything; ``changed`` says that rows below what was computed were added or taken.
    """

    after: int
    changed: bool = False


class DerivedState:
    """The state of all computations of a lake; read once, written when asked.

    Parameters
    ----------
    lake
        The lake.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        metrics = lake.scan("computations").filter(pl.col("method_version") == METHOD_VERSION).collect()
        columns = metrics.sort("through", "rows_used").select("computation", "through", "rows_used").iter_rows()
        self._known = {name: Extent(through, rows) for name, through, rows in columns}
        self._present: dict[tuple[str, str], Extent] = {}
        self._first: dict[tuple[str, str], int] = {}
        self._read: set[str] = set()
        self._later: dict[str, tuple[int, dict[str, NDArray[np.int64]]]] = {}
        self._dirty, self._written = False, time.monotonic()

    def look(self, kinds: Iterable[str]) -> None:
        """Note how far the series of kinds go now; of a kind that was looked at before, what was written since."""
        self._later = {}
        for kind in sorted(set(kinds)):
            for series, rows, first, last in self._lake.extent([kind]).iter_rows():
                self._present[kind, series], self._first[kind, series] = Extent(last, rows), first

    def last(self, kind: str, series: str) -> int:
        """Return the last time that a series speaks of, UTC ns; 0 without rows."""
        extent = self._present.get((kind, series))
        return extent.last if extent else 0

    def first(self, kind: str, names: Iterable[str]) -> int:
        """Return the first time that any of some series speaks of, UTC ns; 0 without rows."""
        return min((self._first[kind, name] for name in names if (kind, name) in self._first), default=0)

    def fresh(self, name: str, inputs: Inputs, step: int = 0) -> Fresh | None:
        """Return what of the inputs is new to a computation; None for nothing.

        With a step, new is what brings an input beyond a whole step of time.
        """
        now = self._extents(inputs)
        before = {key: self._known.get(_key(name, *key)) for key in now}
        moved = {key: existing for key, existing in before.items() if existing != now[key]}
        if not moved:
            return None
        if any(existing is None for existing in before.values()):
            return Fresh(0, changed=name in self._known)
        last = {key: existing.last for key, existing in moved.items() if existing is not None}
        if step and all(now[key].last // step == time // step for key, time in last.items()):
            return None
        for key, stored in moved.items():
            if stored is not None and now[key].rows - stored.rows != self._rows_after(*key, stored.last):
                return Fresh(0, changed=True)
        return Fresh(min(last.values()))

    def done(self, name: str, inputs: Inputs) -> None:
        """Note that a computation has used all rows of its inputs."""
        now = self._extents(inputs)
        self._known[name] = Extent(max(item.last for item in now.values()), sum(item.rows for item in now.values()))
        self._known |= {_key(name, *key): stored for key, stored in now.items()}
        self._dirty = True

    def forget_readers(self, series: str) -> None:
        """Have everything that reads a series computed again from the start; written at once."""
        gone = [key for key in self._known if key.endswith(f"{_OF}{series}")]
        if gone:
            self._known = {key: stored for key, stored in self._known.items() if key not in set(gone)}
            self._dirty = True
            self.write()

    def write(self, *, within: float = 0.0) -> None:
        """Write the state, if it has changed and was not written within the last seconds.

        Raises
        ------
        LakeError
            If the lake cannot be written.
        """
        if not self._dirty or time.monotonic() - self._written < within:
            return
        rows = [(name, METHOD_VERSION, stored.last, stored.rows) for name, stored in sorted(self._known.items())]
        self._lake.set_computations(pl.DataFrame(rows, schema=KINDS["computations"].dtypes, orient="row"))
        self._dirty, self._written = False, time.monotonic()

    def _extents(self, inputs: Inputs) -> dict[tuple[str, str], Extent]:
        keys = [(kind, name) for kind, names in inputs.items() for name in names]
        return {key: self._present[key] for key in keys if key in self._present}

    def _rows_after(self, kind: str, series: str, last: int) -> int:
        """Return how many rows of a series speak of moments after ``last``, up to the last that was looked at."""
        until = self.last(kind, series)
        if kind not in self._later:
            first = max(extent.last for key, extent in self._present.items() if key[0] == kind) - _NEAR
            rows = self._lake.between(kind, first).select("series", "event_time").collect()
            parts = rows.sort("event_time").partition_by("series", as_dict=True)
            self._later[kind] = first, {str(name): part["event_time"].to_numpy() for (name,), part in parts.items()}
        first, near = self._later[kind]
        if last + 1 < first:
            rows = self._lake.between(kind, last + 1, until).filter(pl.col("series") == series)
            return rows.select(pl.len()).collect().item()
        times = near.get(series, _NONE)
        return int(np.diff(np.searchsorted(times, [last, until], side="right"))[0])


def _key(name: str, kind: str, series: str) -> str:
    return f"{name}{_OF}{kind} {series}" if kind == "gaps" else f"{name}{_OF}{series}"
