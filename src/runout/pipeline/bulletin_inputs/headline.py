"""Gather what the headline section needs: the latest fit of the ratio, and the measured totals it applies to."""

import math

import polars as pl

from runout.bulletin.findings import Section
from runout.bulletin.readings import Reading
from runout.bulletin.sections import headline
from runout.clock import NANOSECONDS_PER_DAY
from runout.coverage.market_wide_trailing import BRIDGE_DAYS, trailing
from runout.coverage.market_wide_windows import Match, total_between
from runout.indicators.liquidations import by_side
from runout.lake import catalogue
from runout.pipeline.bulletin_inputs.reader import Reader
from runout.pipeline.derivations.headline import FAMILY, totals_in

DAY = NANOSECONDS_PER_DAY
_T_90 = 1.2958
"""90% quantile of a Student t with 60 degrees of freedom: a bridge has as many, one for each of its days."""


def gather(reader: Reader, worst_day: int | None) -> list[Section]:
    """Return the headline section, or nothing where no ratio is known or the scopes it needs are absent.

    Parameters
    ----------
    reader
        Of the bulletin's moment.
    worst_day
        UTC ns, start of the week's worst day; None without one.
    """
    groups = catalogue.liquidation_groups(reader.series)
    wide = catalogue.widest_liquidations(groups, catalogue.ALL_COINS)
    fine = catalogue.finest_liquidations(groups, catalogue.ALL_COINS)
    if wide is None or fine is None or wide.name == fine.name:
        return []
    derived = reader.derived("indicators", "scope", [wide.name], since=0)
    rolling, of_days = _ratio(derived, "rolling-24h"), _ratio(derived, "utc-day")
    if rolling is None or of_days is None:
        return []
    since = reader.at - (BRIDGE_DAYS + 10) * DAY
    rows = reader.rows("liquidations", [*wide.series, *fine.series], since=since)
    reading = Reading(series=wide.series, rows=rows, scope=wide.scope())
    recent, day = _recent(rows, wide, fine, reader.at), _day(rows, wide, worst_day)
    section = headline.section(
        recent=None if recent is None else (recent, rolling),
        worst_day=None if day is None else (day, of_days),
        reading=reading,
        at=reader.at,
    )
    return [section] if section else []


def _ratio(derived: pl.DataFrame, match: Match) -> headline.Ratio | None:
    family = f"{FAMILY}.{match}."
    fits = derived.filter(pl.col("indicator").str.starts_with(family)).sort("event_time")
    if fits.is_empty():
        return None
    latest = fits.filter(pl.col("event_time") == fits["event_time"].max())
    values = {name.removeprefix(family): value for name, value in latest.select("indicator", "value").iter_rows()}
    return headline.Ratio(
        low_log=values["low_log"],
        median_log=values["median_log"],
        high_log=values["high_log"],
        events=int(values["events"]),
    )


def _recent(
    rows: pl.DataFrame, wide: catalogue.LiquidationGroup, fine: catalogue.LiquidationGroup, at: int
) -> headline.Measured | None:
    results = trailing(totals_in(rows, wide), totals_in(rows, fine), at)
    if results is None:
        return None
    share = _long_share(rows, fine, results.end - DAY, results.end)
    error = 0.0 if results.error is None else _T_90 * results.error.scale
    return headline.Measured(
        usd=results.usd, long_share=share, end=results.end, bridged_share=results.bridged_share, bridge_log=error
    )


def _day(rows: pl.DataFrame, wide: catalogue.LiquidationGroup, start: int | None) -> headline.Measured | None:
    if start is None:
        return None
    usd, _ = total_between(totals_in(rows, wide), start, start + DAY)
    if math.isnan(usd):
        return None
    return headline.Measured(usd=usd, long_share=_long_share(rows, wide, start, start + DAY), end=start + DAY)


def _long_share(rows: pl.DataFrame, group: catalogue.LiquidationGroup, start: int, end: int) -> float:
    own = rows.filter(pl.col("series").is_in([member.series for member in group.series]))
    sides = by_side(own, len(group.series)).filter(pl.col("event_time").is_between(start + 1, end))
    long, short = float(sides["long_usd"].sum()), float(sides["short_usd"].sum())
    return long / (long + short) if long + short else 0.5
