"""``python -m studies.forecast``: score every model of the forecast on a lake, walked forward."""

from pathlib import Path

from cyclopts import run

from runout.cli.progress import progress_bar
from runout.clock import now_ns
from studies.command import OUT, asked, report_written
from studies.forecast.pages import write_pages
from studies.forecast.study import score_forecast
from studies.provenance import commit


def main(*, lake: str | None = None, at: str | None = None, out: Path = OUT) -> None:
    """Score every model of the forecast, walked forward over all days of the lake.

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
        report = score_forecast(store, moment, progress=progress)
    report_written(write_pages(report, out, run_time=now_ns(), commit=commit()))


if __name__ == "__main__":
    run(main)
