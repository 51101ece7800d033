"""What was tried beside the map as it is, each against the same head and the same learners without it.

Settings are chosen in the first half alone: every one of an alternative is scored by cross-validation with the head,
the best goes on to the learners. Then all of them are told the second half, once, together.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
import numpy as np

from runout.positions.scoring import alternatives, learners
from runout.positions.scoring.alternatives import Beside, Link
from runout.positions.scoring.columns import MapColumns, mass_of
from runout.positions.scoring.covariates import FROZEN, ONE_STEP, Mode, chosen, covariates, everything
from runout.positions.scoring.fitting import Fitted, Model, out_of_fold, split_of
from runout.positions.scoring.index import RIDGE_MANY, fit_index
from runout.positions.scoring.learners import Learner
from runout.positions.scoring.maps import Swept, swept_by_filter
from runout.positions.scoring.market import SIDES, Market
from runout.positions.scoring.measures import Gain, gain, r_squared
from runout.scores.arrays import FloatArray, IntArray

MODES: Final[tuple[Mode, ...]] = (FROZEN, ONE_STEP)
Columns = tuple[FloatArray, FloatArray]


class Changed(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A map and what stands beside it.

    Parameters
    ----------
    swept
        What the map says.
    columns
        Covariates beside those of the question, by side; None: no others.
    link
        What is fitted instead of log dollars; None: log dollars.
    bent
        Whether the head may bend: the square of its logarithm beside it.
    """

    swept: Swept
    columns: Columns | None = None
    link: Link | None = None
    bent: bool = False


