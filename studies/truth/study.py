"""Run the battery world by world; what is finished is kept, and a run that was interrupted goes on."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from runout.pipeline.progress import Progress, no_progress
from studies.provenance import code_fingerprint
from studies.truth.design import Arrays, Case, forecast_cases, map_cases
from studies.truth.long_worlds import LongMeasures, measure_long
from studies.truth.measuring import MapMeasures, measure_map

SEEDS: Final = 20


class Study(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """All worlds measured.

    Parameters
    ----------
    map_cases, maps
        Worlds of the map and what they said, in the same order.
    long_cases, longs
        Long worlds, likewise.
    fingerprint
        Of the source that measured them.
    """

    map_cases: tuple[Case, ...]
    maps: tuple[MapMeasures, ...]
    long_cases: tuple[Case, ...]
    longs: tuple[LongMeasures, ...]
    fingerprint: str


def run_study(
    work: Path,
    *,
    seeds: int = SEEDS,
    progress: Progress = no_progress,
    short: list[Case] | None = None,
    long: list[Case] | None = None,
) -> Study:
    """Measure every world that is not kept in ``work`` yet, and return all of them.

    Parameters
    ----------
    work
        Folder of finished worlds, each code version in a folder of its own.
    seeds
        How many seeds; each of them means three worlds of the map and a long one.
    progress
        Called with each world.
    short, long
        Worlds in place of those.
    """
    prints = [code_fingerprint(measure.__module__) for measure in (measure_map, measure_long)]
    folder, long_folder = (work / one for one in prints)
    for one in (folder, long_folder):
        one.mkdir(parents=True, exist_ok=True)
    maps = map_cases(seeds) if short is None else short
    longs = forecast_cases(seeds) if long is None else long
    total = len(maps) + len(longs)
    return Study(
        map_cases=tuple(maps),
        maps=tuple(
            _kept(folder, one, MapMeasures, measure_map, progress, (number, total))
            for number, one in enumerate(maps, start=1)
        ),
        long_cases=tuple(longs),
        longs=tuple(
            _kept(long_folder, one, LongMeasures, measure_long, progress, (number, total))
            for number, one in enumerate(longs, start=len(maps) + 1)
        ),
        fingerprint=" ".join(prints),
    )


_Measures = TypeVar("_Measures", bound=Arrays)


def _kept(  # noqa: PLR0917 - one world, how it is measured, and where it stands
    folder: Path, case: Case, kind: type[_Measures], measure: Callable[[Case], _Measures], progress: Progress,
    place: tuple[int, int],
) -> _Measures:  # fmt: skip
    progress(case.name, *place)
    path = folder / f"{case.name}.npz"
    if path.exists():
        return kind.load(path)
    found = measure(case)
    found.save(path)
    return found
