"""``python -m studies.truth``: score what is inferred against simulated markets."""

from pathlib import Path
from typing import Final

from cyclopts import run

from runout.cli.progress import progress_bar
from runout.clock import now_ns
from runout.errors import UsageError
from studies.command import OUT, report_written
from studies.provenance import commit
from studies.truth import report_of, run_study
from studies.truth.pages import write_truth_pages

_WORK: Final = Path("lakes/truth-worlds")


def main(*, seeds: int = 20, work: Path = _WORK, out: Path = OUT) -> None:
    """Score what is inferred against simulated markets, in which the truth is known.

    Parameters
    ----------
    seeds
        How many: each means three worlds of the map and a long one of the forecast.
    work
        Folder of finished worlds; an interrupted run continues from them.
    out
        Folder to write page, figure and log to.
    """
    if seeds < 2:
        raise UsageError(f"expected at least 2 seeds, since a world is compared with others, found {seeds}")
    with progress_bar("score") as progress:
        report = report_of(run_study(work, seeds=seeds, progress=progress))
    report_written(write_truth_pages(report, out, run_time=now_ns(), commit=commit()))


if __name__ == "__main__":
    run(main)
