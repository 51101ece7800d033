"""A map in words: its clusters, what became of the last ones, what it is not."""

from typing import Final

import polars as pl

from runout import clock
from runout.bulletin.liquidation_map import INFERRED, LiquidationMap
from runout.liquidation_map import measured
from runout.liquidation_map.clusters import Cluster, Sweep, Swept
from runout.liquidation_map.dollars import SIDES
from runout.liquidation_map.ladder import FAR, Total
from runout.liquidation_map.measured import Merged
from runout.units import coins, dollars, percent, price

_SWEEPS: Final = 6


def cluster_line(cluster: Cluster) -> str:
    """Return a cluster in one line."""
    where = f"{cluster.side}s {price(cluster.low)} to {price(cluster.high)} ({percent(cluster.distance, signed=True)})"
    return f"{where}: {total_text(cluster.total)}{far_text(cluster)}"


def far_text(cluster: Cluster) -> str:
    """Return the word for a cluster that is mostly assumption, else nothing."""
    return ", assumption" if cluster.prior_share >= FAR else ""


def short_line(cluster: Cluster) -> tuple[str, str]:
    """Return a cluster in two short rows: dollars, and their range of prices."""
    mark = " ▲" if cluster.state == "accumulating" else ""
    far = " ○" if cluster.prior_share >= FAR else ""
    return f"{dollars(cluster.total.usd)}{mark}{far}", f"{price(cluster.low)}–{price(cluster.high)}".replace("–$", "–")


def total_text(total: Total) -> str:
    """Return a total with its band."""
    return f"{dollars(total.usd)} ({dollars(total.low_usd)} to {dollars(total.high_usd)})"


CLUSTER_COLUMNS: Final = (
    "side", "from", "to", "distance", "expected", "band of 90%", "24 h", "assumption", "state", "last visit",
)  # fmt: skip


def cluster_row(source: Cluster) -> tuple[str, ...]:
    """Return a cluster as cells under :data:`CLUSTER_COLUMNS`."""
    rank = "" if source.net_growth_rank is None else f", above {percent(source.net_growth_rank, digits=0)} of placebos"
    visit = "none" if source.last_visit is None else _visit(source.last_visit)
    return (
        source.side, price(source.low), price(source.high), percent(source.distance, digits=2, signed=True),
        dollars(source.total.usd),
        f"{dollars(source.total.low_usd)} to {dollars(source.total.high_usd)}", dollars(source.growth_usd, signed=True),
        percent(source.prior_share, digits=0), f"{source.state}{rank}", visit,
    )  # fmt: skip


SWEPT_COLUMNS: Final = ("side", "from", "to", "a day ago", "passed", "expected on the way", "reported")


def swept_row(swept: Swept) -> tuple[str, ...]:
    """Return a swept cluster as cells under :data:`SWEPT_COLUMNS`."""
    cluster = swept.cluster
    return (
        cluster.side, price(cluster.low), price(cluster.high), dollars(cluster.total.usd),
        percent(swept.share, digits=0),
        dollars(swept.predicted_usd), dollars(swept.realised_usd),
    )  # fmt: skip


SWEEP_COLUMNS: Final = ("side", "4 h from (UTC)", "way", "expected", "band of 90%", "reported")


MEASURED_COLUMNS: Final = ("side", "from", "to", "coins", "measured", "measured dollars", "inferred dollars")
_LEVELS: Final = 12


def measured_rows(source: Merged) -> list[tuple[str, ...]]:
    """Return the levels with the most measured dollars as cells under :data:`MEASURED_COLUMNS`, by price."""
    largest = measured.table(source).filter(pl.col("measured_usd") > 0.0).top_k(_LEVELS, by="measured_usd")
    return [
        (
            row["side"], price(row["low_price"]), price(row["high_price"]), f"{row['coins']:,.4g}",
            percent(row["measured_share"], digits=0), dollars(row["measured_usd"]), dollars(row["inferred_usd"]),
        )
        for row in largest.sort("low_price", "side").iter_rows(named=True)
    ]  # fmt: skip


