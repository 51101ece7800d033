"""``runout score``: every part of the product scored on the past, each with its table, figure and log."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from cyclopts import App
from rich.console import Console

from runout.cli.configuration import configuration, time_option
from runout.cli.progress import progress_bar
from runout.clock import now_ns
from runout.lake import Lake

score = App(name="score", help="Score a part of the product on the past: table, figure and log.")
_OUT: Final = Path("docs/scores")


@score.command(name="forecast")
def score_forecast(*, lake: str | None = None, at: str | None = None, out: Path = _OUT) -> None:
    """Score every model of the forecast, walked forward over all days of the lake.

    Parameters
    ----------
    lake
        Folder of the lake.
    at
        UTC time; what was known later is left out.
    out
        Folder to write to.
    """
    from runout.jobs import scoring_forecast, scoring_pages  # noqa: PLC0415 - models are slow to load

    store, moment = _asked(lake, at)
    with progress_bar("score") as progress:
        report = scoring_forecast.score_forecast(store, moment, progress=progress)
    _say(scoring_pages.write_pages(report, out, run_time=now_ns(), commit=_commit("forecast", "scores")))


@score.command(name="map")
def score_map(*, lake: str | None = None, at: str | None = None, out: Path = _OUT) -> None:
    """Score the liquidation map against nulls, other maps, learners and placebos.

    Parameters
    ----------
    lake
        Folder of the lake.
    at
        UTC time; what was known later is left out.
    out
        Folder to write to.
    """
    from runout.jobs import scoring_map, scoring_map_pages  # noqa: PLC0415 - learners are slow to load

    store, moment = _asked(lake, at)
    with progress_bar("score") as progress:
        report = scoring_map.score_map(store, moment, progress=progress)
    commit = _commit("positions", "scores", "kernels")
    _say(scoring_map_pages.write_map_pages(report, out, run_time=now_ns(), commit=commit))


def _asked(lake: str | None, at: str | None) -> tuple[Lake, int]:
    return Lake.open(lake or configuration().lake), time_option(at) if at else now_ns()


def _say(written: list[Path]) -> None:
    for path in written:
        Console(highlight=False).print(f"wrote {path}", soft_wrap=True)


def _commit(*packages: str) -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"
    here = Path(__file__).parent
    found = subprocess.run([git, "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True, check=False)
    if found.returncode:
        return "unknown"
    changed = subprocess.run(
        [git, "status", "--porcelain", "--", *(f"src/runout/{package}" for package in packages)],
        cwd=here.parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    return found.stdout.strip() + ("+changes" if changed.stdout.strip() else "")
