"""Bring derived state up to date: series put together from others, indicators that need long history, flush events.

Each computation runs over what was known at successive moments: a revision of an input adds rows known from then on
and leaves the earlier ones, so a bulletin as of a moment reads what stood then. Only the tail is computed anew, from
the last computed time minus the computation's lookback; where rows below that time were added since, everything is.
"""

from collections.abc import Callable, Sequence

import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.lake import Lake
from runout.lake.merging import latest_versions
from runout.pipeline.derivations import Computation, Sum, computations, joint_sums, venue_sums
from runout.pipeline.derivations.sums import rows_of_sum
from runout.pipeline.derived_state import DerivedState, Fresh
from runout.pipeline.progress import Progress, no_progress
from runout.quality.usable import usable
from runout.records import KINDS, Series

_BATCH = 25
"""Computations written together."""
_UNWRITTEN = 5.0
"""Seconds of computing for which the state is not written: interrupted, they are computed again."""
_ONCE = 5 * NANOSECONDS_PER_DAY
"""Sums whose inputs are read from within so long share one reading."""


def compute(lake: Lake, *, progress: Progress = no_progress) -> int:
    """Compute what is missing of a lake's derived state.

    Returns
    -------
    int
        Rows written. A second call without new data writes none.
    """
    written = add_new(lake, progress=progress)
    lake.compact()
    return written


def add_new(lake: Lake, *, at: int | None = None, progress: Progress = no_progress) -> int:
    """Compute what is missing, as :func:`compute`, and leave the files as they are: what one more minute costs.

    With ``at``, the moment (UTC ns) up to which rows are held, series put together are left alone whose next step of
    time is not over by then, and what only saves time is left to :func:`add_states`.
    """
    state = DerivedState(lake)
    written = put_together(lake, state, at)
    plan = [item for item in computations(lake.series()) if at is None or not item.saves_time]
    return written + _derive(lake, state, plan, progress)


def add_states(lake: Lake, coin: str) -> int:
    """Compute what is missing of a coin's rows that only save time, and return how many were added."""
    plan = [item for item in computations(lake.series(coin=coin)) if item.saves_time]
    return _derive(lake, DerivedState(lake), plan, no_progress)


def _derive(lake: Lake, state: DerivedState, plan: Sequence[Computation], progress: Progress) -> int:
    batch = _Batch(lake, state)
    state.look({kind for item in plan for kind in item.inputs})
    for number, computation in enumerate(plan, start=1):
        progress(computation.name, number, len(plan))
        _bring_up_to_date(lake, computation, state, batch)
        if number % _BATCH == 0:
            batch.write()
    batch.write()
    state.write()
    return batch.written


# -- series put together ----------------------------------------------------------------------------------------------


def put_together(lake: Lake, state: DerivedState | None = None, at: int | None = None) -> int:
    """Bring the series that are put together from others up to date, and return how many rows were added."""
    state = state or DerivedState(lake)
    added = sum(_add_sums(lake, sums_of, state, at) for sums_of in (venue_sums, joint_sums))
    state.write()
    return added


def _add_sums(
    lake: Lake, sums_of: Callable[[Sequence[Series]], Sequence[Sum]], state: DerivedState, at: int | None
) -> int:
    """Add what is new of the series that are put together from others, and return how many rows."""
    plan = sums_of(lake.series())
    state.look({kind for item in plan for kind in item.inputs})
    batch = _Batch(lake, state)
    new = ((total, state.fresh(total.name, total.inputs)) for total in plan)
    due = [(total, fresh) for total, fresh in new if fresh and not _is_early(total, fresh, state, at)]
    tails = _Tails(lake, due, state)
    for total, fresh in due:
        rows = _summed(lake, total, fresh, state, tails)
        if rows.height:
            batch.add(total.series.kind, rows, total.series)
    batch.write()
    for total, _ in due:
        if total.series.series in batch.contradicted:  # part of its past came late
            batch.add(total.series.kind, _summed(lake, total, Fresh(0, changed=True), state, tails))
        batch.done(total.name, total.inputs)
    batch.write()
    return batch.written


def _is_early(total: Sum, fresh: Fresh, state: DerivedState, at: int | None) -> bool:
    """Whether rows only were added, and none of them can have ended the next step of a sum."""
    last, kind = state.last(total.series.kind, total.series.series), total.series.kind
    if at is None or fresh.changed or not last:
        return False
    reach = min(state.last(kind, name) for name in total.inputs[kind]) if total.needs_all else at
    return min(at, reach) < last + total.series.step


def _begin(total: Sum, fresh: Fresh, state: DerivedState) -> int:
    """Return from when the inputs of a sum must be read (UTC ns); 0: from their start."""
    begin = max(fresh.after - total.lookback, 0) if fresh.after else 0
    return begin if begin > state.first(total.series.kind, total.inputs[total.series.kind]) else 0


class _Tails:
    """What the sums are made from of which only the last days are new: read once, however many they are."""

    def __init__(self, lake: Lake, due: Sequence[tuple[Sum, Fresh]], state: DerivedState) -> None:
        self._lake = lake
        begins = [_begin(total, fresh, state) for total, fresh in due]
        self._since = max(begins, default=0) - _ONCE
        parts = [total for (total, _), begin in zip(due, begins, strict=True) if begin and begin >= self._since]
        self._names = {kind: sorted({name for total in parts for name in total.inputs.get(kind, ())}) for kind in KINDS}
        self._rows: dict[str, pl.DataFrame] = {}

    def read(self, kind: str, names: Sequence[str], since: int) -> pl.DataFrame:
        """Return what is known of series since a moment (UTC ns; 0: of all times)."""
        if not since or since < self._since:
            return self._lake.as_of(kind, series=names, since=since or None)
        if kind not in self._rows:
            self._rows[kind] = self._lake.as_of(kind, series=self._names[kind], since=self._since)
        return self._rows[kind].filter(pl.col("series").is_in(names) & (pl.col("event_time") >= since))


