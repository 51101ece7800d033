"""What one contract trades: bars of five minutes, of a minute, and single trades, each the exact sum of the finer.

Prices are whole ticks and sizes whole steps of the contract, so that bars are the trades added up, to the last digit.
Bars of five minutes are the simulation's; minutes and trades are drawn inside them from the seed, by day.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE
from runout.emulator.columns import Flags, Floats, Integers, between, joined, picked
from runout.emulator.contracts import MARKETS, Contract
from runout.emulator.market import Market
from runout.synthetic.state import BAR_CLOSE, BAR_HIGH, BAR_LOW, BAR_OPEN, BARS_PER_DAY

DAY, MINUTE = NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE
FIVE, MINUTES_PER_DAY = 5, 1440
LEAST_TRADES = 4
"""A minute has a first, a last, a highest and a lowest trade."""
SPOT_SHARE = 0.8
"""Of the spot market's turnover, on the one venue that is emulated."""


class Bars(NamedTuple):
    """Bars in time order: prices in ticks, ``volume`` and taker ``bought`` in steps, ``trades`` in number."""

    open: Integers
    high: Integers
    low: Integers
    close: Integers
    volume: Integers
    bought: Integers
    trades: Integers

    def grouped(self, width: int) -> "Bars":
        """Return bars of ``width`` of these; the last may be of fewer."""
        first = np.arange(0, len(self.open), width)
        if not len(first):
            return self
        last = np.minimum(first + width, len(self.open)) - 1
        return Bars(
            self.open[first], np.maximum.reduceat(self.high, first), np.minimum.reduceat(self.low, first),
            self.close[last], *(np.add.reduceat(item, first) for item in (self.volume, self.bought, self.trades)),
        )  # fmt: skip


class Trades(NamedTuple):
    """Trades in time order: UTC ns (whole milliseconds), ticks, steps, whether the taker bought, and running number."""

    time: Integers
    price: Integers
    size: Integers
    bought: Flags
    number: Integers


_NO_NUMBERS = np.zeros(0, np.int64)
NO_TRADES = Trades(_NO_NUMBERS, _NO_NUMBERS, _NO_NUMBERS, np.zeros(0, np.bool_), _NO_NUMBERS)


