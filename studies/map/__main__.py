"""``python -m studies.map``: score the liquidation map on a lake."""

from pathlib import Path

from cyclopts import run

from runout.cli.progress import progress_bar
from runout.clock import now_ns
from studies.command import OUT, asked, report_written
from studies.map.pages import write_map_pages
from studies.map.reading import score_map
from studies.provenance import commit


def main(*, lake: str | None = None, at: str | None = None, out: Path = OUT) -> None:
    """Score the liquidation map against nulls, other maps, learners and placebos.

    Parameters
    ----------
    lake
        Folder of the lake.
    at
        UTC time; what was known later is left out.
    out
        Folder to write page, figure and log to.
    """
    store, moment = asked(lake, at)
    with progress_bar("score") as progress:
        report = score_map(store, moment, progress=progress)
    report_written(write_map_pages(report, out, run_time=now_ns(), commit=commit()))


if __name__ == "__main__":
    run(main)
