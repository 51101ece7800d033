"""What traders and arbitrageurs do when it is their turn."""

import math

from runout.synthetic.book import consumed_at, exchange, impact, nudge, take
from runout.synthetic.levels import note, settle
from runout.synthetic.state import (
    ABSORBED,
    ARBITRAGEUR,
    CARRY_TRADER,
    CLOSED,
    CROSS_FUND,
    HEDGER,
    MAKER,
    MINUTES_PER_DAY,
    OPENED,
    OWN,
    REDUCED,
    TOPPED_UP,
    TREND_FOLLOWER,
    Floats,
    Market,
)

ARBITRAGE_BAND, ARBITRAGE_SPEED = 0.0004, 0.35
"""Gap between a venue and spot that arbitrageurs leave alone, and the share of the rest they close at a turn."""
CHASED = 0.0006
"""Premium of a perpetual over spot for each usual daily deviation from the slow average."""
AT_ONCE = 0.04
"""Share of a depth that the ordinary order of one account takes out of the book at most."""
INTEREST = 0.0001
"""Interest part of funding, eight hours."""


def pay_in(m: Market, i: int, dollars: float) -> None:
    """Move dollars from outside into an account."""
    m.accounts[i].cash += dollars
    m.accounts[i].outside -= dollars


def ordinary(m: Market, i: int, change: float) -> float:
    """Trade as a crowd does: an account stands for many, whose orders do not all reach the book at once."""
    v = m.accounts[i].venue
    dollars = abs(change) * m.markets[v].price
    return take(m, i, change, min(m.whole[0].patience, AT_ONCE * m.markets[v].depth / dollars))


def open_position(m: Market, i: int, change: float, leverage: float) -> None:
    """Buy or sell ``change`` coins with new margin."""
    a = m.accounts
    v = a[i].venue
    highest = 0.5 / m.tiers[v, 0, 0]
    a[i].leverage, a[i].opened = min(leverage, highest), m.whole[0].minute
    fill = ordinary(m, i, change)
    margin = abs(change) * fill / a[i].leverage
    if a[i].kind == CROSS_FUND:
        a[i].pledge = 0.6 * margin / m.whole[0].pledge_value
        margin *= 0.4
    pay_in(m, i, margin)
    settle(m, i)
    note(m, i, OPENED)


def close_position(m: Market, i: int, share: float) -> None:
    """Close a share of a position, unless that would leave it worth less than nothing."""
    a = m.accounts
    change = -a[i].quantity if share >= 1.0 else -a[i].quantity * share
    if a[i].cash + 0.995 * a[i].quantity * m.markets[a[i].venue].price <= 0.0 and a[i].quantity > 0.0:
        return
    if a[i].cash + 1.005 * a[i].quantity * m.markets[a[i].venue].price <= 0.0:
        return
    ordinary(m, i, change)
    settle(m, i)
    note(m, i, CLOSED if share >= 1.0 else REDUCED)


def mood(m: Market, v: int) -> float:
    """Return the move from the slow average in usual daily deviations, within ±2."""
    away = m.markets[v].price / m.whole[0].slow_average - 1.0
    return min(max(away / math.sqrt(m.whole[0].usual_variance * MINUTES_PER_DAY), -2.0), 2.0)


def carried(m: Market, v: int) -> float:
    """Return the premium over spot that a crowd which chases the trend pays, and arbitrageurs leave."""
    return 0.0 if v == len(m.markets) - 1 else CHASED * mood(m, v)


def chosen_leverage(m: Market, feeling: float, luck: float) -> float:
    """Return a leverage class: the mix, shifted up where the crowd chases the trend."""
    luck = min(luck + m.whole[0].herding * max(feeling, 0.0) * (1.0 - luck), 0.999999)
    k = 0
    while luck > m.leverages[1, k]:
        k += 1
    return m.leverages[0, k]


def enter(m: Market, i: int, target: float, luck: float, other: float) -> None:
    """Let a flat taker, trend follower or cross fund open a position, or not.

    Parameters
    ----------
    m
        The market.
    i
        The account.
    target
        Coins that all accounts want open.
    luck
        Uniform number that decides side and size.
    other
        Uniform number that decides the leverage.
    """
    a, v = m.accounts, m.accounts[i].venue
    feeling = mood(m, v)
    follows = a[i].kind == TREND_FOLLOWER
    if follows and abs(feeling) < 0.3:
        return
    longs = (1.0 if feeling > 0.0 else 0.0) if follows else 0.5 + m.whole[0].long_bias - 0.06 * feeling
    side = 1.0 if luck < longs else -1.0
    leverage = chosen_leverage(m, side * feeling, other)
    if a[i].kind == CROSS_FUND:
        leverage = min(leverage, 10.0)
    size = a[i].weight * target * (0.5 + luck) / (1.0 + leverage / 40.0)
    open_position(m, i, side * size, leverage)


