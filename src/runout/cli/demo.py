"""``runout demo``: all of it offline, on a synthetic market."""

from pathlib import Path

from rich.console import Console

from runout.cli.bulletin import render, write
from runout.cli.progress import progress_bar
from runout.jobs.computing import compute
from runout.jobs.publishing import map_pictures, publish
from runout.jobs.synthesizing import END, synthesize
from runout.lake import Lake

_SEED, _DAYS = 7, 420


def demo(*, lake: str = "lakes/demo", out: Path = Path("bulletins/demo")) -> None:
    """Make a synthetic market, compute, and write its bulletin as text, Markdown, page and JSON. Needs no network.

    Parameters
    ----------
    lake
        Folder of the synthetic lake.
    out
        Folder for the bulletin.
    """
    console = Console(highlight=False)
    store = Lake(lake)
    with progress_bar("demo") as progress:
        synthesize(store, scenario="flush", days=_DAYS, seed=_SEED, progress=progress)
        compute(store, progress=progress)
        made = publish(store, "BTC", END)
        paths = write(made, out, ["text", "md", "html", "json"], pictures=map_pictures(store, made, END))
    console.print(render(made, "text"), markup=False, soft_wrap=True)
    page = next(path for path in paths if path.suffix == ".html")
    console.print(
        f"This market is SYNTHETIC. Open {page} in a browser; the other forms stand beside it.", soft_wrap=True
    )
    console.print(
        f"Look further: runout series --lake {lake} · runout flushes --lake {lake} · runout --help", soft_wrap=True
    )
