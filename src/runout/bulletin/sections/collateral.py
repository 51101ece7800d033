"""Leverage against what backs it: the estimated leverage ratio, over all exchanges and by exchange."""

from collections.abc import Mapping

import msgspec

from runout.bulletin.findings import Finding, Row, Table
from runout.bulletin.readings import Reading, evidence, quantity
from runout.clock import NANOSECONDS_PER_DAY, say_date
from runout.records import provider_name, venue_name
from runout.units import ordinal, percent

DAY = NANOSECONDS_PER_DAY
_LEVEL = "the level means little: providers label different addresses and differ by a factor of 1.5"


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """Leverage ratio by one provider's reserves at its last known time.

    Parameters
    ----------
    reading
        The series of reserves; rows are not needed.
    time
        End of the day it speaks of (UTC ns).
    values
        ``ratio, ratio_percentile, ratio_change_30d, ratio_change_7d, stable_ratio`` where known.
    """

    reading: Reading
    time: int
    values: Mapping[str, float]


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange: open interest in coins, coins held, and the ratio 30 days before where known."""

    venue: str
    interest_base: float
    reserve_base: float
    ratio_before: float | None


def finding(ratio: Ratio, at: int) -> Finding:
    """Return the estimated leverage ratio: percentile and direction, with the provider of the reserves."""
    values, provider = ratio.values, provider_name(ratio.reading.series[0].provider)
    rank, month, week = (values.get(n) for n in ("ratio_percentile", "ratio_change_30d", "ratio_change_7d"))
    stable = values.get("stable_ratio")
    moved = [
        f"{'rose' if change > 0 else 'fell'} by {percent(abs(change))} over {label}"
        for label, change in (("30 days", month), ("seven days", week))
        if change is not None
    ]
    ranked = (
        f" is at the {ordinal(rank)} percentile of its past year" if rank is not None else f" is {values['ratio']:.3f}"
    )
    statement = (
        f"The estimated leverage ratio (open interest over exchange reserves by {provider}) of "
        f"{say_date(ratio.time - DAY, at)}{ranked}" + (f"; it {' and '.join(moved)}." if moved else ".")
    )
    without = (
        ""
        if stable is not None
        else " No stablecoin reserve is available, so the variant with stable collateral is missing."
    )
    numbers = (
        quantity("ratio", "leverage ratio", values.get("ratio"), "ratio", _LEVEL),
        quantity("ratio_percentile", "percentile, 365 days", rank, "percentile", "rank within this provider's series"),
        quantity(
            "ratio_change_30d", "change over 30 days", month, "fraction", "within one provider's series", signed=True
        ),
        quantity(
            "ratio_change_7d", "change over 7 days", week, "fraction", "within one provider's series", signed=True
        ),
        quantity("stable_ratio", "with stablecoins", stable, "ratio", _LEVEL),
    )
    notes = " ".join(sorted({member.note for member in ratio.reading.series if member.note}))
    return Finding(
        name="leverage.ratio",
        section="leverage",
        statement=statement,
        caveat=f"Read the percentile, not the level. {notes}{without}",
        evidence=evidence(
            ratio.reading, numbers, at=at, start=ratio.time - 30 * DAY, end=ratio.time,
            coverage="open interest on all venues; reserves of the addresses this provider labels",
        ),
    )  # fmt: skip


def table(exchanges: list[Exchange], reading: Reading, time: int, at: int) -> Table | None:
    """Return the ratio by exchange; None where no exchange has both sides."""
    if not exchanges:
        return None
    rows = tuple(
        Row(
            label=venue_name(exchange.venue),
            values=(
                exchange.interest_base,
                exchange.reserve_base,
                exchange.interest_base / exchange.reserve_base,
                _change(exchange),
            ),
        )
        for exchange in sorted(exchanges, key=lambda e: (-e.interest_base / e.reserve_base, e.venue))
    )
    return Table(
        name="leverage.ratio-by-exchange",
        section="leverage",
        title=f"Open interest over coins held, by exchange, {say_date(time, at)}",
        columns=("open interest", "coins held", "ratio", "30 days"),
        units=("coins", "coins", "ratio", "fraction"),
        signed=(False, False, False, True),
        rows=rows,
        source=reading.provider,
        note="margin is mostly stablecoins, which these reserves leave out: compare an exchange with its own past only",
    )


def _change(exchange: Exchange) -> float | None:
    now = exchange.interest_base / exchange.reserve_base
    return now / exchange.ratio_before - 1 if exchange.ratio_before else None
