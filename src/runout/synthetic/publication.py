"""What the venues of a world publish: the same records as real sources, with the same blind spots, labelled synthetic.

Records hold what a normaliser makes of each feed: positions' sides, open interest counted once, each fill once. What
cannot be repaired stays: a capped feed leaves events out (``feeds``), an outage leaves nothing, and a venue that begins
to count open interest on both sides without saying so doubles it. Long/short ratios count accounts. Dominance, TOTAL2
and reserves come once a day.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.records import ALL_VENUES, KINDS, Series, conform
from runout.records.series import Margin, Market
from runout.synthetic.feeds import EVENT_DAYS, event_sums, shown_by_hour, single_events
from runout.synthetic.scenarios import SCRIPTS
from runout.synthetic.simulation import Track
from runout.synthetic.state import (
    BAR_BOUGHT,
    BAR_CLOSE,
    BAR_HIGH,
    BAR_LOW,
    BAR_OPEN,
    BAR_VOLUME,
    BARS_PER_DAY,
    HOUR_ASK,
    HOUR_BID,
    HOUR_FUNDING,
    HOUR_LONG,
    HOUR_LONG_ACCOUNTS,
    HOUR_SHORT_ACCOUNTS,
)  # fmt: skip
from runout.synthetic.world import Coin, Venue, World

DAY, HOUR, FINE = NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, 5 * NANOSECONDS_PER_MINUTE
BARS_PER_HOUR = HOUR // FINE
FINE_DAYS = 60
PROVIDER = "synthetic"
NOTE = "synthetic market: no figure here was observed anywhere"
SPOT_SHARE = 0.12
"""Turnover within minutes on the spot market, over that of all perpetual venues."""
CHURN, CHURN_OF_MOVE = 0.08, 1.4
"""Coins that open and close again within minutes and no account of the simulation stands for: an hour, over open
interest; and for each unit of the absolute five-minute return."""

Floats = npt.NDArray[np.float64]
Published = tuple[Series, pl.DataFrame]


class VisibleMarket(NamedTuple):
    """What can be seen of one coin: its track, and the volumes that quick turnover adds to it, coins in five minutes.

    ``volume`` and ``bought`` are of shape (venues + 1, bars), the spot market last.
    """

    coin: Coin
    track: Track
    volume: Floats
    bought: Floats

    def at_ends(self, step: int, venue: int = 0) -> Floats:
        """Return prices at the end of each step."""
        return self.track.bars[venue, step // FINE - 1 :: step // FINE, BAR_CLOSE]

    def hours(self, column: int, step: int, venue: int | slice = 0) -> Floats:
        """Return a column of the hourly log at the end of each step."""
        return self.track.hourly[step // HOUR - 1 :: step // HOUR, venue, column]

    def summed(self, values: Floats, step: int) -> Floats:
        """Return five-minute values summed over each step."""
        return values.reshape(-1, step // FINE).sum(axis=1)


def visible_market(world: World, coin: Coin, track: Track, rng: np.random.Generator) -> VisibleMarket:
    """Add quick turnover to what accounts trade: larger in some hours and where the price moves."""
    shares = np.array([*(venue.share for venue in world.venues), SPOT_SHARE])
    open_coins = np.repeat(track.hourly[:, :, HOUR_LONG].sum(axis=1), BARS_PER_HOUR)
    busy = np.repeat(np.exp(rng.normal(0.0, 0.4, len(track.hourly))), BARS_PER_HOUR)
    move = np.log(track.bars[:, :, BAR_CLOSE] / track.bars[:, :, BAR_OPEN])
    churn = shares[:, None] * open_coins * busy * (CHURN / BARS_PER_HOUR + CHURN_OF_MOVE * np.abs(move[:1]))
    lean = 0.5 + 0.04 * np.tanh(300 * move) + 0.02 * rng.standard_normal(churn.shape)
    volume = track.bars[:, :, BAR_VOLUME] + churn
    return VisibleMarket(coin, track, volume, track.bars[:, :, BAR_BOUGHT] + churn * np.clip(lean, 0.0, 1.0))


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
    for item, rows in _everything(world, tracks, rng):
        yield msgspec.structs.replace(item, feed=world.title), _without_outage(world, item, rows)


def _everything(world: World, tracks: dict[str, Track], rng: np.random.Generator) -> Iterator[Published]:
    views = [visible_market(world, coin, tracks[coin.name], rng) for coin in world.coins]
    for view in views:
        for step in (4 * HOUR, DAY) if view.coin.hourly else (DAY,):
            yield from _bars(world, view, step)
            yield _interest(world, view, step)
            yield _funding(world, view, step)
            yield from _positioning(world, view, step, rng)
        yield from _liquidations(world, view, rng, single=view is views[0])
    yield from _bars(world, views[0], FINE)
    yield from _interest_by_venue(world, views[0])
    yield from _flows(world, views[0], rng)
    yield from _market(world, views, rng)


def _without_outage(world: World, series: Series, rows: pl.DataFrame) -> pl.DataFrame:
    """Drop what the lead venue's feeds would have said while they were silent; daily sums are what came through."""
    hours = SCRIPTS[world.scenario].outage_hours
    if not hours or world.venues[0].name not in series.venues or series.step >= DAY:
        return rows
    end = world.start + world.days * DAY
    silent = pl.col("event_time").is_between(end - int(hours[0] * HOUR), end - int(hours[1] * HOUR))
    return rows.filter(~silent)


