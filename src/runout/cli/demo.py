"""``runout demo``: all of it offline, on a synthetic market."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from runout.cli import screen
from runout.cli.bulletin import render, write
from runout.cli.progress import progress_bar
from runout.clock import format_time
from runout.lake import Lake
from runout.pipeline.demo import Compared, compare, page
from runout.pipeline.derive import compute
from runout.pipeline.issue_bulletin import Publication
from runout.pipeline.synthesize import END, synthesize

if TYPE_CHECKING:
    from rich.console import Console

_SEED, _DAYS = 7, 390
TRUTH = "inferred-and-true.md"


def demo(*, lake: str = "lakes/demo", out: Path = Path("bulletins/demo")) -> None:
    """Make a synthetic market, compute, and write its bulletin in every form, and what is true beside it. No network.

    Parameters
    ----------
    lake
        Folder of the synthetic lake.
    out
        Folder for the bulletin.
    """
    console = screen.console()
    store = Lake(lake)
    with progress_bar("demo") as progress:
        synthesize(store, scenario="flush", days=_DAYS, seed=_SEED, progress=progress)
        compute(store, progress=progress)
        published = Publication(store, "BTC", END, pictured=True)
        built = published.bulletin
        paths = write(built, out, ["text", "md", "html", "json"], pictures=published.pictures())
        progress("the truth", 1, 1)
        compareds = compare(store, "BTC", END)
    (out / TRUTH).write_text(page(compareds, f"flush, {_DAYS} days, seed {_SEED}"), encoding="utf-8")
    short = render(built, "text", full=False, width=screen.readable_width())
    console.print(short, markup=False, soft_wrap=True)
    _print_truth(console, compareds)
    opened = next(path for path in paths if path.suffix == ".html")
    console.print(
        f"This market is SYNTHETIC. Open {opened} in a browser; the other forms stand beside it, and the truth in "
        f"{out / TRUTH}.", soft_wrap=True,
    )  # fmt: skip
    further = f"runout bulletin BTC --at {format_time(END)} --full --lake {lake}"
    console.print(f"Look further: {further} · runout series --lake {lake} · runout --help", soft_wrap=True)


def _print_truth(console: "Console", compareds: tuple[Compared, ...]) -> None:
    console.print("SYNTHETIC: what is inferred, beside what is true of this made-up market", style="bold")
    for section in dict.fromkeys(item.section for item in compareds):
        table = Table(section, "inferred [90%]", "as venues show it", "true", title_justify="left", box=None)
        for compared in compareds:
            if compared.section == section:
                table.add_row(*compared.cells())
        console.print(table)
        console.print()
