"""How forecasts turned out: what was measured in their 24 h, in the scope that each was made for."""

from collections.abc import Mapping, Sequence

from runout.bulletin.sections.danger import Outcome
from runout.forecast.ledger import Entry
from runout.forecast.targets import DANGER_USD
from runout.indicators.liquidations import by_side, daily_totals
from runout.lake import Lake

Totals = Mapping[tuple[str, ...], Mapping[int, float]]
"""Dollars by the series that a forecast is of, and by the end of their UTC day (UTC ns)."""


def totals_that_followed(lake: Lake, entries: Sequence[Entry], *, at: int | None = None) -> Totals:
    """Return the totals of UTC days in every scope that forecasts of the ledger were made for, as known at ``at``."""
    read = [entry.read() for entry in entries]
    since = min((item.at for item in read), default=0)
    return {names: _by_day(lake, names, since, at) for names in {item.totals for item in read if item.totals}}


def _by_day(lake: Lake, names: tuple[str, ...], since: int, at: int | None) -> dict[int, float]:
    step = {series.series: series.step for series in lake.series("liquidations")}
    if any(name not in step for name in names):
        return {}
    rows = lake.as_of("liquidations", at=at, series=list(names), since=since)
    sides = by_side(daily_totals(rows, step[names[0]]), len(names))
    return dict(zip(sides["event_time"].to_list(), (sides["long_usd"] + sides["short_usd"]).to_list(), strict=True))


def past_outcomes(entries: Sequence[Entry], totals: Totals) -> list[Outcome]:
    """Return forecasts issued at the start of their day that stated a level, beside what followed.

    Parameters
    ----------
    entries
        Of the ledger.
    totals
        What was measured.
    """
    outcomes: list[Outcome] = []
    for entry in entries:
        forecast = entry.read()
        window = forecast.windows[0]
        chances = [probability.probability for probability in window.headline if probability.theta_usd == DANGER_USD]
        measured = totals.get(forecast.totals, {}).get(window.end)
        if window.level is None or not chances or window.start != forecast.at or measured is None:
            continue
        estimated = measured * (forecast.ratio_median or 1.0)
        outcomes.append(
            Outcome(level=int(window.level), probability=chances[0], estimated_usd=estimated, live=entry.live)
        )
    return outcomes
