"""What the pictures and tables of a liquidation map show; a job makes it, this package renders it."""

from typing import Final, Literal

import msgspec
import numpy as np
import polars as pl

from runout import clock
from runout.bulletin import wording
from runout.errors import UsageError
from runout.liquidation_map import Irregular
from runout.liquidation_map.clusters import Cluster, Sweep, Swept
from runout.liquidation_map.dollars import SIDES
from runout.liquidation_map.ladder import Ladder
from runout.liquidation_map.measured import MeasuredPositions, Merged, alone, merged
from runout.records import Series, provider_name, venue_list
from runout.scores.arrays import FloatArray, IntArray
from runout.units import price

INFERRED: Final = (
    "Inferred, not published: where positions opened in past trading would be liquidated, in dollars that the venue's "
    "capped feed would report."
)
NO_GAIN: Final = (
    "Inferred; no better than the price path alone; levels farther than past moves are assumption (docs/map.md, "
    "docs/truth.md)."
)

Model = Literal["inferred", "path", "measured"]
"""What levels are of: the inferred map; the same of the price path alone, volume left out; published positions only."""
MODELS: Final[tuple[Model, ...]] = ("inferred", "path", "measured")

_MODEL_TEXT: Final = {
    "path": "Price path only: every bar turns over the same share, whatever was traded; far levels are assumption.",
    "measured": "Published positions only: all that they would close, whatever a feed reports; as old as their file.",
}


class Sources(msgspec.Struct, frozen=True):
    """Series that a map was built from.

    Parameters
    ----------
    bars
        The finest, then coarser ones for the time before it begins.
    interest, liquidations
        None: no usable one is held.
    """

    bars: tuple[Series, ...]
    interest: Series | None
    liquidations: Series | None

    def every(self) -> tuple[Series, ...]:
        """Return all of them."""
        return (*self.bars, *(item for item in (self.interest, self.liquidations) if item is not None))

    def capture(self) -> str:
        """Return what the feed of liquidations shows."""
        return "not-applicable" if self.liquidations is None else self.liquidations.capture

    def interest_of_all(self) -> bool:
        """Return whether open interest is not of the bars' own venue."""
        return self.interest is not None and self.interest.venues != self.bars[0].venues


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
        Base asset, and whose perpetual market.
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
        Series read.
    open_interest_base
        Coins, at the end; None where it is not known.
    irregular
        Gaps, spikes and far prints within the window.
    warm
        Whether the window begins after the warm-up.
    measured
        Published positions merged into the ladder; None: none were given.
    model
        What the levels are of.
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
    sources: Sources
    open_interest_base: float | None
    irregular: tuple[Irregular, ...]
    warm: bool
    measured: Merged | None = None
    model: Model = "inferred"

    @property
    def synthetic(self) -> bool:
        """Whether the market is made up."""
        return any(item.synthetic for item in self.sources.every())

    @property
    def step_usd(self) -> float:
        """Return the width of a level, dollars."""
        return float(self.ladder.edges[1] - self.ladder.edges[0])

    def with_published(self, published: MeasuredPositions) -> "LiquidationMap":
        """Return the map with published positions in the place of its venue's inferred ones; measured: them alone.

        Raises
        ------
        UsageError
            If open interest is not known or not of this venue, or less than what is published.
        """
        if self.model == "measured":
            return self._published_alone(published)
        if self.open_interest_base is None or self.sources.interest_of_all():
            raise UsageError(
                f"expected open interest of {venue_list((self.venue,))} to set published positions beside inferred "
                "ones, found none in this lake; `runout import` or `runout fetch` it"
            )
        each_side = np.full(2, self.open_interest_base)
        return msgspec.structs.replace(self, measured=merged(self.ladder, published, each_side))

    def _published_alone(self, published: MeasuredPositions) -> "LiquidationMap":
        """Return a map of nothing but published positions: of now, as a file has no past."""
        empty = {name: np.zeros_like(self.ladder.usd) for name in ("coins", "usd", "low_usd", "high_usd", "assumed")}
        bare = msgspec.structs.replace(self.ladder, **empty)
        own = alone(bare, published)
        usd = np.zeros_like(self.heat.usd)
        usd[:, -1] = own.measured_usd
        return msgspec.structs.replace(
            self, ladder=bare, clusters=(), swept=(), sweeps=(), heat=Heat(self.heat.time, usd), measured=own
        )

    def step_text(self) -> str:
        """Return the width of a level as text."""
        return f"${self.step_usd:,g}"

    def title(self, subject: str) -> str:
        """Return a title that names what is shown, of what market, and when."""
        moment = clock.say_moment(self.through)
        mark = "SYNTHETIC MARKET · " if self.synthetic else ""
        subject += ", price path only" * (self.model == "path")
        return f"{mark}{wording.clean(self.coin)} on {venue_list((self.venue,))}: {subject} · {moment}"

    def warning(self) -> str:
        """Return that the newest bar is long before the moment asked for, empty where it is not."""
        return wording.old_data(self.through, self.at)

    def model_text(self) -> str:
        """Return what the levels of a model other than the inferred one are; empty for that one."""
        return _MODEL_TEXT.get(self.model, "")

    def worth_text(self) -> str:
        """Return what its levels are worth."""
        return self.model_text() or NO_GAIN

    def source_text(self) -> str:
        """Return where the figures come from."""
        interest, liquidations = self.sources.interest, self.sources.liquidations
        parts = [f"Bars of {self.sources.bars[0].instruments}"]
        if interest is not None:
            parts.append(f"open interest of {venue_list(interest.venues)} ({clock.format_duration(interest.step)})")
        if liquidations is not None:
            every = clock.format_duration(liquidations.step)
            parts.append(f"liquidations as {venue_list(liquidations.venues)} reported them ({every}, a lower bound)")
        providers = " and ".join(sorted({provider_name(item.provider) for item in self.sources.every()}))
        return f"{', '.join(parts)}; via {providers}."

    def near_text(self) -> str:
        """Return up to where levels are data."""
        (low, _), (_, high) = (self.ladder.near(side) for side in SIDES)
        return (
            f"Levels from {price(low)} to {price(high)} are data: over ten past moves of four hours went as far. "
            "Beyond, they are assumption."
        )

    def caveats(self) -> tuple[str, ...]:
        """Return what a reader must know of this map, beside what holds of all."""
        results: list[str] = []
        if not self.warm:
            results.append(
                "The window begins within the map's warm-up of 10 days: levels of that time miss earlier positions."
            )
        if not self.ladder.dollars.buckets:
            results.append(
                "Too few reported liquidations of this venue: dollars are those that another venue showed for each "
                "dollar crossed, of an order of magnitude only."
            )
        kinds = [item.kind for item in self.irregular]
        results += [f"{kinds.count(kind)} irregular bars: {kind}." for kind in sorted(set(kinds))]
        return tuple(results)
