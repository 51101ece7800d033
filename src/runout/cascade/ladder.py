"""The ladder: dollars that would be liquidated at each distance from the price, by side, venue and leverage class.

Distances are logarithmic and count along the move: a fall to P is ``ln(price / P)``, a rise ``ln(P / price)``. Dollars
are notional at the level itself. A bin's dollars stand at its middle, all of them at once; everything downstream is
exact for that ladder, so that the width of the bins is the only thing rounded.
"""

from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from runout.cascade.arrays import Floats, amounts, frozen, positive
from runout.errors import UsageError

Direction = Literal["down", "up"]
LIQUIDATED: Final[dict[Direction, Literal["long", "short"]]] = {"down": "long", "up": "short"}


class Group(msgspec.Struct, frozen=True):
    """Positions that are told apart.

    Parameters
    ----------
    venue
        Name of the venue; None: not split by venue.
    level_kind
        As the map names it; None: not split.
    """

    venue: str | None = None
    level_kind: str | None = None


class Rungs(msgspec.Struct, frozen=True, eq=False):
    """One side of a ladder.

    Parameters
    ----------
    distance
        Shape (n,): log-distance of each level from the price, increasing.
    usd, low_usd, high_usd
        Shape (groups, n): dollars liquidated when the price gets there, with their band.
    horizon
        Log-distance at which the map ends. Beyond it nothing is known, which is not the same as nothing being there.
    """

    distance: Floats
    usd: Floats
    low_usd: Floats
    high_usd: Floats
    horizon: float


