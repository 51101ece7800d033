"""Score the cascade: against real falls fixed beforehand, and against synthetic slides whose truth is known."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from runout.cascade.depth import Band
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.pipeline.progress import Progress, no_progress
from studies.cascade.events import FROZEN, HALF, Fall, frozen
from studies.cascade.real import Asked, ask_all
from studies.cascade.scores import Summary, line, summary
from studies.cascade.worlds import FIRST_SEED, Slid, cases, slide_all
from studies.provenance import code_fingerprint

SEEDS: Final = 20
WORLD_REGRESSION: Final = "regression on the move"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """How one way of reckoning did on one group of cases."""

    group: str
    way: str
    found: Summary


class IssuedRow(msgspec.Struct, frozen=True, kw_only=True):
    """How one way of issuing distributions did on one group.

    Parameters
    ----------
    group, way
        Which.
    cases
        How many.
    inside
        Share of cases inside the 90% band.
    position
        Mean share of the distribution below what came; 0.5 where it is calibrated.
    loss
        Mean CRPS of ln(dollars + $1M).
    less, less_low, less_high
        Loss less climatology's, with its 90% bootstrap interval.
    """

    group: str
    way: str
    cases: int
    inside: float
    position: float
    loss: float
    less: float
    less_low: float
    less_high: float


class CascadeReport(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """All that was found.

    Parameters
    ----------
    asked
        Real falls.
    slid
        Synthetic slides.
    given
        Dollars given the low.
    issued
        Distributions issued before.
    worlds
        Synthetic slides by way of reckoning.
    fingerprint
        Of the source.
    """

    asked: tuple[Asked, ...]
    slid: tuple[Slid, ...]
    given: tuple[Row, ...]
    issued: tuple[IssuedRow, ...]
    worlds: tuple[Row, ...]
    fingerprint: str


def score_cascade(
    lake: Lake, work: Path, *, seeds: int = SEEDS, progress: Progress = no_progress, falls: list[Fall] | None = None
) -> CascadeReport:
    """Score real falls of a lake and synthetic worlds; what is finished stays in ``work``.

    Parameters
    ----------
    lake
        With the venue's five-minute bars, liquidations, open interest and depth of 2025.
    work
        Folder; each state of the code has its own inside.
    seeds
        Worlds; 0 leaves them out.
    progress
        Called with each fall and world.
    falls
        In place of those that were fixed.
    """
    marks = [code_fingerprint(ask.__module__, also=FROZEN.read_bytes()) for ask in (ask_all, slide_all)]
    asked = ask_all(lake, frozen() if falls is None else falls, work / f"falls-{marks[0]}", progress)
    slid = slide_all(cases(seeds), work / f"worlds-{marks[1]}", progress)
    return report_of(asked, slid, " ".join(marks))


def report_of(asked: list[Asked], slid: list[Slid], fingerprint: str = "") -> CascadeReport:
    """Return the report of falls and slides that were asked."""
    return CascadeReport(
        asked=tuple(asked), slid=tuple(slid), given=tuple(_given(asked)), issued=tuple(_issued(asked)),
        worlds=tuple(_worlds(slid)), fingerprint=fingerprint,
    )  # fmt: skip


def groups_of(asked: Iterable[Asked]) -> dict[str, list[Asked]]:
    """Return falls by group: kinds and coins, and the halves of the period."""
    falls = [one for one in asked if one.fall.kind in {"flush", "plain fall"}]
    wanted: dict[str, list[Asked]] = {}
    for kind, name in (("flush", "flushes"), ("plain fall", "plain falls")):
        mine = [one for one in falls if one.fall.kind == kind]
        wanted[f"{name}, BTC"] = [one for one in mine if one.fall.coin == "BTC"]
        wanted[f"{name}, SOL"] = [one for one in mine if one.fall.coin == "SOL"]
        wanted[f"{name}, first half"] = [one for one in mine if one.fall.origin < HALF]
        wanted[f"{name}, second half"] = [one for one in mine if one.fall.origin >= HALF]
    return {name: some for name, some in wanted.items() if some}


def _given(asked: list[Asked]) -> Iterable[Row]:
    for group, mine in groups_of(asked).items():
        came = [one.realised_usd for one in mine]
        for place, way in enumerate(one.name for one in mine[0].given):
            bands = [one.given[place].band for one in mine]
            yield Row(group=group, way=way, found=summary(bands, came, np.random.default_rng(7)))


def _issued(asked: list[Asked]) -> Iterable[IssuedRow]:
    grid = [one for one in asked if one.fall.kind == "grid"]
    halves = {
        "grid": grid, "grid, first half": [one for one in grid if one.fall.origin < HALF],
        "grid, second half": [one for one in grid if one.fall.origin >= HALF],
    }  # fmt: skip
    picked = {name: some for name, some in groups_of(asked).items() if "half" not in name}
    for group, mine in (halves | picked).items():
        whole = [one for one in mine if len(one.issued) > 1]
        if len(whole) < 2:
            continue
        base = np.array([one.issued[-1].loss for one in whole])
        for place, way in enumerate(one.name for one in whole[0].issued):
            yield _issued_row(group, way, whole, place, base)


def _issued_row(group: str, way: str, mine: list[Asked], place: int, base: np.ndarray) -> IssuedRow:
    said = [one.issued[place] for one in mine]
    loss = np.array([one.loss for one in said])
    inside = [one.band.low <= fall.day_usd <= one.band.high for one, fall in zip(said, mine, strict=True)]
    less, rng = loss - base, np.random.default_rng(7)
    again = less[rng.integers(0, len(less), (2000, len(less)))].mean(axis=1)
    low, high = np.quantile(again, [0.05, 0.95]).tolist()
    return IssuedRow(
        group=group, way=way, cases=len(mine), inside=float(np.mean(inside)),
        position=float(np.mean([one.position for one in said])), loss=float(loss.mean()), less=float(less.mean()),
        less_low=low, less_high=high,
    )  # fmt: skip


def _worlds(slid: list[Slid]) -> Iterable[Row]:
    within = [one for one in slid if all(way.beyond <= 0.5 for way in one.given if way.name == "cascade")]
    groups = {"all": slid, "within the map": within} | {
        scenario: [one for one in slid if one.scenario == scenario]
        for scenario in dict.fromkeys(one.scenario for one in slid)
    }
    regressed = regression_without_own(slid)
    for group, mine in groups.items():
        if not mine:
            continue
        came = [one.forced_usd for one in mine]
        for place, way in enumerate(one.name for one in mine[0].given):
            bands = [one.given[place].band for one in mine]
            yield Row(group=group, way=way, found=summary(bands, came, np.random.default_rng(7)))
        bands = [regressed[one.seed, one.at] for one in mine if (one.seed, one.at) in regressed]
        if len(bands) == len(mine):
            yield Row(group=group, way=WORLD_REGRESSION, found=summary(bands, came, np.random.default_rng(7)))


def regression_without_own(slid: list[Slid]) -> dict[tuple[int, int], Band]:
    """Return bands of log forced dollars on the log move, fitted on the true dollars of all other worlds."""
    found: dict[tuple[int, int], Band] = {}
    for one in slid:
        others = [other for other in slid if other.seed != one.seed]
        try:
            fitted = line(np.log([[other.shock] for other in others]), [other.forced_usd for other in others])
        except (NotEnoughDataError, ValueError):
            return {}
        found[one.seed, one.at] = fitted.band([np.log(one.shock)])
    return found


__all__ = ["FIRST_SEED", "SEEDS", "CascadeReport", "IssuedRow", "Row", "report_of", "score_cascade"]
