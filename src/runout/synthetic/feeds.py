"""What a venue's liquidation feed shows of its forced closes, by the rule of the feed."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runout.clock import NANOSECONDS_PER_MINUTE
from runout.synthetic.prices import MINUTES_PER_DAY, MINUTES_PER_HOUR
from runout.synthetic.simulation import Track
from runout.synthetic.world import Feed, Venue

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MEAN_LIQUIDATION_USD, SIZE_TAIL = 8_000.0, 1.5
"""Sizes of forced closes: a Pareto law of this mean and tail exponent."""
SPREAD_MINUTES = 20
"""An account of the simulation stands for many, whose levels differ a little: what it loses is published as single
closes spread evenly over so many minutes from its own (never beyond the world's last)."""
EVENT_DAYS = 7
"""Days at the end of which single events are published, for the first coin."""
SECOND = 1_000_000_000


class Shown(NamedTuple):
    """Single events of one venue as its feed shows them: UTC ns, side (1 long), dollars, price; in time order."""

    time: Integers
    side: Integers
    value_usd: Floats
    price: Floats


def share_shown(feed: Feed, a_second: Floats) -> Floats:
    r"""Return the expected share of dollars that a feed shows, for a Poisson number of forced closes a second.

    For the largest of each second

    .. math:: \frac{s\,\gamma(s, n)}{n^{s}},\qquad s = 1 - 1/\alpha

    with mean n and Pareto sizes of tail exponent :math:`\alpha`: the integral of :math:`1 - e^{-n (1 - F(x))}` over the
    mean size, :math:`\gamma` being the lower incomplete gamma function. For any one of each second
    :math:`(1 - e^{-n}) / n`; else 1.

    Examples
    --------
    >>> share_shown("largest", np.array([0.0, 1.0, 100.0])).round(3)
    array([1.   , 0.808, 0.192])
    >>> share_shown("one", np.array([0.0, 1.0, 100.0])).round(3)
    array([1.   , 0.632, 0.01 ])
    """
    n = np.maximum(a_second, 1e-9)
    if feed == "one":
        return -np.expm1(-n) / n
    if feed != "largest":
        return np.ones(len(n))
    from scipy.special import gamma, gammainc  # noqa: PLC0415 - only where a market is made

    s = 1 - 1 / SIZE_TAIL
    return np.minimum(s * gamma(s) * gammainc(s, n) / n**s, 1.0)


def forced_usd(track: Track, venue: int, side: int) -> Floats:
    """Return the dollars of a side (1 long) that a venue closes by force in each minute, at the prices paid."""
    rows = (track.forced.venue == venue) & (track.forced.side == side)
    usd = track.forced.quantity[rows] * track.forced.price[rows]
    minutes = _minutes(track)
    lumps = np.bincount(track.forced.minute[rows], usd, minlength=minutes).astype(np.float64)
    spread = np.zeros(minutes + SPREAD_MINUTES)
    for late in range(SPREAD_MINUTES):
        spread[late : late + minutes] += lumps / SPREAD_MINUTES
    spread[minutes - 1] += spread[minutes:].sum()
    return spread[:minutes]


def shown_by_hour(track: Track, venue: Venue, place: int, side: int) -> Floats:
    """Return the dollars a venue's feed is expected to show of a side in each hour."""
    true = forced_usd(track, place, side)
    rate = (forced_usd(track, place, 1) + forced_usd(track, place, -1)) / MEAN_LIQUIDATION_USD / 60.0
    return (true * share_shown(venue.feed, rate)).reshape(-1, MINUTES_PER_HOUR).sum(axis=1)


def single_events(track: Track, venue: Venue, place: int, start: int, rng: np.random.Generator) -> Shown:
    """Draw the single forced closes of a venue in the last days, and return those that its feed shows.

    Parameters
    ----------
    track
        What happened to the coin.
    venue
        The venue.
    place
        Its place among the venues of the world.
    start
        UTC ns of the world's first moment.
    rng
        For sizes and moments of the single closes.
    """
    first = _minutes(track) - _event_minutes(track)
    rows = track.forced[(track.forced.venue == place) & (track.forced.minute > first - SPREAD_MINUTES)]
    usd = rows.quantity * rows.price
    counts = 1 + rng.poisson(usd / MEAN_LIQUIDATION_USD)
    parent = np.repeat(np.arange(len(rows)), counts)
    sizes = (1.0 - rng.random(len(parent))) ** (-1 / SIZE_TAIL)
    value = sizes * (usd / np.bincount(parent, sizes, minlength=len(rows)))[parent]
    minute = np.minimum(rows.minute[parent] + rng.integers(0, SPREAD_MINUTES, len(parent)), _minutes(track) - 1)
    time = start + minute * NANOSECONDS_PER_MINUTE + rng.integers(0, 60, len(parent)) * SECOND
    lottery = rng.random(len(parent))
    kept = _published_places(venue.feed, time, value, lottery)
    kept = kept[minute[kept] >= first]
    price = rows.bankruptcy_price if venue.side_word == "position" else rows.price
    order = kept[np.lexsort((lottery[kept], time[kept]))]
    return Shown(time[order], rows.side[parent[order]], value[order], price[parent[order]])


def event_sums(shown: Shown, side: int, start: int, hours: int) -> Floats:
    """Return the dollars of a side that single events show in each hour from ``start``."""
    own = shown.side == side
    hour = (shown.time[own] - start) // (MINUTES_PER_HOUR * NANOSECONDS_PER_MINUTE)
    return np.bincount(hour, shown.value_usd[own], minlength=hours).astype(np.float64)


def _published_places(feed: Feed, time: Integers, value: Floats, lottery: Floats) -> Integers:
    if feed not in {"largest", "one"}:
        return np.arange(len(time))
    order = np.lexsort((-value if feed == "largest" else lottery, time))
    first = np.ones(len(order), np.bool_)
    first[1:] = np.diff(time[order]) > 0
    return order[first]


def _minutes(track: Track) -> int:
    return track.hourly.shape[0] * MINUTES_PER_HOUR


def _event_minutes(track: Track) -> int:
    return min(EVENT_DAYS * MINUTES_PER_DAY, _minutes(track))
