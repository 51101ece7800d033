"""All checks of a lake's tables in one pass. Pure: tables in, findings out."""

from collections.abc import Callable

import msgspec
import numpy as np
import polars as pl

from runout.quality import (
    bounds,
    completeness,
    identities,
    jumps,
    keys,
    side_checks,
    stale_values,
    stamp_checks,
    timestamp_checks,
    totals_consistency,
)
from runout.quality.audit_findings import AuditFinding, in_order
from runout.quality.prices import Prices, prices
from runout.quality.quantity_series import Observed
from runout.records import KINDS, Series

_ON_EVERY_ROW: tuple[Callable[[Observed], list[AuditFinding]], ...] = (
    timestamp_checks.before_time,
    timestamp_checks.known_before_event,
    bounds.impossible,
)
_ON_SOUND_TIMES: tuple[Callable[[Observed], list[AuditFinding]], ...] = (
    timestamp_checks.off_grid,
    timestamp_checks.overlapping,
    timestamp_checks.funding_closer_than_quoted,
    bounds.empty_rows,
    bounds.inconsistent_bars,
    bounds.inconsistent_ranges,
    bounds.implausible,
    completeness.padding,
    completeness.partial_last_bar,
    stale_values.frozen,
    keys.repeated_events,
    jumps.spikes,
    jumps.wicks,
    identities.share_and_ratio,
    identities.volume_of_bars,
)
_WITH_PRICES: tuple[Callable[[Observed, Prices], list[AuditFinding]], ...] = (
    jumps.unit_jumps,
    side_checks.swapped_sides,
    stamp_checks.shifted_stamps,
    identities.dollars_and_coins,
    identities.depth_dollars_and_coins,
)


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit reads.

    Parameters
    ----------
    versions
        Every version of every row, by observed kind.
    latest
        The latest version of each key, by observed kind, sorted by key.
    register
        The registered series.
    """

    versions: dict[str, pl.DataFrame]
    latest: dict[str, pl.DataFrame]
    register: tuple[Series, ...]


def audit(tables: Tables, now: int) -> list[AuditFinding]:
    """Return everything the checks have to say, severest first.

    Parameters
    ----------
    tables
        Rows and register.
    now
        UTC ns; nothing may be known later.
    """
    # A zero or missing denominator gives an infinite or missing ratio, which no check takes for a finding.
    with np.errstate(divide="ignore", invalid="ignore"):
        return in_order(_findings(tables, now))


def _findings(tables: Tables, now: int) -> list[AuditFinding]:
    observed = _observed(tables)
    results = [f for item in observed for check in _ON_EVERY_ROW for f in check(item)]
    results += [f for item in observed for f in timestamp_checks.future(item, now)]
    results += _on_keys(tables)
    sound = [item for item in (_with_possible_times(item, now) for item in observed) if item.rows.height]
    recorded = tables.latest.get("gaps", KINDS["gaps"].empty())
    results += [f for item in sound for check in _ON_SOUND_TIMES for f in check(item)]
    results += [f for item in sound for f in completeness.gaps(item, recorded)]
    return results + _across(sound)


def _across(sound: list[Observed]) -> list[AuditFinding]:
    close = prices(sound)
    newest_known = max((int(observed.rows["known_time"].to_numpy().max()) for observed in sound), default=0)
    observeds = [f for observed in sound for check in _WITH_PRICES for f in check(observed, close)]
    observeds += timestamp_checks.without_step(sound)
    observeds += completeness.late_starts(sound)
    observeds += completeness.stale_tails(sound, newest_known)
    observeds += totals_consistency.venues_against_all(sound)
    observeds += totals_consistency.parts_above_whole(sound)
    observeds += totals_consistency.change_within_volume(sound, close)
    return observeds + totals_consistency.liquidations_within(sound, close)


def _on_keys(tables: Tables) -> list[AuditFinding]:
    audit_findings: list[AuditFinding] = []
    present: set[str] = set()
    for kind, rows in tables.versions.items():
        audit_findings += keys.duplicates(rows, KINDS[kind])
        audit_findings += keys.unregistered(rows, kind, tables.register)
        if kind != "gaps":
            present |= set(rows["series"].unique())
    return audit_findings + keys.empty_series(tables.register, present)


def _observed(tables: Tables) -> list[Observed]:
    """Return registered series with their rows, sorted by identifier; only keys are judged of rows without scope."""
    register = {series.series: series for series in tables.register}
    observeds = [
        Observed(register[str(name)], rows.sort("event_time", maintain_order=True))
        for kind, table in tables.latest.items()
        if kind != "gaps"
        for (name,), rows in table.partition_by("series", as_dict=True, maintain_order=True).items()
        if str(name) in register and register[str(name)].kind == kind
    ]
    return sorted(observeds, key=lambda observed: observed.series.series)


def _with_possible_times(observed: Observed, now: int) -> Observed:
    possible = (pl.col("event_time") >= timestamp_checks.EARLIEST) & (
        pl.max_horizontal("event_time", "known_time") <= now
    )
    return Observed(observed.series, observed.rows.filter(possible))
