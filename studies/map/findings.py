"""What a scoring run of the map finds."""

from collections.abc import Sequence

import msgspec

from studies.map.covariates import Mode
from studies.map.measures import Gain


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table for one side.

    Parameters
    ----------
    name
        What predicted.
    given
        Covariates it was given beside.
    mode, side
        Question, and whose liquidations.
    r_squared
        On the test half, log dollars.
    top_decile_ratio
        Realised over predicted dollars where most was predicted; 1 is unbiased.
    rank_correlation
        Spearman's.
    """

    name: str
    given: str
    mode: Mode
    side: str
    r_squared: float
    top_decile_ratio: float
    rank_correlation: float


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Paired gain of one row over another."""

    name: str
    over: str
    given: str
    mode: Mode
    side: str
    gain: Gain


class Placebo(msgspec.Struct, frozen=True, kw_only=True):
    """R² of a placebo, frozen, and what it loses against the true map; both with a head of their own."""

    name: str
    given: str
    side: str
    r_squared: float
    loss: Gain


class Study(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """All that was found on one market."""

    coin: str
    first: int
    fit_time: int
    last: int
    trained: int
    tested: int
    scored: tuple[Scored, ...]
    compared: tuple[Compared, ...]
    placebos: tuple[Placebo, ...]
    allotments: dict[tuple[str, str], Gain]

    def row(self, name: str, given: str, mode: Mode, side: str) -> Scored:
        """Return one row."""
        return next(r for r in self.scored if (r.name, r.given, r.mode, r.side) == (name, given, mode, side))


def names_of(scored: Sequence[Scored]) -> list[tuple[str, str]]:
    """Return rows of the table, in the order they were scored."""
    return list(dict.fromkeys((one.name, one.given) for one in scored))
