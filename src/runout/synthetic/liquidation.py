"""Marks, and what a venue does with positions they cross.

A liquidation goes to the book first, no further than the bankruptcy price; what the book does not take goes to the
venue's backstop, then to its insurance fund, each while its equity lasts; only then are the best-ranked positions of
the other side closed at the bankruptcy price (auto-deleveraging).
"""

import math

from runout.synthetic.book import consumed_at, exchange, requote, take
from runout.synthetic.levels import bucket_of, note, settle
from runout.synthetic.rules import couple
from runout.synthetic.state import (
    BACKSTOP,
    BACKSTOP_STAGE,
    DELEVERAGED,
    DELEVERAGING_STAGE,
    FORCED,
    INSURANCE,
    INSURANCE_STAGE,
    MAKER,
    MARKET_STAGE,
    OWN,
    Market,
)

FUND_LIMIT = 5.0
"""Notional a backstop or insurance fund takes over, in multiples of its equity."""
FORCED_WALK = 0.6
"""Share of a forced order that walks the book: the account stands for many, closed within the minute, not at once."""
ROUNDS = 12
"""Rounds of five seconds in which the engine works what is to be closed; what is left then goes to the next stage."""
FORCED_AT_ONCE = 0.5
"""Share of a depth that the forced order of one account takes out of the book at most."""
REPLENISHED_A_ROUND = 0.96
"""A round of liquidations takes seconds, in which makers fill a part of the book again."""


def set_mark(m: Market, v: int) -> None:
    """Set the mark price by the venue's rule: 0 median of three, 1 index and mean basis, 2 last price."""
    x = m.markets
    index = x[len(x) - 1].price
    averaged = index * (1.0 + x[v].basis)
    if m.markets[v].mark_rule == 0:
        paid = index * (1.0 + 0.5 * x[v].funding)
        low, high = min(paid, averaged), max(paid, averaged)
        x[v].mark = min(max(x[v].price, low), high)
    elif m.markets[v].mark_rule == 1:
        x[v].mark = averaged
    else:
        x[v].mark = x[v].price


def equity(m: Market, i: int) -> float:
    """Return what an account is worth at the mark, pledged collateral left out."""
    return m.accounts[i].cash + m.accounts[i].quantity * m.markets[m.accounts[i].venue].mark


def report(  # noqa: PLR0917 - called from compiled code, by place
    m: Market, i: int, stage: int, turn_number: int, coins: float, price: float, bankrupt: float
) -> None:
    """Log a forced close; one at a mark, of a position opened when.

    Parameters
    ----------
    m
        The market.
    i
        Account whose position is closed.
    stage
        Stage that closes it.
    turn_number
        Round of the minute.
    coins
        How much of it.
    price
        Price paid; 0 where it is filled in later.
    bankrupt
        Its bankruptcy price.
    """
    row = m.counts[1]
    if row < len(m.forced):
        item = m.forced[row]
        item.minute, item.round, item.account, item.venue = m.whole[0].minute, turn_number, i, m.accounts[i].venue
        item.stage, item.opened, item.side = stage, m.accounts[i].opened, (1 if bankrupt_side(m, i) > 0.0 else -1)
        item.quantity, item.price, item.bankruptcy_price = coins, price, bankrupt
        item.mark = m.markets[m.accounts[i].venue].mark
        fund = OWN * m.accounts[i].venue + INSURANCE
        item.insurance_usd, item.insurance_room = equity(m, fund), bearable(m, fund, bankrupt_side(m, i), bankrupt)
    m.counts[1] = row + 1
    m.whole[0].events += 1.0


def bankrupt_side(m: Market, i: int) -> float:
    """Return the side of a position: 1 long, −1 short."""
    return 1.0 if m.accounts[i].quantity > 0.0 else -1.0


