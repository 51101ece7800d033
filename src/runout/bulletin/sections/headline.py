"""The headline total: what the big aggregators would show for all coins and venues, estimated from what we measure."""

import math

import msgspec

from runout.bulletin.findings import Finding, Quantity, Section
from runout.bulletin.readings import Reading, evidence, quantity
from runout.clock import NANOSECONDS_PER_DAY, say_date, say_time
from runout.units import dollars, percent

DAY = NANOSECONDS_PER_DAY


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """Headline over measured: logarithms of the median and of the bounds of 80%, and the waves behind them."""

    low_log: float
    median_log: float
    high_log: float
    events: int


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A measured total of 24 h in the scope the ratio was fitted for.

    Parameters
    ----------
    usd
        Dollars, longs and shorts.
    long_share
        Share of longs in what was measured (fraction).
    end
        UTC ns, end of the 24 h.
    bridged_share
        Share of ``usd`` that is itself estimated, since the day was not over.
    bridge_log
        Half width of the 80% interval of the logarithm of that estimate; 0 where nothing was bridged.
    """

    usd: float
    long_share: float
    end: int
    bridged_share: float = 0.0
    bridge_log: float = 0.0


def section(
    *, recent: tuple[Measured, Ratio] | None, worst_day: tuple[Measured, Ratio] | None, reading: Reading, at: int
) -> Section | None:
    """Return the headline estimates for the trailing 24 h and for the worst day of the past week.

    Each measured total comes with the ratio that was fitted for its kind of window. The bounds of ratio and bridge are
    added in quadrature, as for independent errors in the logarithm.
    """
    findings: list[Finding] = []
    spans: list[str] = []
    if recent is not None:
        subject = f"In the 24 h to {say_time(recent[0].end, at)}"
        findings.append(_finding("liquidations.headline.24h", subject, *recent, reading=reading, at=at))
        spans.append(f"in the 24 h to {say_time(recent[0].end, at)}")
    if worst_day is not None:
        day = say_date(worst_day[0].end - DAY, at)
        subject = f"On {day}, the week's worst day,"
        findings.append(_finding("liquidations.headline.worst-day", subject, *worst_day, reading=reading, at=at))
        spans.append(f"on {day}, the week's worst day")
    if not findings:
        return None
    return Section(
        key="headline",
        title="Headline liquidations, estimated",
        summary=_summary(findings[0], spans[0]),
        findings=tuple(findings),
    )


def bounds(measured: Measured, ratio: Ratio) -> tuple[float, float, float]:
    """Return low, median and high of the headline total (USD)."""
    down = math.hypot(ratio.median_log - ratio.low_log, measured.bridge_log)
    up = math.hypot(ratio.high_log - ratio.median_log, measured.bridge_log)
    middle = measured.usd * math.exp(ratio.median_log)
    return middle * math.exp(-down), middle, middle * math.exp(up)


def _summary(finding: Finding, span: str) -> str:
    total = finding.evidence.quantities[0]
    interval = f"80%: {dollars(total.low)} to {dollars(total.high)}"
    return f"About {dollars(total.value)} in liquidations market-wide {span} ({interval}), inferred."


def _finding(name: str, subject: str, measured: Measured, ratio: Ratio, *, reading: Reading, at: int) -> Finding:
    low, middle, high = bounds(measured, ratio)
    statement = (
        f"{subject} aggregators would show about {dollars(middle)} (80% interval {dollars(low)} to {dollars(high)}), "
        f"{percent(measured.long_share, digits=0)} of it longs, assuming the same split as on the measured exchanges."
    )
    bridged = (
        f" {percent(measured.bridged_share, digits=0)} of the measured part is itself estimated: the day was not over."
        if measured.bridged_share
        else ""
    )
    return Finding(
        name=name,
        section="headline",
        statement=statement,
        caveat=f"Inferred from {dollars(measured.usd)} measured, by the ratio of {ratio.events} published figures to "
        f"the same hours of this scope.{bridged} Aggregators revise their totals, and none sees all venues.",
        evidence=evidence(
            reading,
            _numbers(measured, ratio, (low, middle, high)),
            at=at,
            start=measured.end - DAY + 1,
            end=measured.end,
            coverage="all coins and venues, estimated; see docs/headline-coverage.md",
        ),
        inferred=True,
    )


def _numbers(measured: Measured, ratio: Ratio, total: tuple[float, float, float]) -> tuple[Quantity, ...]:
    low, middle, high = total
    share = measured.long_share
    text = "80% interval of the ratio, fitted only on figures published before"
    return (
        quantity("total_usd", "headline total", middle, "USD", text, low=low, high=high),
        quantity("long_usd", "of it longs", middle * share, "USD", text, low=low * share, high=high * share),
        quantity("measured_usd", "measured", measured.usd, "USD", "reported totals: at least this much"),
        quantity("ratio", "headline over measured", math.exp(ratio.median_log), "ratio", text,
                 low=math.exp(ratio.low_log), high=math.exp(ratio.high_log)),
    )  # fmt: skip
