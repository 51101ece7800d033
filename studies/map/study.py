"""The comparison: every null, rival, map and learner on the same buckets, fitted on the first half, told on the second.

What is claimed for a map is its *paired gain at equal covariates* over the same map without volume and open interest,
and over learners without a map: R² alone mostly tells how far the price went.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Final, NamedTuple

import numpy as np

from runout.clock import NANOSECONDS_PER_DAY
from runout.scores import Split
from runout.scores.arrays import FloatArray, IntArray
from studies.map import learners
from studies.map.columns import MapColumns, mass_of, recent
from studies.map.covariates import (
    FROZEN,
    ONE_STEP,
    Mode,
    chosen,
    covariates,
    everything,
    volatility_and_interest,
)
from studies.map.findings import Compared, Placebo, Scored, Study
from studies.map.fitting import Fitted, Model, out_of_fold, split_of
from studies.map.index import RIDGE_FEW, RIDGE_MANY, fit_index
from studies.map.learners import Learner
from studies.map.maps import CLOCKS, Swept, swept_by
from studies.map.market import SIDES, Market
from studies.map.measures import Gain, allotment_gain, gain, r_squared, rank_correlation, top_decile_ratio
from studies.map.placebos import placebos
from studies.map.rivals import interest_by_sign, naive_ladder, volume_profile

MODES: Final[tuple[Mode, ...]] = (FROZEN, ONE_STEP)
LEARNED: Final = "all"
PAIRS: Final = (
    ("map", "constant clock", "range"),
    ("map", "range clock", "range"),
    ("map", "constant clock", "range + volume"),
    ("map", "constant clock", "all"),
    ("map", "range clock", "all"),
    ("constant clock", "naive ladder", "range"),
    ("four learners", "boosted", LEARNED),
    ("four learners + constant clock", "four learners", LEARNED),
    ("four learners + constant clock", "four learners + past errors", LEARNED),
    ("four learners + map", "four learners", LEARNED),
    ("four learners + map", "four learners + past errors", LEARNED),
    ("four learners + map", "four learners + constant clock", LEARNED),
    ("four learners + map", "four learners + range clock", LEARNED),
)


def study(
    market: Market,
    *,
    with_placebos: bool = True,
    boosted: Learner = learners.boosted,
    four: Learner = learners.mean_of_four,
    told: Callable[[str], None] = lambda _: None,
) -> Study:
    """Return how all of them do on a market.

    Parameters
    ----------
    market
        Bars and realised liquidations.
    with_placebos
        Whether placebos are made.
    boosted, four
        Learners that are given all covariates: boosted trees, and the mean of four.
    told
        Is told the name of each step.

    Raises
    ------
    NotEnoughDataError
        If there are too few buckets.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

    import_module("sklearn.ensemble")  # a library's threads can be limited only once it is loaded
    with threadpool_limits(1):
        return _studied(market, _Learners(boosted, four), with_placebos, told)


class _Learners(NamedTuple):
    boosted: Learner
    four: Learner


def _studied(market: Market, learned: _Learners, with_placebos: bool, told: Callable[[str], None]) -> Study:
    split = split_of(market)
    told(f"{market.coin}: maps")
    maps = {one: swept_by(market, one, keep_levels=with_placebos and one == CLOCKS[0]) for one in CLOCKS}
    bench = _Bench(market, split, maps)
    told(f"{market.coin}: rivals")
    bench.add_rivals()
    for mode in MODES:
        for side in (0, 1):
            told(f"{market.coin}: {mode}, {SIDES[side]}")
            bench.score_heads(mode, side)
            bench.score_learners(mode, side, learned.boosted, learned.four)
    told(f"{market.coin}: placebos")
    return Study(
        coin=market.coin,
        first=int(market.origin[0]),
        fit_time=split.fit_time,
        last=int(market.event_time[-1]),
        trained=len(split.train),
        tested=len(split.test),
        scored=tuple(bench.rows),
        compared=tuple(bench.compare()),
        placebos=tuple(bench.placebos()) if with_placebos else (),
        allotments=bench.allotments(),
    )


