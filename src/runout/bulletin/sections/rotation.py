"""Rotation: Bitcoin's dominance, what follows for everything else, and how broadly coins rose."""

from collections.abc import Mapping
from itertools import accumulate

import polars as pl

from runout.bulletin.findings import Chart, Evidence, Finding, Line, Panel, Quantity, Section
from runout.bulletin.readings import Reading, evidence, quantity
from runout.clock import NANOSECONDS_PER_DAY, say_date, say_time
from runout.indicators.rotation import breadth, quadrant, rotation
from runout.records import provider_name
from runout.units import percent

DAY = NANOSECONDS_PER_DAY
_NOISE_DAYS = 20
_DERIVED = "derived from dominance, rounded to 0.01 points, and Bitcoin's price; not observed"
_REPORTED = "rounded by the provider to 0.01 points; providers count different coins and differ by points"
_STABLECOINS = (
    "Without a stablecoin share, a rise of dominance in a falling market looks the same as money that leaves for "
    "stablecoins."
)


def section(
    dominance: Reading, price: Reading, closes: Reading | None, *, worst_day: int | None, at: int
) -> Section | None:
    """Return where money went; None where two days in a row are not known.

    Parameters
    ----------
    dominance
        Daily ``market_caps`` rows of the coin (``dominance``), known at ``at``.
    price
        Daily bars of the coin, of the same days.
    closes
        Daily bars of several coins, for breadth; None where there are none.
    worst_day
        UTC ns of 00:00 of the week's worst day, to say what happened then; None where there was none.
    at
        UTC ns.
    """
    days = daily(dominance, price)
    if days.is_empty() or days["event_time"][-1] != dominance.last_time:
        return None
    rising = breadth(closes.rows, DAY) if closes is not None else None
    last = days.row(-1, named=True)
    findings = [_level(days, dominance, at), _rest(last, rising, dominance, price, at=at)]
    results = days.filter(pl.col("event_time") == worst_day + DAY) if worst_day is not None else days.clear()
    if not results.is_empty() and results["event_time"][0] != last["event_time"]:
        findings.append(_worst_day(results.row(0, named=True), dominance, price, at))
    return Section(
        key="rotation",
        title="Rotation",
        summary=_summary(last, at),
        findings=tuple(findings),
        charts=(_chart(days, dominance),),
    )


def daily(dominance: Reading, price: Reading) -> pl.DataFrame:
    """Return the columns of :func:`runout.indicators.rotation.rotation` for the days that both readings hold."""
    closes = price.rows.select("event_time", pl.col("close").alias("price"), pl.col("known_time").alias("price_known"))
    both = dominance.rows.drop_nulls("dominance").join(closes, on="event_time").sort("event_time")
    return rotation(both.with_columns(pl.max_horizontal("known_time", "price_known").alias("known_time")))


def _summary(day: Mapping[str, float], at: int) -> str:
    return (
        f"Dominance {percent(day['dominance'], digits=2)} at the end of {_day(day, at)} "
        f"({percent(day['dominance_growth'], digits=2, signed=True)} on the day); the rest of the market "
        f"{percent(day['total2_return'], digits=2, signed=True)}, derived: {_quadrant(day)}."
    )


def _quadrant(day: Mapping[str, float]) -> str:
    return quadrant(day["dominance_growth"], day["total_return"])


def _day(day: Mapping[str, float], at: int) -> str:
    return say_date(int(day["event_time"]) - DAY, at)


def _level(days: pl.DataFrame, dominance: Reading, at: int) -> Finding:
    day = days.row(-1, named=True)
    noise = float(days["dominance_change"].std()) if days.height >= _NOISE_DAYS else None  # pyright: ignore[reportArgumentType]
    usual = (
        "" if noise is None else f"; such changes have a deviation of {_points(noise)} in the {days.height} days read"
    )
    judged = (
        ""
        if noise is None
        else (" That is within noise." if abs(day["dominance_change"]) < noise else " That is beyond one deviation.")
    )
    statement = (
        f"Bitcoin's share of the market's capitalisation was {percent(day['dominance'], digits=2)} at the end of "
        f"{_day(day, at)}, known since {say_time(int(day['known_time']), at)}: "
        f"{_points(day['dominance_change'], signed=True)} on the day "
        f"({percent(day['dominance_growth'], digits=2, signed=True)} relatively){usual}.{judged}"
    )
    numbers = (
        quantity("dominance", "dominance", day["dominance"], "fraction", _REPORTED),
        quantity(
            "dominance_change", "change on the day, points", day["dominance_change"], "fraction", _REPORTED, signed=True
        ),
        quantity(
            "dominance_growth",
            "change on the day, relative",
            day["dominance_growth"],
            "fraction",
            _REPORTED,
            signed=True,
        ),
        quantity("noise", "usual size of a change, points", noise, "fraction", "standard deviation of the days read"),
    )
    return Finding(
        name="rotation.dominance",
        section="rotation",
        statement=statement,
        caveat=" ".join(sorted({member.note for member in dominance.series if member.note})),
        evidence=_proof(dominance, numbers, day, at),
    )