def sell_to_book(m: Market, i: int, requested: float, bankrupt: float, turn_number: int) -> float:
    """Send the engine's order, good to the bankruptcy price and the venue's bound; return the coins it filled.

    Parameters
    ----------
    m
        The market.
    i
        Account whose position is closed.
    requested
        Coins to close.
    bankrupt
        Its bankruptcy price.
    turn_number
        Round of the minute.
    """
    a, x, v = m.accounts, m.markets, m.accounts[i].venue
    side = bankrupt_side(m, i)
    furthest = x[v].price * (1.0 - side * m.markets[v].bound)
    limit = max(bankrupt, furthest) if side > 0.0 else min(bankrupt, furthest)
    if side * (x[v].price - limit) <= 0.0 or limit <= 0.0:
        return 0.0
    room = side * (x[v].consumed - consumed_at(math.log(limit / x[v].mid))) * x[v].depth
    walk = min(FORCED_WALK, FORCED_AT_ONCE * x[v].depth / (requested * x[v].price))
    coins = min(requested, room / (x[v].price * walk))
    if coins <= 0.0:
        return 0.0
    row = m.counts[1]
    report(m, i, MARKET_STAGE, turn_number, coins, 0.0, bankrupt)
    change = -a[i].quantity if coins == abs(a[i].quantity) else -side * coins
    fill = take(m, i, change, walk * m.whole[0].forced_impact)
    if row < len(m.forced):
        m.forced[row].price = fill
    return coins


def bearable(m: Market, j: int, side: float, bankrupt: float) -> float:
    """Return the coins of a side that a fund can take over at a price: none beyond its limit or its equity."""
    mark, wealth = m.markets[m.accounts[j].venue].mark, equity(m, j)
    if wealth <= 0.0 or bankrupt <= 0.0:
        return 0.0
    coins = FUND_LIMIT * wealth / mark - side * m.accounts[j].quantity
    loss = side * (bankrupt - mark)
    return max(min(coins, wealth / loss) if loss > 0.0 else coins, 0.0)


def hand_over(m: Market, i: int, stage: int, bankrupt: float, turn_number: int) -> None:
    """Give the backstop or the insurance fund as much of a position as its equity bears, at the bankruptcy price.

    Parameters
    ----------
    m
        The market.
    i
        Account whose position is closed.
    stage
        Backstop or insurance.
    bankrupt
        Its bankruptcy price.
    turn_number
        Round of the minute.
    """
    a, v = m.accounts, m.accounts[i].venue
    j = OWN * v + (BACKSTOP if stage == BACKSTOP_STAGE else INSURANCE)
    side = bankrupt_side(m, i)
    coins = min(abs(a[i].quantity), bearable(m, j, side, bankrupt))
    if coins <= 0.0:
        return
    report(m, i, stage, turn_number, coins, bankrupt, bankrupt)
    exchange(m, i, j, -a[i].quantity if coins == abs(a[i].quantity) else -side * coins, bankrupt)


def rank(m: Market, j: int) -> float:
    """Return the rank in the queue of auto-deleveraging: profit share times leverage, losses divided by it."""
    a, mark = m.accounts, m.markets[m.accounts[j].venue].mark
    gain = a[j].quantity * (mark - a[j].entry) / (abs(a[j].quantity) * a[j].entry)
    leverage = abs(a[j].quantity) * mark / max(equity(m, j), 0.001 * abs(a[j].quantity) * mark)
    return gain * leverage if gain > 0.0 else gain / leverage


def deleverage(m: Market, i: int, bankrupt: float, turn_number: int) -> None:
    """Close a position against the best-ranked of the other side, at its bankruptcy price."""
    a, v = m.accounts, m.accounts[i].venue
    side = bankrupt_side(m, i)
    while a[i].quantity != 0.0:
        best, score = -1, -1e300
        for j in range(len(a)):
            if a[j].venue == v and a[j].quantity * side < 0.0:
                fund = a[j].kind == BACKSTOP or a[j].kind == INSURANCE
                place = -1e200 if fund else rank(m, j)
                if place > score:
                    best, score = j, place
        if best < 0:  # a rounding error is left, and nobody opposite
            exchange(m, i, OWN * v + MAKER, -a[i].quantity, bankrupt)
            return
        coins = min(abs(a[i].quantity), abs(a[best].quantity))
        report(m, i, DELEVERAGING_STAGE, turn_number, coins, bankrupt, bankrupt)
        exchange(m, i, best, -side * coins, bankrupt)
        if abs(a[i].quantity) < 1e-12 * coins:
            exchange(m, i, best, -a[i].quantity, bankrupt)
        if a[best].kind >= OWN:
            settle(m, best)
            note(m, best, DELEVERAGED)


