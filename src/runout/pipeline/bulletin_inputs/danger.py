"""Gather what the danger section needs: the latest forecast of the ledger, and how earlier ones turned out."""

import csv
from importlib.resources import files

from runout.bulletin.findings import Section
from runout.bulletin.sections import danger
from runout.clock import NANOSECONDS_PER_DAY, parse_time, start_of_day
from runout.forecast.ledger import Entry
from runout.pipeline.bulletin_inputs.reader import Reader
from runout.pipeline.ledger import from_now
from runout.pipeline.outcomes import past_outcomes, totals_that_followed

DAY = NANOSECONDS_PER_DAY


def gather(reader: Reader, *, synthetic: bool) -> list[Section]:
    """Return the danger section from the forecast issued for the UTC day of the bulletin, or that there is none."""
    known = [Entry(**row) for row in reader.ledger().iter_rows(named=True)]
    today = [entry for entry in known if start_of_day(entry.event_time) == start_of_day(reader.at)]
    if not today:
        return [] if synthetic else [danger.unstated(reader.coin, reader.at)]
    earlier = [entry for entry in known if entry.event_time < start_of_day(reader.at)]
    outcomes = past_outcomes(earlier, totals_that_followed(reader.lake, earlier, at=reader.at))
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
