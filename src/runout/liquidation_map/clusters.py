"""Clusters: peaks of the ladder, how they grew, and what became of those that the price went through.

A cluster is a stretch of levels of one side around a peak, out to where the smoothed ladder has fallen to half of the
peak, or to the valley before the next one. Peaks are those of :data:`SMOOTHING` that stand out from their valleys by at
least :data:`PROMINENCE` of the side's highest.

*Accumulating*: the coin mass in the cluster's fixed band of prices has grown in 24 h, net of the
whole side's growth, by more than in 90% of placebo bands: those of the same width elsewhere on the same side.
"""

from itertools import pairwise
from typing import Final, Literal

import msgspec
import numpy as np
import polars as pl

from runout.errors import UsageError
from runout.liquidation_map.dollars import SIDES
from runout.liquidation_map.ladder import Ladder, Total, total
from runout.margin.arrays import Side
from runout.scores.arrays import FloatArray

SMOOTHING: Final = 0.001
"""Standard deviation of the kernel, as a fraction of the price."""
PROMINENCE: Final = 0.2
ACCUMULATING: Final = 0.9
"""Share of placebo bands that an accumulating cluster outgrows."""
CROSSED: Final = 0.5
"""Share of its range from which on a cluster is called crossed; the price only touched what it went less far into."""
_HALF: Final = 0.5
_PLACEBOS: Final = 20
_VISIT: Final = 0.25

Growth = Literal["accumulating", "not accumulating", "not known"]


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket in which the price moved through levels of a side: what was expected of it, and what was reported.

    Parameters
    ----------
    side
        Liquidated.
    start, end
        Of the bucket, UTC ns.
    low, high
        From the open of the bucket to its extreme, dollars.
    predicted
        Of the map at the bucket's start, along the way to the extreme, with the background of a bucket; by weights that
        knew nothing of it.
    realised_usd
        Reported of the side in the whole bucket; None where nothing was published.
    """

    side: Side
    start: int
    end: int
    low: float
    high: float
    predicted: Total
    realised_usd: float | None


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """A peak of the ladder.

    Parameters
    ----------
    side
        Whose positions would be liquidated.
    low, high, peak
        Range and highest level, dollars.
    total
        Dollars expected to be reported if the price goes through all of it, with a band of 90%.
    coins
        Inferred to rest there.
    prior_share
        Share of the dollars that is assumption.
    distance
        From the price to the near edge, as a fraction of the price; negative below.
    growth_usd
        In 24 h, at the prices of the levels; None without a ladder of then.
    net_growth_rank
        Share of placebo bands with less growth, net of the side's; None without a ladder of then.
    state
        Whether it is accumulating.
    last_visit
        Latest bucket of the history in which the price moved through a quarter of the range, towards the side; None:
        none did.
    """

    side: Side
    low: float
    high: float
    peak: float
    total: Total
    coins: float
    prior_share: float
    distance: float
    growth_usd: float | None = None
    net_growth_rank: float | None = None
    state: Growth = "not known"
    last_visit: Sweep | None = None


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster of a day ago that the price has gone into since.

    Parameters
    ----------
    cluster
        As it stood then.
    share
        Of its range that was passed.
    sweeps
        The buckets in which new ground of it was passed.
    """

    cluster: Cluster
    share: float
    sweeps: tuple[Sweep, ...]

    @property
    def predicted_usd(self) -> float:
        """Return what the map of each bucket's start expected of those buckets."""
        return sum(sweep.predicted.usd for sweep in self.sweeps)

    @property
    def realised_usd(self) -> float | None:
        """Return what was reported in those buckets; None where a bucket of them has no report."""
        known = [sweep.realised_usd for sweep in self.sweeps if sweep.realised_usd is not None]
        return sum(known) if len(known) == len(self.sweeps) else None


class Between(msgspec.Struct, frozen=True, kw_only=True):
    """What the map has between the price and a liquidation.

    Parameters
    ----------
    total
        Dollars of the same side expected to be reported on the way, with a band of 90%.
    clusters
        Those that begin on the way, the nearest first.
    end
        How far was counted, dollars.
    whole
        Whether that is the liquidation price: else the map ends before.
    """

    total: Total
    clusters: tuple[Cluster, ...]
    end: float
    whole: bool


