"""Write a synthetic market into a lake, and its hidden truth beside it."""

from pathlib import Path

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.errors import UsageError
from runout.jobs.progress import Progress, no_progress
from runout.lake import Lake
from runout.synthetic import Scenario, World, generate

END = parse_time("2025-09-01")
"""The last moment of every synthetic market: a fixed one, so that the same seed gives the same bytes on any day."""

LEAST_DAYS, MOST_DAYS = 30, 3650


def synthesize(lake: Lake, *, scenario: Scenario, days: int, seed: int, progress: Progress = no_progress) -> int:
    """Simulate a market and write what its venues publish into ``lake``; the truth goes to ``<lake>-truth``.

    Parameters
    ----------
    lake
        An empty lake, or one that holds a synthetic market already (the same world again changes nothing).
    scenario
        ``calm`` or ``flush``.
    days
        Length; trailing ranks of a year need 400.
    seed
        Seed of every random draw.
    progress
        Called with each step.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    UsageError
        If the lake holds real series, or the length is out of range.
    """
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise UsageError(f"expected {LEAST_DAYS} to {MOST_DAYS} days, found {days}")
    real = [one.series for one in lake.series() if not one.synthetic]
    if real:
        raise UsageError(
            f"expected an empty or synthetic lake at {lake.root}, found {len(real)} real series such as {real[0]}; "
            "a synthetic market is never mixed with observations: name another folder"
        )
    world = World(scenario=scenario, days=days, seed=seed, start=END - days * NANOSECONDS_PER_DAY)
    published, truth = generate(world, progress)
    written = 0
    series = [(one, rows) for one, rows in published]
    lake.register(one for one, _ in series)
    for number, (one, rows) in enumerate(series, start=1):
        progress(one.series, number, len(series))
        written += lake.append(one.kind, rows).added.height
    lake.compact()
    folder = Path(f"{lake.root}-truth")
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in truth.items():
        table.write_parquet(folder / f"{name}.parquet")
    return written