class Alternative(NamedTuple):
    """One thing to try.

    ``base`` is what it is compared with: None is the map as it is, else made like ``make`` without the change.
    """

    item: str
    name: str
    modes: tuple[Mode, ...]
    settings: tuple[float, ...]
    make: Callable[[float], Changed]
    base: Callable[[float], Changed] | None = None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an alternative, for one question and side.

    Parameters
    ----------
    item, name
        As in the issue; what was changed.
    setting
        Chosen in the first half, of ``settings`` that were offered; NaN where there was nothing to choose.
    settings
        How many.
    mode, side
        Question, and whose liquidations.
    head
        Gain in R² of the head beside all covariates, first half, out of fold.
    first
        Gain of the four learners, first half, out of fold.
    second
        Gain of the four learners on the second half; None where it was not told.
    r_squared
        Of the four learners with the change: on the second half if told, else out of fold.
    """

    item: str
    name: str
    setting: float
    settings: int
    mode: Mode
    side: str
    head: Gain
    first: Gain
    second: Gain | None
    r_squared: float


def alternatives_of(market: Market, beside: Beside) -> list[Alternative]:
    """Return everything that the data allow to try."""
    plain, path = swept_by_filter(market), swept_by_filter(market, "path only")
    crowd = alternatives.at_start(market, beside.positioning)
    carry = alternatives.at_start(market, beside.funding)
    of_path, once = _only(Changed(swept=path)), (np.nan,)
    made = [
        Alternative("capture", "target before the cap: y = Y·c(Y/D)", MODES, (1e4, 1e5, 1e6, 1e7),
                    _linked(plain, alternatives.captured_link)),
        Alternative("capture", "each bar's coins to a power", (ONE_STEP,), (0.4, 0.6, 0.8, 0.9),
                    _set(lambda power: alternatives.thinned(market, power))),
        Alternative("capture", "head that bends", MODES, once, _only(Changed(swept=plain, bent=True))),
        Alternative("long/short ratio", "three ratios, filter", MODES, once,
                    _only(Changed(swept=plain, columns=crowd))),
        Alternative("long/short ratio", "three ratios, path only", MODES, once,
                    _only(Changed(swept=path, columns=crowd)), of_path),
        Alternative("funding", "two rates, filter", MODES, once, _only(Changed(swept=plain, columns=carry))),
        Alternative("funding", "two rates, path only", MODES, once,
                    _only(Changed(swept=path, columns=carry)), of_path),
        *(_by_side(market, name, signal) for name, signal in alternatives.signals(market, beside).items()),
        Alternative("top-ups", "levels spread (log price)", (FROZEN,), (0.0005, 0.001, 0.002, 0.004),
                    _set(lambda width: alternatives.topped_up(market, width))),
        Alternative("venues", "open interest of all venues", MODES, once,
                    _later(lambda: alternatives.with_interest(market, beside.interest_all_base))),
        Alternative("venues", "open interest of both margins", MODES, once,
                    _later(lambda: alternatives.with_interest(market, beside.interest_margins_base))),
        Alternative("venues", "volume of Binance and Bybit", MODES, once,
                    _later(lambda: alternatives.with_volume(market, beside.volume_factor))),
        Alternative("mark price", "median of last, spot, spot with basis", MODES, once,
                    _later(lambda: alternatives.marked(market, beside))),
    ]  # fmt: skip
    return made if beside.other is None else [*made, _with_other(market, beside.other, plain)]


def _only(changed: Changed) -> Callable[[float], Changed]:
    def make(setting: float) -> Changed:
        del setting
        return changed

    return make


def _set(swept: Callable[[float], Swept]) -> Callable[[float], Changed]:
    def make(setting: float) -> Changed:
        return Changed(swept=swept(setting))

    return make


def _linked(swept: Swept, link: Callable[[float], Link]) -> Callable[[float], Changed]:
    def make(setting: float) -> Changed:
        return Changed(swept=swept, link=link(setting))

    return make


def _later(swept: Callable[[], Swept]) -> Callable[[float], Changed]:
    def make(setting: float) -> Changed:
        del setting
        return Changed(swept=swept())

    return make


def _by_side(market: Market, name: str, signal: FloatArray) -> Alternative:
    def make(strength: float) -> Changed:
        return Changed(swept=alternatives.by_side(market, signal, strength))

    return Alternative("sides", f"longs close more when {name}", MODES, (-0.5, -0.25, 0.25, 0.5), make)


def worth_repeating(found: list[Tried]) -> bool:
    """Return whether an alternative gained in the first half: in the mean, and once with an interval above zero."""
    return sum(one.first.mean for one in found) > 0.0 and any(one.first.low > 0.0 for one in found)


def chosen_only(one: Alternative, found: list[Tried]) -> Alternative:
    """Return an alternative with the setting that was chosen, and no other."""
    return one._replace(settings=(found[0].setting,))


def _with_other(market: Market, other: Market, plain: Swept) -> Alternative:
    ranges = alternatives.other_ranges(market, other)

    def make(share: float) -> Changed:
        return Changed(swept=alternatives.with_basket(market, other, share), columns=ranges)

    base = _only(Changed(swept=plain, columns=ranges))
    return Alternative(
        "cross margin", f"accounts that hold {other.coin} too", (ONE_STEP,), (0.1, 0.25, 0.5), make, base
    )


class _Contender:
    """One map with what stands beside it, and what was predicted with it."""

    def __init__(self, changed: Changed, columns: MapColumns) -> None:
        self.changed, self.columns = changed, columns
        self.kept: dict[tuple[str, Mode, int], FloatArray] = {}


class _Row(NamedTuple):
    one: Alternative
    setting: float
    best: _Contender
    base: _Contender


class Trials:
    """Runs alternatives on one market with one learner; what is told twice is kept.

    Parameters
    ----------
    market
        Bars and realised liquidations.
    learner
        What is given all covariates and the map's columns.
    """

    def __init__(self, market: Market, learner: Learner = learners.mean_of_two) -> None:
        self.split, self.target, self.learner = split_of(market), market.log_dollars, learner
        self.groups = [covariates(market, side) for side in (0, 1)]
        self._made: dict[int, _Contender] = {}
        self.plain = self._of(Changed(swept=swept_by_filter(market)))

    def compare(self, one: Alternative, *, tell: bool) -> list[Tried]:
        """Return what came of an alternative, one row for each question and side.

        Parameters
        ----------
        one
            The alternative; of several settings the one that is best in the first half is taken.
        tell
            Whether the second half is looked at.
        """
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

        with threadpool_limits(1):
            base = self.plain if one.base is None else self._of(one.base(np.nan))
            best, setting = self._chosen(one, base)
            row = _Row(one, setting, best, base)
            return [self._tried(row, mode, side, tell=tell) for mode in one.modes for side in (0, 1)]

    def as_it_is(self, mode: Mode, side: int) -> tuple[FloatArray, FloatArray]:
        """Return what the learner says with the map as it is: first half out of fold, second half, log dollars."""
        return self._first("learner", self.plain, mode, side), self._second(self.plain, mode, side)

    def _of(self, changed: Changed) -> _Contender:
        """Return a contender; one without a change beside its map is made once for each map."""
        if changed.columns is not None or changed.link is not None or changed.bent:
            return _Contender(changed, MapColumns(changed.swept, self.groups, self.target))
        key = id(changed.swept)
        if key not in self._made:
            self._made[key] = _Contender(changed, MapColumns(changed.swept, self.groups, self.target))
        return self._made[key]

    def _tried(self, row: _Row, mode: Mode, side: int, *, tell: bool) -> Tried:
        one, setting, pair = row.one, row.setting, (row.best, row.base)
        past, told = self.target[self.split.train, side], self.target[self.split.test, side]
        head = [self._first("head", each, mode, side) for each in pair]
        first = [self._first("learner", each, mode, side) for each in pair]
        second = [self._second(each, mode, side) for each in pair] if tell else None
        return Tried(
            item=one.item, name=one.name, setting=setting, settings=len(one.settings), mode=mode, side=SIDES[side],
            head=gain(head[0], head[1], past), first=gain(first[0], first[1], past),
            second=None if second is None else gain(second[0], second[1], told),
            r_squared=r_squared(first[0], past) if second is None else r_squared(second[0], told),
        )  # fmt: skip

    def _chosen(self, one: Alternative, base: _Contender) -> tuple[_Contender, float]:
        """Return the setting with which the head does best in the first half, all questions and sides together."""
        found: list[tuple[float, _Contender, float]] = []
        for setting in one.settings:
            contender = self._of(one.make(setting))
            gains = [
                r_squared(self._first("head", contender, mode, side), self.target[self.split.train, side])
                - r_squared(self._first("head", base, mode, side), self.target[self.split.train, side])
                for mode in one.modes
                for side in (0, 1)
            ]
            found.append((float(np.mean(gains)), contender, setting))
        best = max(found, key=lambda each: each[0])
        return best[1], best[2]

    def _first(self, kind: str, contender: _Contender, mode: Mode, side: int) -> FloatArray:
        key = kind, mode, side
        if key not in contender.kept:
            model = (self._head if kind == "head" else self._learned)(contender, mode, side)
            contender.kept[key] = out_of_fold(model, self.split.train)
        return contender.kept[key]

    def _second(self, contender: _Contender, mode: Mode, side: int) -> FloatArray:
        key = "second", mode, side
        if key not in contender.kept:
            contender.kept[key] = self._learned(contender, mode, side)(self.split.train)(self.split.test)
        return contender.kept[key]

    # -- models -------------------------------------------------------------------------------------------------

    def _beside(self, contender: _Contender, mode: Mode, side: int) -> FloatArray:
        given, extra = chosen(self.groups[side], everything(mode)), contender.changed.columns
        return given if extra is None else np.column_stack([given, extra[side]])

    def _head(self, contender: _Contender, mode: Mode, side: int) -> Model:
        mass, columns = mass_of(contender.changed.swept, mode)[:, side], self._beside(contender, mode, side)
        link, bent = contender.changed.link, contender.changed.bent

        def fit(rows: IntArray) -> Fitted:
            target = self.target[rows, side] if link is None else link.to(self.target[rows, side])
            index = fit_index(mass[rows], columns[rows], target, ridge=RIDGE_MANY)
            if bent:
                again = learners.ridge(_bent(index.log_index(mass[rows]), columns[rows]), target)
                return lambda at: again(_bent(index.log_index(mass[at]), columns[at]))
            return lambda at: _back(link, index.predict(mass[at], columns[at]))

        return fit

    def _learned(self, contender: _Contender, mode: Mode, side: int) -> Model:
        plain, link = self._beside(contender, mode, side), contender.changed.link

        def fit(rows: IntArray) -> Fitted:
            of_map = contender.columns.of(mode, side, rows)
            given = [plain, of_map, of_map[:, 1:2] ** 2] if contender.changed.bent else [plain, of_map]
            columns = np.column_stack(given)
            target = self.target[rows, side] if link is None else link.to(self.target[rows, side])
            predictor = self.learner(columns[rows], target)
            return lambda at: _back(link, predictor(columns[at]))

        return fit


def _bent(log_index: FloatArray, columns: FloatArray) -> FloatArray:
    return np.column_stack([log_index, log_index**2, columns])


def _back(link: Link | None, predicted: FloatArray) -> FloatArray:
    return predicted if link is None else link.back(predicted)
