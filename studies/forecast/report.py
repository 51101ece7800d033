"""What a scoring run found: everything that its tables and figures are written from."""

import msgspec

from runout.forecast.danger import LevelRecord
from runout.scores import PairedDifference, ReliabilityCurve
from studies.forecast.scorecard import Score


class Period(msgspec.Struct, frozen=True):
    """Days that are scored together: [start, end), UTC ns."""

    name: str
    start: int
    end: int


class ConditionScore(msgspec.Struct, frozen=True, kw_only=True):
    """How conditional forecasts did on the days on which their condition came true.

    Parameters
    ----------
    move
        Fall from the day's opening, a fraction.
    period
        Name.
    days, events
        On which it fell that far, and on how many of them the total reached the threshold.
    brier
        Of the conditional forecast.
    brier_unconditional
        Of the forecast as issued, on the same days.
    brier_climatology
        Of the frequency among earlier days that fell that far.
    mean_probability
        Of the conditional forecast.
    """

    move: float
    period: str
    days: int
    events: int
    brier: float
    brier_unconditional: float
    brier_climatology: float
    mean_probability: float


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One day: what was said, and what came.

    Parameters
    ----------
    day
        UTC ns.
    probability, low, high
        P(measured ≥ threshold) and its interval.
    headline_probability
        P(headline ≥ $1B); None without a ratio.
    total_usd
        What was measured.
    """

    day: int
    probability: float
    low: float
    high: float
    headline_probability: float | None
    total_usd: float


class HeadlineLevel(msgspec.Struct, frozen=True, kw_only=True):
    """Days of one danger level, and how many waves of $1B headline they held as far as measured totals tell.

    Parameters
    ----------
    level
        1 to 5.
    days, share
        How many days had it.
    mean_probability
        What was said on them; None without days.
    expected_waves
        Sum over the days of P(headline ≥ $1B) given what was measured, by the ratio known at the end.
    """

    level: int
    days: int
    share: float
    mean_probability: float | None
    expected_waves: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one run found.

    Parameters
    ----------
    scope
        Of the totals.
    fingerprint
        Of the rows read.
    periods
        As scored.
    scores
        By period, at $250M measured.
    thresholds
        What is issued at other thresholds, by dollars and period.
    leads
        Two days ahead: the reference and what is issued, by period.
    shares
        Relative target: issued less reference, by share and period, with events.
    dropouts
        Brier and AUC by what was taken out, and period.
    levels
        Days by P(≥ $250M measured) in the classes of the danger level, by period.
    headline_levels
        Days of each danger level, by period; empty without a ratio.
    conditions
        Conditional forecasts.
    cases
        Days that the documentation speaks of.
    curves
        CORP reliability of what is issued, by period.
    width
        Mean width of the 90% interval of the probability.
    """

    scope: str
    fingerprint: str
    periods: tuple[Period, ...]
    scores: dict[str, tuple[Score, ...]]
    thresholds: dict[str, dict[str, Score]]
    leads: dict[str, tuple[Score, ...]]
    shares: dict[str, dict[str, tuple[int, PairedDifference]]]
    dropouts: dict[str, dict[str, tuple[float, float | None]]]
    levels: dict[str, tuple[LevelRecord, ...]]
    headline_levels: dict[str, tuple[HeadlineLevel, ...]]
    conditions: tuple[ConditionScore, ...]
    cases: tuple[Case, ...]
    curves: dict[str, ReliabilityCurve]
    width: float
