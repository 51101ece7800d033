"""``runout score``: every part of the product scored on the past, each with its table, figure and log."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cyclopts import App
from rich.console import Console

from runout.cli.configuration import configuration, time_option
from runout.cli.progress import progress_bar
from runout.clock import now_ns
from runout.errors import UsageError
from runout.lake import Lake

score = App(name="score", help="Score a part of the product on the past: table, figure and log.")
_OUT: Final = Path("docs/scores")
_WORK: Final = Path("lakes/truth-worlds")
_CASCADE_WORK: Final = Path("lakes/cascade-falls")


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


@score.command(name="truth")
def score_truth(*, seeds: int = 20, work: Path = _WORK, out: Path = _OUT) -> None:
    """Score what is inferred against synthetic markets in which the truth is known.

    Parameters
    ----------
    seeds
        How many: each means three worlds of the map and a long one of the forecast.
    work
        Folder of finished worlds; a run that was interrupted goes on from them.
    out
        Folder to write to.
    """
    from runout.jobs import truth  # noqa: PLC0415 - models are slow to load
    from runout.jobs.truth.pages import write_truth_pages  # noqa: PLC0415

    if seeds < 2:
        raise UsageError(f"expected at least 2 seeds, since a world is compared with others, found {seeds}")
    with progress_bar("score") as progress:
        report = truth.report_of(truth.run_study(work, seeds=seeds, progress=progress))
    commit = _commit("synthetic", "positions", "forecast", "kernels", "observation", "jobs")
    _say(write_truth_pages(report, out, run_time=now_ns(), commit=commit))


@score.command(name="map-variants")
def score_map_variants(*, lake: str | None = None, at: str | None = None, out: Path = _OUT) -> None:
    """Score what else the liquidation map could be made of, and how much is within reach at all.

    Parameters
    ----------
    lake
        Folder of the lake.
    at
        UTC time; what was known later is left out.
    out
        Folder to write to.
    """
    from runout.jobs import scoring_map_variants, scoring_map_variants_pages  # noqa: PLC0415 - learners are slow to load

    store, moment = _asked(lake, at)
    with progress_bar("score") as progress:
        found = scoring_map_variants.score_limits(store, moment, progress=progress)
    commit = _commit("positions", "scores", "kernels")
    _say(scoring_map_variants_pages.write_limits_pages(found, out, run_time=now_ns(), commit=commit))


@score.command(name="structural")
def score_structural(
    *, lake: str | None = None, at: str | None = None, out: Path = _OUT, worlds: Path | None = None, count: int = 20
) -> None:
    """Score the structural model: alone, in the pool and without its parts, on the past and on synthetic worlds.

    Parameters
    ----------
    lake
        Folder of the lake.
    at
        UTC time; what was known later is left out.
    out
        Folder to write to.
    worlds
        Folder that keeps the lakes of the worlds; without one they are made anew and thrown away.
    count
        How many worlds; 0 leaves them out.
    """
    from runout.jobs import scoring_structural, scoring_structural_pages  # noqa: PLC0415 - models are slow to load

    store, moment = _asked(lake, at)
    with TemporaryDirectory() as spare, progress_bar("score") as progress:
        kept = worlds or Path(spare)
        report = scoring_structural.score_structural(store, moment, kept, count=count, progress=progress)
    commit = _commit("forecast", "scores", "kernels", "synthetic")
    _say(scoring_structural_pages.write_structural_pages(report, out, run_time=now_ns(), commit=commit))


@score.command(name="cascade")
def score_cascade(*, lake: str | None = None, seeds: int = 20, work: Path = _CASCADE_WORK, out: Path = _OUT) -> None:
    """Score the cascade against real falls that were fixed beforehand and against synthetic slides.

    Parameters
    ----------
    lake
        Folder of the lake.
    seeds
        How many synthetic worlds; 0 leaves them out.
    work
        Folder of finished falls and worlds; a run that was interrupted goes on from them.
    out
        Folder to write to.
    """
    from runout.jobs import scoring_cascade, scoring_cascade_pages  # noqa: PLC0415 - models are slow to load

    if seeds < 0:
        raise UsageError(f"expected a number of worlds, 0 or more, found {seeds}")
    store, _ = _asked(lake, None)
    with progress_bar("score") as progress:
        report = scoring_cascade.score_cascade(store, work, seeds=seeds, progress=progress)
    commit = _commit("cascade", "positions", "kernels", "synthetic", "jobs")
    _say(scoring_cascade_pages.write_cascade_pages(report, out, run_time=now_ns(), commit=commit))


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
