"""What the measured worlds come to: by family, by scenario, and in all."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import numpy as np

from runout.liquidation_map import shipped
from runout.liquidation_map.dollars import SIDES
from runout.scores import fit_recalibration, wilson_interval
from runout.scores.arrays import BoolArray, FloatArray, IntArray
from studies.truth import kernel, nulls
from studies.truth.design import FAMILIES, SCENARIOS, Case
from studies.truth.kernel import LEAST_ACCOUNTS
from studies.truth.ladders import transport, whole_cells
from studies.truth.long_worlds import DIRECTIONS, WALKED
from studies.truth.measuring import ALL_VENUES, RECAPPED, MapMeasures
from studies.truth.study import Study

MAP: Final[str] = "the product's map"
PATH: Final[str] = "path only"
UNIFORM: Final[str] = "uniform"
NAIVE: Final[str] = "naive taker ladder"
KERNEL: Final[str] = "distance kernel"
LADDERS: Final[tuple[str, ...]] = (MAP, PATH, UNIFORM, NAIVE, KERNEL)
NULLS: Final = (PATH, UNIFORM, NAIVE, KERNEL)
"""What the map is held against."""
_RESAMPLES: Final = 1000


class Distances(msgspec.Struct, frozen=True, kw_only=True):
    """How far ladders lie from the truth over a set of worlds, one side.

    Parameters
    ----------
    worlds, ladders
        How many worlds, and ladders of them with enough true accounts.
    transport
        Mean Wasserstein-1 distance by ladder, log price.
    floor
        Mean sampling floor.
    ratio, low, high
        Of the map's mean distance to the best null's, with its interval of 95%: worlds' seeds drawn anew.
    best
        Name of that null.
    mass, mass_low, mass_high
        Median, and central 80%, of dollars expected to be reported over true dollars within the reach.
    """

    worlds: int
    ladders: int
    transport: dict[str, float]
    floor: float
    ratio: float
    low: float
    high: float
    best: str
    mass: float
    mass_low: float
    mass_high: float


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A share of cases with its interval of 95% (Wilson), as if cases were independent."""

    cases: int
    share: float
    low: float
    high: float


class Bands(msgspec.Struct, frozen=True, kw_only=True):
    """How many reports bands of 90% held.

    Parameters
    ----------
    sweeps
        Of a bucket's way, as drawn before, against what was reported.
    busy
        The same where over a million dollars was expected.
    true
        The same bands against what was truly closed.
    clusters
        Of clusters, against what would be reported of the true positions resting in their range.
    levels
        Of single levels, likewise.
    sweep_ratio, cluster_ratio
        All that was, or would be, reported over all that was expected.
    """

    sweeps: Share
    busy: Share
    true: Share
    clusters: Share
    levels: Share
    sweep_ratio: float
    cluster_ratio: float


class Leverage(msgspec.Struct, frozen=True, kw_only=True):
    """How near the assumed mix of classes is to the true one on one side.

    Parameters
    ----------
    error
        L1 between the prior's mix of classes and the true one: 0 equal, 2 disjoint. Mean over worlds.
    assumed, true
        Mixes, the true one a mean over worlds.
    beyond
        Share of coins opened that no class holds.
    """

    error: float
    assumed: tuple[float, ...]
    true: tuple[float, ...]
    beyond: float


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """Daily totals of a feed, as reported and as estimated, against the truth.

    Parameters
    ----------
    inside
        Days whose true total the interval of 90% holds.
    above, below
        Share of days whose true total lies above, or below, it.
    reported, estimated
        Over the true total: 5%, median and 95% of days.
    """

    inside: Share
    above: float
    below: float
    reported: tuple[float, float, float]
    estimated: tuple[float, float, float]


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts of one model, pooled over long worlds.

    Parameters
    ----------
    days, events
        Counts.
    slope, low, high
        Of outcomes on log odds, with its interval of 95%: worlds drawn anew. None where it cannot be fitted.
    brier, mean_probability, frequency
        Mean loss, and what was said and what came.
    """

    days: int
    events: int
    slope: float | None
    low: float | None
    high: float | None
    brier: float
    mean_probability: float
    frequency: float


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """True events that were flagged, and flags that were true."""

    true: int
    hits: int
    flagged: int
    right: int


class TruthReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the battery found.

    Parameters
    ----------
    seeds, map_worlds, long_worlds, fingerprint
        Of the study.
    families, scenarios
        Map distances by name and side (``long``, ``short``).
    whole
        Of all worlds.
    bands
        By family, and ``all``.
    leverage
        By side.
    capture
        By what was estimated.
    calibration
        By model.
    flushes, scripted, deleveraging
        Detection by direction; of scripted moves; of days.
    """

    seeds: int
    map_worlds: int
    long_worlds: int
    fingerprint: str
    families: dict[str, dict[str, Distances]]
    scenarios: dict[str, dict[str, Distances]]
    whole: dict[str, Distances]
    bands: dict[str, Bands]
    leverage: dict[str, Leverage]
    capture: dict[str, Capture]
    calibration: dict[str, Calibration]
    flushes: dict[str, Detection]
    scripted: dict[str, Detection]
    deleveraging: Detection | None


