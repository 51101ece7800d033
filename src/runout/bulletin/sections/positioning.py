"""Long/short ratios, each said as what it counts."""

from collections.abc import Mapping
from typing import Literal

from runout.bulletin.findings import Chart, Finding, Line, Panel, Section
from runout.bulletin.readings import Reading, evidence, quantity
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, say_time
from runout.indicators.positioning import MEANING, relative_short_size
from runout.records import venue_name
from runout.units import percent

_SUBJECT = {
    "global-accounts": "accounts with an open position",
    "top-accounts": "top traders' accounts",
    "top-positions": "top traders' position size",
}
_ROUNDED = "rounded by the venue to 0.01 percentage points"
_CHART_DAYS = 30


def section(ratios: Mapping[str, Reading], *, at: int) -> Section:
    """Return what the long/short ratios say.

    Parameters
    ----------
    ratios
        ``positioning`` rows by measure, not empty.
    at
        UTC ns.
    """
    findings = tuple(_finding(measure, reading, at) for measure, reading in ratios.items())
    return Section(
        key="positioning",
        title="Positioning: long/short ratios",
        summary=_summary(ratios),
        findings=findings,
        charts=(_chart(ratios),),
    )


def _summary(ratios: Mapping[str, Reading]) -> str:
    parts = [
        f"{percent(float(item.rows['long_share'][-1]))} of {_SUBJECT[measure]}" for measure, item in ratios.items()
    ]
    return f"Long: {', '.join(parts)}."


def _finding(measure: str, reading: Reading, at: int) -> Finding:
    end = reading.last_time
    share = float(reading.rows["long_share"][-1])
    before = reading.value("long_share", end - 4 * NANOSECONDS_PER_HOUR)
    day = reading.value("long_share", end - NANOSECONDS_PER_DAY)
    since = "; ".join(
        f"{percent(value)} {label}" for value, label in ((before, "four hours before"), (day, "a day before")) if value
    )
    first = reading.series[0]
    verb = "was" if measure == "top-positions" else "were"
    where = f"{first.instruments} on {venue_name(first.venues[0])}"
    statement = f"{percent(share)} of {_SUBJECT[measure]} in {where} {verb} long at {say_time(end, at)}"
    statement += f" ({since})." if since else "."
    caveat = f"This is the {MEANING[measure]}. Long and short sizes are always equal"
    if measure == "global-accounts" and 0 < share < 1:
        caveat += f": the average short account is {relative_short_size(share):.2f} times the average long one"
    numbers = (
        quantity("long_share", "long share", share, "fraction", _ROUNDED),
        quantity("long_share_4h_before", "four hours before", before, "fraction", _ROUNDED),
        quantity("long_share_24h_before", "a day before", day, "fraction", _ROUNDED),
    )
    return Finding(
        name=f"positioning.{measure}",
        section="positioning",
        statement=statement,
        caveat=caveat + ".",
        evidence=evidence(
            reading, numbers, at=at, start=end - NANOSECONDS_PER_DAY, end=end, coverage="one venue, one instrument"
        ),
    )


def _chart(ratios: Mapping[str, Reading]) -> Chart:
    lines: list[Line] = []
    roles: dict[str, Literal["primary", "secondary", "reference"]] = {
        "global-accounts": "primary",
        "top-accounts": "secondary",
        "top-positions": "reference",
    }
    for measure, reading in ratios.items():
        recent = reading.since(reading.last_time - _CHART_DAYS * NANOSECONDS_PER_DAY)
        lines.append(
            Line(
                name=_SUBJECT[measure],
                role="primary"
                if roles[measure] == "primary"
                else "secondary"
                if roles[measure] == "secondary"
                else "reference",
                times=tuple(recent.times.tolist()),
                values=tuple(recent.rows["long_share"].to_list()),
            )
        )
    first = next(iter(ratios.values()))
    return Chart(
        name="positioning",
        section="positioning",
        title="Long share of accounts and of top traders' size",
        caption=f"{first.scope}.",
        panels=(Panel(title="long share", unit="fraction", form="lines", lines=tuple(lines)),),
    )
