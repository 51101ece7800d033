"""Write a synthetic market into a lake, and its hidden truth beside it."""

import os

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.errors import UsageError
from runout.lake import Lake
from runout.pipeline.hidden_truth import truth_address, write_truth
from runout.pipeline.progress import Progress, no_progress
from runout.synthetic import Family, Scenario, World, generate

END = parse_time("2025-09-01")
"""The last moment of every synthetic market: a fixed one, so that the same seed gives the same bytes on any day."""

LEAST_DAYS, MOST_DAYS = 30, 3650
LEAST_TRADERS, MOST_TRADERS, TRADERS = 1_000, 200_000, 8_000
SHORT = 90
"""Of a world of at most so many days every change of a position is kept; of a longer one those of the last 14."""


def synthesize(
    lake: Lake,
    *,
    scenario: Scenario,
    days: int,
    seed: int,
    family: Family = "mixed",
    traders: int = TRADERS,
    progress: Progress = no_progress,
) -> int:
    """Simulate a market and write what its venues publish into ``lake``; the truth goes to ``<lake>-truth``.

    Parameters
    ----------
    lake
        An empty lake, or one that holds a synthetic market already (the same world again changes nothing).
    scenario
        What befalls the market (``runout.synthetic.Scenario``).
    days
        Length; trailing ranks of a year need 400.
    seed
        Seed of every random draw.
    family
        Which assumptions of estimators its accounts break (``runout.synthetic.Family``).
    traders
        Accounts of the whole market.
    progress
        Called with each step.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    UsageError
        If the lake holds real series or another synthetic market, or the length or the crowd is out of range.
    """
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise UsageError(f"expected {LEAST_DAYS} to {MOST_DAYS} days, found {days}")
    if not LEAST_TRADERS <= traders <= MOST_TRADERS:
        raise UsageError(f"expected {LEAST_TRADERS} to {MOST_TRADERS} traders, found {traders}")
    world = World(
        scenario=scenario, days=days, seed=seed, start=END - days * NANOSECONDS_PER_DAY, family=family, traders=traders,
        truth_days=days if days <= SHORT else 14,
    )  # fmt: skip
    _refuse_others(lake, world)
    published, truth = generate(world, progress, workers=os.cpu_count() or 1)
    written = 0
    series = [(entry, rows) for entry, rows in published]
    lake.register(entry for entry, _ in series)
    for number, (item, rows) in enumerate(series, start=1):
        progress(item.series, number, len(series))
        merged = lake.append(item.kind, rows)
        if merged.conflicting.height:
            raise UsageError(
                f"expected an empty lake at {lake.root} or one of this very world, found other values of "
                f"{item.series}: "
                f"made by another version? remove {lake.root} and {truth_address(lake)}, or name another folder"
            )
        written += merged.added.height
    lake.compact()
    write_truth(lake, truth)
    return written


def _refuse_others(lake: Lake, world: World) -> None:
    stored = lake.series()
    real = [item.series for item in stored if not item.synthetic]
    if real:
        raise UsageError(
            f"expected an empty or synthetic lake at {lake.root}, found {len(real)} real series such as {real[0]}; "
            "a synthetic market is never mixed with observations: name another folder"
        )
    others = sorted({item.feed for item in stored} - {world.title})
    if others:
        raise UsageError(
            f"expected an empty lake at {lake.root} or one of this very world ({world.title}), found {others[0]!r}; "
            f"remove {lake.root} and {truth_address(lake)}, or name another folder"
        )
