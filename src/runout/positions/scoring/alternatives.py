r"""What else a map could be made of: an alternative changes one thing of it, of what stands beside it or of its head.

- *Capture.* A feed that shows the largest order a second holds a share c of the dollars that falls as they come faster.
  With orders of log-normal size (σ = 2) at λ a second, c is tabulated; a bucket of Y dollars is reported as
  :math:`y = Y\,c(Y / D)`, D the dollars of one order a second over the time in which the bucket's liquidations came.
  Either the target is turned back to Y before anything is fitted, or the map's coins are thinned bar by bar.
- *Sides.* Of what is closed, V − Δ, longs close the share θ = ½ + κ·s with a signal s in [−1, 1] of the bar.
- *Top-ups.* Levels of the slower population are blurred by σ, of the faster by σ/2; what is blurred beyond the open is
  gone.
- *Cross margin.* Accounts that hold h of their exposure in another coin are liquidated along the path of the basket
  :math:`p^{1-h} q^h`: the same filter on that path, its classes beside the market's own.
- *Mark price.* The median of the last price, the spot price, and the spot price times the mean basis of the past
  quarter of an hour, bar by bar.
"""

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from runout.positions.scoring.covariates import covariates
from runout.positions.scoring.maps import Swept, swept_by_bars, swept_by_filter
from runout.positions.scoring.market import Market
from runout.positions.scoring.placebos import swept_levels
from runout.scores.arrays import FloatArray

RATES: Final = np.array([0.001, 0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 3000.0])
CAPTURED: Final = np.array([1.0, 0.99, 0.93, 0.84, 0.66, 0.49, 0.33, 0.21, 0.07])
"""Share of dollars that the largest order of each second holds, at orders a second; the last is extrapolated."""
_BASIS_BARS: Final = 3


class Beside(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a lake holds beside a market, on its bars; shape (bars,) unless said.

    Parameters
    ----------
    positioning
        Log odds of a long among all accounts, among top accounts, and of top accounts' positions, as known at the bar's
        start, shape (bars, 3).
    funding
        Rate of the venue and of all venues weighted by open interest, per 8 h, as known at the bar's start, shape
        (bars, 2).
    spot_low, spot_high, spot_close
        Dollars; NaN where there is no spot bar.
    interest_all_base, interest_margins_base
        Open interest of all venues, and of the venue's both margins, coins.
    volume_factor
        Volume of two venues over that of one; 1 where the other is not known.
    other
        A market of another coin over the same scored buckets; None without.
    """

    positioning: FloatArray
    funding: FloatArray
    spot_low: FloatArray
    spot_high: FloatArray
    spot_close: FloatArray
    interest_all_base: FloatArray
    interest_margins_base: FloatArray
    volume_factor: FloatArray
    other: Market | None = None


class Link(msgspec.Struct, frozen=True, eq=False):
    """Turns the target into what is fitted, and back."""

    to: Callable[[FloatArray], FloatArray]
    back: Callable[[FloatArray], FloatArray]


def captured_link(dollars: float) -> Link:
    """Return the link between log dollars reported and log dollars before the feed was capped.

    Parameters
    ----------
    dollars
        D: what makes one order a second.
    """
    true = np.linspace(0.0, 30.0, 3001)
    share = np.interp(true - np.log(dollars), np.log(RATES), CAPTURED)
    shown = np.maximum.accumulate(true + np.log(share) + 1e-9 * np.arange(len(true)))
    return Link(to=lambda y: np.interp(y, shown, true), back=lambda z: np.interp(z, true, shown))


def thinned(market: Market, power: float) -> Swept:
    """Return the filter's map whose coins of a bar count the less the more of them there are.

    Parameters
    ----------
    market
        Bars.
    power
        Of what all classes of a bar come to, above 0 and at most 1; 1 leaves the map as it is.
    """

    def counted(coins: FloatArray) -> FloatArray:
        whole = coins.sum(axis=(2, 3), keepdims=True)
        return np.asarray((coins * np.where(whole > 0.0, whole, 1.0) ** (power - 1.0)).sum(axis=0))

    return swept_by_bars(market, market.bars(), counted=counted)


def by_side(market: Market, signal: FloatArray, strength: float) -> Swept:
    """Return the map of a filter in which longs close the share ½ + κ·s of what is closed.

    Each side is run alone, with the volume at which half of ``V − Δ`` is what it closes.

    Parameters
    ----------
    market
        Bars.
    signal
        s, shape (bars,), in [−1, 1], known when the bar ends.
    strength
        κ.
    """
    volume = market.volume_base
    change = np.clip(np.diff(market.open_interest_base, prepend=market.open_interest_base[0]), -volume, volume)
    share = np.clip(0.5 + strength * signal, 0.0, 1.0)
    longs = np.clip(share * (volume - change), np.maximum(0.0, -change), np.minimum(volume, volume - change))
    found: list[Swept] = []
    for closes, fraction in ((longs, share), (volume - change - longs, 1.0 - share)):
        moved = market.bars(volume_base=2.0 * closes + change)
        silent = market.bars(volume_base=2.0 * fraction * volume)
        found.append(swept_by_bars(market, moved, inside=silent))
    return _sides_of(*found)


def marked(market: Market, beside: Beside) -> Swept:
    """Return the map of a filter whose levels are passed by an approximate mark price."""
    known = ~np.isnan(beside.spot_close)
    basis = np.where(known, np.log(market.close / np.where(known, beside.spot_close, market.close)), 0.0)
    past = np.concatenate([np.zeros(_BASIS_BARS), np.convolve(basis, np.ones(_BASIS_BARS), "valid")[:-1]])
    moved = np.exp(past / _BASIS_BARS)
    low, high = (
        np.median(np.stack([last, np.where(known, spot, last), np.where(known, spot * moved, last)]), axis=0)
        for last, spot in ((market.low, beside.spot_low), (market.high, beside.spot_high))
    )
    return swept_by_bars(market, msgspec.structs.replace(market.bars(), mark_low=low, mark_high=np.maximum(low, high)))


def topped_up(market: Market, deviation: float) -> Swept:
    """Return the filter's map, what it says frozen made of levels that have spread (log price)."""
    plain = swept_by_filter(market, keep_levels=True)
    spread = plain.levels.copy()
    for population, width in enumerate((deviation / 2.0, deviation)):
        reach = int(np.ceil(4.0 * width / plain.cell))
        offsets = np.arange(-reach, reach + 1)
        kernel = np.exp(-0.5 * (offsets * plain.cell / width) ** 2)
        kernel /= kernel.sum()
        rows = spread[..., population, :]
        padded = np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(reach, reach)])
        out = np.zeros_like(rows)
        for place, weight in enumerate(kernel.tolist()):
            out += weight * padded[..., place : place + rows.shape[-1]]
        spread[..., population, :] = out
    frozen = swept_levels(market, spread, plain.cell)
    return msgspec.structs.replace(plain, frozen=frozen, levels=plain.levels[..., :0])


