"""Gather what the danger section needs: the latest forecast of the ledger, and how earlier ones turned out."""

import csv
from collections.abc import Sequence
from importlib.resources import files

import polars as pl

from runout.bulletin.findings import Section
from runout.bulletin.sections import danger
from runout.clock import NANOSECONDS_PER_DAY, parse_time, start_of_day
from runout.forecast.ledger import Entry
from runout.forecast.targets import DANGER_USD
from runout.indicators.liquidations import by_side
from runout.lake import catalogue
from runout.pipeline.bulletin_inputs.reader import Reader
from runout.pipeline.ledger import from_now

DAY = NANOSECONDS_PER_DAY


def gather(reader: Reader, *, synthetic: bool) -> list[Section]:
    """Return the danger section from the forecast issued for the UTC day of the bulletin, or that there is none."""
    known = [Entry(**row) for row in reader.ledger().iter_rows(named=True)]
    today = [entry for entry in known if start_of_day(entry.event_time) == start_of_day(reader.at)]
    if not today:
        return [] if synthetic else [danger.unstated(reader.coin, reader.at)]
    earlier = [entry for entry in known if entry.event_time < start_of_day(reader.at)]
    outcomes = past_outcomes(earlier, _daily_totals(reader, earlier))
    forecast = from_now(reader.lake, today[-1].read(), reader.at)
    section = danger.section(forecast, outcomes, synthetic=synthetic, at=reader.at, replayed=replayed_days(reader.at))
    return [section]


def replayed_days(at: int) -> list[danger.PastDay]:
    """Return the days of the published replay that were over by ``at`` (UTC ns), in order."""
    rows = csv.DictReader(
        files("runout.bulletin").joinpath("level_record.csv").read_text(encoding="utf-8").splitlines()
    )
    days = [danger.PastDay(parse_time(row["day"]), int(row["level"]), row["wave"] == "1") for row in rows]
    return [day for day in days if day.start + DAY <= start_of_day(at)]


def past_outcomes(entries: Sequence[Entry], daily_usd: dict[int, float]) -> list[danger.Outcome]:
    """Return forecasts issued at the start of their day, beside what followed.

    Parameters
    ----------
    entries
        Of the ledger.
    daily_usd
        Measured totals by the end of their UTC day (UTC ns).
    """
    found: list[danger.Outcome] = []
    for entry in entries:
        forecast = entry.read()
        window = forecast.windows[0]
        chances = [one.probability for one in window.headline if one.theta_usd == DANGER_USD]
        if window.level is None or not chances or window.start != forecast.at or window.end not in daily_usd:
            continue
        estimated = daily_usd[window.end] * (forecast.ratio_median or 1.0)
        found.append(
            danger.Outcome(level=int(window.level), probability=chances[0], estimated_usd=estimated, live=entry.live)
        )
    return found


def totals_by_day(rows: pl.DataFrame, series: int) -> dict[int, float]:
    """Return totals of UTC days by their end, from ``liquidations`` rows of ``series`` daily series."""
    sides = by_side(rows, series).filter(pl.col("span") == DAY)
    return dict(zip(sides["event_time"].to_list(), (sides["long_usd"] + sides["short_usd"]).to_list(), strict=True))


def _daily_totals(reader: Reader, entries: Sequence[Entry]) -> dict[int, float]:
    wide = catalogue.widest_liquidations(catalogue.liquidation_groups(reader.series), catalogue.ALL_COINS)
    if wide is None or not entries:
        return {}
    rows = reader.rows("liquidations", wide.series, since=min(entry.event_time for entry in entries))
    return totals_by_day(rows, len(wide.series))
