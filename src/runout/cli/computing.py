"""``runout compute``."""

from rich.console import Console

from runout.cli.configuration import configuration
from runout.cli.progress import progress_bar
from runout.jobs.computing import compute as compute_job
from runout.lake import Lake


def compute(*, lake: str | None = None) -> None:
    """Bring a lake's derived state up to date; a second run without new data writes nothing.

    Parameters
    ----------
    lake
        Folder of the lake.
    """
    store = Lake.open(lake or configuration().lake)
    with progress_bar("compute") as progress:
        written = compute_job(store, progress=progress)
    Console(highlight=False).print(f"derived state of {store.root} is up to date: {written:,} rows written")
