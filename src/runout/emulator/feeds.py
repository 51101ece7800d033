"""What feeds of all venues ask the market for."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from runout.emulator.columns import Integers, joined, picked, tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk

MILLISECOND, SECOND = 1_000_000, 1_000_000_000
Sent = Iterable[tuple[int, Any]]
"""Market time of each message of data, and the message: bytes, or what is sent as JSON."""


class Close(NamedTuple):
    """A forced close: UTC ns, stamp in ms of the venue's clock, side (1 long), steps, price and bankruptcy in ticks."""

    time: int
    stamp: int
    side: int
    steps: int
    price: int
    bankruptcy: int


class Trade(NamedTuple):
    """A trade: UTC ns, stamp in ms of the venue's clock, ticks, steps, whether the taker bought, running number."""

    time: int
    stamp: int
    price: int
    steps: int
    bought: bool
    number: int


class Quote(NamedTuple):
    """What a ticker says at a time: prices in quote units, open interest in steps and dollars, funding, settlement."""

    time: int
    stamp: int
    last: float
    mark: float
    index_price: float
    open_steps: int
    open_usd: float
    funding: float
    next_funding: int


def every(step: int, since: int, until: int) -> Integers:
    """Return the multiples of ``step`` ns in [since, until)."""
    return np.arange(-(-since // step), -(-until // step), dtype=np.int64) * step


def living(desk: Desk, contract: Contract, until: int) -> int:
    """Return the end of a stretch in which a contract still trades."""
    if contract.key in desk.unlisted:
        return 0
    return min(until, desk.delisted.get(contract.symbol, contract.delisted) or until)


def closes(desk: Desk, contract: Contract, since: int, until: int) -> Iterator[Close]:
    """Yield the forced closes of a contract that its venue's feed shows."""
    shown = desk.shown_closes(contract, since, max(living(desk, contract, until), since))
    offset = desk.clock_offset
    for time, side, steps, price, bankruptcy in tuples(shown):
        yield Close(time, (time + offset) // MILLISECOND, side, steps, price, bankruptcy)


def page_of_closes(
    desk: Desk, contracts: Sequence[Contract], since: int, until: int, rows: slice, *, newest: bool = False
) -> tuple[list[tuple[Contract, Close]], int]:
    """Return some of the forced closes of contracts with their contracts, and how many there are.

    Parameters
    ----------
    desk, contracts
        Whose forced closes.
    since, until
        UTC ns; the end is left out.
    rows
        Which of them in order of time.
    newest
        Whether that order begins with the newest.
    """
    tables = [desk.shown_closes(item, since, max(living(desk, item, until), since)) for item in contracts]
    owners, whole = np.repeat(np.arange(len(tables)), [len(table.time) for table in tables]), joined(tables)
    places = np.argsort(-whole.time if newest else whole.time, kind="stable")[rows]
    shown = zip(owners[places].tolist(), tuples(picked(whole, places)), strict=True)
    offset = desk.clock_offset
    return [
        (contracts[owner], Close(time, (time + offset) // MILLISECOND, *rest)) for owner, (time, *rest) in shown
    ], len(owners)


def trades(desk: Desk, contract: Contract, since: int, until: int) -> Iterator[Trade]:
    """Yield the trades of a contract."""
    offset = desk.clock_offset
    for time, price, size, bought, number in tuples(
        desk.tape(contract).trades(since, max(living(desk, contract, until), since))
    ):
        yield Trade(time, (time + offset) // MILLISECOND, price, size, bought, number)


def flagged(
    desk: Desk, contract: Contract, since: int, until: int
) -> Iterator[tuple[int, int, int, int, bool, int, int]]:
    """Yield the trades of a contract with its forced closes among them, in order, numbered without a hole.

    Time, stamp, ticks, steps, whether the taker bought, number, and the liquidated side (1 long, −1 short, 0 none).
    Every forced close adds one to the numbers of its day and later ones.
    """
    plain = desk.tape(contract).trades(since, max(living(desk, contract, until), since))
    forced = desk.true_closes(contract, since, max(living(desk, contract, until), since))
    rows = [(time, price, size, bought, 0) for time, price, size, bought, _ in tuples(plain)]
    rows += [(time, price, steps, side < 0, side) for time, side, steps, price, _ in tuples(forced)]
    rows.sort(key=lambda row: row[0])
    number = desk.numbered_before(contract, since)
    for place, (time, price, size, bought, side) in enumerate(rows, start=number):
        yield time, (time + desk.clock_offset) // MILLISECOND, price, size, bought, place, side


def quotes(desk: Desk, contract: Contract, times: Integers) -> Iterator[Quote]:
    """Yield what a ticker says at each time."""
    times = times[times < living(desk, contract, int(times[-1]) + 1)] if len(times) else times
    if not len(times):
        return
    tape, open_steps = desk.tape(contract), desk.open_steps(contract, times)
    usd = tape.quote(open_steps, tape.ticks_at(times))
    step = max(int(contract.funding_hours * 3600), 1) * SECOND
    columns = (
        times, (times + desk.clock_offset) // MILLISECOND, tape.prices_at(times), desk.mark_at(contract, times),
        desk.index_at(contract, times), open_steps, usd, desk.funding_at(contract, times),
        (times // step + 1) * step // MILLISECOND,
    )  # fmt: skip
    for row in tuples(columns):
        yield Quote(*row)


def quote(desk: Desk, contract: Contract, now: int) -> Quote:
    """Return what a ticker says at one time, whether the contract still trades or not."""
    return next(quotes(desk, contract, np.array([now], np.int64)), Quote(now, now // MILLISECOND, 0, 0, 0, 0, 0, 0, 0))