def with_basket(market: Market, other: Market, share: float) -> Swept:
    """Return the filter's map with the classes of accounts that hold ``share`` of their exposure in another coin."""
    lead = (market.lead - other.lead) * market.bars_each
    prices = {
        name: np.exp((1.0 - share) * np.log(getattr(market, name)) + share * _beyond(market, other, name, lead))
        for name in ("open", "low", "high", "close")
    }
    low = np.minimum.reduce([prices["low"], prices["open"], prices["close"]])
    high = np.maximum.reduce([prices["high"], prices["open"], prices["close"]])
    basket = msgspec.structs.replace(market, open=prices["open"], low=low, high=high, close=prices["close"])
    own, joint = swept_by_filter(market), swept_by_filter(basket)
    joined = {
        name: np.concatenate([getattr(own, name), getattr(joint, name)], axis=2)
        for name in ("frozen", "ahead", "near", "mirrored")
    }
    return msgspec.structs.replace(own, **joined)


def other_ranges(market: Market, other: Market) -> tuple[FloatArray, FloatArray]:
    """Return what another coin's path tells of the scored buckets, by side: its range, and its path inside."""
    found = [covariates(other, side) for side in (0, 1)]
    made = [np.column_stack([one["range"], one["inside"]])[-market.scored :] for one in found]
    return made[0], made[1]


def at_start(market: Market, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return columns known at the start of each scored bucket, and their change since a day before, for both sides."""
    columns = values.reshape(len(values), -1)
    starts = columns[:: market.bars_each]
    change = starts - np.vstack([np.repeat(starts[:1], 6, axis=0), starts[:-6]])
    made = np.column_stack([starts, change])[market.lead :]
    return made, made


def signals(market: Market, beside: Beside) -> dict[str, FloatArray]:
    """Return signals of which side closes, each in [−1, 1], by name; scaled on the buckets before the middle."""
    until = (market.lead + market.scored // 2) * market.bars_each
    taken = 1.0 - 2.0 * market.taker_buy_base / np.maximum(market.volume_base, 1e-9)
    back = np.log(market.open / market.close)
    crowd = beside.positioning[:, 0]
    day = 6 * market.bars_each
    leaving = -(crowd - np.concatenate([np.repeat(crowd[:1], day), crowd[:-day]]))
    carry = beside.funding[:, 1] - beside.funding[:until, 1].mean()
    made = {
        "takers sell": taken, "the price falls": back, "long accounts become fewer": leaving, "longs pay funding": carry
    }  # fmt: skip
    return {name: np.tanh(values / (values[:until].std() + 1e-12)) for name, values in made.items()}


def with_interest(market: Market, coins: FloatArray) -> Swept:
    """Return the filter's map of another open interest, scaled to the market's own mean before the middle."""
    until = (market.lead + market.scored // 2) * market.bars_each
    scaled = coins * (market.open_interest_base[:until].mean() / coins[:until].mean())
    return swept_by_bars(market, market.bars(open_interest_base=scaled))


def with_volume(market: Market, factor: FloatArray) -> Swept:
    """Return the filter's map of a volume that two venues traded."""
    return swept_by_bars(market, market.bars(volume_base=market.volume_base * factor))


# -- arrays -----------------------------------------------------------------------------------------------------------


def _sides_of(longs: Swept, shorts: Swept) -> Swept:
    joined = {
        name: np.stack([getattr(longs, name)[:, 0], getattr(shorts, name)[:, 1]], axis=1)
        for name in ("frozen", "ahead", "near", "mirrored", "held")
    }
    return msgspec.structs.replace(longs, **joined)


def _beyond(market: Market, other: Market, name: str, lead: int) -> FloatArray:
    """Return log prices of the other coin on the market's bars; before it begins, as far away as the market's own."""
    theirs = np.log(getattr(other, name))
    if lead <= 0:
        return theirs[-lead:]
    ours = np.log(getattr(market, name))
    return np.concatenate([ours[:lead] - np.log(market.open[lead]) + np.log(other.open[0]), theirs])
