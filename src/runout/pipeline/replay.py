"""Replay a past period: the forecasts as they would have been issued, and how they fared."""

import msgspec

from runout.bulletin.sections.danger import Outcome
from runout.clock import NANOSECONDS_PER_DAY, format_date, start_of_day
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.danger import DangerLevel
from runout.forecast.targets import DANGER_USD
from runout.lake import Lake
from runout.pipeline import ledger
from runout.pipeline.outcomes import Totals, past_outcomes, totals_that_followed
from runout.pipeline.progress import Progress, no_progress
from runout.scores import FrequencyInterval, wilson_interval

DAY = NANOSECONDS_PER_DAY


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a replay: the level issued at its start, and what followed.

    Parameters
    ----------
    day
        UTC date.
    level, probability
        Danger level and the chance of $1B headline, as issued.
    measured_usd, estimated_usd
        Measured total of the day, and that times the median ratio of its time; None where the day is not over.
    """

    day: str
    level: int
    probability: float
    measured_usd: float | None
    estimated_usd: float | None


class LevelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How days of one level turned out: days, mean chance issued, waves that followed, interval of their frequency."""

    level: int
    days: int
    mean_chance: float
    waves: int
    interval: FrequencyInterval


def replay(
    lake: Lake, coin: str, first: int, last: int, *, workers: int = 1, progress: Progress = no_progress
) -> list[Replayed]:
    """Issue the daily forecasts of a period that the ledger lacks, and return all of them with what followed.

    Parameters
    ----------
    lake
        The lake.
    coin
        Base asset.
    first, last
        UTC ns of the first and the last day.
    workers
        Processes.
    progress
        Called as batches are written; an interrupted replay goes on where it stopped.

    Raises
    ------
    UsageError
        If the period is empty.
    NotEnoughDataError
        If no forecast could be issued in it.
    """
    days = range(start_of_day(first), start_of_day(last) + 1, DAY)
    if not days:
        raise UsageError(
            f"expected a period whose first day (--from) is not after its last (--to), found {format_date(first)} to "
            f"{format_date(last)}"
        )
    ledger.issue_daily(lake, coin, days, workers=workers, progress=progress)
    requested = set(days)
    entries = [entry for entry in ledger.entries(lake, coin) if entry.event_time in requested]
    totals = totals_that_followed(lake, entries)
    results = [row for entry in entries for row in _rows(entry, totals)]
    if not results:
        raise NotEnoughDataError(
            f"expected a forecast between {format_date(first)} and {format_date(last)}, found none; totals or prices "
            "of the 45 days before must be there"
        )
    return results


def by_level(lake: Lake, coin: str, replayed: list[Replayed]) -> list[LevelRecord]:
    """Return how each level fared over the days of a replay that are over."""
    days = {row.day for row in replayed}
    entries = [entry for entry in ledger.entries(lake, coin) if format_date(entry.event_time) in days]
    outcomes = past_outcomes(entries, totals_that_followed(lake, entries))
    return [record for level in DangerLevel if (record := _record(level, outcomes)) is not None]


def _record(level: DangerLevel, outcomes: list[Outcome]) -> LevelRecord | None:
    alike = [outcome for outcome in outcomes if outcome.level == level]
    if not alike:
        return None
    waves = sum(outcome.estimated_usd >= DANGER_USD for outcome in alike)
    mean_chance = sum(outcome.probability for outcome in alike) / len(alike)
    interval = wilson_interval(waves, len(alike))
    return LevelRecord(level=int(level), days=len(alike), mean_chance=mean_chance, waves=waves, interval=interval)


def _rows(entry: ledger.Entry, totals: Totals) -> list[Replayed]:
    forecast = entry.read()
    window = forecast.windows[0]
    chances = [probability.probability for probability in window.headline if probability.theta_usd == DANGER_USD]
    if window.level is None or not chances:
        return []
    measured = totals.get(forecast.totals, {}).get(window.end)
    return [
        Replayed(
            day=format_date(window.start),
            level=int(window.level),
            probability=chances[0],
            measured_usd=measured,
            estimated_usd=None if measured is None else measured * (forecast.ratio_median or 1.0),
        )
    ]
