"""Flows: whether spot or leverage leads, how much of the turnover is leverage, and how deep the book is."""

from collections.abc import Mapping

import msgspec
import polars as pl

from runout.bulletin.findings import Chart, Evidence, Finding, Line, Panel, Quantity, Section
from runout.bulletin.readings import Reading, evidence, quantity
from runout.bulletin.sections import track_record
from runout.bulletin.sections.track_record import Record
from runout.clock import NANOSECONDS_PER_DAY, say_time
from runout.indicators.flows import divergence
from runout.records import venue_list
from runout.units import dollars, ordinal, percent

DAY = NANOSECONDS_PER_DAY
_CHART_DAYS = 30
_EXACT = "as traded there, exact"
_UNRANKED = "too few days on record to rank"
_SCORED = "standard deviations of such flows over the 90 days before"
_SAYS = {
    "leverage against spot": "Leverage trades against spot: a move without spot behind it, a so-called false signal",
    "leverage alone": "Only leverage is unusual: a move with little spot behind it, a so-called false signal",
    "spot alone": "Only spot is unusual: this is no false signal",
    "spot and leverage agree": "Spot and leverage agree: this is no false signal",
    "quiet": "Neither is unusual: there is no signal",
    "unknown": "Too little history to judge",
}


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Flows of one pair over the trailing 24 h.

    Parameters
    ----------
    reading
        The two series, spot first; rows are not needed.
    time
        End of the window (UTC ns).
    values
        Columns of :func:`runout.indicators.flows.spot_against_perpetual`, with ``turnover_usd,
        turnover_percentile, ranked_days``, where known.
    records
        Track record of the verdict in force, by horizon (``24h``, ``7d``).
    history
        ``event_time, spot_net_usd, perpetual_net_usd`` of trailing days, for the chart.
    """

    reading: Reading
    time: int
    values: Mapping[str, float]
    records: Mapping[str, Record | None]
    history: pl.DataFrame


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """Derived values of one series at their last known time."""

    reading: Reading
    time: int
    values: Mapping[str, float]


def section(
    flow: Flow | None,
    wider: Flow | None,
    depths: Mapping[str, Level],
    *,
    basis: Level | None,
    premium: Level | None,
    at: int,
) -> Section | None:
    """Return what the flows say; None where nothing is known.

    Parameters
    ----------
    flow
        Like for like: one instrument on both markets, where there is one.
    wider
        Another pair of the same coin, to say what changes with the scope; None where there is none.
    depths
        Depth within 1% by market (``perpetual``, ``spot``): columns of :func:`runout.indicators.depth.depth_state`.
    basis
        ``rate, percentile`` of the perpetual over spot.
    premium
        ``rate, percentile`` of Coinbase's price over Binance's.
    at
        UTC ns.
    """
    findings: list[Finding] = []
    if flow is not None:
        findings += [_verdict(flow, at), _share(flow, wider, at)]
    findings += _depth(depths, at)
    findings += [_premium(name, item, at) for name, item in (("basis", basis), ("coinbase-premium", premium)) if item]
    if not findings:
        return None
    charts = (_chart(flow),) if flow is not None and not flow.history.is_empty() else ()
    return Section(
        key="flows",
        title="Flows: spot against leverage",
        summary=_summary(flow) if flow else findings[0].statement,
        findings=tuple(findings),
        charts=charts,
    )


def _word(flow: Flow) -> str:
    return divergence(flow.values.get("spot_score"), flow.values.get("perpetual_score"))


def _summary(flow: Flow) -> str:
    values = flow.values
    return (
        f"{_SAYS[_word(flow)].split(':')[0]}: takers net {_net(values['spot_net_usd'])} on spot and "
        f"{_net(values['perpetual_net_usd'])} with leverage in 24 h on {venue_list(flow.reading.series[0].venues)}."
    )


def _net(value: float) -> str:
    return f"{'bought' if value >= 0 else 'sold'} {dollars(abs(value))}"


def _verdict(flow: Flow, at: int) -> Finding:
    values, word = flow.values, _word(flow)
    scores = {name: values.get(f"{name}_score") for name in ("spot", "perpetual")}
    scored = {
        name: f" ({score:+.1f} deviations)".replace("-", "−") if score is not None else ""
        for name, score in scores.items()
    }
    known = {label: entry for label, entry in flow.records.items() if entry is not None}
    judged = track_record.sentence(known.get("24h"), "the price was against leverage's side a day later")
    statement = (
        f"In the 24 h to {say_time(flow.time, at)} takers net {_net(values['spot_net_usd'])} on spot{scored['spot']}"
        f" and {_net(values['perpetual_net_usd'])} on the leveraged market{scored['perpetual']}. {_SAYS[word]}."
    )
    if word != "unknown":
        statement += f" {judged}"
    numbers: list[Quantity] = [
        quantity("spot_net_usd", "net taker flow, spot", values["spot_net_usd"], "USD", _EXACT, signed=True),
        quantity(
            "perpetual_net_usd", "net taker flow, leveraged", values["perpetual_net_usd"], "USD", _EXACT, signed=True
        ),
        quantity("spot_score", "spot, in deviations", scores["spot"], "ratio", _SCORED, signed=True),
        quantity("perpetual_score", "leveraged, in deviations", scores["perpetual"], "ratio", _SCORED, signed=True),
        quantity("spot_led_share", "spot's part of both flows", values.get("spot_led_share"), "fraction", _EXACT),
    ]
    for label, item in known.items():
        numbers += track_record.quantities(item, f"price against leverage's side {label} later", f"record_{label}")
    return Finding(
        name="flows.spot-against-leverage",
        section="flows",
        statement=statement,
        caveat="Flows of one venue; every trade has a taker and a maker, so this says who was in a hurry, not who won.",
        evidence=_proof(flow.reading, tuple(numbers), flow.time - DAY, flow.time, at),
    )


def _share(flow: Flow, wider: Flow | None, at: int) -> Finding:
    values = flow.values
    period = _ranking_period(values)
    rank, busy = values.get("leverage_share_percentile"), values.get("turnover_percentile")
    ranked = f", the {ordinal(rank)} percentile of {period}" if rank is not None else ""
    statement = f"Leverage made {percent(values['leverage_share'])} of that turnover{ranked}"
    if busy is not None and "turnover_usd" in values:
        statement += f"; the turnover itself, {dollars(values['turnover_usd'])}, is at the {ordinal(busy)}"
    past = f"rank within {period}, same series" if rank is not None else _UNRANKED
    numbers = (
        quantity("leverage_share", "leverage's share of turnover", values["leverage_share"], "fraction", _EXACT),
        quantity("leverage_share_percentile", "its percentile", rank, "percentile", past),
        quantity("spot_to_futures", "spot over leveraged volume", values.get("spot_to_futures"), "ratio", _EXACT),
        quantity("turnover_usd", "turnover, both markets", values.get("turnover_usd"), "USD", _EXACT),
        quantity("turnover_percentile", "its percentile", busy, "percentile", past),
    )
    caveat = ""
    if wider is not None and (other := wider.values.get("leverage_share_percentile")) is not None:
        caveat = (
            f"It depends on what counts: {wider.reading.scope} has leverage at "
            f"{percent(wider.values['leverage_share'])}, the {ordinal(other)} percentile of its own past."
        )
    return Finding(
        name="flows.leverage-share",
        section="flows",
        statement=f"{statement}.",
        caveat=caveat,
        evidence=_proof(flow.reading, numbers, flow.time - DAY, flow.time, at),
    )


def _ranking_period(values: Mapping[str, float]) -> str:
    days = values.get("ranked_days", 0.0)
    return "the past year" if days > 360 else f"the {days:.0f} days on record"


def _depth(depths: Mapping[str, Level], at: int) -> list[Finding]:
    if not depths:
        return []
    end = max(depth.time for depth in depths.values())
    parts: list[str] = []
    numbers: list[Quantity] = []
    past = "one sample at the instant; depth changes by the second"
    for market, item in depths.items():
        values = item.values
        missing, bids = values.get("withdrawal"), values.get("bid_withdrawal")
        usual = "" if missing is None else f", {_against_usual(missing)} its 30-day median"
        aside = "" if bids is None else f" with bids {_against_usual(bids)}"
        parts.append(f"{dollars(values.get('depth_usd'))} on the {market} market ({_rank(values)}{usual}{aside})")
        numbers += [
            quantity(f"{market}_depth_usd", f"within 1%, {market}", values.get("depth_usd"), "USD", past),
            quantity(f"{market}_withdrawal", "missing of its 30-day median", missing, "fraction", past, signed=True),
            quantity(f"{market}_bid_withdrawal", "missing of the bids", bids, "fraction", past, signed=True),
            quantity(f"{market}_imbalance", "bids minus asks", values.get("imbalance"), "fraction", past, signed=True),
            quantity(f"{market}_percentile", "percentile", values.get("depth_percentile"), "percentile", past),
        ]
    series = tuple(series for depth in depths.values() for series in depth.reading.series)
    scope = "; ".join(depth.reading.scope for depth in depths.values())
    reading = Reading(series=series, rows=pl.DataFrame(), scope=scope)
    return [
        Finding(
            name="flows.depth",
            section="flows",
            statement=(
                f"Within 1% of the price the books of {venue_list(series[0].venues)} held {' and '.join(parts)} at "
                f"{say_time(end, at)}."
            ),
            evidence=_proof(reading, tuple(numbers), end - 30 * DAY, end, at),
        )
    ]


def _rank(values: Mapping[str, float]) -> str:
    rank = values.get("depth_percentile")
    return "no rank yet" if rank is None else f"{ordinal(rank)} percentile"


def _against_usual(missing: float) -> str:
    return f"{percent(abs(missing), digits=0)} {'below' if missing > 0 else 'above'}"


def _premium(name: str, level: Level, at: int) -> Finding:
    rate, rank = level.values["rate"], level.values.get("percentile")
    period = _ranking_period(level.values)
    ranked = f", the {ordinal(rank)} percentile of {period}" if rank is not None else ""
    subject = "The perpetual traded" if name == "basis" else "Bitcoin in dollars on Coinbase traded"
    than = "spot" if name == "basis" else "its price in USDT on Binance"
    side = "over" if rate >= 0 else "under"
    caveat = "" if name == "basis" else "The premium also reflects USDT trading above or below one dollar."
    uncertainty = "last trades of the bars, not simultaneous" if name == "basis" else "one sample at the instant"
    past = f"rank within {period}, same series" if rank is not None else _UNRANKED
    numbers = (
        quantity("rate", "premium", rate, "fraction", uncertainty, signed=True),
        quantity("percentile", "percentile", rank, "percentile", past),
    )
    return Finding(
        name=f"flows.{name}",
        section="flows",
        statement=f"{subject} {percent(abs(rate), digits=3)} {side} {than} at {say_time(level.time, at)}{ranked}.",
        caveat=caveat,
        evidence=_proof(level.reading, numbers, level.time, level.time, at),
    )


def _proof(reading: Reading, numbers: tuple[Quantity, ...], start: int, end: int, at: int) -> Evidence:
    return evidence(reading, numbers, at=at, start=start, end=end, coverage="one venue, the markets named in the scope")


def _chart(flow: Flow) -> Chart:
    rows = flow.history.filter(
        (pl.col("event_time") > flow.time - _CHART_DAYS * DAY) & ((flow.time - pl.col("event_time")) % DAY == 0)
    ).sort("event_time")
    t = tuple(rows["event_time"].to_list())
    spot, leveraged = (tuple(rows[name].cum_sum().to_list()) for name in ("spot_net_usd", "perpetual_net_usd"))
    lines = (
        Line(name="spot", role="primary", times=t, values=spot),
        Line(name="leveraged", role="secondary", times=t, values=leveraged),
    )
    return Chart(
        name="cumulative-flow",
        section="flows",
        title="Net taker flow since 30 days ago, spot against leverage",
        caption=f"{flow.reading.scope}; taker buys minus taker sells, summed by day.",
        panels=tuple(
            Panel(title=f"cumulative net flow, {line.name}", unit="USD", form="lines", lines=(line,)) for line in lines
        ),
    )
