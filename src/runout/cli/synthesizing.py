"""``runout synthesize``."""

from rich.console import Console

from runout.cli.progress import progress_bar
from runout.jobs.synthesizing import synthesize as synthesize_job
from runout.lake import Lake
from runout.synthetic import Scenario


def synthesize(*, lake: str, scenario: Scenario = "flush", days: int = 420, seed: int = 7) -> None:
    """Write a synthetic market into a lake of its own, and its hidden truth beside it.

    Parameters
    ----------
    lake
        Folder of the lake; it may hold no real series.
    scenario
        calm, or flush: a fall of 6.5% within an hour, four days before the end.
    days
        Length; trailing ranks of a year need 400.
    seed
        Seed of every random draw; the same seed gives the same bytes.
    """
    with progress_bar("synthesize") as progress:
        written = synthesize_job(Lake(lake), scenario=scenario, days=days, seed=seed, progress=progress)
    Console(highlight=False).print(
        f"SYNTHETIC market ({scenario}, {days} days, seed {seed}): {written:,} rows in {lake}, "
        f"its truth in {lake}-truth",
        soft_wrap=True,
    )