class Tape:
    """The tape of one contract.

    Parameters
    ----------
    market, contract
        Where it trades, and what.
    """

    def __init__(self, market: Market, contract: Contract) -> None:
        self.market, self.contract, self.place = market, contract, contract.place
        share = MARKETS[contract.venue][1] if self.place >= 0 else SPOT_SHARE
        self.share = share * contract.share
        self.a_day = market.plan.trades_a_minute * MINUTES_PER_DAY
        rng = self._rng(0, 0)
        self._factor = 10**contract.digits * contract.multiplier * (1.0 + rng.normal(0.0, 1.5e-4))
        self.minutes = lru_cache(maxsize=32)(self._minutes)
        self.trades_of_minute = lru_cache(maxsize=16)(self._trades_of_minute)

    def _rng(self, kind: int, place: int) -> np.random.Generator:
        return np.random.default_rng([self.market.plan.seed, 73, self.contract.number, kind, place])

    # -- bars ---------------------------------------------------------------------------------------------------------

    def fives(self, first_day: int, days: int) -> Bars:
        """Return the five-minute bars of days of the world."""
        view = self.market.views[self.contract.coin]
        part = slice(first_day * BARS_PER_DAY, (first_day + days) * BARS_PER_DAY)
        raw = view.track.bars[self.place, part]
        prices = np.rint(raw[:, [BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE]] * self._factor).astype(np.int64)
        first, close = prices[:, 0], prices[:, 3]
        high, low = prices.max(axis=1), prices.min(axis=1)
        count = self._counts(view.volume[self.place, part].reshape(-1, BARS_PER_DAY))
        steps = np.rint(self.steps(view.volume[self.place, part] * self.share, close)).astype(np.int64)
        volume = np.maximum(steps, count)
        lean = view.bought[self.place, part] / np.maximum(view.volume[self.place, part], 1e-12)
        bought = np.clip(np.rint(lean * volume).astype(np.int64), 0, volume)
        return Bars(first, high, low, close, volume, bought, count)

    def steps(self, coins: Floats, ticks: Integers | Floats) -> Floats:
        """Return coins in steps of the contract's size at prices in ticks."""
        c = self.contract
        if c.unit_usd:
            return coins * (ticks / 10**c.digits / c.multiplier) / (c.unit_usd * c.step)
        return coins / (c.unit_base * c.step)

    def coins(self, steps: Integers | Floats, ticks: Integers | Floats) -> Floats:
        """Return sizes in steps as coins at prices in ticks."""
        c = self.contract
        if c.unit_usd:
            return np.asarray(steps * c.step * c.unit_usd / (ticks / 10**c.digits / c.multiplier), np.float64)
        return np.asarray(steps * c.step * c.unit_base, np.float64)

    def quote(self, steps: Integers | Floats, ticks: Integers | Floats) -> Floats:
        """Return sizes in steps as dollars at prices in ticks."""
        return self.coins(steps, ticks) * ticks / 10**self.contract.digits / self.contract.multiplier

    def _counts(self, volume: Floats) -> Integers:
        """Return trades by five minutes: the same number each day, more where more is traded."""
        spare = self.a_day - LEAST_TRADES * MINUTES_PER_DAY
        weight = np.sqrt(np.maximum(volume, 1e-12))
        whole = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
        ends = np.rint(whole * max(spare, 0)).astype(np.int64)
        return np.diff(ends, axis=1, prepend=0).ravel() + LEAST_TRADES * FIVE

    def _minutes(self, day: int) -> Bars:
        """Return the minute bars of a day of the world."""
        fives, rng = self.fives(day, 1), self._rng(1, day)
        k = np.arange(1, FIVE + 1)
        line = fives.open[:, None] + (fives.close - fives.open)[:, None] * k / FIVE
        noise = np.cumsum(rng.standard_normal((BARS_PER_DAY, FIVE)), axis=1)
        noise -= noise[:, -1:] * k / FIVE
        reach = 0.3 * (fives.high - fives.low)[:, None]
        close = np.clip(np.rint(line + noise * reach), fives.low[:, None], fives.high[:, None]).astype(np.int64)
        close[:, -1] = fives.close
        start = np.concatenate([fives.open[:, None], close[:, :-1]], axis=1)
        top, bottom = np.maximum(start, close), np.minimum(start, close)
        high = top + ((fives.high[:, None] - top) * rng.random(top.shape) * 0.3).astype(np.int64)
        low = bottom - ((bottom - fives.low[:, None]) * rng.random(top.shape) * 0.3).astype(np.int64)
        rows = np.arange(BARS_PER_DAY)
        high[rows, top.argmax(axis=1)] = fives.high
        low[rows, bottom.argmin(axis=1)] = fives.low
        count = np.diff(fives.trades[:, None] * np.arange(FIVE + 1) // FIVE, axis=1)
        volume = count + split((fives.volume - fives.trades)[:, None], rng.exponential(size=top.shape))
        bought = proportional(fives.bought[:, None], volume)
        return Bars(*(item.ravel() for item in (start, high, low, close, volume, bought, count)))

    def bars(self, step: int, since: int, until: int) -> tuple[Integers, Bars]:
        """Return opening times and bars of ``step`` ns whose opening is in [since, until) and which ended by then."""
        first_day = max((since - self.market.first) // DAY, 0)
        last_day = min(-(-(until - self.market.first) // DAY), self.market.world.days)
        if first_day >= last_day:
            return np.zeros(0, np.int64), picked(self.minutes(0), slice(0))
        if step < FIVE * MINUTE:
            parts = [self.minutes(day) for day in range(first_day, last_day)]
            bars, unit = joined(parts), MINUTE
        else:
            bars, unit = self.fives(first_day, last_day - first_day), FIVE * MINUTE
        grouped = bars.grouped(step // unit)
        times = self.market.first + first_day * DAY + np.arange(len(grouped.open), dtype=np.int64) * step
        first, last = np.searchsorted(times, [since, until])
        return times[first:last], picked(grouped, slice(int(first), int(last)))

    def running(self, step: int, now: int) -> tuple[int, Bars] | None:
        """Return the bar of ``step`` ns that is running at ``now``; none before its first trade."""
        begin = now - (now - self.market.first) % step
        times, whole = self.bars(MINUTE, begin, now - (now - self.market.first) % MINUTE)
        parts = [whole.grouped(max(len(times), 1))] if len(times) else []
        current = self.trades(now - (now - self.market.first) % MINUTE, now)
        if len(current.time):
            p, s = current.price, current.size
            bought = s[current.bought].sum()
            figures = (p[0], p.max(), p.min(), p[-1], s.sum(), bought, len(p))
            parts.append(Bars(*(np.array([figure], np.int64) for figure in figures)))
        if not parts:
            return None
        return begin, joined(parts).grouped(2)

    # -- prices -------------------------------------------------------------------------------------------------------

    def ticks_at(self, times: Integers) -> Floats:
        """Return the price in ticks (not rounded) at each time: linear within its minute."""
        minute, rest = np.divmod(np.clip(times - self.market.first, 0, self.market.world.days * DAY - 1), MINUTE)
        days = minute // MINUTES_PER_DAY
        result = np.empty(len(times))
        for day in np.unique(days):
            own = days == day
            bars, at = self.minutes(int(day)), minute[own] % MINUTES_PER_DAY
            result[own] = bars.open[at] + (bars.close[at] - bars.open[at]) * (rest[own] / MINUTE)
        return result

    def prices_at(self, times: Integers) -> Floats:
        """Return the price of the quoted unit at each time."""
        return self.ticks_at(times) / 10**self.contract.digits

    # -- trades -------------------------------------------------------------------------------------------------------

    def trades(self, since: int, until: int) -> Trades:
        """Return the trades in [since, until)."""
        first = max((since - self.market.first) // MINUTE, 0)
        last = min(-(-(until - self.market.first) // MINUTE), self.market.world.days * MINUTES_PER_DAY)
        whole = joined([NO_TRADES, *(self.trades_of_minute(minute) for minute in range(first, last))])
        return between(whole, whole.time, since, until)

    def number_at(self, time: int) -> int:
        """Return the running number of the first trade at or after a time."""
        minute = (time - self.market.first) // MINUTE
        trades = self.trades_of_minute(minute)
        return int(trades.number[0]) + int(np.searchsorted(trades.time, time))

    def _trades_of_minute(self, minute: int) -> Trades:
        day, at = divmod(minute, MINUTES_PER_DAY)
        bars, rng = self.minutes(day), self._rng(2, minute)
        o, h, l, c, volume, bought, n = (int(column[at]) for column in bars)  # noqa: E741 - as bars are written
        before = day * self.a_day + int(bars.trades[:at].sum())
        time = np.sort(rng.integers(0, 60_000, n)) * 1_000_000 + self.market.first + minute * MINUTE
        noise = np.cumsum(rng.standard_normal(n)) / np.sqrt(n)
        noise -= noise[-1] * np.arange(1, n + 1) / n
        price = np.clip(np.rint(np.linspace(o, c, n) + noise * 0.5 * (h - l)), l, h).astype(np.int64)
        price[0], price[-1] = o, c
        price[1 + rng.permutation(n - 2)[:2]] = h, l
        buys = min(max(round(n * bought / volume), n - (volume - bought)), bought)
        is_buy = np.zeros(n, np.bool_)
        is_buy[rng.permutation(n)[:buys]] = True
        size = np.ones(n, np.int64)
        for side, whole in ((is_buy, bought), (~is_buy, volume - bought)):
            count = int(side.sum())
            if count:
                size[side] += split(np.array([whole - count]), rng.exponential(size=count) ** 1.5)
        return Trades(time, price, size, is_buy, before + np.arange(1, n + 1, dtype=np.int64))


def split(whole: Integers, weights: Floats) -> Integers:
    """Return whole numbers along the last axis that add up to ``whole``, by weight."""
    share = np.cumsum(weights, axis=-1)
    share /= share[..., -1:]
    return np.diff(np.rint(share * whole).astype(np.int64), axis=-1, prepend=0)


def proportional(whole: Integers, parts: Integers) -> Integers:
    """Return whole numbers along the last axis that add up to ``whole``, none larger than its part."""
    ends = np.cumsum(parts, axis=-1)
    return np.diff(whole * ends // ends[..., -1:], axis=-1, prepend=0)
