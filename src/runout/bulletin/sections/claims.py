"""Published statements, each put beside what the data say."""

from typing import Literal

import msgspec

from runout.bulletin.findings import Evidence, Finding, Quantity, Section
from runout.clock import NANOSECONDS_PER_DAY, format_time, parse_time, say_time
from runout.units import dollars, percent, price

_SHOWN_FOR = 7 * NANOSECONDS_PER_DAY


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
    for claim in claims:
        current = claim.coin == coin and claim.published <= at < claim.published + _SHOWN_FOR
        if current and claim.finding in known:
            checked += _check(claim, known[claim.finding], at)
    if not checked:
        return None
    return Section(
        key="claims",
        title="Published statements, checked",
        summary=f"{len(checked)} statements published in the past week, beside the same figure in these data.",
        findings=tuple(checked),
    )


def verdict(claim: Claim, measured: float) -> str:
    """Return ``reproduced`` or ``not reproduced``."""
    holds = {
        "about": abs(measured - claim.claimed) <= claim.tolerance,
        "above": measured > claim.claimed,
        "below": measured < claim.claimed,
    }[claim.relation]
    return "reproduced" if holds else "not reproduced"


def _check(claim: Claim, finding: Finding, at: int) -> list[Finding]:
    measured = next((q for q in finding.evidence.quantities if q.name == claim.quantity), None)
    if measured is None or measured.value is None:
        return []
    said, found = _text(measured, claim.claimed), _text(measured, measured.value)
    difference = _text(measured, measured.value - claim.claimed, signed=True)
    bound = "" if claim.relation == "about" else f"{claim.relation} "
    when = say_time(parse_time(finding.evidence.window_end), at)
    statement = (
        f"“{claim.statement}” ({claim.source}): {verdict(claim, measured.value)}. "
        f"Said {bound}{said}, measured {found} at {when} (difference {difference})."
    )
    numbers = (
        measured,
        msgspec.structs.replace(
            measured, name="claimed", label="as published", value=claim.claimed, low=None, high=None,
            uncertainty=f"published {format_time(claim.published)}; taken as ± {claim.tolerance:g} from its rounding",
        ),
    )  # fmt: skip
    return [
        Finding(
            name=f"claims.{claim.name}",
            section="claims",
            statement=statement,
            caveat=claim.remark,
            evidence=_with(finding.evidence, numbers),
        )
    ]


def _with(proof: Evidence, numbers: tuple[Quantity, ...]) -> Evidence:
    return msgspec.structs.replace(proof, quantities=numbers)


def _text(quantity: Quantity, value: float, *, signed: bool = False) -> str:
    if quantity.unit == "USD":
        return dollars(value, signed=signed or quantity.signed)
    if quantity.unit == "USD per coin":
        return price(value) if not signed else dollars(value, signed=True)
    return percent(value, digits=2, signed=signed or quantity.signed)
