r"""A slide in rounds: books that refill and are pulled, engines with latency, venues tied by index and arbitrage.

Each step, for every coin: books refill, :math:`C \to C\,2^{-\Delta/h}`; makers withdraw when the market moves fast;
arbitrage carries what was taken to where the book is deeper, conserving it; each venue's mark, a mean of the index and
its own price, passes levels; their positions wait out the engine's latency and are closed in stages
(:mod:`runout.cascade.stages`), which moves the price of the next step. Without refilling, withdrawal and latency, and
with arbitrage at once, a step is one round of the iteration for the static fixed point, which it therefore reaches;
with refilling at a rate r it stops short of it by O(r·Δ).
"""

import math

import msgspec
import numpy as np
import polars as pl

from runout.cascade.arrays import Floats, Integers, number, positive
from runout.cascade.depth import REFERENCE_DISTANCE, Depth, side_usd
from runout.cascade.ladder import Direction, Rungs
from runout.cascade.market import CoinMarket, Market
from runout.cascade.outcome import Ending
from runout.cascade.shock import Push
from runout.cascade.stages import USD, Books, Closing, close

MEMORY_SECONDS = 60.0
LEAST_USD = 1.0
LEAST_RISE = 1e-7
MOST_SECONDS = 7 * 86_400.0
TOTALS = (
    "triggered_usd", "market_usd", "backstop_usd", "adl_usd",
    "owed_usd", "market_cash_usd", "backstop_cash_usd", "adl_cash_usd", "insurance_change_usd",
)  # fmt: skip


class Rounds(msgspec.Struct, frozen=True, kw_only=True):
    """The round-based solver.

    Parameters
    ----------
    step_seconds
        Length of a step. Latencies are rounded up to whole steps.
    limit_seconds
        When to give up waiting for a stop.
    shock_seconds
        Over which the shock arrives, evenly; 0: at once.
    """

    step_seconds: float = 1.0
    limit_seconds: float = 3600.0
    shock_seconds: float = 0.0