def report_of(study: Study) -> TruthReport:
    """Return what a study comes to."""
    maps, cases = list(study.maps), study.map_cases
    seeds = np.array([one.seed for one in cases], dtype=np.int64)
    rows = _rows(maps, seeds)

    def among(wanted: Callable[[Case], bool]) -> list[int]:
        return [place for place, one in enumerate(cases) if wanted(one)]

    families = {name: among(lambda one, name=name: one.family == name) for name in FAMILIES}
    scenarios = {name: among(lambda one, name=name: one.scenario == name) for name in SCENARIOS}
    return TruthReport(
        seeds=len(np.unique(seeds)), map_worlds=len(maps), long_worlds=len(study.longs), fingerprint=study.fingerprint,
        families={name: _by_side(rows, places) for name, places in families.items() if places},
        scenarios={name: _by_side(rows, places) for name, places in scenarios.items() if places},
        whole=_by_side(rows, list(range(len(maps)))),
        bands={name: _bands([maps[place] for place in places])
               for name, places in (*families.items(), ("all", range(len(maps)))) if places},
        leverage={name: _leverage(maps, side) for side, name in enumerate(SIDES)},
        capture=_captures(maps), calibration=_calibrations(study),
        flushes={name: _detected(one.flushes[row] for one in study.longs) for row, name in enumerate(DIRECTIONS)},
        scripted={name: _scripted(study, row) for row, name in enumerate(DIRECTIONS)},
        deleveraging=_deleveraging(study) if study.longs else None,
    )  # fmt: skip


# -- distances --------------------------------------------------------------------------------------------------------