def measured_text(source: Merged) -> str:
    """Return what is measured, of how much, and that measured and inferred dollars are not of one kind."""
    shares = " and ".join(
        f"{percent(float(share), digits=0)} of {side}s"
        for side, share in zip(SIDES, source.published_share(), strict=True)
    )
    return (
        f"Measured: {source.positions:,} published positions, {shares}. Their dollars are all that they would close, "
        "whatever a feed reports; inferred dollars are of the rest, as far as the feed would report them: the two are "
        "not added."
    )


def largest_sweeps(liquidation_map: LiquidationMap) -> tuple[Sweep, ...]:
    """Return the sweeps of the window of which most was expected, the largest first."""
    return tuple(sorted(liquidation_map.sweeps, key=lambda sweep: -sweep.predicted.usd)[:_SWEEPS])


def sweep_row(sweep: Sweep) -> tuple[str, ...]:
    """Return a sweep as cells under :data:`SWEEP_COLUMNS`."""
    way = (sweep.high, sweep.low) if sweep.side == "long" else (sweep.low, sweep.high)
    return (
        sweep.side, clock.say_moment(sweep.start), f"{price(way[0])} to {price(way[1])}", dollars(sweep.predicted.usd),
        f"{dollars(sweep.predicted.low_usd)} to {dollars(sweep.predicted.high_usd)}", dollars(sweep.realised_usd),
    )  # fmt: skip


def head(subject: LiquidationMap) -> tuple[str, ...]:
    """Return what is written above every form of a map."""
    if subject.measured is not None and subject.model == "measured":
        return _published_head(subject, subject.measured)
    totals = (f"{side}s {dollars(float(subject.ladder.total_usd(side).sum()))}" for side in SIDES)
    low, high = (price(float(edge)) for edge in (subject.ladder.edges[0], subject.ladder.edges[-1]))
    interest = "not known" if subject.open_interest_base is None else coins(subject.open_interest_base, subject.coin)
    state = (
        f"Price {price(subject.price)}, open interest {interest}. Expected to be reported between {low} and {high}: "
        f"{', '.join(totals)}. {subject.near_text()}"
    )
    warned = (subject.warning(),) if subject.warning() else ()
    return (subject.title("inferred liquidation map"), *warned, state, INFERRED, subject.worth_text())


def _published_head(subject: LiquidationMap, source: Merged) -> tuple[str, ...]:
    on, elsewhere = source.measured_usd.sum(axis=1), source.measured_elsewhere_base
    sides = (f"{side}s {dollars(float(on[row]))}" for row, side in enumerate(SIDES))
    low, high = (price(float(edge)) for edge in (source.edges[0], source.edges[-1]))
    state = (
        f"Price {price(subject.price)}. {source.positions:,} published positions; liquidated between {low} and {high}: "
        f"{', '.join(sides)}; elsewhere or never: {coins(float(elsewhere.sum()), subject.coin)}."
    )
    return (subject.title("published positions"), state, subject.model_text())


def foot(liquidation_map: LiquidationMap) -> tuple[str, ...]:
    """Return what is written below every form of a map."""
    if liquidation_map.model == "measured":
        return (f"Price from {liquidation_map.sources.bars[0].instruments}.",)
    fitted = liquidation_map.ladder.dollars
    dated = (
        f"Dollars fitted on {fitted.buckets} reports of four hours from {clock.format_date(fitted.since)} to "
        f"{clock.say_moment(fitted.until)}; distances from a public ladder (docs/liquidation-map.md)."
    )
    banded = (
        "Bands of 90% held 91% to 97% of BTC and SOL reports of 2025; what opens and is liquidated along the way is in "
        "the dollars, not in the levels."
    )
    published = () if liquidation_map.measured is None else (measured_text(liquidation_map.measured),)
    shown = (dated, banded) if fitted.buckets else ()
    return (*published, *shown, liquidation_map.source_text(), *liquidation_map.caveats())


def _visit(sweep: Sweep) -> str:
    return (
        f"{clock.say_moment(sweep.end)}: expected {dollars(sweep.predicted.usd)}, reported "
        f"{dollars(sweep.realised_usd)}"
    )