class _Bench:
    """Runs models over one split and keeps what they predicted for the test half."""

    def __init__(self, market: Market, split: Split, maps: dict[str, Swept]) -> None:
        self.market, self.split, self.maps = market, split, maps
        self.target = market.log_dollars
        self.groups = [covariates(market, side) for side in (0, 1)]
        self.columns = {name: MapColumns(swept, self.groups, self.target) for name, swept in maps.items()}
        self.masses = {(name, mode): mass_of(swept, mode) for name, swept in maps.items() for mode in MODES}
        self.predicted: dict[tuple[str, str, Mode, int], FloatArray] = {}
        self.rows: list[Scored] = []

    def add_rivals(self) -> None:
        made = (
            ("naive ladder", naive_ladder(self.market)),
            ("change of open interest by sign", interest_by_sign(self.market)),
            ("volume profile", volume_profile(self.market)),
        )
        for name, rival in made:
            self.masses[name, FROZEN], self.masses[name, ONE_STEP] = rival

    def score_heads(self, mode: Mode, side: int) -> None:
        range_ = self._given("range", mode, side)
        wide = np.column_stack([range_, volatility_and_interest(self.market, mode)])
        self._score("range alone", "range", mode, side, self._learned(range_[:, :1], side, learners.least_squares))
        self._score("range, volatility, open interest", "range", mode, side, self._learned(wide, side, learners.ridge))
        for (name, which), mass in self.masses.items():
            if which != mode:
                continue
            for given in ("range", *(("range + volume",) if mode == ONE_STEP else ()), "all"):
                if given == "range" or name in self.maps:
                    ridge = RIDGE_MANY if given == "all" else RIDGE_FEW
                    model = self._headed(mass[:, side], self._given(given, mode, side), side, ridge)
                    self._score(name, given, mode, side, model)

    def score_learners(self, mode: Mode, side: int, boosted: Learner, four: Learner) -> None:
        plain = self._given("all", mode, side)
        self._score("boosted", LEARNED, mode, side, self._learned(plain, side, boosted))
        self._score("four learners", LEARNED, mode, side, self._learned(plain, side, four))
        self._score("four learners + past errors", LEARNED, mode, side, self._remembering(mode, side, four))
        for name in self.maps:
            self._score(f"four learners + {name}", LEARNED, mode, side, self._mapped(name, mode, side, four))

    def compare(self) -> Iterator[Compared]:
        for name, over, given in PAIRS:
            for mode in MODES:
                for side in (0, 1):
                    ours, theirs = (self.predicted.get((one, given, mode, side)) for one in (name, over))
                    if ours is not None and theirs is not None:
                        found = gain(ours, theirs, self.target[self.split.test, side])
                        yield Compared(name=name, over=over, given=given, mode=mode, side=SIDES[side], gain=found)

    def placebos(self) -> Iterator[Placebo]:
        made = list(placebos(self.market, self.maps["map"], np.random.default_rng(1)))
        for side in (0, 1):
            realised = self.target[self.split.test, side]
            for given in ("nothing", "range"):
                columns = self._given(given, FROZEN, side)
                true = self._tested(self._headed(self.maps["map"].frozen[:, side], columns, side, RIDGE_FEW))
                for name, mass in made:
                    predicted = self._tested(self._headed(mass[:, side], columns, side, RIDGE_FEW))
                    yield Placebo(
                        name=name, given=given, side=SIDES[side], r_squared=r_squared(predicted, realised),
                        loss=gain(true, predicted, realised),
                    )  # fmt: skip

    def allotments(self) -> dict[tuple[str, str], Gain]:
        plain, dollars = self.maps["constant clock"].ahead, self.market.liquidated_usd[self.market.lead :]
        each = NANOSECONDS_PER_DAY // (self.market.step * self.market.bars_each)
        return {
            (name, side): allotment_gain(
                swept.ahead[:, row, 0, 0], plain[:, row, 0, 0], dollars[:, row], each=each
            )
            for name, swept in self.maps.items() if name != "constant clock"
            for row, side in enumerate(SIDES)
        }  # fmt: skip

    # -- models -------------------------------------------------------------------------------------------------

    def _given(self, given: str, mode: Mode, side: int) -> FloatArray:
        names = {"nothing": (), "range": ("range",), "range + volume": ("range", "volume"), "all": everything(mode)}
        return chosen(self.groups[side], names[given])

    def _headed(self, mass: FloatArray, columns: FloatArray, side: int, ridge: float) -> Model:
        def fit(rows: IntArray) -> Fitted:
            index = fit_index(mass[rows], columns[rows], self.target[rows, side], ridge=ridge)
            return lambda at: index.predict(mass[at], columns[at])

        return fit

    def _learned(self, columns: FloatArray, side: int, learner: Learner) -> Model:
        return self._learned_from(lambda _: columns, side, learner)

    def _remembering(self, mode: Mode, side: int, learner: Learner) -> Model:
        """Give a learner without a map what those with one also have: how a simple model erred lately."""

        def columns(rows: IntArray) -> FloatArray:
            errors: list[FloatArray] = []
            for of in (side, 1 - side):
                plain = self._given("all", ONE_STEP, of)
                simple = learners.ridge(plain[rows], self.target[rows, of])
                errors.append(self.target[:, of] - simple(plain))
            return np.column_stack([self._given("all", mode, side), *recent(errors)])

        return self._learned_from(columns, side, learner)

    def _mapped(self, name: str, mode: Mode, side: int, learner: Learner) -> Model:
        def columns(rows: IntArray) -> FloatArray:
            return np.column_stack([self._given("all", mode, side), self.columns[name].of(mode, side, rows)])

        return self._learned_from(columns, side, learner)

    def _learned_from(self, columns: Callable[[IntArray], FloatArray], side: int, learner: Learner) -> Model:
        def fit(rows: IntArray) -> Fitted:
            made = columns(rows)
            predictor = learner(made[rows], self.target[rows, side])
            return lambda at: predictor(made[at])

        return fit

    # -- scores -------------------------------------------------------------------------------------------------

    def _tested(self, model: Model) -> FloatArray:
        return model(self.split.train)(self.split.test)

    def _score(self, name: str, given: str, mode: Mode, side: int, model: Model) -> None:
        predicted, realised = self._tested(model), self.target[self.split.test, side]
        self.predicted[name, given, mode, side] = predicted
        self.rows.append(
            Scored(
                name=name,
                given=given,
                mode=mode,
                side=SIDES[side],
                r_squared=r_squared(predicted, realised),
                top_decile_ratio=top_decile_ratio(predicted, realised, self._dollars_each(model, side)),
                rank_correlation=rank_correlation(predicted, realised),
            )
        )

    def _dollars_each(self, model: Model, side: int) -> float:
        """Return dollars over predicted exponents, each third of the training half predicted from the others."""
        predicted = out_of_fold(model, self.split.train)
        return float(np.exp(self.target[self.split.train, side]).sum() / np.exp(predicted).sum())
