"""What the section on cycles is made from."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from runout.bulletin.findings import Chart, Finding, Section, Table
from runout.bulletin.readings import Reading
from runout.bulletin.sections import analogues, cycles, deleveraging, peaks, track_record
from runout.bulletin.sections.analogues import Neighbour
from runout.bulletin.sections.cycles import Divergence
from runout.bulletin.sections.deleveraging import Scope, State24h
from runout.bulletin.sections.peaks import Now, PeakRow
from runout.indicators.divergence import WINDOWS, quadrant
from runout.indicators.peak_history import WITHDRAWN
from runout.indicators.track_record import slug
from runout.indicators.windows import floats
from runout.lake import catalogue
from runout.pipeline.bulletin_inputs.leverage import Interest, funding_percentile
from runout.pipeline.bulletin_inputs.liquidations import trailing_percentile
from runout.pipeline.bulletin_inputs.reader import DAY, Reader, Value, fresh, numbers
from runout.records import Series

_NEIGHBOURS = 5


def gather(reader: Reader, interest: Interest | None) -> list[Section]:
    """Return the section, where open interest over all venues is known."""
    if interest is None:
        return []
    whole = interest.whole
    daily = next((s for s in catalogue.all_venue_series(reader.series, reader.coin) if s.step == DAY), None)
    records = numbers(reader.latest(daily.series, "cycle.")) if daily else {}
    core = _core_members(reader, interest)
    state = _state(reader, interest, records, core)
    findings: list[Finding] = [deleveraging.finding(state, reader.at)] if state else []
    tables: list[Table] = []
    for made_findings, made_tables in (_peaks(reader, interest, daily), _analogues(reader, daily)):
        findings += made_findings
        tables += made_tables
    chart = _groups(interest, core)
    section = cycles.section(
        _divergences(reader, whole, records), whole, whole.last_time,
        findings=findings, tables=tables, charts=[chart] if chart else [], at=reader.at,
    )  # fmt: skip
    return [section] if section else []


def _divergences(reader: Reader, whole: Reading, records: Mapping[str, float]) -> dict[str, Divergence]:
    results: dict[str, Divergence] = {}
    latest = reader.latest(whole.series[0].series, "divergence.")
    for label in WINDOWS:
        values = {
            name.removeprefix(f"{label}."): value.value
            for name, value in latest.items()
            if name.startswith(f"{label}.") and value.time == whole.last_time
        }
        if {"price_change", "coin_change"} <= set(values):
            word = slug(quadrant(values["price_change"], values["coin_change"]))
            record = track_record.record(records, f"divergence.{label}.record.7d.{word}.")
            results[label] = Divergence(values=values, record=record)
    return results


# -- deleveraging -----------------------------------------------------------------------------------------------------


def _core_members(reader: Reader, interest: Interest) -> tuple[set[str], dict[str, Value]]:
    """Return the venues that passed the last weekly test, with the derived values of their sum."""
    if interest.venues is None:
        return set(), {}
    values = reader.latest(catalogue.core_name(interest.venues.series), "core.")
    members = {name: value for name, value in values.items() if name.startswith("member.")}
    newest = max((value.time for value in members.values()), default=0)
    return {name.removeprefix("member.") for name, value in members.items() if value.time == newest}, values


def _state(
    reader: Reader, interest: Interest, records: Mapping[str, float], core: tuple[set[str], dict[str, Value]]
) -> State24h | None:
    whole, at = interest.whole, interest.whole.last_time
    latest = reader.latest(whole.series[0].series, "open_interest.24h.")
    if not fresh(latest, "change_base", at, 0):
        return None
    values, tested = numbers(latest), core[1]
    same_time = fresh(tested, "24h.change_base", at, 0)
    now = State24h(
        reading=whole,
        time=at,
        whole=Scope(change_base=values["change_base"], noise_base=values.get("noise_base")),
        core=_scope(numbers(tested)) if same_time else None,
        by_venue=_moved(interest.venues, at),
        liquidation_percentile=trailing_percentile(reader),
        funding_percentile=funding_percentile(reader),
        records={},
    )
    word = now.state(now.whole)
    results = {label: track_record.record(records, f"deleveraging.record.{label}.{word}.") for label in ("24h", "7d")}
    return State24h(
        reading=whole, time=at, whole=now.whole, core=now.core, by_venue=now.by_venue,
        liquidation_percentile=now.liquidation_percentile, funding_percentile=now.funding_percentile, records=results,
    )  # fmt: skip


def _scope(values: Mapping[str, float]) -> Scope:
    return Scope(
        change_base=values["24h.change_base"],
        noise_base=values.get("24h.noise_base"),
        venues=round(values["24h.venues"]),
    )


def _moved(venues: Reading | None, at: int) -> dict[str, float]:
    """Return the change in coins over 24 h of each venue that reported at both ends."""
    if venues is None:
        return {}
    venue_of = {member.series: member.venues[0] for member in venues.series}
    coins = venues.rows.with_columns((pl.col("open_interest_usd") / pl.col("price")).alias("coins"))
    ends = [
        {venue_of[s]: c for s, c in coins.filter(pl.col("event_time") == t).select("series", "coins").iter_rows()}
        for t in (at - DAY, at)
    ]
    return {venue: ends[1][venue] - ends[0][venue] for venue in sorted(set(ends[0]) & set(ends[1]))}


def _groups(interest: Interest, core: tuple[set[str], dict[str, Value]]) -> Chart | None:
    venues, members = interest.venues, core[0]
    if venues is None or not members:
        return None
    rows = venues.rows.filter(pl.col("event_time") > venues.last_time - 30 * DAY)
    venue_of = {member.series: member.venues[0] for member in venues.series}
    named = rows.with_columns(pl.col("series").replace_strict(venue_of).alias("venue"))
    inside = pl.col("venue").is_in(sorted(members))
    groups: list[tuple[str, list[int], list[float], list[float]]] = []
    for name, picked in ((f"{len(members)} venues that pass the tests", inside), ("other venues", ~inside)):
        own = named.filter(picked)
        expected = own["venue"].n_unique()
        sums = own.sort("event_time", "venue").group_by("event_time", maintain_order=True).agg(
            pl.col("open_interest_usd").sum(), (pl.col("open_interest_usd") / pl.col("price")).sum().alias("coins"),
            pl.col("venue").n_unique().alias("venues"),
        ).filter(pl.col("venues") == expected)  # fmt: skip
        groups.append((name, *(sums[c].to_list() for c in ("event_time", "open_interest_usd", "coins"))))  # pyright: ignore[reportArgumentType]
    return deleveraging.venue_chart([group for group in groups if group[1]], venues)


# -- peaks and analogues ----------------------------------------------------------------------------------------------


def _peaks(reader: Reader, interest: Interest, daily: Series | None) -> tuple[list[Finding], list[Table]]:
    finest = interest.whole.series[0]
    near = _known_peaks(reader, finest)
    far = _known_peaks(reader, daily) if daily and daily != finest else near
    reading = _named(daily or finest)
    listed = peaks.table(far, reading)
    findings = [*peaks.pattern(far, _since_high(interest.whole), reading, reader.at)]
    findings += peaks.recent(near, _named(finest), reader.at)
    return findings, [listed] if listed else []


def _known_peaks(reader: Reader, series: Series) -> list[PeakRow]:
    rows = reader.history(series.series, "peak.")
    values: dict[int, dict[str, float]] = {}
    for name, time, value in rows.select("indicator", "event_time", "value").iter_rows():
        values.setdefault(time, {})[name.removeprefix("peak.")] = value
    fields = set(PeakRow.__struct_fields__) - {"time", "withdrawn"}
    return [
        PeakRow(
            time=time,
            withdrawn=WITHDRAWN in results,
            **{name: value for name, value in results.items() if name in fields},
        )
        for time, results in sorted(values.items())
        if "interest_usd" in results
    ]


def _since_high(whole: Reading) -> Now | None:
    rows = whole.rows.filter(pl.col("event_time") > whole.last_time - 30 * DAY)
    price, usd = floats(rows, "price"), floats(rows, "open_interest_usd")
    top = int(np.argmax(price))
    if top == len(price) - 1:
        return None
    coins = usd / price
    return Now(
        peak_time=int(rows["event_time"][top]),
        peak_price=float(price[top]),
        price_change=float(price[-1] / price[top] - 1),
        coins_change=float(coins[-1] / coins[top] - 1),
    )


def _analogues(reader: Reader, daily: Series | None) -> tuple[list[Finding], list[Table]]:
    latest = reader.latest(daily.series, "cycle.analogue") if daily else {}
    if daily is None or not fresh(latest, "s.frequency", reader.at, 2 * DAY):
        return [], []
    time = latest["s.frequency"].time
    now = {name: value.value for name, value in latest.items() if value.time == time}
    values = {name.removeprefix("s."): value for name, value in now.items() if name.startswith("s.")}
    nearest = [
        Neighbour(round(now[f".{n:02d}.time"]), *(now[f".{n:02d}.{name}"] for name in ("distance", "fall", "return")))
        for n in range(1, _NEIGHBOURS + 1)
        if f".{n:02d}.time" in now
    ]
    reading = _named(daily)
    return [analogues.finding(values, time, reading, reader.at)], [analogues.table(nearest, reading)]


def _named(series: Series) -> Reading:
    return Reading(series=(series,), rows=pl.DataFrame(), scope=series.scope())