class Ladder(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What would be liquidated, and where.

    Parameters
    ----------
    coin
        Base asset.
    price_usd
        The price from which distances count.
    groups
        What the rows of both sides are.
    long
        Longs, liquidated by a fall; None: not mapped.
    short
        Shorts, liquidated by a rise; None: not mapped.
    outside_usd
        Dollars of the map on the wrong side of the price (longs above it, shorts below): they would be gone already,
        and take part in nothing. A large value says that map and price are not of the same moment.
    """

    coin: str
    price_usd: float
    groups: tuple[Group, ...]
    long: Rungs | None
    short: Rungs | None
    outside_usd: float = 0.0

    def side(self, direction: Direction) -> Rungs | None:
        """Return the side that a move in this direction liquidates; None where it is not mapped."""
        return self.long if direction == "down" else self.short


def price_at(price_usd: float, distance: float, direction: Direction) -> float:
    """Return the price at a log-distance along the move."""
    return float(price_usd * np.exp(-distance if direction == "down" else distance))


def rungs(
    edges: npt.ArrayLike,
    usd: npt.ArrayLike,
    low_usd: npt.ArrayLike | None = None,
    high_usd: npt.ArrayLike | None = None,
) -> Rungs:
    """Return one side of a ladder from bins of log-distance.

    Parameters
    ----------
    edges
        Shape (n + 1,), from at least 0, increasing; the last one is the horizon.
    usd
        Shape (n,) or (groups, n): dollars in each bin.
    low_usd, high_usd
        Band of the same shape, ``low ≤ usd ≤ high``; None: no band.

    Raises
    ------
    UsageError
        If edges do not increase, shapes do not fit, or a band does not hold its value.
    """
    edge = amounts("edges", edges)
    if edge.ndim != 1 or len(edge) < 2 or not (np.diff(edge) > 0).all():
        raise UsageError(f"expected edges of shape (bins + 1,) that increase, found shape {edge.shape}")
    value = np.atleast_2d(amounts("usd", usd))
    low = value if low_usd is None else np.atleast_2d(amounts("low_usd", low_usd))
    high = value if high_usd is None else np.atleast_2d(amounts("high_usd", high_usd))
    if not value.shape == low.shape == high.shape or value.shape[1] != len(edge) - 1:
        raise UsageError(
            f"expected dollars of shape (groups, {len(edge) - 1}) for {len(edge)} edges, found usd {value.shape},"
            f" low_usd {low.shape}, high_usd {high.shape}"
        )
    if ((low > value) | (value > high)).any():
        raise UsageError("expected low_usd ≤ usd ≤ high_usd in every bin, found a band that does not hold its value")
    middle = frozen((edge[:-1] + edge[1:]) / 2)
    return Rungs(middle, frozen(value), frozen(low), frozen(high), float(edge[-1]))


def ladder(
    coin: str, price_usd: float, *, long: Rungs | None = None, short: Rungs | None = None,
    groups: tuple[Group, ...] = (Group(),), outside_usd: float = 0.0,
) -> Ladder:  # fmt: skip
    """Return a ladder from its sides.

    Raises
    ------
    UsageError
        If the price is not above 0, or the rows of a side are not the groups.
    """
    for name, side in (("long", long), ("short", short)):
        if side is not None and len(side.usd) != len(groups):
            raise UsageError(f"expected {len(groups)} rows in {name} (one for each group), found {len(side.usd)}")
    if len(set(groups)) != len(groups):
        raise UsageError("expected each group once, found one twice: add their dollars up first")
    price = positive("price_usd", price_usd)
    return Ladder(coin=coin, price_usd=price, groups=groups, long=long, short=short, outside_usd=outside_usd)


def ladder_from_prices(
    coin: str,
    price_usd: float,
    price_edges_usd: npt.ArrayLike,
    *,
    long_usd: npt.ArrayLike | None = None,
    short_usd: npt.ArrayLike | None = None,
    band: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    groups: tuple[Group, ...] = (Group(),),
) -> Ladder:
    """Return a ladder from price bins that reach across the price, as a liquidation map gives them.

    The bin that holds the price is cut there, its dollars spread evenly over it. Longs above the price and shorts
    below it are counted in ``outside_usd`` and left out.

    Parameters
    ----------
    coin, price_usd
        What, and from where distances count.
    price_edges_usd
        Shape (n + 1,), increasing, above 0.
    long_usd, short_usd
        Shape (n,) or (groups, n): dollars of each side liquidated in each bin; None: that side is not mapped.
    band
        Low and high as multiples of the dollars, each a number or of shape (n,) or (groups, n); None: no band.
    groups
        What the rows are.

    Raises
    ------
    UsageError
        If edges, shapes or bands do not fit.
    """
    edges = amounts("price_edges_usd", price_edges_usd)
    if edges.ndim != 1 or len(edges) < 2 or edges[0] <= 0 or not (np.diff(edges) > 0).all():
        raise UsageError(f"expected price edges above 0 that increase, found shape {edges.shape}")
    price = positive("price_usd", price_usd)
    long, above = _side(edges, price, long_usd, band, "down")
    short, below = _side(edges, price, short_usd, band, "up")
    return ladder(coin, price, long=long, short=short, groups=groups, outside_usd=above + below)


def _side(
    edges: Floats,
    price: float,
    usd: npt.ArrayLike | None,
    band: tuple[npt.ArrayLike, npt.ArrayLike] | None,
    direction: Direction,
) -> tuple[Rungs | None, float]:
    if usd is None:
        return None, 0.0
    dollars = np.atleast_2d(amounts("dollars of a side", usd))
    if dollars.shape[1] != len(edges) - 1:
        raise UsageError(f"expected {len(edges) - 1} bins for {len(edges)} price edges, found {dollars.shape[1]}")
    bounds = (1.0, 1.0) if band is None else band
    low, high = (dollars * amounts("band", bound) for bound in bounds)
    cut = np.clip(edges, 0, price) if direction == "down" else np.clip(edges, price, None)
    kept = np.diff(cut) / np.diff(edges)
    inside = kept > 0
    outside = float(dollars.sum() - (dollars * kept).sum())
    if not inside.any():
        return None, outside
    along = np.unique(np.abs(np.log(cut / price)))
    order = slice(None, None, -1) if direction == "down" else slice(None)
    parts = [(item * kept)[:, inside][:, order] for item in (dollars, low, high)]
    return rungs(along, *parts), outside
