"""Deleveraging: whether it has begun, on all venues, on those that pass the tests, and leaving each venue out."""

from collections.abc import Mapping, Sequence

import msgspec

from runout.bulletin.findings import Chart, Finding, Line, Panel, Quantity
from runout.bulletin.readings import Reading, evidence, quantity
from runout.bulletin.sections import track_record
from runout.bulletin.sections.track_record import Record
from runout.clock import NANOSECONDS_PER_DAY, say_time
from runout.indicators import deleveraging
from runout.indicators.deleveraging import State
from runout.records import venue_name
from runout.units import coins

DAY = NANOSECONDS_PER_DAY
_INFERRED = "coins are dollars over the price of the same instant (inferred)"
_SAYS: dict[State, str] = {
    "deleveraging": "deleveraging is under way",
    "building": "leverage is still being built",
    "steady": "neither deleveraging nor a build-up beyond noise",
    "unknown": "too little is known to say",
}


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Change of coin open interest over 24 h on one set of venues, and its usual size."""

    change_base: float
    noise_base: float | None
    venues: int | None = None


class State24h(msgspec.Struct, frozen=True, kw_only=True):
    """What the state is judged on.

    Parameters
    ----------
    reading
        All-venue open interest.
    time
        UTC ns of the last value.
    whole, core
        All venues; those that pass the tests, None where they are not known.
    by_venue
        Change in coins over 24 h of each venue that reported at both ends.
    liquidation_percentile, funding_percentile
        Ranks at that time, None where unknown.
    records
        Track record of the state in force on all venues, by horizon.
    """

    reading: Reading
    time: int
    whole: Scope
    core: Scope | None
    by_venue: Mapping[str, float]
    liquidation_percentile: float | None
    funding_percentile: float | None
    records: Mapping[str, Record | None]

    def state(self, scope: Scope) -> State:
        """Return the state on one set of venues."""
        return deleveraging.state(
            deleveraging.Reading(
                coin_change=scope.change_base,
                coin_noise=scope.noise_base,
                liquidation_percentile=self.liquidation_percentile,
                funding_percentile=self.funding_percentile,
            )
        )


def finding(now: State24h, at: int) -> Finding:
    """Return the state of deleveraging and what it depends on."""
    coin = now.reading.series[0].coin
    whole = now.state(now.whole)
    parts = [f"On all venues {_SAYS[whole]}: {_change(now.whole, coin)} in the 24 h to {say_time(now.time, at)}"]
    if now.core is not None:
        same = "the same" if now.state(now.core) == whole else _SAYS[now.state(now.core)]
        parts.append(f"on the {now.core.venues} venues whose figures pass the tests {same}: {_change(now.core, coin)}")
    deciding = deleveraging.deciding_venues(now.by_venue)
    names = ", ".join(venue_name(venue) for venue in deciding)
    hangs = ""
    if now.by_venue:
        hangs = f" The sign depends on {names} alone." if deciding else " Leaving out any one venue keeps the sign."
    statement = f"{'; '.join(parts)}.{hangs}"
    if whole != "unknown":
        statement += f" {track_record.sentence(now.records.get('7d'), 'a fall of 7% followed within seven days')}"
    return Finding(
        name="cycles.deleveraging",
        section="cycles",
        statement=statement,
        caveat="Deleveraging: coins fall beyond noise while liquidations rank at 90 or more, or funding at 25 or less.",
        inferred=True,
        evidence=evidence(
            now.reading, _numbers(now), at=at, start=now.time - DAY, end=now.time,
            coverage="all venues the provider counts; venues tested once a week on the 95 days before",
        ),
    )  # fmt: skip


def _change(scope: Scope, coin: str) -> str:
    noise = (
        "" if not scope.noise_base else f", {scope.change_base / scope.noise_base:+.1f} deviations".replace("-", "−")
    )
    return f"{coins(scope.change_base, coin, signed=True)}{noise}"


def _numbers(now: State24h) -> tuple[Quantity, ...]:
    past = "rank in the past year or what is held of it"
    quantities: list[Quantity] = [
        quantity("change_base", "all venues, 24 h", now.whole.change_base, "coins", _INFERRED, signed=True),
        quantity("noise_base", "usual size of such a change", now.whole.noise_base, "coins", "90 days before"),
        quantity("liquidation_percentile", "liquidations' percentile", now.liquidation_percentile, "percentile", past),
        quantity("funding_percentile", "funding's percentile", now.funding_percentile, "percentile", past),
    ]
    if now.core is not None:
        quantities.append(
            quantity(
                "core_change_base",
                f"{now.core.venues} venues, 24 h",
                now.core.change_base,
                "coins",
                _INFERRED,
                signed=True,
            )
        )
        quantities.append(quantity("core_noise_base", "its usual size", now.core.noise_base, "coins", "90 days before"))
    rest = deleveraging.leave_one_out(now.by_venue)
    if rest:
        out = "sum of the venues' own changes without one of them"
        quantities.append(
            quantity("least_without_one", "lowest, one venue left out", min(rest.values()), "coins", out, signed=True)
        )
        quantities.append(
            quantity("most_without_one", "highest, one venue left out", max(rest.values()), "coins", out, signed=True)
        )
    for label, item in now.records.items():
        quantities += track_record.quantities(item, f"a fall followed within {label}", f"record_{label}")
    return tuple(quantities)


def venue_chart(
    groups: Sequence[tuple[str, Sequence[int], Sequence[float], Sequence[float]]], reading: Reading
) -> Chart:
    """Return open interest by group of venues: ``(name, times, dollars, coins)`` each, at most three."""
    roles = ("primary", "secondary", "reference")
    dollar_lines = tuple(
        Line(name=name, role=role, times=tuple(t), values=tuple(usd))
        for role, (name, t, usd, _) in zip(roles, groups, strict=False)
    )
    coin_lines = tuple(
        Line(name=name, role=role, times=tuple(t), values=tuple(base))
        for role, (name, t, _, base) in zip(roles, groups, strict=False)
    )
    coin = reading.series[0].coin
    return Chart(
        name="open-interest-by-group",
        section="cycles",
        title=f"{coin} open interest by group of venues, in dollars and in coins",
        caption=f"{reading.scope}; {_INFERRED}. Groups by the tests of venue figures at the bulletin's moment.",
        panels=(
            Panel(title="open interest, dollars", unit="USD", form="lines", lines=dollar_lines),
            Panel(title=f"open interest, {coin} (inferred)", unit="coins", form="lines", lines=coin_lines),
        ),
    )