class Run(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What came of a run.

    Parameters
    ----------
    ending
        How it ended, over all coins.
    extreme
        Shape (coins,): farthest log-distance of the index.
    levels_gone
        For each coin, shape (venues,): levels passed.
    rounds
        Table of the first coin's price and all coins' dollars, one row a round.
    stages
        Table by coin and venue.
    """

    ending: Ending
    extreme: Floats
    levels_gone: tuple[Integers, ...]
    rounds: pl.DataFrame
    stages: pl.DataFrame


class _Coin(msgspec.Struct, eq=False):
    """One coin on its way: constants first, then what changes with every step."""

    market: CoinMarket
    sign: float
    levels: Floats
    cumulative: Floats  # (3, venues, levels + 1): dollars, coins and cash owed in the first k levels
    depth_usd: Floats
    exponent: float
    keep: Floats
    pace: Floats
    latency: Integers
    arbitrage: float
    waiting: Floats  # (slots, 3, venues): a ring, one slot a step
    due: Floats
    taken: Floats
    gone: Integers
    insurance: Floats
    backstop: Floats
    totals: Floats
    shares: Floats
    worst: Floats
    activity: float = 0.0
    thin: float = 1.0  # share of the coin's depth that makers left
    index: float = 0.0
    endogenous: float = 0.0
    extreme: float = 0.0


def run(whole: Market, push: Push, solver: Rounds) -> Run:
    """Return how a shock runs through a market, step by step.

    Coins without a map of the side count as empty; the caller says so. A market whose first coin has no venue has no
    book at all: the first dollar of forced orders runs off the map.

    Raises
    ------
    UsageError
        If the solver's times are not above 0, or a limit is below a step.
    """
    positive("step_seconds", solver.step_seconds)
    number("limit_seconds", solver.limit_seconds, least=solver.step_seconds, most=MOST_SECONDS)
    number("shock_seconds", solver.shock_seconds, least=0, most=MOST_SECONDS)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return _run(whole, push, solver)


def _run(whole: Market, push: Push, solver: Rounds) -> Run:
    coins = [_start(coin, push, solver.step_seconds) for coin in whole.coins]
    order = push.order_usd * _shares(coins[0].depth_usd)
    rows: list[tuple[float, ...]] = []
    ending, arrived = Ending.UNFINISHED, 0.0
    for step in range(math.ceil(solver.limit_seconds / solver.step_seconds)):
        time = step * solver.step_seconds
        share = 1.0 if solver.shock_seconds <= time else time / solver.shock_seconds
        coins[0].taken = coins[0].taken + order * (share - arrived if step else share)
        moved = whole.coupling @ np.array([coin.endogenous for coin in coins])
        bases = [push.distance * c.market.beta * share + m - c.endogenous for c, m in zip(coins, moved, strict=True)]
        done = [_step(item, base, step, solver.step_seconds) for item, base in zip(coins, bases, strict=True)]
        rows.append(_row(time, coins, [item for item, _ in done]))
        arrived = share
        if any(_off_the_map(coin) for coin in coins):
            ending = Ending.NO_EQUILIBRIUM
            break
        if share == 1.0 and step and all(quiet for _, quiet in done):
            ending = Ending.STOPPED
            break
    return Run(
        ending=ending,
        extreme=np.array([coin.extreme for coin in coins]),
        levels_gone=tuple(coin.gone for coin in coins),
        rounds=_rounds(rows, coins, solver.step_seconds),
        stages=pl.concat([_stages(coin) for coin in coins]),
    )


def venue_shares(coin: CoinMarket, direction: Direction) -> Floats:
    """Return each venue's share of the coin's depth, by which positions not split by venue are laid on venues."""
    return _shares(np.array([side_usd(venue.depth, direction).value for venue in coin.venues] or [0.0]))


def _start(coin: CoinMarket, push: Push, step: float) -> _Coin:
    depths = [venue.depth for venue in coin.venues] or [_no_depth()]
    venues = coin.venues
    side, sign = coin.ladder.side(push.direction), -1.0 if push.direction == "down" else 1.0
    depth_usd = np.array([side_usd(depth, push.direction).value for depth in depths])
    count = len(depths)
    margin = np.array([venue.margin_rate for venue in venues] or [0.0])
    latency = np.array([math.ceil(venue.latency_seconds / step - 1e-9) for venue in venues] or [0])
    levels, usd = _by_venue(coin, side, push.direction)
    return _Coin(
        market=coin,
        sign=sign,
        levels=np.append(levels, np.inf if side is None else side.horizon),
        cumulative=_cumulative(levels, usd, margin, coin.ladder.price_usd, sign),
        depth_usd=depth_usd,
        exponent=1 / depths[0].exponent,
        keep=0.5 ** (step / np.array([depth.half_life_seconds for depth in depths])),
        pace=_worked_off(step, [venue.pace_seconds for venue in venues] or [0.0]),
        latency=latency,
        arbitrage=float(_worked_off(step, [coin.arbitrage_seconds])[0]),
        waiting=np.zeros((int(latency.max()) + 1, 3, count)),
        due=np.zeros((3, count)),
        taken=np.zeros(count),
        gone=np.zeros(count, dtype=np.int64),
        insurance=np.array([venue.insurance_usd for venue in venues] or [0.0]),
        backstop=np.array([venue.backstop_usd for venue in venues] or [0.0]),
        totals=np.zeros((len(TOTALS), count)),
        shares=_shares(depth_usd),
        worst=np.zeros(count),
    )


def _step(coin: _Coin, base: float, step: int, seconds: float) -> tuple[Closing, bool]:
    """Move one coin on; return what was closed and whether nothing more is on its way."""
    books = _books(coin, base)
    moved = books.displacement()
    own = base + moved
    index = base + _mean(moved, coin.shares)
    weight = coin.market.mark_index_weight
    mark = own if weight == 0 else np.full_like(own, index) if weight == 1 else weight * index + (1 - weight) * own
    rising = bool((mark > coin.worst + LEAST_RISE).any()) or index > coin.extreme + LEAST_RISE
    coin.activity = coin.activity * math.exp(-seconds / MEMORY_SECONDS) + abs(min(index, 1e9) - coin.index)
    coin.index, coin.endogenous = min(index, 1e9), _mean(moved, coin.shares)
    coin.extreme, coin.worst = max(coin.extreme, index), np.maximum(coin.worst, mark)
    fresh = _trigger(coin, mark)
    _enqueue(coin, fresh, step)
    batch = coin.due * coin.pace
    closed = _close(coin, batch, books)
    coin.due = coin.due - batch
    coin.taken = (books.taken_usd + closed.market[USD] + _unmet(coin, batch)) * coin.keep
    pending = coin.due[USD].sum() + coin.waiting[:, USD].sum()
    return closed, not rising and pending < LEAST_USD and closed.market[USD].sum() < LEAST_USD


def _books(coin: _Coin, base: float) -> Books:
    thin = np.array([_left(venue.depth, coin.activity) for venue in coin.market.venues] or [1.0])
    now = coin.depth_usd * thin
    coin.shares = _shares(now)
    coin.thin = float(now.sum() / coin.depth_usd.sum()) if coin.depth_usd.sum() > 0 else 0.0
    taken = coin.taken + coin.arbitrage * (coin.taken.sum() * coin.shares - coin.taken)
    price = coin.market.ladder.price_usd
    return Books(price, coin.sign, base, taken, now, REFERENCE_DISTANCE, coin.exponent)


def _left(depth: Depth, activity: float) -> float:
    """Return the share of their orders that makers leave in the book."""
    excess = max(activity / depth.usual_move - 1, 0.0)
    return max(depth.least_share, math.exp(-depth.withdrawal * excess)) if depth.withdrawal else 1.0


def _trigger(coin: _Coin, mark: Floats) -> Floats:
    reached = np.searchsorted(coin.levels[:-1], mark, side="right")
    after = np.maximum(coin.gone, reached)
    venues = np.arange(len(mark))
    fresh = coin.cumulative[:, venues, after] - coin.cumulative[:, venues, coin.gone]
    coin.gone = after
    coin.totals[0] += fresh[USD]
    return fresh


def _enqueue(coin: _Coin, fresh: Floats, step: int) -> None:
    slots = len(coin.waiting)
    venues = np.arange(fresh.shape[1])
    coin.waiting[(step + coin.latency) % slots, :, venues] += fresh.T
    coin.due = coin.due + coin.waiting[step % slots]
    coin.waiting[step % slots] = 0.0


def _close(coin: _Coin, batch: Floats, books: Books) -> Closing:
    venues = coin.market.venues
    if not books.depth_usd.sum() > 0:
        nothing = np.zeros_like(batch)
        return Closing(nothing, nothing, nothing, nothing[0], nothing[0])
    closed = close(
        batch,
        books,
        insurance_usd=coin.insurance,
        backstop_share=np.array([venue.backstop_share or 0.0 for venue in venues]),
        backstop_room_usd=coin.backstop,
        margin_rate=np.array([venue.margin_rate for venue in venues]),
    )
    coin.insurance = coin.insurance + closed.insurance_change_usd
    coin.backstop = coin.backstop - closed.backstop[USD]
    parts = (closed.market, closed.backstop, closed.adl)
    coin.totals[1:4] += [part[USD] for part in parts]
    coin.totals[4] += sum(part[2] for part in parts)
    coin.totals[5:] += [closed.cash_usd, closed.backstop[2], closed.adl[2], closed.insurance_change_usd]
    return closed


def _unmet(coin: _Coin, batch: Floats) -> Floats | float:
    """Return orders that find no book on any venue: they close nothing, but the price is wherever they would be met."""
    return 0.0 if coin.depth_usd.sum() > 0 else batch[USD]


def _by_venue(coin: CoinMarket, side: Rungs | None, direction: Direction) -> tuple[Floats, Floats]:
    """Return levels and dollars of shape (venues, levels)."""
    shares = venue_shares(coin, direction)
    if side is None:
        return np.zeros(0), np.zeros((len(shares), 0))
    names = [venue.name for venue in coin.venues]
    usd = np.zeros((len(shares), len(side.distance)))
    for group, dollars in zip(coin.ladder.groups, side.usd, strict=True):
        weights = shares if group.venue is None else np.array([name == group.venue for name in names], dtype=float)
        usd += weights[:, None] * dollars
    return side.distance, usd


def _cumulative(levels: Floats, usd: Floats, margin: Floats, price: float, sign: float) -> Floats:
    parts = np.stack([usd, usd / (price * np.exp(sign * levels)), usd * (1 + sign * margin[:, None])])
    return np.concatenate([np.zeros((3, len(usd), 1)), np.cumsum(parts, axis=2)], axis=2)


def _shares(depth_usd: Floats) -> Floats:
    total = depth_usd.sum()
    return depth_usd / total if total > 0 else np.full(len(depth_usd), 1 / len(depth_usd))


def _mean(values: Floats, weights: Floats) -> float:
    stored = weights > 0
    return float(values[stored] @ weights[stored])


def _worked_off(step: float, seconds: list[float]) -> Floats:
    return np.array([1 - math.exp(-step / second) if second > 0 else 1.0 for second in seconds])


def _off_the_map(coin: _Coin) -> bool:
    return max(coin.extreme, float(coin.worst.max())) >= coin.levels[-1]


def _no_depth() -> Depth:
    from runout.cascade.depth import depth  # noqa: PLC0415 - a name that parameters here bear too

    return depth(0.0, definition="no venue")


def _row(time: float, coins: list[_Coin], closed: list[Closing]) -> tuple[float, ...]:
    sums = [sum(float(getattr(item, name)[USD].sum()) for item in closed) for name in ("market", "backstop", "adl")]
    triggered = sum(float(coin.totals[0].sum()) for coin in coins)
    first = coins[0]
    return (time, first.index, triggered, *sums, first.thin)


def _rounds(rows: list[tuple[float, ...]], coins: list[_Coin], step: float) -> pl.DataFrame:
    """Return steps gathered into rounds: an engine's latency, or a step where there is none."""
    names = ("time_seconds", "distance", "triggered_usd", "market_usd", "backstop_usd", "adl_usd", "depth_share")
    length = step * max(1, *(int(coin.latency.max()) for coin in coins))
    price, sign = coins[0].market.ladder.price_usd, coins[0].sign
    table = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Float64), orient="row")
    table = table.with_columns(
        round=(pl.col("time_seconds") / length + 1e-9).floor().cast(pl.Int64),
        triggered_usd=pl.col("triggered_usd").diff().fill_null(pl.col("triggered_usd")),
    )
    sums = [pl.col(name).sum() for name in ("triggered_usd", "market_usd", "backstop_usd", "adl_usd")]
    gathered = table.group_by("round", maintain_order=True).agg(
        pl.col("time_seconds").first(), pl.col("distance").max(), *sums, pl.col("depth_share").min()
    )
    return gathered.with_columns(price_usd=price * (sign * pl.col("distance")).exp()).select(
        "round", "time_seconds", "distance", "price_usd", *names[2:]
    )


def _stages(coin: _Coin) -> pl.DataFrame:
    names = [venue.name for venue in coin.market.venues] or [None]
    pending = coin.due[USD] + coin.waiting[:, USD].sum(axis=0)
    columns = dict(zip(TOTALS, coin.totals, strict=True))
    where = {"coin": [coin.market.ladder.coin] * len(names), "venue": names}
    end = {"pending_usd": pending, "insurance_left_usd": coin.insurance, "extreme_distance": coin.worst}
    return pl.DataFrame({**where, **columns, **end}, schema_overrides={"venue": pl.String})


def branching_ratio(rounds: pl.DataFrame) -> float | None:
    r"""Return the empirical branching ratio of a run, :math:`\sum Q_{k+1} / \sum Q_k` over rounds; None without any.

    Parameters
    ----------
    rounds
        Of a run. The first round with dollars is what the shock itself set off.
    """
    usd = rounds["triggered_usd"].to_numpy()
    first = np.flatnonzero(usd > 0)
    parents = usd[first[0] : -1].sum() if len(first) else 0.0
    return float(usd[first[0] + 1 :].sum() / parents) if parents > 0 else None
