"""Published statements, each put beside what the data say."""

from collections import Counter
from enum import StrEnum
from typing import Literal

import msgspec

from runout.bulletin.findings import Evidence, Finding, Quantity, Section
from runout.bulletin.quantities import bounds_text
from runout.clock import NANOSECONDS_PER_DAY, parse_time, say_moment, say_time
from runout.units import dollars, percent, price

_SHOWN_FOR = 7 * NANOSECONDS_PER_DAY


class Verdict(StrEnum):
    """What our figure says of a claim."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    INSIDE = "inside our interval"
    OUTSIDE = "outside our interval"
    ANOTHER_TIME = "no verdict, of another time"


_COUNTED = {Verdict.ANOTHER_TIME: "without a verdict, of another time"}


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One published statement and the figure of ours it speaks of.

    Parameters
    ----------
    name
        Machine name.
    coin
        Coin it speaks of.
    published
        UTC ns; before that the statement does not exist.
    source
        Who said it, where.
    statement
        What was said, in short.
    finding, quantity
        Finding and quantity of the bulletin that measure the same thing.
    claimed
        The number claimed, in the quantity's unit.
    relation
        ``about`` (equal within ``tolerance``), ``above`` or ``below``.
    tolerance
        In the quantity's unit: how far "about" reaches, from the claim's own rounding.
    ends
        First and last moment (ISO 8601 UTC) at which the window of our figure may end to speak of the same thing;
        None where any may.
    remark
        What to know about the comparison.
    """

    name: str
    coin: str
    published: int
    source: str
    statement: str
    finding: str
    quantity: str
    claimed: float
    relation: Literal["about", "above", "below"]
    tolerance: float = 0.0
    ends: tuple[str, str] | None = None
    remark: str = ""


def section(claims: tuple[Claim, ...], findings: tuple[Finding, ...], *, coin: str, at: int) -> Section | None:
    """Return each claim published in the past seven days beside the figure that measures the same.

    Parameters
    ----------
    claims
        All claims; those published later, or of another coin, are not there.
    findings
        Findings of the bulletin so far.
    """
    known = {finding.name: finding for finding in findings}
    checked: list[Finding] = []
    shown: list[Claim] = []
    verdicts: Counter[Verdict] = Counter()
    for claim in claims:
        finding = known.get(claim.finding)
        measured = None if finding is None else _measured(claim, finding)
        current = claim.coin == coin and claim.published <= at < claim.published + _SHOWN_FOR
        if finding is not None and measured is not None and current:
            judged = verdict(claim, measured, end=finding.evidence.window_end, estimated=finding.inferred)
            verdicts[judged] += 1
            shown.append(claim)
            checked.append(_check(claim, finding, measured, judged, at))
    if not checked:
        return None
    if len({claim.source for claim in shown}) == 1:  # named in the summary
        checked = [_without_source(item, shown[0].source) for item in checked]
    sources = sorted({claim.source for claim in shown})
    counted = ", ".join(f"{verdicts[item]} {_COUNTED.get(item, item)}" for item in Verdict if verdicts[item])
    return Section(
        key="claims",
        title="Published statements, checked",
        summary=f"{len(checked)} statements published in the past week ({'; '.join(sources)}) compared with the same "
        f"figure in these data: {counted}.",
        findings=tuple(checked),
    )


def verdict(claim: Claim, measured: Quantity, *, end: str, estimated: bool = False) -> Verdict:
    """Return what our figure says of a claim.

    An estimate with an interval is asked whether the published figure lies inside; any other figure whether it is the
    published one, within the claim's own rounding. A figure of another time says nothing of it.

    Parameters
    ----------
    claim
        What was said.
    measured
        Our figure; its value is not None.
    end
        End of its window, ISO 8601 UTC.
    estimated
        Whether it is modelled, so that its bounds are those of an estimate and not the usual size of a change.
    """
    if claim.ends is not None and not parse_time(claim.ends[0]) <= parse_time(end) <= parse_time(claim.ends[1]):
        return Verdict.ANOTHER_TIME
    if estimated and measured.low is not None and measured.high is not None:
        return Verdict.INSIDE if measured.low <= claim.claimed <= measured.high else Verdict.OUTSIDE
    value = measured.value if measured.value is not None else float("nan")
    holds = {
        "about": abs(value - claim.claimed) <= claim.tolerance,
        "above": value > claim.claimed,
        "below": value < claim.claimed,
    }[claim.relation]
    return Verdict.REPRODUCED if holds else Verdict.NOT_REPRODUCED


def _measured(claim: Claim, finding: Finding) -> Quantity | None:
    results = next((quantity for quantity in finding.evidence.quantities if quantity.name == claim.quantity), None)
    return None if results is None or results.value is None else results


def _check(claim: Claim, finding: Finding, measured: Quantity, judged: Verdict, at: int) -> Finding:
    published = "above" if claim.relation == "above" else "below" if claim.relation == "below" else ""
    rounding = (
        f"taken as ± {claim.tolerance:g} from its rounding" if claim.relation == "about" else f"said as {published}"
    )
    claimed = msgspec.structs.replace(
        measured, name="claimed", label="as published", value=claim.claimed, low=None, high=None,
        uncertainty=f"published {say_moment(claim.published)}; {rounding}",
    )  # fmt: skip
    return Finding(
        name=f"claims.{claim.name}",
        section="claims",
        statement=f"“{claim.statement}” ({claim.source}): {judged}; {_compared(claim, finding, measured, at)}",
        caveat=claim.remark,
        evidence=_with(finding.evidence, (measured, claimed)),
        inferred=finding.inferred,
    )


def _without_source(finding: Finding, source: str) -> Finding:
    return msgspec.structs.replace(finding, statement=finding.statement.replace(f" ({source}):", ":", 1))


def _compared(claim: Claim, finding: Finding, measured: Quantity, at: int) -> str:
    value = measured.value or 0.0
    results = f"{'inferred' if finding.inferred else 'measured'} {_text(measured, value)}"
    interval = f" ({bounds_text(measured)})" if finding.inferred and measured.low is not None else ""
    difference = "" if claim.claimed == 0 else f" ({_difference(measured, value - claim.claimed)})"
    start, end = (parse_time(text) for text in (finding.evidence.window_start, finding.evidence.window_end))
    when = f"{'at' if end - start <= NANOSECONDS_PER_DAY else 'up to'} {say_time(end, at)}"
    return f"{results}{interval} {when}{difference}."


def _with(proof: Evidence, numbers: tuple[Quantity, ...]) -> Evidence:
    return msgspec.structs.replace(proof, quantities=numbers)


def _text(quantity: Quantity, value: float) -> str:
    if quantity.unit == "USD":
        return dollars(value, signed=quantity.signed)
    if quantity.unit == "USD per coin":
        return price(value)
    return percent(value, digits=2, signed=quantity.signed)


def _difference(quantity: Quantity, value: float) -> str:
    if quantity.unit == "USD":
        return dollars(value, signed=True)
    if quantity.unit == "USD per coin":
        return ("−" if value < 0 else "+") + f"${abs(value):,.0f}"
    return percent(value, digits=2, signed=True).replace("%", " points")
