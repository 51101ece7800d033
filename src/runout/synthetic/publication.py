"""What the venues of a world publish: the same records as real sources, with the same blind spots, labelled synthetic.

A capped venue publishes the largest forced close of each second and no other, so the share of dollars shown falls as
the rate rises. Long/short ratios count accounts. Dominance, TOTAL2 and reserves come once a day.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.records import ALL_VENUES, KINDS, Series, conform
from runout.records.series import Margin, Market
from runout.synthetic.prices import STEPS_PER_DAY, STEPS_PER_HOUR
from runout.synthetic.simulation import Track
from runout.synthetic.world import Coin, Venue, World

DAY, HOUR, FINE = NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, 5 * NANOSECONDS_PER_MINUTE
FINE_DAYS = 60
PROVIDER = "synthetic"
NOTE = "synthetic market: no figure here was observed anywhere"
MEAN_LIQUIDATION_USD, SIZE_TAIL = 8_000.0, 1.5
"""Sizes of forced closes: a Pareto law of this mean and tail exponent."""
BUSY_SECONDS = 600
"""Forced closes of an hour crowd into so many seconds."""
SPOT_SHARE = 0.12
"""Spot volume of the lead venue over the volume of all perpetual venues."""

Floats = npt.NDArray[np.float64]
Published = tuple[Series, pl.DataFrame]


def publish(world: World, tracks: dict[str, Track], rng: np.random.Generator) -> Iterator[Published]:
    """Yield every series of the world with its rows, in a fixed order.

    Parameters
    ----------
    world
        The world.
    tracks
        What happened to each coin, by name.
    rng
        For the noise that publication adds.
    """
    for one, rows in _everything(world, tracks, rng):
        yield msgspec.structs.replace(one, feed=world.title), rows


def _everything(world: World, tracks: dict[str, Track], rng: np.random.Generator) -> Iterator[Published]:
    traded = {coin.name: _traded(world.venues[0], tracks[coin.name], rng) for coin in world.coins}
    for coin in world.coins:
        track = tracks[coin.name]
        for step in (4 * HOUR, DAY) if coin.hourly else (DAY,):
            yield from _bars(world, coin, track, traded[coin.name], step)
            yield _interest(world, coin, track, step)
            yield _funding(world, coin, track, step)
            yield from _positioning(world, coin, track, step, rng)
        yield from _liquidations(world, coin, track)
    lead = world.coins[0]
    yield from _bars(world, lead, tracks[lead.name], traded[lead.name], FINE)
    yield from _interest_by_venue(world, lead, tracks[lead.name], rng)
    yield from _flows(world, lead, tracks[lead.name], traded[lead.name], rng)
    yield from _market(world, tracks, rng)


def _publish(  # noqa: PLR0917 - a scope and its rows
    kind: str, coin: Coin | str, scope: str, step: int, stamps: npt.NDArray[np.int64], scoped: Mapping[str, object],
    **columns: object,
) -> Published:  # fmt: skip
    name = coin if isinstance(coin, str) else coin.name
    fields = {"instruments": "perpetual", "market": "all-derivatives", "venues": (ALL_VENUES,)} | dict(scoped)
    one = msgspec.convert(
        {"series": "", "kind": kind, "provider": PROVIDER, "coin": name, "step": step, "synthetic": True, "note": NOTE}
        | fields,
        Series,
    )  # fmt: skip
    one = msgspec.structs.replace(one, series=f"{PROVIDER}/{kind}/{name}/{scope}/{one.step_text()}")
    span = (
        0
        if kind in {"open_interest", "positioning", "funding", "depth", "premium", "market_caps", "reserves"}
        else step
    )
    table = pl.DataFrame({"event_time": stamps, "known_time": stamps, **columns})
    table = table.with_columns(series=pl.lit(one.series), coin=pl.lit(name), span=pl.lit(span))
    return one, conform(table, KINDS[kind])


def _ends(world: World, step: int) -> npt.NDArray[np.int64]:
    return world.start + (np.arange(world.days * DAY // step, dtype=np.int64) + 1) * step


def _summed(hourly: Floats, step: int) -> Floats:
    return hourly.reshape(-1, step // HOUR).sum(axis=1)


def _at_ends(track: Track, step: int) -> Floats:
    return track.price[step // FINE :: step // FINE]


def _hourly_at_ends(hourly: Floats, step: int) -> Floats:
    return hourly[step // HOUR - 1 :: step // HOUR]


# -- prices, volumes, flows -------------------------------------------------------------------------------------------


class _Traded(NamedTuple):
    """What one market of the lead venue trades in each five minutes, coins; bars and flows are sums of it."""

    market: Market
    margin: Margin
    volume: Floats
    bought: Floats


def _traded(venue: Venue, track: Track, rng: np.random.Generator) -> tuple[_Traded, _Traded]:
    """Return perpetual and spot: spot takers follow the perpetual ones by six tenths, with a noise of their own."""
    spot_net = 0.6 * track.net_taker + 0.01 * track.volume * rng.standard_normal(len(track.volume))

    def market(name: Market, margin: Margin, share: float, net: Floats) -> _Traded:
        bought = np.clip((track.volume + net) / 2, 0.0, track.volume)
        volume, buys = (np.repeat(x * share / STEPS_PER_HOUR, STEPS_PER_HOUR) for x in (track.volume, bought))
        return _Traded(name, margin, volume, buys)

    return (
        market("perpetual", "stablecoin", venue.share, track.net_taker),
        market("spot", "none", SPOT_SHARE, spot_net),
    )


def _bars(world: World, coin: Coin, track: Track, traded: Iterable[_Traded], step: int) -> Iterator[Published]:
    first = 0 if step > FINE else max(world.days - FINE_DAYS, 0) * STEPS_PER_DAY
    width, venue = step // FINE, world.venues[0]
    path = track.price[first:]
    inside = np.column_stack([path[:-1][::width], path[1:].reshape(-1, width)])
    for one in traded:
        amounts = (one.volume[first:], one.bought[first:])
        base, bought, usd, bought_usd = (
            amount.reshape(-1, width).sum(axis=1) for amount in (*amounts, *(x * path[1:] for x in amounts))
        )
        scoped = {
            "venues": (venue.name,), "instruments": f"{coin.name}USDT", "market": one.market, "margin": one.margin,
        }  # fmt: skip
        yield _publish(
            "bars", coin, f"{venue.name}-{one.market}", step, _ends(world, step)[first // width :], scoped,
            open=inside[:, 0], high=inside.max(axis=1), low=inside.min(axis=1), close=inside[:, -1],
            volume_base=base, volume_usd=usd, taker_buy_base=bought, taker_buy_usd=bought_usd,
        )  # fmt: skip


def _flows(
    world: World, coin: Coin, track: Track, traded: Iterable[_Traded], rng: np.random.Generator
) -> Iterator[Published]:
    step, venue = 4 * HOUR, world.venues[0]
    stamps = _ends(world, step)
    for one in traded:
        buy, sell = (
            (amount * track.price[1:]).reshape(-1, step // FINE).sum(axis=1)
            for amount in (one.bought, one.volume - one.bought)
        )
        scoped = {"venues": (venue.name,), "instruments": f"{coin.name}USDT", "market": one.market}
        yield _publish(
            "taker_flow", coin, f"{venue.name}-{one.market}", step, stamps, scoped, buy_usd=buy, sell_usd=sell
        )
    depth = _hourly_at_ends(track.depth, step) * venue.share
    lean = 1 + 0.1 * rng.standard_normal(len(depth))
    scoped = {"venues": (venue.name,), "instruments": f"{coin.name}USDT", "market": "perpetual"}
    yield _publish(
        "depth", coin, f"{venue.name}-1pct", step, stamps, scoped, band=0.01, bid_usd=depth * lean, ask_usd=depth
    )
    volume, net = _summed(track.volume, step), _summed(track.net_taker, step)
    for measure in ("basis", "coinbase-premium"):
        rate = 0.0003 * np.tanh(net / volume * 20) + 0.0001 * rng.standard_normal(len(net))
        yield _publish("premium", coin, measure, step, stamps, scoped | {"measure": measure}, rate=rate)


# -- open interest, funding, positioning ------------------------------------------------------------------------------


def _interest(world: World, coin: Coin, track: Track, step: int) -> Published:
    usd = track.open_interest[step // HOUR :: step // HOUR] * _at_ends(track, step)
    return _publish("open_interest", coin, "all", step, _ends(world, step), {}, open_interest_usd=usd)


def _interest_by_venue(world: World, coin: Coin, track: Track, rng: np.random.Generator) -> Iterator[Published]:
    step = 4 * HOUR
    price = _at_ends(track, step)
    total = track.open_interest[step // HOUR :: step // HOUR]
    drift = np.exp(np.cumsum(rng.normal(0.0, 0.002, (len(world.venues), len(total))), axis=1))
    weights = np.array([venue.share for venue in world.venues])[:, None] * drift
    shares = weights / weights.sum(axis=0)
    for venue, share in zip(world.venues, shares, strict=True):
        base = total * share
        yield _publish(
            "open_interest", coin, venue.name, step, _ends(world, step), {"venues": (venue.name,)},
            open_interest_base=base, open_interest_usd=base * price, price=price,
        )  # fmt: skip


def _funding(world: World, coin: Coin, track: Track, step: int) -> Published:
    move = np.log(_at_ends(track, step) / np.concatenate([[track.price[0]], _at_ends(track, step)[:-1]]))
    weight = 0.5 ** (step / (2 * DAY))
    smooth = np.empty(len(move))
    state = 0.0
    for number, value in enumerate(move):
        state = weight * state + (1 - weight) * value
        smooth[number] = state
    rate = np.clip(0.0001 + 0.02 * smooth, -0.003, 0.003)
    scoped = {"measure": "oi-weighted", "market": "perpetual"}
    return _publish("funding", coin, "oi-weighted", step, _ends(world, step), scoped, rate=rate, interval_hours=8.0)


def _positioning(world: World, coin: Coin, track: Track, step: int, rng: np.random.Generator) -> Iterator[Published]:
    accounts = _hourly_at_ends(track.long_accounts, step)
    venue = world.venues[0]
    for measure, pull in (("global-accounts", 1.0), ("top-accounts", 0.8), ("top-positions", 0.4)):
        share = np.clip(0.5 + pull * (accounts - 0.5) + 0.01 * rng.standard_normal(len(accounts)), 0.05, 0.95)
        scoped = {
            "venues": (venue.name,), "instruments": f"{coin.name}USDT", "market": "perpetual", "measure": measure,
        }  # fmt: skip
        yield _publish(
            "positioning", coin, f"{venue.name}-{measure}", step, _ends(world, step), scoped,
            long_share=share, long_short_ratio=share / (1 - share),
        )  # fmt: skip


# -- liquidations -----------------------------------------------------------------------------------------------------


def _liquidations(world: World, coin: Coin, track: Track) -> Iterator[Published]:
    price = track.price[STEPS_PER_HOUR::STEPS_PER_HOUR]
    forced = {
        "long": (track.long_exogenous + track.long_endogenous) * price,
        "short": (track.short_exogenous + track.short_endogenous) * price,
    }
    lead, three = world.venues[:1], world.venues[:3]
    for venues, step in ((lead, 4 * HOUR), (three, DAY)) if coin.hourly else ((three, DAY),):
        shown = {side: _summed(_reported(venues, usd), step) for side, usd in forced.items()}
        count = len(_ends(world, step))
        names = tuple(venue.name for venue in venues)
        yield _publish(
            "liquidations", coin, "+".join(names), step, np.tile(_ends(world, step), 2),
            {"venues": names, "capture": "capped"},
            liquidated_side=["long"] * count + ["short"] * count, sequence=np.zeros(2 * count, dtype=np.int64),
            value_usd=np.concatenate([shown["long"], shown["short"]]),
        )  # fmt: skip


def _reported(venues: tuple[Venue, ...], hourly_usd: Floats) -> Floats:
    """Return what the venues' feeds show of hourly forced closes, dollars."""
    shown = np.zeros(len(hourly_usd))
    for venue in venues:
        true = venue.share * hourly_usd
        shown += true * share_shown(true / MEAN_LIQUIDATION_USD / BUSY_SECONDS) if venue.capped else true
    return shown