def liquidate(m: Market, i: int, turn_number: int) -> None:
    """Close a position by force, through the venue's stages."""
    a, v = m.accounts, m.accounts[i].venue
    minute = m.whole[0].minute
    if a[i].pledge > 0.0:
        seized = a[i].pledge * m.whole[0].pledge_value
        a[i].cash += seized
        a[i].outside -= seized
        a[i].pledge = 0.0
    size = abs(a[i].quantity)
    bankrupt = max(-a[i].cash / a[i].quantity, 0.0)
    part = 1.0
    if size * m.markets[v].mark > m.markets[v].partial_floor and a[i].reduced != minute:
        part, a[i].reduced = m.markets[v].partial_share, minute
    a[i].seized += sell_to_book(m, i, size * part, bankrupt, turn_number)
    if turn_number >= ROUNDS or equity(m, i) <= 0.0:
        if a[i].quantity != 0.0:
            hand_over(m, i, BACKSTOP_STAGE, bankrupt, turn_number)
        if a[i].quantity != 0.0:
            hand_over(m, i, INSURANCE_STAGE, bankrupt, turn_number)
        if a[i].quantity != 0.0:
            deleverage(m, i, bankrupt, turn_number)
    if a[i].quantity == 0.0 and a[i].cash > 0.0:
        fee = min(a[i].cash, m.markets[v].clearance_fee * a[i].seized * m.markets[v].mark)
        a[i].cash -= fee
        a[OWN * v + INSURANCE].cash += fee
    settle(m, i)
    note(m, i, FORCED)


def sweep(m: Market, v: int, side: int, last: int, turn_number: int) -> int:
    """Liquidate isolated positions of a side whose level the mark (in bucket ``last``) has crossed; return how many.

    Parameters
    ----------
    m
        The market.
    v
        Venue.
    side
        0 longs, 1 shorts.
    last
        Bucket of the mark price.
    turn_number
        Round of the minute.
    """
    a, x = m.accounts, m.markets
    step, count = (-1 if side == 0 else 1), 0
    b = m.edge[v, side]
    while (b - last) * step <= 0:
        i = m.heads[v, side, b]
        while i >= 0:
            after = a[i].following
            crossed = a[i].level >= x[v].mark if side == 0 else a[i].level <= x[v].mark
            if crossed:
                liquidate(m, i, turn_number)
                count += 1
            i = after
        b += step
    while (m.edge[v, side] - last) * step < 0 and m.heads[v, side, m.edge[v, side]] < 0:
        m.edge[v, side] += step
    return count


def sweep_cross(m: Market, turn_number: int) -> int:
    """Liquidate cross-margin accounts below their maintenance margin; return how many."""
    a, count = m.accounts, 0
    for i in m.cross:
        if a[i].quantity == 0.0:
            continue
        v = a[i].venue
        notional = abs(a[i].quantity) * m.markets[v].mark
        needed = 0.0
        for k in range(m.tiers.shape[2]):
            needed = max(needed, notional * m.tiers[v, 0, k] - m.tiers[v, 1, k])
        if equity(m, i) + a[i].pledge * m.whole[0].pledge_value <= needed:
            liquidate(m, i, turn_number)
            count += 1
    return count


def clear(m: Market) -> None:
    """Set marks and liquidate, round by round, until nothing is crossed."""
    venues, turn_number, results = len(m.edge), 0, 1
    while results > 0:
        for v in range(venues):
            set_mark(m, v)
        results = sweep_cross(m, turn_number)
        for v in range(venues):
            last = bucket_of(m, m.markets[v].mark)
            results += sweep(m, v, 0, last, turn_number) + sweep(m, v, 1, last, turn_number)
        if results > 0:
            for v in range(venues + 1):
                m.markets[v].consumed *= REPLENISHED_A_ROUND
                requote(m, v)
            for v in range(venues):
                couple(m, v)
        turn_number += 1