def clusters(ladder: Ladder, before: Ladder | None = None, history: tuple[Sweep, ...] = ()) -> tuple[Cluster, ...]:
    """Return the clusters of a ladder, that of the most dollars that are data first.

    Parameters
    ----------
    ladder
        The ladder.
    before
        That of 24 h earlier on the same levels, by the same weights; None: growth is not known.
    history
        Sweeps before, by time.

    Raises
    ------
    UsageError
        If the two ladders do not have the same levels.
    """
    if before is not None and not np.array_equal(ladder.edges, before.edges):
        raise UsageError("expected two ladders on the same levels, found different edges")
    results: list[Cluster] = []
    for side in SIDES:
        growth = None if before is None else _SideGrowth(ladder, before, side)
        for first, last, peak in _ranges(ladder, side):
            built = _cluster(ladder, side, first, last, peak)
            results.append(_with_visit(built if growth is None else growth.written(built, first, last), history))
    return tuple(sorted(results, key=lambda cluster: -cluster.total.usd * (1.0 - cluster.prior_share)))


def swept(earlier: tuple[Cluster, ...], since: tuple[Sweep, ...]) -> tuple[Swept, ...]:
    """Return those of earlier clusters that the price has gone into, with the buckets in which it did.

    Parameters
    ----------
    earlier
        Clusters as of the start of ``since``.
    since
        Sweeps after them, by time.
    """
    swepts: list[Swept] = []
    for cluster in earlier:
        left, taken = cluster.high - cluster.low, list[Sweep]()
        near = cluster.high if cluster.side == "long" else cluster.low
        for item in (sweep for sweep in since if sweep.side == cluster.side):
            passed = near - max(item.low, cluster.low) if item.side == "long" else min(item.high, cluster.high) - near
            if passed > 0.0:
                taken.append(item)
                left -= passed
                near = max(item.low, cluster.low) if item.side == "long" else min(item.high, cluster.high)
        if taken:
            swepts.append(Swept(cluster=cluster, share=1.0 - left / (cluster.high - cluster.low), sweeps=tuple(taken)))
    return tuple(swepts)


