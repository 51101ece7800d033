"""Cycles: whether open interest follows price, what it did at earlier peaks, and whether deleveraging has begun."""

from collections.abc import Mapping, Sequence

import msgspec

from runout.bulletin.findings import Chart, Finding, Quantity, Row, Section, Table
from runout.bulletin.readings import Reading, evidence, quantity
from runout.bulletin.sections import track_record
from runout.bulletin.sections.track_record import Record
from runout.clock import NANOSECONDS_PER_DAY, say_time
from runout.indicators.divergence import WINDOWS, quadrant
from runout.units import percent

DAY = NANOSECONDS_PER_DAY
_WEEK = "7d"
_NAMES = {"1d": "1 day", "7d": "7 days", "30d": "30 days"}


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """Price and coin open interest over one window.

    Parameters
    ----------
    values
        Columns of :func:`runout.indicators.divergence.divergence` at the last time, where known.
    record
        How often a fall of 7% within seven days had followed the same quadrant; None where unknown.
    """

    values: Mapping[str, float]
    record: Record | None


def section(
    divergences: Mapping[str, Divergence], reading: Reading, time: int, *,
    findings: Sequence[Finding], tables: Sequence[Table], charts: Sequence[Chart], at: int,
) -> Section | None:  # fmt: skip
    """Return the state of the cycle; None where nothing is known.

    Parameters
    ----------
    divergences
        By window label (``1d``, ``7d``, ``30d``).
    reading, time
        All-venue open interest, and the moment the divergences speak of (UTC ns).
    findings, tables, charts
        On deleveraging, peaks and analogues, in reading order.
    at
        UTC ns.
    """
    own = [_divergence(divergences, reading, time, at)] if _WEEK in divergences else []
    everything = (*own, *findings)
    if not everything:
        return None
    compared = (_table(divergences, reading, time, at),) if divergences else ()
    return Section(
        key="cycles",
        title="Cycles: open interest against price",
        summary=_summary(divergences) or everything[0].statement,
        findings=everything,
        tables=(*compared, *tables),
        charts=tuple(charts),
    )


def _summary(divergences: Mapping[str, Divergence]) -> str:
    week = divergences.get(_WEEK)
    if week is None:
        return ""
    price, coins = (_moved(week, name) for name in ("price_change", "coin_change"))
    return f"Over seven days price {price}, coin open interest {coins}: {_word(week)}."


def _moved(divergence: Divergence, name: str) -> str:
    return percent(divergence.values[name], signed=True)


def _word(divergence: Divergence) -> str:
    return quadrant(divergence.values.get("price_change"), divergence.values.get("coin_change"))


def _divergence(divergences: Mapping[str, Divergence], reading: Reading, time: int, at: int) -> Finding:
    week = divergences[_WEEK]
    apart = week.values.get("divergence")
    judged = "" if apart is None else f", {abs(apart):.1f} deviations apart"
    statement = (
        f"Over the seven days to {say_time(time, at)} price changed by {_moved(week, 'price_change')} and coin open "
        f"interest by {_moved(week, 'coin_change')}{judged}: {_word(week)}. "
        f"{track_record.sentence(week.record, 'a fall of 7% followed within seven days')}"
    )
    numbers = [number for label in divergences for number in _numbers(label, divergences[label].values)]
    return Finding(
        name="cycles.divergence",
        section="cycles",
        statement=statement,
        caveat="Both sides open together: this never says whether longs or shorts came. The record is of daily closes.",
        inferred=True,
        evidence=evidence(
            reading, (*numbers, *track_record.quantities(week.record, "a fall of 7% within seven days")),
            at=at, start=time - 30 * DAY, end=time, coverage="all venues the provider counts",
        ),
    )  # fmt: skip


def _numbers(label: str, values: Mapping[str, float]) -> tuple[Quantity, ...]:
    window, coins = _NAMES[label], "coins are dollars over the price of the same instant (inferred)"
    scored = "in standard deviations of the past year or what is held of it"
    return (
        quantity(
            f"price_change_{label}", f"price, {window}", values["price_change"], "fraction", "closes", signed=True
        ),
        quantity(f"coin_change_{label}", f"coins, {window}", values["coin_change"], "fraction", coins, signed=True),
        quantity(
            f"divergence_{label}",
            f"price minus coins, {window}",
            values.get("divergence"),
            "ratio",
            scored,
            signed=True,
        ),
    )


def _table(divergences: Mapping[str, Divergence], reading: Reading, time: int, at: int) -> Table:
    rows = tuple(
        Row(
            label=f"{_NAMES[label]}: {_word(divergences[label])}",
            values=(
                divergences[label].values["price_change"],
                divergences[label].values["coin_change"],
                divergences[label].values.get("divergence"),
                *_rates(divergences[label].record),
            ),
        )
        for label in WINDOWS
        if label in divergences
    )
    return Table(
        name="cycles.divergence",
        section="cycles",
        title=f"Price and coin open interest to {say_time(time, at)}",
        columns=("price", "coins", "divergence", "fell 7% after", "at all times", "cases"),
        units=("fraction", "fraction", "ratio", "fraction", "fraction", "count"),
        signed=(True, True, True, False, False, False),
        rows=rows,
        source=reading.provider,
        note="divergence in standard deviations; falls of 7% within seven days after the same quadrant, daily closes",
    )


def _rates(record: Record | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if record is None else (record.hits / record.cases, record.base_rate, float(record.cases))