def _summed(lake: Lake, total: Sum, fresh: Fresh, state: DerivedState, tails: _Tails) -> pl.DataFrame:
    since = _begin(total, fresh, state)
    tables = {kind: usable(kind, tails.read(kind, names, since)) for kind, names in total.inputs.items()}
    kind, name = total.series.kind, total.series.series
    rows = rows_of_sum(total, total.derive(tables, since))
    if fresh.after:
        return rows.filter(pl.col("event_time") > fresh.after - total.delay)
    stored = lake.as_of(kind, series=[name]) if fresh.changed else rows.clear()
    if stored.join(rows, on=stored.columns, how="anti", nulls_equal=True).height:
        # What stood before is not the sum any more: a part of its past was added. It goes, as if it had been there.
        state.forget_readers(name)
        lake.discard(kind, pl.col("series") == name)
    return rows


# -- keeping them up to date ----------------------------------------------------------------------------------------


class _Batch:
    """Rows that wait to be written together: a commit costs more than the rows of a small computation.

    States are written after the rows they speak of, so what is interrupted before is computed again.

    Attributes
    ----------
    contradicted
        Series of which the lake holds another value, known at the same moment, than was to be written.
    """

    def __init__(self, lake: Lake, state: DerivedState) -> None:
        self._lake, self._state = lake, state
        self.written = 0
        self.contradicted: set[str] = set()
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._series: list[Series] = []
        self._done: list[tuple[str, dict[str, tuple[str, ...]]]] = []

    def add(self, kind: str, rows: pl.DataFrame, series: Series | None = None) -> None:
        if rows.height:
            self._waiting.setdefault(kind, []).append(rows)
        self._series += [] if series is None else [series]

    def done(self, name: str, inputs: dict[str, tuple[str, ...]]) -> None:
        self._done.append((name, inputs))

    def write(self, *, state: bool = True) -> None:
        if self._series:
            self._lake.register(self._series)
        for kind, parts in self._waiting.items():
            outcome = self._lake.append(kind, pl.concat(parts))
            self.written += outcome.added.height
            if "series" in outcome.conflicting.columns:
                self.contradicted |= set(outcome.conflicting["series"])
        self._waiting, self._series = {}, []
        if state:
            for name, inputs in self._done:
                self._state.done(name, inputs)
            self._done = []
            self._state.write(within=_UNWRITTEN)


def _bring_up_to_date(lake: Lake, computation: Computation, state: DerivedState, batch: _Batch) -> None:
    fresh = state.fresh(computation.name, computation.inputs, computation.step)
    if fresh is None:
        return
    if fresh.changed:
        for kind, own in computation.outputs.items():  # history has changed below: derive it again from the start
            lake.discard(kind, own)
    since = max(fresh.after - computation.lookback, 0) if fresh.after and computation.lookback else 0
    kept: dict[str, pl.DataFrame] = {}
    if since and computation.goes_on:
        kept = _own_rows(lake, computation, since, fresh.after)
        since = computation.goes_on(kept, fresh.after)
    versions = _versions(lake, computation, since, fresh.after)
    moments = _moments(versions)
    if kept and len(moments) > 1:  # a state has seen no revision
        kept, since = {}, 0
        versions = _versions(lake, computation, since, fresh.after)
        moments = _moments(versions)
    after = fresh.after if since else 0
    for at in moments:
        inputs = {kind: _usable(kind, rows, at) for kind, rows in versions.items()}
        for kind, rows in computation.derive(inputs | (kept if since else {}), after).items():
            batch.add(kind, rows.filter(pl.col("event_time") > after))
        if len(moments) > 1:  # what a later moment adds depends on what an earlier one left
            batch.write(state=False)
    batch.done(computation.name, computation.inputs)


def _own_rows(lake: Lake, computation: Computation, since: int, until: int) -> dict[str, pl.DataFrame]:
    """Return what a computation wrote of the moments between two, UTC ns: the newest row of each."""
    return {
        kind: latest_versions(
            lake.between(kind, _begin_of(kind, computation, since, until), until).filter(own), KINDS[kind]
        )
        .collect()
        .sort("event_time")
        for kind, own in computation.outputs.items()
    }


def _versions(lake: Lake, computation: Computation, since: int, after: int) -> dict[str, pl.DataFrame]:
    """Return every version of the input rows since a moment, UTC ns."""
    return {
        kind: lake.between(kind, _begin_of(kind, computation, since, after))
        .filter(pl.col("series").is_in(names))
        .collect()
        for kind, names in computation.inputs.items()
    }


def _begin_of(kind: str, computation: Computation, since: int, after: int) -> int:
    """Return from when rows of a kind are read, where others are read since a moment (UTC ns; 0: from the start)."""
    shorter = computation.lookbacks.get(kind)
    return max(since, after - shorter) if since and shorter else since


def _moments(versions: dict[str, pl.DataFrame]) -> list[int | None]:
    """Return the moments at which the inputs must be looked at: just before each revision, and now."""
    moments: set[int] = set()
    for kind, rows in versions.items():
        first = pl.col("known_time").min().over(KINDS[kind].revision_key)
        moments.update(rows.filter(pl.col("known_time") > first)["known_time"].unique())
    return [*(moment - 1 for moment in sorted(moments)), None]


def _usable(kind: str, versions: pl.DataFrame, at: int | None) -> pl.DataFrame:
    known = versions.lazy() if at is None else versions.lazy().filter(pl.col("known_time") <= at)
    return usable(kind, latest_versions(known, KINDS[kind]).collect())
