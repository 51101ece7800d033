"""The market under all emulated venues: one simulated world, asked for any stretch of time.

Prices, turnover, open interest, funding and forced closes are those of :mod:`runout.synthetic`; what lies between its
five-minute bars is drawn from the seed by contract and day (:mod:`runout.emulator.tape`), so that any day of the
history costs the same, and asking twice gives the same.
"""

from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.emulator.closes import NONE, Closes, closes_of_day
from runout.emulator.columns import Floats, Integers, between, joined
from runout.synthetic import Scenario, World
from runout.synthetic.generating import simulated
from runout.synthetic.publication import VisibleMarket, visible_market
from runout.synthetic.scenarios import SCRIPTS
from runout.synthetic.state import HOUR_BID, HOUR_FUNDING, HOUR_LONG, HOUR_LONG_ACCOUNTS, HOUR_SHORT_ACCOUNTS
from runout.synthetic.world import COINS

DAY, HOUR = NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
DAYS_AFTER_SCENARIO = 4
"""Scenarios put their last move at 14:00 UTC of the day so many before the world ends."""
MOVE_HOUR = 14
LEAST_DAYS = 12
"""A world is at least so long, whatever history is asked for."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the emulated market is; the same plan gives the same bytes.

    Parameters
    ----------
    scenario, seed
        What befalls it, and the seed of every draw.
    coins
        Base assets.
    start
        UTC ns at which the clock begins; the scenario's move is at the first 14:00 UTC at least ``lead_hours`` later.
    history_days
        Days before the start that venues can be asked for.
    lead_hours
        Hours from the start before which the scenario does not move the price.
    traders
        Accounts of the simulation.
    trades_a_minute
        Mean number of trades of a contract a minute.
    """

    scenario: Scenario = "flush"
    seed: int = 7
    coins: tuple[str, ...] = ("BTC", "ETH", "SOL")
    start: int
    history_days: int = 40
    lead_hours: float = 1.0
    traders: int = 2000
    trades_a_minute: int = 30

    def world(self) -> World:
        """Return the world to be simulated."""
        earliest = self.start + int(self.lead_hours * HOUR)
        move_day = (earliest - MOVE_HOUR * HOUR + DAY - 1) // DAY
        first = min(self.start // DAY - self.history_days, move_day + DAYS_AFTER_SCENARIO - LEAST_DAYS)
        coins = tuple(coin for coin in COINS if coin.name in self.coins)
        return World(
            scenario=self.scenario, days=move_day + DAYS_AFTER_SCENARIO - first, seed=self.seed, start=first * DAY,
            coins=coins, traders=self.traders, truth_days=min(14, self.history_days),
        )  # fmt: skip


class Market:
    """A simulated world, by coin, simulated venue (``place``; −1 is the spot market) and time.

    Parameters
    ----------
    plan
        What to simulate.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan, self.world = plan, plan.world()
        self.first, self.end = self.world.start, self.world.start + self.world.days * DAY
        self.tracks = simulated(self.world, workers=2)
        rng = np.random.default_rng([plan.seed, 1001])
        self.views: dict[str, VisibleMarket] = {
            coin.name: visible_market(self.world, coin, self.tracks[coin.name], rng) for coin in self.world.coins
        }
        self.closes_of_day = lru_cache(maxsize=256)(self._closes_of_day)

    @property
    def move_time(self) -> int:
        """Return the moment of the scenario's last scripted move, UTC ns; the world's end where it has none."""
        moves = SCRIPTS[self.plan.scenario].moves
        return self.end - int(moves[0].hours * HOUR) if moves else self.end

    def open_coins(self, coin: str, place: int, times: Integers) -> Floats:
        """Return coins open (single-sided) on a simulated venue at each time, linear between the hours."""
        return self._at(coin, place, HOUR_LONG, times)

    def long_accounts(self, coin: str, place: int, times: Integers) -> Floats:
        """Return the share of accounts with a position that are long."""
        longs = self._at(coin, place, HOUR_LONG_ACCOUNTS, times)
        return longs / np.maximum(longs + self._at(coin, place, HOUR_SHORT_ACCOUNTS, times), 1.0)

    def funding_rate(self, coin: str, place: int, times: Integers) -> Floats:
        """Return the rate for eight hours that is in force at each time, set at the last hour that ended."""
        values = self.tracks[coin].hourly[:, place, HOUR_FUNDING]
        return values[np.clip((times - self.first) // HOUR - 1, 0, len(values) - 1)]

    def depth_usd(self, coin: str, place: int, time: int) -> float:
        """Return the dollars that rest within 1% below the price; of the spot market, those of the first venue."""
        return float(self._at(coin, max(place, 0), HOUR_BID, np.array([time]))[0])

    def closes(self, coin: str, place: int, since: int, until: int) -> Closes:
        """Return the true forced closes of a coin on a simulated venue in [since, until), in time order."""
        days = range(max((since - self.first) // DAY, 0), min((until - 1 - self.first) // DAY, self.world.days - 1) + 1)
        whole = joined([NONE, *(self.closes_of_day(coin, place, day) for day in days)])
        return between(whole, whole.time, since, until)

    def _at(self, coin: str, place: int, column: int, times: Integers) -> Floats:
        values = self.tracks[coin].hourly[:, place, column]
        hours = (times - self.first) / HOUR - 1.0
        return np.interp(hours, np.arange(len(values)), values)

    def _closes_of_day(self, coin: str, place: int, day: int) -> Closes:
        track: Any = self.tracks[coin]
        number = [item.name for item in COINS].index(coin)
        return closes_of_day(track.forced, place, day, (self.plan.seed, 72, number, place), self.first)
