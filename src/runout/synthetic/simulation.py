"""The market of one coin, day by day: what happens, and what would have happened had forced orders moved no price.

Each day is run twice from the state it begins with, under the same random numbers: as it is, and with forced orders
(liquidations, and funds unwinding what they took over) that leave the book untouched. A position closed by force in
both is an exogenous liquidation; one closed only in the first was set off by the liquidations of others.
"""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from runout.synthetic.compiled import Day, compiled_day
from runout.synthetic.population import TURNS_PER_DAY, made_market
from runout.synthetic.prices import MINUTES_PER_DAY
from runout.synthetic.scenarios import SCRIPTS
from runout.synthetic.state import Draws, Floats, Integers, Log, Market, Records, copied, empty_log
from runout.synthetic.world import BURN_IN_DAYS, Coin, World

PLEDGE_BETA = 1.2
"""What funds pledge moves with the common shock, and more than it."""


class Track(msgspec.Struct, frozen=True):
    """Everything that happened to one coin after the burn-in.

    Parameters
    ----------
    bars
        Shape (venues + 1, five-minute bars, 6): open, high, low, close, coins traded and bought by agents' takers; the
        spot market last.
    hourly
        Shape (hours, venues, 8): as ``state.Log`` names them.
    forced
        Every forced close (``state.FORCED_CLOSE``); minutes count from the first published.
    endogenous
        For each of them, whether it would not have happened had forced orders moved no price.
    changes
        Every change of a position in the last ``truth_days`` (``state.CHANGE``).
    snapshots
        Positions at the end of each of those days: day, account, venue, kind, quantity, entry, leverage, liquidation
        price (of cross funds: all else standing still), minute of opening.
    events
        Turns of agents and venues, forced closes and funding payments.
    """

    bars: Floats
    hourly: Floats
    forced: Records
    endogenous: npt.NDArray[np.bool_]
    changes: Records
    snapshots: Floats
    events: float


def simulate(
    world: World, coin: Coin, latent: Floats, common: Floats, rng: np.random.Generator, *, run: Day | None = None
) -> Track:
    """Return what happens to ``coin`` when ``latent`` (log returns by minute) moves its fundamental.

    Parameters
    ----------
    world, coin
        The world and the coin.
    latent, common
        Log returns by minute of the coin and of the common shock, the burn-in first.
    rng
        For accounts and their turns.
    run
        The day's rules: compiled where not given.
    """
    run = run or compiled_day()
    days = len(latent) // MINUTES_PER_DAY
    turns = TURNS_PER_DAY * world.traders_of(coin) / MINUTES_PER_DAY
    room = int(2.5 * turns * MINUTES_PER_DAY)
    log, other = (empty_log(len(world.venues), room, world.traders_of(coin)) for _ in range(2))
    market = made_market(world, coin, log, rng)
    streams = rng.spawn(2)
    targets = _target_coins(world, coin, days, rng)
    pledge = np.exp(PLEDGE_BETA * np.cumsum(common))
    kept = _Recorder(world)
    for day in range(days):
        part = slice(day * MINUTES_PER_DAY, (day + 1) * MINUTES_PER_DAY)
        draws = _draws((latent[part], targets[part], pledge[part]), turns, market, streams)
        shadow = copied(market, other, forced_impact=0.0)
        run(market, draws)
        if market.counts[1]:
            run(shadow, draws)
        else:
            other.counts[:] = 0
        kept.keep(day - BURN_IN_DAYS, market, other)
    return kept.track(float(market.whole[0].events))


def _target_coins(world: World, coin: Coin, days: int, rng: np.random.Generator) -> Floats:
    """Return the coins that accounts want open, by minute: a slow random walk, and the scenario's growth at the end."""
    path = np.cumsum(rng.normal(0.0, 0.0022, days * 24))
    path[-30 * 24 :] += np.linspace(0.0, SCRIPTS[world.scenario].growth, 30 * 24)
    return np.repeat(coin.open_interest_usd / coin.price * np.exp(path), 60)


def _draws(
    day: tuple[Floats, Floats, Floats], turns: float, market: Market, streams: list[np.random.Generator]
) -> Draws:
    """Draw the turns of a day of latent returns, wanted coins and pledges: agents look more often at large news."""
    loud = np.minimum(np.abs(day[0]) / np.sqrt(market.whole[0].usual_variance), 6.0)
    counts = streams[0].poisson(turns * (0.6 + 0.5 * loud))
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    latent, target, pledge = (floats.copy() for floats in day)
    return Draws(latent, target, pledge, first, streams[1].random((int(first[-1]), 4)))


class _Recorder:
    """What is kept of each day; a live resource of one simulation."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._parts: dict[str, list[np.ndarray]] = {name: [] for name in Track.__struct_fields__[:-1]}

    def keep(self, day: int, market: Market, other: Log) -> None:
        changes, forced = int(market.counts[0]), int(market.counts[1])
        _require_room(changes, len(market.changes))
        _require_room(forced, len(market.forced))
        if day < 0:
            return
        closed = market.forced[:forced].copy()
        self._add(bars=market.bars, hourly=market.hourly, endogenous=_endogenous(closed, other))
        self._add(forced=_from_first_published(closed))
        if day >= self._world.days - self._world.truth_days:
            changed = _from_first_published(market.changes[:changes].copy())
            self._add(changes=changed, snapshots=_snapshot(day, market))

    def track(self, events: float) -> Track:
        parts = {name: np.concatenate(result, axis=1 if name == "bars" else 0) for name, result in self._parts.items()}
        for name in ("forced", "changes"):
            parts[name] = parts[name].view(np.recarray)
        return Track(**parts, events=events)

    def _add(self, **arrays: np.ndarray) -> None:
        for name, array in arrays.items():
            self._parts[name].append(array.copy())


def _require_room(used: int, room: int) -> None:
    if used > room:
        raise OverflowError(f"expected at most {room} rows of a day's log, found {used}: make the log larger")


def _from_first_published(rows: Records) -> Records:
    rows.minute -= BURN_IN_DAYS * MINUTES_PER_DAY
    return rows


def _endogenous(closed: Records, other: Log) -> npt.NDArray[np.bool_]:
    """Return whether a position closed by force would not have been, had forced orders moved no price."""

    def positions(rows: Records) -> Integers:
        return rows.account * 2**32 + rows.opened + 1

    return ~np.isin(positions(closed), positions(other.forced[: int(other.counts[1])]))


def _snapshot(day: int, market: Market) -> Any:
    open_accounts = np.flatnonzero(market.accounts.quantity != 0.0)
    a = market.accounts[open_accounts]
    side, size = np.sign(a.quantity), np.abs(a.quantity)
    worth = a.cash + a.pledge * market.whole[0].pledge_value
    cross = np.maximum(-side * worth / (size * (1 - side * market.tiers[a.venue, 0, 0])), 0.0)
    level = np.where(np.isin(open_accounts, market.cross), cross, a.level)
    columns = (a.venue, a.kind, a.quantity, a.entry, a.leverage, level, a.opened - BURN_IN_DAYS * MINUTES_PER_DAY)
    return np.column_stack([np.full(len(open_accounts), day), open_accounts, *columns])
