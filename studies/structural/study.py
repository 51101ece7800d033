"""Score the structural model: alone, in the pool, without its parts, on the real past and on synthetic worlds.

It was built on 2022 to 2024. Synthetic worlds chose nothing: they were walked once everything stood. Models see of a
world what its venues publish, through a lake.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.errors import NotEnoughDataError
from runout.forecast.conditional import Condition, excursions, given
from runout.forecast.features import Evidence, evidence_of
from runout.forecast.models.pool import MEMBERS
from runout.forecast.models.structural import Structural
from runout.forecast.protocol import Model, Predictive
from runout.forecast.structural.conditions import given_by_model
from runout.forecast.targets import MEASURED_USD
from runout.forecast.walking import forecasts
from runout.lake import Lake
from runout.pipeline.forecasts import read_past
from runout.pipeline.progress import Progress, no_progress
from runout.pipeline.synthesize import END
from runout.records import combine
from runout.scores import PairedDifference, paired_difference
from runout.scores.arrays import BoolArray, FloatArray
from runout.synthetic import Family, Scenario, World, generate
from runout.synthetic.world import COINS
from studies.forecast.distribution_losses import Losses, losses, survivals
from studies.forecast.registry import ISSUED, MODELS, REFERENCE
from studies.forecast.scorecard import BLOCK_DAYS, LEVEL, RESAMPLES
from studies.forecast.study import FROZEN, Ground, ground_of

DAY = NANOSECONDS_PER_DAY
VARIANTS: Final[dict[str, Structural]] = {
    "structural": Structural(),
    "with feedback": Structural(feedback=True),
    "path only": Structural(source="path only"),
    "no ladder": Structural(source=None),
}
MOVES: Final = (0.03, 0.05, 0.07, 0.10)
FAMILIES: Final[tuple[Family, ...]] = ("mixed", "isolated", "cross", "hedged", "top-ups", "herding")
SCENARIOS: Final[tuple[Scenario, ...]] = ("calm", "overheated", "calm", "flush")
WORLDS, WORLD_DAYS, WORLD_TRADERS, WORLD_COINS, FIRST_SEED = 20, 700, 2000, 2, 101
TRAINING_DAYS: Final = 370
"""Days with a total before a world's first forecast: a year is the least that a forecast asks for."""
EXCEEDED: Final = 0.93
"""Quantile of the totals of a world's training days that is its threshold."""
_REFIT_DAYS: Final = 5
_KINDS: Final = frozenset({"liquidations", "bars", "open_interest", "funding", "positioning"})


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One model against another over some days, paired.

    Parameters
    ----------
    model, against
        Names.
    days
        How many.
    crps, log, brier
        Mean losses of the model.
    crps_difference, log_difference, brier_difference
        Less those of the other.
    """

    model: str
    against: str
    days: int
    crps: float
    log: float
    brier: float
    crps_difference: PairedDifference
    log_difference: PairedDifference
    brier_difference: PairedDifference


class ConditionComparison(msgspec.Struct, frozen=True, kw_only=True):
    """The model's answer against counted days, on days on which the condition came true.

    Parameters
    ----------
    move
        Fall of BTC, a fraction.
    period
        Name.
    days, only_model
        Days on which both answered; days on which only the model did.
    counted_log, model_log, counted_brier, model_brier
        Mean losses where both answered.
    log_difference
        Model less counted days; None with under 20 of them.
    only_model_log
        Log loss of the model where it was alone; None without such days.
    """

    move: float
    period: str
    days: int
    only_model: int
    counted_log: float
    model_log: float
    counted_brier: float
    model_brier: float
    log_difference: PairedDifference | None
    only_model_log: float | None


class WorldScore(msgspec.Struct, frozen=True, kw_only=True):
    """One world: its name, days told, and CRPS of pool with the structural model less the pool's."""

    name: str
    days: int
    crps_difference: float


class StructuralReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one run found.

    Parameters
    ----------
    scope, fingerprint
        Of the real past.
    real
        Comparisons by period.
    conditions
        Of conditional answers.
    synthetic
        Comparisons over all worlds together.
    worlds
        Each world.
    """

    scope: str
    fingerprint: str
    real: dict[str, tuple[Comparison, ...]]
    conditions: tuple[ConditionComparison, ...]
    synthetic: tuple[Comparison, ...]
    worlds: tuple[WorldScore, ...]


def score_structural(
    lake: Lake, at: int, worlds: Path, *, count: int = WORLDS, progress: Progress = no_progress
) -> StructuralReport:
    """Return how the structural model did on the real past known at ``at`` and on synthetic worlds.

    Parameters
    ----------
    lake
        The real lake.
    at
        UTC ns.
    worlds
        Folder of the worlds' lakes; those that are not there are made.
    count
        How many worlds.
    progress
        Called with each step.

    Raises
    ------
    NotEnoughDataError
        As :func:`studies.forecast.study.score_forecast`.
    """
    past = read_past(lake, at)
    ground = ground_of(past)
    progress("real past", 1, count + 3)
    real = walked_losses(ground.evidence, ground.rows.tolist(), MEASURED_USD, refit_days=1)
    progress("conditions", 2, count + 3)
    conditions = tuple(_conditions(ground))
    told: list[dict[str, Losses]] = []
    names: list[str] = []
    for number in range(count):
        world = world_of(number)
        progress(world.title, number + 3, count + 3)
        told.append(_world_losses(world_lake(world, worlds)))
        names.append(world.title.removeprefix("simulation: "))
    return StructuralReport(
        scope=past.group.scope(),
        fingerprint=combine(past.read),
        real={name: tuple(_comparisons(real, inside)) for name, inside in _periods(ground).items()},
        conditions=conditions,
        synthetic=tuple(_comparisons(_joined(told), None)) if told else (),
        worlds=tuple(_world_score(name, one) for name, one in zip(names, told, strict=True)),
    )


# -- walking ----------------------------------------------------------------------------------------------------------


def walked_losses(
    evidence: Evidence, targets: Sequence[int], theta_usd: float, *, refit_days: int, reference: bool = True
) -> dict[str, Losses]:
    """Return losses of the pool, each variant alone, and the pool with each variant; of the reference if asked for.

    Parameters
    ----------
    evidence
        All of it; each forecast sees its head.
    targets
        Rows of the days to forecast, ascending.
    theta_usd
        Threshold of the Brier score.
    refit_days
        Days between fits.
    reference
        Whether to walk it: it has nothing to go by on the day after one without liquidations.
    """
    total = np.exp(evidence.design.log_total[np.asarray(targets, dtype=np.int64)])

    def evaluated(model: Model) -> FloatArray:
        return survivals(list(forecasts(model, evidence, targets, refit_days=refit_days)), total, theta_usd)

    def told(parts: Sequence[FloatArray]) -> Losses:
        return losses(np.mean(parts, axis=0), total, theta_usd)

    members = [evaluated(model) for model in MEMBERS]
    found = {REFERENCE: told([evaluated(MODELS[REFERENCE].model)])} if reference else {}
    found[ISSUED] = told(members)
    for name, model in VARIANTS.items():
        alone = evaluated(model)
        found[name] = told([alone])
        found[f"{ISSUED} + {name}"] = told([*members, alone])
    return found


def _comparisons(told: dict[str, Losses], inside: BoolArray | None) -> Iterable[Comparison]:
    for name, ours in told.items():
        against = ISSUED if name != ISSUED else REFERENCE
        if against not in told:
            continue
        theirs = told[against]
        keep = np.ones(len(ours.crps), dtype=np.bool_) if inside is None else inside
        yield Comparison(
            model=name, against=against, days=int(keep.sum()),
            crps=float(ours.crps[keep].mean()), log=float(ours.log[keep].mean()),
            brier=float(ours.brier[keep].mean()),
            crps_difference=_paired(ours.crps[keep], theirs.crps[keep]),
            log_difference=_paired(ours.log[keep], theirs.log[keep]),
            brier_difference=_paired(ours.brier[keep], theirs.brier[keep]),
        )  # fmt: skip


def _paired(ours: FloatArray, theirs: FloatArray) -> PairedDifference:
    return paired_difference(
        ours, theirs, block_length=BLOCK_DAYS, rng=np.random.default_rng(0), resamples=RESAMPLES, level=LEVEL
    )


def _periods(ground: Ground) -> dict[str, BoolArray]:
    frozen = parse_time(FROZEN)
    named = {
        "2022 to 2024": ground.day < frozen,
        "from 2025": ground.day >= frozen,
        "all days": np.ones(len(ground.day), dtype=np.bool_),
    }
    return {name: inside for name, inside in named.items() if inside.any()}


# -- conditions -------------------------------------------------------------------------------------------------------


def _conditions(ground: Ground) -> Iterable[ConditionComparison]:
    whole = VARIANTS["structural"].prepared(ground.evidence)
    for move in MOVES:
        condition = Condition(move)
        came = excursions(ground.evidence.history, condition)[ground.rows] >= move
        places = np.flatnonzero(came)
        days = [
            (whole.head(int(ground.rows[place]) + 1 - whole.design.lead), float(ground.total_usd[place]))
            for place in places
        ]
        counted = np.array([_answer(given, known, condition, usd) for known, usd in days])
        model = np.array([_answer(given_by_model, known, condition, usd) for known, usd in days])
        for name, inside in _periods(ground).items():
            if inside[places].any():
                yield _condition_comparison(move, name, counted[inside[places]], model[inside[places]])


def _answer(
    answer: Callable[[Evidence, Condition], Predictive], known: Evidence, condition: Condition, usd: float
) -> tuple[float, float]:
    """Return log loss and Brier of an answer; NaN where it was refused."""
    try:
        made = answer(known, condition)
    except NotEnoughDataError:
        return np.nan, np.nan
    total = np.array([usd])
    found = losses(survivals([made], total, MEASURED_USD), total, MEASURED_USD)
    return float(found.log[0]), float(found.brier[0])


def _condition_comparison(move: float, period: str, counted: FloatArray, model: FloatArray) -> ConditionComparison:
    both = np.isfinite(counted[:, 0]) & np.isfinite(model[:, 0])
    alone = ~np.isfinite(counted[:, 0]) & np.isfinite(model[:, 0])

    def mean(values: FloatArray) -> float:
        return float(values.mean()) if len(values) else np.nan

    return ConditionComparison(
        move=move, period=period, days=int(both.sum()), only_model=int(alone.sum()),
        counted_log=mean(counted[both, 0]), model_log=mean(model[both, 0]),
        counted_brier=mean(counted[both, 1]), model_brier=mean(model[both, 1]),
        log_difference=_paired(model[both, 0], counted[both, 0]) if both.sum() >= 2 * BLOCK_DAYS else None,
        only_model_log=mean(model[alone, 0]) if alone.any() else None,
    )  # fmt: skip


# -- worlds -----------------------------------------------------------------------------------------------------------


def world_of(number: int) -> World:
    """Return a world of the study: families in turn, ordinary scenarios in turn, a seed each."""
    return World(
        scenario=SCENARIOS[number // len(FAMILIES) % len(SCENARIOS)], family=FAMILIES[number % len(FAMILIES)],
        days=WORLD_DAYS, seed=FIRST_SEED + number, start=END - WORLD_DAYS * DAY, coins=COINS[:WORLD_COINS],
        traders=WORLD_TRADERS,
    )  # fmt: skip


def world_lake(world: World, folder: Path) -> Lake:
    """Return a lake with the daily series that a world publishes, made if it is not in ``folder`` yet.

    Parameters
    ----------
    world
        The world.
    folder
        Of all worlds.
    """
    root = folder / f"{world.scenario}-{world.family}-{world.days}-{world.seed}"
    done = root.with_suffix(".done")
    lake = Lake(root)
    if done.exists():
        return lake
    published, _ = generate(world, no_progress)
    kept = [(one, rows) for one, rows in published if one.step == DAY and one.kind in _KINDS]
    lake.register(one for one, _ in kept)
    for one, rows in kept:
        lake.append(one.kind, rows)
    done.touch()
    return lake


def _world_losses(lake: Lake) -> dict[str, Losses]:
    evidence = evidence_of(read_past(lake, END).history)
    # A day without any liquidation has no logarithm: it is neither learned from nor told.
    known = np.isfinite(evidence.design.log_total)
    first = int(np.searchsorted(np.cumsum(known), TRAINING_DAYS))
    total = np.exp(evidence.design.log_total[:first][known[:first]])
    targets = np.flatnonzero(known & (np.arange(len(known)) > first)).tolist()
    theta = float(np.quantile(total, EXCEEDED))
    return walked_losses(evidence, targets, theta, refit_days=_REFIT_DAYS, reference=False)


def _joined(told: Sequence[dict[str, Losses]]) -> dict[str, Losses]:
    return {
        name: Losses(*(np.concatenate([getattr(one[name], part) for one in told]) for part in ("crps", "log", "brier")))
        for name in told[0]
    }


def _world_score(name: str, told: dict[str, Losses]) -> WorldScore:
    ours, theirs = told[f"{ISSUED} + structural"].crps, told[ISSUED].crps
    return WorldScore(name=name, days=len(ours), crps_difference=float((ours - theirs).mean()))