def _publish(  # noqa: PLR0917 - a scope and its rows
    kind: str, coin: Coin | str, scope: str, step: int, stamps: npt.NDArray[np.int64], scoped: Mapping[str, object],
    **columns: object,
) -> Published:  # fmt: skip
    name = coin if isinstance(coin, str) else coin.name
    fields = {"instruments": "perpetual", "market": "all-derivatives", "venues": (ALL_VENUES,)} | dict(scoped)
    item = msgspec.convert(
        {"series": "", "kind": kind, "provider": PROVIDER, "coin": name, "step": step, "synthetic": True, "note": NOTE}
        | fields,
        Series,
    )  # fmt: skip
    item = msgspec.structs.replace(item, series=f"{PROVIDER}/{kind}/{name}/{scope}/{item.step_text()}")
    span = (
        0
        if kind in {"open_interest", "positioning", "funding", "depth", "premium", "market_caps", "reserves"}
        else step
    )
    table = pl.DataFrame({"event_time": stamps, "known_time": stamps, **columns})
    table = table.with_columns(series=pl.lit(item.series), coin=pl.lit(name), span=pl.lit(span))
    return item, conform(table, KINDS[kind])


def _ends(world: World, step: int) -> npt.NDArray[np.int64]:
    return world.start + (np.arange(world.days * DAY // step, dtype=np.int64) + 1) * step


# -- prices, volumes, flows -------------------------------------------------------------------------------------------


def _lead_markets(world: World, coin: Coin) -> Iterator[tuple[int, Market, dict[str, object]]]:
    """Yield place, name and scope of the lead venue's perpetual and of the spot market."""
    named: tuple[tuple[int, Market, Margin], ...] = (
        (0, "perpetual", "stablecoin"),
        (len(world.venues), "spot", "none"),
    )
    for place, market, margin in named:
        scoped: dict[str, object] = {"venues": (world.venues[0].name,), "instruments": f"{coin.name}USDT"}
        yield place, market, scoped | {"market": market, "margin": margin}


def _bars(world: World, view: VisibleMarket, step: int) -> Iterator[Published]:
    first = 0 if step > FINE else max(world.days - FINE_DAYS, 0) * BARS_PER_DAY
    width = step // FINE
    for place, market, scoped in _lead_markets(world, view.coin):
        fine = view.track.bars[place, first:]
        amounts = (view.volume[place, first:], view.bought[place, first:])
        base, bought, usd, bought_usd = (
            view.summed(amount, step) for amount in (*amounts, *(x * fine[:, BAR_CLOSE] for x in amounts))
        )
        yield _publish(
            "bars", view.coin, f"{world.venues[0].name}-{market}", step, _ends(world, step)[first // width :], scoped,
            open=fine[::width, BAR_OPEN], high=fine[:, BAR_HIGH].reshape(-1, width).max(axis=1),
            low=fine[:, BAR_LOW].reshape(-1, width).min(axis=1), close=fine[width - 1 :: width, BAR_CLOSE],
            volume_base=base, volume_usd=usd, taker_buy_base=bought, taker_buy_usd=bought_usd,
        )  # fmt: skip


def _flows(world: World, view: VisibleMarket, rng: np.random.Generator) -> Iterator[Published]:
    step, venue, coin = 4 * HOUR, world.venues[0], view.coin
    stamps = _ends(world, step)
    for place, market, scoped in _lead_markets(world, coin):
        price = view.track.bars[place, :, BAR_CLOSE]
        sold = view.volume[place] - view.bought[place]
        buy, sell = (view.summed(amount * price, step) for amount in (view.bought[place], sold))
        plain = {name: value for name, value in scoped.items() if name != "margin"}
        yield _publish("taker_flow", coin, f"{venue.name}-{market}", step, stamps, plain, buy_usd=buy, sell_usd=sell)
    scoped = {"venues": (venue.name,), "instruments": f"{coin.name}USDT", "market": "perpetual"}
    yield _publish(
        "depth", coin, f"{venue.name}-1pct", step, stamps, scoped, band=0.01, bid_usd=view.hours(HOUR_BID, step),
        ask_usd=view.hours(HOUR_ASK, step),
    )  # fmt: skip
    basis = view.at_ends(step) / view.at_ends(step, len(world.venues)) - 1
    premium = 0.0003 * np.tanh(basis * 1000) + 0.0001 * rng.standard_normal(len(basis))
    for measure, rate in (("basis", basis), ("coinbase-premium", premium)):
        yield _publish("premium", coin, measure, step, stamps, scoped | {"measure": measure}, rate=rate)


# -- open interest, funding, positioning ------------------------------------------------------------------------------


def _venue_interest(world: World, view: VisibleMarket, step: int, place: int) -> Floats:
    """Return coins open on a venue as published: single-sided, until the venue changes its unit unannounced."""
    coins = view.hours(HOUR_LONG, step, place)
    hours = SCRIPTS[world.scenario].unit_change_hours
    changed = _ends(world, step) > world.start + world.days * DAY - int(hours * HOUR)
    return np.where(changed, 2 * coins, coins) if hours and place == 2 else coins


def _interest(world: World, view: VisibleMarket, step: int) -> Published:
    usd = sum(
        (_venue_interest(world, view, step, place) * view.at_ends(step, place) for place in range(len(world.venues))),
        np.zeros(world.days * DAY // step),
    )
    return _publish("open_interest", view.coin, "all", step, _ends(world, step), {}, open_interest_usd=usd)


def _interest_by_venue(world: World, view: VisibleMarket) -> Iterator[Published]:
    step = 4 * HOUR
    for place, venue in enumerate(world.venues):
        base, price = _venue_interest(world, view, step, place), view.at_ends(step, place)
        yield _publish(
            "open_interest", view.coin, venue.name, step, _ends(world, step), {"venues": (venue.name,)},
            open_interest_base=base, open_interest_usd=base * price, price=price,
        )  # fmt: skip


def _funding(world: World, view: VisibleMarket, step: int) -> Published:
    weights, rates = view.hours(HOUR_LONG, step, slice(None)), view.hours(HOUR_FUNDING, step, slice(None))
    rate = (weights * rates).sum(axis=1) / weights.sum(axis=1)
    scoped = {"measure": "oi-weighted", "market": "perpetual"}
    return _publish(
        "funding", view.coin, "oi-weighted", step, _ends(world, step), scoped, rate=rate, interval_hours=8.0
    )


def _positioning(world: World, view: VisibleMarket, step: int, rng: np.random.Generator) -> Iterator[Published]:
    longs, shorts = view.hours(HOUR_LONG_ACCOUNTS, step), view.hours(HOUR_SHORT_ACCOUNTS, step)
    accounts = longs / np.maximum(longs + shorts, 1.0)
    venue = world.venues[0]
    for measure, pull in (("global-accounts", 1.0), ("top-accounts", 0.8), ("top-positions", 0.4)):
        share = np.clip(0.5 + pull * (accounts - 0.5) + 0.01 * rng.standard_normal(len(accounts)), 0.05, 0.95)
        scoped = {
            "venues": (venue.name,), "instruments": f"{view.coin.name}USDT", "market": "perpetual", "measure": measure,
        }  # fmt: skip
        yield _publish(
            "positioning", view.coin, f"{venue.name}-{measure}", step, _ends(world, step), scoped,
            long_share=share, long_short_ratio=share / (1 - share),
        )  # fmt: skip


# -- liquidations -----------------------------------------------------------------------------------------------------

_SIDES = {"long": 1, "short": -1}


def _liquidations(world: World, view: VisibleMarket, rng: np.random.Generator, *, single: bool) -> Iterator[Published]:
    shown = {
        (place, side): shown_by_hour(view.track, venue, place, number)
        for place, venue in enumerate(world.venues) for side, number in _SIDES.items()
    }  # fmt: skip
    if single:
        for place, venue in enumerate(world.venues):
            yield _single(world, view, place, venue, shown, rng)
    for hourly in (shown[0, side] for side in _SIDES):
        hourly[_silent_hours(world, len(hourly))] = 0.0
    groups = ((1, 4 * HOUR), (3, DAY)) if view.coin.hourly else ((3, DAY),)
    for count, step in groups:
        sums = [
            sum((shown[place, side] for place in range(count)), np.zeros(len(view.track.hourly)))
            .reshape(-1, step // HOUR).sum(axis=1) for side in _SIDES
        ]  # fmt: skip
        names = tuple(venue.name for venue in world.venues[:count])
        capture = "capped" if any(venue.capped for venue in world.venues[:count]) else "complete"
        stamps = _ends(world, step)
        yield _publish(
            "liquidations", view.coin, "+".join(names), step, np.tile(stamps, 2), {"venues": names, "capture": capture},
            liquidated_side=["long"] * len(stamps) + ["short"] * len(stamps),
            sequence=np.zeros(2 * len(stamps), dtype=np.int64), value_usd=np.concatenate(sums),
        )  # fmt: skip


def _single(  # noqa: PLR0917 - a scope, and the totals that must agree with its events
    world: World,
    view: VisibleMarket,
    place: int,
    venue: Venue,
    shown: dict[tuple[int, str], Floats],
    rng: np.random.Generator,
) -> Published:
    """Return the single events of a venue's last days; hours they cover take their totals from them."""
    events = single_events(view.track, venue, place, world.start, rng)
    hours = len(view.track.hourly)
    for side, number in _SIDES.items():
        covered = slice(hours - EVENT_DAYS * 24, None)
        shown[place, side][covered] = event_sums(events, number, world.start, hours)[covered]
    sides = np.where(events.side > 0, "long", "short")
    meaning = "bankruptcy price" if venue.side_word == "position" else "price paid"
    scoped = {
        "venues": (venue.name,), "instruments": f"{view.coin.name}USDT", "market": "perpetual",
        "capture": "capped" if venue.capped else "complete", "note": f"{NOTE}; price: {meaning}",
    }  # fmt: skip
    return _publish(
        "liquidations", view.coin, f"{venue.name}-events", 0, events.time, scoped, liquidated_side=sides,
        sequence=_sequence(events.time), value_usd=events.value_usd, quantity_base=events.value_usd / events.price,
        price=events.price,
    )  # fmt: skip


def _sequence(times: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the place of each event among those of its instant; ``times`` are sorted."""
    first = np.searchsorted(times, times)
    return np.arange(len(times)) - first


def _silent_hours(world: World, hours: int) -> slice:
    silent = SCRIPTS[world.scenario].outage_hours
    return slice(hours - int(silent[0]) - 1, hours - int(silent[1])) if silent else slice(0, 0)


# -- the whole market -------------------------------------------------------------------------------------------------


def _market(world: World, views: list[VisibleMarket], rng: np.random.Generator) -> Iterator[Published]:
    caps = {view.coin.name: view.coin.supply * view.at_ends(DAY) for view in views}
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
