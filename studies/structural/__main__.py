"""``python -m studies.structural``: score the structural model of the forecast."""

from pathlib import Path
from tempfile import TemporaryDirectory

from cyclopts import run

from runout.cli.progress import progress_bar
from runout.clock import now_ns
from studies.command import OUT, asked, report_written
from studies.provenance import commit
from studies.structural.pages import write_structural_pages
from studies.structural.study import score_structural


def main(
    *, lake: str | None = None, at: str | None = None, out: Path = OUT, worlds: Path | None = None, count: int = 20
) -> None:
    """Score the structural model: alone, in the pool and without its parts, on the past and on simulated markets.

    Parameters
    ----------
    lake
        Folder of the lake.
    at
        UTC time; what was known later is left out.
    out
        Folder to write page and log to.
    worlds
        Folder that keeps the lakes of the simulated markets; without one they are simulated anew and thrown away.
    count
        How many simulated markets; 0 leaves them out.
    """
    store, moment = asked(lake, at)
    with TemporaryDirectory() as spare, progress_bar("score") as progress:
        report = score_structural(store, moment, worlds or Path(spare), count=count, progress=progress)
    report_written(write_structural_pages(report, out, run_time=now_ns(), commit=commit()))


if __name__ == "__main__":
    run(main)
