"""Bring derived state up to date: indicators that need long history, and flush events.

Each computation runs over what was known at successive moments: a revision of an input adds rows known from then on
and leaves the earlier ones, so a bulletin as of a moment reads what stood then. Only the tail is computed anew, from
the last computed time minus the computation's lookback; where rows below that time were added since, everything is.
"""

import polars as pl

from runout.lake import Lake
from runout.pipeline.combined_series import add_combined
from runout.pipeline.derivations import Computation, computations
from runout.pipeline.liquidation_totals import add_liquidation_totals
from runout.pipeline.progress import Progress, no_progress
from runout.quality.usable import usable
from runout.records import KINDS
from runout.version import METHOD_VERSION

_BATCH = 25
"""Computations written together."""


def compute(lake: Lake, *, progress: Progress = no_progress) -> int:
    """Compute what is missing of a lake's derived state.

    Returns
    -------
    int
        Rows written. A second call without new data writes none.
    """
    combined = add_combined(lake) + add_liquidation_totals(lake)
    plan = computations(lake.series())
    batch = _Batch(lake)
    for number, computation in enumerate(plan, start=1):
        progress(computation.name, number, len(plan))
        _bring_up_to_date(lake, computation, batch)
        if number % _BATCH == 0:
            batch.write()
    batch.write()
    lake.compact()
    return batch.written + combined


# -- keeping them up to date ----------------------------------------------------------------------------------------


class _Batch:
    """Rows that wait to be written together: a commit costs more than the rows of a small computation.

    States are written after the rows they speak of, so what is interrupted before is computed again.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.written = 0
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._states: list[tuple[str, str, int, int]] = []

    def add(self, kind: str, rows: pl.DataFrame) -> None:
        self._waiting.setdefault(kind, []).append(rows)

    def done(self, computation: Computation, through: int, rows_used: int) -> None:
        self._states.append((computation.name, METHOD_VERSION, through, rows_used))

    def write(self) -> None:
        for kind, parts in self._waiting.items():
            self.written += self.lake.append(kind, pl.concat(parts)).added.height
        if self._states:
            self.lake.append(
                "computations", pl.DataFrame(self._states, schema=KINDS["computations"].dtypes, orient="row")
            )
        self._waiting, self._states = {}, []


def _bring_up_to_date(lake: Lake, computation: Computation, batch: _Batch) -> None:
    newest, total = _extent(lake, computation, through=None)
    if total == 0:
        return
    state = _state(lake, computation)
    if state is not None and (newest, total) == state:
        return
    if state is not None and _extent(lake, computation, through=state[0])[1] != state[1]:
        for kind, mine in computation.outputs.items():  # history has changed below: derive it again from the start
            lake.discard(kind, mine)
        state = None
    since = state[0] - computation.lookback if state is not None and computation.lookback else 0
    fresh_after = state[0] if since and state else 0
    moments = _moments(lake, computation, since)
    for at in moments:
        derived = computation.derive(_read(lake, computation, since, at))
        for kind, rows in derived.items():
            batch.add(kind, rows.filter(pl.col("event_time") > fresh_after))
        if len(moments) > 1:  # what a later moment adds depends on what an earlier one left
            batch.write()
    batch.done(computation, newest, total)


def _state(lake: Lake, computation: Computation) -> tuple[int, int] | None:
    mine = (pl.col("computation") == computation.name) & (pl.col("method_version") == METHOD_VERSION)
    rows = lake.scan("computations").filter(mine).sort("through", "rows_used").collect()
    return None if rows.is_empty() else (rows["through"][-1], rows["rows_used"][-1])


def _extent(lake: Lake, computation: Computation, through: int | None) -> tuple[int, int]:
    """Return the newest event time of the inputs, and how many rows they have up to ``through``."""
    newest, total = 0, 0
    for kind, names in computation.inputs.items():
        rows = lake.scan(kind).filter(pl.col("series").is_in(list(names)))
        if through is not None:
            rows = rows.filter(pl.col("event_time") <= through)
        last, count = rows.select(pl.col("event_time").max(), pl.len()).collect().row(0)
        newest, total = max(newest, last or 0), total + count
    return newest, total


def _moments(lake: Lake, computation: Computation, since: int) -> list[int | None]:
    """Return the moments at which the inputs must be looked at: just before each revision, and now."""
    moments: set[int] = set()
    for kind, names in computation.inputs.items():
        key = KINDS[kind].revision_key
        rows = lake.scan(kind).filter(pl.col("series").is_in(list(names)), pl.col("event_time") >= since)
        revised = rows.filter(pl.col("known_time") > pl.col("known_time").min().over(key))
        moments.update(revised.select("known_time").unique().collect()["known_time"].to_list())
    return [*(moment - 1 for moment in sorted(moments)), None]


def _read(lake: Lake, computation: Computation, since: int, at: int | None) -> dict[str, pl.DataFrame]:
    return {
        kind: usable(kind, lake.as_of(kind, at=at, series=names, since=since or None))
        for kind, names in computation.inputs.items()
    }