def _points(value: float, *, signed: bool = False) -> str:
    return percent(value, digits=2, signed=signed).replace("%", " points")


def _returns(day: Mapping[str, float]) -> tuple[Quantity, ...]:
    return (
        quantity("total2_return", "TOTAL2 on the day", day["total2_return"], "fraction", _DERIVED, signed=True),
        quantity("total_return", "TOTAL on the day", day["total_return"], "fraction", _DERIVED, signed=True),
        quantity("dominance_change", "dominance, points", day["dominance_change"], "fraction", _REPORTED, signed=True),
    )


def _rest(
    day: Mapping[str, float], rising: pl.DataFrame | None, dominance: Reading, price: Reading, *, at: int
) -> Finding:
    today = rising.filter(pl.col("event_time") == day["event_time"]) if rising is not None else None
    broad, numbers = "", _returns(day)
    if today is not None and not today.is_empty():
        share, coins = float(today["rising_share"][0]), int(today["coins"][0])
        broad = f" {round(share * coins)} of {coins} coins rose."
        numbers += (quantity("rising_share", f"of {coins} coins rose", share, "fraction", "exact, of the coins held"),)
    statement = (
        f"Everything but Bitcoin (TOTAL2) moved by {percent(day['total2_return'], digits=2, signed=True)} on "
        f"{_day(day, at)} and the whole market by {percent(day['total_return'], digits=2, signed=True)}; both are "
        f"derived from dominance and price, not observed. By their signs: {_quadrant(day)}.{broad}"
    )
    return Finding(
        name="rotation.total2",
        section="rotation",
        statement=statement,
        caveat=_STABLECOINS,
        inferred=True,
        evidence=_proof(_joint_reading(dominance, price), numbers, day, at),
    )


def _worst_day(day: Mapping[str, float], dominance: Reading, price: Reading, at: int) -> Finding:
    statement = (
        f"On {_day(day, at)}, the day of the week's worst fall, dominance changed by "
        f"{_points(day['dominance_change'], signed=True)}, TOTAL2 by "
        f"{percent(day['total2_return'], digits=2, signed=True)} and the whole market by "
        f"{percent(day['total_return'], digits=2, signed=True)} (derived)."
    )
    return Finding(
        name="rotation.worst-day",
        section="rotation",
        statement=statement,
        inferred=True,
        evidence=_proof(_joint_reading(dominance, price), _returns(day), day, at),
    )


def _joint_reading(dominance: Reading, price: Reading) -> Reading:
    scope = f"{dominance.scope}, with the price of {price.scope}"
    return Reading(series=dominance.series, rows=dominance.rows, scope=scope)


def _proof(reading: Reading, numbers: tuple[Quantity, ...], day: Mapping[str, float], at: int) -> Evidence:
    end = int(day["event_time"])
    provider = provider_name(reading.series[0].provider)
    return evidence(reading, numbers, at=at, start=end - DAY, end=end, coverage=f"the coins {provider} counts")


def _chart(days: pl.DataFrame, dominance: Reading) -> Chart:
    t = tuple(days["event_time"].to_list())

    def index(column: str) -> tuple[float, ...]:
        return tuple(accumulate((1 + value for value in days[column].to_list()), lambda a, b: a * b))

    share = Line(name="dominance", role="primary", times=t, values=tuple(days["dominance"].to_list()))
    rest = Line(name="TOTAL2", role="secondary", times=t, values=index("total2_return"))
    whole = Line(name="whole market", role="reference", times=t, values=index("total_return"))
    return Chart(
        name="rotation",
        section="rotation",
        title="Bitcoin's dominance, and the rest of the market (derived)",
        caption=f"{dominance.scope}; TOTAL2 and the whole market are {_DERIVED}, day before the first shown = 1.",
        panels=(
            Panel(title="dominance", unit="fraction", form="lines", lines=(share,)),
            Panel(
                title="capitalisation, first day before = 1 (inferred)", unit="ratio", form="lines", lines=(rest, whole)
            ),
        ),
    )
