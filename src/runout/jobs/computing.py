"""Bring derived state up to date: indicators that need long history, and flush events.

Each computation runs over what was known at successive moments: a revision of an input adds rows known from then on
and leaves the earlier ones, so a bulletin as of a moment reads what stood then. Only the tail is computed anew, from
the last computed time minus the computation's lookback; where rows below that time were added since, everything is.
"""

import polars as pl

from runout.jobs.derivations import Computation, computations
from runout.jobs.progress import Progress, no_progress
from runout.lake import Lake
from runout.records import KINDS
from runout.version import METHOD_VERSION


def compute(lake: Lake, *, progress: Progress = no_progress) -> int:
    """Compute what is missing of a lake's derived state.

    Returns
    -------
    int
        Rows written. A second call without new data writes none.
    """
    plan = computations(lake.series())
    written = 0
    for number, computation in enumerate(plan, start=1):
        progress(computation.name, number, len(plan))
        written += _bring_up_to_date(lake, computation)
    lake.compact()
    return written


# -- keeping them up to date ----------------------------------------------------------------------------------------


def _bring_up_to_date(lake: Lake, computation: Computation) -> int:
    newest, total = _extent(lake, computation, through=None)
    if total == 0:
        return 0
    state = _state(lake, computation)
    if state is not None and (newest, total) == state:
        return 0
    if state is not None and _extent(lake, computation, through=state[0])[1] != state[1]:
        for kind, mine in computation.outputs.items():  # history has changed below: derive it again from the start
            lake.discard(kind, mine)
        state = None
    since = state[0] - computation.lookback if state is not None and computation.lookback else 0
    fresh_after = state[0] if since and state else 0
    written = 0
    for at in _moments(lake, computation, since):
        derived = computation.derive(_read(lake, computation, since, at))
        for kind, rows in derived.items():
            written += lake.append(kind, rows.filter(pl.col("event_time") > fresh_after)).added.height
    row = (computation.name, METHOD_VERSION, newest, total)
    lake.append("computations", pl.DataFrame([row], schema=KINDS["computations"].dtypes, orient="row"))
    return written


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
        kind: lake.as_of(kind, at=at, series=names, since=since or None) for kind, names in computation.inputs.items()
    }
