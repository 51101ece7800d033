"""The danger level: how likely a wave is, how this level has fared, and what would prove the forecast wrong."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from runout.bulletin.findings import Evidence, Finding, Quantity, Row, Section, Table, Unit
from runout.bulletin.readings import quantity
from runout.clock import format_date, format_time, say_date, say_moment, say_time
from runout.forecast.danger import DangerLevel
from runout.forecast.problems import Diagnosis
from runout.forecast.record import Conditional, Forecast, Window
from runout.forecast.targets import DANGER_USD, Probability
from runout.scores import wilson_interval
from runout.units import dollars, percent, price

_INTERVAL = "90% interval of parameters and level"
_RULE_UNITS: Final[dict[str, Unit]] = {
    "liquidations_percentile": "percentile",
    "peak_percentile_7d": "percentile",
    "funding_3d": "fraction",
}
"""Of what the rules of the problem type look at; the rest are log changes."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A past forecast beside what followed.

    Parameters
    ----------
    level
        Danger level issued.
    probability
        Chance of the danger threshold, as issued.
    estimated_usd
        Headline total that followed: measured, times the median ratio of its time.
    live
        Whether the forecast was written on its day, before the outcome could be known; else in a replay.
    """

    level: int
    probability: float
    estimated_usd: float
    live: bool = False


class PastDay(NamedTuple):
    """A day of the replay that the levels are judged by: its start (UTC ns), its level, and whether a wave followed."""

    start: int
    level: int
    wave: bool


def section(
    forecast: Forecast,
    outcomes: Sequence[Outcome],
    *,
    synthetic: bool,
    at: int,
    replayed: Sequence[PastDay] = (),
) -> Section:
    """Return the danger level with its probabilities, problem type, track record and falsification.

    Parameters
    ----------
    forecast
        The latest forecast in the ledger that could be read at ``at``.
    outcomes
        Earlier forecasts whose day is over and measured.
    synthetic
        Whether the market is made up.
    at
        UTC ns.
    replayed
        Days that were over by then, for the record of all levels.
    """
    today = forecast.windows[0]
    findings = [_level(forecast, today, at) if today.level is not None else _measured(forecast, today, at)]
    following = forecast.next_24h
    if following is not None and following.level is not None and following.start != today.start:
        findings.append(_next_24h(forecast, following, at))
    if forecast.problem is not None:
        findings.append(_problem(forecast, forecast.problem))
    findings += [
        _condition(conditional, forecast, today, at) for conditional in forecast.conditions if conditional.headline
    ]
    if today.level is not None:
        findings += _track(today, outcomes, forecast)
        findings.append(_falsification(forecast, today, at))
    tables = (_table(forecast, at),) if today.headline else ()
    if today.level is not None and replayed and not synthetic:
        tables = (*tables, _levels(replayed, at))
    return Section(
        key="danger",
        title="Danger level",
        summary=_summary(today, at) if not synthetic or today.level else findings[0].statement,
        findings=tuple(findings),
        tables=tables,
    )


def unstated(coin: str, at: int) -> Section:
    """Return the section of a day without a forecast: the level is not stated, and why.

    Parameters
    ----------
    coin
        Of the bulletin.
    at
        UTC ns.
    """
    day = format_date(at)
    reason = f"the ledger holds no forecast for {say_date(at, at)}"
    finding = Finding(
        name="danger.level",
        section="danger",
        statement=f"No danger level: {reason}.",
        caveat="A forecast needs a year of daily liquidations before its day, the last of them at most three days old. "
        f"`runout replay {coin} --from {day} --to {day}` issues it if the lake allows.",
        evidence=Evidence(
            quantities=(quantity("danger_level", "danger level", None, "level", reason),),
            scope=f"{coin}, the lake's daily liquidations",
            series=("ledger",),
            source="no forecast",
            window_start=day,
            window_end=day,
            coverage="none",
            reproduce=f"runout bulletin {coin} --at {format_time(at)}",
        ),
    )
    return Section(key="danger", title="Danger level", summary=finding.statement, findings=(finding,))


def _chance(window: Window, theta_usd: float = DANGER_USD) -> Probability:
    return next(probability for probability in window.headline if probability.theta_usd == theta_usd)


def _summary(window: Window, at: int) -> str:
    if window.level is None:
        return f"The median forecast for {say_date(window.start, at)} is {dollars(window.median_usd)} measured."
    chance = _chance(window)
    return (
        f"Danger level {int(window.level)} ({DangerLevel(window.level).word}), set {say_time(window.start, at)}: "
        f"{percent(chance.probability)} chance of at least {dollars(DANGER_USD)} in liquidations on "
        f"{say_date(window.start, at)} (UTC, all coins and exchanges)"
        + (
            "."
            if window.base_rate is None
            else f", compared with {percent(window.base_rate)} of days in the past year."
        )
    )


def _level(forecast: Forecast, window: Window, at: int) -> Finding:
    numbers = [
        quantity("danger_level", "danger level", float(window.level or 0), "level", "defined by the probability")
    ]
    numbers += [
        quantity(
            f"probability_{probability.theta_usd / 1e9:g}b", f"at least {dollars(probability.theta_usd)}",
            probability.probability, "fraction",
            _INTERVAL, low=probability.low, high=probability.high,
        )
        for probability in window.headline
    ]  # fmt: skip
    numbers.append(quantity("base_rate", "base rate, past 365 days", window.base_rate, "fraction", "frequency of days"))
    return Finding(
        name="danger.level",
        section="danger",
        statement=_summary(window, at),
        caveat="'Market-wide' is the figure that aggregators such as CoinGlass publish. It is estimated from the "
        "exchanges measured here; the probability includes the uncertainty of that step. Intervals cover the "
        "model's parameters and its present level, not the choice of model."
        + "".join(f" {note}" for note in forecast.notes),
        evidence=_evidence(forecast, tuple(numbers), window),
        inferred=True,
    )


def _next_24h(forecast: Forecast, window: Window, at: int) -> Finding:
    chance = _chance(window)
    compared = "" if window.base_rate is None else f", compared with {percent(window.base_rate)} of such periods before"
    return Finding(
        name="danger.next_24h",
        section="danger",
        statement=f"Next 24 h, from {say_time(window.start, at)}: danger level {int(window.level or 0)} "
        f"({DangerLevel(window.level or 1).word}), {percent(chance.probability)} chance of at least "
        f"{dollars(DANGER_USD)}{compared}.",
        caveat="What has happened today is inside it. The level of the UTC day is what the ledger keeps.",
        evidence=_evidence(
            forecast,
            (
                quantity("next_danger_level", "danger level", float(window.level or 0), "level", "by the probability"),
                quantity(
                    "next_probability_1b", f"at least {dollars(DANGER_USD)}", chance.probability, "fraction", _INTERVAL,
                    low=chance.low, high=chance.high,
                ),
            ),
            window,
        ),
        inferred=True,
    )  # fmt: skip


def _measured(forecast: Forecast, window: Window, at: int) -> Finding:
    numbers = tuple(
        quantity(
            f"measured_{item.theta_usd / 1e9:g}b", f"at least {dollars(item.theta_usd)} reported", item.probability,
            "fraction", _INTERVAL, low=item.low, high=item.high,
        )
        for item in window.measured
    )  # fmt: skip
    statement = "No market-wide total is published for these data, which a danger level needs."
    if window.measured:
        text = ", ".join(f"{percent(p.probability)} of at least {dollars(p.theta_usd)}" for p in window.measured)
        day = say_date(window.start, at)
        statement = f"{text.replace(' of', ' chance of', 1)} reported on {day} (UTC), in {forecast.scope}. {statement}"
    return Finding(
        name="danger.measured",
        section="danger",
        statement=statement,
        evidence=_evidence(forecast, numbers, window),
        inferred=True,
    )


def _problem(forecast: Forecast, problem: Diagnosis) -> Finding:
    numbers = tuple(
        quantity(name, name.replace("_", " "), value, _RULE_UNITS.get(name, "ratio"), "input of the rule")
        for name, value in sorted(problem.quantities.items())
    )
    return Finding(
        name="danger.problem",
        section="danger",
        statement=f"Main weakness: {problem.problem.value} ({problem.rule}).",
        evidence=_evidence(forecast, numbers, forecast.windows[0]),
        inferred=True,
    )


def _condition(condition: Conditional, forecast: Forecast, window: Window, at: int) -> Finding:
    chance = next(probability for probability in condition.headline if probability.theta_usd == DANGER_USD)
    verb = "falls" if condition.direction == "fall" else "rises"
    signed = -condition.move if condition.direction == "fall" else condition.move
    start = f"{price(condition.from_usd)} at {say_time(condition.from_time, at)}"
    level = f"{price(condition.price_usd)} before {say_time(window.end, at)}"
    counted = f"{percent(signed, digits=0, signed=True)} from {start}"
    text = (
        f"{percent(chance.probability)} (90% interval {percent(chance.low)} to {percent(chance.high)}; "
        f"{condition.days} past days went as far from their opening)"
    )
    number = quantity(
        "probability", f"if {condition.coin} trades at {level} ({counted})", chance.probability, "fraction", _INTERVAL,
        low=chance.low, high=chance.high,
    )  # fmt: skip
    return Finding(
        name=f"danger.if.{verb}.{condition.move:g}",
        section="danger",
        statement=f"If {condition.coin} trades at {level} ({counted}), the chance of a {dollars(DANGER_USD)} day is "
        f"{text}.",
        evidence=_evidence(forecast, (number,), window),
        inferred=True,
    )


def _track(window: Window, outcomes: Sequence[Outcome], forecast: Forecast) -> list[Finding]:
    alike = [outcome for outcome in outcomes if outcome.level == window.level]
    if not alike:
        return []
    hits = sum(outcome.estimated_usd >= DANGER_USD for outcome in alike)
    interval = wilson_interval(hits, len(alike))
    mean_chance = sum(outcome.probability for outcome in alike) / len(alike)
    number = quantity(
        "frequency", "followed by a wave", hits / len(alike), "fraction", "90% Wilson interval",
        low=interval.low, high=interval.high,
    )  # fmt: skip
    return [
        Finding(
            name="danger.record",
            section="danger",
            statement=f"Of {len(alike)} earlier days of this level in the ledger, {hits} "
            f"{'was' if hits == 1 else 'were'} followed by an estimated {dollars(DANGER_USD)} or more (average "
            f"forecast: {percent(mean_chance)}).",
            caveat=f"{_issued(alike)} The headline of a past day is estimated: what was measured times the median "
            "ratio of its time.",
            evidence=_evidence(forecast, (number,), window),
            inferred=True,
        )
    ]


def _issued(outcomes: Sequence[Outcome]) -> str:
    live = sum(outcome.live for outcome in outcomes)
    if live == len(outcomes):
        return "All were written on their day."
    if live == 0:
        return "All were made in a replay, after their day."
    return f"{live} of them {'was' if live == 1 else 'were'} written on their day, the rest in a replay."


def _falsification(forecast: Forecast, window: Window, at: int) -> Finding:
    chance, ratio = _chance(window), forecast.ratio_median or 1.0
    numbers = (
        quantity("probability", "chance of the threshold", chance.probability, "fraction", _INTERVAL),
        quantity("measured_equivalent_usd", "measured equivalent", DANGER_USD / ratio, "USD", "at the median ratio"),
    )
    return Finding(
        name="danger.falsification",
        section="danger",
        statement=f"How to check this: one day proves nothing. Over many days of this level about "
        f"{percent(chance.probability)} should reach {dollars(DANGER_USD)}. {say_date(window.start, at)} counts as one "
        f"if the measured exchanges report at least {dollars(DANGER_USD / ratio)} by {say_time(window.end, at)}.",
        evidence=_evidence(forecast, numbers, window),
        inferred=True,
    )


def _table(forecast: Forecast, at: int) -> Table:
    first = forecast.windows[0]
    rows = tuple(
        Row(label=f"at least {dollars(probability.theta_usd)}", values=_row(forecast, probability.theta_usd))
        for probability in first.headline
    )
    days = [say_date(window.start, at) for window in forecast.windows]
    columns = [text for day in days for text in (day, f"{day}, low", f"{day}, high")]
    return Table(
        name="danger.probabilities",
        section="danger",
        title="Chance of liquidations market-wide, by UTC day",
        columns=tuple(columns),
        units=("fraction",) * len(columns),
        signed=(False,) * len(columns),
        rows=rows,
        source=f"forecast {forecast.model}, issued {say_moment(forecast.at)}",
        note=_INTERVAL,
    )


def _levels(replayed: Sequence[PastDay], at: int) -> Table:
    rows = tuple(
        Row(label=f"{int(level)} {level.word}", values=_fared([day.wave for day in replayed if day.level == level]))
        for level in DangerLevel
    )
    shares = [row.values[1] for row in rows if row.values[1] is not None]
    order = "" if shares == sorted(shares) else " Levels out of order cannot be distinguished by this record."
    first, last = (say_date(day.start, at) for day in (replayed[0], replayed[-1]))
    return Table(
        name="danger.levels",
        section="danger",
        title=f"How often {dollars(DANGER_USD)} followed at each level, {first} to {last}",
        columns=("followed", "low", "high", "days"),
        units=("fraction", "fraction", "fraction", "count"),
        signed=(False,) * 4,
        rows=rows,
        source="a replay of the forecast on BTC, as published with it (docs/scores/track-record.md)",
        note=f"90% Wilson interval; totals of past days are estimates.{order}",
    )


def _fared(waves: Sequence[bool]) -> tuple[float | None, ...]:
    if not waves:
        return (None, None, None, 0.0)
    interval = wilson_interval(sum(waves), len(waves))
    return (sum(waves) / len(waves), interval.low, interval.high, float(len(waves)))


def _row(forecast: Forecast, theta_usd: float) -> tuple[float | None, ...]:
    chances = [_chance(window, theta_usd) for window in forecast.windows]
    return tuple(value for chance in chances for value in (chance.probability, chance.low, chance.high))


def _evidence(forecast: Forecast, numbers: tuple[Quantity, ...], window: Window) -> Evidence:
    return Evidence(
        quantities=numbers,
        scope=forecast.scope,
        series=("ledger",),
        source=f"forecast {forecast.model}, data through {say_moment(forecast.data_through)}",
        window_start=format_time(window.start),
        window_end=format_time(window.end),
        coverage=f"headline through the ratio of {forecast.ratio_events} published figures",
        reproduce=f"runout forecast {forecast.coin} --at {format_time(forecast.at)}",
    )
