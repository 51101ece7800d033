"""``runout synthesize``."""

from runout.cli import screen
from runout.cli.progress import progress_bar
from runout.lake import Lake
from runout.pipeline.synthesize import TRADERS
from runout.pipeline.synthesize import synthesize as synthesize_job
from runout.synthetic import Family, Scenario


def synthesize(
    *,
    lake: str,
    scenario: Scenario = "flush",
    days: int = 420,
    seed: int = 7,
    family: Family = "mixed",
    traders: int = TRADERS,
) -> None:
    """Write a synthetic market into a lake of its own, and its hidden truth beside it.

    Parameters
    ----------
    lake
        Folder of the lake; it may hold no real series.
    scenario
        What befalls it, four days before the end where it has a moment: calm, overheated, flush (about −5% within
        an hour), double-dip, squeeze, systemic (funds exhausted, auto-deleveraging), outage, unit-change.
    days
        Length; trailing ranks of a year need 400.
    seed
        Seed of every random draw; the same seed gives the same bytes.
    family
        Which assumptions its accounts break: mixed, isolated (none), cross, hedged, top-ups, herding.
    traders
        Accounts of the whole market, spread over its coins.
    """
    with progress_bar("synthesize") as progress:
        written = synthesize_job(
            Lake(lake), scenario=scenario, days=days, seed=seed, family=family, traders=traders, progress=progress
        )
    screen.console().print(
        f"SYNTHETIC market ({scenario}, {days} days, seed {seed}): {written:,} rows in {lake}, "
        f"its truth in {lake}-truth",
        soft_wrap=True,
    )