def table(subject: tuple[Cluster, ...]) -> pl.DataFrame:
    """Return clusters as a table, a row each.

    Returns
    -------
    polars.DataFrame
        Fields of :class:`Cluster`, totals as ``usd, low_usd, high_usd``; null where not known.
    """
    names = (
        "side", "low", "high", "peak", "coins", "prior_share", "distance", "growth_usd", "net_growth_rank", "state",
    )  # fmt: skip
    schema = {
        "side": pl.String, "low_price": pl.Float64, "high_price": pl.Float64, "peak_price": pl.Float64,
        "coins": pl.Float64, "prior_share": pl.Float64, "distance": pl.Float64, "growth_usd": pl.Float64,
        "net_growth_rank": pl.Float64, "state": pl.String, "usd": pl.Float64, "low_usd": pl.Float64,
        "high_usd": pl.Float64, "last_visit_time": pl.Int64, "last_visit_predicted_usd": pl.Float64,
        "last_visit_realised_usd": pl.Float64,
    }  # fmt: skip
    rows = [
        (
            *(getattr(cluster, name) for name in names),
            cluster.total.usd,
            cluster.total.low_usd,
            cluster.total.high_usd,
            *_visit(cluster),
        )
        for cluster in subject
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _visit(cluster: Cluster) -> tuple[int | None, float | None, float | None]:
    last = cluster.last_visit
    return (None, None, None) if last is None else (last.end, last.predicted.usd, last.realised_usd)


def between(ladder: Ladder, clusters: tuple[Cluster, ...], side: Side, level: float) -> Between:
    """Return what a map has of the same side between its price and a liquidation price.

    Parameters
    ----------
    ladder
        The map's.
    clusters
        Clusters of the same map.
    side
        Of the position.
    level
        Its liquidation price, dollars: below the ladder's price for a long, above it for a short.

    Raises
    ------
    UsageError
        If the price has passed the level.
    """
    price = ladder.price
    if (level >= price) if side == "long" else (level <= price):
        raise UsageError(f"expected the level of a {side} still ahead of the price {price}, found {level}")
    end = max(level, float(ladder.edges[0])) if side == "long" else min(level, float(ladder.edges[-1]))
    low, high = min(end, price), max(end, price)
    # What rests on the near side of the price by less than a level belongs to the way as well.
    reach = (low, float(ladder.edges[-1])) if side == "long" else (float(ladder.edges[0]), high)
    on_way = [cluster for cluster in clusters if cluster.side == side and cluster.low < high and cluster.high > low]
    return Between(
        total=total(ladder.dollars, side, *ladder.between(side, *reach)),
        clusters=tuple(sorted(on_way, key=lambda cluster: abs(cluster.distance))), end=end, whole=end == level,
    )  # fmt: skip


# -- peaks ------------------------------------------------------------------------------------------------------------


def _ranges(ladder: Ladder, side: Side) -> list[tuple[int, int, int]]:
    """Return (first, last, peak) levels of each peak, without overlap."""
    height = _smoothed(ladder, side)
    if not height.any():
        return []
    peaks = _peaks(height, PROMINENCE * float(height.max()))
    valleys = [int(a + np.argmin(height[a : b + 1])) for a, b in pairwise(peaks)]
    bounds = list(zip([0, *(v + 1 for v in valleys)], [*valleys, len(height) - 1], strict=True))
    results: list[tuple[int, int, int]] = []
    for peak, (low, high) in zip(peaks, bounds, strict=True):
        under = np.flatnonzero(height < _HALF * height[peak])
        first = max(low, int(under[under < peak].max(initial=-1)) + 1)
        last = min(high, int(under[under > peak].min(initial=len(height))) - 1)
        results.append((first, last, peak))
    return results


def _peaks(height: FloatArray, least: float) -> list[int]:
    """Return the tops that stand out from the higher of their two valleys by ``least``; the outside is a valley."""
    padded = np.concatenate([[0.0], height, [0.0]])
    rises = np.flatnonzero(np.diff(padded) > 0.0) + 1
    results: list[int] = []
    for top in rises[padded[rises + 1] <= padded[rises]].tolist():
        end = top + int(np.argmax(padded[top:] < padded[top]))
        if padded[end - 1] != padded[top] or (padded[top:end] != padded[top]).any():
            continue
        higher = padded > padded[top]
        left = int(np.flatnonzero(higher[:top]).max(initial=-1)) + 1
        right = end + int(np.argmax(np.append(higher[end:], True)))
        if padded[top] - max(padded[left : top + 1].min(), padded[top:right].min()) >= least:
            results.append((top + end - 1) // 2 - 1)
    return results


def _smoothed(ladder: Ladder, side: Side) -> FloatArray:
    """Return dollars for each fraction of the price, smoothed; nothing leaks over the price to the other side."""
    width = np.diff(ladder.edges) / ladder.middle
    deviation = max(SMOOTHING / float(np.median(width)), 1e-6)
    reach = int(np.ceil(4.0 * deviation))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    density = ladder.total_usd(side) / width
    inside = np.convolve(np.ones(len(density)), kernel)[reach : reach + len(density)]
    return np.convolve(density, kernel)[reach : reach + len(density)] / inside * (density > 0.0)


def _cluster(ladder: Ladder, side: Side, first: int, last: int, peak: int) -> Cluster:
    low, high, row = float(ladder.edges[first]), float(ladder.edges[last + 1]), SIDES.index(side)
    rows = slice(first, last + 1)
    inferred, assumed = ladder.between(side, low, high)
    # The level that holds the price reaches over it.
    distance = min(high / ladder.price - 1.0, 0.0) if side == "long" else max(low / ladder.price - 1.0, 0.0)
    return Cluster(
        side=side, low=low, high=high, peak=float(ladder.middle[peak]),
        total=total(ladder.dollars, side, inferred, assumed),
        coins=float(ladder.coins[row, rows].sum()), prior_share=assumed, distance=distance,
    )  # fmt: skip


# -- growth -----------------------------------------------------------------------------------------------------------


class _SideGrowth:
    """How a side's levels grew, and beyond the growth of the whole side."""

    def __init__(self, ladder: Ladder, before: Ladder, side: Side) -> None:
        now, then = ladder.total_usd(side) / ladder.middle, before.total_usd(side) / ladder.middle
        factor = now.sum() / then.sum() if then.sum() > 0.0 else 0.0
        self.usd = (now - then) * ladder.middle
        self.net = np.concatenate([[0.0], np.cumsum(now - then * factor)])
        self.held = np.flatnonzero((now > 0.0) | (then > 0.0))

    def written(self, cluster: Cluster, first: int, last: int) -> Cluster:
        """Return a cluster of these levels with its growth, and its rank among bands of its width."""
        width, growth = last + 1 - first, float(self.usd[first : last + 1].sum())
        starts = np.arange(self.held.min(initial=0), self.held.max(initial=-1) + 2 - width)
        apart = starts[(starts > last) | (starts + width <= first)]
        if len(apart) < _PLACEBOS:
            return msgspec.structs.replace(cluster, growth_usd=growth)
        rank = float((self.net[apart + width] - self.net[apart] < self.net[last + 1] - self.net[first]).mean())
        state: Growth = "accumulating" if rank > ACCUMULATING else "not accumulating"
        return msgspec.structs.replace(cluster, growth_usd=growth, net_growth_rank=rank, state=state)


def _with_visit(cluster: Cluster, history: tuple[Sweep, ...]) -> Cluster:
    width = cluster.high - cluster.low
    inside = [
        sweep for sweep in history
        if sweep.side == cluster.side and min(sweep.high, cluster.high) - max(sweep.low, cluster.low) >= _VISIT * width
    ]  # fmt: skip
    return msgspec.structs.replace(cluster, last_visit=inside[-1]) if inside else cluster
