"""A map in words: its clusters, what became of the last ones, what it is not."""

from typing import Final

from runout import clock
from runout.bulletin.liquidation_map import INFERRED, NO_GAIN, LiquidationMap
from runout.liquidation_map.clusters import Cluster, Sweep, Swept
from runout.liquidation_map.dollars import SIDES
from runout.liquidation_map.ladder import FAR, Total
from runout.units import coins, dollars, percent, price

_SWEEPS: Final = 6


def cluster_line(of: Cluster) -> str:
    """Return a cluster in one line."""
    where = f"{of.side}s {price(of.low)} to {price(of.high)} ({percent(of.distance, signed=True)})"
    return f"{where}: {total_text(of.total)}{far_text(of)}"


def far_text(of: Cluster) -> str:
    """Return the word for a cluster that is mostly assumption, else nothing."""
    return ", assumption" if of.prior_share >= FAR else ""


def short_line(of: Cluster) -> tuple[str, str]:
    """Return a cluster in two short rows: dollars, and their range of prices."""
    mark = " ▲" if of.state == "accumulating" else ""
    far = " ○" if of.prior_share >= FAR else ""
    return f"{dollars(of.total.usd)}{mark}{far}", f"{price(of.low)}–{price(of.high)}".replace("–$", "–")


def total_text(of: Total) -> str:
    """Return a total with its band."""
    return f"{dollars(of.usd)} ({dollars(of.low_usd)} to {dollars(of.high_usd)})"


CLUSTER_COLUMNS: Final = (
    "side", "from", "to", "distance", "expected", "band of 90%", "24 h", "assumption", "state", "last visit",
)  # fmt: skip


def cluster_row(of: Cluster) -> tuple[str, ...]:
    """Return a cluster as cells under :data:`CLUSTER_COLUMNS`."""
    rank = "" if of.net_growth_rank is None else f", above {percent(of.net_growth_rank, digits=0)} of placebos"
    visit = "none" if of.last_visit is None else _visit(of.last_visit)
    return (
        of.side, price(of.low), price(of.high), percent(of.distance, digits=2, signed=True), dollars(of.total.usd),
        f"{dollars(of.total.low_usd)} to {dollars(of.total.high_usd)}", dollars(of.growth_usd, signed=True),
        percent(of.prior_share, digits=0), f"{of.state}{rank}", visit,
    )  # fmt: skip


SWEPT_COLUMNS: Final = ("side", "from", "to", "a day ago", "passed", "expected on the way", "reported")


def swept_row(of: Swept) -> tuple[str, ...]:
    """Return a swept cluster as cells under :data:`SWEPT_COLUMNS`."""
    cluster = of.cluster
    return (
        cluster.side, price(cluster.low), price(cluster.high), dollars(cluster.total.usd), percent(of.share, digits=0),
        dollars(of.predicted_usd), dollars(of.realised_usd),
    )  # fmt: skip


SWEEP_COLUMNS: Final = ("side", "4 h from (UTC)", "way", "expected", "band of 90%", "reported")


def largest_sweeps(of: LiquidationMap) -> tuple[Sweep, ...]:
    """Return the sweeps of the window of which most was expected, the largest first."""
    return tuple(sorted(of.sweeps, key=lambda one: -one.predicted.usd)[:_SWEEPS])


def sweep_row(of: Sweep) -> tuple[str, ...]:
    """Return a sweep as cells under :data:`SWEEP_COLUMNS`."""
    way = (of.high, of.low) if of.side == "long" else (of.low, of.high)
    return (
        of.side, clock.say_moment(of.start), f"{price(way[0])} to {price(way[1])}", dollars(of.predicted.usd),
        f"{dollars(of.predicted.low_usd)} to {dollars(of.predicted.high_usd)}", dollars(of.realised_usd),
    )  # fmt: skip


def head(of: LiquidationMap) -> tuple[str, ...]:
    """Return what is written above every form of a map."""
    totals = (f"{side}s {dollars(float(of.ladder.total_usd(side).sum()))}" for side in SIDES)
    low, high = (price(float(edge)) for edge in (of.ladder.edges[0], of.ladder.edges[-1]))
    interest = "not known" if of.open_interest_base is None else coins(of.open_interest_base, of.coin)
    state = (
        f"Price {price(of.price)}, open interest {interest}. Expected to be reported between {low} and {high}: "
        f"{', '.join(totals)}. {of.near_text()}"
    )
    warned = (of.warning(),) if of.warning() else ()
    return (of.title("inferred liquidation map"), *warned, state, INFERRED, NO_GAIN)


def foot(of: LiquidationMap) -> tuple[str, ...]:
    """Return what is written below every form of a map."""
    fitted = of.ladder.dollars
    dated = (
        f"Dollars fitted on {fitted.buckets} reports of four hours from {clock.format_date(fitted.since)} to "
        f"{clock.say_moment(fitted.until)}; distances from a public ladder (docs/liquidation-map.md)."
    )
    banded = (
        "Bands of 90% held 91% to 97% of BTC and SOL reports of 2025; what opens and is liquidated along the way is in "
        "the dollars, not in the levels."
    )
    return (*((dated, banded) if fitted.buckets else ()), of.source_text(), *of.caveats())


def _visit(of: Sweep) -> str:
    return f"{clock.say_moment(of.end)}: expected {dollars(of.predicted.usd)}, reported {dollars(of.realised_usd)}"
