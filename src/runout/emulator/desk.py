"""One venue at work: its contracts on the market, the clock, and the questions that its routes and feeds ask."""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, parse_time
from runout.emulator.clock import Clock
from runout.emulator.closes import largest_of_each_second, latest_of_each_second
from runout.emulator.columns import Floats, Integers, between, joined, picked
from runout.emulator.contracts import MARKETS, Contract
from runout.emulator.forms import Query, Refused, VenueForm
from runout.emulator.market import Market
from runout.emulator.tape import Bars, Tape

if TYPE_CHECKING:
    from runout.emulator.faults import Fault

STEPS = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480, "12h": 720,
    "1d": 1440,
}  # fmt: skip
"""Minutes of the intervals that most venues name."""
MINUTE, MILLISECOND = NANOSECONDS_PER_MINUTE, 1_000_000


class Events(NamedTuple):
    """Forced closes of one contract as its venue sees them; arrays in time order.

    ``time`` UTC ns, ``side`` 1 where a long was closed, ``steps`` size, ``price`` paid and ``bankruptcy`` price in
    ticks.
    """

    time: Integers
    side: Integers
    steps: Integers
    price: Integers
    bankruptcy: Integers


NO_EVENTS = Events(*(np.zeros(0, np.int64),) * 5)


class Desk:
    """A venue at work.

    Parameters
    ----------
    form, market, clock
        The venue, the market, the clock.
    """

    def __init__(self, form: VenueForm, market: Market, clock: Clock) -> None:
        self.form, self.market, self.clock = form, market, clock
        listed = form.contracts(tuple(coin.name for coin in market.world.coins))
        self.contracts = {item.key: item for item in listed}
        self.tapes: dict[str, Tape] = {}
        self.clock_offset = 0
        self.delisted: dict[str, int] = {}
        self.unlisted: set[str] = set()
        self.met: dict[str, list[Fault]] = {}
        self.offsets: list[Fault] = []
        self.injected: dict[str, list[Events]] = {}
        self.events_of_day = lru_cache(maxsize=256)(self._events_of_day)
        self._capture = [(parse_time(date), law) for date, law in form.capture]

    def now(self) -> int:
        """Return the venue's own time, UTC ns."""
        return self.clock.now() + self.clock_offset

    def contract(self, symbol: str, *kinds: str) -> Contract:
        """Return a contract that is listed, of one of the kinds.

        Refused as ``symbol`` where there is none, or it is delisted.
        """
        for kind in kinds or ("linear", "inverse", "quarterly"):
            answer = self.contracts.get(f"{kind}:{symbol}")
            if answer is not None and self.trading(answer):
                return answer
        raise Refused("symbol", f"Invalid symbol {symbol}.")

    def trading(self, contract: Contract, at: int = 0) -> bool:
        """Return whether a contract trades at a time; now, if not named."""
        until = self.delisted.get(contract.symbol, contract.delisted) or self.market.end
        return contract.listed <= (at or self.now()) < until and contract.key not in self.unlisted

    def kind(self, *kinds: str) -> list[Contract]:
        """Return the contracts of these kinds that trade now."""
        return [item for item in self.contracts.values() if item.kind in kinds and self.trading(item)]

    def tape(self, contract: Contract) -> Tape:
        """Return the tape of a contract."""
        if contract.key not in self.tapes:
            self.tapes[contract.key] = Tape(self.market, contract)
        return self.tapes[contract.key]

    # -- series -------------------------------------------------------------------------------------------------------

    def open_steps(self, contract: Contract, times: Integers) -> Integers:
        """Return the single-sided open interest in steps of the contract's size at each time."""
        coins = self.market.open_coins(contract.coin, contract.place, times) * MARKETS[contract.venue][1]
        coins = coins * (1.0 + _ripple(times, contract.number))
        tape = self.tape(contract)
        return np.rint(tape.steps(coins * contract.share, tape.ticks_at(times))).astype(np.int64)

    def open_usd(self, contract: Contract, times: Integers) -> Floats:
        """Return the single-sided open interest in dollars at each time."""
        tape = self.tape(contract)
        return tape.quote(self.open_steps(contract, times), tape.ticks_at(times))

    def index_at(self, contract: Contract, times: Integers) -> Floats:
        """Return the index price (the spot market's) of the quoted unit at each time."""
        return self._spot(contract.coin).prices_at(times) * contract.multiplier

    def _spot(self, coin: str) -> Tape:
        contract = Contract(venue=self.form.name, symbol="index", coin=coin, kind="spot", digits=8)
        key = f"index:{coin}"
        if key not in self.tapes:
            self.tapes[key] = Tape(self.market, contract)
        return self.tapes[key]

    def mark_at(self, contract: Contract, times: Integers) -> Floats:
        """Return the mark price: half way between last price and index."""
        return 0.5 * (self.tape(contract).prices_at(times) + self.index_at(contract, times))

    def funding_at(self, contract: Contract, times: Integers) -> Floats:
        """Return the funding rate of the contract's own interval in force at each time."""
        eight = self.market.funding_rate(contract.coin, contract.place, times)
        return np.round(eight * contract.funding_hours / 8.0, 8)

    def next_funding(self, contract: Contract, now: int) -> int:
        """Return the next settlement."""
        step = int(contract.funding_hours * NANOSECONDS_PER_HOUR)
        return (now // step + 1) * step

    def bars(
        self, contract: Contract, step: int, span: tuple[int, int], limit: int, query: Query, *, oldest: bool,
        keeps: int = 0,
    ) -> tuple[Integers, Bars]:  # fmt: skip
        """Return opening times and bars of one page, the running bar included, in time order.

        Parameters
        ----------
        contract, step
            Whose bars, of how many ns.
        span
            UTC ns of openings, both inclusive.
        limit
            Most rows that a page may have.
        query
            The call, for its paging faults.
        oldest
            Whether a page that is full holds the oldest rows of the span, else the newest.
        keeps
            Nanoseconds of past the venue keeps; 0: all.
        """
        now = self.now()
        stamps = self.grid(step, span, limit, query, oldest=oldest, keeps=keeps)
        if not len(stamps):
            return stamps, picked(self.tape(contract).minutes(0), slice(0))
        times, bars = self.tape(contract).bars(step, int(stamps[0]), min(int(stamps[-1]) + 1, now - step + 1))
        if int(stamps[-1]) + step > now:
            running = self.tape(contract).running(step, now)
            if running is not None:
                times = np.append(times, running[0])
                bars = joined([bars, running[1]])
        return times, bars

    def grid(
        self, step: int, span: tuple[int, int], limit: int, query: Query, *, oldest: bool, keeps: int = 0
    ) -> Integers:  # fmt: skip
        """Return the stamps of a page: multiples of ``step`` in ``span`` (inclusive), not in the future.

        Parameters
        ----------
        step
            Nanoseconds between rows.
        span
            UTC ns, both inclusive.
        limit
            Most rows that a page may have.
        query
            The call, for its paging faults.
        oldest
            Whether a page that is full holds the oldest rows of the span, else the newest.
        keeps
            Nanoseconds of past the venue keeps; 0: all.
        """
        now = self.now()
        kept = max(self.market.first, now - keeps if keeps else 0)
        begin = max(span[0], kept)
        first, last = -(-begin // step), min(span[1], now) // step
        if "empty" in query.faults or last < first:
            return np.zeros(0, np.int64)
        if oldest:
            last = min(last, first + limit - 1)
            first -= 1 if "overlap" in query.faults and (first - 1) * step >= kept else 0
        else:
            first = max(first, last - limit + 1)
            last += 1 if "overlap" in query.faults and (last + 1) * step <= now else 0
        return np.arange(first, last + 1, dtype=np.int64) * step

    def book(self, contract: Contract, now: int, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return bids and asks (ticks, steps) about the price, best first: a book whose levels thin out evenly."""
        at = np.array([now])
        tape, place = self.tape(contract), max(contract.place, -1)
        middle = round(float(tape.ticks_at(at)[0]))
        depth = self.market.depth_usd(contract.coin, place, now) * tape.share
        apart = max(round(middle * 0.015 / levels), 1)
        steps = max(
            round(
                float(
                    tape.steps(np.array([depth / (tape.prices_at(at)[0] / contract.multiplier)]), at * 0.0 + middle)[0]
                )
                * apart
                / (0.01 * middle)
            ),
            1,
        )
        offsets = [1 + apart * place for place in range(levels)]
        return [(middle - off, steps) for off in offsets if off < middle], [(middle + off, steps) for off in offsets]

    # -- forced closes ------------------------------------------------------------------------------------------------

    def true_closes(self, contract: Contract, since: int, until: int) -> Events:
        """Return every forced close of a contract in [since, until)."""
        if contract.key in self.unlisted:
            return NO_EVENTS
        day = self.market.first % NANOSECONDS_PER_DAY
        first, last = (since - day) // NANOSECONDS_PER_DAY, (until - 1 - day) // NANOSECONDS_PER_DAY
        days = range(first, last + 1)
        extra = self.injected.get(contract.key, [])
        whole = joined([NO_EVENTS, *(self.events_of_day(contract.key, number) for number in days), *extra])
        if extra:
            whole = picked(whole, np.argsort(whole.time, kind="stable"))
        return between(whole, whole.time, since, until)

    def shown_closes(self, contract: Contract, since: int, until: int) -> Events:
        """Return the forced closes in [since, until) that the venue's feed shows by the law of its date."""
        whole = self.true_closes(contract, since - since % 1_000_000_000, until + (-until) % 1_000_000_000)
        law = self.law(since)
        if law == "largest":
            whole = picked(whole, largest_of_each_second(whole.time, whole.steps.astype(np.float64)))
        elif law == "latest":
            whole = picked(whole, latest_of_each_second(whole.time))
        return between(whole, whole.time, since, until)

    def numbered_before(self, contract: Contract, time: int) -> int:
        """Return the running number of the first trade or forced close at or after a time.

        Forced closes count from the day on at which the emulator began; before, only trades.
        """
        day = self.market.first
        first = day + (self.clock.start - day) // NANOSECONDS_PER_DAY * NANOSECONDS_PER_DAY
        forced = len(self.true_closes(contract, first, time).time) if time > first else 0
        return self.tape(contract).number_at(time) + forced

    def inject(self, contract: Contract, since: int, count: int, lasts: int) -> None:
        """Add so many forced closes of longs and shorts within ``lasts`` ns from ``since``."""
        rng = np.random.default_rng([self.market.plan.seed, 75, contract.number, since])
        time = np.sort(since + rng.integers(0, lasts // MILLISECOND, count) * MILLISECOND)
        price = np.rint(self.tape(contract).ticks_at(time)).astype(np.int64)
        steps = 1 + np.floor(rng.pareto(1.5, count) * 10).astype(np.int64)
        side = np.where(rng.random(count) < 0.8, 1, -1).astype(np.int64)
        self.injected.setdefault(contract.key, []).append(Events(time, side, steps, price, price))

    def law(self, time: int) -> str:
        """Return the law of the liquidation feed at a time."""
        return [law for since, law in self._capture if since <= time][-1]

    def _events_of_day(self, key: str, number: int) -> Events:
        contract = self.contracts[key]
        begin = number * NANOSECONDS_PER_DAY + self.market.first % NANOSECONDS_PER_DAY
        closes = self.market.closes(contract.coin, contract.place, begin, begin + NANOSECONDS_PER_DAY)
        low, high = self._lot(contract)
        closes = picked(closes, (closes.lot >= low) & (closes.lot < high))
        tape = self.tape(contract)
        ticks = np.rint(tape.ticks_at(closes.time)).astype(np.int64)
        steps = np.maximum(np.rint(tape.steps(closes.coins, ticks)), 1).astype(np.int64)
        return Events(closes.time, closes.side, steps, ticks, np.rint(ticks * closes.beyond).astype(np.int64))

    def _lot(self, contract: Contract) -> tuple[float, float]:
        """Return which part of the simulated venue's forced closes are this contract's."""
        place, share = MARKETS[contract.venue]
        before = sum(other for name, (at, other) in MARKETS.items() if at == place and name < contract.venue)
        own = [item for item in self.contracts.values() if item.coin == contract.coin and item.kind != "spot"]
        whole = sum(quantity.share for quantity in own)
        low = sum(quantity.share for quantity in own if quantity.key < contract.key) / whole
        return before + share * low, before + share * (low + contract.share / whole)


def _ripple(times: Integers, number: int) -> Floats:
    """Return the small waves of open interest between the simulation's hours, so that no two rows are the same."""
    minutes = times / MINUTE + number % 997
    return 2e-4 * np.sin(2 * np.pi * minutes / 47.0) + 1e-4 * np.sin(2 * np.pi * minutes / 7.3)
