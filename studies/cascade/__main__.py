"""``python -m studies.cascade``: score the cascade on past falls and simulated slides."""

from pathlib import Path
from typing import Final

from cyclopts import run

from runout.cli.progress import progress_bar
from runout.clock import now_ns
from runout.errors import UsageError
from studies.cascade.pages import write_cascade_pages
from studies.cascade.study import score_cascade
from studies.command import OUT, asked, report_written
from studies.provenance import commit

_WORK: Final = Path("lakes/cascade-falls")


def main(*, lake: str | None = None, seeds: int = 20, work: Path = _WORK, out: Path = OUT) -> None:
    """Score the cascade against past falls that were fixed beforehand and against simulated slides.

    Parameters
    ----------
    lake
        Folder of the lake.
    seeds
        How many simulated markets; 0 leaves them out.
    work
        Folder of finished falls and worlds; an interrupted run continues from them.
    out
        Folder to write page, figure and log to.
    """
    if seeds < 0:
        raise UsageError(f"expected a number of worlds, 0 or more, found {seeds}")
    store, _ = asked(lake, None)
    with progress_bar("score") as progress:
        report = score_cascade(store, work, seeds=seeds, progress=progress)
    report_written(write_cascade_pages(report, out, run_time=now_ns(), commit=commit()))


if __name__ == "__main__":
    run(main)
