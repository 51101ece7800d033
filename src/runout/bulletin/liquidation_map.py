"""What the pictures and tables of a liquidation map show; a job makes it, this package renders it."""

from typing import Final

import msgspec
import polars as pl

from runout import clock
from runout.bulletin import wording
from runout.liquidation_map import Cohorts, Jump
from runout.liquidation_map.clusters import Cluster, Sweep, Swept
from runout.liquidation_map.ladder import Ladder
from runout.records import Series, provider_name, venue_list
from runout.scores.arrays import FloatArray, IntArray

INFERRED: Final = (
    "Inferred, not published: where positions opened in past trading would be liquidated, in dollars that the venue's "
    "capped feed would report."
)
NO_GAIN: Final = (
    "Inferred; no better than the price path alone; in simulated markets, where the truth is known, worse than a flat "
    "line far from the price (docs/map.md, docs/truth.md)."
)


class Heat(msgspec.Struct, frozen=True, eq=False):
    """The ladder over time.

    Parameters
    ----------
    time
        UTC ns, shape (columns,): the ladder holds from then to the next.
    usd
        Dollars expected to be reported, shape (sides, columns, levels).
    """

    time: IntArray
    usd: FloatArray


class LiquidationMap(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The map of a coin on a venue as of a moment.

    Parameters
    ----------
    coin, venue
        What.
    at, since
        UTC ns: the moment, and where the window begins.
    through
        End of the last bar, UTC ns.
    price
        Its close, dollars.
    ladder
        As of ``through``.
    far
        The same, reaching farther from the price: what moves of the price are asked of.
    clusters
        Of the ladder, the largest first.
    swept
        Clusters of 24 h before that the price has gone into since.
    sweeps
        Of every bucket of the window that has ended, by time; expected by weights fitted before the window.
    heat
        The ladder through the window.
    candles
        ``event_time, span, open, high, low, close`` of the window.
    sources
        Series read: bars first, then open interest and liquidations.
    open_interest_base
        Coins, at the end.
    jumps
        What the identity could not explain, within the window.
    warm
        Whether the window begins after the warm-up.
    """

    coin: str
    venue: str
    at: int
    since: int
    through: int
    price: float
    ladder: Ladder
    far: Ladder
    clusters: tuple[Cluster, ...]
    swept: tuple[Swept, ...]
    sweeps: tuple[Sweep, ...]
    heat: Heat
    candles: pl.DataFrame
    sources: tuple[Series, Series, Series]
    open_interest_base: float
    jumps: tuple[Jump, ...]
    warm: bool

    @property
    def synthetic(self) -> bool:
        """Whether the market is made up."""
        return any(one.synthetic for one in self.sources)

    @property
    def step_usd(self) -> float:
        """Return the width of a level, dollars."""
        return float(self.ladder.edges[1] - self.ladder.edges[0])

    def step_text(self) -> str:
        """Return the width of a level as text."""
        return f"${self.step_usd:,g}"

    def title(self, what: str) -> str:
        """Return a title that names what is shown, of what market, and when."""
        moment = clock.say_moment(self.through)
        mark = "SYNTHETIC MARKET · " if self.synthetic else ""
        return f"{mark}{wording.clean(self.coin)} on {venue_list((self.venue,))}: {what} · {moment}"

    def warning(self) -> str:
        """Return that the newest bar is long before the moment asked for, empty where it is not."""
        return wording.old_data(self.through, self.at)

    def source_text(self) -> str:
        """Return where the figures come from."""
        bars, interest, liquidations = self.sources
        providers = " and ".join(sorted({provider_name(one.provider) for one in self.sources}))
        return (
            f"Bars of {bars.instruments}, open interest of {venue_list(interest.venues)} "
            f"({clock.format_duration(interest.step)}), liquidations as {venue_list(liquidations.venues)} reported "
            f"them ({clock.format_duration(liquidations.step)}, a floor); via {providers}."
        )

    def leverage_texts(self) -> tuple[str, ...]:
        """Return each class by the leverage that isolated margin would need for its distance."""
        distance = self.ladder.distance
        leverage = Cohorts(distance=distance, share=(0.01,) * len(distance)).leverage()
        return tuple(f"{one:.0f}x" for one in leverage.tolist())

    def prior_driven(self, side: str) -> tuple[bool, ...]:
        """Return for each class whether the data's share of its weight is below one half."""
        weights = self.ladder.weights
        return (weights.long if side == "long" else weights.short).prior_driven()

    def caveats(self) -> tuple[str, ...]:
        """Return what a reader must know of this map, beside what holds of all."""
        found: list[str] = []
        if not self.warm:
            found.append(
                "The window begins within the filter's warm-up of 30 days: levels of that time miss earlier positions."
            )
        kinds = sorted({jump.kind for jump in self.jumps})
        found += [
            f"{sum(one.kind == kind for one in self.jumps)} bars that the filter could not explain: {kind}."
            for kind in kinds
        ]
        return tuple(found)