class _Row(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One ladder of one world."""

    world: int
    seed: int
    side: int
    distance: dict[str, float]
    floor: float
    mass: float


def _rows(maps: list[MapMeasures], seeds: IntArray) -> list[_Row]:
    folds = kernel.folds_of(seeds)
    if len(np.unique(folds)) < 2:  # with seeds of one fold alone there is no other world to learn from
        folds = np.arange(len(maps)) % 2
    others = kernel.distance_kernel(maps, folds)
    found: list[_Row] = []
    for place, one in enumerate(maps):
        for moment, side in np.argwhere(one.accounts >= LEAST_ACCOUNTS).tolist():
            reach = float(one.reach[moment, side])
            drawn = {
                MAP: one.product[moment, side], PATH: one.path[moment, side], UNIFORM: nulls.uniform(reach),
                NAIVE: one.naive[moment, side], KERNEL: others[place, side],
            }  # fmt: skip
            cells, true = whole_cells(reach), one.true[moment, side]
            found.append(
                _Row(
                    world=place, seed=int(seeds[place]), side=side, floor=float(one.floor[moment, side]),
                    distance={name: transport(ladder, true, cells) for name, ladder in drawn.items()},
                    mass=float(one.product[moment, side, :cells].sum() / true[:cells].sum()),
                )
            )  # fmt: skip
    return found


def _by_side(rows: Sequence[_Row], places: Sequence[int]) -> dict[str, Distances]:
    wanted = set(places)
    mine = [one for one in rows if one.world in wanted]
    return {
        name: _distances([one for one in mine if one.side == side])
        for side, name in enumerate(SIDES)
        if any(one.side == side for one in mine)
    }


def _distances(rows: Sequence[_Row]) -> Distances:
    table = np.array([[one.distance[name] for name in LADDERS] for one in rows])
    mean: dict[str, float] = dict(zip(LADDERS, _means(table), strict=True))
    best = min(NULLS, key=lambda name: mean[name] if np.isfinite(mean[name]) else np.inf)
    columns = [LADDERS.index(MAP), LADDERS.index(best)]
    low, high = _ratio_interval(table[:, columns], np.array([one.seed for one in rows]))
    mass = np.quantile([one.mass for one in rows], [0.5, 0.1, 0.9]).tolist()
    return Distances(
        worlds=len({one.world for one in rows}), ladders=len(rows), transport=mean,
        floor=float(np.nanmean([one.floor for one in rows])), ratio=mean[MAP] / mean[best], low=low, high=high,
        best=best, mass=mass[0], mass_low=mass[1], mass_high=mass[2],
    )  # fmt: skip


def _means(table: FloatArray) -> list[float]:
    """Return the mean of each column, what is not a number left out; NaN of a column without any."""
    known = np.isfinite(table)
    sums, counts = np.where(known, table, 0.0).sum(axis=0), known.sum(axis=0)
    return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0).tolist()


def _ratio_interval(pair: FloatArray, seed: IntArray) -> tuple[float, float]:
    both = np.isfinite(pair).all(axis=1)
    pair, seed = pair[both], seed[both]
    if not len(pair):
        return float("nan"), float("nan")
    _, group = np.unique(seed, return_inverse=True)
    sums = np.array([np.bincount(group, pair[:, column]) for column in (0, 1)])
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, sums.shape[1], (_RESAMPLES, sums.shape[1]))
    ratio = sums[0][drawn].sum(axis=1) / sums[1][drawn].sum(axis=1)
    low, high = np.quantile(ratio, [0.025, 0.975]).tolist()
    return low, high


# -- bands, leverage, capture -----------------------------------------------------------------------------------------


def share_of(inside: BoolArray) -> Share:
    """Return a share with its interval; NaN of no case."""
    if not len(inside):
        return Share(cases=0, share=float("nan"), low=float("nan"), high=float("nan"))
    found = wilson_interval(int(inside.sum()), len(inside))
    return Share(cases=len(inside), share=float(inside.mean()), low=found.low, high=found.high)


def _bands(maps: Sequence[MapMeasures]) -> Bands:
    sweeps, clusters = (np.concatenate([getattr(one, name) for one in maps]) for name in ("sweeps", "clusters"))
    held, levels = np.sum([one.levels.sum(axis=(0, 1)) for one in maps], axis=0).tolist()
    inside = _held(sweeps, 4)
    return Bands(
        sweeps=share_of(inside), busy=share_of(inside[sweeps[:, 1] > 1e6]), true=share_of(_held(sweeps, 5)),
        clusters=share_of(_held(clusters, 4)), levels=share_of(np.arange(int(levels)) < held),
        sweep_ratio=float(sweeps[:, 4].sum() / sweeps[:, 1].sum()),
        cluster_ratio=float(clusters[:, 4].sum() / clusters[:, 1].sum()),
    )  # fmt: skip


def _held(rows: FloatArray, column: int) -> BoolArray:
    """Return whether bands hold an amount; an end below a dollar is nothing."""
    return (rows[:, column] >= rows[:, 2] - 1.0) & (rows[:, column] <= rows[:, 3] + 1.0)


def _leverage(maps: Sequence[MapMeasures], side: int) -> Leverage:
    true = np.array([one.opened[side, :-1] / one.opened[side, :-1].sum() for one in maps])
    prior = shipped().share()
    whole = np.array([one.opened[side] / one.opened[side].sum() for one in maps])
    return Leverage(
        error=float(np.abs(prior - true).sum(axis=1).mean()), assumed=tuple(prior.tolist()),
        true=tuple(true.mean(axis=0).tolist()),
        beyond=float(whole[:, -1].mean()),
    )  # fmt: skip


_CAPTURED: Final = {
    "largest of each second (synth-a)": 0,
    "one of each second (synth-b)": 1,
    "complete feed capped on purpose (synth-c)": RECAPPED,
    "all venues": ALL_VENUES,
}


def _captures(maps: Sequence[MapMeasures]) -> dict[str, Capture]:
    rows = np.concatenate([one.capture for one in maps])
    found = {name: rows[rows[:, 0] == place] for name, place in _CAPTURED.items()}
    every, one = found["all venues"], found["one of each second (synth-b)"]
    # Rows of every place stand in the same order, a row for each day of each world.
    silent = one[:, 6] == 0.0
    found["one of each second, no minute without a silent second"] = one[silent]
    found["all venues, no such minute on synth-b"] = every[silent]
    found["all venues, the busiest tenth of days"] = every[every[:, 5] >= np.quantile(every[:, 5], 0.9)]
    closed = {name: mine[mine[:, 5] > 0.0] for name, mine in found.items()}
    return {name: _capture(mine) for name, mine in closed.items() if len(mine)}


def _capture(rows: FloatArray) -> Capture:
    true = rows[:, 5]
    return Capture(
        inside=share_of((rows[:, 3] <= true) & (true <= rows[:, 4])),
        above=float((true > rows[:, 4]).mean()), below=float((true < rows[:, 3]).mean()),
        reported=_spread(rows[:, 1] / true), estimated=_spread(rows[:, 2] / true),
    )  # fmt: skip


def _spread(ratio: FloatArray) -> tuple[float, float, float]:
    low, middle, high = np.quantile(ratio, [0.05, 0.5, 0.95]).tolist()
    return low, middle, high


# -- long worlds ------------------------------------------------------------------------------------------------------


def _calibrations(study: Study) -> dict[str, Calibration]:
    if not study.longs:
        return {}
    return {name: _calibration(study, column) for column, name in enumerate(WALKED)}


def _calibration(study: Study, column: int) -> Calibration:
    said = [one.probability[:, column] for one in study.longs]
    came = [one.event.astype(np.bool_) for one in study.longs]
    p, y = np.concatenate(said), np.concatenate(came)
    rng = np.random.default_rng(0)
    slopes: list[float] = []
    for _ in range(_RESAMPLES // 5):
        drawn = rng.integers(0, len(said), len(said)).tolist()
        slope = fit_recalibration(
            np.concatenate([said[i] for i in drawn]), np.concatenate([came[i] for i in drawn])
        ).slope
        if slope is not None:
            slopes.append(slope)
    low, high = np.quantile(slopes, [0.025, 0.975]).tolist() if slopes else (None, None)
    return Calibration(
        days=len(y), events=int(y.sum()), slope=fit_recalibration(p, y).slope, low=low, high=high,
        brier=float(((p - y) ** 2).mean()), mean_probability=float(p.mean()), frequency=float(y.mean()),
    )  # fmt: skip


def _detected(rows: Iterable[FloatArray]) -> Detection:
    true, hits, flagged, right = np.sum([np.zeros(4), *rows], axis=0).astype(np.int64).tolist()
    return Detection(true=true, hits=hits, flagged=flagged, right=right)


def _scripted(study: Study, row: int) -> Detection:
    moves, hits = (sum(int(one.scripted[row, column]) for one in study.longs) for column in (0, 1))
    return Detection(true=moves, hits=hits, flagged=hits, right=hits)


def _deleveraging(study: Study) -> Detection:
    days = np.sum([one.deleveraging for one in study.longs], axis=0).astype(np.int64)
    _, true, flagged, both = days.tolist()
    return Detection(true=true, hits=both, flagged=flagged, right=both)
