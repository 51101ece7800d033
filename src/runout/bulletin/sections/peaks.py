"""Price peaks and the open interest around them."""

from collections.abc import Sequence
from statistics import median

import msgspec

from runout.bulletin.findings import Finding, Quantity, Row, Table
from runout.bulletin.readings import Reading, evidence, quantity
from runout.clock import NANOSECONDS_PER_DAY, format_date, say_date, say_time
from runout.units import dollars, percent, price

DAY = NANOSECONDS_PER_DAY
_SHOWN = 5
_AS_SUMMED = "as the provider sums venues at the bar's close; venues in the sum change over the years"
_COUNTED = "all venues the provider counts"
_VENUES = "The sum depends on a few exchanges with inconsistent data; it covers other exchanges than in earlier years."


class PeakRow(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmed peak as known by then; None where not known yet. Times in UTC ns, changes as fractions.

    ``withdrawn``: a higher close followed within 30 days, so that it is no peak any more.
    """

    time: int
    price: float
    interest_usd: float
    coins_at_confirmation: float | None = None
    low_2d_usd: float | None = None
    low_2d_price: float | None = None
    low_2d_time: float | None = None
    price_after_7d: float | None = None
    coins_after_7d: float | None = None
    lag_days: float | None = None
    withdrawn: bool = False


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """The highest close of the past 30 days and what has happened since."""

    peak_time: int
    peak_price: float
    price_change: float
    coins_change: float


def recent(peaks: Sequence[PeakRow], reading: Reading, at: int) -> list[Finding]:
    """Return one finding for each peak of the past 180 days, newest first."""
    findings: list[Finding] = []
    for peak_row in sorted(_standing(peaks), key=lambda p: -p.time):
        if peak_row.time < at - 180 * DAY:
            break
        later = ""
        if peak_row.low_2d_usd is not None and peak_row.low_2d_time is not None:
            later = (
                f"; within two days it was down to {dollars(peak_row.low_2d_usd)}, with the price at "
                f"{price(peak_row.low_2d_price)} ({say_time(int(peak_row.low_2d_time), at)})"
            )
        statement = (
            f"At the peak of {say_time(peak_row.time, at)} ({price(peak_row.price)} at the close) open interest was "
            f"{dollars(peak_row.interest_usd)}{later}."
        )
        findings.append(
            Finding(
                name=f"cycles.peak.{format_date(peak_row.time)}",
                section="cycles",
                statement=statement,
                caveat=_VENUES,
                evidence=evidence(
                    reading,
                    _numbers(peak_row),
                    at=at,
                    start=peak_row.time,
                    end=peak_row.time + 2 * DAY,
                    coverage=_COUNTED,
                ),
            )
        )
    return findings


def _numbers(peak_row: PeakRow) -> tuple[Quantity, ...]:
    close = "close of the bar; the high within it is higher"
    return (
        quantity("interest_usd", "open interest at the peak", peak_row.interest_usd, "USD", _AS_SUMMED),
        quantity("price", "price at the peak", peak_row.price, "USD per coin", close),
        quantity("low_2d_usd", "lowest open interest within two days", peak_row.low_2d_usd, "USD", _AS_SUMMED),
        quantity("low_2d_price", "price then", peak_row.low_2d_price, "USD per coin", close),
        quantity(
            "coins_at_confirmation", "coins, from the peak to 7% below it", peak_row.coins_at_confirmation, "fraction",
            "inferred from dollars and price", signed=True,
        ),
    )  # fmt: skip


def pattern(peaks: Sequence[PeakRow], now: Now | None, reading: Reading, at: int) -> list[Finding]:
    """Return whether leverage left when price turned, at all peaks held and since the last high."""
    # Withdrawn ones count too: when price stood 7% below them, nobody could tell them from the others.
    judged = [peak_row.coins_at_confirmation for peak_row in peaks if peak_row.coins_at_confirmation is not None]
    if not judged:
        return []
    fell, middle = [change for change in judged if change < 0], median(judged)
    first = say_date(min(peak_row.time for peak_row in peaks), at)
    statement = (
        f"At {len(fell)} of {len(judged)} price peaks since {first} coin open interest was lower by the time the price "
        f"stood 7% below (median change {percent(middle, signed=True)})."
    )
    numbers = [
        quantity("peaks", "confirmed peaks", float(len(judged)), "count", "by the definition, when confirmed"),
        quantity("peaks_with_fall", "of them with fewer coins at 7% below", float(len(fell)), "count", "exact"),
        quantity("median_change", "median change in coins", middle, "fraction", "coins inferred", signed=True),
    ]
    if now is not None:
        statement += (
            f" Since the close of {say_time(now.peak_time, at)} ({price(now.peak_price)}) price changed by "
            f"{percent(now.price_change, signed=True)} and coin open interest by "
            f"{percent(now.coins_change, signed=True)}."
        )
        numbers += [
            quantity("price_change", "price since the last high", now.price_change, "fraction", "closes", signed=True),
            quantity(
                "coins_change", "coins since the last high", now.coins_change, "fraction", "inferred", signed=True
            ),
        ]
    return [
        Finding(
            name="cycles.peaks",
            section="cycles",
            statement=statement,
            caveat=_VENUES,
            evidence=evidence(
                reading, tuple(numbers), at=at, start=min(p.time for p in peaks), end=at, coverage=_COUNTED
            ),
        )
    ]


def table(peaks: Sequence[PeakRow], reading: Reading) -> Table | None:
    """Return the latest peaks with what open interest did around them; None without any."""
    standing = _standing(peaks)
    if not standing:
        return None
    rows = tuple(
        Row(
            label=format_date(peak_row.time - 1),
            values=(
                peak_row.price, peak_row.interest_usd, None if peak_row.lag_days is None else peak_row.lag_days * 24,
                peak_row.coins_at_confirmation, peak_row.price_after_7d, peak_row.coins_after_7d,
            ),
        )
        for peak_row in sorted(standing, key=lambda p: -p.time)[:_SHOWN]
    )  # fmt: skip
    return Table(
        name="cycles.peaks",
        section="cycles",
        title=f"Price peaks and open interest, the last {len(rows)} of {len(standing)} (daily closes)",
        columns=("price", "open interest", "OI peak after", "coins to −7%", "price, 7 d", "coins, 7 d"),
        units=("USD per coin", "USD", "hours", "fraction", "fraction", "fraction"),
        signed=(False, False, False, True, True, True),
        rows=rows,
        source=reading.provider,
        note="highest close of 30 days either side, then a fall of 7%; coins inferred; venues in the sum change",
    )


def _standing(peaks: Sequence[PeakRow]) -> list[PeakRow]:
    return [peak_row for peak_row in peaks if not peak_row.withdrawn]