def manage(m: Market, i: int, luck: float, other: float) -> None:
    """Let a taker, trend follower or cross fund with a position close, reduce, top up or wait."""
    a, v = m.accounts, m.accounts[i].venue
    side = 1.0 if a[i].quantity > 0.0 else -1.0
    against = a[i].kind == TREND_FOLLOWER and side * mood(m, v) < -0.3
    leaving = min(m.whole[0].close_rate * a[i].leverage, 0.6)
    if against or luck < leaving:
        close_position(m, i, 1.0)
    elif luck < leaving + 0.03:
        close_position(m, i, 0.5)
    elif a[i].level > 0.0 and other < m.whole[0].top_up:
        distance = side * (1.0 - a[i].level / m.markets[v].price)
        if distance < 0.4 / a[i].leverage:
            pay_in(m, i, 0.5 * abs(a[i].quantity) * m.markets[v].price / a[i].leverage)
            settle(m, i)
            note(m, i, TOPPED_UP)


def absorb(m: Market, i: int, target: float) -> None:
    """Let a hedger take over what makers or arbitrageurs hold, at the price, by resting orders."""
    a, v = m.accounts, m.accounts[i].venue
    j = OWN * v + MAKER
    if abs(a[OWN * v + ARBITRAGEUR].quantity) > abs(a[j].quantity):
        j = OWN * v + ARBITRAGEUR
    room = a[i].weight * target
    change = min(max(0.5 * a[j].quantity, -room - a[i].quantity), room - a[i].quantity)
    if abs(change) * m.markets[v].price < 1.0:
        return
    if a[i].opened < 0:
        a[i].opened = m.whole[0].minute
    exchange(m, i, j, change, m.markets[v].price)
    if change * a[i].quantity > 0.0:
        pay_in(m, i, abs(change) * m.markets[v].price)
    settle(m, i)
    note(m, i, ABSORBED)


def carry(m: Market, i: int, target: float) -> None:
    """Let a carry trader sell the perpetual and buy spot where funding is rich, and go home where it is not."""
    a, v = m.accounts, m.accounts[i].venue
    rate = m.markets[v].funding
    spot = len(m.markets) - 1
    change = 0.0
    if rate > 1.5 * INTEREST and a[i].quantity == 0.0:
        change = -a[i].weight * target
    elif rate < 0.0 and a[i].quantity < 0.0:
        change = -a[i].quantity
    if change == 0.0:
        return
    nudge(m, spot, -change * m.markets[spot].price * m.whole[0].patience)
    if change < 0.0:
        open_position(m, i, change, 1.0)
    else:
        close_position(m, i, 1.0)


def turn(m: Market, target: float, luck: Floats) -> None:
    """Let one trader look at the market and act; ``luck``: four uniform numbers, who, entry, side and leverage."""
    a = m.accounts
    own = OWN * len(m.edge)
    i = own + int(luck[0] * (len(a) - own))
    m.whole[0].events += 1.0
    if a[i].kind == HEDGER:
        absorb(m, i, target)
    elif a[i].kind == CARRY_TRADER:
        carry(m, i, target)
    elif a[i].quantity != 0.0:
        manage(m, i, luck[1], luck[2])
    else:
        long_open = 0.0
        for v in range(len(m.edge)):
            long_open += m.markets[v].long_open
        if luck[3] < 0.35 * (1.0 + 6.0 * (target - long_open) / target):
            enter(m, i, target, luck[1], luck[2])


def couple(m: Market, v: int) -> None:
    """Let the venue's arbitrageur close a part of the gap to spot that exceeds its band."""
    x, spot = m.markets, len(m.markets) - 1
    gap = x[v].price / x[spot].price - 1.0 - carried(m, v)
    m.whole[0].events += 1.0
    beyond = abs(gap) - ARBITRAGE_BAND
    if beyond <= 0.0:
        return
    side = -1.0 if gap > 0.0 else 1.0
    here = impact(x[v].consumed)
    dollars = abs(consumed_at(here + side * ARBITRAGE_SPEED * beyond) - x[v].consumed) * x[v].depth
    take(m, OWN * v + ARBITRAGEUR, side * dollars / x[v].price, 1.0)
    nudge(m, spot, -side * dollars)