def share_shown(a_second: Floats) -> Floats:
    r"""Return the expected share of dollars in the largest of each second's forced closes.

    .. math:: \frac{s\,\gamma(s, n)}{n^{s}},\qquad s = 1 - 1/\alpha

    for a Poisson number of mean n a second with Pareto sizes of tail exponent :math:`\alpha`: the integral of
    :math:`1 - e^{-n (1 - F(x))}` over the mean size, :math:`\gamma` being the lower incomplete gamma function.

    Examples
    --------
    >>> share_shown(np.array([0.0, 1.0, 100.0])).round(3)
    array([1.   , 0.808, 0.192])
    """
    from scipy.special import gamma, gammainc  # noqa: PLC0415 - only where a market is made

    s = 1 - 1 / SIZE_TAIL
    n = np.maximum(a_second, 1e-9)
    return np.minimum(s * gamma(s) * gammainc(s, n) / n**s, 1.0)


# -- the whole market -------------------------------------------------------------------------------------------------


def _market(world: World, tracks: dict[str, Track], rng: np.random.Generator) -> Iterator[Published]:
    caps = {coin.name: coin.supply * _at_ends(tracks[coin.name], DAY) for coin in world.coins}
    lead, *rest = world.coins
    others = sum((caps[coin.name] for coin in rest), np.zeros(world.days)) * 1.35
    dominance = caps[lead.name] / (caps[lead.name] + others)
    scoped = {"market": "spot-market-cap", "margin": "none", "instruments": "market capitalisation", "stamp": "day"}
    stamps = _ends(world, DAY)
    yield _publish("market_caps", lead, "all", DAY, stamps, scoped, dominance=dominance, market_cap_usd=caps[lead.name])
    yield _publish("market_caps", "TOTAL2", "all", DAY, stamps, scoped, market_cap_usd=others)
    coins = 2.4e6 * np.exp(np.cumsum(rng.normal(-0.0002, 0.001, world.days)))
    on_chain = {"market": "on-chain", "margin": "none", "instruments": "exchange addresses", "stamp": "day"}
    yield _publish("reserves", lead, "all", DAY, stamps, on_chain, reserve_base=coins)
